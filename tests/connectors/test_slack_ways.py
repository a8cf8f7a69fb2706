"""A click leaves a way by which its message can be edited without cost."""

from __future__ import annotations

import time
from typing import Any

import pytest

from bot.ports import Answer, Gesture, Mark, Receipt, Target
from connectors.chat.slack import response_url
from connectors.chat.slack.client import SlackChat
from connectors.chat.slack.inbound import SlackInbound
from connectors.chat.slack.response_url import trusted
from connectors.chat.slack.web import client
from tests.connectors.conftest import CAST, TOKEN, FakeDesk, FakeWays, Wire, Workspace, card, click, send, until

ALERTS = Target(place="slack:#ai-alerts")
ANA = Target(place="slack:@ana@acme.example", person=CAST["ana@acme.example"])
SHOWN = Receipt(channel="C0ALERTS", ts="10.000001")
EDIT = Target(place="slack:#ai-alerts", edit=SHOWN)


def mark(revision: int = 1) -> Mark:
    return Mark(kind="card", delivery="card:1", alert="01JD", revision=revision)


def test_an_edit_after_a_click_costs_no_call_of_the_web_api(workspace: Workspace) -> None:
    chat = workspace.chat()
    receipt = chat.show(card(), ALERTS, mark=mark())
    assert not chat.spares(receipt)
    workspace.press(receipt.ts, "acknowledge")
    assert chat.spares(receipt)
    assert chat.show(card(title="✅ CLOSED"), Target(place=ALERTS.place, edit=receipt), mark=mark(2)) == receipt
    assert workspace.calls("chat.update") == []
    shown = workspace.messages()[0]
    assert "CLOSED" in str(shown["blocks"])
    assert shown["metadata"]["event_payload"] == {"delivery": "card:1", "alert": "01JD", "revision": 2}
    assert chat.look(ALERTS, mark=mark(), age=60) == [receipt], "it can be found again all the same"


def test_a_card_in_direct_messages_leaves_one_too(workspace: Workspace) -> None:
    chat = workspace.chat()
    receipt = chat.show(card(), ANA, mark=mark())
    workspace.press(receipt.ts, "acknowledge", channel=receipt.channel)
    chat.show(card(title="✅ CLOSED"), Target(place=ANA.place, edit=receipt), mark=mark(2))
    assert workspace.calls("chat.update") == []


def test_beside_the_private_answer_three_edits_fit_into_one_click(workspace: Workspace) -> None:
    chat = workspace.chat()
    receipt = chat.show(card(), ALERTS, mark=mark())
    workspace.press(receipt.ts, "acknowledge")
    until(lambda: len(workspace.calls("response_url")) == 1)
    for revision in range(2, 6):
        chat.show(card(), Target(place=ALERTS.place, edit=receipt), mark=mark(revision))
    assert [call["ok"] for call in workspace.calls("response_url")] == [True] * 4
    assert len(workspace.calls("chat.update")) == 1, "the fourth goes the ordinary way"
    assert workspace.messages()[0]["metadata"]["event_payload"]["revision"] == 5


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "http_500_before", "html_after", "rate_limited"])
def test_a_way_that_fails_is_followed_by_an_ordinary_edit(workspace: Workspace, fault: str) -> None:
    chat = workspace.chat()
    receipt = chat.show(card(), ALERTS, mark=mark())
    workspace.press(receipt.ts, "acknowledge")
    until(lambda: len(workspace.calls("response_url")) == 1)
    workspace.post("faults", method="response_url", fault=fault, times=1)
    chat.show(card(title="✅ CLOSED"), Target(place=ALERTS.place, edit=receipt), mark=mark(2))
    assert len(workspace.calls("chat.update")) == 1
    assert "CLOSED" in str(workspace.messages()[0]["blocks"])


def test_a_way_that_is_used_up_is_followed_by_an_ordinary_edit(workspace: Workspace) -> None:
    chat = workspace.chat()
    receipt = chat.show(card(), ALERTS, mark=mark())
    workspace.ways.uses = 9
    workspace.press(receipt.ts, "acknowledge")
    for revision in range(2, 9):
        chat.show(card(), Target(place=ALERTS.place, edit=receipt), mark=mark(revision))
    assert workspace.messages()[0]["metadata"]["event_payload"]["revision"] == 8


