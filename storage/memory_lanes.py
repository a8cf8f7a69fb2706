"""Deliveries and their lanes in memory: the rules of `storage.lanes` on plain dicts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.events import Event
from bot.core.state import Alert, Owed, card
from bot.ports import Claimed, Delivery, Receipt, Settled
from storage.lanes import DONE
from storage.waiting import TRIES

WAITING = ("pending", "unknown")


@dataclass
class _Lane:
    free_at: float = 0.0
    lease_until: float = 0.0
    holder: tuple[int, int] | None = None
    """a delivery and its fence"""


class MemoryLanes:
    """What is owed, by lane. `alerts` and `events` are the store's own."""

    def __init__(self, alerts: Mapping[str, Alert], events: Mapping[str, Sequence[Event]]) -> None:
        self._alerts = alerts
        self._events = events
        self._rows: dict[int, Delivery] = {}
        self._by_key: dict[str, int] = {}
        self._leases: dict[int, float] = {}
        self._lanes: dict[str, _Lane] = {}

    def owe(self, owed: Owed, since: datetime) -> int:
        """Store it, or want the card in a newer revision. Returns its delivery id."""
        if owed.key not in self._by_key:
            return self._add(owed, since)
        row = self._rows[self._by_key[owed.key]]
        if owed.kind == "card":
            row = replace(row, seq=max(row.seq, owed.seq), generation=owed.generation, rank=owed.rank)
            again = row.state in DONE
            self._rows[row.id] = replace(row, state="pending", not_before=0.0, attempts=0) if again else row
        return row.id

    def _add(self, owed: Owed, since: datetime) -> int:
        number = len(self._rows) + 1
        self._by_key[owed.key] = number
        self._rows[number] = Delivery(
            id=number,
            key=owed.key,
            kind=owed.kind,
            alert_id=owed.alert_id,
            seq=owed.seq,
            generation=owed.generation,
            place=owed.place,
            rank=owed.rank,
            thread=owed.thread,
            state="pending",
            created_at=since,
        )
        return number

    def lane_of(self, delivery_id: int) -> str | None:
        return self._rows[delivery_id].place if delivery_id in self._rows else None

    def unsettled(self) -> list[str]:
        """The state of every delivery that is not settled."""
        return [row.state for row in self._rows.values() if row.state not in DONE]

    def stuck(self) -> list[tuple[str, str]]:
        return [(row.place, row.error) for row in self._rows.values() if row.state in WAITING and row.attempts > TRIES]

    def due(self, machine: float) -> list[tuple[str, int]]:
        """Lanes that can be served now, longest waiting first; leases that ran out become `unknown` first."""
        self._lose(machine)
        due = [(at, lane, number) for lane, at, number in self._waiting() if at <= machine]
        return [(lane, number) for _, lane, number in sorted(due)]

    def next_at(self, machine: float) -> float | None:
        return min((at for _, at, _ in self._waiting() if at > machine), default=None)

    def claim(self, lane: str, machine: float, *, lease: float) -> Claimed | None:
        place = self._lanes.setdefault(lane, _Lane())
        if place.lease_until > machine:
            return None
        self._lose(machine)
        row = self._next(lane, machine)
        if row is None:
            return None
        unknown = row.state == "unknown"
        since = row.attempted_at if unknown and row.attempted_at is not None else machine
        row = replace(row, state="sending", fence=row.fence + 1, attempts=row.attempts + 1, attempted_at=since)
        self._rows[row.id] = row
        self._leases[row.id] = place.lease_until = machine + lease
        place.holder = row.id, row.fence
        return self._about(row, was_unknown=unknown)

    def settle(self, claimed: Claimed, settled: Settled, *, machine: float) -> int | None:
        row, place = self._rows[claimed.delivery.id], self._lanes[claimed.delivery.place]
        if row.fence != claimed.delivery.fence:
            return None
        self._leases.pop(row.id, None)
        self._rows[row.id] = _outcome(row, claimed, settled)
        place.free_at = max(place.free_at, settled.lane_free_at)
        if place.holder == (row.id, row.fence):
            place.lease_until = 0.0
        if place.lease_until > machine:
            return None
        following = self._next(row.place, machine)
        return following.id if following else None

    def _about(self, row: Delivery, *, was_unknown: bool) -> Claimed:
        alert = self._alerts[row.alert_id]
        seq = alert.revision if row.kind == "card" else row.seq
        told = tuple(event for event in self._events[alert.id] if event.seq == seq)
        root = self._receipt_of_card(alert)
        return Claimed(delivery=row, alert=alert, events=told, root=root, was_unknown=was_unknown)

    def _receipt_of_card(self, alert: Alert) -> Receipt | None:
        number = self._by_key.get(card(alert).key)
        return self._rows[number].receipt if number else None

    def _lose(self, machine: float) -> None:
        for number, until in list(self._leases.items()):
            if until <= machine:
                del self._leases[number]
                self._rows[number] = replace(self._rows[number], state="unknown")

    def _servable(self) -> Iterable[Delivery]:
        """Everything that waits for its turn only; a reply waits for its card first."""
        for row in self._rows.values():
            held = row.thread and self._receipt_of_card(self._alerts[row.alert_id]) is None
            if row.state in WAITING and not held:
                yield row

    def _at(self, row: Delivery) -> float:
        paced = 0.0 if row.receipt else self._lanes.get(row.place, _Lane()).free_at
        return max(row.not_before, paced)

    def _next(self, lane: str, machine: float) -> Delivery | None:
        here = [row for row in self._servable() if row.place == lane and self._at(row) <= machine]
        return min(here, key=lambda row: (row.rank, row.id), default=None)

    def _waiting(self) -> Iterator[tuple[str, float, int]]:
        """(lane, machine second from which it may be served, a delivery) of lanes in which something waits."""
        soonest: dict[str, tuple[float, int]] = {}
        for row in self._servable():
            best = soonest.get(row.place)
            soonest[row.place] = min(best, (self._at(row), row.id)) if best else (self._at(row), row.id)
        for lane, (at, number) in soonest.items():
            yield lane, max(at, self._lanes.get(lane, _Lane()).lease_until), number


def _outcome(row: Delivery, claimed: Claimed, settled: Settled) -> Delivery:
    wanted = claimed.alert.revision if row.kind == "card" else row.seq
    row = replace(
        row,
        state=settled.state,
        not_before=settled.not_before,
        error=settled.error,
        receipt=None if settled.forget else settled.receipt or row.receipt,
        shown=0 if settled.forget else wanted if settled.state == "shown" else row.shown,
    )
    newer = row.kind == "card" and settled.state in DONE and row.seq > wanted
    return replace(row, state="pending", attempts=0) if newer else row
