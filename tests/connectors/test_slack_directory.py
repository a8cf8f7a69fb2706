"""Who somebody is in Slack: as the sandbox knows them over real HTTP, and as a workspace may answer besides."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.people import Person
from bot.ports import Unknown
from bot.ports.directories import Directory, Groups, Roll
from connectors.directory.slack import SlackDirectory
from tests.connectors.conftest import NOW, TOKEN, Wire, Workspace, ok, refused


def found(wire: Wire, user: dict[str, Any], **own: str) -> Person | None:
    wire.script += [ok(user={"id": "U1", "team_id": "T0ACME", **user}), ok(team_id="T0ACME", **own)]
    # No workspace profile: nobody's manager is known.
    wire.script += [refused("missing_scope")]
    return SlackDirectory(TOKEN, now=lambda: NOW, base_url=wire.url).find("slack:U1")


def test_ana_is_found_by_e_mail_and_by_id(workspace: Workspace) -> None:
    directory = SlackDirectory(TOKEN, now=lambda: NOW, base_url=workspace.api)
    ana = directory.find("Ana@Acme.example")
    assert ana == Person(
        id="ana@acme.example",
        name="Ana Alvarez",
        manager="cleo@acme.example",
        time_zone="Europe/Amsterdam",
        chat={"slack": "U0ANA"},
    )
    assert directory.find("slack:U0ANA") == ana


def test_whom_nobody_knows_is_none(workspace: Workspace) -> None:
    directory = SlackDirectory(TOKEN, now=lambda: NOW, base_url=workspace.api)
    assert [directory.find(ref) for ref in ("nobody@acme.example", "slack:U0NOBODY", "not an e-mail")] == [None] * 3


def test_who_was_deactivated_is_still_recognised_and_no_longer_active(workspace: Workspace) -> None:
    directory = SlackDirectory(TOKEN, now=lambda: NOW, base_url=workspace.api)
    directory.find("ana@acme.example")
    workspace.post("users/U0ANA", deleted=True)
    for ref in ("ana@acme.example", "slack:U0ANA"):
        ana = directory.find(ref)
        assert ana is not None
        assert not ana.active


KINDS: list[tuple[dict[str, Any], str]] = [
    ({}, "human"),
    ({"is_bot": True}, "bot"),
    ({"id": "USLACKBOT"}, "bot"),
    ({"is_restricted": True}, "guest"),
    ({"is_ultra_restricted": True}, "guest"),
    ({"team_id": "TOTHER"}, "foreign"),
    ({"is_stranger": True}, "foreign"),
    ({"team_id": "TOTHER", "enterprise_user": {"enterprise_id": "E1"}}, "human"),
    ({"team_id": "TOTHER", "enterprise_user": {"enterprise_id": "E2"}}, "foreign"),
]


@pytest.mark.parametrize(("user", "kind"), KINDS)
def test_each_kind_of_user_is_told_apart(wire: Wire, user: dict[str, Any], kind: str) -> None:
    person = found(wire, user, enterprise_id="E1")
    assert person is not None
    assert person.kind == kind


@pytest.mark.parametrize("stranger", [{"team_id": "TOTHER"}, {"is_bot": True}])
def test_a_stranger_cannot_pass_for_ana_by_their_e_mail(wire: Wire, stranger: dict[str, Any]) -> None:
    person = found(wire, {"profile": {"email": "ana@acme.example"}, **stranger})
    assert person is not None
    assert (person.id, person.may_own) == ("slack:U1", False)


FAILURES: list[Any] = [
    refused("ratelimited", 429),
    refused("missing_scope"),
    refused("internal_error"),
    refused("users_not_found", 500),
    (503, {}, "<html>"),
    (200, {}, "<html>"),
    (200, {}, "[]"),
    "drop",
]


@pytest.mark.parametrize("answer", FAILURES)
def test_an_answer_that_did_not_come_is_not_a_no(wire: Wire, answer: Any) -> None:
    wire.script.append(answer)
    with pytest.raises(Unknown):
        SlackDirectory(TOKEN, now=lambda: NOW, base_url=wire.url, timeout=1).find("ana@acme.example")
    assert len(wire.heard) == 1


def test_slack_away_is_not_a_no() -> None:
    with pytest.raises(Unknown):
        SlackDirectory(TOKEN, now=lambda: NOW, base_url="http://127.0.0.1:9/api/").find("slack:U0ANA")


# ── managers ─────────────────────────────────────────────────────────────────────────────────────────────────────────

ANA = {"id": "U0ANA", "team_id": "T0ACME", "profile": {"email": "ana@acme.example"}}
CLEO = {"id": "U0CLEO", "team_id": "T0ACME", "profile": {"email": "Cleo@acme.example"}}
OWN = ok(team_id="T0ACME")


def fields(*known: tuple[str, str, str]) -> Any:
    """The workspace's profile fields: (id, label, type)."""
    return ok(profile={"fields": [{"id": one, "label": label, "type": kind} for one, label, kind in known]})


