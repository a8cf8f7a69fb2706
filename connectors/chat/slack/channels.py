"""Which id a #channel has, which direct message is whose, who is in a channel: asked seldom, remembered briefly."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

from bot.ports import Later, Refusal, Unknown
from connectors.chat.slack.refusals import refused
from connectors.chat.slack.text import Json
from connectors.chat.slack.web import ask

NAMES = 600.0
"""seconds a list of names is good for"""
MEMBERS = 60.0
BLIND = 5.0
"""seconds without another question after one that Slack did not answer"""
PAGE = 999
_ID = frozenset("CGD")


def pages(method: Callable[..., SlackResponse], *, most: int = 100, **arguments: str | int | bool) -> Iterator[Json]:
    """Every page of a list. Raises Refusal, Later or Unknown."""
    for _ in range(most):
        page = ask(method, **arguments)
        yield page
        cursor = (page.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return
        arguments["cursor"] = cursor


@dataclass
class Channels:
    """One workspace's channels as the bot knows them. Safe to use from many threads: values are replaced whole."""

    web: WebClient
    quick: WebClient
    """with a short timeout, for what is asked while a person waits"""
    monotonic: Callable[[], float] = time.monotonic
    _names: tuple[float, dict[str, str]] = (0.0, {})
    _directs: dict[str, str] = field(default_factory=dict)
    _members: dict[str, tuple[float, frozenset[str]]] = field(default_factory=dict)
    _blind_until: float = 0.0

    def id_of(self, channel: str, *, anew: bool = False, web: WebClient | None = None) -> str:
        """The id of `#name` (an id is its own). Raises Refusal("channel_not_found"), Later."""
        if channel[:1] in _ID:
            return channel
        name = channel.removeprefix("#").lower()
        good_until, names = self._names
        if anew or name not in names or self.monotonic() > good_until:
            names = self._listed(web or self.web)
        if name not in names:
            raise refused("channel_not_found")
        return names[name]

    def direct(self, chat_id: str) -> str | None:
        """The id of the bot's direct messages with this person, or None where nothing was ever said in them."""
        if chat_id not in self._directs:
            found = pages(self.web.users_conversations, types="im", limit=PAGE)
            self._directs = {c["user"]: c["id"] for page in found for c in page["channels"]}
        return self._directs.get(chat_id)

    def met(self, chat_id: str, channel: str) -> None:
        """Remember where a direct message went."""
        self._directs = {**self._directs, chat_id: channel}

    def has(self, channel: str, chat_id: str) -> bool:
        """Whether this person is in the channel. Where Slack cannot say now, what was last known counts, else no."""
        good_until, members = self._members.get(channel, (0.0, frozenset()))
        now = self.monotonic()
        if now > good_until and now > self._blind_until:
            members = self._listed_members(channel, before=members)
        return chat_id in members

    def _listed_members(self, channel: str, *, before: frozenset[str]) -> frozenset[str]:
        try:
            where = self.id_of(channel, web=self.quick)
            listed = pages(self.quick.conversations_members, channel=where, limit=PAGE)
            found = frozenset(member for page in listed for member in page["members"])
        except Refusal:
            found = frozenset()
        except (Later, Unknown):
            # A person waits for the answer: one timeout is enough, not one for each channel of a list.
            self._blind_until = self.monotonic() + BLIND
            return before
        self._members = {**self._members, channel: (self.monotonic() + MEMBERS, found)}
        return found

    def _listed(self, web: WebClient) -> dict[str, str]:
        """Every channel the bot may see. Archived ones too: `is_archived` says more than `channel_not_found`."""
        kinds = "public_channel,private_channel"
        try:
            listed = pages(web.conversations_list, types=kinds, exclude_archived=False, limit=PAGE)
            names = {c["name"]: c["id"] for page in listed for c in page["channels"]}
        except Unknown as error:
            # Nothing was posted yet: a list that did not arrive is asked for again.
            raise Later(error.code, 5) from None
        self._names = (self.monotonic() + NAMES, names)
        return names
