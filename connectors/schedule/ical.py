"""An iCalendar as a schedule: an address or a file, from Grafana OnCall, PagerDuty, Opsgenie, Google Calendar."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.core.oncall import Shift, by_start, laid
from connectors.schedule.entries import Entry, Reading, read
from connectors.schedule.fetching import fetched

WINDOW = timedelta(days=60)
"""the longest time that is asked about at once"""
_EMAIL = re.compile(r"[^\s@<>()\[\],;:\"']+@[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_NAMED = 100
"""so many entries that name nobody are remembered"""


class IcalCalendar:
    """Implements `bot.ports.Calendar`.

    `people` is how entries name people ▶ person id. `time_zone` is that of whole days and of times without a zone,
    where the calendar does not name its own.
    """

    def __init__(self, where: str, *, timeout: float = 5, people: Mapping[str, str], time_zone: str = "UTC") -> None:
        self._where, self._timeout, self._zone = where, timeout, ZoneInfo(time_zone)
        self._people = {" ".join(name.lower().split()): person for name, person in people.items() if name.strip()}
        # Of two names at the same place the longer says more.
        longest_first = sorted(self._people, key=len, reverse=True)
        self._named = re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in longest_first) or r"(?!)")
        self.unknown: list[str] = []

    def shifts(self, start: datetime, until: datetime, /) -> list[Shift]:
        """Who is on call from `start` to `until`, at most WINDOW later, one person at a time, in order.

        Where entries overlap, the one that starts later counts, of two that start together the shorter. Raises Unknown.
        """
        start, until = start.astimezone(UTC), min(until, start + WINDOW).astimezone(UTC)
        self.unknown = []
        if start >= until:
            return []
        reading = Reading(start=start, until=until, zone=self._zone)
        read(fetched(self._where, self._timeout), reading)
        for title in reading.unreadable:
            self._miss(title)
        found = [shift for entry in reading.entries if (shift := self._shift(entry))]
        # The last key only makes the answer the same whatever the order in the file.
        found.sort(key=lambda shift: (*by_start(shift), shift.person))
        return [piece for piece in laid(found, start, until) if isinstance(piece, Shift)]

    def _shift(self, entry: Entry) -> Shift | None:
        person = self._person(entry)
        if person is None:
            self._miss(entry.summary)
            return None
        return Shift(start=entry.start, until=entry.until, person=person)

    def _person(self, entry: Entry) -> str | None:
        """By the first attendee's e-mail, an e-mail in the title, or a name there."""
        title = entry.summary.lower()
        mails = [mail for mail in entry.mails if len(mail) <= 254 and _EMAIL.fullmatch(mail)] or _EMAIL.findall(title)
        if mails:
            return self._people.get(mails[0], mails[0])
        named = self._named.search(title)
        return self._people[named[0]] if named else None

    def _miss(self, title: str) -> None:
        if title not in self.unknown and len(self.unknown) < _NAMED:
            self.unknown.append(title)
