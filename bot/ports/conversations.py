"""What a chat tells only by what it sends: where people are reached, and which messages of ours they see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from bot.ports import Receipt


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """Where somebody is reached in a chat, as it was last said there. What is empty is not known."""

    platform: str
    chat_id: str = ""
    """the person; empty: the workspace as a whole"""
    address: str = ""
    """where the chat takes what is said to them"""
    channel: str = ""
    """their own conversation with the bot"""
    member: str = ""
    """what they are called in messages, where that is not their id"""


class Conversations(Protocol):
    """Kept for good. All may raise Away."""

    def keep_conversation(self, one: Conversation, /) -> None:
        """What is known of it now; what is empty in it stays as it was known before."""
        ...

    def forget_conversation(self, platform: str, chat_id: str, /) -> None:
        """The bot is not there any more."""
        ...

    def conversations(self, platform: str, chat_ids: Iterable[str], /) -> dict[str, Conversation]:
        """chat id ▶ its conversation, of those that are known"""
        ...


class Sightings(Protocol):
    """Messages of ours that somebody was shown, where a chat cannot be read back; kept for an hour where in doubt."""

    def saw(self, delivery: str, receipt: Receipt, /) -> None:
        """Never raises: one that is lost is told again, or costs a twin that is not found."""
        ...

    def gone(self, receipt: Receipt, /) -> None:
        """It was removed, so nobody is shown it any more. Never raises: one that is lost is removed once more."""
        ...

    def seen(self, delivery: str, /) -> list[Receipt]:
        """Every message in doubt that carries this delivery's mark and was shown to somebody, in no order.

        Raises Away: nobody may take that for "not there".
        """
        ...


class Once(Protocol):
    """What may be done once in a while only, by whichever process comes first."""

    def first(self, what: str, /, *, seconds: int) -> bool:
        """True for the first who asks in this time. Never raises: where nobody can say, it is not done."""
        ...

    def forget(self, what: str, /) -> None:
        """It was not done after all: whoever comes next is the first again."""
        ...
