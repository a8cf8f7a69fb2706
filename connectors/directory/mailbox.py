"""What Exchange and Teams know of somebody's time: their zone, their working hours, and whether they are away.

In doubt they are there: who is asked in vain is passed over by the policy, who is taken for away is not asked at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from bot.core.hours import DAYS, week
from bot.core.people import Away
from connectors.directory.absence import EARLIER, OPEN_ENDED
from connectors.microsoft import zones

Json = Mapping[str, Any]

BY = "graph"
HINT = timedelta(hours=1)
"""how long a presence without an end counts; it is asked again long before"""
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::[0-5]\d(?:\.\d+)?)?")
_NAMES = {
    name: number
    for number, name in enumerate(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"))
}


def zone_of(settings: Json, *, now: datetime) -> str | None:
    """The IANA zone in which they work, else the one their mailbox is shown in; None where nobody can tell."""
    usual = zones.iana(str(settings.get("timeZone") or ""))
    said = (settings.get("workingHours") or {}).get("timeZone") or {}
    return zones.of(said, now=now, usual=usual or "") or usual


def working_hours(settings: Json) -> str:
    """Their working hours in the notation of `bot.core.hours`; empty where none are said."""
    hours = settings.get("workingHours") or {}
    start, end = (_CLOCK.fullmatch(str(hours.get(name) or "")) for name in ("startTime", "endTime"))
    if start is None or end is None:
        return ""
    named = {_NAMES.get(str(day).casefold(), -1) for day in hours.get("daysOfWeek") or ()} - {-1}
    found = ", ".join(f"{days} {start[1]}:{start[2]}-{end[1]}:{end[2]}" for days in _runs(sorted(named)))
    try:
        week(found)
    except ValueError:
        return ""
    return found


def _runs(days: list[int]) -> list[str]:
    """Days that follow each other, together: Mon-Wed, Fri."""
    runs = [[day for _, day in run] for _, run in groupby(enumerate(days), key=lambda one: one[1] - one[0])]
    return [DAYS[run[0]] if len(run) == 1 else f"{DAYS[run[0]]}-{DAYS[run[-1]]}" for run in runs]


def absence(settings: Json, *, now: datetime) -> Away | None:
    """The absence that automatic replies speak of. What they say is for those who write: it is not told here."""
    replies = settings.get("automaticRepliesSetting") or {}
    status = str(replies.get("status") or "").casefold()
    start, until = (_instant(replies.get(f"scheduled{end}DateTime")) for end in ("Start", "End"))
    if status == "alwaysenabled":
        hour = now.replace(minute=0, second=0, microsecond=0)
        return _away(hour - EARLIER, hour + OPEN_ENDED, "automatic replies")
    # They stay `scheduled` after their end.
    if status != "scheduled" or start is None or until is None or until <= max(now, start):
        return None
    return _away(start, until, "automatic replies")


def out_of_office(presence: Json | None, *, now: datetime) -> Away | None:
    """What presence hints at, for whoever's mailbox cannot be read."""
    if ((presence or {}).get("outOfOfficeSettings") or {}).get("isOutOfOffice") is not True:
        return None
    hour = now.replace(minute=0, second=0, microsecond=0)
    return _away(hour - EARLIER, hour + EARLIER + HINT, "out of office")


def _away(start: datetime, until: datetime, why: str) -> Away:
    return Away(start=start, until=until, why=why, by=BY)


def _instant(said: Json | None) -> datetime | None:
    """A `dateTimeTimeZone`: wall time in a zone with a name of Windows or of IANA."""
    try:
        # Seven digits of a second; Python reads six.
        wall = datetime.fromisoformat(str((said or {}).get("dateTime") or "")[:26])
    except ValueError:
        return None
    zone = zones.iana(str((said or {}).get("timeZone") or "UTC"))
    if wall.tzinfo is None:
        wall = wall.replace(tzinfo=ZoneInfo(zone) if zone else UTC)
    return wall.astimezone(UTC)
