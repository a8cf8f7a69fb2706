"""Slack's limits: a post a second a channel, the workspace's bucket, method tiers, Retry-After."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from sandbox.config import Limits
from sandbox.errors import RateLimited
from sandbox.limits import Throttle


class Machine:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def allowed(throttle: Throttle, machine: Machine, channel: str, seconds: list[float]) -> list[bool]:
    """Whether a post at each of these seconds after the start got through."""
    start, answers = machine.now, []
    for second in seconds:
        machine.now = start + second
        try:
            throttle.post(channel)
            answers.append(True)
        except RateLimited:
            answers.append(False)
    return answers


@pytest.mark.parametrize(
    ("burst", "seconds", "expected"),
    [
        (1, [0, 0.5, 1.0, 1.5, 2.0], [True, False, True, False, True]),
        (1, [0, 0.97], [True, True]),  # the jitter that is forgiven
        (1, [0, 0.97, 1.94, 2.91, 3.88], [True, True, False, True, True]),  # and it does not add up
        (1, [0, 10, 10.1], [True, True, False]),  # silence saves nothing up
        (3, [0, 0, 0, 0, 1.0, 1.0], [True, True, True, False, True, False]),
    ],
)
def test_a_channel_takes_one_message_a_second(burst: int, seconds: list[float], expected: list[bool]) -> None:
    machine = Machine()
    throttle = Throttle(Limits(post_burst=burst), machine)
    assert allowed(throttle, machine, "C1", seconds) == expected


def test_channels_have_budgets_of_their_own_and_the_workspace_one_for_all() -> None:
    machine = Machine()
    throttle = Throttle(Limits(workspace_per_minute=60, workspace_burst=2), machine)
    throttle.post("C1")
    throttle.post("C2")
    with pytest.raises(RateLimited) as limited:
        throttle.post("C3")
    assert limited.value.retry_after == 1
    machine.now += 1
    throttle.post("C3")


def test_a_refused_post_uses_nothing_up() -> None:
    machine = Machine()
    throttle = Throttle(Limits(workspace_burst=2, workspace_per_minute=60), machine)
    throttle.post("C1")
    for _ in range(5):
        with pytest.raises(RateLimited):
            throttle.post("C1")
    throttle.post("C2")


@pytest.mark.parametrize(("tier", "most"), [(1, 1), (2, 20), (3, 50), (4, 100)])
def test_a_method_has_its_tiers_calls_in_any_minute(tier: int, most: int) -> None:
    machine = Machine()
    throttle = Throttle(Limits(), machine)
    for _ in range(most):
        throttle.method("m", tier)
    machine.now += 20
    with pytest.raises(RateLimited) as limited:
        throttle.method("m", tier)
    assert limited.value.retry_after == 40
    throttle.method("another", tier)
    machine.now += limited.value.retry_after
    throttle.method("m", tier)


def test_tiers_can_be_widened_or_turned_off() -> None:
    wide, off = Throttle(Limits(tier_scale=2)), Throttle(Limits(tier_scale=0))
    for _ in range(40):
        wide.method("m", 2)
        off.method("m", 2)
    with pytest.raises(RateLimited):
        wide.method("m", 2)
    off.method("m", 2)


def test_a_limited_caller_is_told_when_to_come_back_and_counted(start: Any) -> None:
    box = start(limits=Limits())
    slack = box.client()
    root = slack.chat_postMessage(channel="C0ALERTS", text="one")["ts"]
    with pytest.raises(SlackApiError) as error:
        slack.chat_postMessage(channel="C0ALERTS", text="two", thread_ts=root)
    answer = error.value.response
    assert (answer.status_code, answer["error"], answer.headers["Retry-After"]) == (429, "ratelimited", "1")
    slack.chat_postMessage(channel="U0ANA", text="a direct message is a channel of its own")
    log = box.get("log")
    assert log["limited"] == 1
    assert [(c["status"], c["ok"]) for c in log["calls"]] == [(200, True), (429, False), (200, True)]


def test_limits_can_be_changed_while_it_runs(box: Any, slack: Any) -> None:
    assert box.post("limits", enabled=True, post_burst=2)["post_burst"] == 2
    slack.chat_postMessage(channel="C0ALERTS", text="one")
    slack.chat_postMessage(channel="C0ALERTS", text="two")
    with pytest.raises(SlackApiError):
        slack.chat_postMessage(channel="C0ALERTS", text="three")
    for wrong in ({"speed": 1}, {"post_burst": "many"}, {"posts_per_second": 0}):
        assert box.http.post(f"{box.url}/sandbox/api/limits", json=wrong).status_code == 400
