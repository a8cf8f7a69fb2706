"""What the page (and tests) read: the workspace as one person sees it, the stream of changes, the log."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse

from sandbox.channels import Channel
from sandbox.config import BOT_ID, BOT_NAME, TEAM_ID, TEAM_NAME
from sandbox.errors import Json, PageError
from sandbox.files import as_page_file
from sandbox.groups import as_page_group
from sandbox.messages import Message
from sandbox.people import SLACKBOT, Person, as_page_user
from sandbox.stream import Watcher
from sandbox.workspace import Workspace

SHOWN = 300
LOOKED_AT_FOR_MENTIONS = 300


def workspace_of(request: Request) -> Workspace:
    found: Workspace = request.app.state.workspace
    return found


def person_of(ws: Workspace, person_id: object) -> Person:
    """Raises PageError: only a human of this workspace can sit at the page."""
    person = ws.people.get(str(person_id))
    if person is None or not person.is_human:
        raise PageError(f"nobody here is {person_id!r}")
    if person.deleted:
        raise PageError("that account is deactivated", status=403)
    return person


async def state(request: Request) -> Response:
    ws = workspace_of(request)
    me = person_of(ws, request.query_params.get("as", "U0ANA"))
    home, now = ws.views.homes.get(me.id), ws.clock.now()
    visible = [c for c in ws.channels.values() if c.visible_to(me)]
    return JSONResponse(
        {
            "team": {"id": TEAM_ID, "name": TEAM_NAME},
            "me": as_page_user(me, now),
            "users": [as_page_user(p, now) for p in ws.people.values() if p.id != SLACKBOT],
            "groups": [as_page_group(g) for g in ws.groups.values() if not g.disabled_at],
            "channels": [_channel(ws, c, me) for c in visible],
            "home": home.as_json() if home else None,
            "modals": [view.as_json() for view in ws.views.stack(me.id)],
            "clock": {**clock(ws), "real": time.time()},
            "faults": ws.faults.as_json(),
            "limits": ws.throttle.as_json(),
            "revoked": ws.revoked,
            "commands": list(ws.config.commands),
            "shortcuts": [asdict(shortcut) for shortcut in ws.config.shortcuts],
            "alerts_hint": {"curl": ws.config.alerts_hint},
        }
    )


def clock(ws: Workspace) -> Json:
    return {"now": ws.clock.now(), "rate": ws.clock.rate}


def _channel(ws: Workspace, channel: Channel, me: Person) -> Json:
    room = ws.rooms[channel.id]
    read = ws.read.get((me.id, channel.id), 0)
    new = [m for m in room.newer(read, most=LOOKED_AT_FOR_MENTIONS) if m.user != me.id]
    member = me.id in channel.members
    names = {me.id, *(g.id for g in ws.groups.values() if me.id in g.users and not g.disabled_at)}
    mentions = len(new) if channel.kind == "im" else sum(bool(names & set(m.mentions)) for m in new)
    shape = {
        "id": channel.id,
        "name": channel.name or ws.people[str(channel.peer)].real_name,
        "kind": channel.kind,
        "is_archived": channel.is_archived,
        "is_member": member,
        "member_ids": channel.members,
        "topic": channel.topic,
        "unread": room.unread(read) if member else 0,
        "mentions": mentions if member else 0,
        "latest_ts": room.recent[-1].ts if room.recent else None,
    }
    return shape | ({"peer": channel.peer, "name": BOT_NAME} if channel.kind == "im" else {})


async def messages(request: Request) -> Response:
    ws, query = workspace_of(request), request.query_params
    me = person_of(ws, query.get("as", "U0ANA"))
    channel = ws.channels.get(query.get("channel", ""))
    if channel is None or not channel.visible_to(me):
        raise PageError("there is no such channel for you", status=404)
    room, root_ts, limit = ws.rooms[channel.id], query.get("thread_ts"), _number(request, "limit", SHOWN)
    root = room.find(root_ts)
    if root_ts is not None:
        found = [root, *room.replies(root_ts)] if root else []
        mine = [m for m in room.ephemeral if m.seen_by == me.id and m.thread_ts == root_ts]
    else:
        found = room.window(newest=limit)
        mine = [m for m in room.ephemeral if m.seen_by == me.id and m.thread_ts is None]
    shown = sorted([*found, *mine], key=lambda m: m.ts)
    return JSONResponse({"messages": [_message(ws, m) for m in shown]})


def _message(ws: Workspace, message: Message) -> Json:
    thread = ws.thread(message)
    return {
        "ts": message.ts,
        "user": message.user,
        "bot_id": BOT_ID if message.by_bot else None,
        "username": ws.people[message.user].real_name,
        "text": message.text,
        "blocks": message.blocks,
        "thread_ts": message.thread_ts,
        "reply_count": thread.count if thread else 0,
        "reply_users": thread.users if thread else [],
        "latest_reply": thread.latest if thread else None,
        "edited": message.edited_ts is not None,
        "deleted": message.tombstone,
        "ephemeral": message.seen_by is not None,
        "metadata": message.metadata,
        "files": [as_page_file(ws.files, file) for file in ws.files_of(message)],
    }


async def stream(request: Request) -> Response:
    ws = workspace_of(request)
    me = person_of(ws, request.query_params.get("as", "U0ANA"))

    def wants(channel: str | None) -> bool:
        return channel is None or (channel in ws.channels and ws.channels[channel].visible_to(me))

    watcher = Watcher(wants)
    ws.hub.join(watcher)

    async def lines() -> AsyncIterator[str]:
        try:
            async for line in watcher.lines():
                yield line
        finally:
            ws.hub.leave(watcher)

    return StreamingResponse(lines(), media_type="text/event-stream", headers={"cache-control": "no-store"})


async def log(request: Request) -> Response:
    return JSONResponse(workspace_of(request).log.since(_number(request, "since", 0)))


async def messages_by_delivery(request: Request) -> Response:
    """How often each delivery was posted, and what of it can be seen now."""
    ws = workspace_of(request)
    return JSONResponse(ws.deliveries.as_json(ws.stands))


def _number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isdigit():
        raise PageError(f"{name} must be a number")
    return int(text)


async def health(request: Request) -> Response:
    return JSONResponse({"ok": True})


async def permalink(request: Request) -> Response:
    """Where chat.getPermalink leads: the page, at that message."""
    channel, name = request.path_params["channel"], request.path_params["name"]
    ts = f"{name[1:-6]}.{name[-6:]}"
    root = request.query_params.get("thread_ts")
    thread = f"&thread_ts={root}" if root else ""
    return RedirectResponse(f"/sandbox?channel={channel}&ts={ts}{thread}")
