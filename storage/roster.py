"""What a decision asks of people, within one transaction: as it is stored, and as the transaction leaves it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select

from bot.core.mutes import Mute
from bot.core.oncall import Shift
from bot.core.people import Person
from bot.core.state import Alert, Change
from storage import mutes, people, schedules
from storage.crowds import Moment
from storage.models import TELLING, UNFINISHED, alerts, deliveries
from storage.owing import insert_into
from storage.rota_models import turns


class SqlRoster:
    """Implements `bot.core.people.Roster`. Each question goes to the database once."""

    def __init__(self, connection: Connection, moment: Moment) -> None:
        self._connection = connection
        self._moment = moment
        self._people: dict[str, Person | None] = {}
        self._shifts: dict[tuple[str, datetime], Sequence[Shift]] = {}
        self._groups: dict[str, Sequence[str]] = {}
        self._mutes: dict[datetime, Sequence[Mute]] = {}
        self._load: dict[str, int] = {}
        self._told: dict[tuple[str, datetime], int] = {}
        self._turns: dict[str, int] = {}
        self._given: Counter[str] = Counter()
        """owner ▶ how many more alerts they own than is stored"""
        self._telling: dict[str, tuple[str, datetime]] = {}
        """a delivery's key ▶ whom it tells, since when"""
        self._used: Counter[str] = Counter()

    def person(self, person_id: str, /) -> Person | None:
        if person_id not in self._people:
            found = people.known(self._connection, [person_id], self._moment.now).get(person_id)
            self._people[person_id] = found[0] if found else None
        return self._people[person_id]

    def shifts(self, schedule: str, at: datetime, /) -> Sequence[Shift]:
        if (schedule, at) not in self._shifts:
            self._shifts[schedule, at] = schedules.covering(self._connection, schedule, at)
        return self._shifts[schedule, at]

    def group(self, handle: str, /) -> Sequence[str]:
        if handle not in self._groups:
            found = schedules.groups_of(self._connection, [handle]).get(handle)
            self._groups[handle] = found[0] if found else ()
        return self._groups[handle]

    def load(self, people: Iterable[str], /) -> dict[str, int]:
        wanted = list(people)
        if missing := [person for person in dict.fromkeys(wanted) if person not in self._load]:
            self._load.update(dict.fromkeys(missing, 0))
            self._load.update((row.owner, row.n) for row in self._connection.execute(LOAD, {"people": missing}))
        return {person: self._load[person] + self._given[person] for person in wanted}

    def told(self, person_id: str, since: datetime, /) -> int:
        if (person_id, since) not in self._told:
            counted = self._connection.execute(TOLD, {"of": person_id, "since": since})
            self._told[person_id, since] = counted.scalar_one()
        mine = sum(person == person_id and at > since for person, at in self._telling.values())
        return self._told[person_id, since] + mine

    def turn(self, name: str, /) -> int:
        if name not in self._turns:
            query = select(turns.c.n).where(turns.c.name == name)
            self._turns[name] = self._connection.execute(query).scalar_one_or_none() or 0
        return self._turns[name] + self._used[name]

    def mutes(self, at: datetime, /) -> Sequence[Mute]:
        if at not in self._mutes:
            self._mutes[at] = mutes.at(self._connection, at)
        return self._mutes[at]

    def _note(self, change: Change, before: Alert | None) -> None:
        """What a change that is not written yet means for the next question."""
        if before is not None and not before.finished:
            self._given[before.owner] -= 1
        if not change.alert.finished:
            self._given[change.alert.owner] += 1
        since = change.events[-1].at
        for owed in change.owed:
            if owed.person and not owed.in_digest:
                self._telling[owed.key] = owed.person, since
        for turn in change.turns:
            self._used[turn] += 1

    def _write_turns(self) -> None:
        """In the order of their names: two who use up the same turns never wait for each other in a circle."""
        if self._used:
            upsert = insert_into(self._connection.dialect.name)(turns)
            more = {"n": turns.c.n + upsert.excluded.n}
            upsert = upsert.on_conflict_do_update(index_elements=["name"], set_=more)
            for name in sorted(self._used):
                self._connection.execute(upsert, {"name": name, "n": self._used[name]})


LOAD = (
    select(alerts.c.owner, func.count().label("n"))
    .where(UNFINISHED, alerts.c.owner.in_(bindparam("people", expanding=True)))
    .group_by(alerts.c.owner)
)
TOLD = (
    select(func.count())
    .select_from(deliveries)
    .where(TELLING, deliveries.c.person == bindparam("of"), deliveries.c.created_at > bindparam("since"))
)
