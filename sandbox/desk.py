"""Where a gesture begins: one person at the page, what they can see, and what they are told of the bot's answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.bot_answer import BotAnswer
from sandbox.channels import Channel
from sandbox.config import BOT_NAME
from sandbox.errors import Json, PageError
from sandbox.inbound import Bot
from sandbox.messages import Message
from sandbox.people import Person
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


def told(answer: BotAnswer) -> Json:
    """`error` is the sentence the person sees."""
    sentence = None
    if answer.error == "http_timeout":
        sentence = f"{BOT_NAME} did not answer within 3 seconds. Nothing says whether it noticed."
    elif answer.status is None:
        sentence = f"{BOT_NAME} could not be reached."
    elif not answer.ok:
        sentence = f"{BOT_NAME} answered with HTTP {answer.status}."
    return {"ok": answer.ok, "status": answer.status, "error": sentence}
