"""A transaction in memory: what is put is kept aside until its end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from bot.core.events import Event
from bot.core.policy import Policy
from bot.core.state import Alert, Change
from bot.ports import Claimed, Conflict, Folding, Interaction, Receipt, Settled
from storage import memory_folding
from storage.crowds import Moment
from storage.memory_lanes import MemoryLanes
from storage.memory_roster import MemoryRoster

if TYPE_CHECKING:
    from storage.memory import MemoryStore

Key = tuple[str, str]


class MemoryTx(MemoryRoster):
    """A transaction: what is put is kept aside until its end."""

    def __init__(self, store: MemoryStore, moment: Moment) -> None:
        super().__init__(store)
        self._moment = moment
        self._remembered: dict[Key, Interaction] = {}
        self._changed: MemoryLanes | None = None
        self._hints: dict[str, int] = {}

    def alert(self, alert_id: str, /) -> Alert | None:
        return self._put[alert_id][1] if alert_id in self._put else self._store.alert(alert_id)

    def by_keys(self, keys: Iterable[Key], /) -> dict[Key, Alert]:
        wanted = set(keys)
        alerts = {**self._store._alerts, **{alert_id: after for alert_id, (_, after) in self._put.items()}}
        found: dict[Key, Alert] = {}
        for alert in sorted(alerts.values(), key=_finished):
            if (alert.source, alert.dedup_key) in wanted:
                found[alert.source, alert.dedup_key] = alert
        return found

    def last_events(self, alert_id: str, count: int, /) -> list[Event]:
        mine = [event for change in self._changes for event in change.events if event.alert_id == alert_id]
        return [*self._store._events.get(alert_id, ()), *mine][-count:]

    def policy(self, name: str, version: int | None = None, /) -> Policy:
        return self._store.policy(name, version)

    def interactions(self, keys: Iterable[Key], /) -> dict[Key, Interaction]:
        known = {**self._store._interactions, **self._remembered}
        return {key: known[key] for key in keys if key in known}

    def remember(self, interaction: Interaction, /) -> None:
        key = interaction.source, interaction.id
        if self.interactions([key]):
            raise Conflict(f"{interaction.source} {interaction.id} is answered already")
        self._remembered[key] = interaction

    def put(self, change: Change, /, *, before: Alert | None) -> None:
        known = self.alert(change.alert.id)
        if _version(known) != _version(before):
            raise Conflict(f"{change.alert.id} is in another revision")
        first = self._put[change.alert.id][0] if change.alert.id in self._put else before
        self._put[change.alert.id] = first, change.alert
        self._changes.append(change)

    def settle(self, claimed: Claimed, settled: Settled, /) -> bool:
        mine, following = self._lanes.settle(claimed, settled, machine=self._store._machine())
        if following is not None:
            self._hints[claimed.delivery.place] = following
        return mine

    def fold(self, lane: str, machine: float, /, *, now: datetime) -> Folding:
        folded, owed = memory_folding.fold(self._lanes, lane, Moment(machine=machine, now=now))
        self._hints.update((lane, number) for number in owed)
        return folded

    def swept(
        self, delivery_id: int, /, *, was: float, next_at: float | None, receipt: Receipt | None, seen: bool = True
    ) -> bool:
        lanes = self._lanes
        return lanes.sweeps.get(delivery_id) == was and memory_folding.swept(
            lanes, delivery_id, next_at=next_at, receipt=receipt, seen=seen
        )

    @property
    def _lanes(self) -> MemoryLanes:
        """The lanes as this transaction leaves them; nobody else changes them meanwhile."""
        if self._changed is None:
            self._changed = self._store._lanes.copy()
        return self._changed

    @property
    def hints(self) -> Sequence[int]:
        return tuple(self._hints.values())

    def apply(self) -> None:
        """All of it, or Conflict and nothing."""
        store = self._store
        alerts = {**store._alerts, **{alert_id: after for alert_id, (_, after) in self._put.items()}}
        unfinished = [(a.source, a.dedup_key) for a in alerts.values() if not a.finished]
        if len(unfinished) != len(set(unfinished)):
            raise Conflict("an unfinished alert has this dedup key already")
        store._alerts.update((alert_id, after) for alert_id, (_, after) in self._put.items())
        store._interactions.update(self._remembered)
        lanes = store._lanes = self._changed or store._lanes
        for change in self._changes:
            store._events.setdefault(change.alert.id, []).extend(change.events)
            store._turns.update(change.turns)
            for owed in change.owed:
                number = lanes.owe(owed, change.events[-1].at)
                if not owed.in_digest:
                    self._hints.setdefault(owed.place, number)
        memory_folding.collect(lanes, [owed for change in self._changes for owed in change.owed], self._moment)
        for before, after in self._put.values():
            for was in set(before.places) - set(after.places) if before else ():
                lanes.follow(after, was)


def _version(alert: Alert | None) -> tuple[int, int] | None:
    return (alert.generation, alert.revision) if alert else None


def _finished(alert: Alert) -> tuple[bool, datetime]:
    return not alert.finished, alert.finished_at or alert.raised_at
