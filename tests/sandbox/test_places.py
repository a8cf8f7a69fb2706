"""Places that go away: archived, renamed, deleted, the bot removed, the person deactivated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from tests.sandbox.conftest import until


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(SlackApiError) as error:
        call(**arguments)
    return str(error.value.response["error"])


def post(slack: Any, channel: str = "C0ALERTS", **more: Any) -> str:
    return str(slack.chat_postMessage(channel=channel, text="x", **more)["ts"])


def delete(box: Any, channel: str) -> Any:
    return box.http.delete(f"{box.url}/sandbox/api/channels/{channel}")


def test_an_archived_channel_takes_neither_posts_nor_edits_and_can_be_read(box: Any, slack: Any) -> None:
    ts = post(slack)
    box.post("channels/C0ALERTS", is_archived=True)
    assert refused(slack.chat_postMessage, channel="C0ALERTS", text="x") == "is_archived"
    assert refused(slack.chat_update, channel="C0ALERTS", ts=ts, text="y") == "is_inactive"
    assert len(slack.conversations_history(channel="C0ALERTS")["messages"]) == 1
    box.post("channels/C0ALERTS", is_archived=False)
    post(slack)


def test_a_bot_that_was_removed_is_outside_until_it_is_invited(box: Any, slack: Any) -> None:
    ts = post(slack)
    box.post("channels/C0ALERTS", remove=["U0LOOP"])
    assert refused(slack.chat_postMessage, channel="C0ALERTS", text="x") == "not_in_channel"
    assert refused(slack.chat_update, channel="C0ALERTS", ts=ts, text="x") == "not_in_channel"
    assert refused(slack.conversations_history, channel="C0ALERTS") == "not_in_channel"
    box.post("channels/C0ALERTS", add=["U0LOOP"])
    post(slack)
    box.post("channels/C0PAY", remove=["U0LOOP"])
    assert refused(slack.chat_postMessage, channel="C0PAY", text="x") == "channel_not_found", (
        "private ones are invisible"
    )


def test_a_renamed_channel_keeps_its_id_and_its_messages(box: Any, slack: Any) -> None:
    post(slack)
    assert box.post("channels/C0ALERTS", name="#ai-alarms")["channel"]["name"] == "ai-alarms"
    post(slack)
    assert len(box.messages()) == 2
    assert refused(slack.chat_postMessage, channel="#ai-alerts", text="x") == "channel_not_found"
    assert "ai-alarms" in [c["name"] for c in slack.conversations_list()["channels"]]
    for wrong in ({"name": "general"}, {"name": "#"}):
        assert box.http.post(f"{box.url}/sandbox/api/channels/C0ALERTS", json=wrong).status_code == 400
    assert box.http.post(f"{box.url}/sandbox/api/channels/DU0ANA", json={"name": "x"}).status_code == 400


def test_a_deleted_channel_is_gone_with_everything_in_it(box: Any, slack: Any) -> None:
    ts = post(slack)
    assert delete(box, "C0ALERTS").json() == {"ok": True}
    for call, more in (
        (slack.chat_postMessage, {"text": "x"}),
        (slack.chat_update, {"ts": ts, "text": "x"}),
        (slack.chat_delete, {"ts": ts}),
        (slack.conversations_history, {}),
    ):
        assert refused(call, channel="C0ALERTS", **more) == "channel_not_found"
    assert "C0ALERTS" not in [c["id"] for c in box.state()["channels"]]
    assert delete(box, "C0ALERTS").status_code == 404
    assert delete(box, "DU0ANA").status_code == 400


def test_a_channel_of_the_same_name_is_another_one(box: Any, slack: Any) -> None:
    made = [box.post("channels", name="fraud", members=["U0LOOP"])["channel"]["id"]]
    post(slack, made[0])
    delete(box, made[0])
    made.append(box.post("channels", name="fraud", members=["U0ANA", "U0LOOP"])["channel"]["id"])
    assert made[0] != made[1]
    assert box.messages(made[1]) == []


def test_what_happens_to_channels_is_told_where_the_app_listens(start: Any, bot: Any) -> None:
    box = start(events=frozenset({"channel_rename", "channel_deleted", "channel_archive"}))
    box.post("channels/C0ALERTS", name="ai-alarms")
    box.post("channels/C0ALERTS", is_archived=True)
    delete(box, "C0ALERTS")
    until(lambda: len(bot.heard) == 3)
    events = {heard.payload["event"]["type"]: heard.payload["event"]["channel"] for heard in bot.heard}
    assert events.pop("channel_rename")["name"] == "ai-alarms"
    assert events == {"channel_archive": "C0ALERTS", "channel_deleted": "C0ALERTS"}


def test_the_deactivated_get_no_direct_messages(box: Any, slack: Any) -> None:
    post(slack, "U0BEN")
    box.post("users/U0BEN", deleted=True)
    for channel in ("U0BEN", "DU0BEN"):
        assert refused(slack.chat_postMessage, channel=channel, text="x") == "user_disabled"
    box.post("users/U0BEN", deleted=False)
    post(slack, "U0BEN")


def test_restricted_history_comes_in_pages_of_fifteen_once_a_minute(box: Any, slack: Any) -> None:
    for _ in range(20):
        post(slack)
    box.post("limits", enabled=True, history_restricted=True, post_burst=1000)
    page = slack.conversations_history(channel="C0ALERTS", limit=200)
    assert (len(page["messages"]), page["has_more"]) == (15, True)
    assert refused(slack.conversations_history, channel="C0ALERTS") == "ratelimited"


def test_only_messages_of_its_own_are_the_bots_to_delete(box: Any, slack: Any) -> None:
    mine = post(slack)
    theirs = box.post("message", **{"as": "U0ANA"}, channel="C0ALERTS", text="hi")["ts"]
    assert refused(slack.chat_delete, channel="C0ALERTS", ts=theirs) == "cant_delete_message"
    assert refused(slack.chat_delete, channel="C0ALERTS", ts="1.000001") == "message_not_found"
    slack.chat_delete(channel="C0ALERTS", ts=mine)
    assert refused(slack.chat_delete, channel="C0ALERTS", ts=mine) == "message_not_found"
    assert [m["ts"] for m in box.messages()] == [theirs]
    assert [c["ok"] for c in box.calls("chat.delete")] == [False, False, True, False]


def test_a_deleted_root_stays_as_a_stub_while_it_has_replies(start: Any, tmp_path: Path) -> None:
    file = tmp_path / "workspace.jsonl"
    box = start(data_file=file)
    slack = box.client()
    root = post(slack, metadata={"event_type": "t", "event_payload": {"delivery": "d"}})
    reply = post(slack, thread_ts=root)
    slack.chat_delete(channel="C0ALERTS", ts=root)
    for shown in (box, start(data_file=file)):
        (stub,) = shown.messages()
        assert (stub["deleted"], stub["reply_count"], stub["metadata"]) == (True, 1, None)
        thread = shown.client().conversations_replies(channel="C0ALERTS", ts=root, include_all_metadata=True)[
            "messages"
        ]
        assert [(m["ts"], m.get("subtype")) for m in thread] == [(root, "tombstone"), (reply, None)]
        assert refused(shown.client().chat_update, channel="C0ALERTS", ts=root, text="x") == "message_not_found"


def test_a_deleted_root_without_replies_is_no_thread(slack: Any) -> None:
    root = post(slack)
    slack.chat_delete(channel="C0ALERTS", ts=root)
    assert refused(slack.conversations_replies, channel="C0ALERTS", ts=root) == "thread_not_found"
    assert refused(slack.chat_postMessage, channel="C0ALERTS", text="x", thread_ts=root) == "thread_not_found"


def test_deleted_channels_and_names_outlive_a_restart(start: Any, tmp_path: Path) -> None:
    file = tmp_path / "workspace.jsonl"
    box = start(data_file=file)
    post(box.client())
    box.post("channels/C0PAY", name="payouts")
    delete(box, "C0ALERTS")
    names = [c["name"] for c in start(data_file=file).state()["channels"]]
    assert "payouts" in names
    assert "ai-alerts" not in names
