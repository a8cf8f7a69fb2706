"""What tests and the page's switches do to the workspace itself: time, channels, installation, forged requests."""

from __future__ import annotations

import json
import time
from itertools import chain, count
from typing import Any, Literal, cast, get_args

from sandbox import payloads
from sandbox.channels import Channel
from sandbox.config import BOT_USER
from sandbox.errors import Json, PageError
from sandbox.inbound import FORM, JSON, Bot, Kind, encode, sign
from sandbox.page import clock
from sandbox.workspace import Workspace

Signing = Literal["good", "bad", "none", "stale"]
STALE_SECONDS = 400


def move_clock(ws: Workspace, body: Json) -> Json:
    try:
        rate = body.get("rate")
        ws.clock.move(rate=None if rate is None else float(rate), advance=float(body.get("advance") or 0))
    except (TypeError, ValueError) as error:
        raise PageError(str(error)) from None
    ws.hub.changed("clock")
    return clock(ws)


def change_limits(ws: Workspace, body: Json) -> Json:
    try:
        ws.throttle.change(body)
    except ValueError as error:
        raise PageError(str(error)) from None
    return ws.throttle.as_json()


def new_channel(ws: Workspace, body: Json) -> Json:
    name = str(body.get("name", "")).removeprefix("#")
    if not name or ws.named(name) is not None:
        raise PageError("a channel needs a name of its own")
    channel = Channel(
        id=_new_id(ws, name),
        name=name,
        kind="private" if body.get("is_private") else "channel",
        members=list(body.get("members") or []),
        created=int(ws.clock.now()),
    )
    ws.save_channel(channel)
    return {"ok": True, "channel": vars(channel)}


def change_channel(ws: Workspace, bot: Bot, channel_id: str, body: Json) -> Json:
    channel = _channel(ws, channel_id)
    channel.members = [m for m in channel.members if m not in body.get("remove", [])]
    channel.members += [m for m in body.get("add", []) if m not in channel.members]
    _rename(ws, bot, channel, str(body.get("name") or channel.name).removeprefix("#"))
    archived = body.get("is_archived", channel.is_archived)
    if archived != channel.is_archived:
        channel.is_archived = archived
        kind = "channel_archive" if archived else "channel_unarchive"
        tell(ws, bot, kind, channel=channel.id, user="U0ELSA")
    for kind, who in (("member_joined_channel", "add"), ("member_left_channel", "remove")):
        for user in body.get(who, []):
            tell(ws, bot, kind, channel=channel.id, user=user, channel_type="C")
    ws.save_channel(channel)
    return {"ok": True, "channel": vars(channel)}


def _new_id(ws: Workspace, name: str) -> str:
    """Of its own: a deleted channel's id stays with it."""
    plain = "C0" + name.upper().replace("-", "")[:20]
    return next(found for found in chain((plain,), (f"{plain}{n}" for n in count(2))) if found not in ws.rooms)


def _channel(ws: Workspace, channel_id: str) -> Channel:
    channel = ws.channels.get(channel_id)
    if channel is None:
        raise PageError("there is no such channel", status=404)
    return channel


def _rename(ws: Workspace, bot: Bot, channel: Channel, name: str) -> None:
    if name == channel.name:
        return
    if not name or channel.kind == "im" or ws.named(name) is not None:
        raise PageError("a channel needs a name of its own")
    channel.name = name
    tell(ws, bot, "channel_rename", channel={"id": channel.id, "name": name, "created": channel.created})


def delete_channel(ws: Workspace, bot: Bot, channel_id: str) -> Json:
    channel = _channel(ws, channel_id)
    if channel.kind == "im":
        raise PageError("direct messages cannot be deleted")
    ws.delete_channel(channel)
    tell(ws, bot, "channel_deleted", channel=channel.id)
    return {"ok": True}


def install(ws: Workspace, bot: Bot, body: Json) -> Json:
    """`{revoked}`: take the app's token away, as an uninstallation does, or give it back."""
    revoked = body.get("revoked")
    if not isinstance(revoked, bool):
        raise PageError("revoked must be true or false")
    if revoked and not ws.revoked:
        tell(ws, bot, "tokens_revoked", tokens={"oauth": [], "bot": [BOT_USER]})
        tell(ws, bot, "app_uninstalled")
    ws.install(revoked=revoked)
    return {"ok": True, "revoked": ws.revoked}


def tell(ws: Workspace, bot: Bot, kind: str, **fields: Any) -> None:
    """An event, where the app listens to its kind."""
    if kind in ws.config.events:
        ws.later(bot.event(payloads.event(kind, **fields, event_ts=f"{time.time():.6f}")))


async def raw(ws: Workspace, bot: Bot, body: Json) -> Json:
    """A hand-made request: `{kind, body, headers?, sign}` -> `{status, body, error}`."""
    kind, signing = body.get("kind"), body.get("sign", "good")
    if kind not in get_args(Kind) or signing not in get_args(Signing):
        raise PageError("kind must be interaction, command or event; sign good, bad, none or stale")
    content_type, content = _content(cast(Kind, kind), body.get("body"))
    headers = {"content-type": content_type}
    if signing != "none":
        at = str(int(time.time()) - (STALE_SECONDS if signing == "stale" else 0))
        secret = "somebody else's secret" if signing == "bad" else ws.config.signing_secret
        headers |= {"x-slack-request-timestamp": at, "x-slack-signature": sign(secret, at, content)}
    headers |= {k.lower(): str(v) for k, v in (body.get("headers") or {}).items()}
    line = ws.log.sent(f"raw {kind}")
    answer = await bot.post(headers, content)
    line.status, line.error = answer.status, answer.error
    return {"status": answer.status, "body": answer.body.decode(errors="replace"), "error": answer.error}


async def replay(ws: Workspace, bot: Bot, body: Json) -> Json:
    """The very request that log line `n` sent (without `n`: the last one), byte for byte."""
    sent = bot.sent.get(body.get("n") or next(reversed(bot.sent), 0))
    if sent is None:
        raise PageError("no such request is remembered", status=404)
    line = ws.log.sent("replay")
    answer = await bot.post(*sent)
    line.status, line.error = answer.status, answer.error
    return {"status": answer.status, "body": answer.body.decode(errors="replace"), "error": answer.error}


def _content(kind: Kind, body: Any) -> tuple[str, bytes]:
    if isinstance(body, str):
        return (JSON if kind == "event" else FORM), body.encode()
    return encode(kind, body or {})


async def verify(bot: Bot) -> Json:
    """Slack's handshake when a request URL is entered: the bot must send the challenge back."""
    challenge = "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"
    answer = await bot.send("event", payloads.url_verification(challenge))
    text = answer.body.decode(errors="replace")
    try:
        echoed = json.loads(text).get("challenge") if answer.content_type.startswith("application/json") else text
    except (ValueError, AttributeError):
        echoed = None
    return {"ok": answer.ok and echoed == challenge, "status": answer.status, "error": answer.error}
