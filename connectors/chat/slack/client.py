"""Slack as a Chat: post, edit, read back, delete. Each call is one attempt; what is raised says what became of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import cached_property

from slack_sdk import WebClient

from bot.core.card import Message
from bot.core.people import Person
from bot.ports import Later, Mark, Receipt, Refusal, Target, Unknown, Ways
from connectors.chat.slack.blocks import in_words, message_blocks, message_text
from connectors.chat.slack.channels import Channels
from connectors.chat.slack.links import Links
from connectors.chat.slack.readback import ReadBack
from connectors.chat.slack.refusals import refused
from connectors.chat.slack.response_url import respond, trusted
from connectors.chat.slack.text import Json, user_id
from connectors.chat.slack.upload import upload
from connectors.chat.slack.views import NO_PREVIEWS
from connectors.chat.slack.web import SLACK, ask, client

log = logging.getLogger(__name__)

RIPE = 45.0
"""seconds after which a picture that Slack refuses is not waited for any more"""


class SlackChat:
    """One workspace, as `bot.ports.Chat` wants it."""

    platform = "slack"

    def __init__(
        self,
        token: str,
        *,
        base_url: str = SLACK,
        ways: Ways | None = None,
        web: WebClient | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.base_url, self.ways, self.monotonic = base_url, ways, monotonic
        self._refused_since: dict[str, float] = {}
        self.web = web or client(token, base_url)
        self.channels = Channels(web=self.web, quick=client(token, base_url, timeout=2))
        self.links = Links(self.web)

    def show(self, message: Message, target: Target, /, *, mark: Mark) -> Receipt:
        """Post or edit. Raises Refusal, Later or Unknown.

        A picture can be shown some seconds after it was handed over; one that never can is said in words.
        """
        try:
            return self._show(message, target, mark)
        except Refusal as refusal:
            if refusal.code != "invalid_blocks" or not message.pictures:
                raise
        now = self.monotonic()
        if now - self._refused_since.setdefault(message.pictures[0].ref, now) < RIPE:
            raise Later("picture_not_ready", 3.0)
        return self._show(in_words(message), target, mark)

    def _show(self, message: Message, target: Target, mark: Mark) -> Receipt:
        content = _content(message, mark)
        if target.edit:
            self._edit(target.edit, content)
            return target.edit
        content |= NO_PREVIEWS
        if target.root:
            return self._post(target.root.channel, content | {"thread_ts": target.root.ts})
        return self._post_at(target, content)

    def _post_at(self, target: Target, content: Json) -> Receipt:
        where = self._where(target)
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

    def _edit(self, receipt: Receipt, content: Json) -> None:
        """By the way that a click left, which costs nothing; else, or where that failed, as any edit. Raises as `show`.

        Said twice it is the same message, so a way of which nobody knows whether it took the edit does no harm.
        """
        address = self.ways.take(receipt) if self.ways else None
        if address and trusted(address, self.base_url):
            try:
                respond(address, {"replace_original": True, **content, **NO_PREVIEWS})
                return
            except Unknown as error:
                log.info("an edit by a click's answer was not taken", extra={"code": error.code})
        ask(self.web.chat_update, channel=receipt.channel, ts=receipt.ts, **content)

    def look(self, target: Target, /, *, mark: Mark, age: float) -> list[Receipt]:
        """Every message that carries this mark, oldest first, read back from the place. Raises Refusal, Later, Unknown.

        `age`: seconds since the first attempt; it is read back to a minute before.
        """
        channel = self._read_from(target)
        if channel is None:
            return []
        read = ReadBack(web=self.web, channel=channel, root=target.root.ts if target.root else None)
        # Another app could put our mark on a message of its own.
        own = {m["ts"] for m in read.messages(age) if _carries(m, mark) and m.get("user") == self._own_id}
        return [Receipt(channel=channel, ts=ts) for ts in sorted(own, key=float)]

    def _read_from(self, target: Target) -> str | None:
        if known := target.edit or target.root:
            return known.channel
        where = self._where(target)
        return self.channels.direct(where) if target.person else self.channels.id_of(where)

    def retract(self, receipt: Receipt, /) -> None:
        """Delete a message of ours; one that is gone already is no error. Raises Refusal, Later or Unknown."""
        try:
            ask(self.web.chat_delete, channel=receipt.channel, ts=receipt.ts)
        except Refusal as refusal:
            if refusal.code != "message_not_found":
                raise

    def spares(self, receipt: Receipt, /) -> bool:
        """Whether an edit of this message costs nothing of the platform's limits just now (a click's answer)."""
        return self.ways is not None and self.ways.has(receipt)

    def permalink(self, receipt: Receipt, /) -> str | None:
        """Where a message is read, as Slack itself makes such addresses; None where it does not answer just now."""
        return self.links.to(receipt.channel, receipt.ts)

    def picture(self, png: bytes, /, title: str, alt: str) -> str:
        """Hand a picture to Slack, for messages to show by the id that comes back. Raises Refusal, Later or Unknown."""
        return upload(self.web, png, title=title, alt=alt)

    def _where(self, target: Target) -> str:
        """`#channel`, or the person's id. Raises Refusal("users_not_found") for a person Slack does not know."""
        name = target.place.partition(":")[2]
        return user_id(target.person) or self._user_of(target.person) if name.startswith("@") else name

    def _user_of(self, person: Person | None) -> str:
        """The id of somebody whom no directory could ask Slack about so far: it may have been away when they did."""
        if person is None or "@" not in person.id:
            raise refused("users_not_found")
        try:
            return str(ask(self.web.users_lookupByEmail, email=person.id)["user"]["id"])
        except Unknown as error:
            # Nothing was posted yet.
            raise Later(error.code, 5) from None

    @cached_property
    def _own_id(self) -> str:
        return str(ask(self.web.auth_test)["user_id"])

    def is_member(self, channel: str, chat_id: str, /) -> bool:
        """Whether they are in this channel (an id or a #name). Asked while a person waits: two seconds at most."""
        return self.channels.has(channel, chat_id)


def _content(message: Message, mark: Mark) -> Json:
    payload = {"delivery": mark.delivery, "alert": mark.alert, "revision": mark.revision}
    return {
        "text": message_text(message),
        "blocks": message_blocks(message, revision=mark.revision),
        "metadata": {"event_type": f"closeloop_{mark.kind}", "event_payload": payload},
        # Each time: what an update leaves out falls back to parsing links.
        "parse": "none",
    }


def _carries(message: Json, mark: Mark) -> bool:
    payload = (message.get("metadata") or {}).get("event_payload") or {}
    return bool(payload.get("delivery") == mark.delivery)
