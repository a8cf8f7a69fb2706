"""On call: whose turn it is at an instant, from layers of rotations, a calendar's shifts and people's overrides.

What stands later covers what stands earlier: the layers in their order, then the calendar, then the overrides.
Everything is half-open and in UTC; only a handover and working hours are wall time, of the rotation's own zone. A wall
time that a clock skips is as much later as the clock is put forward; of one that comes twice the first counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from heapq import heappop, heappush
from itertools import pairwise
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
LONGEST_OVERRIDE = timedelta(days=30)
_HORIZONS = (timedelta(days=8), timedelta(days=62), timedelta(days=800))
"""how far a handover is looked for: the near ones first, because most are near"""
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = r"([01]?\d|2[0-4]):([0-5]\d)"
_HOURS = re.compile(rf"([a-z]{{3}})(?:-([a-z]{{3}}))?\s+{_TIME}-{_TIME}")

Span = tuple[int, int]
"""(first minute, minute after the last) of a local day"""


@dataclass(frozen=True, kw_only=True)
class Shift:
    """Somebody is on call for a while: from a rotation, a calendar, or an override by a person."""

    start: datetime
    until: datetime
    person: str
    override: bool = False
    by: str = ""
    """who asked for the override"""

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.until.tzinfo is None or self.start >= self.until:
            raise ValueError("a shift has a start and a later end, both with a time zone")


@dataclass(frozen=True, kw_only=True)
class Gap:
    """Nobody is on call for a while."""

    start: datetime
    until: datetime


Piece = Shift | Gap


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """One layer: people take turns of `count` days or weeks, in their order."""

    people: tuple[str, ...]
    every: str
    """day | week"""
    count: int = 1
    handover: tuple[int, int]
    """(weekday from 0 = Monday, of no meaning where days are counted; minute of the day), local wall time"""
    since: date
    """people[0] starts at the first handover on or after this day; before it the layer covers nothing"""
    time_zone: str
    hours: str = ""
    """when the layer covers at all, `Mon-Fri 09:00-17:00`; empty: round the clock"""

    def __post_init__(self) -> None:
        if self.every not in ("day", "week") or self.count < 1:
            raise ValueError("a turn lasts one or more days or weeks")

    @property
    def days(self) -> int:
        """How many a turn lasts."""
        return self.count * (7 if self.every == "week" else 1)

    @property
    def first(self) -> date:
        """The day of the first handover: `since`, or the first such weekday after it."""
        return self.since + DAY * ((self.handover[0] - self.since.weekday()) % 7 if self.every == "week" else 0)


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Who is on call under one name."""

    name: str
    rotations: tuple[Rotation, ...] = ()
    """layers: a later one wins where it covers"""
    calendar: str = ""
    """URL or file of an iCalendar: only then its stored shifts count"""
    people: Mapping[str, str] = field(default_factory=dict)
    """how the calendar's entries name people ▶ person id"""


def on_call(schedule: Schedule, at: datetime, shifts: Sequence[Shift]) -> Shift | None:
    """Who is on call at an instant, and between which handovers; None where nobody is.

    `shifts` are the stored ones, in the order in which they were stored: of two overrides the later made wins.
    """
    covering = [one for one in _covers(schedule, at, at + timedelta.resolution, shifts) if one.start <= at < one.until]
    if not covering:
        return None
    around = timeline(schedule, covering[-1].start, covering[-1].until, shifts)
    return next(piece for piece in around if isinstance(piece, Shift) and piece.start <= at < piece.until)


def keeps_hours(schedule: Schedule) -> bool:
    """Whether nobody is ever meant to be on call round the clock: every layer keeps hours, and there is no calendar."""
    return bool(schedule.rotations) and not schedule.calendar and all(layer.hours for layer in schedule.rotations)


def timeline(schedule: Schedule, start: datetime, until: datetime, shifts: Sequence[Shift]) -> tuple[Piece, ...]:
    """Who is on call when, without a hole from `start` to `until`; what follows from the same person is one piece."""
    if start >= until:
        return ()
    return tuple(laid(_covers(schedule, start, until, shifts), start, until))


def gaps(
    schedule: Schedule, start: datetime, until: datetime, shifts: Sequence[Shift]
) -> tuple[tuple[datetime, datetime], ...]:
    """When nobody is on call."""
    pieces = timeline(schedule, start, until, shifts)
    return tuple((piece.start, piece.until) for piece in pieces if isinstance(piece, Gap))


def handovers(schedule: Schedule, at: datetime, shifts: Sequence[Shift]) -> datetime | None:
    """The next instant after `at` at which somebody else is on call, or nobody, or somebody again.

    None where that is more than two years away: then it is always the same.
    """
    for horizon in _HORIZONS:
        pieces = timeline(schedule, at, at + horizon, shifts)
        for before, after in pairwise(pieces):
            if _person(before) != _person(after):
                return after.start
    return None


def swap(  # noqa: PLR0913  who takes it and who asked are named, never guessed from each other
    schedule: Schedule, at: datetime, until: datetime, *, to: str, by: str, shifts: Sequence[Shift]
) -> Shift | str:
    """The override by which `to` is on call from `at` to `until`, or a sentence that says why there is none."""
    if at >= until:
        return "It would end before it starts."
    if until - at > LONGEST_OVERRIDE:
        return f"It would last longer than {LONGEST_OVERRIDE.days} days."
    if not to:
        return "It names nobody who takes over."
    if {_person(piece) for piece in timeline(schedule, at, until, shifts)} == {to}:
        return f"{to} is on call then already."
    return Shift(start=at.astimezone(UTC), until=until.astimezone(UTC), person=to, override=True, by=by)


