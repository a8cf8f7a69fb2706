"""Reading back: history, threads, channels, people."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(SlackApiError) as error:
        call(**arguments)
    return str(error.value.response["error"])


@pytest.fixture
def five(slack: WebClient) -> list[str]:
    return [slack.chat_postMessage(channel="C0ALERTS", text=f"m{n}")["ts"] for n in range(5)]


@pytest.mark.parametrize(
    ("window", "found"),
    [
        ({}, "43210"),
        ({"oldest": 2}, "43"),
        ({"latest": 2}, "10"),
        ({"oldest": 1, "latest": 3}, "2"),
        ({"oldest": 1, "latest": 3, "inclusive": True}, "321"),
        ({"latest": 3, "inclusive": True, "limit": 2}, "32"),
        ({"oldest": 4}, ""),
    ],
)
def test_history_honours_its_window_newest_first(slack: WebClient, five: list[str], window: Any, found: str) -> None:
    exact = {k: five[v] if k in {"oldest", "latest"} else v for k, v in window.items()}
    messages = slack.conversations_history(channel="C0ALERTS", **exact)["messages"]
    assert "".join(m["text"][1] for m in messages) == found


def test_history_comes_in_pages_that_miss_and_repeat_nothing(slack: WebClient, five: list[str]) -> None:
    pages = [p.data for p in slack.conversations_history(channel="C0ALERTS", limit=2)]
    assert [[m["text"] for m in p["messages"]] for p in pages] == [["m4", "m3"], ["m2", "m1"], ["m0"]]
    assert [p["has_more"] for p in pages] == [True, True, False]


def test_a_thread_has_its_root_on_every_page_and_replies_oldest_first(slack: WebClient) -> None:
    root = slack.chat_postMessage(channel="C0ALERTS", text="root")["ts"]
    for n in range(3):
        slack.chat_postMessage(channel="C0ALERTS", text=f"r{n}", thread_ts=root)
    pages = [p.data for p in slack.conversations_replies(channel="C0ALERTS", ts=root, limit=2)]
    assert [[m["text"] for m in p["messages"]] for p in pages] == [["root", "r0", "r1"], ["root", "r2"]]
    assert pages[0]["messages"][0]["reply_count"] == 3
    top = slack.conversations_history(channel="C0ALERTS")["messages"]
    assert [m["text"] for m in top] == ["root"]


def test_a_reply_sent_to_the_channel_too_is_in_both_places(slack: WebClient) -> None:
    root = slack.chat_postMessage(channel="C0ALERTS", text="root")["ts"]
    slack.chat_postMessage(channel="C0ALERTS", text="loud", thread_ts=root, reply_broadcast=True)
    top = slack.conversations_history(channel="C0ALERTS")["messages"]
    assert [(m["text"], m.get("subtype")) for m in top] == [("loud", "thread_broadcast"), ("root", None)]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": "C0GEN"}, "not_in_channel"),
        ({"channel": "C0NOWHERE"}, "channel_not_found"),
        ({"channel": "C0ALERTS", "oldest": "yesterday"}, "invalid_ts_oldest"),
        ({"channel": "C0ALERTS", "limit": "0"}, "invalid_limit"),
        ({"channel": "C0ALERTS", "cursor": "nonsense"}, "invalid_cursor"),
    ],
)
def test_history_that_slack_would_refuse_is_refused(slack: WebClient, arguments: Any, error: str) -> None:
    assert refused(slack.conversations_history, **arguments) == error


def test_replies_to_nothing_are_not_found(slack: WebClient) -> None:
    assert refused(slack.conversations_replies, channel="C0ALERTS", ts="1.000001") == "thread_not_found"


def test_history_can_be_as_narrow_as_for_unlisted_vendor_apps(start: Any) -> None:
    from sandbox.config import Limits

    limits = Limits(history_restricted=True, post_burst=100, workspace_burst=100)
    slack = start(limits=limits).client()
    for n in range(20):
        slack.chat_postMessage(channel="C0ALERTS", text=str(n))
    assert len(slack.conversations_history(channel="C0ALERTS", limit=200)["messages"]) == 15
    with pytest.raises(SlackApiError) as error:
        slack.conversations_history(channel="C0ALERTS")
    assert 50 <= int(error.value.response.headers["Retry-After"]) <= 60


def test_channels_are_listed_as_far_as_the_bot_may_know(slack: WebClient, box: Any) -> None:
    def names(**arguments: Any) -> list[str]:
        return [c["name"] for c in slack.conversations_list(**arguments)["channels"]]

    assert names() == ["ai-alerts", "ai-exceptions", "general", "old-alerts"]
    assert names(exclude_archived=True) == ["ai-alerts", "ai-exceptions", "general"]
    assert names(types="private_channel") == ["payments"]
    box.post("channels/C0PAY", remove=["U0LOOP"])
    assert names(types="private_channel") == []
    assert refused(slack.conversations_info, channel="C0PAY") == "channel_not_found"


def test_a_list_comes_in_pages(slack: WebClient) -> None:
    pages = [p.data for p in slack.conversations_list(limit=3)]
    assert [len(p["channels"]) for p in pages] == [3, 1]


def test_members_and_the_bots_own_channels(slack: WebClient) -> None:
    assert slack.conversations_members(channel="C0PAY")["members"] == ["U0ANA", "U0BEN", "U0LOOP"]
    mine = slack.users_conversations(types="public_channel,private_channel")["channels"]
    assert [c["name"] for c in mine] == ["ai-alerts", "payments", "ai-exceptions", "old-alerts"]
    assert slack.conversations_info(channel="C0GEN")["channel"]["is_member"] is False


def test_people_carry_time_zone_and_roles(slack: WebClient, box: Any) -> None:
    ana = slack.users_info(user="U0ANA")["user"]
    assert (ana["tz"], ana["profile"]["email"], ana["deleted"]) == ("Europe/Amsterdam", "ana@acme.example", False)
    assert ana["tz_offset"] in {3600, 7200}
    assert slack.users_info(user="U0GUS")["user"]["is_restricted"] is True
    box.post("users/U0BEN", deleted=True)
    assert "tz" not in slack.users_info(user="U0BEN")["user"]
    assert refused(slack.users_info, user="U0NOBODY") == "user_not_found"


def test_people_are_found_by_email_while_they_are_active(slack: WebClient, box: Any) -> None:
    assert slack.users_lookupByEmail(email="Ben@ACME.example")["user"]["id"] == "U0BEN"
    box.post("users/U0BEN", deleted=True)
    assert refused(slack.users_lookupByEmail, email="ben@acme.example") == "users_not_found"


def test_the_manager_is_a_profile_field(slack: WebClient) -> None:
    field = slack.team_profile_get()["profile"]["fields"][0]
    assert (field["label"], field["type"]) == ("Manager", "user")
    assert slack.users_profile_get(user="U0ANA")["profile"]["fields"][field["id"]]["value"] == "U0CLEO"
    assert slack.users_profile_get(user="U0ELSA")["profile"]["fields"] is None


def test_the_smaller_methods_answer(slack: WebClient) -> None:
    assert "USLACKBOT" in [u["id"] for u in slack.users_list()["members"]]
    assert slack.usergroups_list(include_users=True)["usergroups"][0]["users"] == ["U0ANA", "U0BEN", "U0CLEO"]
    assert slack.usergroups_users_list(usergroup="S0FINANCE")["users"][0] == "U0ANA"
    night = slack.dnd_info(user="U0ANA")
    assert night["next_dnd_end_ts"] - night["next_dnd_start_ts"] == pytest.approx(10 * 3600, abs=3600)
    assert slack.conversations_open(users="U0ANA")["channel"]["id"] == "DU0ANA"
    assert slack.blocks_validate(blocks=[{"type": "divider"}])["ok"] is True


def test_auth_test_names_the_bot_and_its_scopes(slack: WebClient) -> None:
    answer = slack.auth_test()
    assert (answer["user_id"], answer["bot_id"], answer["team_id"]) == ("U0LOOP", "B0LOOP", "T0ACME")
    assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")


def test_tokens_scopes_and_methods_are_checked(start: Any) -> None:
    box = start(scopes=frozenset({"chat:write"}))
    slack = box.client()
    assert refused(box.client("xoxb-wrong").auth_test) == "invalid_auth"
    assert refused(box.client("xapp-sandbox").auth_test) == "not_allowed_token_type"
    assert refused(slack.api_call, api_method="chat.dance") == "unknown_method"
    with pytest.raises(SlackApiError) as error:
        slack.users_info(user="U0ANA")
    assert (error.value.response["error"], error.value.response["needed"]) == ("missing_scope", "users:read")
    assert refused(slack.conversations_history, channel="C0ALERTS") == "missing_scope"
    assert box.http.post(f"{box.url}/api/auth.test").json()["error"] == "not_authed"


def test_form_bodies_with_json_inside_are_read_too(box: Any) -> None:
    form = {
        "token": "xoxb-sandbox",
        "channel": "C0ALERTS",
        "text": "x",
        "blocks": '[{"type":"divider"}]',
        "metadata": '{"event_type":"e","event_payload":{"delivery":"d9"}}',
    }
    assert box.http.post(f"{box.url}/api/chat.postMessage", data=form).json()["ok"] is True
    assert box.calls("chat.postMessage")[0]["delivery"] == "d9"


@pytest.mark.parametrize(("body", "error"), [(b"{nonsense", "invalid_json"), (b"[1]", "json_not_object")])
def test_a_broken_json_body_is_refused(box: Any, body: bytes, error: str) -> None:
    headers = {"content-type": "application/json", "authorization": "Bearer xoxb-sandbox"}
    assert box.http.post(f"{box.url}/api/auth.test", content=body, headers=headers).json()["error"] == error
