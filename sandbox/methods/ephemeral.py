"""chat.postEphemeral: seen by one person, in no history, never to be changed."""

from __future__ import annotations

from sandbox.call import Call
from sandbox.config import BOT_USER
from sandbox.content import read_content
from sandbox.errors import Json, SlackError
from sandbox.messages import Message


def post_ephemeral(call: Call) -> Json:
    channel = call.place_to_post()
    person = call.person()
    if person.id not in channel.members or person.deleted:
        raise SlackError("user_not_in_channel")
    content = read_content(call.args, call.ws.config, call.ws.files)
    call.line.broadcast, call.line.mentions = content.broadcast, content.mentions
    message = call.ws.add(
        Message(
            ts=call.ws.stamps.next(),
            channel=channel.id,
            user=BOT_USER,
            text=content.text,
            blocks=content.blocks or [],
            thread_ts=call.args.text("thread_ts"),
            seen_by=person.id,
            mentions=content.mentions,
        )
    )
    call.line.ts = message.ts
    return {"message_ts": message.ts}