def laid(covers: Sequence[Shift], start: datetime, until: datetime) -> Iterator[Piece]:
    """Shifts laid over each other and seen from above: at each instant the last of `covers` that is there."""
    seen: Piece | None = None
    for piece in _cut(covers, start, until):
        if seen and _label(seen) == _label(piece):
            seen = replace(seen, until=piece.until)
            continue
        if seen:
            yield seen
        seen = piece
    if seen:
        yield seen


def _cut(covers: Sequence[Shift], start: datetime, until: datetime) -> Iterator[Piece]:
    """The same, cut at every edge of a shift."""
    inside = {edge for one in covers for edge in (one.start, one.until) if start < edge < until}
    waiting = sorted(range(len(covers)), key=lambda index: covers[index].start, reverse=True)
    top: list[int] = []
    for left, right in pairwise(sorted({start, until} | inside)):
        while waiting and covers[waiting[-1]].start <= left:
            heappush(top, -waiting.pop())
        while top and covers[-top[0]].until <= left:
            heappop(top)
        yield replace(covers[-top[0]], start=left, until=right) if top else Gap(start=left, until=right)


def _person(piece: Piece) -> str:
    return piece.person if isinstance(piece, Shift) else ""


def _label(piece: Piece) -> tuple[str, bool, str] | None:
    """What makes two neighbours one."""
    return (piece.person, piece.override, piece.by) if isinstance(piece, Shift) else None


def _covers(schedule: Schedule, start: datetime, until: datetime, shifts: Sequence[Shift]) -> list[Shift]:
    """Everything that covers some of the time, with its own bounds, the weakest first."""
    there = [one for one in shifts if one.start < until and start < one.until]
    layers = [one for rotation in schedule.rotations for one in _layer(rotation, start, until)]
    calendar = [one for one in there if schedule.calendar and not one.override]
    return [*layers, *sorted(calendar, key=by_start), *(one for one in there if one.override)]


def by_start(shift: Shift) -> tuple[datetime, timedelta]:
    """Of two shifts of a calendar the one that starts later wins; of two that start together the shorter."""
    return shift.start, shift.start - shift.until


def _layer(rotation: Rotation, start: datetime, until: datetime) -> Iterator[Shift]:
    for turn in _turns(rotation, start, until):
        if not rotation.hours:
            yield turn
            continue
        for opens, closes in _working(rotation, max(start, turn.start), min(until, turn.until)):
            yield replace(turn, start=max(opens, turn.start), until=min(closes, turn.until))


def _turns(rotation: Rotation, start: datetime, until: datetime) -> Iterator[Shift]:
    """Every turn that covers some of the time, with its own bounds."""
    if not rotation.people:
        return
    local = start.astimezone(ZoneInfo(rotation.time_zone)).date()
    # Two turns early: the handover of that day may come later in the day, and Samoa once left out a whole day.
    number = max((local - rotation.first).days // rotation.days - 2, 0)
    begins = _handover(rotation, number)
    while begins < until:
        ends = _handover(rotation, number + 1)
        if max(begins, start) < min(ends, until):
            yield Shift(start=begins, until=ends, person=rotation.people[number % len(rotation.people)])
        number, begins = number + 1, ends


def _handover(rotation: Rotation, number: int) -> datetime:
    return _instant(rotation.first + DAY * (number * rotation.days), rotation.handover[1], rotation.time_zone)


def _instant(day: date, minute: int, zone: str) -> datetime:
    """A wall time as an instant; minute 1440 is the next midnight."""
    wall = time(minute // 60 % 24, minute % 60)
    return datetime.combine(day + DAY * (minute // 1440), wall, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _working(rotation: Rotation, start: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The working hours that touch the time from `start` to `until`, each with its own bounds."""
    zone, week = ZoneInfo(rotation.time_zone), _spans(rotation.hours)
    day, last = start.astimezone(zone).date(), until.astimezone(zone).date()
    while day <= last:
        for first, end in week[day.weekday()]:
            opens, closes = (_instant(day, minute, rotation.time_zone) for minute in (first, end))
            if max(opens, start) < min(closes, until):
                yield opens, closes
        day += DAY


@lru_cache(maxsize=256)
def _spans(text: str) -> tuple[tuple[Span, ...], ...]:
    """Working hours, `Mon-Fri 09:00-17:30, Sat 10:00-24:00`, by weekday from Monday. Raises ValueError."""
    week: list[list[Span]] = [[] for _ in _WEEKDAYS]
    for part in text.lower().split(","):
        found = _HOURS.fullmatch(part.strip())
        if not found or not {found[1], found[2] or found[1]} <= set(_WEEKDAYS):
            raise ValueError("not working hours: write them like Mon-Fri 09:00-17:30")
        span = int(found[3]) * 60 + int(found[4]), int(found[5]) * 60 + int(found[6])
        if not span[0] < span[1] <= 1440:
            raise ValueError(f"{part.strip()} ends before it starts")
        first, last = _WEEKDAYS.index(found[1]), _WEEKDAYS.index(found[2] or found[1])
        for number in range((last - first) % 7 + 1):
            week[(first + number) % 7].append(span)
    return tuple(tuple(sorted(spans)) for spans in week)
