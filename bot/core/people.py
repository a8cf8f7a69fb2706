"""People: who they are, whom they report to, who may own an alert."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Protocol

from bot.core.hours import Hours
from bot.core.mutes import Mute
from bot.core.oncall import Shift


@dataclass(frozen=True, kw_only=True)
class Away:
    """Somebody is away for a while (aware UTC, half-open); `delegate` stands in for them."""

    start: datetime
    until: datetime
    delegate: str | None = None
    why: str = ""
    """in their own or the directory's words"""
    by: str = ""
    """the directory that says so, where one keeps telling (`graph`); empty: a status of now, or they declared it"""

    def covers(self, at: datetime) -> bool:
        return self.start <= at < self.until


@dataclass(frozen=True, kw_only=True)
class Person:
    """One person. `id` is their e-mail in lower case, or `<platform>:<chat id>` where no e-mail is known."""

    id: str
    name: str
    manager: str | None = None
    time_zone: str = "UTC"
    active: bool = True
    kind: str = "human"
    """human | guest | bot | foreign (of another organisation) | unknown (no directory knows them)"""
    chat: dict[str, str] = field(default_factory=dict)
    """platform ▶ the person's id there"""
    working: str = ""
    """their working hours (`bot.core.hours.week`); empty: the usual ones"""
    quiet: str = ""
    """when they are not to be disturbed, in the same notation"""
    country: str = ""
    """whose public holidays they keep: `NL`, `DE-BY`"""
    prefers: str = "instant"
    """instant | digest: how they want to be told of what is not urgent"""
    uses: str = ""
    """the chat in which they want to be told, where they are in several"""
    away: tuple[Away, ...] = ()
    """declared by them or said by a directory, with those that lie ahead"""

    @cached_property
    def hours(self) -> Hours:
        return Hours(time_zone=self.time_zone, working=self.working, quiet=self.quiet, country=self.country)

    def absence(self, at: datetime) -> Away | None:
        """The absence that covers an instant; of several the one that lasts longest."""
        if not self.away:
            return None
        return max((one for one in self.away if one.covers(at)), key=lambda one: one.until, default=None)

    @property
    def may_own(self) -> bool:
        """Guests, bots, strangers and deactivated people own nothing."""
        return self.active and self.kind == "human"


class Roster(Protocol):
    """The people a decision may need, and what was asked of them, as the database knows it now."""

    def person(self, person_id: str, /) -> Person | None:
        """By id; `<platform>:<chat id>` also finds the person who has that chat id."""
        ...

    def shifts(self, schedule: str, at: datetime, /) -> Sequence[Shift]:
        """Stored shifts of a schedule that cover this instant: a calendar's, and overrides."""
        ...

    def group(self, handle: str, /) -> Sequence[str]:
        """The members of a user group (`@ap-team`) in a lasting order; empty where nobody knows it."""
        ...

    def load(self, people: Iterable[str], /) -> Mapping[str, int]:
        """How many unfinished alerts each of them owns; nobody is left out."""
        ...

    def told(self, person_id: str, since: datetime, /) -> int:
        """How often this person was reminded or told of anything since then, digests aside."""
        ...

    def turn(self, name: str, /) -> int:
        """How often somebody was chosen in turn under this name."""
        ...

    def mutes(self, at: datetime, /) -> Sequence[Mute]:
        """What is muted at this instant."""
        ...


class Nobody:
    """A roster of nobody, for decisions that ask for no one; the base of rosters that know some of it."""

    def person(self, person_id: str, /) -> Person | None:
        return None

    def shifts(self, schedule: str, at: datetime, /) -> Sequence[Shift]:
        return ()

    def group(self, handle: str, /) -> Sequence[str]:
        return ()

    def load(self, people: Iterable[str], /) -> Mapping[str, int]:
        return dict.fromkeys(people, 0)

    def told(self, person_id: str, since: datetime, /) -> int:
        return 0

    def turn(self, name: str, /) -> int:
        return 0

    def mutes(self, at: datetime, /) -> Sequence[Mute]:
        return ()


def managers(person_id: str, roster: Roster) -> Iterator[str]:
    """The chain of managers above a person, nearest first; a cycle ends it, ten levels are enough."""
    seen = {person_id}
    person = roster.person(person_id)
    while person and person.manager and person.manager not in seen and len(seen) <= 10:
        seen.add(person.manager)
        yield person.manager
        person = roster.person(person.manager)


def gone(person_id: str, roster: Roster) -> str | None:
    """Why this person cannot be asked (a reason for the trail), or None if they can.

    Somebody whom no directory knows yet is asked all the same: silence would be worse.
    """
    person = roster.person(person_id)
    if person is None or person.may_own:
        return None
    return "deactivated" if not person.active else person.kind


def stand_in(person_id: str, roster: Roster, at: datetime) -> str | None:
    """Who stands in for somebody who is away: their delegate, or the delegate's; else None.

    Nothing is ever delegated to nobody: a chain that comes round, or ends with somebody who cannot be asked, counts as
    no delegate at all.
    """
    seen = [person_id]
    while (absence := absent(seen[-1], roster, at)) is not None:
        following = absence.delegate
        if following is None or following in seen or gone(following, roster):
            return None
        seen.append(following)
    return seen[-1] if len(seen) > 1 else None


def absent(person_id: str, roster: Roster, at: datetime) -> Away | None:
    person = roster.person(person_id)
    return person.absence(at) if person else None
