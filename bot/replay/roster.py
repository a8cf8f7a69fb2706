"""The people of a replay: who they are, when they are away, what was asked of them, in virtual time."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.core.mutes import Mute
from bot.core.oncall import Shift
from bot.core.people import Away, Person, absent
from bot.ports.rota import Declared
from bot.replay.history import Past

HOUR = timedelta(hours=1)
LONG = 64
"""words to one person after which those older than an hour are forgotten"""


@dataclass(frozen=True, kw_only=True)
class Town:
    """Who is there to be asked; shared by the replays of one history."""

    find: Callable[[str], Person | None]
    """a person as they are known now, by id or `<platform>:<chat id>`"""
    absences: Mapping[str, tuple[Away, ...]] = field(default_factory=dict)
    """beside those that `find` says: as they were declared, and those of a what-if"""
    pretended: frozenset[str] = frozenset()
    """who is away only because somebody asks what if: they do nothing while they are"""
    shifts: Mapping[str, Sequence[Shift]] = field(default_factory=dict)
    members: Callable[[str], Sequence[str]] = lambda handle: ()
    """of a user group"""
    mutes: Sequence[Mute] = ()


class Virtual:
    """A Roster in which `now` is what the replay says.

    Somebody who is deactivated by now was there as long as the history shows them at work.
    """

    def __init__(self, town: Town) -> None:
        self.now: datetime | None = None
        self._town = town
        self._known: dict[str, Person | None] = {}
        self._seen: dict[str, datetime] = {}
        self._told: dict[str, list[datetime]] = {}
        self._members: dict[str, tuple[str, ...]] = {}
        self._turns: Counter[str] = Counter()
        self._owns: Counter[str] = Counter()
        self._mutes = {mute.id: mute for mute in town.mutes}

    # ── what decisions ask ───────────────────────────────────────────────────────────────────────────────────────

    def person(self, person_id: str, /) -> Person | None:
        try:
            found = self._known[person_id]
        except KeyError:
            found = self._known[person_id] = self._find(person_id)
        if found is None or found.active:
            return found
        until, now = self._seen.get(found.id), self.now
        return replace(found, active=True) if until and now and now <= until else found

    def shifts(self, schedule: str, at: datetime, /) -> Sequence[Shift]:
        return [one for one in self._town.shifts.get(schedule, ()) if one.start <= at < one.until]

    def group(self, handle: str, /) -> Sequence[str]:
        if handle not in self._members:
            self._members[handle] = tuple(self._town.members(handle))
        return self._members[handle]

    def load(self, people: Iterable[str], /) -> Mapping[str, int]:
        return {person: self._owns[person] for person in people}

    def told(self, person_id: str, since: datetime, /) -> int:
        instants = self._told.get(person_id)
        return len(instants) - bisect_right(instants, since) if instants else 0

    def turn(self, name: str, /) -> int:
        return self._turns[name]

    def mutes(self, at: datetime, /) -> Sequence[Mute]:
        return [mute for mute in self._mutes.values() if mute.covers(at)] if self._mutes else ()

    def is_pretended(self, person_id: str) -> bool:
        return person_id in self._town.pretended

    def pretends(self, person_id: str, at: datetime) -> Away | None:
        """The absence of somebody who was really there."""
        return absent(person_id, self, at) if person_id in self._town.pretended else None

    # ── what the replay tells ────────────────────────────────────────────────────────────────────────────────────

    def tell(self, person_id: str, now: datetime) -> None:
        """They were reminded or told of something."""
        instants = self._told.setdefault(person_id, [])
        instants.append(now)
        if len(instants) > LONG and instants[0] < now - HOUR:
            del instants[: bisect_right(instants, now - HOUR)]

    def use_turns(self, names: Iterable[str]) -> None:
        self._turns.update(names)

    def gives(self, before: str | None, after: str | None) -> None:
        """An unfinished alert has another owner; None: it has no more, or had none."""
        if before is not None:
            self._owns[before] -= 1
        if after is not None:
            self._owns[after] += 1

    def expect(self, past: Past) -> None:
        """What a past that begins now shows of people who are gone by now, and of what held it back."""
        for person, at in past.seen:
            if (found := self.person(person)) is not None and not found.active:
                self._seen[found.id] = max(at, self._seen.get(found.id, at))
        if past.held:
            known = self._mutes.get(past.held.id)
            self._mutes[past.held.id] = replace(known, until=past.held.until) if known else past.held

    def _find(self, person_id: str) -> Person | None:
        found = self._town.find(person_id)
        more = self._town.absences.get(found.id) if found else None
        if found is None or not more:
            return found
        # One that was declared is known from the store too, there as if it had been known from its beginning.
        other = (away for away in found.away if not any(_same(away, one) for one in more))
        return replace(found, away=(*other, *more))


def _same(one: Away, other: Away) -> bool:
    return one.until == other.until and one.delegate == other.delegate


def declared(
    absences: Iterable[Declared], listed: Mapping[str, tuple[Away, ...]] | None = None
) -> dict[str, tuple[Away, ...]]:
    """The absences of each person as they were known: from when they were declared until they really ended.

    `listed`: those that the configuration has.
    """
    found: dict[str, tuple[Away, ...]] = {person: away for person, away in (listed or {}).items() if away}
    for one in absences:
        start, until = max(one.away.start, one.at), min(one.away.until, one.ended_at or one.away.until)
        if start < until:
            found[one.person] = (*found.get(one.person, ()), replace(one.away, start=start, until=until))
    return found
