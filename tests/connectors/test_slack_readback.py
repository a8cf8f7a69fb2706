"""Reading back: every message with the mark, however far it must reach; and taking one away again."""

from __future__ import annotations

import time
from typing import Any

import pytest

from bot.ports import Later, Mark, Receipt, Refusal, Target, Unknown
from connectors.chat.slack import readback
from connectors.chat.slack.client import SlackChat
from connectors.chat.slack.readback import ReadBack
from connectors.chat.slack.web import client
from tests.connectors.conftest import CAST, TOKEN, Wire, Workspace, card, ok, refused, until

ALERTS = Target(place="slack:#ai-alerts")
ANA = Target(place="slack:@ana@acme.example", person=CAST["ana@acme.example"])


def mark(delivery: str = "card:1", *, revision: int = 1, kind: str = "card") -> Mark:
    return Mark(kind=kind, delivery=delivery, alert="01JD", revision=revision)


def posts(chat: SlackChat, count: int, *, target: Target = ALERTS) -> None:
    for n in range(count):
        chat.show(card(buttons=()), target, mark=mark(f"other:{n}"))


def test_all_of_them_are_found_oldest_first(workspace: Workspace) -> None:
    chat = workspace.chat()
    first = chat.show(card(), ALERTS, mark=mark())
    posts(chat, 3)
    second = chat.show(card(), ALERTS, mark=mark())
    posts(chat, 1)
    assert chat.look(ALERTS, mark=mark(), age=60) == [first, second]


def test_the_pages_after_the_first_hit_are_read_too(workspace: Workspace) -> None:
    chat = workspace.chat()
    first = chat.show(card(), ALERTS, mark=mark())
    posts(chat, 230)
    second = chat.show(card(), ALERTS, mark=mark())
    assert chat.look(ALERTS, mark=mark(), age=60) == [first, second]
    assert len(workspace.calls("conversations.history")) == 2


def test_a_message_that_came_late_is_found_among_them(workspace: Workspace) -> None:
    chat = workspace.chat()
    workspace.post("faults", method="chat.postMessage", fault="late", times=1, seconds=0.2)
    with pytest.raises(Unknown):
        chat.show(card(), ALERTS, mark=mark())
    assert chat.look(ALERTS, mark=mark(), age=1) == []
    again = chat.show(card(), ALERTS, mark=mark())
    found = until(lambda: len(all_of_them := chat.look(ALERTS, mark=mark(), age=5)) == 2 and all_of_them)
    assert found[0] == again, "it is the older one by its place in the channel"


def test_replies_are_read_from_their_thread(workspace: Workspace) -> None:
    chat = workspace.chat()
    root = chat.show(card(), ALERTS, mark=mark())
    threaded = Target(place=ALERTS.place, root=root)
    twins = [chat.show(card(kind="nudge"), threaded, mark=mark("nudge:1", kind="nudge")) for _ in range(2)]
    posts(chat, 5)
    assert chat.look(threaded, mark=mark("nudge:1"), age=60) == twins
    assert chat.look(ALERTS, mark=mark("nudge:1"), age=60) == [], "a reply does not stand in the channel"


def test_a_known_receipt_says_where_to_read_whatever_the_channel_is_called_now(workspace: Workspace) -> None:
    receipt = workspace.chat().show(card(), ALERTS, mark=mark())
    workspace.post("channels/C0ALERTS", name="ai-alarms")
    known = Target(place=ALERTS.place, edit=receipt)
    assert workspace.chat().look(known, mark=mark(), age=60) == [receipt]
    with pytest.raises(Refusal) as refusal:
        workspace.chat().look(ALERTS, mark=mark(), age=60)
    assert (refusal.value.code, refusal.value.kind) == ("channel_not_found", "place")


def test_direct_messages_are_read_by_a_process_that_never_wrote_to_that_person(workspace: Workspace) -> None:
    receipt = workspace.chat().show(card(), ANA, mark=mark("nudge:2"))
    assert workspace.chat().look(ANA, mark=mark("nudge:2"), age=60) == [receipt]


def test_what_was_never_shown_is_not_found(workspace: Workspace) -> None:
    chat = workspace.chat()
    chat.show(card(), ALERTS, mark=mark())
    assert chat.look(ALERTS, mark=mark("card:2"), age=60) == []
    assert chat.look(ANA, mark=mark(), age=60) == []


def test_in_a_thread_whose_card_is_gone_there_is_nothing(workspace: Workspace) -> None:
    chat = workspace.chat()
    root = chat.show(card(), ALERTS, mark=mark())
    chat.retract(root)
    assert chat.look(Target(place=ALERTS.place, root=root), mark=mark("nudge:1"), age=60) == []


