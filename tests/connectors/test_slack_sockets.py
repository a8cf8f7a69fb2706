"""Socket Mode against the sandbox: the same gestures, without an address of our own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.ports import Mark, Target
from connectors.chat.slack.inbound import SlackInbound
from connectors.chat.slack.sockets import SOCKETS, SlackSockets
from tests.connectors.conftest import FakeDesk, Workspace, card, until


@pytest.fixture
def sockets(workspace: Workspace, inbound: SlackInbound) -> Iterator[SlackSockets]:
    made = SlackSockets(inbound.app, "xapp-of-these-tests", base_url=workspace.api)
    made.start()
    until(lambda: made.connected() == SOCKETS)
    yield made
    made.close()


def test_a_click_comes_over_a_socket(workspace: Workspace, sockets: SlackSockets, desk: FakeDesk) -> None:
    mark = Mark(kind="card", delivery="card:1", alert="01JD", revision=1)
    shown = workspace.chat().show(card(), Target(place="slack:#ai-alerts"), mark=mark)
    assert workspace.press(shown.ts, "acknowledge")["ok"]
    assert [gesture.act for gesture in desk.taken] == ["acknowledge"]
    assert workspace.get("log")["inbound"][-1]["via"] == "socket"


def test_a_bot_starts_while_slack_is_away_and_stops_at_once(inbound: SlackInbound) -> None:
    sockets = SlackSockets(inbound.app, "xapp-of-these-tests", base_url="http://127.0.0.1:9/api/")
    sockets.start()
    sockets.close()
    assert sockets.connected() == 0
