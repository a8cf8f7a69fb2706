"""chat.*: what the bot says, changes and takes back."""

from __future__ import annotations

from sandbox.blocks import check_message
from sandbox.call import Call
from sandbox.channels import Channel
from sandbox.config import BOT_USER
from sandbox.content import UPDATE_TEXT, Content, read_content, read_metadata
from sandbox.errors import Json, SlackError, invalid_arguments
from sandbox.messages import Message


def post_message(call: Call) -> Json:
    channel = call.place_to_post()
    metadata = read_metadata(call.args, call.ws.config)
    call.line.note_mark(metadata)
    thread_ts = _root(call, channel)
    client_id = _client_msg_id(call)
    call.ws.throttle.post(channel.id)
    content = read_content(call.args, call.ws.config, call.ws.files)
    _note_content(call, content)
    message = call.ws.add(
        Message(
            ts=call.ws.stamps.next(),
            channel=channel.id,
            user=BOT_USER,
            text=content.text,
            blocks=content.blocks or [],
            thread_ts=thread_ts,
            broadcast=thread_ts is not None and call.args.flag("reply_broadcast"),
            metadata=metadata or None,
            client_msg_id=client_id,
            mentions=content.mentions,
        )
    )
    call.line.ts = message.ts
    # Slack's own answer may lack event_payload (python-slack-sdk#1501): nobody may build on it.
    return {"channel": channel.id, "ts": message.ts, "message": call.ws.as_slack(message, with_payload=False)}


def _root(call: Call, channel: Channel) -> str | None:
    """Raises SlackError thread_not_found: replying to nothing, or to a reply, is the caller's mistake."""
    wanted = call.args.text("thread_ts")
    if wanted is None:
        return None
    root = call.ws.rooms[channel.id].find(wanted)
    call.line.thread_ts = wanted
    if root is None or root.is_reply:
        raise SlackError("thread_not_found")
    return wanted


def _client_msg_id(call: Call) -> str | None:
    """Stored, not used against repeats: Slack promises nothing of the kind to bots."""
    wanted, refusal = call.args.text("client_msg_id"), call.ws.config.duplicate_client_msg_id
    if wanted in call.ws.client_msg_ids and refusal is not None:
        raise SlackError(refusal)
    return wanted


def update(call: Call) -> Json:
    channel, message = _own_message(call, refusal="cant_update_message")
    if channel.is_archived:
        raise SlackError("is_inactive")
    metadata = read_metadata(call.args, call.ws.config)
    call.line.note_mark(metadata if metadata is not None else message.metadata)
    if len(call.args.text("text") or "") > UPDATE_TEXT:
        raise SlackError("msg_too_long")
    content = read_content(call.args, call.ws.config, call.ws.files)
    _note_content(call, content)
    if metadata is not None:
        message.metadata = metadata or None
    call.ws.edit(message, content)
    shown = call.ws.as_slack(message, with_payload=False)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": shown}


def delete(call: Call) -> Json:
    channel, message = _own_message(call, refusal="cant_delete_message")
    call.line.note_mark(message.metadata)
    call.ws.remove(message)
    return {"channel": channel.id, "ts": message.ts}


def _own_message(call: Call, *, refusal: str) -> tuple[Channel, Message]:
    """Raises SlackError channel_not_found, not_in_channel, message_not_found, `refusal`."""
    channel = call.channel_by_id()
    if not channel.has_bot:
        raise SlackError("not_in_channel")
    call.line.ts = call.args.required("ts")
    message = call.ws.rooms[channel.id].find(call.line.ts)
    if message is None or message.tombstone:
        raise SlackError("message_not_found")
    if not message.by_bot:
        raise SlackError(refusal)
    return channel, message


def get_permalink(call: Call) -> Json:
    channel = call.channel_by_id()
    message = call.ws.rooms[channel.id].find(call.args.required("message_ts"))
    if message is None:
        raise SlackError("message_not_found")
    link = f"{call.base_url}/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


def validate_blocks(call: Call) -> Json:
    blocks = call.args.structure("blocks", malformed="invalid_blocks_format")
    if not isinstance(blocks, list):
        raise invalid_arguments("missing required field: blocks")
    errors = check_message(blocks).errors
    if errors:
        raise SlackError("invalid_blocks", response_metadata={"messages": errors})
    return {}


def _note_content(call: Call, content: Content) -> None:
    call.line.broadcast, call.line.mentions = content.broadcast, content.mentions