def test_a_way_that_hangs_is_given_up_soon(wire: Wire, ways: FakeWays, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(response_url, "WAIT", 0.2)
    ways.keep(SHOWN, f"{wire.url}response")
    wire.script.append("hang")
    started = time.monotonic()
    SlackChat(TOKEN, base_url=wire.url, ways=ways).show(card(), EDIT, mark=mark())
    assert time.monotonic() - started < 1.4
    assert [name for name, _ in wire.heard] == ["response", "chat.update"]


def test_what_is_said_there_replaces_the_message_and_is_as_inert_as_any(wire: Wire, ways: FakeWays) -> None:
    ways.keep(SHOWN, f"{wire.url}response")
    SlackChat(TOKEN, base_url=wire.url, ways=ways).show(card(), EDIT, mark=mark())
    ((name, sent),) = wire.heard
    assert name == "response"
    assert sent["replace_original"] is True
    assert (sent["parse"], sent["unfurl_links"], sent["unfurl_media"]) == ("none", False, False)
    assert {"text", "blocks", "metadata"} <= sent.keys()
    assert "response_type" not in sent


@pytest.mark.parametrize(
    "answer",
    [
        (200, {"content-type": "text/html"}, "<html>a proxy's page</html>"),
        (200, {"content-type": "application/json"}, '{"ok": false, "error": "expired_url"}'),
        (404, {"content-type": "application/json"}, '{"ok": false, "error": "used_url"}'),
        (200, {"content-type": "text/plain"}, b"\xff\xfe"),
    ],
)
def test_only_slacks_own_yes_counts(wire: Wire, ways: FakeWays, answer: Any) -> None:
    ways.keep(SHOWN, f"{wire.url}response")
    wire.script.append(answer)
    SlackChat(TOKEN, base_url=wire.url, ways=ways).show(card(), EDIT, mark=mark())
    assert [name for name, _ in wire.heard] == ["response", "chat.update"]


def test_a_message_that_nobody_clicked_is_edited_the_ordinary_way(wire: Wire, ways: FakeWays) -> None:
    ways.keep(Receipt(channel="C0ALERTS", ts="11.000001"), f"{wire.url}response")
    chat = SlackChat(TOKEN, base_url=wire.url, ways=ways)
    assert not chat.spares(SHOWN)
    chat.show(card(), EDIT, mark=mark())
    assert [name for name, _ in wire.heard] == ["chat.update"]


def test_without_ways_nothing_is_spared(wire: Wire) -> None:
    chat = SlackChat(TOKEN, web=client(TOKEN, wire.url), base_url=wire.url)
    assert not chat.spares(SHOWN)
    chat.show(card(), EDIT, mark=mark())
    assert [name for name, _ in wire.heard] == ["chat.update"]


@pytest.mark.parametrize(
    ("address", "base_url", "may"),
    [
        ("https://hooks.slack.com/actions/T0/1/x", "https://slack.com/api/", True),
        ("http://hooks.slack.com/actions/T0/1/x", "https://slack.com/api/", False),
        ("http://127.0.0.1:9000/sandbox/response/x", "http://127.0.0.1:3000/api/", True),
        ("http://127.0.0.1:9000/sandbox/response/x", "https://slack.com/api/", False),
        ("http://127.0.0.1:9000/sandbox/response/x", "http://localhost:3000/api/", False),
        ("http://10.0.0.7/x", "http://10.0.0.7/api/", False),
        ("file:///etc/passwd", "http://127.0.0.1:3000/api/", False),
        ("https://", "https://slack.com/api/", False),
        ("http://[", "https://slack.com/api/", False),
        ("", "https://slack.com/api/", False),
    ],
)
def test_only_https_and_the_workspace_on_this_machine_are_called(address: str, base_url: str, may: bool) -> None:
    assert trusted(address, base_url) is may


def test_an_address_that_may_not_be_called_is_not(wire: Wire, ways: FakeWays) -> None:
    ways.keep(SHOWN, wire.url.replace("127.0.0.1", "localhost") + "response")
    SlackChat(TOKEN, base_url=wire.url, ways=ways).show(card(), EDIT, mark=mark())
    assert [name for name, _ in wire.heard] == ["chat.update"]


def message(**more: Any) -> dict[str, Any]:
    return {"type": "message", "message_ts": "10.000001", "channel_id": "C0ALERTS"} | more


@pytest.mark.parametrize(
    ("container", "kept"),
    [
        (message(), True),
        (message(channel_id="D0ANA"), True),
        (message(is_ephemeral=False, thread_ts="9.000001"), True),
        (message(is_ephemeral=True), False),
        (message(message_ts=""), False),
        ({"type": "view", "view_id": "V1"}, False),
    ],
)
def test_the_way_of_a_click_is_kept_where_everybody_sees_the_message(
    inbound: SlackInbound, wire: Wire, ways: FakeWays, container: Any, kept: bool
) -> None:
    ways.uses = 1
    send(inbound, click("acknowledge", container=container, response_url=f"{wire.url}response"))
    receipt = Receipt(channel=container.get("channel_id", ""), ts=container.get("message_ts", ""))
    assert ways.kept == ([(receipt, f"{wire.url}response")] if kept else [])


def test_a_click_without_an_address_leaves_nothing(inbound: SlackInbound, ways: FakeWays) -> None:
    send(inbound, click("acknowledge"))
    assert ways.kept == []


def test_it_is_kept_before_the_desk_decides(inbound: SlackInbound, wire: Wire, desk: FakeDesk, ways: FakeWays) -> None:
    had: list[bool] = []

    def decide(gesture: Gesture) -> Answer:
        had.append(ways.has(SHOWN))
        return Answer(ok=True)

    desk.answer = decide
    send(inbound, click("acknowledge", response_url=f"{wire.url}response"))
    assert had == [True]
