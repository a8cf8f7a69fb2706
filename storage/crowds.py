"""When a lane is so far behind that it is folded, and what is said instead: the rules that every store follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter

from bot.core.state import Owed

CROWD = 30
"""cards never shown that may wait in one lane before one of them speaks for all"""
MANY = 10
"""reminders that one person may be owed in a lane before one digest says them all"""
BATCH = 100
"""reminders gathered in one transaction"""
CALM = 5
"""cards that may still wait when a lane has caught up"""
REFRESH = 15.0
"""seconds between two edits of a shared card"""
PAUSE, COLLECT = 600.0, 5.0
"""seconds from one digest for a person to the next; seconds for which a new one collects"""
HOURLY = timedelta(hours=1)
"""business time from one digest of what somebody is not told at once to the next"""
OPEN, OVER = 1, 2
"""generations of a shared card: cards wait; the lane has caught up"""


@dataclass(frozen=True, kw_only=True)
class Chased:
    """A reminder that a digest may say instead, and how many such the person is owed in the lane."""

    id: int
    key: str
    alert_id: str
    rank: int
    person: str
    many: int


@dataclass(frozen=True, kw_only=True)
class Moment:
    """The same instant on both clocks: machine seconds, and business time (UTC)."""

    machine: float
    now: datetime
    seconds_until: Callable[[datetime], float] | None = None
    """machine seconds until a business instant, where business time runs at its own pace"""

    def second_of(self, at: datetime) -> float:
        """The machine second at which a business instant comes."""
        seconds = self.seconds_until(at) if self.seconds_until else (at - self.now).total_seconds()
        return self.machine + max(seconds, 0.0)


def person_of(lane: str) -> str | None:
    """Whose direct messages a lane is, or None."""
    where = lane.partition(":")[2]
    return where[1:] if where.startswith("@") else None


def messages_of(person: str, lane: str) -> str:
    """The lane of a person's direct messages, on the platform of another lane."""
    return f"{lane.partition(':')[0]}:@{person}"


def share(found: Sequence[Chased]) -> list[Chased]:
    """A batch of them, person by person. Whoever does not fit wholly leaves enough behind for the next batch."""
    batch: list[Chased] = []
    for _, theirs in groupby(found, key=attrgetter("person")):
        some = list(theirs)
        many, room = some[0].many, BATCH - len(batch)
        batch += some[: many if many <= room else max(min(room, many - MANY - 1), 0)]
    return batch


def collects_until(moment: Moment, last_created: datetime | None) -> float:
    """The machine second from which a new digest goes out."""
    soon = moment.machine + COLLECT
    if last_created is None:
        return soon
    return max(soon, moment.machine + PAUSE - (moment.now - last_created).total_seconds())


def goes_out(moment: Moment, last: datetime | None) -> datetime:
    """The business instant from which a new digest of what is not told at once goes out, an hour after the last."""
    soon = moment.now + timedelta(seconds=COLLECT)
    # Never further ahead than that hour: the clock may have gone back since.
    return soon if last is None else min(max(soon, last + HOURLY), moment.now + HOURLY)


def shared_card(lane: str, first: int) -> Owed:
    """One card for all that wait in the lane, of which `first` goes out first."""
    return _shared("fold", f"fold:{lane}:{first}", lane, rank=-1)


def digest(person: str, lane: str, gathered: Sequence[Chased]) -> Owed:
    """One message for all that a person is asked; `lane` is their direct messages."""
    key = f"digest:{person}:{min(one.id for one in gathered)}"
    return _shared("digest", key, lane, rank=min(one.rank for one in gathered))


def _shared(kind: str, key: str, lane: str, *, rank: int) -> Owed:
    return Owed(key=key, kind=kind, alert_id="", seq=1, generation=OPEN, place=lane, rank=rank)
