"""`closeloop check` for Slack: each thing that is wrong, with what to do."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.chat.slack.check import OPTIONAL, SCOPES, problems
from tests.connectors.conftest import TOKEN, Wire, Workspace, ok, refused


def test_a_workspace_that_is_ready_has_no_problems(workspace: Workspace) -> None:
    assert problems(TOKEN, base_url=workspace.api, channels=["#ai-alerts", "#payments"]) == []


@pytest.mark.parametrize(
    ("channel", "problem"),
    [
        ("#nowhere", "slack.channel.missing"),
        ("#general", "slack.channel.not_in"),
        ("#old-alerts", "slack.channel.archived"),
    ],
)
def test_a_channel_that_cannot_be_used_is_named_with_what_to_do(
    workspace: Workspace, channel: str, problem: str
) -> None:
    (found,) = problems(TOKEN, base_url=workspace.api, channels=[channel, "#ai-alerts"])
    assert found.id == problem
    assert channel in found.what
    assert found.do


def test_a_wrong_token_is_the_only_thing_told(workspace: Workspace) -> None:
    (found,) = problems("xoxb-wrong", base_url=workspace.api, channels=["#nowhere"])
    assert found.id == "slack.token"
    assert "xoxb-wrong" not in str(found)


def test_each_missing_scope_is_told_with_what_it_is_for(wire: Wire) -> None:
    status, headers, body = ok(user_id="U0LOOP")
    granted = ",".join(sorted(SCOPES.keys() - {"im:history", "commands"}))
    wire.script.append((status, headers | {"X-OAuth-Scopes": granted}, body))
    found = problems(TOKEN, base_url=wire.url)
    assert [problem.id for problem in found] == ["slack.scope", "slack.scope"]
    assert {scope for scope in SCOPES if any(scope in problem.what for problem in found)} == {"im:history", "commands"}


def test_a_scope_that_one_thing_alone_needs_is_only_a_warning(wire: Wire) -> None:
    status, headers, body = ok(user_id="U0LOOP")
    wire.script.append((status, headers | {"X-OAuth-Scopes": ",".join(SCOPES.keys() - OPTIONAL)}, body))
    found = problems(TOKEN, base_url=wire.url)
    assert [problem.id for problem in found] == ["slack.scope.optional"] * 3
    assert all("everything else works" in problem.do for problem in found)


AWAY: list[Any] = [(503, {}, "<html>"), refused("ratelimited", 429), "drop"]


@pytest.mark.parametrize("answer", AWAY)
def test_slack_away_is_not_a_wrong_token(wire: Wire, answer: Any) -> None:
    wire.script.append(answer)
    assert [problem.id for problem in problems(TOKEN, base_url=wire.url)] == ["slack.unreachable"]