def test_replies_outlive_their_card(workspace: Workspace) -> None:
    chat = workspace.chat()
    root = chat.show(card(), ALERTS, mark=mark())
    threaded = Target(place=ALERTS.place, root=root)
    reply = chat.show(card(kind="nudge"), threaded, mark=mark("nudge:1"))
    chat.retract(root)
    assert chat.look(ALERTS, mark=mark(), age=60) == []
    assert chat.look(threaded, mark=mark("nudge:1"), age=60) == [reply]


def test_reading_stops_where_the_first_attempt_was(wire: Wire) -> None:
    now = time.time()
    newer, older = ({"ts": f"{now - ago:.6f}"} for ago in (10, 200))
    wire.script.append(ok(messages=[newer, older], response_metadata={"next_cursor": "more"}))
    read = ReadBack(web=client(TOKEN, wire.url), channel="C0ALERTS")
    assert list(read.messages(30)) == [newer]
    assert len(wire.heard) == 1


def test_a_workspace_whose_clock_is_behind_ours_is_read_as_far_back(wire: Wire) -> None:
    newest, attempt = ({"ts": f"{time.time() - 3600 - ago:.6f}"} for ago in (0, 80))
    wire.script.append(ok(messages=[newest, attempt]))
    assert list(ReadBack(web=client(TOKEN, wire.url), channel="C0ALERTS").messages(30)) == [newest, attempt]


def test_a_page_without_messages_is_not_the_end(wire: Wire) -> None:
    message = {"ts": f"{time.time():.6f}"}
    wire.script += [ok(messages=[], response_metadata={"next_cursor": "more"}), ok(messages=[message])]
    assert list(ReadBack(web=client(TOKEN, wire.url), channel="C0ALERTS").messages(30)) == [message]


def endless(wire: Wire, pages: int) -> None:
    messages = [{"ts": f"{time.time():.6f}"}]
    wire.script += [ok(messages=messages, response_metadata={"next_cursor": "more"}) for _ in range(pages)]


def test_what_could_not_be_read_whole_is_not_called_absent(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readback, "MOST", 3)
    endless(wire, 4)
    with pytest.raises(Unknown) as unknown:
        list(ReadBack(web=client(TOKEN, wire.url), channel="C0ALERTS").messages(30))
    assert unknown.value.code == "too_much_to_read"
    assert len(wire.heard) == 3


def test_whoever_waits_for_it_does_not_wait_for_ever(wire: Wire) -> None:
    endless(wire, 9)
    ticks = iter([0.0, 5.0, 11.0, 13.0, 99.0])
    read = ReadBack(web=client(TOKEN, wire.url), channel="C0ALERTS", monotonic=lambda: next(ticks))
    with pytest.raises(Later) as later:
        list(read.messages(30))
    assert later.value.code == "reading_took_too_long"
    assert len(wire.heard) == 3


@pytest.mark.parametrize("answer", [refused("ratelimited", 429), "drop", refused("internal_error")])
def test_a_page_that_does_not_arrive_is_told_and_not_taken_for_the_end(wire: Wire, answer: Any) -> None:
    endless(wire, 1)
    wire.script.append(answer)
    with pytest.raises((Later, Unknown)):
        list(ReadBack(web=client(TOKEN, wire.url), channel="C0ALERTS").messages(30))


def test_a_message_of_ours_can_be_taken_away(workspace: Workspace) -> None:
    chat = workspace.chat()
    kept, twin = (chat.show(card(), ALERTS, mark=mark()) for _ in range(2))
    chat.retract(twin)
    assert chat.look(ALERTS, mark=mark(), age=60) == [kept]
    chat.retract(twin)
    assert len(workspace.messages()) == 1


@pytest.mark.parametrize(
    ("code", "kind"),
    [("cant_delete_message", "missing"), ("channel_not_found", "place"), ("invalid_auth", "workspace")],
)
def test_what_slack_will_not_delete_is_told(wire: Wire, code: str, kind: str) -> None:
    wire.script.append(refused(code))
    with pytest.raises(Refusal) as refusal:
        SlackChat(TOKEN, base_url=wire.url).retract(Receipt(channel="C0ALERTS", ts="1.000001"))
    assert (refusal.value.code, refusal.value.kind) == (code, kind)


def test_whether_it_was_deleted_may_be_unknown(wire: Wire) -> None:
    wire.script.append("drop")
    with pytest.raises(Unknown):
        SlackChat(TOKEN, base_url=wire.url).retract(Receipt(channel="C0ALERTS", ts="1.000001"))
    assert len(wire.heard) == 1
