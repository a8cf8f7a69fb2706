"""One write transaction of the loop: everything is buffered, and written in a few statements at its end.

Intake puts up to a hundred alerts through one transaction; statement by statement that would cost more than the disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, insert, select, union_all, update

from bot.core.events import Event
from bot.core.policy import Policy
from bot.core.state import Alert, Change
from bot.ports import Claimed, Conflict, Folding, Interaction, Receipt, Settled
from storage import bulk, digests, folding, lanes, rows, sweeping
from storage.crowds import Moment
from storage.models import FINISHED, UNFINISHED, alerts, events, interactions
from storage.owing import Owing, follow, owe
from storage.policies import Policies
from storage.reading import storable
from storage.roster import SqlRoster

Key = tuple[str, str]


class SqlTx(SqlRoster):
    """A transaction on one connection. What it has read or put is answered from here, as it stands in it."""

    def __init__(self, connection: Connection, policies: Policies, moment: Moment) -> None:
        super().__init__(connection, moment)
        self._policies = policies
        self._alerts: dict[str, Alert | None] = {}
        self._by_key: dict[Key, Alert | None] = {}
        self._before: dict[str, Alert | None] = {}
        self._events: list[Event] = []
        self._owing: dict[str, Owing] = {}
        self._remembered: dict[Key, Interaction] = {}
        self._hints: dict[str, int] = {}

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────

    def alert(self, alert_id: str, /) -> Alert | None:
        if alert_id not in self._alerts:
            query = select(*rows.ALERT).where(alerts.c.id == alert_id).with_for_update()
            row = self._connection.execute(query).first() if storable(alert_id) else None
            self._alerts[alert_id] = rows.alert(row) if row else None
        return self._alerts[alert_id]

    def by_keys(self, keys: Iterable[Key], /) -> dict[Key, Alert]:
        wanted = set(keys)
        self._look_up(wanted - self._by_key.keys())
        return {key: found for key in wanted if (found := self._by_key[key])}

    def last_events(self, alert_id: str, count: int, /) -> list[Event]:
        mine = [event for event in self._events if event.alert_id == alert_id][-count:]
        query = select(events).where(events.c.alert_id == alert_id).order_by(events.c.seq.desc())
        stored = self._connection.execute(query.limit(count - len(mine))).all() if len(mine) < count else []
        return [*(rows.event(row) for row in reversed(stored)), *mine]

    def policy(self, name: str, version: int | None = None, /) -> Policy:
        return self._policies.get(self._connection, name, version)

    def interactions(self, keys: Iterable[Key], /) -> dict[Key, Interaction]:
        wanted = set(keys)
        known = {key: self._remembered[key] for key in wanted & self._remembered.keys()}
        for source, names in _by_source(wanted - known.keys()):
            query = select(interactions).where(interactions.c.source == source, interactions.c.id.in_(names))
            stored = (rows.interaction(row) for row in self._connection.execute(query))
            known |= {(item.source, item.id): item for item in stored}
        return known

    @property
    def hints(self) -> Sequence[int]:
        return tuple(self._hints.values())

    def _look_up(self, keys: Iterable[Key]) -> None:
        """The unfinished alerts of these keys; for the rest the ones finished last."""
        for source, names in _by_source(keys):
            self._by_key.update({(source, name): None for name in names})
            # Most raises are of keys never seen: one light question spares them two heavy ones.
            names = list(self._connection.execute(_KNOWN, {"source": source, "names": names}).scalars())
            if not names:
                continue
            here = alerts.c.source == source
            self._find(and_(here, alerts.c.dedup_key.in_(names), UNFINISHED))
            if missing := [name for name in names if self._by_key[source, name] is None]:
                self._find_finished(and_(here, alerts.c.dedup_key.in_(missing), FINISHED))

    def _find_finished(self, condition: ColumnElement[bool]) -> None:
        newest = select(alerts.c.dedup_key, func.max(alerts.c.finished_at).label("at")).where(condition)
        last = {row.dedup_key: row.at for row in self._connection.execute(newest.group_by(alerts.c.dedup_key))}
        if last:
            self._find(and_(condition, alerts.c.finished_at.in_(set(last.values()))), last)

    def _find(self, condition: ColumnElement[bool], last: Mapping[str, datetime] | None = None) -> None:
        # In the order of ids: two transactions that lock the same alerts never wait for each other in a circle.
        query = select(*rows.ALERT).where(condition).order_by(alerts.c.id).with_for_update()
        for row in self._connection.execute(query):
            found = rows.alert(row)
            if last is None or last[found.dedup_key] == found.finished_at:
                found = self._alerts.get(found.id) or found
                self._alerts[found.id] = self._by_key[found.source, found.dedup_key] = found

    # ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────

    def remember(self, interaction: Interaction, /) -> None:
        key = interaction.source, interaction.id
        if key in self._remembered:
            raise Conflict(f"{interaction.source} {interaction.id} is answered already")
        self._remembered[key] = interaction

    def put(self, change: Change, /, *, before: Alert | None) -> None:
        alert = change.alert
        known = self._alerts.get(alert.id)
        if known is not None and (before is None or _version(known) != _version(before)):
            raise Conflict(f"{alert.id} is in revision {known.revision}")
        self._before.setdefault(alert.id, before)
        self._alerts[alert.id] = alert
        key = alert.source, alert.dedup_key
        other = self._by_key.get(key)
        if other is None or other.id == alert.id or not alert.finished:
            self._by_key[key] = alert
        self._events += change.events
        self._note(change, before)
        since = change.events[-1].at
        self._owing.update({owed.key: Owing(owed, alert, since) for owed in change.owed})

    def settle(self, claimed: Claimed, settled: Settled, /) -> bool:
        mine, following = lanes.settle(self._connection, claimed, settled, machine=self._moment.machine)
        if following is not None:
            self._hints[claimed.delivery.place] = following
        return mine

    def fold(self, lane: str, machine: float, /, *, now: datetime) -> Folding:
        wanted = folding.chased(self._connection, lane)
        held = self._hold(one.alert_id for one in wanted)
        among = [one for one in wanted if one.alert_id in held]
        folded, owed = folding.fold(self._connection, lane, Moment(machine=machine, now=now), among=among)
        self._hints.update((lane, delivery_id) for delivery_id in owed)
        return folded

    def swept(
        self, delivery_id: int, /, *, was: float, next_at: float | None, receipt: Receipt | None, seen: bool = True
    ) -> bool:
        here = self._connection
        return sweeping.swept(here, delivery_id, was=was, next_at=next_at, receipt=receipt, seen=seen)

    def _hold(self, alert_ids: Iterable[str]) -> set[str]:
        """Lock those alerts that nobody else is busy with: who waits for one while holding others waits in a circle."""
        wanted = set(alert_ids)
        missing = wanted - self._alerts.keys()
        if missing:
            query = select(*rows.ALERT).where(alerts.c.id.in_(missing)).order_by(alerts.c.id)
            found = map(rows.alert, self._connection.execute(query.with_for_update(skip_locked=True)))
            self._alerts.update((alert.id, alert) for alert in found)
        return {alert_id for alert_id in wanted if self._alerts.get(alert_id)}

    def flush(self) -> None:
        """Write what was put. Raises Conflict."""
        connection, instant = self._connection, bulk.instants_for(self._connection)
        self._write_alerts(instant)
        bulk.execute(connection, _EVENT, [rows.event_row(event, instant) for event in self._events])
        self._write_turns()
        self._owe()
        for alert_id, before in self._before.items():
            after = self._alerts[alert_id]
            if before and after:
                for was in set(before.places) - set(after.places):
                    follow(connection, after, was)
        remembered = [rows.interaction_row(item, self._moment.machine) for item in self._remembered.values()]
        bulk.execute(connection, _INTERACTION, remembered)

    def _owe(self) -> None:
        if not self._owing:
            return
        batched = [item.owed for item in self._owing.values() if item.owed.in_digest]
        if batched:
            lanes.lock(self._connection, map(digests.lane_of, batched))
        self._hints |= owe(self._connection, list(self._owing.values()))
        if batched:
            digests.collect(self._connection, batched, self._moment)

    def _write_alerts(self, instant: bulk.Instants) -> None:
        changed = [(before, after) for key, before in self._before.items() if (after := self._alerts[key])]
        new = [after for before, after in changed if before is None]
        made = [{**rows.alert_row(alert, instant), "raised_under": alert.held_by} for alert in new]
        bulk.execute(self._connection, _ALERT, made)
        for before, after in changed:
            if before is not None:
                row = rows.alert_row(after, instant)
                # One that comes back under a mute is held back by it as what is raised under it.
                again = after.held_by is not None and after.held_by != before.held_by
                self._change(before, {**row, "raised_under": after.held_by} if again else row)

    def _change(self, before: Alert, row: dict[str, Any]) -> None:
        guard = {"was_id": before.id, "was_generation": before.generation, "was_revision": before.revision}
        # Never the id: a statement that names the key others refer to makes SQLite search all of them for it, changed
        # or not, and a nudge would take longer the more alerts are stored.
        changed = {name: value for name, value in row.items() if name != "id"}
        if bulk.execute(self._connection, _CHANGE, [{**changed, **guard}]) != 1:
            raise Conflict(f"{before.id} is not in revision {before.revision} any more")


# One for each of the partial indexes over keys.
_KNOWN = union_all(
    *(
        select(alerts.c.dedup_key).where(
            alerts.c.source == bindparam("source"), alerts.c.dedup_key.in_(bindparam("names", expanding=True)), some
        )
        for some in (UNFINISHED, FINISHED)
    )
)
_ALERT, _EVENT, _INTERACTION = insert(alerts), insert(events), insert(interactions)
_CHANGE = update(alerts).where(
    alerts.c.id == bindparam("was_id"),
    alerts.c.generation == bindparam("was_generation"),
    alerts.c.revision == bindparam("was_revision"),
)
"""Two people click at once: the second finds no such row."""


def _version(alert: Alert) -> tuple[int, int]:
    return alert.generation, alert.revision


def _by_source(keys: Iterable[Key]) -> list[tuple[str, list[str]]]:
    """Keys with the source in front: SQLite finds `a = ? AND b IN (…)` by an index, `(a, b) IN (…)` by reading all."""
    found: dict[str, list[str]] = {}
    for source, name in sorted(keys):
        found.setdefault(source, []).append(name)
    return list(found.items())