def filled(**values: str) -> Any:
    return ok(profile={"fields": {name: {"value": value, "alt": ""} for name, value in values.items()}})


MANAGER = ("Xf1", "Manager", "user")


def manager_of(wire: Wire, *answers: Any, label: str = "Manager") -> str | None:
    wire.script += [ok(user=ANA), OWN, *answers]
    directory = SlackDirectory(TOKEN, now=lambda: NOW, base_url=wire.url, manager_field=label)
    ana = directory.find("slack:U0ANA")
    assert ana is not None
    return ana.manager


def test_managers_are_read_up_the_whole_line(workspace: Workspace) -> None:
    directory = SlackDirectory(TOKEN, now=lambda: NOW, base_url=workspace.api)
    found = [directory.find(f"{name}@acme.example") for name in ("ana", "cleo", "elsa")]
    assert [person and person.manager for person in found] == ["cleo@acme.example", "elsa@acme.example", None]
    assert len(workspace.calls("team.profile.get")) == 1, "the fields are asked for once an hour"


def test_a_new_manager_is_known_without_an_event(workspace: Workspace) -> None:
    directory = SlackDirectory(TOKEN, now=lambda: NOW, base_url=workspace.api)
    directory.find("ana@acme.example")
    workspace.post("users/U0ANA", manager="U0ELSA")
    ana = directory.find("ana@acme.example")
    assert ana is not None
    assert ana.manager == "elsa@acme.example"


def test_the_field_goes_by_its_label_and_type(wire: Wire) -> None:
    known = fields(("Xf0", "Manager", "text"), ("Xf1", " führungskraft ", "user"), ("Xf2", "Buddy", "user"))
    assert manager_of(wire, known, filled(Xf1="U0CLEO"), ok(user=CLEO), label="Führungskraft") == "cleo@acme.example"


NO_MANAGER: list[list[Any]] = [
    [fields()],
    [ok(profile=None)],
    [fields(MANAGER), ok(profile={"fields": None})],
    [fields(MANAGER), filled(Xf2="U0CLEO")],
    [fields(MANAGER), filled(Xf1="")],
    [fields(MANAGER), filled(Xf1="U0ANA")],
    [fields(MANAGER), filled(Xf1="U0GONE"), refused("user_not_found")],
    [fields(MANAGER), refused("user_not_found")],
    [refused("missing_scope")],
]


@pytest.mark.parametrize("answers", NO_MANAGER)
def test_who_names_no_manager_has_none(wire: Wire, answers: list[Any]) -> None:
    assert manager_of(wire, *answers) is None


@pytest.mark.parametrize("answers", [[refused("ratelimited", 429)], [fields(MANAGER), "drop"]])
def test_a_manager_that_could_not_be_asked_for_is_not_forgotten(wire: Wire, answers: list[Any]) -> None:
    with pytest.raises(Unknown):
        manager_of(wire, *answers)


