"""What a replay counts: words said to whom, at which step and hour, and how long alerts waited.

The unit is one word to one person or channel: an escalation that asks two people counts twice, once for each. So the
sums over people, steps and hours are all the same number. Memory does not grow with the number of alerts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import exp, log
from typing import Any

from bot.core.events import Kind
from bot.core.given import Given
from bot.core.hours import local_hour, works
from bot.core.state import Change
from bot.replay.history import LOUD, Reaction, Said, said
from bot.replay.life import Life
from bot.replay.quiet import Ended

_GROWTH = log(1.02)
MATCH = timedelta(minutes=1)
"""by how much a recorded word may lie beside the replayed one: a live clock looks every second, a replay is exact"""


class Times:
    """Spans of time in buckets that grow by 2 %: a quantile is wrong by at most 1 %."""

    __slots__ = ("buckets", "count")

    def __init__(self) -> None:
        self.buckets: Counter[int] = Counter()
        self.count = 0

    def add(self, span: timedelta) -> None:
        seconds = span.total_seconds()
        self.buckets[int(log(seconds) / _GROWTH) if seconds > 1 else -1] += 1
        self.count += 1

    def more(self, other: Times) -> None:
        self.buckets.update(other.buckets)
        self.count += other.count

    def quantile(self, share: float) -> timedelta | None:
        """The span within which this share of them lies; None where there are none."""
        wanted, seen = max(share * self.count, 1), 0
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if seen >= wanted:
                return timedelta(seconds=exp((bucket + 0.5) * _GROWTH) if bucket >= 0 else 0)
        return None


@dataclass(kw_only=True)
class Words:
    """How often people or one person were asked."""

    nudges: int = 0
    check_ins: int = 0
    escalations: int = 0
    exceptions: int = 0
    out_of_hours: int = 0
    """of these, to a person outside their working hours"""

    @property
    def total(self) -> int:
        return self.nudges + self.check_ins + self.escalations + self.exceptions

    def add(self, kind: Kind, *, out_of_hours: bool) -> None:
        name = _NAMES[kind]
        setattr(self, name, getattr(self, name) + 1)
        self.out_of_hours += out_of_hours


_NAMES = {
    Kind.NUDGED: "nudges",
    Kind.CHECK_IN: "check_ins",
    Kind.ESCALATED: "escalations",
    Kind.EXCEPTION: "exceptions",
}


@dataclass(kw_only=True)
class Fate:
    """How alerts went."""

    alerts: int = 0
    acknowledge: Times = field(default_factory=Times)
    close: Times = field(default_factory=Times)
    late_to_acknowledge: int = 0
    """nobody had it in hand by the instant that the policy names; only where it names one"""
    late_to_resolve: int = 0
    never_acknowledged: int = 0
    """nobody had it in hand by the end of the history, and it was not over by itself either"""

    def add(self, ended: Ended) -> None:
        self.alerts += 1
        raised, answered, closed = ended.past.raised_at, ended.answered_at, ended.closed_at
        if answered is not None:
            self.acknowledge.add(answered - raised)
        elif closed is None:
            self.never_acknowledged += 1
        if closed is not None:
            self.close.add(closed - raised)
        by = ended.answer_by
        if by is not None and by > raised and _late(answered or closed, by, ended.end):
            self.late_to_acknowledge += 1
        if ended.resolve_by is not None and _late(closed, ended.resolve_by, ended.end):
            self.late_to_resolve += 1


def _late(done: datetime | None, by: datetime, end: datetime | None) -> bool:
    return done > by if done is not None else end is not None and end > by


@dataclass(kw_only=True)
class Fidelity:
    """How many of the recorded words the replay said again: to the same people, at the same step and instant."""

    recorded: Counter[str] = field(default_factory=Counter)
    reproduced: Counter[str] = field(default_factory=Counter)

    def add(self, recorded: Sequence[Said], replayed: Sequence[Said], end: datetime | None) -> None:
        left = list(replayed)
        for one in recorded:
            if not one.by_clock or (end is not None and one.at > end):
                continue
            name = _NAMES[one.kind]
            self.recorded[name] += 1
            if (found := next((n for n, other in enumerate(left) if _same(one, other)), None)) is not None:
                del left[: found + 1]
                self.reproduced[name] += 1

    @property
    def is_exact(self) -> bool:
        return self.recorded == self.reproduced


def _same(one: Said, other: Said) -> bool:
    alike = (one.kind, one.step, sorted(one.people)) == (other.kind, other.step, sorted(other.people))
    return alike and abs(one.at - other.at) <= MATCH


class Outcome:
    """A `Watch` that counts."""

    def __init__(self) -> None:
        self.words = Words()
        self.by_person: dict[str, Words] = {}
        """also by #channel"""
        self.by_owner: dict[str, Fate] = {}
        """by who owned it at its raise"""
        self.by_step: dict[int, Words] = {}
        self.by_hour: dict[int, Words] = {hour: Words() for hour in range(24)}
        """in the time zone of who is told; UTC for channels"""
        self.skipped: Counter[str] = Counter()
        """reactions that could not be done again, by their kind"""
        self.fidelity = Fidelity()

    @property
    def fate(self) -> Fate:
        """Of all alerts together."""
        return together(self.by_owner.values())

    def changed(self, life: Life, change: Change, given: Given, /) -> None:
        for event in change.events:
            if event.kind not in LOUD:
                continue
            asked = said(event, step=change.alert.step, owner=change.alert.owner)
            for person in asked.people if asked else ():
                self._count(event.kind, change.alert.step, person, given)

    def skip(self, life: Life, reaction: Reaction, /) -> None:
        self.skipped[str(reaction.kind)] += 1

    def over(self, ended: Ended, said: Sequence[Said], /) -> None:
        owner = self.by_owner.get(ended.owner)
        if owner is None:
            owner = self.by_owner[ended.owner] = Fate()
        owner.add(ended)
        if ended.past.said:
            self.fidelity.add(ended.past.said, said, ended.end)

    def _count(self, kind: Kind, step: int, person: str, given: Given) -> None:
        known = given.roster.person(person)
        out = known is not None and not works(known.hours, given.now, given.plan.days_off)
        hour = local_hour(known.hours, given.now) if known else given.now.hour
        rows = (
            self.words,
            self.by_person.setdefault(person, Words()),
            self.by_step.setdefault(step, Words()),
            self.by_hour[hour],
        )
        for row in rows:
            row.add(kind, out_of_hours=out)


def sums(rows: Mapping[Any, Words]) -> Words:
    """The words of several rows together."""
    names = (*_NAMES.values(), "out_of_hours")
    return Words(**{name: sum(getattr(row, name) for row in rows.values()) for name in names})


def together(fates: Iterable[Fate]) -> Fate:
    """Several owners' alerts as one."""
    found = Fate()
    for one in fates:
        found.alerts += one.alerts
        found.acknowledge.more(one.acknowledge)
        found.close.more(one.close)
        found.late_to_acknowledge += one.late_to_acknowledge
        found.late_to_resolve += one.late_to_resolve
        found.never_acknowledged += one.never_acknowledged
    return found
