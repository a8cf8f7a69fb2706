"""Slack away, slow or without the app: what callers see for how long, and that it comes back."""

from __future__ import annotations

import http.client
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from sandbox.config import Limits
from sandbox.faults import BEFORE, Faults
from tests.sandbox.conftest import until

MARK = {"event_type": "closeloop_card", "event_payload": {"delivery": "card:1", "alert": "A", "revision": 1}}


def post(slack: Any, channel: str = "C0ALERTS") -> Any:
    return slack.chat_postMessage(channel=channel, text="x")


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(SlackApiError) as error:
        call(**arguments)
    return str(error.value.response["error"])


def test_an_outage_cuts_every_call_and_nothing_takes_effect(box: Any, slack: Any) -> None:
    fault = box.post("faults", method="*", fault="down")
    for call in (lambda: post(slack), slack.auth_test, lambda: slack.conversations_history(channel="C0ALERTS")):
        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
            call()
    assert [(c["status"], c["fault"]) for c in box.calls()] == [(None, "down")] * 3
    box.http.delete(f"{box.url}/sandbox/api/faults", params={"id": fault["id"]})
    assert box.messages() == []
    post(slack)


@pytest.mark.parametrize(("how", "status"), [("503", 503), ("html", 200)])
def test_an_outage_can_look_like_a_broken_answer(box: Any, how: str, status: int) -> None:
    box.post("faults", method="chat.postMessage", fault="down", how=how)
    headers = {"authorization": "Bearer xoxb-sandbox"}
    answer = box.http.post(
        f"{box.url}/api/chat.postMessage", data={"channel": "C0ALERTS", "text": "x"}, headers=headers
    )
    assert (answer.status_code, box.messages()) == (status, [])
    assert answer.headers["content-type"].startswith("text/")
    assert box.client().auth_test()["ok"] is True, "only the method it was ordered for"


def test_an_outage_ends_by_itself() -> None:
    now = [100.0]
    faults = Faults(monotonic=lambda: now[0])
    faults.add({"fault": "down", "seconds": 3600})
    assert faults.take("auth.test", set(), BEFORE) is not None
    now[0] += 3599
    assert faults.take("chat.update", set(), BEFORE) is not None
    now[0] += 1
    assert faults.take("auth.test", set(), BEFORE) is None
    assert faults.as_json() == []


def test_an_outage_is_over_for_callers_when_its_time_is(box: Any, slack: Any) -> None:
    box.post("faults", method="*", fault="down", seconds=0.3)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        post(slack)
    until(lambda: box.get("faults") == [])
    post(slack)


def test_the_answer_to_a_click_is_down_with_everything_else(box: Any, bot: Any, slack: Any) -> None:
    url = clicked(box, bot, slack)
    box.post("faults", method="*", fault="down", how="503")
    assert box.http.post(url, json={"text": "y", "replace_original": True}).status_code == 503
    assert box.calls("response_url")[0]["fault"] == "down"
    box.http.delete(f"{box.url}/sandbox/api/faults")
    assert box.http.post(url, json={"text": "y", "replace_original": True}).status_code == 200
    assert box.messages()[0]["text"] == "y"


def clicked(box: Any, bot: Any, slack: Any) -> str:
    """The address that came with a click on a message of the bot, which carries a mark."""
    button = {"type": "button", "action_id": "ok", "text": {"type": "plain_text", "text": "OK"}, "value": "v"}
    blocks = [{"type": "actions", "block_id": "b", "elements": [button]}]
    ts = slack.chat_postMessage(channel="C0ALERTS", text="x", blocks=blocks, metadata=MARK)["ts"]
    box.press(ts, "ok")
    return str(bot.last["response_url"])


def test_a_slow_call_takes_effect_at_once_and_is_answered_later(box: Any, slack: Any) -> None:
    box.post("faults", method="chat.postMessage", fault="slow", seconds=0.5)
    caller = threading.Thread(target=post, args=(slack,))
    started = time.monotonic()
    caller.start()
    until(lambda: box.messages())
    assert time.monotonic() - started < 0.45
    caller.join(5)
    assert time.monotonic() - started >= 0.49
    (call,) = box.calls("chat.postMessage")
    assert call["ok"] is True
    assert call["ms"] >= 490