def test_an_app_that_may_not_read_profiles_says_so_once_and_knows_people_all_the_same(
    wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    directory = SlackDirectory(TOKEN, now=lambda: NOW, base_url=wire.url)
    wire.script += [ok(user=ANA), OWN, refused("missing_scope"), ok(user=CLEO)]
    assert [directory.find("slack:U0ANA"), directory.find("slack:U0CLEO")].count(None) == 0
    assert [name for name, _ in wire.heard].count("team.profile.get") == 1
    assert caplog.text.count("users.profile:read") == 1


def test_nobody_asks_whom_a_guest_reports_to(workspace: Workspace) -> None:
    gus = SlackDirectory(TOKEN, now=lambda: NOW, base_url=workspace.api).find("gus@partner.example")
    assert gus is not None
    assert (gus.kind, gus.manager) == ("guest", None)
    assert workspace.calls("users.profile.get") == []


# ── who is away ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_is_on_vacation_is_away_until_their_status_ends(workspace: Workspace) -> None:
    directory = SlackDirectory(TOKEN, now=lambda: datetime.now(UTC), base_url=workspace.api)
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
    status = {"status_text": "Vacationing <!channel>", "status_emoji": ":palm_tree:"}
    workspace.post("users/U0ANA", **status, status_expiration=int(end.timestamp()))
    ana = directory.find("ana@acme.example")
    assert ana is not None
    (away,) = ana.away
    assert (away.until, away.why) == (end, "Vacationing <!channel>")
    workspace.post("users/U0ANA", status_text="In a meeting", status_emoji=":spiral_calendar_pad:")
    ana = directory.find("ana@acme.example")
    assert ana is not None
    assert ana.away == ()


# ── groups, and everybody ────────────────────────────────────────────────────────────────────────────────────────────


def test_it_is_a_roll_and_knows_groups(workspace: Workspace) -> None:
    directory: Directory = SlackDirectory(TOKEN, now=lambda: NOW, base_url=workspace.api)
    assert isinstance(directory, Roll)
    assert isinstance(directory, Groups)


@pytest.mark.parametrize("handle", ["@ap-team", "ap-team", "@AP-Team"])
def test_a_group_is_known_by_its_handle(workspace: Workspace, handle: str) -> None:
    directory = SlackDirectory(TOKEN, now=lambda: NOW, base_url=workspace.api)
    assert directory.members(handle) == ("ana@acme.example", "ben@acme.example")
    assert directory.members(handle) == ("ana@acme.example", "ben@acme.example")
    assert len(workspace.calls("usergroups.list")) == 1
    assert len(workspace.calls("users.info")) == 2, "who they are is remembered for a while"


def test_no_such_group_is_none_and_no_empty_one(workspace: Workspace) -> None:
    directory = SlackDirectory(TOKEN, now=lambda: NOW, base_url=workspace.api)
    assert directory.members("@nobody-here") is None
    workspace.post("usergroups", handle="empty")
    assert SlackDirectory(TOKEN, now=lambda: NOW, base_url=workspace.api).members("@empty") == ()


def test_a_group_that_was_disabled_meanwhile_is_none(workspace: Workspace) -> None:
    directory = SlackDirectory(TOKEN, now=lambda: NOW, base_url=workspace.api)
    directory.members("@ap-team")
    workspace.post("usergroups/S0APTEAM", disabled=True)
    assert directory.members("@ap-team") is None


def test_guests_and_the_deactivated_are_in_no_group(workspace: Workspace) -> None:
    workspace.post("usergroups", handle="mixed", users=["U0ELSA", "U0GUS", "U0BEN", "U0ANA"])
    workspace.post("users/U0BEN", deleted=True)
    directory = SlackDirectory(TOKEN, now=lambda: NOW, base_url=workspace.api)
    assert directory.members("@mixed") == ("ana@acme.example", "elsa@acme.example")


@pytest.mark.parametrize("answer", FAILURES)
def test_a_group_that_could_not_be_read_is_not_an_empty_one(wire: Wire, answer: Any) -> None:
    directory = SlackDirectory(TOKEN, now=lambda: NOW, base_url=wire.url, timeout=1)
    wire.script += [ok(usergroups=[{"id": "S1", "handle": "ap-team"}]), answer]
    with pytest.raises(Unknown):
        directory.members("@ap-team")


def test_everybody_is_told_of_page_by_page_without_managers(workspace: Workspace) -> None:
    workspace.post("users/U0BEN", deleted=True)
    workspace.post("users/U0CLEO", status_text="OOO")
    directory = SlackDirectory(TOKEN, now=lambda: NOW, base_url=workspace.api)
    people = {person.chat["slack"]: person for person in directory.everybody()}
    assert {"U0ANA", "U0BEN", "U0CLEO", "U0GUS", "USLACKBOT"} <= people.keys()
    assert [people[one].kind for one in ("U0ANA", "U0GUS", "U0LOOP", "USLACKBOT")] == ["human", "guest", "bot", "bot"]
    assert (people["U0BEN"].active, people["U0ANA"].active) == (False, True)
    assert [one.why for one in people["U0CLEO"].away] == ["OOO"]
    assert {person.manager for person in people.values()} == {None}


def test_a_list_that_breaks_off_is_not_everybody(wire: Wire) -> None:
    page = ok(members=[ANA], response_metadata={"next_cursor": "more"})
    wire.script += [page, OWN, refused("ratelimited", 429)]
    everybody = SlackDirectory(TOKEN, now=lambda: NOW, base_url=wire.url).everybody()
    assert next(everybody).id == "ana@acme.example"
    with pytest.raises(Unknown):
        next(everybody)
    assert wire.calls("users.list")[1]["cursor"] == "more"
