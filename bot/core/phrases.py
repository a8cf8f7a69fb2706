"""Instants and spans as people type them: `tomorrow 9:00`, `fri`, `2026-12-24`, `2w`. Read in their own time zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from bot.core.hours import zone

LONGEST = timedelta(days=366)
_SPAN = re.compile(r"(\d{1,4})\s*(weeks?|w|days?|d|hours?|h|minutes?|mins?|m)", re.IGNORECASE)
_UNITS = {"w": timedelta(weeks=1), "d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}
_CLOCK = re.compile(r"(\d{1,2})(?::(\d{2}))?\s*(am|pm)?", re.IGNORECASE)
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
EXAMPLES = "friday, tomorrow 9:00, 17:30, 2026-12-24, 2026-12-24 13:00, 3d, 2w"


def span(text: str) -> timedelta | None:
    """`2w`, `3 days`, `1d 12h`; None where it is nothing of the kind."""
    found = _SPAN.findall(text)
    if not found or _SPAN.sub("", text).strip(" ,"):
        return None
    return sum((int(count) * _UNITS[unit[0].lower()] for count, unit in found), timedelta(0))


def instant(text: str, *, now: datetime, time_zone: str, at_dawn: time = time(0)) -> datetime | None:
    """The next instant (aware UTC) that these words mean after `now`; None where they mean none.

    A day without a time means `at_dawn` of it: somebody who is away until Monday is back on Monday.
    """
    words = text.strip().lower().removeprefix("until ").removeprefix("till ").strip().removeprefix("next ").strip()
    if (length := span(words)) is not None:
        return now + length if timedelta(0) < length <= LONGEST else None
    where = zone(time_zone)
    local = now.astimezone(where)
    day, rest = _day(words, local.date())
    clock = _time(rest) if rest else at_dawn
    if clock is None or (day is None and not rest):
        return None
    days = (day,) if day else (local.date(), local.date() + timedelta(days=1))
    # A wall time that comes twice, as the clocks go back, means the first of the two that still lies ahead.
    meant = (_utc(datetime.combine(one, clock, where).replace(fold=fold)) for one in days for fold in (0, 1))
    found = next((at for at in meant if at and at > now), None)
    return found if found and found <= now + LONGEST else None


def _utc(wall: datetime) -> datetime | None:
    """None at the very ends of the calendar, where the instant has no date any more."""
    try:
        return wall.astimezone(UTC)
    except OverflowError:
        return None


def _day(words: str, today: date) -> tuple[date | None, str]:
    """The day that stands in front, and what follows it."""
    first, _, rest = words.partition(" ")
    if written := _DATE.match(words):
        try:
            day = date(int(written[1]), int(written[2]), int(written[3]))
        except ValueError:
            return None, "nonsense"
        return day, words[written.end() :].lstrip(" t,")
    if first in ("today", "tomorrow"):
        return today + timedelta(days=first == "tomorrow"), rest.strip()
    name = first.rstrip(",")
    if len(name) >= 3 and (match := [n for n, day in enumerate(_NAMES) if day.startswith(name)]):
        ahead = (match[0] - today.weekday()) % 7 or 7
        return today + timedelta(days=ahead), rest.strip()
    return None, words


_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _time(text: str) -> time | None:
    found = _CLOCK.fullmatch(text.removeprefix("at ").strip())
    if not found:
        return None
    hour, minute, half = int(found[1]), int(found[2] or 0), (found[3] or "").lower()
    if not found[2] and not half:
        return None  # a bare number may mean anything
    if half and not 1 <= hour <= 12:
        return None
    hour = hour % 12 + 12 * (half == "pm") if half else hour
    return time(hour, minute) if hour < 24 and minute < 60 else None
