"""People and their time in memory: the rules of `storage.rota` on plain dicts."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from bot.core.events import Event
from bot.core.mutes import Mute
from bot.core.oncall import Shift
from bot.core.people import Person
from bot.core.state import Alert
from bot.ports import Conflict
from bot.ports.rota import Declared, Letter, Recorded, Wishes
from storage.memory_lanes import MemoryLanes
from storage.people import complete, undeclared


class MemoryRota:
    """Implements `bot.ports.rota.Rota`; the alerts and lanes are those of the store that inherits it."""

    _alerts: dict[str, Alert]
    _events: dict[str, list[Event]]
    _lanes: MemoryLanes

    def __init__(self) -> None:
        self._turn = threading.RLock()
        self._data = threading.RLock()
        self._absences: dict[str, Declared] = {}
        self._wishes: dict[str, Wishes] = {}
        self._shifts: dict[str, list[Shift]] = {}
        self._groups: dict[str, tuple[tuple[str, ...], datetime]] = {}
        self._mutes: dict[str, Mute] = {}
        self._listed: set[str] = set()
        self._turns: Counter[str] = Counter()

    # ── absences and wishes ──────────────────────────────────────────────────────────────────────────────────────

    def declare(self, absence: Declared, /) -> None:
        with self._turn, self._data:
            if absence.id in self._absences:
                raise Conflict(f"there is an absence {absence.id} already")
            self._absences[absence.id] = absence

    def absences(self, person: str | None = None, /, *, since: datetime) -> list[Declared]:
        with self._data:
            theirs = [one for one in self._absences.values() if person in (None, one.person)]
        ahead = [one for one in theirs if one.away.until > since and not (one.ended_at and one.ended_at <= since)]
        return sorted(ahead, key=lambda one: (one.away.start, one.id))

    def end_absence(self, absence_id: str, /, *, at: datetime, by: str) -> bool:
        with self._turn, self._data:
            found = self._absences.get(absence_id)
            if found is None or found.ended_at or found.away.until <= at:
                return False
            self._absences[absence_id] = replace(found, ended_at=at, ended_by=by)
            return True

    def wish(self, person: str, wishes: Wishes, /, *, at: datetime) -> None:
        with self._turn, self._data:
            before = self.wishes(person)
            said = {name: value for name, value in vars(wishes).items() if value is not None}
            self._wishes[person] = replace(before, **said)

    def wishes(self, person: str, /) -> Wishes:
        with self._data:
            return self._wishes.get(person, Wishes())

    def _complete(self, person: Person, at: datetime) -> Person:
        """With what they declared and wish themselves."""
        theirs = [one.away for one in self._absences.values() if one.person == person.id and one.ended_at is None]
        return complete(person, theirs, self._wishes.get(person.id, Wishes()), at)

    def _undeclared(self, person: Person) -> Person:
        return undeclared(person, (one.away for one in self._absences.values() if one.person == person.id))

    # ── schedules and groups ─────────────────────────────────────────────────────────────────────────────────────

    def override(self, schedule: str, shift: Shift, /, *, at: datetime) -> None:
        with self._turn, self._data:
            self._shifts.setdefault(schedule, []).append(replace(shift, override=True))

    def keep_calendar(self, schedule: str, shifts: Sequence[Shift], /, *, at: datetime) -> None:
        with self._turn, self._data:
            stays = [shift for shift in self._shifts.get(schedule, ()) if shift.override or shift.until <= at]
            said = {(shift.start, shift.until, shift.person): replace(shift, override=False) for shift in shifts}
            self._shifts[schedule] = [*stays, *said.values()]

    def shifts_between(self, schedule: str, start: datetime, until: datetime, /) -> list[Shift]:
        with self._data:
            here = [one for one in self._shifts.get(schedule, ()) if one.start < until and one.until > start]
        overrides = [one for one in here if one.override]
        return [*overrides, *sorted((one for one in here if not one.override), key=lambda one: one.start)]

    def keep_group(self, handle: str, members: Sequence[str], /, *, at: datetime) -> None:
        with self._turn, self._data:
            self._groups[handle] = tuple(members), at

    def groups(self, handles: Iterable[str], /) -> dict[str, tuple[tuple[str, ...], datetime]]:
        with self._data:
            return {handle: self._groups[handle] for handle in handles if handle in self._groups}

    # ── mutes ────────────────────────────────────────────────────────────────────────────────────────────────────

    def mute(self, mute: Mute, /, *, at: datetime) -> None:
        with self._turn, self._data:
            self._mutes.setdefault(mute.id, mute)

    def unmute(self, mute_id: str, /, *, at: datetime, by: str) -> list[str]:
        with self._turn, self._data:
            found = self._mutes.get(mute_id)
            if found and found.until > at:
                self._mutes[mute_id] = replace(found, until=at)
            held = (alert for alert in self._alerts.values() if alert.held_by == mute_id and not alert.finished)
            return sorted(alert.id for alert in held)

    def all_mutes(self, *, since: datetime) -> list[Mute]:
        with self._data:
            return _in_order(mute for mute in self._mutes.values() if mute.until > since)

    def unlisted_mutes(self, now: datetime, /) -> list[Mute]:
        with self._data:
            return _in_order(mute for mute in self._mutes.values() if mute.until <= now and mute.id not in self._listed)

    def held_back(self, mute_id: str, /, *, limit: int) -> list[Alert]:
        with self._data:
            found = [alert for alert in self._alerts.values() if self._raised_under(alert) == mute_id]
        return sorted(found, key=lambda alert: (alert.severity.rank, alert.raised_at, alert.id))[:limit]

    def _raised_under(self, alert: Alert) -> str | None:
        """The mute that held it back last."""
        held = (event.data["set"].get("held_by") for event in reversed(self._events[alert.id]))
        return next((mute_id for mute_id in held if mute_id), None)

    def listed(self, mute_id: str, letters: Sequence[Letter], /, *, at: datetime) -> bool:
        with self._turn, self._data:
            if mute_id not in self._mutes or mute_id in self._listed:
                return False
            self._listed.add(mute_id)
            self.post_letters(letters, at=at)
            return True

    # ── letters and lists ────────────────────────────────────────────────────────────────────────────────────────

    def post_letters(self, letters: Sequence[Letter], /, *, at: datetime) -> list[int]:
        with self._turn, self._data:
            inserted = (self._lanes.post(letter, at) for letter in sorted(letters, key=lambda letter: letter.key))
            return [number for number in inserted if number is not None]

    def owners(self) -> list[str]:
        with self._data:
            return sorted({alert.owner for alert in self._alerts.values() if not alert.finished})

    def trails(self, since: datetime, until: datetime, /, *, batch: int = 500) -> Iterator[Recorded]:
        with self._data:
            found = [alert for alert in self._alerts.values() if since <= alert.raised_at < until]
            ordered = sorted(found, key=lambda alert: (alert.raised_at, alert.id))
            recorded = [Recorded(alert=alert, events=tuple(self._events[alert.id])) for alert in ordered]
        yield from recorded


def _in_order(mutes: Iterable[Mute]) -> list[Mute]:
    return sorted(mutes, key=lambda mute: (mute.start, mute.id))
