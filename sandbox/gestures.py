"""What a person does on the page: press, submit, close, write, open Home. Each becomes a real request."""

from __future__ import annotations

import json
import time
from typing import Any

from sandbox import inputs, payloads
from sandbox.blocks import check_message
from sandbox.bot_answer import BotAnswer
from sandbox.desk import Desk, told
from sandbox.errors import Json, PageError, SlackError
from sandbox.messages import Message
from sandbox.methods.views import checked_view
from sandbox.views import View


def _object(body: Json, name: str) -> Json:
    found = body[name]
    if not isinstance(found, dict):
        raise PageError(f"{name} must be an object")
    return found


def _values(body: Json) -> Json:
    state = body.get("state") or {}
    return _object(state, "values") if "values" in state else {}


async def press(desk: Desk, body: Json) -> Json:
    """A button is pressed, a menu chosen from, a box ticked. What stands in an input block is only kept (`sent` false)
    unless the block asks for dispatch_action."""
    container, given = _object(body, "container"), _object(body, "action")
    if container["type"] == "view":
        return await _press_in_view(desk, container, given, _values(body))
    channel = desk.channel(container["channel"])
    message = desk.message(channel, str(container["ts"]))
    draft = (desk.person.id, channel.id, message.ts)
    done = inputs.operate(message.blocks, given, entered=_values(body), known=desk.ws.drafts.get(draft, {}))
    desk.ws.drafts[draft] = done.values
    if not done.sent:
        return _KEPT
    payload = payloads.message_click(
        _click(desk, done, view_id=None),
        channel,
        message,
        shown=desk.ws.as_slack(message, with_payload=False),
        response_url=desk.response_url(channel, message),
    )
    return told(await desk.bot.send("interaction", payload))


async def _press_in_view(desk: Desk, container: Json, given: Json, values: Json) -> Json:
    view = desk.view(container["view_id"])
    done = inputs.operate(view.body["blocks"], given, entered=values, known=view.values)
    view.values = done.values
    if not done.sent:
        return _KEPT
    click = _click(desk, done, view_id=view.id)
    return told(await desk.bot.send("interaction", payloads.view_click(click, view)))


_KEPT: Json = {"ok": True, "sent": False, "status": None, "error": None}


def _click(desk: Desk, done: inputs.Operated, *, view_id: str | None) -> payloads.Click:
    return payloads.Click(
        person=desk.person,
        action=done.action,
        values=done.values,
        trigger_id=desk.ws.tickets.trigger(desk.person.id, view_id=view_id),
    )


async def shortcut(desk: Desk, body: Json) -> Json:
    """`{channel, ts, callback_id}`: "More actions" of a message. What only one person sees has none."""
    channel = desk.channel(body["channel"])
    message = desk.message(channel, str(body["ts"]))
    if body["callback_id"] not in {known.callback_id for known in desk.ws.config.shortcuts}:
        raise PageError(f"there is no shortcut {body['callback_id']!r}")
    if message.seen_by is not None or message.tombstone:
        raise PageError("that message has no shortcuts")
    payload = payloads.message_action(
        desk.person,
        channel,
        callback_id=str(body["callback_id"]),
        shown=desk.ws.as_slack(message, with_payload=False),
        tickets=(desk.ws.tickets.trigger(desk.person.id), desk.response_url(channel)),
    )
    return told(await desk.bot.send("interaction", payload))


async def submit(desk: Desk, body: Json) -> Json:
    """`{ok, errors?}`; what Slack checks itself is told without asking the bot."""
    view = desk.view(body["view_id"])
    view.values = inputs.state(view.body["blocks"], _object(body, "values") if "values" in body else {}, view.values)
    problems = inputs.missing(view.body["blocks"], view.values)
    if problems:
        return {"ok": False, "errors": problems}
    trigger_id = desk.ws.tickets.trigger(desk.person.id, view_id=view.id)
    answer = await desk.bot.send("interaction", payloads.view_submission(desk.person, view, trigger_id))
    if not answer.ok:
        return told(answer)
    try:
        errors = _respond(desk, view, answer)
    except (SlackError, ValueError) as wrong:
        # Slack tells the person no more than this; the log has the reason.
        desk.ws.log.inbound[-1].error = f"invalid response: {wrong} {getattr(wrong, 'extra', '')}".strip()
        return {"ok": False, "status": answer.status, "error": "We had some trouble connecting. Try again?"}
    desk.ws.hub.changed("view")
    return {"ok": not errors, "status": answer.status} | ({"errors": errors} if errors else {})


