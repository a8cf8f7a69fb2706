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
from connectors.chat.slack import gestures
from connectors.chat.slack.choices import Kept
from connectors.chat.slack.inbound import Access, SlackInbound
from tests.connectors.conftest import (
    ALERT,
    CAST,
    NOW,
    SECRET,
    TOKEN,
    FakeDesk,
    FakeWays,
    Wire,
    click,
    interaction,
    send,
    signed,
    until,
)


def carried(**more: Any) -> str:
    """What a form carries that was asked for on the card, but for `more`."""
    return json.dumps({"about": f"{ALERT.id}:3", "channel": "C0ALERTS", "fields": {}} | more)


def submission(act: str, values: dict[str, Any], metadata: str = carried(), **more: Any) -> dict[str, Any]:
    view = {
        "id": "V1",
        "type": "modal",
        "callback_id": f"form:{act}",
        "private_metadata": metadata,
        "state": {"values": values},
    }
    known = {"type": "view_submission", "user": {"id": "U0ANA"}, "team": {"id": "T0ACME"}, "view": view}
    return known | more


def as_view(call: dict[str, Any]) -> Any:
    """The view of a call that opened or published one."""
    return call["view"] if isinstance(call["view"], dict) else json.loads(call["view"])


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
    view = as_view(opened)
    assert view["callback_id"] == f"form:{act}"
    assert json.loads(view["private_metadata"]) == json.loads(carried(fields={"for": act}))
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
    ("away until monday delegate <@U0BEN|ben>", "away until monday delegate @U0BEN"),
    ("oncall swap payments <@W0BEN> until friday", "oncall swap payments @W0BEN until friday"),
    ("find <!subteam^S0AP|@ap-team> <!channel>", "find @ap-team <!channel>"),
    ("status &lt;b&gt; &amp; <@U0BEN|ben>", "status <b> & @U0BEN"),
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
    desk.answer = lambda gesture: Answer(ok=True, sheet=pages.home([ALERT], now=NOW, state={}, total={}), people=CAST)
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
KEPT = Kept(state={"tab": "team", "severity": "error"}, round="r1")
ONE, TWO = f"{ALERT.id}:3", "01JD0000000000000000008F3K2R:7"


def in_home(action: dict[str, Any], *picked: str, kept: Kept = KEPT) -> dict[str, Any]:
    """Something done in Ana's Home, with these rows picked."""
    values = {
        f"p{n}": {"pick": {"type": "checkboxes", "selected_options": [{"value": one}]}} for n, one in enumerate(picked)
    }
    empty = {"p9": {"pick": {"type": "checkboxes", "selected_options": []}}, "filters": {"turn:severity": {}}}
    view = {"id": "V9", "type": "home", "private_metadata": kept.metadata, "state": {"values": values | empty}}
    known = {"block_id": "b", "action_ts": "11.5"}
    return click("x", container={"type": "view", "view_id": "V9"}, view=view, actions=[known | action])


TURNS: list[tuple[dict[str, Any], dict[str, str]]] = [
    (
        {"type": "button", "action_id": "turn:tab:overdue", "value": "=overdue"},
        {"tab": "overdue", "severity": "error"},
    ),
    (
        {"type": "static_select", "action_id": "turn:severity", "selected_option": {"value": "=critical"}},
        {"tab": "team", "severity": "critical"},
    ),
    ({"type": "static_select", "action_id": "turn:severity", "selected_option": {"value": "="}}, {"tab": "team"}),
    (
        {"type": "static_select", "action_id": "turn:source", "selected_option": {"value": "=a:b=c"}},
        {"tab": "team", "severity": "error", "source": "a:b=c"},
    ),
]


@pytest.mark.parametrize(("action", "state"), TURNS)
def test_a_tab_and_a_filter_turn_home_and_keep_what_was_chosen_before(
    inbound: SlackInbound, desk: FakeDesk, wire: Wire, action: dict[str, Any], state: dict[str, str]
) -> None:
    desk.answer = lambda gesture: Answer(ok=True, sheet=pages.home([], now=NOW, state=gesture.fields, total={}))
    assert send(inbound, in_home(action))[0] == 200
    view = as_view(until(lambda: wire.calls("views.publish"))[0])
    assert [(gesture.act, gesture.fields) for gesture in desk.taken] == [("home", state)]
    assert Kept.of(view["private_metadata"]) == Kept(state=state, round="r1")
    assert wire.calls("views.open") == []


def test_a_ticked_box_is_slacks_to_keep(inbound: SlackInbound, desk: FakeDesk, wire: Wire) -> None:
    ticked = {"type": "checkboxes", "action_id": "pick", "selected_options": [{"value": ONE}]}
    assert send(inbound, in_home(ticked, ONE))[0] == 200
    assert (desk.taken, wire.heard) == ([], [])


