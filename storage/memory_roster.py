"""What a decision asks of people, in memory: the rules of `storage.roster` on plain dicts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.core.mutes import Mute
from bot.core.oncall import Shift
from bot.core.people import Person
from bot.core.state import Alert, Change

if TYPE_CHECKING:
    from storage.memory import MemoryStore


class MemoryRoster:
    """Implements `bot.core.people.Roster`, as its transaction leaves the store."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._put: dict[str, tuple[Alert | None, Alert]] = {}
        self._changes: list[Change] = []

    def person(self, person_id: str, /) -> Person | None:
        found = self._store.people([person_id]).get(person_id)
        return found[0] if found else None

    def shifts(self, schedule: str, at: datetime, /) -> Sequence[Shift]:
        soon = at + timedelta(microseconds=1)
        return [shift for shift in self._store.shifts_between(schedule, at, soon) if shift.start <= at]

    def group(self, handle: str, /) -> Sequence[str]:
        found = self._store.groups([handle]).get(handle)
        return found[0] if found else ()

    def load(self, people: Iterable[str], /) -> dict[str, int]:
        alerts = {**self._store._alerts, **{alert_id: after for alert_id, (_, after) in self._put.items()}}
        owners = [alert.owner for alert in alerts.values() if not alert.finished]
        return {person: owners.count(person) for person in people}

    def told(self, person_id: str, since: datetime, /) -> int:
        mine = [(owed, change.events[-1].at) for change in self._changes for owed in change.owed]
        put = {owed.key for owed, at in mine if owed.person == person_id and not owed.in_digest and at > since}
        return self._store._lanes.told(person_id, since) + len(put)

    def turn(self, name: str, /) -> int:
        return self._store._turns[name] + sum(change.turns.count(name) for change in self._changes)

    def mutes(self, at: datetime, /) -> Sequence[Mute]:
        return [mute for mute in self._store.all_mutes(since=at) if mute.covers(at)]
