"""What a person does on the page reaches the bot as Slack would send it, really signed."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qs

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.webhook import WebhookClient

from tests.sandbox.conftest import SECRET, until

MARK = {"event_type": "closeloop_card", "event_payload": {"delivery": "d1"}}
BLOCKS: list[dict[str, Any]] = [
    {"type": "section", "block_id": "what", "text": {"type": "mrkdwn", "text": "hello"}},
    {
        "type": "actions",
        "block_id": "buttons",
        "elements": [
            {
                "type": "button",
                "action_id": "ack",
                "text": {"type": "plain_text", "text": "Acknowledge"},
                "value": "a1:1",
            },
            {
                "type": "overflow",
                "action_id": "more",
                "options": [{"text": {"type": "plain_text", "text": "Note"}, "value": "note"}],
            },
            {"type": "users_select", "action_id": "who"},
            {"type": "datetimepicker", "action_id": "when"},
        ],
    },
]
FIELD = {"type": "plain_text_input", "action_id": "text", "min_length": 3}
MODAL: dict[str, Any] = {
    "type": "modal",
    "callback_id": "resolve",
    "title": {"type": "plain_text", "text": "Resolve"},
    "submit": {"type": "plain_text", "text": "Save"},
    "blocks": [
        {
            "type": "input",
            "block_id": "done",
            "label": {"type": "plain_text", "text": "What was done"},
            "element": FIELD,
        },
        {
            "type": "input",
            "block_id": "link",
            "optional": True,
            "label": {"type": "plain_text", "text": "Link"},
            "element": {"type": "plain_text_input", "action_id": "text"},
        },
    ],
}


@pytest.fixture
def card(slack: Any) -> str:
    return str(slack.chat_postMessage(channel="C0ALERTS", text="card", blocks=BLOCKS, metadata=MARK)["ts"])


def test_a_press_arrives_whole_and_really_signed(box: Any, bot: Any, card: str) -> None:
    assert box.press(card, "ack") == {"ok": True, "status": 200, "error": None}
    heard, payload = bot.heard[-1], bot.last
    assert SignatureVerifier(SECRET).is_valid_request(heard.body, heard.headers)
    assert heard.headers["content-type"] == "application/x-www-form-urlencoded"
    assert list(parse_qs(heard.body.decode())) == ["payload"]
    assert payload["type"] == "block_actions"
    assert payload["user"] == {"id": "U0ANA", "username": "ana", "name": "ana", "team_id": "T0ACME"}
    assert payload["container"] == {
        "type": "message", "message_ts": card, "channel_id": "C0ALERTS", "is_ephemeral": False,
    }  # fmt: skip
    assert payload["channel"] == {"id": "C0ALERTS", "name": "ai-alerts"}
    assert payload["team"] == {"id": "T0ACME", "domain": "acme"}
    assert (payload["enterprise"], payload["is_enterprise_install"], payload["api_app_id"]) == (None, False, "A0LOOP")
    assert payload["message"]["ts"] == card
    assert payload["message"]["blocks"][1]["block_id"] == "buttons"
    action = payload["actions"][0]
    assert float(action.pop("action_ts")) == pytest.approx(time.time(), abs=5)
    assert action == {
        "type": "button", "block_id": "buttons", "action_id": "ack", "value": "a1:1",
        "text": {"type": "plain_text", "text": "Acknowledge"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("action_id", "given", "sent"),
    [
        ("more", {"selected_option": {"value": "note"}},
         {"selected_option": {"text": {"type": "plain_text", "text": "Note"}, "value": "note"}}),
        ("who", {"selected_user": "U0BEN"}, {"selected_user": "U0BEN"}),
        ("when", {"selected_date_time": 1_763_680_000}, {"selected_date_time": 1_763_680_000}),
    ],
)  # fmt: skip
def test_menus_and_pickers_send_what_was_chosen(
    box: Any, bot: Any, card: str, action_id: str, given: Any, sent: Any
) -> None:
    assert box.press(card, action_id, **given)["ok"] is True
    assert bot.last["actions"][0].items() >= sent.items()


@pytest.mark.parametrize(
    ("who", "ts", "action_id", "more", "status"),
    [
        ("U0ANA", None, "no-such-button", {}, 400),
        ("U0ANA", None, "more", {"selected_option": {"value": "never offered"}}, 400),
        ("U0ANA", "1.000001", "ack", {}, 404),
        ("U0NOBODY", None, "ack", {}, 400),
    ],
)
def test_nobody_presses_what_is_not_there_for_them(
    box: Any, bot: Any, card: str, who: str, ts: str | None, action_id: str, more: Any, status: int
) -> None:
    container = {"type": "message", "channel": "C0ALERTS", "ts": ts or card}
    body = {"as": who, "container": container, "action": {"action_id": action_id, **more}}
    assert box.http.post(f"{box.url}/sandbox/api/act", json=body).status_code == status
    assert bot.heard == []


def test_an_app_that_refuses_or_is_away_is_told_to_the_person(start: Any, bot: Any, box: Any, card: str) -> None:
    bot.says("no", status=401)
    assert box.press(card, "ack") == {"ok": False, "status": 401, "error": "Closeloop answered with HTTP 401."}
    away = start(bot_url="http://127.0.0.1:9/slack/events")
    ts = away.client().chat_postMessage(channel="C0ALERTS", text="card", blocks=BLOCKS)["ts"]
    assert away.press(ts, "ack")["error"] == "Closeloop could not be reached."


def test_an_app_that_takes_too_long_is_told_to_the_person(start: Any, bot: Any) -> None:
    def slow(heard: Any) -> Any:
        time.sleep(0.5)
        return 200, b"", "text/plain"

    bot.answer = slow
    box = start(deadline_seconds=0.1)
    ts = box.client().chat_postMessage(channel="C0ALERTS", text="card", blocks=BLOCKS)["ts"]
    answer = box.press(ts, "ack")
    assert (answer["ok"], answer["status"]) == (False, None)
    assert "did not answer" in answer["error"]
    assert box.get("log")["inbound"][0]["error"] == "http_timeout"


# -- response urls


def test_a_response_url_replaces_deletes_and_whispers(box: Any, bot: Any, card: str) -> None:
    box.press(card, "ack")
    hook = WebhookClient(bot.last["response_url"])
    assert hook.send(text="Ana has it", blocks=BLOCKS[:1], replace_original=True).status_code == 200
    shown = box.messages()[0]
    assert (shown["text"], len(shown["blocks"]), shown["metadata"]) == ("Ana has it", 1, MARK)
    hook.send(text="already acknowledged", response_type="ephemeral")
    assert [m["text"] for m in box.messages() if m["ephemeral"]] == ["already acknowledged"]
    assert [m["text"] for m in box.messages(who="U0BEN")] == ["Ana has it"]
    hook.send(text="aloud", response_type="in_channel")
    assert [m["text"] for m in box.messages(who="U0BEN")] == ["Ana has it", "aloud"]
    hook.send(delete_original=True)
    assert [m["text"] for m in box.messages(who="U0BEN")] == ["aloud"]
    assert hook.send(text="fifth").status_code == 200
    assert (hook.send(text="sixth").status_code, len(box.calls("response_url"))) == (404, 6)


def test_a_response_url_is_as_strict_as_the_web_api(box: Any, bot: Any, card: str) -> None:
    box.press(card, "ack")
    url = bot.last["response_url"]
    assert box.http.post(url, json={"blocks": [{"type": "alert"}]}).json()["error"] == "invalid_blocks"
    assert box.http.post(url, json={}).json()["error"] == "no_text"
    assert box.http.post(url, content=b"{").json()["error"] == "invalid_payload"
    assert box.http.post(f"{box.url}/sandbox/response/guessed", json={"text": "x"}).status_code == 404


# -- commands


def test_a_command_arrives_as_a_form_with_names_turned_into_ids(box: Any, bot: Any) -> None:
    bot.says("You have *2* open alerts")
    answer = box.post("command", **{"as": "U0ANA"}, channel="C0PAY", command="/loop", text="mine @ben #ai-alerts @no")
    assert answer["ok"] is True
    sent = bot.last
    assert bot.heard[-1].headers["content-type"] == "application/x-www-form-urlencoded"
    assert (sent["command"], sent["text"]) == ("/loop", "mine <@U0BEN|ben> <#C0ALERTS|ai-alerts> @no")
    assert (sent["user_id"], sent["channel_id"], sent["channel_name"]) == ("U0ANA", "C0PAY", "privategroup")
    assert {"team_id", "team_domain", "api_app_id", "trigger_id", "response_url", "token"} <= sent.keys()
    shown = box.messages("C0PAY")[0]
    assert (shown["text"], shown["ephemeral"]) == ("You have *2* open alerts", True)
    assert box.messages("C0PAY", who="U0BEN") == []


def test_a_commands_json_answer_may_be_for_everybody(box: Any, bot: Any) -> None:
    bot.says({"response_type": "in_channel", "text": "here", "blocks": BLOCKS[:1]})
    box.post("command", **{"as": "U0ANA"}, channel="C0ALERTS", command="/loop", text="open")
    assert [(m["text"], m["ephemeral"]) for m in box.messages(who="U0BEN")] == [("here", False)]


@pytest.mark.parametrize(
    ("said", "status", "command", "error"),
    [
        ("", 500, "/loop", '/loop failed with the error "dispatch_failed"'),
        ({"text": "x", "blocks": [{"type": "alert"}]}, 200, "/loop", '/loop failed with the error "invalid_response"'),
        ("", 200, "/dance", "/dance is not a valid command."),
    ],
)
def test_a_command_that_fails_tells_the_person(
    box: Any, bot: Any, said: Any, status: int, command: str, error: str
) -> None:
    bot.says(said, status=status)
    assert box.post("command", **{"as": "U0ANA"}, channel="C0ALERTS", command=command, text="")["error"] == error


# -- modals


def opened(box: Any, bot: Any, slack: Any, card: str, view: Any = MODAL) -> Any:
    box.press(card, "ack")
    return slack.views_open(trigger_id=bot.last["trigger_id"], view=view)["view"]


def enter(box: Any, view_id: str, text: str | None, who: str = "U0ANA") -> Any:
    values = {"done": {"text": {"type": "plain_text_input", "value": text}}}
    return box.post("submit", **{"as": who}, view_id=view_id, values=values)


def test_a_modal_opens_for_the_person_who_clicked_only(box: Any, bot: Any, slack: Any, card: str) -> None:
    view = opened(box, bot, slack, card)
    assert [v["id"] for v in box.state("U0ANA")["modals"]] == [view["id"]]
    assert box.state("U0BEN")["modals"] == []
    assert (view["app_id"], view["bot_id"], view["root_view_id"]) == ("A0LOOP", "B0LOOP", view["id"])
    body = {"as": "U0BEN", "view_id": view["id"], "values": {}}
    assert box.http.post(f"{box.url}/sandbox/api/submit", json=body).status_code == 404


def test_a_submission_carries_every_field_and_an_empty_answer_closes(box: Any, bot: Any, slack: Any, card: str) -> None:
    view = opened(box, bot, slack, card)
    assert enter(box, view["id"], "paid twice, refunded")["ok"] is True
    payload = bot.last
    assert (payload["type"], payload["view"]["callback_id"]) == ("view_submission", "resolve")
    assert payload["view"]["state"]["values"] == {
        "done": {"text": {"type": "plain_text_input", "value": "paid twice, refunded"}},
        "link": {"text": {"type": "plain_text_input", "value": None}},
    }
    assert payload["response_urls"] == []
    assert box.state()["modals"] == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [(None, "Please complete this required field."), ("", "Please complete this required field."),
     ("no", "Please enter at least 3 characters.")],
)  # fmt: skip
def test_slack_itself_refuses_an_incomplete_form(
    box: Any, bot: Any, slack: Any, card: str, text: str | None, problem: str
) -> None:
    view = opened(box, bot, slack, card)
    asked = len(bot.heard)
    assert enter(box, view["id"], text)["errors"] == {"done": problem}
    assert len(bot.heard) == asked


def test_errors_update_push_and_clear(box: Any, bot: Any, slack: Any, card: str) -> None:
    view = opened(box, bot, slack, card)
    bot.says({"response_action": "errors", "errors": {"done": "say more"}})
    assert enter(box, view["id"], "abc")["errors"] == {"done": "say more"}
    bot.says({"response_action": "update", "view": MODAL | {"callback_id": "second"}})
    enter(box, view["id"], "abc")
    assert [v["callback_id"] for v in box.state()["modals"]] == ["second"]
    bot.says({"response_action": "push", "view": MODAL | {"callback_id": "third"}})
    enter(box, view["id"], "abc")
    modals = box.state()["modals"]
    assert [v["callback_id"] for v in modals] == ["second", "third"]
    assert modals[1]["previous_view_id"] == view["id"]
    bot.says({"response_action": "clear"})
    enter(box, modals[1]["id"], "abc")
    assert box.state()["modals"] == []


@pytest.mark.parametrize(
    "said",
    [
        {"response_action": "dance"},
        {"response_action": "errors", "errors": {"nowhere": "x"}},
        {"response_action": "errors", "errors": {}},
        {"response_action": "update", "view": MODAL | {"title": None}},
        "closed, thanks",
    ],
)
def test_an_answer_that_slack_would_not_accept_leaves_the_modal_open(
    box: Any, bot: Any, slack: Any, card: str, said: Any
) -> None:
    view = opened(box, bot, slack, card)
    bot.says(said)
    answer = enter(box, view["id"], "abc")
    assert (answer["ok"], answer["error"]) == (False, "We had some trouble connecting. Try again?")
    assert [v["id"] for v in box.state()["modals"]] == [view["id"]]
    assert box.get("log")["inbound"][-1]["error"].startswith("invalid response")


def test_closing_is_told_only_to_an_app_that_asked(box: Any, bot: Any, slack: Any, card: str) -> None:
    silent = opened(box, bot, slack, card)
    asked = len(bot.heard)
    box.post("close", **{"as": "U0ANA"}, view_id=silent["id"])
    assert (len(bot.heard), box.state()["modals"]) == (asked, [])
    curious = opened(box, bot, slack, card, MODAL | {"notify_on_close": True})
    box.post("close", **{"as": "U0ANA"}, view_id=curious["id"])
    assert (bot.last["type"], bot.last["is_cleared"]) == ("view_closed", False)


def views_error(call: Any, **arguments: Any) -> str:
    with pytest.raises(SlackApiError) as error:
        call(**arguments)
    return str(error.value.response["error"])


def test_a_trigger_works_once_and_for_three_seconds(box: Any, bot: Any, slack: Any, card: str) -> None:
    box.press(card, "ack")
    trigger = bot.last["trigger_id"]
    assert views_error(slack.views_open, trigger_id=trigger, view={"type": "modal"}) == "invalid_arguments"
    slack.views_open(trigger_id=trigger, view=MODAL)
    assert views_error(slack.views_open, trigger_id=trigger, view=MODAL) == "exchanged_trigger_id"
    assert views_error(slack.views_open, trigger_id="1.2.x", view=MODAL) == "invalid_trigger_id"
    box.press(card, "ack")
    trigger = bot.last["trigger_id"]
    time.sleep(3.05)
    assert views_error(slack.views_open, trigger_id=trigger, view=MODAL) == "expired_trigger_id"


def test_three_views_are_the_most(box: Any, bot: Any, slack: Any, card: str) -> None:
    pressable = MODAL | {"blocks": [*MODAL["blocks"], BLOCKS[1]]}
    view = opened(box, bot, slack, card, pressable)

    def press_inside() -> str:
        container = {"type": "view", "view_id": view["id"]}
        answer = box.post("act", **{"as": "U0ANA"}, container=container, action={"action_id": "ack"})
        assert answer["ok"] is True
        assert bot.last["container"] == container
        return str(bot.last["trigger_id"])

    slack.views_push(trigger_id=press_inside(), view=MODAL)
    slack.views_push(trigger_id=press_inside(), view=MODAL)
    assert views_error(slack.views_push, trigger_id=press_inside(), view=MODAL) == "push_limit_reached"


def test_a_stale_hash_a_twin_id_and_a_huge_view_are_refused(box: Any, bot: Any, slack: Any, card: str) -> None:
    view = opened(box, bot, slack, card, MODAL | {"external_id": "mine"})
    slack.views_update(view_id=view["id"], hash=view["hash"], view=MODAL | {"external_id": "mine"})
    assert views_error(slack.views_update, view_id=view["id"], hash=view["hash"], view=MODAL) == "hash_conflict"
    slack.views_update(external_id="mine", view=MODAL | {"external_id": "mine"})
    assert views_error(slack.views_update, view_id="V404", view=MODAL) == "not_found"
    section = {"type": "section", "fields": [{"type": "plain_text", "text": "x" * 2000}] * 10}
    huge = {"type": "home", "blocks": [section] * 14}
    assert views_error(slack.views_publish, user_id="U0ANA", view=huge) == "view_too_large"
    home = {"type": "home", "blocks": BLOCKS, "external_id": "mine"}
    slack.views_publish(user_id="U0BEN", view={"type": "home", "blocks": []})
    assert views_error(slack.views_publish, user_id="U0BEN", view=home) == "duplicate_external_id"


# -- events


def test_opening_home_is_an_event_and_publish_fills_it(box: Any, bot: Any, slack: Any) -> None:
    box.post("home", **{"as": "U0ANA"})
    event = bot.last
    assert bot.heard[-1].headers["content-type"] == "application/json"
    assert (event["type"], event["event"]["type"], event["event"]["user"]) == (
        "event_callback", "app_home_opened", "U0ANA",
    )  # fmt: skip
    assert event["event"]["tab"] == "home"
    assert event["authorizations"][0]["user_id"] == "U0LOOP"
    assert {"token", "team_id", "api_app_id", "event_id", "event_time"} <= event.keys()
    slack.views_publish(user_id="U0ANA", view={"type": "home", "blocks": BLOCKS})
    assert box.state("U0ANA")["home"]["blocks"][0]["block_id"] == "what"
    assert box.state("U0BEN")["home"] is None


def test_an_unanswered_event_comes_three_times_more_with_the_same_id(box: Any, bot: Any) -> None:
    bot.says("down", status=503)
    box.post("home", **{"as": "U0ANA"})
    until(lambda: len(bot.heard) == 4)
    assert [h.headers.get("x-slack-retry-num") for h in bot.heard] == [None, "1", "2", "3"]
    assert {h.headers["x-slack-retry-reason"] for h in bot.heard[1:]} == {"http_error"}
    assert len({h.payload["event_id"] for h in bot.heard}) == 1


def test_an_app_can_ask_for_no_retries(box: Any, bot: Any) -> None:
    bot.says("down", status=503)
    bot.headers["x-slack-no-retry"] = "1"
    box.post("home", **{"as": "U0ANA"})
    bot.says("")
    box.post("home", **{"as": "U0BEN"})
    assert [h.payload["event"]["user"] for h in bot.heard] == ["U0ANA", "U0BEN"]


def test_a_deactivation_is_told_and_a_new_manager_is_not(box: Any, bot: Any) -> None:
    box.post("users/U0BEN", manager="U0ELSA")
    box.post("users/U0BEN", deleted=True)
    until(lambda: bot.heard)
    assert [(h.payload["event"]["type"], h.payload["event"]["user"]["deleted"]) for h in bot.heard] == [
        ("user_change", True)
    ]


def test_the_handshake_wants_the_challenge_back(box: Any, bot: Any) -> None:
    assert box.post("verify")["ok"] is False
    bot.answer = lambda heard: (200, heard.payload["challenge"].encode(), "text/plain")
    assert box.post("verify")["ok"] is True


# -- forged, stale and replayed


@pytest.mark.parametrize(("sign", "valid"), [("good", True), ("bad", False), ("none", False), ("stale", False)])
def test_a_hand_made_request_is_signed_as_ordered(box: Any, bot: Any, sign: str, valid: bool) -> None:
    bot.says("hello", status=418)
    answer = box.post("raw", kind="interaction", body={"type": "block_actions"}, sign=sign)
    assert (answer["status"], answer["body"]) == (418, "hello")
    assert bot.last == {"type": "block_actions"}
    assert SignatureVerifier(SECRET).is_valid_request(bot.heard[-1].body, bot.heard[-1].headers) is valid


def test_a_hand_made_body_and_headers_go_out_untouched(box: Any, bot: Any) -> None:
    box.post("raw", kind="command", body="token=x&command=%2Floop", headers={"X-Mine": "1"})
    assert (bot.heard[-1].body, bot.heard[-1].headers["x-mine"]) == (b"token=x&command=%2Floop", "1")


def test_a_replay_is_the_same_request_byte_for_byte(box: Any, bot: Any, card: str) -> None:
    box.press(card, "ack")
    assert box.post("replay")["status"] == 200
    first, second = bot.heard
    assert (first.body, first.headers["x-slack-signature"]) == (second.body, second.headers["x-slack-signature"])
