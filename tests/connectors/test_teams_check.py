"""`closeloop check` about Teams, against the stand-ins over real HTTP: each problem is named, with what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.chat.teams.check import Asked, problems
from connectors.chat.teams.client import TeamsChat
from connectors.chat.teams.client import Tenant as Bot
from connectors.chat.teams.cloud import service
from connectors.microsoft.tokens import Tokens
from sandbox.microsoft.config import CLIENT, TENANT
from storage.memory import MemoryStore
from storage.sightings import MemorySightings
from tests.connectors.entra import Tenant

ALERTS, PAYMENTS = "19:ai-alerts@thread.tacv2", "19:payments@thread.tacv2"
CHANNELS = {"#ai-alerts": ALERTS, "#payments": PAYMENTS}


@pytest.fixture
def chats() -> Iterator[list[TeamsChat]]:
    made: list[TeamsChat] = []
    yield made
    for chat in made:
        chat.connector.close()


@pytest.fixture
def found(tenant: Tenant, chats: list[TeamsChat]) -> Any:
    def look(**other: Any) -> list[tuple[str, str, str]]:
        asked = {"channels": CHANNELS, "people": {"ana@acme.example": tenant.id("ana")}} | other.pop("asked", {})
        tokens: Tokens = tenant.tokens(**other)
        at = service(address=f"{tenant.url}/teams")
        bot = Bot(id=TENANT, app_id=CLIENT, at=at, channels=asked["channels"])
        chats.append(TeamsChat(bot, tokens, known=MemoryStore(), sightings=MemorySightings()))
        return [tuple(one) for one in problems(chats[-1], tokens, Asked(**asked))]

    return look


def change(tenant: Tenant, **what: Any) -> None:
    tenant.http.post(f"{tenant.url}/sandbox/api/teams/change", json=what).raise_for_status()


def fault(tenant: Tenant, **what: Any) -> None:
    tenant.http.post(f"{tenant.url}/sandbox/api/teams/faults", json=what).raise_for_status()


def posts(tenant: Tenant) -> Any:
    return tenant.http.get(f"{tenant.url}/sandbox/api/teams").json()["posts"]


def test_nothing_is_found_and_nothing_is_said_where_all_is_well(found: Any, tenant: Tenant) -> None:
    assert found() == []
    assert posts(tenant) == []


def test_a_bot_whose_app_is_not_in_the_tenant_is_told_where_to_consent(found: Any) -> None:
    ((id, what, do),) = found(client_id="00000000-0000-4000-8000-000000000000")
    assert (id, "AADSTS700016" in what) == ("microsoft.app", True)
    assert f"/{TENANT}/adminconsent?client_id=00000000-0000-4000-8000-000000000000" in do


@pytest.mark.parametrize(
    ("code", "id"),
    [("AADSTS7000222", "microsoft.secret"), ("AADSTS500011", "microsoft.resource"), ("AADSTS1", "microsoft.refused")],
)
def test_what_else_entra_refuses_is_told_apart(found: Any, tenant: Tenant, code: str, id: str) -> None:
    body = json.dumps({"error": "invalid_client", "error_description": f"{code}: no."})
    tenant.fault("/oauth2/v2.0/token", 401, body=body)
    ((told, what, _),) = found()
    assert (told, code in what) == (id, True)


def test_a_bot_that_the_connector_does_not_know_is_told(found: Any, tenant: Tenant) -> None:
    fault(tenant, path="pagedmembers", status=401, times=None)
    ((id, what, do),) = found()
    assert id == "teams.bot" and "single tenant" in do and "refuses the bot" in what


def test_each_channel_in_whose_team_the_app_is_not_is_named(found: Any, tenant: Tenant) -> None:
    change(tenant, channels={PAYMENTS: False})
    nowhere = {"channels": CHANNELS | {"#gone": "19:gone@thread.tacv2"}}
    told = found(asked=nowhere)
    assert [(id, "Manage team" in do) for id, _, do in told] == [("teams.channel", True)] * 2
    assert "#payments" in told[0][1] and "BotNotInConversationRoster" in told[0][1]
    assert "#gone" in told[1][1] and "ConversationNotFound" in told[1][1]
    change(tenant, channels={PAYMENTS: True})
    assert found() == []


def test_people_without_the_app_are_named_in_one_finding(found: Any, tenant: Tenant) -> None:
    change(tenant, installed={"U0ANA": False, "U0CLEO": False})
    ids = {f"{name}@acme.example": tenant.id(name) for name in ("cleo", "ben", "ana")}
    ((id, what, do),) = found(asked={"people": ids})
    assert id == "teams.person.optional" and "closeloop teams install" in do
    assert "for ana@acme.example, cleo@acme.example:" in what


def test_people_whom_teams_does_not_know_are_told_apart(found: Any) -> None:
    ((id, what, _),) = found(asked={"people": {"elsa@acme.example": ""}})
    assert id == "teams.person.unknown.optional" and "elsa@acme.example" in what
    strangers = {"people": {"x@acme.example": "00000000-0000-4000-8000-000000000009"}}
    assert [one[0] for one in found(asked=strangers)] == ["teams.person.optional"]


@pytest.mark.parametrize("status", [0, 429, 502])
@pytest.mark.parametrize("path", ["pagedmembers", r"^POST $"])
def test_teams_away_is_told_once(found: Any, tenant: Tenant, status: int, path: str) -> None:
    fault(tenant, path=path, status=status, times=None)
    assert [one[0] for one in found()] == ["teams.unreachable"]
