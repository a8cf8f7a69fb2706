"""The app installed for people by Graph, against the stand-ins over real HTTP: once, and only where it is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.core.people import Person
from bot.ports import Later, Mark, Refusal, Target, Unknown
from connectors.chat.teams.check import Asked, problems
from connectors.chat.teams.client import TeamsChat
from connectors.chat.teams.client import Tenant as Bot
from connectors.chat.teams.cloud import service
from connectors.chat.teams.install import NOT_UPLOADED, Installer, Installing
from connectors.chat.teams.text import manifest_id
from connectors.microsoft.check import INSTALLING
from sandbox.microsoft.config import CLIENT, ROLES, TENANT
from storage.memory import MemoryStore
from storage.once import LocalOnce
from storage.sightings import MemorySightings
from tests.connectors.entra import Hand, Tenant
from tests.connectors.teams import card

APPS, POST = "/installedApps", r"/installedApps$"


@dataclass
class Town:
    """The stand-ins, a bot with an installer, and a clock for what is done once a day."""

    tenant: Tenant
    store: MemoryStore = field(default_factory=MemoryStore)
    day: Hand = field(default_factory=Hand)

    def __post_init__(self) -> None:
        tokens = self.tenant.tokens()
        self.installer = Installer(self.tenant.graph(tokens), CLIENT)
        bot = Bot(id=TENANT, app_id=CLIENT, at=service(address=f"{self.tenant.url}/teams"))
        self.chat = TeamsChat(bot, tokens, known=self.store, sightings=MemorySightings())
        self.chat.installing = Installing(installer=self.installer, known=self.store, once=LocalOnce(self.day))

    def change(self, **what: Any) -> None:
        self.tenant.http.post(f"{self.tenant.url}/sandbox/api/teams/change", json=what).raise_for_status()

    def tell(self, who: str) -> str:
        """A nudge by direct message: the conversation it went to."""
        user = self.tenant.id(who)
        person = Person(id=f"{who}@acme.example", name=who, chat={"teams": user})
        target = Target(place=f"teams:@{person.id}", person=person)
        mark = Mark(kind="nudge", delivery="n", alert="a", revision=1)
        return self.chat.show(card(kind="nudge"), target, mark=mark).channel

    def posted(self) -> int:
        """How often an installation was asked for."""
        calls = self.tenant.state()["calls"]
        return sum(one["method"] == "POST" and one["path"].endswith(APPS) for one in calls)

    def conversation(self, who: str) -> str:
        user = self.tenant.id(who)
        return self.store.conversations("teams", [user])[user].channel


@pytest.fixture
def town(tenant: Tenant) -> Iterator[Town]:
    made = Town(tenant)
    made.change(uploaded=[manifest_id(CLIENT)], installed={"U0ANA": False}, limited=False)
    yield made
    made.chat.connector.close()


def test_somebody_gets_the_app_once_and_the_chat_that_graph_names_is_one_in_which_the_bot_may_write(town: Town) -> None:
    ana = town.tenant.id("ana")
    assert town.installer.chat(ana) == ""
    assert [town.installer.install(ana) for _ in range(2)] == [True, False]
    chat = town.installer.chat(ana)
    assert chat == f"19:{ana}_{CLIENT}@unq.gbl.spaces"
    assert town.chat.post(chat, {"type": "message", "text": "Hello"}).channel == chat


def test_the_app_is_looked_for_by_the_id_of_its_own_package_and_only_once(town: Town) -> None:
    for who in ("ana", "ben"):
        town.installer.install(town.tenant.id(who))
    assert len(town.tenant.calls("/appCatalogs/")) == 1
    town.change(uploaded=["another"])
    with pytest.raises(Refusal) as refused:
        Installer(town.tenant.graph(), CLIENT).listed()
    assert refused.value.code == NOT_UPLOADED


def test_an_app_that_was_taken_out_of_the_catalogue_is_looked_for_anew(town: Town) -> None:
    town.installer.listed()
    town.change(uploaded=[])
    with pytest.raises(Refusal, match="no_such_user"):
        town.installer.install(town.tenant.id("ana"))
    with pytest.raises(Refusal, match=NOT_UPLOADED):
        town.installer.install(town.tenant.id("ana"))


def test_nobody_of_that_id_is_told_apart(town: Town) -> None:
    with pytest.raises(Refusal) as refused:
        town.installer.install("00000000-0000-4000-8000-000000000009")
    assert refused.value.kind == "place"


@pytest.mark.parametrize("lacking", INSTALLING)
def test_without_a_permission_nothing_is_installed(town: Town, lacking: str) -> None:
    town.tenant.set(roles=[role for role in ROLES if role != lacking])
    with pytest.raises(Refusal) as refused:
        Installer(town.tenant.graph(), CLIENT).install(town.tenant.id("ana"))
    assert refused.value.kind == "workspace"


@pytest.mark.parametrize(("status", "raised"), [(429, Later), (502, Unknown), (503, Unknown), (0, Unknown)])
def test_graph_away_is_told_as_such(town: Town, status: int, raised: type[Exception]) -> None:
    town.installer.listed()
    town.tenant.fault(POST, status)
    with pytest.raises(raised):
        town.installer.install(town.tenant.id("ana"))


# ── a direct message that is refused ─────────────────────────────────────────────────────────────────────────────────


def test_whoever_cannot_be_told_gets_the_app_and_is_told_at_the_next_attempt(town: Town) -> None:
    with pytest.raises(Later) as later:
        town.tell("ana")
    assert later.value.code == "app_installed"
    assert town.tell("ana") == town.conversation("ana") != ""
    assert town.posted() == 1


def test_whoever_has_the_app_is_never_given_it(town: Town) -> None:
    town.tell("ben")
    assert town.posted() == 0


def test_it_is_installed_for_somebody_once_a_day_at_most(town: Town) -> None:
    def attempt() -> type[Exception]:
        town.change(installed={"U0ANA": False})
        with pytest.raises((Later, Refusal)) as raised:
            town.tell("ana")
        return raised.type

    assert [attempt() for _ in range(3)] == [Later, Refusal, Refusal], "she takes it away again"
    town.day.seconds += 24 * 3600 - 1
    assert attempt() is Refusal
    town.day.seconds += 1
    assert attempt() is Later
    assert town.posted() == 2


def test_for_somebody_who_blocked_the_bot_nothing_helps(town: Town) -> None:
    town.change(installed={"U0ANA": True})
    path = r"^POST (a:|$)"
    fault = {"path": path, "status": 403, "times": None}
    town.tenant.http.post(f"{town.tenant.url}/sandbox/api/teams/faults", json=fault).raise_for_status()
    for _ in range(2):
        with pytest.raises(Refusal) as refused:
            town.tell("ana")
        assert refused.value.kind == "place"
    assert town.posted() == 1


@pytest.mark.parametrize(("status", "kind"), [(401, "workspace"), (413, "content")])
def test_a_refusal_of_another_kind_installs_nothing(town: Town, status: int, kind: str) -> None:
    fault = {"path": "^POST ", "status": status, "times": None}
    town.tenant.http.post(f"{town.tenant.url}/sandbox/api/teams/faults", json=fault).raise_for_status()
    with pytest.raises(Refusal) as refused:
        town.tell("ana")
    assert (refused.value.kind, town.posted()) == (kind, 0)


@pytest.mark.parametrize("status", [403, 429])
def test_what_graph_refuses_leaves_the_message_refused(town: Town, status: int) -> None:
    town.tenant.fault("/appCatalogs/", status)
    with pytest.raises(Refusal):
        town.tell("ana")
    assert town.posted() == 0
    town.tenant.hand.seconds += 3600
    with pytest.raises(Later):
        town.tell("ana")


@pytest.mark.parametrize("status", [403, 429])
def test_what_keeps_it_from_being_installed_for_somebody_was_no_turn(town: Town, status: int) -> None:
    town.installer.listed()
    town.tenant.fault(POST, status)
    with pytest.raises(Refusal):
        town.tell("ana")
    town.tenant.hand.seconds += 60
    with pytest.raises(Later):
        town.tell("ana")


def test_where_nobody_knows_whether_it_was_installed_the_next_attempt_tells(town: Town) -> None:
    town.installer.listed()
    town.tenant.fault(POST, 502)
    with pytest.raises(Later):
        town.tell("ana")
    with pytest.raises(Refusal):
        town.tell("ana")


def test_without_the_setting_nothing_is_installed(town: Town) -> None:
    town.chat.installing = None
    with pytest.raises(Refusal):
        town.tell("ana")
    assert town.posted() == 0


# ── closeloop check ──────────────────────────────────────────────────────────────────────────────────────────────────


def found(town: Town) -> list[tuple[str, str]]:
    tokens = town.tenant.tokens()
    ids = {"ana@acme.example": town.tenant.id("ana")}
    asked = Asked(channels={}, people=ids, installer=Installer(town.tenant.graph(tokens), CLIENT))
    return [(one.id, f"{one.what} {one.do}") for one in problems(town.chat, tokens, asked)]


def test_who_gets_the_app_when_it_is_needed_is_no_finding(town: Town) -> None:
    assert found(town) == []
    assert town.posted() == 0


@pytest.mark.parametrize("lacking", INSTALLING)
def test_each_permission_for_installing_that_is_missing_is_named_with_where_to_consent(
    town: Town, lacking: str
) -> None:
    town.tenant.set(roles=[role for role in ROLES if role != lacking])
    ((id, said),) = found(town)
    assert id == "microsoft.permission.optional"
    assert lacking in said and f"adminconsent?client_id={CLIENT}" in said


def test_an_app_that_nobody_uploaded_is_told(town: Town) -> None:
    town.change(uploaded=[])
    ((id, said),) = found(town)
    assert id == "teams.catalogue.optional" and "closeloop teams package" in said


def test_graph_away_is_told(town: Town) -> None:
    town.tenant.fault("/appCatalogs/", 504)
    assert [id for id, _ in found(town)] == ["microsoft.unreachable"]
