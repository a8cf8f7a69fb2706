"""The small notations of closeloop.yaml. Each parser takes the text that was written and raises ValueError."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import cache
from zoneinfo import available_timezones

from bot.config.mistakes import did_you_mean, nearest

_DURATION = re.compile(r"(?:(\d+)d)?\s*(?:(\d+)h)?\s*(?:(\d+)m)?\s*(?:(\d+)s)?")
_EMAIL = re.compile(r"[^\s@<>,;:]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_CHANNEL = re.compile(r"#[^\s#A-Z@<>&,;:.!?()\[\]{}|'\"`/\\]{1,80}")
_RATE = re.compile(r"([1-9]\d*)\s*/\s*(second|minute|hour|day)")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_TIME = r"([01]?\d|2[0-3]):([0-5]\d)"
_HOURS = re.compile(rf"([A-Za-z]{{3}})(?:-([A-Za-z]{{3}}))?\s+{_TIME}-{_TIME}")

LONGEST = timedelta(days=365)


def duration(text: str) -> timedelta:
    """`30s`, `10m`, `4h`, `2d` or several from large to small, `1h30m`; at most a year."""
    found = _DURATION.fullmatch(text.strip().lower())
    if not text.strip() or not found:
        unit = f"; did you mean {text.strip()}m?" if text.strip().isdigit() else ""
        raise ValueError(f"not a duration: write it like 30s, 10m, 4h, 2d or 1h30m{unit}")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    if max(days, hours // 24, minutes // 1440, seconds // 86400) > LONGEST.days:
        raise ValueError("longer than 365 days")
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def span(length: timedelta) -> str:
    """A duration in the notation of the file: `1h30m`. The inverse of `duration` for whole seconds."""
    seconds, parts = int(length.total_seconds()), ""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s")):
        count, seconds = divmod(seconds, size)
        parts += f"{count}{unit}" if count else ""
    return parts or "0s"


def some_time(text: str) -> timedelta:
    """A duration of at least a second: what a clock needs to make headway."""
    length = duration(text)
    if length < timedelta(seconds=1):
        raise ValueError("must be at least 1s")
    return length


def email(text: str) -> str:
    """An e-mail address in lower case: what people are known by."""
    address = text.strip().lower()
    if not _EMAIL.fullmatch(address):
        raise ValueError("not an e-mail address: people are named by e-mail, like ana@acme.example")
    return address


def channel(text: str) -> str:
    """A channel's name in lower case, with its #."""
    name = text.strip().lower()
    if not name.startswith("#"):
        raise ValueError(f'a channel starts with #, in quotes: did you mean "#{name}"?')
    if not _CHANNEL.fullmatch(name):
        raise ValueError("not a channel's name: lower-case letters, digits, - and _, at most 80 of them")
    return name


def who(text: str) -> str:
    """Whom a step asks: `owner`, `manager`, `manager of manager` …, an e-mail or a #channel."""
    name = " ".join(text.strip().lower().split())
    if name.startswith("#"):
        return channel(name)
    if "@" in name:
        return email(name)
    if name == "owner" or re.fullmatch(r"manager( of manager){0,9}", name):
        return name
    known = ["owner", "manager", "manager of manager"]
    match = nearest(name, known)
    hint = f"did you mean {match}?" if match else "a channel starts with #, a person is named by e-mail"
    raise ValueError(f"not somebody to ask: one of {', '.join(known)}, an e-mail, a #channel; {hint}")


def rate(text: str) -> str:
    """So many in a period: `1200/minute`."""
    found = _RATE.fullmatch(text.strip().lower().removesuffix("s"))
    if not found:
        raise ValueError("not a rate: write it like 1200/minute (second, minute, hour or day)")
    return f"{found[1]}/{found[2]}"


def per(text: str) -> tuple[int, int]:
    """(how many, in how many seconds) of a rate."""
    count, _, period = rate(text).partition("/")
    return int(count), {"second": 1, "minute": 60, "hour": 3600, "day": 86400}[period]


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
    """Working hours: `Mon-Fri 09:00-17:30`, several separated by commas."""
    for part in text.split(","):
        found = _HOURS.fullmatch(part.strip())
        if not found:
            raise ValueError("not working hours: write them like Mon-Fri 09:00-17:30")
        for day in (found[1], found[2] or found[1]):
            if day.title() not in _DAYS:
                raise ValueError(f"unknown day {day}; {did_you_mean(day, _DAYS)}")
        if (int(found[3]), int(found[4])) >= (int(found[5]), int(found[6])):
            raise ValueError(f"{part.strip()} ends before it starts")
    return text


def slack_id(text: str) -> str:
    """A member's id in Slack, `U0123ABCD`."""
    if not re.fullmatch(r"[UW][A-Z0-9]{3,20}", text):
        raise ValueError("not a Slack member ID: it starts with U or W, like U0123ABCD (profile ▸ ⋮ ▸ Copy member ID)")
    return text


def source_name(text: str) -> str:
    """The name of a source: what its key is issued for."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", text):
        raise ValueError("not a source's name: lower-case letters, digits, . _ and -, at most 64 of them")
    return text
