"""chat.*: what the bot says, changes and takes back."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

MARK = {"event_type": "closeloop_card", "event_payload": {"delivery": "d1", "alert": "a1", "revision": 1}}
SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "hello"}}


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(SlackApiError) as error:
        call(**arguments)
    return str(error.value.response["error"])


def test_a_posted_message_is_shown_and_its_metadata_is_read_back_only_when_asked_for(
    slack: WebClient, box: Any
) -> None:
    posted = slack.chat_postMessage(channel="C0ALERTS", text="hello", metadata=MARK)
    assert posted["channel"] == "C0ALERTS"
    assert (posted["message"]["bot_id"], posted["message"]["app_id"]) == ("B0LOOP", "A0LOOP")
    assert "event_payload" not in posted["message"]["metadata"]
    assert [m["text"] for m in box.messages()] == ["hello"]
    plain = slack.conversations_history(channel="C0ALERTS")["messages"][0]
    whole = slack.conversations_history(channel="C0ALERTS", include_all_metadata=True)["messages"][0]
    assert plain["metadata"] == {"event_type": "closeloop_card"}
    assert whole["metadata"] == MARK
    assert box.calls("chat.postMessage")[0]["delivery"] == "d1"


@pytest.mark.parametrize(
    ("channel", "arrives_in"),
    [("C0ALERTS", "C0ALERTS"), ("#ai-alerts", "C0ALERTS"), ("ai-alerts", "C0ALERTS"), ("U0ANA", "DU0ANA"),
     ("DU0ANA", "DU0ANA"), ("C0PAY", "C0PAY")],
)  # fmt: skip
def test_a_message_goes_to_a_channel_its_name_or_a_person(slack: WebClient, channel: str, arrives_in: str) -> None:
    assert slack.chat_postMessage(channel=channel, text="x")["channel"] == arrives_in


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": "C0NOWHERE"}, "channel_not_found"),
        ({"channel": "U0NOBODY"}, "channel_not_found"),
        ({"channel": "U0LOOP"}, "channel_not_found"),
        ({"channel": "C0GEN"}, "not_in_channel"),
        ({"channel": "C0OLD"}, "is_archived"),
        ({"channel": "C0ALERTS", "text": ""}, "no_text"),
        ({"channel": "C0ALERTS", "thread_ts": "1.000001"}, "thread_not_found"),
        ({"channel": "C0ALERTS", "blocks": "{nonsense"}, "invalid_blocks_format"),
        ({"channel": "C0ALERTS", "blocks": [{"type": "alert"}]}, "invalid_blocks"),
        ({"channel": "C0ALERTS", "attachments": [{"text": "x"}]}, "invalid_attachments"),
        (
            {
                "channel": "C0ALERTS",
                "blocks": [{"type": "section", "text": {"type": "plain_text", "text": "x" * 3000}}] * 5,
            },
            "msg_blocks_too_long",
        ),
        ({"channel": "C0ALERTS", "metadata": {"event_type": "x"}}, "invalid_metadata_format"),
        (
            {"channel": "C0ALERTS", "metadata": {"event_type": "x", "event_payload": {}, "more": 1}},
            "invalid_metadata_format",
        ),
        (
            {"channel": "C0ALERTS", "metadata": {"event_type": "x", "event_payload": {"y": "z" * 2000}}},
            "metadata_too_large",
        ),
    ],
)
def test_a_post_that_slack_would_refuse_is_refused(slack: WebClient, arguments: Any, error: str) -> None:
    # Past the SDK's own helper, which warns about a missing text before Slack can refuse it.
    assert refused(slack.api_call, api_method="chat.postMessage", json={"text": "x"} | arguments) == error


def test_an_invalid_block_is_pointed_at(slack: WebClient) -> None:
    with pytest.raises(SlackApiError) as error:
        slack.chat_postMessage(channel="C0ALERTS", text="x", blocks=[SECTION, {"type": "header"}])
    assert error.value.response["response_metadata"]["messages"] == [
        "[ERROR] missing required field: text [json-pointer:/blocks/1]"
    ]


def test_a_deactivated_person_gets_no_direct_message(slack: WebClient, box: Any) -> None:
    box.post("users/U0BEN", deleted=True)
    assert refused(slack.chat_postMessage, channel="U0BEN", text="x") == "user_disabled"


def test_a_private_channel_without_the_bot_does_not_exist_for_it(slack: WebClient, box: Any) -> None:
    box.post("channels/C0PAY", remove=["U0LOOP"])
    assert refused(slack.chat_postMessage, channel="C0PAY", text="x") == "channel_not_found"


def test_text_over_forty_thousand_characters_is_cut(slack: WebClient) -> None:
    posted = slack.chat_postMessage(channel="C0ALERTS", text="x" * 40_001)
    assert len(posted["message"]["text"]) == 40_000


def test_an_update_keeps_or_drops_what_slack_keeps_or_drops(slack: WebClient, box: Any) -> None:
    ts = slack.chat_postMessage(channel="C0ALERTS", text="one", blocks=[SECTION], metadata=MARK)["ts"]

    slack.chat_update(channel="C0ALERTS", ts=ts, text="two", blocks=[SECTION])
    shown = box.messages()[0]
    assert (shown["text"], shown["edited"], shown["metadata"]) == ("two", False, MARK)

    slack.chat_update(channel="C0ALERTS", ts=ts, text="three")
    shown = box.messages()[0]
    assert (shown["blocks"], shown["edited"], shown["metadata"]) == ([], True, MARK)

    slack.chat_update(channel="C0ALERTS", ts=ts, text="four", metadata={})
    assert box.messages()[0]["metadata"] is None


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": "U0ANA"}, "channel_not_found"),
        ({"channel": "#ai-alerts"}, "channel_not_found"),
        ({"ts": "1.000001"}, "message_not_found"),
        ({"text": "x" * 4001}, "msg_too_long"),
        ({"text": ""}, "no_text"),
    ],
)
def test_an_update_that_slack_would_refuse_is_refused(slack: WebClient, arguments: Any, error: str) -> None:
    ts = slack.chat_postMessage(channel="C0ALERTS", text="one")["ts"]
    wanted = {"channel": "C0ALERTS", "ts": ts, "text": "two"} | arguments
    assert refused(slack.api_call, api_method="chat.update", json=wanted) == error


def test_nobody_elses_message_can_be_updated_or_deleted(slack: WebClient, box: Any) -> None:
    ts = box.post("message", **{"as": "U0ANA"}, channel="C0ALERTS", text="mine")["ts"]
    assert refused(slack.chat_update, channel="C0ALERTS", ts=ts, text="x") == "cant_update_message"
    assert refused(slack.chat_delete, channel="C0ALERTS", ts=ts) == "cant_delete_message"


def test_an_archived_channel_takes_no_update(slack: WebClient, box: Any) -> None:
    ts = slack.chat_postMessage(channel="C0ALERTS", text="one")["ts"]
    box.post("channels/C0ALERTS", is_archived=True)
    assert refused(slack.chat_update, channel="C0ALERTS", ts=ts, text="two") == "is_inactive"


def test_a_deleted_message_is_gone_and_a_deleted_root_leaves_a_tombstone(slack: WebClient, box: Any) -> None:
    alone = slack.chat_postMessage(channel="C0ALERTS", text="alone")["ts"]
    root = slack.chat_postMessage(channel="C0ALERTS", text="root")["ts"]
    slack.chat_postMessage(channel="C0ALERTS", text="reply", thread_ts=root)
    slack.chat_delete(channel="C0ALERTS", ts=alone)
    slack.chat_delete(channel="C0ALERTS", ts=root)
    assert [(m["ts"], m["deleted"], m["reply_count"]) for m in box.messages()] == [(root, True, 1)]
    assert refused(slack.chat_update, channel="C0ALERTS", ts=root, text="x") == "message_not_found"


def test_an_ephemeral_message_is_seen_by_one_person_and_in_no_history(slack: WebClient, box: Any) -> None:
    slack.chat_postEphemeral(channel="C0ALERTS", user="U0ANA", text="for you")
    assert [m["ephemeral"] for m in box.messages(who="U0ANA")] == [True]
    assert box.messages(who="U0BEN") == []
    assert slack.conversations_history(channel="C0ALERTS")["messages"] == []
    assert refused(slack.chat_postEphemeral, channel="C0ALERTS", user="U0DOV", text="x") == "user_not_in_channel"


def test_a_permalink_leads_to_the_message_on_the_page(slack: WebClient, box: Any) -> None:
    ts = slack.chat_postMessage(channel="C0ALERTS", text="one")["ts"]
    link = slack.chat_getPermalink(channel="C0ALERTS", message_ts=ts)["permalink"]
    answer = box.http.get(link)
    assert answer.headers["location"] == f"/sandbox?channel=C0ALERTS&ts={ts}"


def test_message_timestamps_only_grow_even_when_the_clock_stands(start: Any) -> None:
    box = start()
    box.post("clock", rate=0)
    slack = box.client()
    stamps = [slack.chat_postMessage(channel=c, text="x")["ts"] for c in ("C0ALERTS", "C0EXC", "U0ANA", "C0ALERTS")]
    assert stamps == sorted(set(stamps))


@pytest.mark.parametrize(
    ("text", "blocks", "broadcast"),
    [
        ("calm &lt;!here&gt;", [], False),
        ("<!here> now", [], True),
        ("<!channel|channel>", [], True),
        ("x", [{"type": "section", "text": {"type": "mrkdwn", "text": "<!everyone>"}}], True),
        ("x", [{"type": "section", "text": {"type": "mrkdwn", "text": "hey @here"}}], True),
        ("x", [{"type": "section", "text": {"type": "mrkdwn", "text": "hey @here", "verbatim": True}}], False),
        ("x", [{"type": "section", "text": {"type": "plain_text", "text": "<!here> @channel"}}], False),
        ("x", [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [
            {"type": "text", "text": "<!here>"}]}]}], False),
        ("x", [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [
            {"type": "broadcast", "range": "here"}]}]}], True),
    ],
)  # fmt: skip
def test_the_log_says_what_would_have_woken_a_whole_channel(
    slack: WebClient, box: Any, text: str, blocks: Any, broadcast: bool
) -> None:
    slack.chat_postMessage(channel="C0ALERTS", text=text, blocks=blocks)
    assert box.calls("chat.postMessage")[0]["broadcast"] is broadcast


def test_the_log_and_the_badge_say_who_is_mentioned(slack: WebClient, box: Any) -> None:
    block = {"type": "section", "text": {"type": "mrkdwn", "text": "over to <@U0ANA>"}}
    slack.chat_postMessage(channel="C0ALERTS", text="over to Ana", blocks=[block])
    assert box.calls("chat.postMessage")[0]["mentions"] == ["U0ANA"]
    badges = {who: next(c for c in box.state(who)["channels"] if c["id"] == "C0ALERTS") for who in ("U0ANA", "U0BEN")}
    assert (badges["U0ANA"]["mentions"], badges["U0BEN"]["mentions"]) == (1, 0)
    assert badges["U0BEN"]["unread"] == 1
    box.post("read", **{"as": "U0ANA"}, channel="C0ALERTS")
    assert next(c for c in box.state()["channels"] if c["id"] == "C0ALERTS")["unread"] == 0


def test_a_repeated_client_msg_id_posts_twice_unless_the_refusal_is_switched_on(start: Any) -> None:
    lenient, strict = start().client(), start(duplicate_client_msg_id="duplicate_message_not_found").client()
    for _ in range(2):
        lenient.chat_postMessage(channel="C0ALERTS", text="x", client_msg_id="same")
    assert len(lenient.conversations_history(channel="C0ALERTS")["messages"]) == 2
    strict.chat_postMessage(channel="C0ALERTS", text="x", client_msg_id="same")
    assert refused(strict.chat_postMessage, channel="C0ALERTS", text="x", client_msg_id="same") == (
        "duplicate_message_not_found"
    )