def in_bulk(act: str) -> dict[str, Any]:
    return {"type": "button", "action_id": f"bulk:{act}", "value": "picked"}


def test_one_act_on_all_that_is_picked_is_one_gesture(inbound: SlackInbound, desk: FakeDesk) -> None:
    for _ in range(2):
        send(inbound, in_home(in_bulk("acknowledge"), ONE, TWO))
    gesture, again = (gesture for gesture in desk.taken if gesture.act != "home")
    assert (gesture.act, gesture.alert_id) == ("bulk", "")
    assert gesture.fields == {"for": "acknowledge", "picked": f"{ONE} {TWO}"}
    assert gesture.id == again.id


def test_what_became_of_many_is_told_in_a_window_and_nothing_is_picked_any_more(
    inbound: SlackInbound, desk: FakeDesk, wire: Wire
) -> None:
    sheet = pages.home([ALERT], now=NOW, state=KEPT.state, total={})
    desk.answer = lambda g: Answer(ok=True, sheet=sheet) if g.act == "home" else Answer(ok=True, said=sentence("2."))
    send(inbound, in_home(in_bulk("acknowledge"), ONE, TWO))
    assert "2." in json.dumps(until(lambda: wire.calls("views.open")))
    now = Kept.of(as_view(until(lambda: wire.calls("views.publish"))[0])["private_metadata"])
    assert [gesture.fields for gesture in desk.taken][1:] == [KEPT.state]
    assert now.state == KEPT.state
    assert now.round not in ("", KEPT.round)


def test_where_nothing_was_done_the_picks_stay(inbound: SlackInbound, desk: FakeDesk, wire: Wire) -> None:
    desk.answer = lambda gesture: Answer(ok=False, said=sentence("Pick one or more alerts first."))
    send(inbound, in_home(in_bulk("acknowledge")))
    assert "Pick one" in json.dumps(until(lambda: wire.calls("views.open")))
    assert [gesture.fields["picked"] for gesture in desk.taken] == [""]
    assert wire.calls("views.publish") == []


def test_a_form_for_many_comes_back_with_all_of_them(inbound: SlackInbound, desk: FakeDesk, wire: Wire) -> None:
    desk.answer = lambda gesture: Answer(ok=True, form=FORMS["resolve"])
    send(inbound, in_home(in_bulk("resolve"), ONE, TWO))
    view = as_view(until(lambda: wire.calls("views.open"))[0])
    assert "rich_text" not in json.dumps(view["blocks"]), "it is about no single alert"
    desk.answer = lambda gesture: Answer(ok=True, said=sentence("Done for 2 alerts."))
    status, _, body = send(inbound, submission("resolve", RESOLVED, view["private_metadata"]))
    asked, done, drawn = until(lambda: len(desk.taken) == 3 and desk.taken)
    assert (asked.act, asked.fields) == ("form", {"for": "resolve", "picked": f"{ONE} {TWO}"})
    assert (done.act, done.fields) == ("bulk", {"for": "resolve", "picked": f"{ONE} {TWO}", "what": "refunded"})
    assert (drawn.act, drawn.fields) == ("home", KEPT.state)
    told = json.loads(body)
    assert (status, told["response_action"]) == (200, "update")
    assert "Done for 2 alerts." in json.dumps(told["view"])


REFUSALS = [("what", "errors"), ("", "update")]


@pytest.mark.parametrize(("wrong", "action"), REFUSALS)
def test_a_form_for_many_stays_open_only_for_what_is_wrong_in_it(
    inbound: SlackInbound, desk: FakeDesk, wrong: str, action: str
) -> None:
    desk.answer = lambda gesture: Answer(ok=False, said=sentence("Not for #8F3K2Q."), wrong=wrong)
    metadata = carried(about=":", channel="", fields={"for": "resolve", "picked": ONE}, home=KEPT.metadata)
    _, _, body = send(inbound, submission("resolve", RESOLVED, metadata))
    assert json.loads(body)["response_action"] == action
    assert "Not for #8F3K2Q." in body


def test_twenty_picked_alerts_fit_into_a_form() -> None:
    """However they are called, and whatever is chosen in Home."""
    many = " ".join(f"01JD{n:022d}:9999" for n in range(60))
    asked = Gesture(
        id="g", platform="slack", chat_id="U0ANA", act="form", fields={"for": "add_responder", "picked": many}
    )
    kept = Kept(state={"tab": "exceptions", "severity": "critical", "source": "é" * 64}, round="12345678")
    assert len(gestures.metadata(asked, kept)) < 3000


