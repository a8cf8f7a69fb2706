"""iCalendar text ▶ entries with instants: every repetition in a window, moved and cancelled ones as the calendar says.

Whoever writes a calendar may be careless or hostile: what is not read is not parsed, a rule that repeats by the minute
is refused, and the rest is given as much work as the largest honest calendar needs.
"""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events

from bot.ports import Unknown
from connectors.schedule.effort import TooMuch, at_most

MOST = 5_000
"""entries of a calendar, and repetitions of all of them in a window"""
EFFORT = 10.0
"""seconds of work; five thousand entries need one or two"""
_DEEPEST = 4
"""calendar, time zone or entry, alarm, and one to spare"""
_MARGIN = timedelta(days=2)
"""an entry without a time zone may lie a day off before it is known where it belongs"""
_READ = re.compile(
    r"(?:BEGIN|END|UID|DTSTART|DTEND|DURATION|RRULE|RDATE|EXDATE|RECURRENCE-ID|SEQUENCE|STATUS|SUMMARY|ATTENDEE|TZID"
    r"|TZOFFSETFROM|TZOFFSETTO|TZNAME|CALSCALE|X-WR-TIMEZONE|VERSION)[;:]",
    re.IGNORECASE,
)
_TOO_FINE = re.compile(r"FREQ=(?:SECONDLY|MINUTELY)|BYSECOND=|BYMINUTE=[^;]*,|INTERVAL=[-+0]*(?:;|\s*$)", re.IGNORECASE)
_ONE_AT_A_TIME = threading.Lock()
"""icalendar keeps the time zones that calendars define in one place for all of them"""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One repetition of an entry."""

    start: datetime
    until: datetime
    summary: str
    mails: tuple[str, ...] = ()
    """of those who attend and did not decline"""


@dataclass
class Reading:
    """What a calendar says about a window."""

    start: datetime
    until: datetime
    zone: ZoneInfo
    """of times that name none, where the calendar does not name one either"""
    entries: list[Entry] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    """titles of entries that cannot be understood"""


def read(data: bytes, reading: Reading) -> None:
    """Fills `reading`. Raises Unknown."""
    text = _needed(data)
    with _ONE_AT_A_TIME:
        icalendar.use_zoneinfo()  # type: ignore[no-untyped-call]  # forgets what other calendars defined
        try:
            at_most(EFFORT, lambda: _read_all(text, reading))
        except TooMuch:
            raise Unknown("too_much_work") from None


def _read_all(text: str, reading: Reading) -> None:
    for calendar in _parsed(text):
        _read(calendar, reading)


def _needed(data: bytes) -> str:
    """The lines that matter here, unfolded."""
    unfolded = re.sub(rb"\r?\n[ \t]", b"", data)  # before it is decoded: a line may be folded within a letter
    lines = re.split(r"\r?\n", unfolded.decode("utf-8-sig", errors="replace"))
    kept = [line for line in lines if _READ.match(line)]
    if _entries(kept) > MOST:
        raise Unknown("too_many_entries")
    if any(line[:5].upper() == "RRULE" and _TOO_FINE.search(line) for line in kept):
        raise Unknown("rule_too_fine")
    return "\r\n".join([*kept, ""])


def _entries(lines: list[str]) -> int:
    """How many there are, where whole calendars are there: the parser takes half of one and says nothing."""
    within: list[str] = []
    count = whole = 0
    for line in lines:
        keyword, _, name = line.strip().upper().partition(":")
        if keyword == "BEGIN":
            if (name == "VCALENDAR") == bool(within) or len(within) >= _DEEPEST:
                raise Unknown("not_a_calendar")
            within.append(name)
            count += name == "VEVENT"
        elif not within or (keyword == "END" and within.pop() != name):
            raise Unknown("not_a_calendar")
        whole += not within
    if within or not whole:
        raise Unknown("not_a_calendar")
    return count


def _parsed(text: str) -> list[Any]:
    try:
        found: list[Any] = icalendar.Calendar.from_ical(text, multiple=True)
    except Exception:  # noqa: BLE001  whatever the parser stumbles over, it is not a calendar; what it says quotes it
        raise Unknown("not_a_calendar") from None
    return found


def _read(calendar: Any, reading: Reading) -> None:
    zone = _zone(calendar, reading.zone)
    series: dict[str, list[Any]] = defaultdict(list)
    for number, event in enumerate(calendar.walk("VEVENT")):
        series[str(event.get("UID", number))].append(event)
    for events in series.values():
        try:
            found = list(_repeated(calendar, events, zone, reading))
        except Exception:  # noqa: BLE001  one bad entry hides no other, and is named to whoever can mend it
            reading.unreadable.append(_summary(events[0]))
            continue
        reading.entries += found
        if len(reading.entries) > MOST:
            raise Unknown("too_many_entries")


def _zone(calendar: Any, otherwise: ZoneInfo) -> ZoneInfo:
    name = calendar.get("X-WR-TIMEZONE")
    try:
        return ZoneInfo(str(name)) if name else otherwise
    except (OSError, ValueError, LookupError):
        raise Unknown("unknown_time_zone") from None


def _repeated(calendar: Any, events: list[Any], zone: ZoneInfo, reading: Reading) -> Iterator[Entry]:
    """Every repetition of one series that touches the window."""
    for event in events:
        _check(event)
    alone = icalendar.Calendar()
    alone.update({name: calendar[name] for name in ("CALSCALE", "X-WR-TIMEZONE") if name in calendar})
    alone.subcomponents = events
    repeated = recurring_ical_events.of(alone)
    for event in repeated.between(reading.start - _MARGIN, reading.until + _MARGIN):
        start, until = _instant(event["DTSTART"].dt, zone), _instant(event["DTEND"].dt, zone)
        cancelled = str(event.get("STATUS", "")).upper() == "CANCELLED"
        if not cancelled and max(start, reading.start) < min(until, reading.until):
            yield Entry(start=start, until=until, summary=_summary(event), mails=tuple(_mails(event)))


def _check(event: Any) -> None:
    """Raises ValueError where an entry's time zone is lost: a wrong shift is worse than none."""
    for name in ("DTSTART", "DTEND"):
        found = event.get(name)
        if found is not None and "TZID" in found.params and getattr(found.dt, "tzinfo", None) is None:
            raise ValueError("a time zone that is not defined")


def _instant(found: date, zone: ZoneInfo) -> datetime:
    """A day begins at its midnight; a time without a zone is of the calendar's."""
    if not isinstance(found, datetime):
        found = datetime(found.year, found.month, found.day, tzinfo=zone)
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def _summary(event: Any) -> str:
    return " ".join(str(event.get("SUMMARY", "")).split())[:200]


def _mails(event: Any) -> Iterator[str]:
    """E-mails of the people who attend, in the calendar's order."""
    attending = event.get("ATTENDEE", [])
    for one in attending if isinstance(attending, list) else [attending]:
        kind, answer = (str(one.params.get(name, "")).upper() for name in ("CUTYPE", "PARTSTAT"))
        if kind in ("", "INDIVIDUAL") and answer != "DECLINED":
            yield re.sub("^mailto:", "", str(one), flags=re.IGNORECASE).strip().lower()
