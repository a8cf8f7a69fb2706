"""The notations of closeloop.yaml that speak of days and hours. Each parser takes the text and raises ValueError."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from bot.config.mistakes import did_you_mean, nearest
from bot.core.hours import DAYS, week

_TIME = r"([01]?\d|2[0-4]):([0-5]\d)"
_HOURS = re.compile(rf"([A-Za-z]{{3}})(?:-([A-Za-z]{{3}}))?\s+{_TIME}-{_TIME}")
_HANDOVER = re.compile(rf"(?:([A-Za-z]{{3,}})\s+)?{_TIME}")
_TURN = re.compile(r"(?:(\d{1,3})\s+)?(\w+)")
_UNITS = ("day", "week")


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def time_zone(text: str) -> str:
    """An IANA name, `Europe/Amsterdam`."""
    if text in _zones():
        return text
    match = nearest(text, _zones())
    raise ValueError(f"unknown time zone; {f'did you mean {match}?' if match else 'write it like Europe/Amsterdam'}")


def hours(text: str) -> str:
    """Working hours: `Mon-Fri 09:00-17:30`, several separated by commas; midnight at the end is 24:00."""
    for part in text.split(","):
        found = _HOURS.fullmatch(part.strip())
        if not found:
            raise ValueError("not working hours: write them like Mon-Fri 09:00-17:30")
        for day in (found[1], found[2] or found[1]):
            _weekday(day)
        if not _minute(found[3], found[4]) < _minute(found[5], found[6]):
            two = "a night is two parts, Mon-Fri 22:00-24:00, Tue-Sat 00:00-06:00"
            raise ValueError(f"{part.strip()} ends before it starts; {two}")
    return text


def quiet(text: str) -> str:
    """Quiet hours: `22:00-07:00` for every day, `Sat-Sun 00:00-24:00`; several separated by commas."""
    for day in re.findall(r"[A-Za-z]+", text):
        _weekday(day)
    if not week(text):
        raise ValueError("not hours: write them like 22:00-07:00 or Sat-Sun 00:00-24:00")
    return text


def _weekday(name: str) -> int:
    """0 is Monday."""
    if name.title() not in DAYS:
        raise ValueError(f"unknown day {name}; {did_you_mean(name[:3], DAYS)}")
    return DAYS.index(name.title())


def _minute(hour: str, minute: str) -> int:
    minutes = int(hour) * 60 + int(minute)
    if minutes > 24 * 60:
        raise ValueError("a day ends at 24:00")
    return minutes


def turn(text: str) -> tuple[str, int]:
    """How long somebody is on call: `day`, `week`, `2 weeks`, as (day | week, how many)."""
    found = _TURN.fullmatch(text.strip().lower())
    unit = found[2].removesuffix("s") if found else ""
    if not found or unit not in _UNITS:
        match = nearest(unit, _UNITS)
        hint = f"; did you mean {match}?" if match else ""
        raise ValueError(f"not a turn: write it like day, week or 2 weeks{hint}")
    if not 1 <= int(found[1] or 1) <= 52:
        raise ValueError(f"a turn lasts 1 to 52 {unit}s")
    return unit, int(found[1] or 1)


def handover(text: str) -> tuple[int | None, int]:
    """When it is the next one's turn: `Mon 09:00` or, where days are counted, `08:00`; as (weekday, minute)."""
    found = _HANDOVER.fullmatch(text.strip())
    if not found or _minute(found[2], found[3]) >= 24 * 60:
        raise ValueError("not a handover: write it like Mon 09:00 or, where turns are counted in days, 08:00")
    return (_weekday(found[1]) if found[1] else None), _minute(found[2], found[3])


def day(text: str) -> date:
    """`2026-01-05`."""
    try:
        return date.fromisoformat(_iso(text))
    except ValueError:
        raise ValueError("not a day: write it like 2026-01-05") from None


def instant(text: str) -> datetime:
    """`2026-12-01T22:00`, with an offset (`+01:00`, `Z`) or without; a day alone is its midnight."""
    try:
        return datetime.fromisoformat(_iso(text))
    except ValueError:
        raise ValueError(
            "not an instant: write it like 2026-12-01T22:00, with +01:00 or without, or 2026-12-01"
        ) from None


def _iso(text: str) -> str:
    """Python also reads `20261201` and weeks; here there is one way to write a day."""
    if not re.match(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:|$)", text.strip()):
        raise ValueError(text)
    return text.strip()


def in_zone(written: datetime, zone: str) -> datetime:
    """What was written as an instant: wall time of that zone where it has no offset of its own."""
    return (written if written.tzinfo else written.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
