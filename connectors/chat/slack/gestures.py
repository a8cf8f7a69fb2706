"""What Slack sends, as gestures: who did what to which alert, by an id of its own."""

from __future__ import annotations

import hashlib
import html
import json
import re

from bot.core.forms import FORMS
from bot.ports import Gesture
from connectors.chat.slack.forms import filled
from connectors.chat.slack.text import Json

PLATFORM = "slack"
_REFERENCE = re.compile(r"<([#@])([A-Z0-9]+)(?:\|([^>]*))?>")


def click(body: Json) -> Gesture:
    """A pressed button. Acts that need something filled in ask for their form first."""
    action = body["actions"][0]
    act = action["action_id"].removeprefix("act:")
    alert_id, seen = _about(action.get("value", ""))
    container = body.get("container", {})
    where = container.get("message_ts") or container.get("view_id") or ""
    return Gesture(
        id=f"{body['user']['id']}:{where}:{action['action_id']}:{action['action_ts']}",
        platform=PLATFORM,
        chat_id=body["user"]["id"],
        act="form" if act in FORMS else act,
        alert_id=alert_id,
        seen=seen,
        channel=container.get("channel_id") or "",
        fields={"for": act} if act in FORMS else {},
    )


def submission(body: Json) -> Gesture:
    """A form that came back. Filled differently it is another gesture; sent twice it is the same."""
    view = body["view"]
    about, channel = view["private_metadata"].rsplit(":", 1)
    alert_id, seen = _about(about)
    fields = filled(view["state"]["values"])
    digest = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:32]
    return Gesture(
        id=f"{body['user']['id']}:{view['id']}:{view['callback_id']}:{digest}",
        platform=PLATFORM,
        chat_id=body["user"]["id"],
        act=view["callback_id"].removeprefix("form:"),
        alert_id=alert_id,
        seen=seen,
        channel=channel,
        fields=fields,
    )


def metadata(gesture: Gesture) -> str:
    """What a form carries so that `submission` knows what it is about."""
    seen = "" if gesture.seen is None else gesture.seen
    return f"{gesture.alert_id}:{seen}:{gesture.channel}"


def command(body: Json) -> Gesture:
    """`/loop …`, with the names that the person typed in place of Slack's ids."""
    return Gesture(
        id=f"{body['user_id']}:{body['trigger_id']}",
        platform=PLATFORM,
        chat_id=body["user_id"],
        act="command",
        channel=body.get("channel_id", ""),
        fields={"text": typed(body.get("text", ""))},
    )


def home(chat_id: str, *, why: str) -> Gesture:
    """Somebody looks at their Home; `why` is the id of the event or gesture that shows it."""
    return Gesture(id=f"{chat_id}:home:{why}", platform=PLATFORM, chat_id=chat_id, act="home")


def typed(text: str) -> str:
    """A command's text as it was typed: `<#C0|ai-alerts>` is `#ai-alerts` again, `&lt;` is `<`."""
    return html.unescape(_REFERENCE.sub(lambda found: f"{found[1]}{found[3] or found[2]}", text)).strip()


def _about(value: str) -> tuple[str, int | None]:
    """(alert id, generation) of `<alert id>:<generation>`."""
    alert_id, _, seen = value.rpartition(":")
    return (alert_id, int(seen)) if seen.isdecimal() else (alert_id or value, None)