def test_home_is_drawn_anew_as_it_was_after_a_form_that_was_asked_for_in_it(
    inbound: SlackInbound, desk: FakeDesk, wire: Wire
) -> None:
    desk.answer = lambda gesture: Answer(ok=True, form=FORMS["resolve"], alert=ALERT)
    send(inbound, in_home({"type": "button", "action_id": "act:resolve", "value": ONE}))
    view = as_view(until(lambda: wire.calls("views.open"))[0])
    sheet = pages.home([], now=NOW, state=KEPT.state, total={})
    desk.answer = lambda gesture: Answer(ok=True, sheet=sheet if gesture.act == "home" else None)
    assert send(inbound, submission("resolve", RESOLVED, view["private_metadata"]))[2] == ""
    drawn = as_view(until(lambda: wire.calls("views.publish"))[0])
    assert desk.taken[-1].fields == KEPT.state
    assert Kept.of(drawn["private_metadata"]) == KEPT, "what is picked stays picked"


def test_home_opens_on_the_page_it_was_left_on(inbound: SlackInbound, desk: FakeDesk) -> None:
    body = json.loads(home_opened())
    body["event"]["view"] = {"id": "V9", "type": "home", "private_metadata": KEPT.metadata}
    body = json.dumps(body).encode()
    assert inbound.dispatch(body, signed(body, kind="json"))[0] == 200
    assert desk.taken[0].fields == KEPT.state


MENU: list[tuple[str, str, dict[str, str]]] = [
    ("escalate", "escalate", {}),
    ("help", "help", {}),
    ("add_responder", "form", {"for": "add_responder"}),
]


@pytest.mark.parametrize(("chosen", "act", "fields"), MENU)
def test_what_is_chosen_in_the_menu_is_as_good_as_a_button(
    inbound: SlackInbound, desk: FakeDesk, ways: FakeWays, chosen: str, act: str, fields: dict[str, str]
) -> None:
    action = {"type": "overflow", "action_id": "more", "action_ts": "11.5", "block_id": "r"}
    option = {"text": {"type": "plain_text", "text": "x"}, "value": f"{chosen}:{ONE}"}
    body = click("x", actions=[action | {"selected_option": option}], response_url="https://hooks.slack.com/a")
    body["container"]["type"] = "message"
    send(inbound, body)
    (gesture,) = desk.taken
    assert (gesture.act, gesture.fields, gesture.alert_id, gesture.seen) == (act, fields, ALERT.id, 3)
    assert gesture.id == f"U0ANA:10.000001:act:{chosen}:11.5"
    assert gesture.channel == "C0ALERTS"
    assert [address for _, address in ways.kept][:1] == ["https://hooks.slack.com/a"]


def raising(text: str, **more: Any) -> dict[str, Any]:
    """The message shortcut, on a message of Ben's."""
    known: dict[str, Any] = {
        "type": "message_action",
        "callback_id": "raise_alert",
        "trigger_id": "4.5.6",
        "user": {"id": "U0ANA"},
        "team": {"id": "T0ACME"},
        "channel": {"id": "C0PAY", "name": "payments"},
        "action_ts": "12.5",
        "message_ts": "10.000001",
        "message": {"type": "message", "ts": "10.000001", "user": "U0BEN", "text": text},
    }
    return known | more


def workspace_address(wire: Wire) -> None:
    wire.script.append((200, {"content-type": "application/json"}, '{"ok": true, "url": "https://acme.slack.com/"}'))


READ = [
    ("Paid twice &amp; &lt;late&gt;", "Paid twice & <late>"),
    (
        "<@U0BEN> see <#C0PAY|payments> <https://x.example/1|invoice>",
        "@U0BEN see #payments invoice (https://x.example/1)",
    ),
    ("<!channel> <!subteam^S0AP|@ap-team> <https://x.example>", "@channel @ap-team https://x.example"),
    ("<mailto:ana@acme.example|ana@acme.example> &amp;lt;", "ana@acme.example &lt;"),
    ("x" * 9000, "x" * 3000),
    ("", ""),
]


@pytest.mark.parametrize(("written", "plain"), READ)
def test_a_message_is_raised_with_its_words_its_place_and_who_wrote_it(
    inbound: SlackInbound, desk: FakeDesk, wire: Wire, written: str, plain: str
) -> None:
    workspace_address(wire)
    desk.answer = lambda gesture: Answer(ok=True, form=FORMS["raise"].filled({"title": gesture.fields["text"]}))
    assert send(inbound, raising(written))[0] == 200
    (gesture,) = desk.taken
    assert (gesture.act, gesture.channel, gesture.alert_id) == ("form", "C0PAY", "")
    assert gesture.id == "U0ANA:raise_alert:C0PAY:10.000001:12.5"
    assert gesture.fields == {
        "for": "raise",
        "text": plain,
        "link": "https://acme.slack.com/archives/C0PAY/p10000001",
        "author": "U0BEN",
    }
    assert until(lambda: wire.calls("views.open"))[0]["trigger_id"] == "4.5.6"


