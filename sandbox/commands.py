"""A typed slash command: sent as Slack sends it, and what its answer shows."""

from __future__ import annotations

import json
import re

from sandbox import payloads
from sandbox.bot_answer import BotAnswer
from sandbox.desk import Desk, told
from sandbox.errors import Json, SlackError
from sandbox.respond import say
from sandbox.tickets import ResponsePlace
from sandbox.workspace import Workspace


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
        return told(answer) | {"error": f'{name} failed with the error "{reason}"'}
    place = ResponsePlace(user=desk.person.id, channel=channel.id, issued=0.0)
    try:
        _show(desk.ws, place, answer)
    except (SlackError, ValueError) as wrong:
        desk.ws.log.inbound[-1].error = f"invalid response: {wrong}"
        return {"ok": False, "status": answer.status, "error": f'{name} failed with the error "invalid_response"'}
    return told(answer)


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
    people = {p.name: f"<@{p.id}|{p.name}>" for p in ws.people.values()}
    groups = {g.handle: f"<!subteam^{g.id}|@{g.handle}>" for g in ws.groups.values() if not g.disabled_at}

    def named(found: re.Match[str]) -> str:
        return people.get(found[1]) or groups.get(found[1]) or found[0]

    def channel(found: re.Match[str]) -> str:
        meant = ws.named(found[1])
        return f"<#{meant.id}|{meant.name}>" if meant else found[0]

    return re.sub(r"(?<!\S)#([\w-]+)", channel, re.sub(r"(?<!\S)@([\w.-]+)", named, text))