def test_slowness_lasts_touches_no_other_method_and_joins_other_faults(box: Any, slack: Any) -> None:
    box.post("faults", method="chat.postMessage", fault="slow", seconds=0.15, times=None)
    box.post("faults", method="chat.postMessage", fault="internal_error_after", times=1)
    assert refused(slack.chat_postMessage, channel="C0ALERTS", text="x") == "internal_error"
    post(slack)
    slack.auth_test()
    quick = [c["ms"] < 140 for c in box.calls()]
    assert quick == [False, False, True]
    assert len(box.messages()) == 2


def test_what_came_late_is_past_its_limits(start: Any) -> None:
    box = start(limits=Limits())
    slack = box.client()
    box.post("faults", method="chat.postMessage", fault="late", times=1, seconds=0.3)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        slack.chat_postMessage(channel="C0ALERTS", text="late")
    post(slack)  # takes the channel's second for itself
    until(lambda: len(box.messages()) == 2)
    call = box.calls("chat.postMessage")[0]
    assert (call["ok"], call["status"], call["late"], call["error"]) == (True, None, 0.3, None)
    assert box.calls("chat.postMessage")[1]["late"] is None
    assert refused(slack.chat_postMessage, channel="C0ALERTS", text="too soon") == "ratelimited", "limits are back"


@pytest.mark.parametrize(
    "wrong",
    [
        {"fault": "down", "how": "gone"},
        {"fault": "slow", "seconds": "many"},
        {"fault": "slow", "seconds": -1},
        {"fault": "late", "times": 0},
        {"fault": "late", "times": "once"},
    ],
)
def test_a_fault_that_cannot_be_is_refused(box: Any, wrong: Any) -> None:
    assert box.http.post(f"{box.url}/sandbox/api/faults", json=wrong).status_code == 400


def test_a_revoked_token_is_refused_by_every_method_until_it_is_given_back(box: Any, bot: Any, slack: Any) -> None:
    url = clicked(box, bot, slack)
    ts = box.messages()[0]["ts"]
    assert box.post("install", revoked=True) == {"ok": True, "revoked": True}
    assert box.state()["revoked"] is True
    assert refused(slack.auth_test) == "token_revoked"
    assert refused(slack.chat_postMessage, channel="C0ALERTS", text="x") == "token_revoked"
    assert refused(slack.chat_update, channel="C0ALERTS", ts=ts, text="x") == "token_revoked"
    assert refused(slack.conversations_history, channel="C0ALERTS") == "token_revoked"
    assert refused(box.client("xoxb-wrong").auth_test) == "invalid_auth"
    assert box.http.post(url, json={"text": "y"}).status_code == 404
    box.post("install", revoked=False)
    assert slack.auth_test()["ok"] is True
    assert box.http.post(f"{box.url}/sandbox/api/install", json={}).status_code == 400


def test_a_revocation_is_told_once_where_the_app_listens(start: Any, bot: Any) -> None:
    box = start(events=frozenset({"tokens_revoked", "app_uninstalled"}))
    box.post("install", revoked=True)
    box.post("install", revoked=True)
    until(lambda: len(bot.heard) == 2)
    told = {heard.payload["event"]["type"]: heard.payload["event"] for heard in bot.heard}
    assert told.keys() == {"tokens_revoked", "app_uninstalled"}
    assert told["tokens_revoked"]["tokens"] == {"oauth": [], "bot": ["U0LOOP"]}
    box.post("install", revoked=False)
    assert len(bot.heard) == 2


def test_a_revocation_outlives_a_restart_and_no_reset(start: Any, tmp_path: Path) -> None:
    file = tmp_path / "workspace.jsonl"
    start(data_file=file).post("install", revoked=True)
    again = start(data_file=file)
    assert refused(again.client().auth_test) == "token_revoked"
    again.post("reset")
    assert again.client().auth_test()["ok"] is True
