"""What is remembered of people and their time: absences, wishes, shifts, groups, mutes, and letters to them.

A part of the store's port (`bot.ports.Store`): the same databases, the same promises. Every method is one transaction
and may raise Away. Who said something and when is kept for ever: nothing here is deleted, only ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.card import Message
from bot.core.events import Event
from bot.core.mutes import Mute
from bot.core.oncall import Shift
from bot.core.people import Away
from bot.core.state import Alert


@dataclass(frozen=True, kw_only=True)
class Declared:
    """An absence that somebody declared, for themselves or for another."""

    id: str
    person: str
    away: Away
    by: str
    at: datetime
    """when it was declared"""
    ended_at: datetime | None = None
    ended_by: str | None = None


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """How somebody wants to be told; None: as a directory or the configuration says."""

    prefers: str | None = None
    """instant | digest"""
    quiet: str | None = None
    """as in `bot.core.hours.week`"""


@dataclass(frozen=True, kw_only=True)
class Letter:
    """Something said once that speaks of no single alert: a morning's list, a gap that lies ahead, what a mute held.

    It is a delivery as any other (`kind` is `letter`), with what it says stored beside it.
    """

    key: str
    """unique for ever: what makes it be said once"""
    place: str
    """`<platform>:#channel` or `<platform>:@person`"""
    message: Message
    rank: int = 3


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One alert as it is now, with its whole trail."""

    alert: Alert
    events: tuple[Event, ...]


class Rota(Protocol):
    """What the store knows of people and their time. Instants are aware UTC."""

    # absences: a person read from the store has them in `away`, with those a directory says
    def declare(self, absence: Declared, /) -> None: ...
    def absences(self, person: str | None = None, /, *, since: datetime) -> list[Declared]:
        """Those that end after `since` and were not ended before, earliest first; of one person or of everybody."""
        ...

    def end_absence(self, absence_id: str, /, *, at: datetime, by: str) -> bool:
        """False where it is over already."""
        ...

    # wishes: they count before what a directory says
    def wish(self, person: str, wishes: Wishes, /, *, at: datetime) -> None:
        """What is None stays as it was."""
        ...

    def wishes(self, person: str, /) -> Wishes: ...

    # schedules
    def override(self, schedule: str, shift: Shift, /, *, at: datetime) -> None:
        """Somebody takes over for a while; a later override wins."""
        ...

    def keep_calendar(self, schedule: str, shifts: Sequence[Shift], /, *, at: datetime) -> None:
        """What a calendar says from now on, in place of its shifts that end after `at`; not of overrides."""
        ...

    def shifts_between(self, schedule: str, start: datetime, until: datetime, /) -> list[Shift]:
        """What touches this span: the calendar's shifts by their start, then the overrides as they were made."""
        ...

    # groups
    def keep_group(self, handle: str, members: Sequence[str], /, *, at: datetime) -> None: ...
    def groups(self, handles: Iterable[str], /) -> dict[str, tuple[tuple[str, ...], datetime]]:
        """handle ▶ its members and when a directory was last asked of them"""
        ...

    # mutes
    def mute(self, mute: Mute, /, *, at: datetime) -> None:
        """One that is there already (by id) stays as it is."""
        ...

    def unmute(self, mute_id: str, /, *, at: datetime, by: str) -> list[str]:
        """End it now. Returns the ids of the unfinished alerts that it holds back."""
        ...

    def all_mutes(self, *, since: datetime) -> list[Mute]:
        """Those that end after `since`, earliest first; one that was ended by hand has that as its end."""
        ...

    def unlisted_mutes(self, now: datetime, /) -> list[Mute]:
        """Those that are over and whose list of what they held back was not made yet."""
        ...

    def held_back(self, mute_id: str, /, *, limit: int) -> list[Alert]:
        """Alerts that were raised under it, as they are now, most severe first."""
        ...

    def listed(self, mute_id: str, letters: Sequence[Letter], /, *, at: datetime) -> bool:
        """Its list was made: these letters are owed. False: somebody else made it."""
        ...

    # letters and lists
    def post_letters(self, letters: Sequence[Letter], /, *, at: datetime) -> list[int]:
        """Owe each, once for ever: one whose key is there already stays as it is. Returns ids of new deliveries."""
        ...

    def moved_on(self, machine: float, /) -> int:
        """Business time was moved on by itself: no digest waits on for an instant of it that has come."""
        ...

    def owners(self) -> list[str]:
        """Everybody who owns an unfinished alert. The work grows with their number, not with that of alerts."""
        ...

    def trails(self, since: datetime, until: datetime, /, *, batch: int = 500) -> Iterator[Recorded]:
        """Alerts raised in this span, in the order in which they were raised, each with its whole trail.

        Read in batches, each in a transaction of its own: memory does not grow with the span.
        """
        ...
