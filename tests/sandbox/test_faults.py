"""Faults on order: what the caller sees, and whether the call took effect."""

from __future__ import annotations

import http.client
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from tests.sandbox.conftest import until


def post(slack: Any) -> Any:
    return slack.chat_postMessage(channel="C0ALERTS", text="x")


def shown(box: Any) -> int:
    return len(box.messages())


@pytest.mark.parametrize(("fault", "committed"), [("drop_before", 0), ("drop_after", 1)])
def test_a_dropped_connection_gives_no_answer(box: Any, slack: Any, fault: str, committed: int) -> None:
    box.post("faults", method="chat.postMessage", fault=fault, times=1)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        post(slack)
    assert shown(box) == committed
    call = box.calls("chat.postMessage")[0]
    assert (call["ok"], call["status"], call["fault"]) == (bool(committed), None, fault)
    post(slack)
    assert shown(box) == committed + 1


@pytest.mark.parametrize(
    ("fault", "committed"),
    [("http_500_before", 0), ("http_500_after", 1), ("html_after", 1), ("internal_error_after", 1)],
)
def test_a_broken_answer_is_an_error_whether_or_not_it_took_effect(
    box: Any, slack: Any, fault: str, committed: int
) -> None:
    box.post("faults", method="*", fault=fault, times=1)
    with pytest.raises(SlackApiError):
        post(slack)
    assert shown(box) == committed


def test_a_hanging_call_took_effect_and_answers_nothing(box: Any) -> None:
    box.post("faults", method="chat.postMessage", fault="hang_after", times=1, seconds=0.6)
    impatient = box.client()
    impatient.timeout = 0.2  # type: ignore[assignment]
    with pytest.raises(TimeoutError):
        post(impatient)
    assert shown(box) == 1


def test_a_late_call_takes_effect_long_after_the_caller_was_cut_off(box: Any, slack: Any) -> None:
    box.post("faults", method="chat.postMessage", fault="late", times=1, seconds=0.3)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        post(slack)
    assert shown(box) == 0
    until(lambda: shown(box) == 1)
    call = box.calls("chat.postMessage")[0]
    assert (call["ok"], call["status"]) == (True, None)


def test_a_limit_on_order_says_how_long(box: Any, slack: Any) -> None:
    box.post("faults", method="chat.postMessage", fault="rate_limited", times=1, seconds=7)
    with pytest.raises(SlackApiError) as error:
        post(slack)
    assert error.value.response.headers["Retry-After"] == "7"
    assert shown(box) == 0


def test_a_fault_strikes_only_the_call_it_was_ordered_for(box: Any, slack: Any) -> None:
    box.post("faults", method="chat.postMessage", channel="C0EXC", fault="http_500_before", times=1)
    post(slack)
    slack.auth_test()
    with pytest.raises(SlackApiError):
        slack.chat_postMessage(channel="#ai-exceptions", text="x")
    slack.chat_postMessage(channel="C0EXC", text="x")


def test_a_fault_after_the_effect_waits_for_a_call_that_has_one(box: Any, slack: Any) -> None:
    box.post("faults", method="chat.postMessage", fault="internal_error_after", times=1)
    with pytest.raises(SlackApiError) as error:
        slack.chat_postMessage(channel="C0NOWHERE", text="x")
    assert error.value.response["error"] == "channel_not_found"
    with pytest.raises(SlackApiError) as error:
        post(slack)
    assert error.value.response["error"] == "internal_error"


def test_faults_are_listed_and_taken_back(box: Any, slack: Any) -> None:
    first = box.post("faults", method="chat.update", fault="late", times=None)
    box.post("faults", method="*", fault="http_500_before", times=None)
    assert [f["fault"] for f in box.state()["faults"]] == ["late", "http_500_before"]
    box.http.delete(f"{box.url}/sandbox/api/faults", params={"id": first["id"]})
    assert [f["fault"] for f in box.get("faults")] == ["http_500_before"]
    box.http.delete(f"{box.url}/sandbox/api/faults")
    post(slack)
    assert box.http.post(f"{box.url}/sandbox/api/faults", json={"fault": "meteor"}).status_code == 400


def test_a_call_on_a_healthy_day_is_quick(box: Any, slack: Any) -> None:
    for _ in range(200):
        post(slack)
    costs = sorted(c["ms"] for c in box.calls("chat.postMessage"))
    assert costs[len(costs) // 2] < 3  # milliseconds
