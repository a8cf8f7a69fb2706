"""/sandbox/response/<token>: the bot answers a click or a command without the Web API."""

from __future__ import annotations

import json
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from sandbox.args import Args
from sandbox.breaking import Asked, answer, limited
from sandbox.config import BOT_USER
from sandbox.content import Content, read_content, read_metadata
from sandbox.errors import Json, RateLimited, SlackError
from sandbox.log import Call as LogLine
from sandbox.messages import Message
from sandbox.tickets import ResponsePlace
from sandbox.workspace import Workspace


async def serve(request: Request) -> Response:
    ws: Workspace = request.app.state.workspace
    line = ws.log.call("response_url")
    token, body = request.path_params["token"], await request.body()
    place = ws.tickets.place(token)
    line.channel = place.channel if place else None
    channels = {place.channel} if place else set()
    run = partial(_run, ws, line, token, (body, request.headers.get("content-type", "")))
    return await answer(Asked(ws=ws, line=line, channels=channels, run=run))


def _run(ws: Workspace, line: LogLine, token: str, sent: tuple[bytes, str]) -> Response:
    """`sent` is (body, content type)."""
    try:
        if ws.revoked:
            raise SlackError("invalid_url")  # Slack documents no answer for an app that is gone
        place = ws.tickets.response_place(token)
        if place.channel not in ws.channels:
            raise SlackError("channel_not_found")
        say(ws, place, _read(*sent), line)
    except SlackError as refusal:
        line.error, line.status = refusal.code, 404 if refusal.code.endswith("_url") else 400
        return JSONResponse(refusal.body(), status_code=line.status)
    except RateLimited as wait:
        return limited(ws, line, wait.retry_after)
    line.ok, line.error = True, None
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

    Raises SlackError for content Slack refuses and for a message that is gone, RateLimited.
    """
    args = Args(said)
    original = _original(ws, place)
    if args.flag("delete_original"):
        if original is not None:
            ws.remove(original)
        return
    content, metadata = read_content(args, ws.config, ws.files), read_metadata(args, ws.config)
    if args.flag("replace_original") and place.message_ts is not None:
        shown = _replace(ws, original, content, metadata)
    else:
        shown = _new(ws, place, args, content)
    if line is not None:
        line.ts, line.broadcast, line.mentions = shown.ts, content.broadcast, content.mentions
        line.note_mark(shown.metadata)


def _replace(ws: Workspace, original: Message | None, content: Content, metadata: Json | None) -> Message:
    """Without metadata the message keeps what it had, as in chat.update. Raises SlackError message_not_found.

    Slack documents neither what becomes of metadata here nor its answer where the message is gone.
    """
    if original is None or original.tombstone:
        raise SlackError("message_not_found")
    if metadata is not None:
        original.metadata = metadata or None
    ws.edit(original, content)
    return original


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