def test_a_message_in_a_thread_is_linked_in_its_thread(inbound: SlackInbound, desk: FakeDesk, wire: Wire) -> None:
    workspace_address(wire)
    send(inbound, raising("x", message={"ts": "10.000001", "thread_ts": "9.000001", "text": "x", "bot_id": "B1"}))
    link = "https://acme.slack.com/archives/C0PAY/p10000001?thread_ts=9.000001&cid=C0PAY"
    assert (desk.taken[0].fields["link"], desk.taken[0].fields["author"]) == (link, "")


def test_a_message_is_raised_without_a_link_where_slack_does_not_answer(
    inbound: SlackInbound, desk: FakeDesk, wire: Wire
) -> None:
    wire.script.append((503, {}, "<html>"))
    assert send(inbound, raising("x"))[0] == 200
    assert desk.taken[0].fields["link"] == ""


def test_the_form_of_a_raised_message_comes_back_with_where_it_was(
    inbound: SlackInbound, desk: FakeDesk, wire: Wire
) -> None:
    desk.answer = lambda gesture: Answer(ok=True, form=FORMS["raise"])
    workspace_address(wire)
    send(inbound, raising("x"))
    view = as_view(until(lambda: wire.calls("views.open"))[0])
    values = {
        "field:title": {"filled": {"type": "plain_text_input", "value": "Paid twice"}},
        "field:severity": {"filled": {"type": "static_select", "selected_option": {"value": "error"}}},
        "field:person": {"filled": {"type": "users_select", "selected_user": None}},
    }
    desk.answer = lambda gesture: Answer(ok=True, said=sentence("Raised as #8F3K2Q."))
    _, _, body = send(inbound, submission("raise", values, view["private_metadata"]))
    gesture = desk.taken[-1]
    assert (gesture.act, gesture.channel) == ("raise", "C0PAY")
    assert gesture.fields == {
        "title": "Paid twice",
        "severity": "error",
        "link": "https://acme.slack.com/archives/C0PAY/p10000001",
        "author": "U0BEN",
    }
    # Where the bot is not, nothing can be said; the window is there in any case.
    assert "Raised as #8F3K2Q." in json.dumps(json.loads(body)["view"])
    assert wire.calls("chat.postEphemeral") == []


def test_who_may_not_raise_is_told_privately(inbound: SlackInbound, desk: FakeDesk, wire: Wire) -> None:
    desk.answer = lambda gesture: Answer(ok=False, said=sentence("Only full members can raise alerts."))
    workspace_address(wire)
    send(inbound, raising("x", response_url=f"{wire.url}response"))
    assert until(lambda: wire.calls("response"))[0]["text"] == "Only full members can raise alerts."


def test_a_shortcut_that_nobody_knows_is_answered_honestly(inbound: SlackInbound, desk: FakeDesk, wire: Wire) -> None:
    assert send(inbound, raising("x", callback_id="from_1998", response_url=f"{wire.url}response"))[0] == 200
    assert "nothing was done" in until(lambda: wire.calls("response"))[0]["text"]
    assert desk.taken == []


@pytest.mark.parametrize("metadata", ["", f"{ALERT.id}:3:C0ALERTS", "[]", "{}", "3"])
def test_a_form_of_another_version_is_answered_honestly(inbound: SlackInbound, desk: FakeDesk, metadata: str) -> None:
    _, _, body = send(inbound, submission("resolve", RESOLVED, metadata))
    assert json.loads(body)["response_action"] == "update"
    assert "nothing was done" in body
    assert desk.taken == []


def test_home_is_drawn_anew_after_something_was_done_in_it(inbound: SlackInbound, desk: FakeDesk, wire: Wire) -> None:
    sheet = pages.home([], now=NOW, state={}, total={})
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
    secret = f"http://127.0.0.1:9/{TOKEN}"
    suggestion = {"type": "block_suggestion", "action_id": "x", "user": {"id": "U0ANA"}, "response_url": secret}
    shortcut = {"type": "shortcut", "callback_id": "x", "user": {"id": "U0ANA"}, "response_url": secret}
    with caplog.at_level("DEBUG"):
        send(inbound, suggestion)
        send(inbound, shortcut)
        inbound.dispatch(interaction(shortcut), {})
        inbound.close()
    assert TOKEN not in caplog.text
