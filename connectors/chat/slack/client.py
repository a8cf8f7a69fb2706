"""Slack as a Chat: post, edit, read back. Each call is one attempt; what becomes of it is told by what is raised."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from slack_sdk import WebClient

from bot.core.card import Message
from bot.ports import Mark, Receipt, Refusal, Target, Unknown
from connectors.chat.slack.blocks import message_blocks, message_text
from connectors.chat.slack.channels import Channels, pages
from connectors.chat.slack.text import Json, user_id
from connectors.chat.slack.web import SLACK, ask, client

LOOKED_AT = 5
"""pages of 200 messages: at one a second in a channel well over a quarter of an hour"""
BEFORE = 60.0
"""seconds that Slack's clock may be behind ours"""


class SlackChat:
    """One workspace, as `bot.ports.Chat` wants it."""

    platform = "slack"

    def __init__(self, token: str, *, base_url: str = SLACK, web: WebClient | None = None) -> None:
        self.web = web or client(token, base_url)
        self.channels = Channels(web=self.web, quick=client(token, base_url, timeout=2))

    def show(self, message: Message, target: Target, /, *, mark: Mark) -> Receipt:
        """Post or edit. Raises Refusal, Later or Unknown."""
        content = _content(message, mark)
        if target.edit:
            ask(self.web.chat_update, channel=target.edit.channel, ts=target.edit.ts, **content)
            return target.edit
        content |= {"unfurl_links": False, "unfurl_media": False}
        if target.root:
            return self._post(target.root.channel, content | {"thread_ts": target.root.ts})
        return self._post_at(target, content)

    def _post_at(self, target: Target, content: Json) -> Receipt:
        where = _where(target)
        if target.person:
            receipt = self._post(where, content)
            self.channels.met(where, receipt.channel)
            return receipt
        known = self.channels.id_of(where)
        try:
            return self._post(known, content)
        except Refusal as refusal:
            # A channel that was replaced by another of the same name has another id: surely nothing was posted yet.
            if refusal.code != "channel_not_found" or (anew := self.channels.id_of(where, anew=True)) == known:
                raise
            return self._post(anew, content)

    def _post(self, channel: str, content: Json) -> Receipt:
        posted = ask(self.web.chat_postMessage, channel=channel, **content)
        if not posted.get("ts"):
            raise Unknown("no_receipt")
        return Receipt(channel=posted.get("channel") or channel, ts=posted["ts"])

    def look(self, target: Target, /, *, mark: Mark, since: float) -> Receipt | None:
        """The message that carries this mark, read back from the place. Raises Refusal, Later or Unknown."""
        channel = self._read_from(target)
        if channel is None:
            return None
        for message in self._messages(channel, target, since):
            if _carries(message, mark) and message.get("user") == self._own_id:
                return Receipt(channel=channel, ts=message["ts"])
        return None

    def _read_from(self, target: Target) -> str | None:
        if known := target.edit or target.root:
            return known.channel
        where = _where(target)
        return self.channels.direct(where) if target.person else self.channels.id_of(where)

    def _messages(self, channel: str, target: Target, since: float) -> Iterator[Json]:
        """Newest first, back to `since`; of a thread all of it, because Slack lists threads from their beginning.

        Without `oldest`: a workspace's clock need not be ours, and an empty window would look like a message lost.
        """
        if target.root:
            found = pages(self.web.conversations_replies, channel=channel, ts=target.root.ts, most=LOOKED_AT, **_WHOLE)
            yield from (message for page in found for message in page["messages"])
            return
        for page in pages(self.web.conversations_history, channel=channel, most=LOOKED_AT, **_WHOLE):
            yield from page["messages"]
            if not page["messages"] or float(page["messages"][-1]["ts"]) < since - BEFORE:
                return

    @cached_property
    def _own_id(self) -> str:
        """Another app could put our mark on a message of its own."""
        return str(ask(self.web.auth_test)["user_id"])

    def is_member(self, channel: str, chat_id: str, /) -> bool:
        """Whether they are in this channel (an id or a #name). Asked while a person waits: two seconds at most."""
        return self.channels.has(channel, chat_id)


_WHOLE = {"include_all_metadata": True, "limit": 200}


def _content(message: Message, mark: Mark) -> Json:
    payload = {"delivery": mark.delivery, "alert": mark.alert, "revision": mark.revision}
    return {
        "text": message_text(message),
        "blocks": message_blocks(message, revision=mark.revision),
        "metadata": {"event_type": f"closeloop_{mark.kind}", "event_payload": payload},
        # Each time: what an update leaves out falls back to parsing links.
        "parse": "none",
    }


def _where(target: Target) -> str:
    """`#channel`, or the person's id. Raises Refusal("users_not_found") for a person Slack does not know."""
    name = target.place.partition(":")[2]
    if not name.startswith("@"):
        return name
    chat_id = user_id(target.person)
    if chat_id is None:
        raise Refusal("users_not_found")
    return chat_id


def _carries(message: Json, mark: Mark) -> bool:
    payload = (message.get("metadata") or {}).get("event_payload") or {}
    return bool(payload.get("delivery") == mark.delivery)
