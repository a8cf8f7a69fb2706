"""Requests from Slack: who may ask at all, what the desk is handed, what Slack and the person are told."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import urlencode

import pytest

from bot.core import pages
from bot.core.forms import FORMS
from bot.core.text import Who, sentence
from bot.ports import Answer, Away, Gesture
from connectors.chat.slack.inbound import Access, SlackInbound
from tests.connectors.conftest import (
    ALERT,
    CAST,
    NOW,
    SECRET,
    TOKEN,
    FakeDesk,
    Wire,
    click,
    interaction,
    send,
    signed,
    until,
)


def submission(act: str, values: dict[str, Any], **more: Any) -> dict[str, Any]:
    view = {
        "id": "V1",
        "type": "modal",
        "callback_id": f"form:{act}",
        "private_metadata": f"{ALERT.id}:3:C0ALERTS",
        "state": {"values": values},
    }
    known = {"type": "view_submission", "user": {"id": "U0ANA"}, "team": {"id": "T0ACME"}, "view": view}
    return known | more


RESOLVED = {
    "field:what": {"filled": {"type": "plain_text_input", "value": "refunded"}},
    "field:link": {"filled": {"type": "url_text_input", "value": None}},
}


def away(gesture: Gesture) -> Answer:
    raise Away


def test_a_click_reaches_the_desk_as_a_gesture(inbound: SlackInbound, desk: FakeDesk) -> None:
    assert send(inbound, click("acknowledge"))[0] == 200
    (gesture,) = desk.taken
    assert gesture == Gesture(
        id="U0ANA:10.000001:act:acknowledge:11.5",
        platform="slack",
        chat_id="U0ANA",
        act="acknowledge",
        alert_id=ALERT.id,
        seen=3,
        channel="C0ALERTS",
    )


BODY = interaction(click("acknowledge"))
FORGED = [
    ("another secret", signed(BODY, secret="not the secret")),
    ("stale", signed(BODY, at=time.time() - 400)),
    ("from the future", signed(BODY, at=time.time() + 40_000)),
    ("of another body", signed(BODY + b"x")),
    ("unsigned", {"Content-Type": "application/x-www-form-urlencoded"}),
    ("no timestamp", {"X-Slack-Signature": "v0=00"}),
    ("timestamp that is no number", signed(BODY) | {"X-Slack-Request-Timestamp": "now"}),
    ("signature that is no ASCII", signed(BODY) | {"X-Slack-Signature": "v0=é"}),
]


@pytest.mark.parametrize(("why", "headers"), FORGED, ids=[why for why, _ in FORGED])
def test_who_cannot_sign_is_refused_and_changes_nothing(
    inbound: SlackInbound, desk: FakeDesk, wire: Wire, why: str, headers: dict[str, str]
) -> None:
    assert inbound.dispatch(BODY, headers)[0] == 401
    assert desk.taken == []
    assert wire.heard == []


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"{", b"payload=%7B", b"[" * 100_000, b'{"ssl_check": "1"}', b"ssl_check=1"]
)
def test_a_strangers_body_is_not_even_read(inbound: SlackInbound, body: bytes) -> None:
    assert inbound.dispatch(body, {"Content-Type": "application/json"})[0] == 401


@pytest.mark.parametrize("body", [b"{", b"payload=%7B", b'{"a":' * 50_000])
def test_a_signed_body_that_is_no_json_is_malformed(inbound: SlackInbound, body: bytes) -> None:
    assert inbound.dispatch(body, signed(body, kind="json"))[0] == 400


def test_a_replayed_request_is_the_same_gesture_again(inbound: SlackInbound, desk: FakeDesk) -> None:
    headers = signed(BODY)
    assert [inbound.dispatch(BODY, headers)[0] for _ in range(2)] == [200, 200]
    assert len({gesture.id for gesture in desk.taken}) == 1


def test_another_team_is_refused_where_the_team_is_configured(desk: FakeDesk, wire: Wire) -> None:
    access = Access(token=TOKEN, signing_secret=SECRET, base_url=wire.url, team="TOTHER")
    inbound = SlackInbound(access, desk, now=lambda: NOW)
    assert send(inbound, click("acknowledge"))[0] == 403
    assert desk.taken == []
    inbound.close()


def test_slack_is_told_that_the_address_is_ours(inbound: SlackInbound) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "c"}).encode()
    status, _, answer = inbound.dispatch(body, signed(body, kind="json"))
    assert (status, json.loads(answer)) == (200, {"challenge": "c"})


def test_the_private_sentence_goes_to_the_response_url(inbound: SlackInbound, wire: Wire, desk: FakeDesk) -> None:
    desk.answer = lambda gesture: Answer(ok=False, said=sentence(Who("ben@acme.example"), " was first."), people=CAST)
    send(inbound, click("acknowledge", response_url=f"{wire.url}response"))
    (said,) = until(lambda: wire.calls("response"))
    assert said["text"] == "@Ben was first."
    assert (said["response_type"], said["replace_original"]) == ("ephemeral", False)
    assert "<@" not in json.dumps(said)


def test_a_private_sentence_that_cannot_be_said_harms_nothing(inbound: SlackInbound, desk: FakeDesk) -> None:
    assert send(inbound, click("acknowledge", response_url="http://127.0.0.1:9/response"))[0] == 200
    inbound.close()


@pytest.mark.parametrize("act", FORMS)
def test_an_act_with_a_form_opens_it_and_does_nothing_yet(
    inbound: SlackInbound, desk: FakeDesk, wire: Wire, act: str
) -> None:
    desk.answer = lambda gesture: Answer(ok=True, form=FORMS[gesture.fields["for"]], alert=ALERT)
    assert send(inbound, click(act))[0] == 200
    (opened,) = until(lambda: wire.calls("views.open"))
    assert opened["trigger_id"] == "1.2.3"
    view = opened["view"] if isinstance(opened["view"], dict) else json.loads(opened["view"])
    assert (view["callback_id"], view["private_metadata"]) == (f"form:{act}", f"{ALERT.id}:3:C0ALERTS")
    assert [(gesture.act, gesture.fields) for gesture in desk.taken] == [("form", {"for": act})]


def test_a_form_that_may_not_be_filled_in_is_not_opened(inbound: SlackInbound, desk: FakeDesk, wire: Wire) -> None:
    desk.answer = lambda gesture: Answer(ok=False, said=sentence("You may not."))
    send(inbound, click("resolve", response_url=f"{wire.url}response"))
    assert until(lambda: wire.calls("response"))[0]["text"] == "You may not."
    assert wire.calls("views.open") == []


def test_a_form_that_slack_would_not_open_is_told(inbound: SlackInbound, desk: FakeDesk, wire: Wire) -> None:
    wire.script.append((200, {"content-type": "application/json"}, '{"ok": false, "error": "expired_trigger_id"}'))
    desk.answer = lambda gesture: Answer(ok=True, form=FORMS["resolve"], alert=ALERT)
    send(inbound, click("resolve", response_url=f"{wire.url}response"))
    assert "press again" in until(lambda: wire.calls("response"))[0]["text"]


def test_a_submission_reaches_the_desk_with_what_was_filled_in(inbound: SlackInbound, desk: FakeDesk) -> None:
    status, _, body = send(inbound, submission("resolve", RESOLVED))
    assert (status, body) == (200, "")
    (gesture,) = desk.taken
    assert (gesture.act, gesture.alert_id, gesture.seen) == ("resolve", ALERT.id, 3)
    assert (gesture.channel, gesture.fields) == ("C0ALERTS", {"what": "refunded"})


def test_a_form_sent_twice_is_one_gesture_and_mended_another(inbound: SlackInbound, desk: FakeDesk) -> None:
    mended = {"field:what": {"filled": {"type": "plain_text_input", "value": "refunded and told the bank"}}}
    for values in (RESOLVED, RESOLVED, mended):
        send(inbound, submission("resolve", values))
    first, again, other = (gesture.id for gesture in desk.taken)
    assert first == again != other


@pytest.mark.parametrize(("wrong", "block"), [("link", "field:link"), ("", "field:what"), ("nonsense", "field:what")])
def test_what_is_wrong_stands_under_its_field_and_the_form_stays_open(
    inbound: SlackInbound, desk: FakeDesk, wrong: str, block: str
) -> None:
    desk.answer = lambda gesture: Answer(ok=False, said=sentence("A link begins with https://."), wrong=wrong)
    status, _, body = send(inbound, submission("resolve", RESOLVED))
    assert (status, json.loads(body)) == (
        200,
        {"response_action": "errors", "errors": {block: "A link begins with https://."}},
    )


def test_after_a_submission_the_person_is_told_privately(inbound: SlackInbound, wire: Wire) -> None:
    send(inbound, submission("resolve", RESOLVED))
    (said,) = until(lambda: wire.calls("chat.postEphemeral"))
    assert (said["channel"], said["user"], said["text"]) == ("C0ALERTS", "U0ANA", "resolve: done.")


def test_a_click_is_not_acknowledged_while_the_database_is_away(
    inbound: SlackInbound, desk: FakeDesk, wire: Wire
) -> None:
    desk.answer = away
    assert send(inbound, click("acknowledge", response_url=f"{wire.url}response"))[0] == 503
    assert "nothing was done" in until(lambda: wire.calls("response"))[0]["text"]


def test_a_form_stays_filled_in_while_the_database_is_away(inbound: SlackInbound, desk: FakeDesk) -> None:
    desk.answer = away
    status, _, body = send(inbound, submission("resolve", RESOLVED))
    assert status == 200
    assert "could not store" in json.loads(body)["errors"]["field:what"]


def command(text: str) -> bytes:
    fields = {
        "command": "/loop",
        "text": text,
        "user_id": "U0ANA",
        "team_id": "T0ACME",
        "channel_id": "C0ALERTS",
        "trigger_id": "7.8.9",
    }
    return urlencode(fields).encode()


def loop(inbound: SlackInbound, text: str) -> Any:
    body = command(text)
    status, _, answer = inbound.dispatch(body, signed(body))
    assert status == 200
    return json.loads(answer)


TYPED = [
    ("mine", "mine"),
    (" open  <#C0PAY|payments> ", "open  #payments"),
    ("open <#C0PAY|>", "open #C0PAY"),
    ("status 8F3K2Q", "status 8F3K2Q"),
    ("status &lt;b&gt; &amp; <@U0BEN|ben>", "status <b> & @ben"),
]


@pytest.mark.parametrize(("sent", "read"), TYPED)
def test_a_command_is_read_as_it_was_typed(inbound: SlackInbound, desk: FakeDesk, sent: str, read: str) -> None:
    loop(inbound, sent)
    assert desk.taken[0].fields == {"text": read}
    assert desk.taken[0].id == "U0ANA:7.8.9"


def test_a_command_is_answered_to_whoever_typed_it_alone(inbound: SlackInbound, desk: FakeDesk) -> None:
    desk.answer = lambda gesture: Answer(ok=True, sheet=pages.listing("Open alerts", [ALERT], now=NOW), people=CAST)
    answer = loop(inbound, "open")
    assert answer["response_type"] == "ephemeral"
    assert "Invoice 4711 paid twice" in answer["text"]
    assert "Invoice 4711 paid twice" in json.dumps(answer["blocks"])


def test_a_command_is_answered_honestly_while_the_database_is_away(inbound: SlackInbound, desk: FakeDesk) -> None:
    desk.answer = away
    assert "nothing was done" in loop(inbound, "mine")["text"]


def home_opened(tab: str = "home") -> bytes:
    event = {"type": "app_home_opened", "user": "U0ANA", "tab": tab, "event_ts": "1.2", "channel": "D1"}
    known = {"type": "event_callback", "team_id": "T0ACME", "event_id": "Ev1", "event": event}
    return json.dumps(known).encode()


def test_home_is_drawn_when_it_is_opened(inbound: SlackInbound, desk: FakeDesk, wire: Wire) -> None:
    desk.answer = lambda gesture: Answer(ok=True, sheet=pages.home([ALERT], now=NOW), people=CAST)
    body = home_opened()
    assert inbound.dispatch(body, signed(body, kind="json"))[0] == 200
    (published,) = until(lambda: wire.calls("views.publish"))
    assert published["user_id"] == "U0ANA"
    assert "Invoice 4711 paid twice" in json.dumps(published["view"])


def test_the_messages_tab_is_not_home(inbound: SlackInbound, desk: FakeDesk) -> None:
    body = home_opened("messages")
    assert inbound.dispatch(body, signed(body, kind="json"))[0] == 200
    assert desk.taken == []


def test_slack_repeats_an_event_that_the_database_could_not_answer(inbound: SlackInbound, desk: FakeDesk) -> None:
    desk.answer = away
    body = home_opened()
    assert inbound.dispatch(body, signed(body, kind="json"))[0] == 503


IN_HOME = {"container": {"type": "view", "view_id": "V9"}, "view": {"id": "V9", "type": "home"}}


def test_home_is_drawn_anew_after_something_was_done_in_it(inbound: SlackInbound, desk: FakeDesk, wire: Wire) -> None:
    sheet = pages.home([], now=NOW)
    desk.answer = lambda gesture: Answer(ok=True, sheet=sheet if gesture.act == "home" else None)
    send(inbound, click("acknowledge", **IN_HOME))
    until(lambda: wire.calls("views.publish"))
    assert [gesture.act for gesture in desk.taken] == ["acknowledge", "home"]


def test_a_refusal_in_home_is_told_in_a_window(inbound: SlackInbound, desk: FakeDesk, wire: Wire) -> None:
    desk.answer = lambda gesture: Answer(ok=False, said=sentence("Ben was first."))
    send(inbound, click("acknowledge", **IN_HOME))
    assert "Ben was first." in json.dumps(until(lambda: wire.calls("views.open")))


def test_the_history_opens_as_a_window(inbound: SlackInbound, desk: FakeDesk, wire: Wire) -> None:
    desk.answer = lambda gesture: Answer(ok=True, sheet=pages.history(ALERT, []))
    send(inbound, click("history"))
    assert "History" in json.dumps(until(lambda: wire.calls("views.open")))


def test_a_button_that_nobody_knows_is_answered_honestly(inbound: SlackInbound, desk: FakeDesk, wire: Wire) -> None:
    unknown = click("x", response_url=f"{wire.url}response")
    unknown["actions"][0]["action_id"] = "from_1998"
    assert send(inbound, unknown)[0] == 200
    assert "nothing was done" in until(lambda: wire.calls("response"))[0]["text"]
    assert desk.taken == []


def test_a_form_that_nobody_knows_is_answered_honestly(inbound: SlackInbound, desk: FakeDesk) -> None:
    for act in ("verify", "../resolve"):
        status, _, body = send(inbound, submission(act, {}))
        assert (status, json.loads(body)["response_action"]) == (200, "update")
    assert desk.taken == []


def test_no_request_is_quoted_in_the_log(inbound: SlackInbound, caplog: pytest.LogCaptureFixture) -> None:
    """Not even one that nobody handles: it holds tokens and addresses that answer in our name."""
    secret = f"https://hooks.slack.example/{TOKEN}"
    shortcut = {"type": "shortcut", "callback_id": "x", "user": {"id": "U0ANA"}, "response_url": secret}
    with caplog.at_level("DEBUG"):
        send(inbound, shortcut)
        inbound.dispatch(interaction(shortcut), {})
    assert TOKEN not in caplog.text
