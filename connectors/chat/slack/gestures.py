"""What Slack sends, as gestures: who did what to which alert, by an id of its own."""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Mapping

from bot.core.forms import FORMS
from bot.ports import Gesture
from connectors.chat.slack import choices
from connectors.chat.slack.choices import Kept
from connectors.chat.slack.forms import filled
from connectors.chat.slack.text import Json, read

PLATFORM = "slack"
RAISE = "raise"
_REFERENCE = re.compile(r"<(?:([#@])([A-Z0-9]+)|!subteam\^(S[A-Z0-9]+))(?:\|([^>]*))?>")
_CARRIED = ("for", "picked", "link", "author")
"""fields of the gesture that asked for a form, which it hands back"""


def click(body: Json) -> Gesture:
    """A pressed button, or one of a menu. Acts that need something filled in ask for their form first."""
    action = body["actions"][0]
    act, about = action["action_id"].removeprefix("act:"), action.get("value", "")
    if "selected_option" in action:
        act, _, about = action["selected_option"]["value"].partition(":")
    alert_id, seen = _about(about)
    container = body.get("container", {})
    return Gesture(
        id=f"{_where(body)}:act:{act}:{action['action_ts']}",
        platform=PLATFORM,
        chat_id=body["user"]["id"],
        act="form" if act in FORMS else act,
        alert_id=alert_id,
        seen=seen,
        channel=container.get("channel_id") or "",
        fields={"for": act} if act in FORMS else {},
    )


def turned(body: Json) -> Gesture:
    """A tab or a filter was chosen in Home; what was chosen before stays."""
    action = body["actions"][0]
    name, value = choices.turned(action)
    state = {**Kept.of(body["view"].get("private_metadata", "")).state, name: value}
    return Gesture(
        id=f"{_where(body)}:{action['action_id']}:{action['action_ts']}",
        platform=PLATFORM,
        chat_id=body["user"]["id"],
        act="home",
        fields={name: value for name, value in state.items() if value},
    )


def bulk(body: Json) -> Gesture:
    """Something is to be done with all that is picked."""
    action = body["actions"][0]
    act = action["action_id"].removeprefix(choices.BULK)
    return Gesture(
        id=f"{_where(body)}:{action['action_id']}:{action['action_ts']}",
        platform=PLATFORM,
        chat_id=body["user"]["id"],
        act="form" if act in FORMS else "bulk",
        fields={"for": act, "picked": choices.picked(body["view"]["state"]["values"])},
    )


def shortcut(body: Json, link: str) -> Gesture:
    """A message is to be raised as an alert. `link`: where it is read."""
    message = body["message"]
    return Gesture(
        id=f"{body['user']['id']}:{body['callback_id']}:{body['channel']['id']}:{message['ts']}:{body['action_ts']}",
        platform=PLATFORM,
        chat_id=body["user"]["id"],
        act="form",
        channel=body["channel"]["id"],
        fields={
            "for": RAISE,
            "text": read(message.get("text") or "")[:3000],
            "link": link,
            "author": message.get("user") or "",
        },
    )


def submission(body: Json) -> Gesture:
    """A form that came back. Filled differently it is another gesture; sent twice it is the same.

    Raises ValueError for a form of another version.
    """
    view = body["view"]
    about = _carried(view["private_metadata"])
    alert_id, seen = _about(about["about"])
    act = form_act(body)
    fields = {**about["fields"], **filled(view["state"]["values"])}
    digest = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:32]
    several = "picked" in about["fields"]
    return Gesture(
        id=f"{body['user']['id']}:{view['id']}:{view['callback_id']}:{digest}",
        platform=PLATFORM,
        chat_id=body["user"]["id"],
        act="bulk" if several else act,
        alert_id=alert_id,
        seen=seen,
        channel=about["channel"],
        fields=fields if several else {name: value for name, value in fields.items() if name != "for"},
    )


def form_act(body: Json) -> str:
    """Which form it is that came back."""
    act: str = body["view"]["callback_id"].removeprefix("form:")
    return act


def metadata(gesture: Gesture, home: Kept | None) -> str:
    """What a form carries so that `submission` knows what it is about, and how Home looked where it was asked for."""
    seen = "" if gesture.seen is None else gesture.seen
    fields = {name: value for name, value in gesture.fields.items() if name in _CARRIED}
    carried = {"about": f"{gesture.alert_id}:{seen}", "channel": gesture.channel, "fields": fields}
    return json.dumps(carried | ({"home": home.metadata} if home else {}), ensure_ascii=False)


def home_of(body: Json) -> Kept | None:
    """The Home that a click was made in or a form asked for in; None: it was elsewhere."""
    view = body.get("view") or {}
    if view.get("type") == "home":
        return Kept.of(view.get("private_metadata") or "")
    if view.get("type") != "modal":
        return None
    try:
        home = _carried(view.get("private_metadata") or "").get("home")
    except ValueError:
        return None
    return None if home is None else Kept.of(str(home))


def _carried(metadata: str) -> Json:
    """Raises ValueError."""
    carried = json.loads(metadata)
    if not isinstance(carried, dict) or not {"about", "channel", "fields"} <= carried.keys():
        raise ValueError("a form of another version")
    return carried


def command(body: Json) -> Gesture:
    """`/loop …`, as the person typed it but for people, who go by their ids."""
    return Gesture(
        id=f"{body['user_id']}:{body['trigger_id']}",
        platform=PLATFORM,
        chat_id=body["user_id"],
        act="command",
        channel=body.get("channel_id", ""),
        fields={"text": typed(body.get("text", ""))},
    )


def home(chat_id: str, *, why: str, state: Mapping[str, str]) -> Gesture:
    """Somebody looks at their Home; `why` is the id of the event or gesture that shows it."""
    return Gesture(id=f"{chat_id}:home:{why}", platform=PLATFORM, chat_id=chat_id, act="home", fields=state)


def typed(text: str) -> str:
    """A command's text: `<#C0|ai-alerts>` is `#ai-alerts` again and `&lt;` is `<`; `<@U0BEN|ben>` is `@U0BEN`.

    Channels and groups are known by their names, people by nothing but their ids.
    """
    return html.unescape(_REFERENCE.sub(_reference, text)).strip()


def _reference(found: re.Match[str]) -> str:
    sign, named, group, label = found.groups()
    if sign == "@":
        return f"@{named}"
    return f"{sign or '@'}{(label or named or group).lstrip('#@')}"


def _where(body: Json) -> str:
    """Who did it, on which message or in which view."""
    container = body.get("container", {})
    return f"{body['user']['id']}:{container.get('message_ts') or container.get('view_id') or ''}"


def _about(value: str) -> tuple[str, int | None]:
    """(alert id, generation) of `<alert id>:<generation>`."""
    alert_id, _, seen = value.rpartition(":")
    return (alert_id, int(seen)) if seen.isdecimal() else (alert_id or value, None)
