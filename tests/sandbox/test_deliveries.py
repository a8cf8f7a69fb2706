"""What a checker asks: how often each delivery was posted, and what of it can be seen now."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from tests.sandbox.conftest import until


def marked(delivery: str, revision: int = 1) -> Any:
    return {"event_type": "closeloop_card", "event_payload": {"delivery": delivery, "alert": "A", "revision": revision}}


def post(slack: Any, delivery: str, *, channel: str = "C0ALERTS", **more: Any) -> str:
    return str(slack.chat_postMessage(channel=channel, text="x", metadata=marked(delivery), **more)["ts"])


def deliveries(box: Any) -> Any:
    return box.get("messages_by_delivery")


def test_each_delivery_says_where_it_stands_and_in_which_revision(box: Any, slack: Any) -> None:
    slack.chat_postMessage(channel="C0ALERTS", text="without a mark")
    root = post(slack, "card:1")
    slack.chat_update(channel="C0ALERTS", ts=root, text="y", metadata=marked("card:1", 2))
    reply = post(slack, "nudge:1", thread_ts=root)
    direct = post(slack, "nudge:2", channel="U0ANA")
    assert deliveries(box) == {
        "card:1": {"posted": 1, "visible": [{"channel": "C0ALERTS", "ts": root, "revision": 2}], "thread": False},
        "nudge:1": {"posted": 1, "visible": [{"channel": "C0ALERTS", "ts": reply, "revision": 1}], "thread": True},
        "nudge:2": {"posted": 1, "visible": [{"channel": "DU0ANA", "ts": direct, "revision": 1}], "thread": False},
    }


def test_twins_are_counted_and_what_was_deleted_is_remembered(box: Any, slack: Any) -> None:
    first, second = post(slack, "card:1"), post(slack, "card:1")
    assert [m["ts"] for m in deliveries(box)["card:1"]["visible"]] == [first, second]
    slack.chat_delete(channel="C0ALERTS", ts=second)
    assert deliveries(box)["card:1"]["posted"] == 2
    assert [m["ts"] for m in deliveries(box)["card:1"]["visible"]] == [first]


def test_a_stub_and_a_deleted_channel_show_nothing(box: Any, slack: Any) -> None:
    root = post(slack, "card:1")
    reply = post(slack, "nudge:1", thread_ts=root)
    slack.chat_delete(channel="C0ALERTS", ts=root)
    assert deliveries(box)["card:1"] == {"posted": 1, "visible": [], "thread": False}
    assert [m["ts"] for m in deliveries(box)["nudge:1"]["visible"]] == [reply]
    box.http.delete(f"{box.url}/sandbox/api/channels/C0ALERTS")
    assert deliveries(box)["nudge:1"] == {"posted": 1, "visible": [], "thread": True}


def test_a_call_whose_answer_was_lost_counts_as_posted(box: Any, slack: Any) -> None:
    box.post("faults", method="chat.postMessage", fault="internal_error_after", times=1)
    box.post("faults", method="chat.postMessage", fault="http_500_before", times=2)
    for _ in range(2):
        with pytest.raises(SlackApiError):
            post(slack, "card:1")
    assert deliveries(box) == {}
    with pytest.raises(SlackApiError):
        post(slack, "card:1")
    assert deliveries(box)["card:1"]["posted"] == 1


def test_a_late_message_counts_from_when_it_stands(box: Any) -> None:
    box.post("faults", method="chat.postMessage", fault="late", times=1, seconds=0.2)
    with pytest.raises(ConnectionError):
        post(box.client(), "card:1")
    assert deliveries(box) == {}
    until(lambda: "card:1" in deliveries(box))


def test_the_count_outlives_a_restart(start: Any, tmp_path: Path) -> None:
    file = tmp_path / "workspace.jsonl"
    box = start(data_file=file)
    slack = box.client()
    kept, gone = post(slack, "card:1"), post(slack, "card:1")
    slack.chat_update(channel="C0ALERTS", ts=kept, text="y", metadata=marked("card:1", 2))
    slack.chat_delete(channel="C0ALERTS", ts=gone)
    assert deliveries(start(data_file=file)) == deliveries(box)
    assert deliveries(box)["card:1"]["posted"] == 2
    box.post("reset")
    assert deliveries(box) == {}


def clicked(box: Any, bot: Any, slack: Any) -> tuple[str, str]:
    """(timestamp of a marked message, the address that came with a click on it)."""
    button = {"type": "button", "action_id": "ok", "text": {"type": "plain_text", "text": "OK"}, "value": "v"}
    ts = post(slack, "card:1", blocks=[{"type": "actions", "block_id": "b", "elements": [button]}])
    box.press(ts, "ok")
    return ts, bot.last["response_url"]


def test_a_message_replaced_by_a_clicks_answer_keeps_its_mark(box: Any, bot: Any, slack: Any) -> None:
    ts, url = clicked(box, bot, slack)
    assert box.http.post(url, json={"replace_original": True, "text": "y"}).status_code == 200
    (shown,) = slack.conversations_history(channel="C0ALERTS", include_all_metadata=True)["messages"]
    assert (shown["text"], shown["metadata"]) == ("y", marked("card:1"))
    box.http.post(url, json={"replace_original": True, "text": "z", "metadata": marked("card:1", 3)})
    assert deliveries(box)["card:1"]["visible"] == [{"channel": "C0ALERTS", "ts": ts, "revision": 3}]
    assert {(c["delivery"], c["event_type"], c["ts"]) for c in box.calls("response_url")} == {
        ("card:1", "closeloop_card", ts)
    }


def test_a_clicks_answer_cannot_replace_what_was_deleted(box: Any, bot: Any, slack: Any) -> None:
    ts, url = clicked(box, bot, slack)
    slack.chat_delete(channel="C0ALERTS", ts=ts)
    answer = box.http.post(url, json={"replace_original": True, "text": "y"})
    assert (answer.status_code, answer.json()["error"]) == (400, "message_not_found")
    assert box.messages() == []


def cost(box: Any, path: str, **query: Any) -> float:
    """Seconds of the quickest of five."""

    def once() -> float:
        started = time.perf_counter()
        box.get(path, **query)
        return time.perf_counter() - started

    return min(once() for _ in range(5))


def test_what_a_page_and_a_log_reader_ask_in_a_storm_costs_no_more_than_before_it(box: Any) -> None:
    body = {"channel": "C0ALERTS", "text": "x"}
    headers = {"authorization": "Bearer xoxb-sandbox"}

    def storm(count: int) -> None:
        for _ in range(count):
            box.http.post(f"{box.url}/api/chat.postMessage", data=body, headers=headers)

    asked: list[tuple[str, dict[str, Any]]] = [
        ("state", {"as": "U0BEN"}),
        ("messages", {"as": "U0BEN", "channel": "C0ALERTS"}),
    ]
    storm(350)
    before = [cost(box, path, **query) for path, query in asked]
    storm(1400)
    after = [cost(box, path, **query) for path, query in asked]
    last = box.get("log")["last"]
    tail = cost(box, "log", since=last - 10)
    for early, late in zip(before, after, strict=True):
        assert late < early * 3 + 0.01
    assert tail < cost(box, "log") / 3