def _respond(desk: Desk, view: View, answer: BotAnswer) -> dict[str, str]:
    """Carries out the response_action. Raises ValueError, SlackError for one that Slack would not accept."""
    response = json.loads(answer.body) if answer.body.strip() else {}
    action = response.get("response_action") if isinstance(response, dict) else "?"
    views = desk.ws.views
    if action is None:
        views.close(view)
    elif action == "clear":
        views.clear(desk.person.id)
    elif action == "update":
        views.update(view, checked_view(desk.ws, response.get("view"), "modal"), expected_hash=None)
    elif action == "push":
        views.push(desk.person.id, checked_view(desk.ws, response.get("view"), "modal"))
    elif action == "errors":
        return _errors(view, response.get("errors"))
    else:
        raise ValueError(f"unknown response_action {action!r}")
    return {}


def _errors(view: View, errors: Any) -> dict[str, str]:
    asked = {b["block_id"] for b in view.body["blocks"] if b["type"] == "input"}
    if not isinstance(errors, dict) or not errors or errors.keys() - asked:
        raise ValueError(f"errors must name input blocks: {sorted(asked)}")
    return {str(k): str(v) for k, v in errors.items()}


async def close(desk: Desk, body: Json) -> Json:
    view = desk.view(body["view_id"])
    desk.ws.views.close(view)
    desk.ws.hub.changed("view")
    if not view.body.get("notify_on_close"):
        return {"ok": True}
    return told(await desk.bot.send("interaction", payloads.view_closed(desk.person, view, cleared=False)))


async def home(desk: Desk, body: Json) -> Json:
    shown = desk.ws.views.homes.get(desk.person.id)
    fields: Json = {
        "user": desk.person.id,
        "channel": f"D{desk.person.id}",
        "tab": "home",
        "event_ts": f"{time.time():.6f}",
    }
    if shown is not None:
        fields["view"] = shown.as_json()
    if "app_home_opened" not in desk.ws.config.events:
        return {"ok": True, "status": None, "error": None}
    return told(await desk.bot.event(payloads.event("app_home_opened", **fields)))


async def write(desk: Desk, body: Json) -> Json:
    channel, text = desk.channel(body["channel"]), str(body.get("text") or "")
    if desk.person.id not in channel.members or channel.is_archived:
        raise PageError("you cannot write there", status=403)
    if not text.strip():
        raise PageError("a message needs text")
    root = desk.message(channel, str(body["thread_ts"])) if body.get("thread_ts") else None
    message = desk.ws.add(
        Message(
            ts=desk.ws.stamps.next(),
            channel=channel.id,
            user=desk.person.id,
            text=text,
            thread_ts=(root.thread_ts or root.ts) if root else None,
            mentions=check_message([], text=text).mentions,
        )
    )
    kind = {"channel": "message.channels", "private": "message.groups", "im": "message.im"}[channel.kind]
    if kind in desk.ws.config.events:
        shape = desk.ws.as_slack(message, with_payload=False) | {"channel": channel.id, "event_ts": message.ts}
        del shape["type"]
        desk.ws.later(desk.bot.event(payloads.event("message", **shape)))
    return {"ok": True, "ts": message.ts}


async def read(desk: Desk, body: Json) -> Json:
    channel = desk.channel(body["channel"])
    desk.ws.mark_read(desk.person.id, channel.id)
    desk.ws.hub.changed("channel", channel.id)
    return {"ok": True}
