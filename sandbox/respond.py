"""/sandbox/response/<token>: the bot answers a click or a command without the Web API."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from sandbox.args import Args
from sandbox.config import BOT_USER
from sandbox.content import Content, read_content
from sandbox.errors import Json, RateLimited, SlackError
from sandbox.log import Call as LogLine
from sandbox.messages import Message
from sandbox.tickets import ResponsePlace
from sandbox.workspace import Workspace


async def serve(request: Request) -> Response:
    ws: Workspace = request.app.state.workspace
    line = ws.log.call("response_url")
    try:
        place = ws.tickets.response_place(request.path_params["token"])
        line.channel = place.channel
        say(ws, place, _read(await request.body(), request.headers.get("content-type", "")), line)
    except SlackError as refusal:
        line.error, line.status = refusal.code, 404 if refusal.code.endswith("_url") else 400
        return JSONResponse(refusal.body(), status_code=line.status)
    except RateLimited as limited:
        line.error, line.status, line.retry_after = "ratelimited", 429, limited.retry_after
        ws.log.limited += 1
        return PlainTextResponse("rate_limited", 429, {"Retry-After": str(limited.retry_after)})
    line.ok = True
    return PlainTextResponse("ok")


def _read(body: bytes, content_type: str) -> Json:
    try:
        if content_type.startswith("application/x-www-form-urlencoded"):
            body = parse_qs(body.decode())["payload"][0].encode()
        said: Any = json.loads(body)
    except (ValueError, KeyError):
        raise SlackError("invalid_payload") from None
    if not isinstance(said, dict):
        raise SlackError("invalid_payload")
    return said


def say(ws: Workspace, place: ResponsePlace, said: Json, line: LogLine | None = None) -> None:
    """Delete or replace what was clicked, or say something new: to the person alone unless told otherwise.

    Raises SlackError for content Slack refuses, RateLimited.
    """
    args = Args(said)
    original = _original(ws, place)
    if args.flag("delete_original"):
        if original is not None:
            ws.remove(original)
        return
    content = read_content(args, ws.config)
    if args.flag("replace_original") and original is not None:
        ws.edit(original, content)
        shown = original
    else:
        shown = _new(ws, place, args, content)
    if line is not None:
        line.ts, line.broadcast, line.mentions = shown.ts, content.broadcast, content.mentions


def _original(ws: Workspace, place: ResponsePlace) -> Message | None:
    room = ws.rooms[place.channel]
    return room.find(place.message_ts) or room.find_ephemeral(place.message_ts or "")


def _new(ws: Workspace, place: ResponsePlace, args: Args, content: Content) -> Message:
    public = args.text("response_type") == "in_channel"
    if public:
        ws.throttle.post(place.channel)
    return ws.add(
        Message(
            ts=ws.stamps.next(),
            channel=place.channel,
            user=BOT_USER,
            text=content.text,
            blocks=content.blocks or [],
            thread_ts=args.text("thread_ts"),
            seen_by=None if public else place.user,
            mentions=content.mentions,
        )
    )
