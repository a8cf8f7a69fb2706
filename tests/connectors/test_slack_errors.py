"""What each failure means: refused for good, later, or nobody can say. And no call is ever made twice."""

from __future__ import annotations

from typing import Any

import pytest

from bot.ports import Later, Mark, Receipt, Refusal, Target, Unknown
from connectors.chat.slack.client import SlackChat
from connectors.chat.slack.web import client
from tests.connectors.conftest import TOKEN, Wire, card, ok, refused

ROOT = Target(place="slack:#ai-alerts", root=Receipt(channel="C0ALERTS", ts="1.000001"))
MARK = Mark(kind="nudge", delivery="nudge:1", alert="01JD", revision=1)
HTML = {"content-type": "text/html"}
JSON = {"content-type": "application/json"}


def told(wire: Wire) -> SlackChat:
    return SlackChat(TOKEN, web=client(TOKEN, wire.url, timeout=1), base_url=wire.url)


Failure = type[Refusal] | type[Later] | type[Unknown]
TABLE: list[tuple[Any, Failure, str]] = [
    (refused("channel_not_found"), Refusal, "channel_not_found"),
    (refused("is_archived"), Refusal, "is_archived"),
    (refused("not_in_channel"), Refusal, "not_in_channel"),
    (refused("invalid_blocks"), Refusal, "invalid_blocks"),
    (refused("msg_blocks_too_long"), Refusal, "msg_blocks_too_long"),
    (refused("token_revoked"), Refusal, "token_revoked"),
    (refused("missing_scope"), Refusal, "missing_scope"),
    (refused("user_disabled"), Refusal, "user_disabled"),
    (refused("ratelimited", 429, **{"Retry-After": "17"}), Later, "ratelimited"),
    (refused("rate_limited"), Later, "rate_limited"),
    ((429, {"Retry-After": "3", **HTML}, "slow down"), Later, "ratelimited"),
    (refused("internal_error"), Unknown, "internal_error"),
    (refused("fatal_error"), Unknown, "fatal_error"),
    (refused("duplicate_message_not_found"), Unknown, "duplicate_message_not_found"),
    ((503, HTML, "<html>upstream connect error</html>"), Unknown, "http_503"),
    ((500, JSON, '{"ok": false, "error": "is_archived"}'), Unknown, "http_500"),
    ((200, HTML, "<html><h1>Server Error</h1></html>"), Unknown, "not_json"),
    ((200, JSON, "[1, 2]"), Unknown, "not_json"),
    ((200, JSON, "null"), Unknown, "not_json"),
    ((200, JSON, b"\xff\xfe"), Unknown, "not_json"),
    (ok(), Unknown, "no_receipt"),
    ("drop", Unknown, "RemoteDisconnected"),
    ("hang", Unknown, "TimeoutError"),
]


@pytest.mark.parametrize(("answer", "error", "code"), TABLE)
def test_a_post_that_failed_is_told_for_what_it_is_and_not_repeated(
    wire: Wire, answer: Any, error: Failure, code: str
) -> None:
    wire.script.append(answer)
    with pytest.raises(error) as raised:
        told(wire).show(card(), ROOT, mark=MARK)
    assert str(raised.value) == code
    assert len(wire.heard) == 1


def test_an_edit_that_slack_failed_at_inside_may_have_been_done(wire: Wire) -> None:
    wire.script.append(refused("update_failed"))
    with pytest.raises(Unknown):
        told(wire).show(card(), Target(place="slack:#a", edit=Receipt(channel="C1", ts="1.000001")), mark=MARK)


def test_a_channel_on_its_way_to_another_workspace_is_asked_again_later(wire: Wire) -> None:
    wire.script.append(refused("external_channel_migrating"))
    with pytest.raises(Later) as later:
        told(wire).show(card(), ROOT, mark=MARK)
    assert later.value.seconds == 60


def test_retry_after_is_taken_at_its_word(wire: Wire) -> None:
    wire.script.append(refused("ratelimited", 429, **{"Retry-After": "17"}))
    with pytest.raises(Later) as later:
        told(wire).show(card(), ROOT, mark=MARK)
    assert later.value.seconds == 17


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/api/", "http://no-such-host.invalid/api/"])
def test_what_never_left_is_sent_later(url: str) -> None:
    with pytest.raises(Later) as later:
        SlackChat(TOKEN, base_url=url).show(card(), ROOT, mark=MARK)
    assert (later.value.code, later.value.seconds) == ("unreachable", 5)


def test_a_list_of_channels_that_did_not_arrive_is_not_a_post_of_unknown_outcome(wire: Wire) -> None:
    wire.script.append("drop")
    with pytest.raises(Later):
        told(wire).show(card(), Target(place="slack:#ai-alerts"), mark=MARK)


def test_a_channel_replaced_by_another_of_its_name_is_found_again(wire: Wire) -> None:
    def listed(channel_id: str) -> Any:
        return ok(channels=[{"id": channel_id, "name": "ai-alerts"}])

    wire.script += [listed("COLD"), refused("channel_not_found"), listed("CNEW"), ok(channel="CNEW", ts="2.000001")]
    receipt = told(wire).show(card(), Target(place="slack:#ai-alerts"), mark=MARK)
    assert receipt == Receipt(channel="CNEW", ts="2.000001")


def test_every_post_is_inert(wire: Wire) -> None:
    told(wire).show(card(), ROOT, mark=MARK)
    (sent,) = wire.calls("chat.postMessage")
    assert (sent["parse"], sent["unfurl_links"], sent["unfurl_media"]) == ("none", False, False)
    assert "link_names" not in sent


def test_every_edit_is_inert(wire: Wire) -> None:
    told(wire).show(card(), Target(place="slack:#a", edit=Receipt(channel="C1", ts="1.000001")), mark=MARK)
    (sent,) = wire.calls("chat.update")
    assert sent["parse"] == "none"
    assert {"text", "blocks", "metadata"} <= sent.keys()


def test_another_apps_message_with_our_mark_is_not_taken_for_ours(wire: Wire) -> None:
    forged = {
        "ts": "9.000001",
        "user": "UEVIL",
        "metadata": {"event_type": "closeloop_nudge", "event_payload": {"delivery": "nudge:1"}},
    }
    wire.script += [ok(messages=[forged]), ok(user_id="U0LOOP")]
    assert told(wire).look(ROOT, mark=MARK, age=60) == []
