"""conversations.history and .replies: reading back what stands in a channel, page by page."""

from __future__ import annotations

import base64
import binascii

from sandbox.call import Call
from sandbox.channels import HISTORY_SCOPE, Channel
from sandbox.clock import micros
from sandbox.errors import Json, SlackError
from sandbox.messages import Message

PAGE, MOST, RESTRICTED = 100, 999, 15


def history(call: Call) -> Json:
    """Newest first."""
    channel = _readable(call)
    latest, inclusive = call.args.instant("latest"), call.args.flag("inclusive")
    after = _cursor(call)
    if after is not None:
        latest, inclusive = after, True
    limit = _limit(call, PAGE)
    found = call.ws.rooms[channel.id].window(
        oldest=call.args.instant("oldest"), latest=latest, inclusive=inclusive, newest=limit + 1
    )
    page = found[::-1][:limit] if len(found) <= limit else found[-limit:][::-1]
    following = found[-limit - 1] if len(found) > limit else None
    return {"pin_count": 0, "channel_actions_ts": None, "channel_actions_count": 0} | _page(call, page, following)


def replies(call: Call) -> Json:
    """The root on every page, then replies, oldest first. Raises SlackError thread_not_found."""
    channel = _readable(call)
    room = call.ws.rooms[channel.id]
    asked = room.find(call.args.required("ts"))
    root = room.find(asked.thread_ts) if asked is not None and asked.is_reply else asked
    if root is None:
        raise SlackError("thread_not_found")
    found = _between(call, room.replies(root.ts))
    limit = _limit(call, 1000)
    following = found[limit] if len(found) > limit else None
    return _page(call, [root, *found[:limit]], following)


def _between(call: Call, found: list[Message]) -> list[Message]:
    oldest, latest = call.args.instant("oldest"), call.args.instant("latest")
    slack = 0 if call.args.flag("inclusive") else 1
    low = 0 if oldest is None else oldest + slack
    high = 2**63 if latest is None else latest - slack
    low = max(low, _cursor(call) or 0)
    return [m for m in found if low <= micros(m.ts) <= high]


def _readable(call: Call) -> Channel:
    channel = call.channel_by_id()
    call.need(HISTORY_SCOPE[channel.kind])
    if not channel.has_bot:
        raise SlackError("not_in_channel")
    return channel


def _limit(call: Call, default: int) -> int:
    if call.ws.throttle.limits.history_restricted:
        return call.args.number("limit", RESTRICTED, most=RESTRICTED)
    return call.args.number("limit", default, most=max(MOST, default))


def _cursor(call: Call) -> int | None:
    wanted = call.args.text("cursor")
    if wanted is None:
        return None
    try:
        return int(base64.b64decode(wanted, validate=True).decode().removeprefix("next_ts:"))
    except (ValueError, binascii.Error):
        raise SlackError("invalid_cursor") from None


def _page(call: Call, page: list[Message], following: Message | None) -> Json:
    whole = call.args.flag("include_all_metadata")
    body: Json = {
        "messages": [call.ws.as_slack(m, with_payload=whole) for m in page],
        "has_more": following is not None,
    }
    if following is not None:
        mark = base64.b64encode(f"next_ts:{micros(following.ts)}".encode()).decode()
        body["response_metadata"] = {"next_cursor": mark}
    return body
