"""conversations.*: which channels there are and who is in them, as far as the bot may know."""

from __future__ import annotations

from sandbox.call import Call
from sandbox.channels import READ_SCOPE, TYPES, Channel, as_slack_channel
from sandbox.config import BOT_USER
from sandbox.errors import Json, SlackError, invalid_arguments
from sandbox.paging import page


def listing(call: Call) -> Json:
    found = [c for c in _of_types(call) if c.kind == "channel" or c.has_bot]
    return page(call.args, "channels", [_shape(call, c) for c in found])


def of_user(call: Call) -> Json:
    wanted = call.args.text("user") or BOT_USER
    if wanted not in call.ws.people:
        raise SlackError("user_not_found")
    found = [c for c in _of_types(call) if wanted in c.members and (c.kind == "channel" or c.has_bot)]
    return page(call.args, "channels", [_shape(call, c) for c in found])


def _of_types(call: Call) -> list[Channel]:
    """Raises SlackError invalid_types, missing_scope."""
    kinds = []
    for name in (call.args.text("types") or "public_channel").split(","):
        if name.strip() == "mpim":
            call.need("mpim:read")
            continue
        kind = TYPES.get(name.strip())
        if kind is None:
            raise SlackError("invalid_types")
        call.need(READ_SCOPE[kind])
        kinds.append(kind)
    skipped = call.args.flag("exclude_archived")
    return [c for c in call.ws.channels.values() if c.kind in kinds and not (skipped and c.is_archived)]


def _shape(call: Call, channel: Channel) -> Json:
    peer = call.ws.people.get(channel.peer or "")
    return as_slack_channel(channel, peer_deleted=peer is not None and peer.deleted)


def _known(call: Call) -> Channel:
    channel = call.channel_by_id()
    call.need(READ_SCOPE[channel.kind])
    return channel


def info(call: Call) -> Json:
    channel = _known(call)
    shape = _shape(call, channel)
    if not call.args.flag("include_num_members"):
        shape.pop("num_members", None)
    return {"channel": shape}


def members(call: Call) -> Json:
    return page(call.args, "members", list(_known(call).members))


def open_direct(call: Call) -> Json:
    """Raises SlackError user_not_found, user_disabled, cannot_dm_bot; missing_scope for more than one person."""
    wanted = call.args.text("users")
    if wanted is None:
        raise invalid_arguments("missing required field: users")
    if "," in wanted:
        call.need("mpim:write")
    person = call.person("users")
    if person.is_bot:
        raise SlackError("cannot_dm_bot")
    if person.deleted:
        raise SlackError("user_disabled")
    channel = call.ws.channels[f"D{person.id}"]
    call.line.channel = channel.id
    shape = _shape(call, channel) if call.args.flag("return_im") else {"id": channel.id}
    return {"no_op": True, "already_open": True, "channel": shape}
