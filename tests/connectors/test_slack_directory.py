"""Who somebody is in Slack: as the sandbox knows them over real HTTP, and as a workspace may answer besides."""

from __future__ import annotations

from typing import Any

import pytest

from bot.core.people import Person
from bot.ports import Unknown
from connectors.directory.slack import SlackDirectory
from tests.connectors.conftest import TOKEN, Wire, Workspace, ok, refused


def found(wire: Wire, user: dict[str, Any], **own: str) -> Person | None:
    wire.script += [ok(user={"id": "U1", "team_id": "T0ACME", **user}), ok(team_id="T0ACME", **own)]
    return SlackDirectory(TOKEN, base_url=wire.url).find("slack:U1")


def test_ana_is_found_by_e_mail_and_by_id(workspace: Workspace) -> None:
    directory = SlackDirectory(TOKEN, base_url=workspace.api)
    ana = directory.find("Ana@Acme.example")
    assert ana == Person(
        id="ana@acme.example", name="Ana Alvarez", time_zone="Europe/Amsterdam", chat={"slack": "U0ANA"}
    )
    assert directory.find("slack:U0ANA") == ana


def test_whom_nobody_knows_is_none(workspace: Workspace) -> None:
    directory = SlackDirectory(TOKEN, base_url=workspace.api)
    assert [directory.find(ref) for ref in ("nobody@acme.example", "slack:U0NOBODY", "not an e-mail")] == [None] * 3


def test_who_was_deactivated_is_still_recognised_and_no_longer_active(workspace: Workspace) -> None:
    directory = SlackDirectory(TOKEN, base_url=workspace.api)
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
        SlackDirectory(TOKEN, base_url=wire.url, timeout=1).find("ana@acme.example")
    assert len(wire.heard) == 1


def test_slack_away_is_not_a_no() -> None:
    with pytest.raises(Unknown):
        SlackDirectory(TOKEN, base_url="http://127.0.0.1:9/api/").find("slack:U0ANA")
