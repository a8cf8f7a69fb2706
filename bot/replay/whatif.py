"""What if: somebody is away, from the start of the history or on days of it.

`ana away 2w` · `ana away 2026-12-24..2027-01-02` · `ana@acme.example away 3d delegate ben`
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from bot.config.values import duration
from bot.core.people import Away

_FORM = re.compile(r"(\S+)\s+away\s+(\S+?)(?:\.\.(\S+))?(?:\s+delegate\s+(\S+))?", re.IGNORECASE)
_WEEKS = re.compile(r"(\d{1,2})w", re.IGNORECASE)
EXAMPLE = 'write it like "ana away 2w", "ana away 2026-12-24..2027-01-02" or "ana away 2w delegate ben"'


@dataclass(frozen=True, kw_only=True)
class WhatIf:
    """Somebody who is away in the replay, though they were not."""

    person: str
    """an e-mail, or how it begins"""
    length: timedelta | None = None
    """from the start of the history"""
    days: tuple[date, date] | None = None
    """the first and the last of them, whole days in UTC"""
    delegate: str | None = None

    def away(self, start: datetime, people: Iterable[str]) -> tuple[str, Away]:
        """Who is away when. Raises ValueError where a name stands for nobody, or for several."""
        known = sorted(set(people))
        person = named(self.person, known)
        delegate = named(self.delegate, known) if self.delegate else None
        if delegate == person:
            raise ValueError(f"{person} cannot stand in for themselves")
        if self.days:
            first, last = (datetime.combine(day, time(), UTC) for day in self.days)
            return person, Away(start=first, until=last + timedelta(days=1), delegate=delegate, why="what if")
        return person, Away(start=start, until=start + (self.length or timedelta()), delegate=delegate, why="what if")


def read(text: str) -> WhatIf:
    """Raises ValueError with what is wrong."""
    found = _FORM.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text}: not understood; {EXAMPLE}")
    person, first, last, delegate = found.groups()
    try:
        if last is None:
            return WhatIf(person=person.lower(), length=length(first), delegate=_lower(delegate))
        days = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError as error:
        raise ValueError(f"{text}: {error}") from None
    if days[1] < days[0]:
        raise ValueError(f"{text}: ends before it begins")
    return WhatIf(person=person.lower(), days=days, delegate=_lower(delegate))


def length(text: str) -> timedelta:
    """`2w`, or a duration as the configuration has them. Raises ValueError."""
    weeks = _WEEKS.fullmatch(text)
    found = timedelta(weeks=int(weeks[1])) if weeks else duration(text)
    if not found:
        raise ValueError("no time at all")
    return found


def _lower(name: str | None) -> str | None:
    return name.lower() if name else None


def named(name: str, people: Iterable[str]) -> str:
    """The one person whom a name means: an e-mail, or what stands before its @."""
    if "@" in name:
        return name
    found = [one for one in people if one.partition("@")[0].lower() == name]
    if not found:
        raise ValueError(f"nobody called {name} is known; write the whole e-mail")
    if len(found) > 1:
        raise ValueError(f"{name} may be {' or '.join(found)}; write the whole e-mail")
    return found[0]
