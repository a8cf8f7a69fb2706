"""What a person does on the page: press, submit, close, command, write, open Home. Each becomes a real request."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from typing import Any

from sandbox import inputs, payloads
from sandbox.blocks import check_message
from sandbox.bot_answer import BotAnswer
from sandbox.channels import Channel
from sandbox.config import BOT_NAME
from sandbox.errors import Json, PageError, SlackError
from sandbox.inbound import Bot
from sandbox.messages import Message
from sandbox.methods.views import checked_view
from sandbox.people import Person
from sandbox.respond import say
from sandbox.tickets import ResponsePlace
from sandbox.views import View
from sandbox.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Desk:
    """One person at the page."""

    ws: Workspace
    bot: Bot
    base_url: str
    person: Person

    def channel(self, channel_id: Any) -> Channel:
        channel = self.ws.channels.get(str(channel_id))
        if channel is None or not channel.visible_to(self.person):
            raise PageError("there is no such channel for you", status=404)
        return channel

    def message(self, channel: Channel, ts: str) -> Message:
        room = self.ws.rooms[channel.id]
        message = room.find(ts) or room.find_ephemeral(ts)
        if message is None or message.seen_by not in {None, self.person.id}:
            raise PageError("there is no such message for you", status=404)
        return message

    def view(self, view_id: Any) -> View:
        view = self.ws.views.find(str(view_id))
        if view is None or view.user != self.person.id:
            raise PageError("that view is closed", status=404)
        return view

    def response_url(self, channel: Channel, message: Message | None = None) -> str:
        token = self.ws.tickets.response_token(
            self.person.id,
            channel.id,
            message_ts=message.ts if message else None,
            thread_ts=message.thread_ts if message else None,
        )
        return f"{self.base_url}/sandbox/response/{token}"


def _told(answer: BotAnswer) -> Json:
    """`error` is the sentence the person sees."""
    sentence = None
    if answer.error == "http_timeout":
        sentence = f"{BOT_NAME} did not answer within 3 seconds. Nothing says whether it noticed."
    elif answer.status is None:
        sentence = f"{BOT_NAME} could not be reached."
    elif not answer.ok:
        sentence = f"{BOT_NAME} answered with HTTP {answer.status}."
    return {"ok": answer.ok, "status": answer.status, "error": sentence}


def _object(body: Json, name: str) -> Json:
    found = body[name]
    if not isinstance(found, dict):
        raise PageError(f"{name} must be an object")
    return found


def _values(body: Json) -> Json:
    state = body.get("state") or {}
    return _object(state, "values") if "values" in state else {}


async def press(desk: Desk, body: Json) -> Json:
    container, given = _object(body, "container"), _object(body, "action")
    if container["type"] == "view":
        return await _press_in_view(desk, container, given, _values(body))
    channel = desk.channel(container["channel"])
    message = desk.message(channel, str(container["ts"]))
    block, element = inputs.find(message.blocks, str(given["action_id"]), given.get("block_id"))
    click = payloads.Click(
        person=desk.person,
        action=inputs.action(block, element, given, action_ts=f"{time.time():.6f}"),
        values=_values(body),
        trigger_id=desk.ws.tickets.trigger(desk.person.id),
    )
    payload = payloads.message_click(
        click,
        channel,
        message,
        shown=desk.ws.as_slack(message, with_payload=False),
        response_url=desk.response_url(channel, message),
    )
    return _told(await desk.bot.send("interaction", payload))


async def _press_in_view(desk: Desk, container: Json, given: Json, values: Json) -> Json:
    view = desk.view(container["view_id"])
    block, element = inputs.find(view.body["blocks"], str(given["action_id"]), given.get("block_id"))
    view.values = inputs.state(view.body["blocks"], values, view.values)
    click = payloads.Click(
        person=desk.person,
        action=inputs.action(block, element, given, action_ts=f"{time.time():.6f}"),
        values=view.values,
        trigger_id=desk.ws.tickets.trigger(desk.person.id, view_id=view.id),
    )
    return _told(await desk.bot.send("interaction", payloads.view_click(click, view)))


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
        return _told(answer)
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
        views.update(view, checked_view(response.get("view"), "modal"), expected_hash=None)
    elif action == "push":
        views.push(desk.person.id, checked_view(response.get("view"), "modal"))
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
    return _told(await desk.bot.send("interaction", payloads.view_closed(desk.person, view, cleared=False)))


async def command(desk: Desk, body: Json) -> Json:
    channel, name = desk.channel(body["channel"]), str(body["command"])
    if name not in desk.ws.config.commands:
        return {"ok": False, "status": None, "error": f"{name} is not a valid command."}
    payload = payloads.command(
        desk.person,
        channel,
        text=(name, escaped(desk.ws, str(body.get("text") or ""))),
        trigger_id=desk.ws.tickets.trigger(desk.person.id),
        response_url=desk.response_url(channel),
    )
    answer = await desk.bot.send("command", payload)
    if not answer.ok:
        reason = "operation_timeout" if answer.error == "http_timeout" else "dispatch_failed"
        return _told(answer) | {"error": f'{name} failed with the error "{reason}"'}
    place = ResponsePlace(user=desk.person.id, channel=channel.id, issued=0.0)
    try:
        _show(desk.ws, place, answer)
    except (SlackError, ValueError) as wrong:
        desk.ws.log.inbound[-1].error = f"invalid response: {wrong}"
        return {"ok": False, "status": answer.status, "error": f'{name} failed with the error "invalid_response"'}
    return _told(answer)


def _show(ws: Workspace, place: ResponsePlace, answer: BotAnswer) -> None:
    """The answer in the body of a command's response: text, or JSON as for a response url."""
    if not answer.body.strip():
        return
    if answer.content_type.startswith("application/json"):
        said = json.loads(answer.body)
        if said:
            say(ws, place, said)
    else:
        say(ws, place, {"text": answer.body.decode()})


def escaped(ws: Workspace, text: str) -> str:
    """should_escape: names become ids, as far as they are names of this workspace."""
    if not ws.config.commands_escape:
        return text
    people = {p.name: p for p in ws.people.values()}

    def person(found: re.Match[str]) -> str:
        named = people.get(found[1])
        return f"<@{named.id}|{named.name}>" if named else found[0]

    def channel(found: re.Match[str]) -> str:
        named = ws.named(found[1])
        return f"<#{named.id}|{named.name}>" if named else found[0]

    return re.sub(r"(?<!\S)#([\w-]+)", channel, re.sub(r"(?<!\S)@([\w.-]+)", person, text))


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
    return _told(await desk.bot.event(payloads.event("app_home_opened", **fields)))


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
