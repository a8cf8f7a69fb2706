"""When a person may be asked: working hours, days off and quiet hours, in their own time zone.

Everything is computed on instants (aware UTC). A window of wall time becomes a span of real time day by day: a start
that a clock change skips is the instant at which the clocks go on, and an end that comes twice is the second of them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
USUAL = "Mon-Fri 09:00-17:00"
"""the working hours of whoever nobody said anything of"""
DAY = 24 * 60
FAR = 40
"""days after which nobody looks further for an hour at which somebody works"""
BLOCK = 32
"""days whose hours are worked out together"""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

DaysOff = Callable[[str, date], str | None]
"""(country or region, day) ▶ the name of the public holiday, or None"""


def no_days_off(country: str, day: date) -> str | None:
    return None


@dataclass(frozen=True)
class Week:
    """Weekday (0 is Monday) ▶ its windows of wall time as (minute, minute), sorted; past 24:00 is the next day."""

    windows: Mapping[int, tuple[tuple[int, int], ...]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.windows)


_PART = re.compile(
    r"(?:([A-Za-z]{3})(?:\s*-\s*([A-Za-z]{3}))?\s+)?([01]?\d|2[0-4]):([0-5]\d)\s*-\s*([01]?\d|2[0-4]):([0-5]\d)"
)


@lru_cache(maxsize=4096)
def week(text: str) -> Week:
    """`Mon-Fri 09:00-17:30`, `Sat 10:00-14:00`, `22:00-07:00` (every day), several separated by commas.

    A window that ends before it starts ends on the next day. Raises ValueError for what is not written like this.
    """
    found: dict[int, list[tuple[int, int]]] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        days, window = _window(part)
        for day in days:
            found.setdefault(day, []).append(window)
    return Week({day: tuple(sorted(windows)) for day, windows in sorted(found.items())})


def _window(part: str) -> tuple[range | tuple[int, ...], tuple[int, int]]:
    read = _PART.fullmatch(part)
    if not read:
        raise ValueError("not hours: write them like Mon-Fri 09:00-17:30 or 22:00-07:00")
    first, last = (_day(read[1]), _day(read[2] or read[1])) if read[1] else (0, 6)
    start, end = int(read[3]) * 60 + int(read[4]), int(read[5]) * 60 + int(read[6])
    if max(start, end) > DAY or start in (end, DAY):
        raise ValueError(f"{part} is no window of time")
    days = range(first, last + 1) if first <= last else (*range(first, 7), *range(last + 1))
    return days, (start, end if end > start else end + DAY)


def _day(name: str) -> int:
    try:
        return DAYS.index(name.title())
    except ValueError:
        raise ValueError(f"unknown day {name}; one of {', '.join(DAYS)}") from None


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The IANA zone, or UTC where this machine does not know it: an unknown zone must not silence anybody."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


@dataclass(frozen=True, kw_only=True)
class Hours:
    """The hours of one person: notations as in `week`, an IANA zone, the country whose public holidays they keep."""

    time_zone: str = "UTC"
    working: str = ""
    """empty: the usual ones"""
    quiet: str = ""
    country: str = ""


def works(hours: Hours, at: datetime, days_off: DaysOff) -> bool:
    """Whether `at` is in their working hours, which a public holiday has none of."""
    return opening(_undisturbed(hours), at, kept="working", days_off=days_off) == at


@lru_cache(maxsize=2048)
def _undisturbed(hours: Hours) -> Hours:
    """Without quiet hours."""
    return replace(hours, quiet="")


def is_quiet(hours: Hours, at: datetime) -> bool:
    return _covers(_spans(hours.quiet, hours, at, _every_day), at)


def opening(hours: Hours, at: datetime, *, kept: str, days_off: DaysOff) -> datetime | None:
    """The first instant from `at` on at which they may be asked; None where there is none within forty days.

    `kept`: `working` (their working hours, less their quiet ones) or `always` (whenever it is not quiet for them).
    """
    if kept == "always" and not hours.quiet:
        return at
    latest, block = at + timedelta(days=FAR), (at - EPOCH).days // BLOCK
    for following in range(block, block + FAR // BLOCK + 2):
        ends, spans = _block(hours, kept, days_off, following)
        for start, _ in spans[bisect_right(ends, at) :]:
            return max(start, at) if start <= latest else None
    return None


@lru_cache(maxsize=2048)
def _block(hours: Hours, kept: str, days_off: DaysOff, number: int) -> tuple[list[datetime], list[Span]]:
    """The spans of a block of days in which they may be asked, in order, and the ends of these.

    Remembered: a thousand alerts of one team ask for the same few weeks.
    """
    start = EPOCH + timedelta(days=number * BLOCK)
    until = start + timedelta(days=BLOCK)
    days = range(-1, BLOCK + 1, 8)
    spans = [(start, until)]
    if kept != "always":
        spans = _merged(span for day in days for span in _working(hours, start + timedelta(days=day), days_off))
    quiet = _merged(
        span for day in days for span in _spans(hours.quiet, hours, start + timedelta(days=day), _every_day)
    )
    spans = [(max(a, start), min(b, until)) for a, b in _without(spans, quiet) if a < until and b > start]
    return [end for _, end in spans], spans


def _merged(spans: Iterable[Span]) -> list[Span]:
    """The same instants as few spans, in order, which neither overlap nor touch."""
    found: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


def _without(spans: list[Span], less: list[Span]) -> Iterator[Span]:
    """The spans with others cut out of them; both in order."""
    for start, end in spans:
        at = start
        for cut, until in less:
            if until <= at or cut >= end:
                continue
            if cut > at:
                yield at, cut
            at = until
        if at < end:
            yield at, end


def morning(hours: Hours, day: date, days_off: DaysOff) -> datetime | None:
    """When their working day of this date begins; None where they do not work on it."""
    noon = datetime.combine(day, time(12), zone(hours.time_zone)).astimezone(UTC)
    begun = [
        start for start, _ in _working(hours, noon, days_off) if start.astimezone(zone(hours.time_zone)).date() == day
    ]
    return min(begun, default=None)


def local_date(hours: Hours, at: datetime) -> date:
    return at.astimezone(zone(hours.time_zone)).date()


def local_hour(hours: Hours, at: datetime) -> int:
    return at.astimezone(zone(hours.time_zone)).hour


Span = tuple[datetime, datetime]


def _covers(spans: tuple[Span, ...], at: datetime) -> bool:
    return any(start <= at < end for start, end in spans)


def _working(hours: Hours, at: datetime, days_off: DaysOff) -> tuple[Span, ...]:
    country = hours.country
    kept = _every_day if not country or days_off is no_days_off else lambda day: not days_off(country, day)
    return _spans(hours.working or USUAL, hours, at, kept)


def _every_day(day: date) -> bool:
    return True


def _spans(text: str, hours: Hours, at: datetime, kept: Callable[[date], bool]) -> tuple[Span, ...]:
    """The windows from the day before `at` to eight days after it as real time, in order, days off left out."""
    if not text:
        return ()
    start = local_date(hours, at) - timedelta(days=1)
    days = (start + timedelta(days=n) for n in range(10))
    return tuple(span for day in days if kept(day) for span in _of_day(text, hours.time_zone, day))


@lru_cache(maxsize=4096)
def _of_day(text: str, time_zone: str, day: date) -> tuple[Span, ...]:
    """Remembered: a thousand alerts of one team ask for the same few days."""
    return tuple(_real(day, zone(time_zone), start, end) for start, end in week(text).windows.get(day.weekday(), ()))


def _real(day: date, where: ZoneInfo, start: int, end: int) -> Span:
    return _instant(day, where, start, fold=0), _instant(day, where, end, fold=1)


def _instant(day: date, where: ZoneInfo, minute: int, *, fold: int) -> datetime:
    wall = datetime.combine(day, time(), where) + timedelta(minutes=minute)
    wall = wall.replace(fold=fold)
    instant = wall.astimezone(UTC)
    if instant.astimezone(where).replace(tzinfo=None) != wall.replace(tzinfo=None):
        # The clocks skip it: it is the instant at which they go on, seen from before with the offset that ends there.
        return _skipped(wall)
    return instant


def _skipped(wall: datetime) -> datetime:
    """The instant of the clock change that skips this wall time."""
    before, after = (wall.replace(fold=fold).astimezone(UTC) for fold in (1, 0))
    # In a gap fold=0 takes the offset from before the change, so its instant lies after it; fold=1 the other way.
    low, high = min(before, after), max(before, after)
    where = wall.tzinfo
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(where).replace(tzinfo=None) < wall.replace(tzinfo=None):
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


def holidays_between(hours: Hours, start: datetime, until: datetime, days_off: DaysOff) -> Iterator[tuple[date, str]]:
    """Their public holidays of these days, by name."""
    day, last = local_date(hours, start), local_date(hours, until)
    while day <= last:
        if hours.country and (name := days_off(hours.country, day)):
            yield day, name
        day += timedelta(days=1)
