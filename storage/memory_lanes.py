"""Deliveries and their lanes in memory: the rules of `storage.lanes` on plain dicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.core.events import QUIET, Event
from bot.core.limits import limits_of
from bot.core.packing import packed, unpacked
from bot.core.state import Alert, Owed, card_key, note_key
from bot.ports import Claimed, Delivery, Receipt, Settled
from bot.ports.rota import Letter
from storage import letters, models
from storage.lanes import DONE, Wanted, pace, revision_of, sent
from storage.memory_gathering import gathered
from storage.models import LASTING, LETTER, SHARED, STATES

WAITING = ("pending", "unknown")


@dataclass
class Lane:
    free_at: float = 0.0
    lease_until: float = 0.0
    holder: tuple[int, int] | None = None
    """a delivery and its fence"""
    fold: int | None = None
    fold_at: float = 0.0
    asked: Sequence[float] | None = None


class MemoryLanes:
    """What is owed, by lane. `alerts` and `events` are the store's own."""

    def __init__(self, alerts: Mapping[str, Alert], events: Mapping[str, Sequence[Event]]) -> None:
        self.alerts = alerts
        self._events = events
        self.rows: dict[int, Delivery] = {}
        self.by_key: dict[str, int] = {}
        self.leases: dict[int, float] = {}
        self.lanes: dict[str, Lane] = {}
        self.sweeps: dict[int, float] = {}
        self.folded: dict[int, int] = {}
        """a reminder ▶ the digest that says it"""
        self.versions: dict[int, int] = {}
        """of rows that need another version of the protocol than the first"""
        self.persons: dict[int, str] = {}
        """a delivery ▶ whom it reminds or tells"""
        self.letters: dict[int, dict[str, Any]] = {}

    def copy(self) -> MemoryLanes:
        """Another one that holds the same: what a transaction changes until it ends."""
        other = MemoryLanes(self.alerts, self._events)
        for name in ("rows", "by_key", "leases", "sweeps", "folded", "versions", "persons", "letters"):
            setattr(other, name, dict(getattr(self, name)))
        other.lanes = {name: replace(lane) for name, lane in self.lanes.items()}
        return other

    # ── owing ────────────────────────────────────────────────────────────────────────────────────────────────────

    def owe(self, owed: Owed, since: datetime) -> int:
        """Store it, or want the card in a newer revision. Returns its delivery id."""
        if owed.key not in self.by_key:
            return self.add(owed, since)
        row = self.rows[self.by_key[owed.key]]
        if owed.kind in STATES:
            row = replace(row, seq=max(row.seq, owed.seq), generation=owed.generation, rank=owed.rank)
            again = row.state in DONE
            self.rows[row.id] = replace(row, state="pending", not_before=0.0, attempts=0) if again else row
        return row.id

    def add(self, owed: Owed, since: datetime, *, not_before: float = 0.0) -> int:
        number = len(self.rows) + 1
        self.by_key[owed.key] = number
        self.rows[number] = Delivery(
            id=number,
            key=owed.key,
            kind=owed.kind,
            alert_id=owed.alert_id,
            seq=owed.seq,
            generation=owed.generation,
            place=owed.place,
            rank=owed.rank,
            thread=owed.thread,
            state="superseded" if owed.in_digest else "pending",
            not_before=not_before,
            created_at=since,
        )
        if owed.person:
            self.persons[number] = owed.person
        if (version := models.version_of(owed.kind, owed.place)) > 1:
            self.versions[number] = version
        return number

    def post(self, letter: Letter, at: datetime) -> int | None:
        """None: it is there already."""
        if letter.key in self.by_key:
            return None
        number = self.add(letters.owed(letter), at)
        self.letters[number], self.versions[number] = packed(letter.message), models.LETTERS
        return number

    def told(self, person: str, since: datetime) -> int:
        """How often they were told of anything by itself."""
        mine = [self.rows[number] for number, who in self.persons.items() if who == person]
        return sum(row.created_at > since and row.id not in self.folded for row in mine)

    def follow(self, alert: Alert, was: str) -> None:
        """Replies that wait for a card that was never shown wait for the one in the alert's new place."""
        for row in list(self.rows.values()):
            if (row.alert_id, row.place) == (alert.id, was) and row.state == "pending" and self.held(row):
                twice = row.kind == "note" and note_key(alert.id, row.seq, alert.place) in self.by_key
                self.rows[row.id] = replace(row, state="superseded") if twice else replace(row, place=alert.place)

    # ── claiming and settling ────────────────────────────────────────────────────────────────────────────────────

    def claim(self, wanted: Wanted) -> Claimed | None:
        lane, machine = wanted.lane, wanted.machine
        place = self.lanes.setdefault(lane, Lane())
        if place.lease_until > machine:
            return None
        self.lose(machine)
        row = self._next(wanted)
        if row is None:
            return None
        unknown = row.state == "unknown"
        row = replace(row, state="sending", fence=row.fence + 1, attempts=row.attempts + 1, **sent(row, machine))
        self.rows[row.id] = row
        self.leases[row.id] = place.lease_until = machine + wanted.lease
        place.holder = row.id, row.fence
        return self.about(row, was_unknown=unknown)

    def settle(self, claimed: Claimed, settled: Settled, *, machine: float) -> tuple[bool, int | None]:
        row, place = self.rows[claimed.delivery.id], self.lanes[claimed.delivery.place]
        if row.fence != claimed.delivery.fence:
            return False, None
        self.leases.pop(row.id, None)
        if row.kind == "task" and claimed.root is None and settled.state == "shown" and self._has_card(claimed):
            # It was written while the card was being shown, and does not name its address yet.
            settled = replace(settled, state="pending")
        held = [other for other in self.rows.values() if self._waits_for(other, row)]
        self.rows[row.id] = _outcome(row, claimed, settled)
        ends = settled.ends_replies or self.rows[row.id].state == "superseded"
        if ends and claimed.delivery.receipt is None and not settled.receipt:
            self.rows |= {other.id: replace(other, state="superseded", error=settled.error) for other in held}
        self._tell_tasks(claimed, settled)
        if settled.sweep_at is not None:
            self.sweeps[row.id] = settled.sweep_at
            self.rows[row.id] = replace(self.rows[row.id], sweeps=0)
        if row.kind == "digest" and settled.state == "dead":
            self._ungather(row.id)
        vars(place).update(pace(place, row.place, settled))
        if place.holder == (row.id, row.fence):
            place.lease_until = 0.0
        if place.lease_until > machine:
            return True, None
        following = self._next(Wanted(lane=row.place, machine=machine, lease=0.0))
        return True, following.id if following else None

    def _tell_tasks(self, claimed: Claimed, settled: Settled) -> None:
        """Tasks that were made before their alert's card was there: now they can name its address."""
        alert = claimed.alert
        if alert is None or settled.receipt is None or claimed.delivery.key != card_key(alert.id, alert.place):
            return
        for place in alert.also:
            row = self.rows.get(self.by_key.get(card_key(alert.id, place), 0))
            if row is not None and row.kind == "task" and row.state == "shown":
                self.rows[row.id] = replace(row, state="pending", attempts=0, not_before=0.0)

    def _ungather(self, digest: int) -> None:
        for number in [number for number, into in self.folded.items() if into == digest]:
            del self.folded[number]
            said = "its digest could not be said"
            self.rows[number] = replace(self.rows[number], state="pending", attempts=1, error=said)

    def about(self, row: Delivery, *, was_unknown: bool = False) -> Claimed:
        """A delivery with all that its message is made of, as it is now."""
        if row.kind == LETTER:
            said = unpacked(self.letters[row.id])
            return Claimed(delivery=row, alert=None, letter=said, was_unknown=was_unknown)
        if row.kind in SHARED:
            return Claimed(delivery=row, alert=None, gathered=gathered(self, row), was_unknown=was_unknown)
        alert = self.alerts[row.alert_id]
        told = [event for event in self._events[alert.id] if event.seq == row.seq]
        if row.kind == "card":
            told = [event for event in self._events[alert.id] if event.kind not in QUIET][-1:]
        return Claimed(
            delivery=row,
            alert=alert,
            events=tuple(told),
            root=self._card_at(alert, row.place if row.thread else alert.place),
            was_unknown=was_unknown,
            overtaken=row.kind not in (*LASTING, *STATES)
            and any(_overtakes(other, row) for other in self.rows.values()),
        )

    def lose(self, machine: float) -> None:
        """Attempts whose lease ran out: nobody knows what became of them."""
        for number, until in list(self.leases.items()):
            if until <= machine:
                del self.leases[number]
                self.rows[number] = replace(self.rows[number], state="unknown")

    # ── what waits ───────────────────────────────────────────────────────────────────────────────────────────────

    def understood(self, row: Delivery) -> bool:
        return self.versions.get(row.id, 1) <= models.VERSION

    def held(self, row: Delivery) -> bool:
        """A reply waits until its card is shown."""
        return row.thread and self._card_at(self.alerts[row.alert_id], row.place) is None

    def servable(self) -> Iterator[Delivery]:
        """Everything that waits for its turn only."""
        for row in self.rows.values():
            if row.state in WAITING and self.understood(row) and not self.held(row):
                yield row

    def owed_at(self, row: Delivery) -> datetime:
        """Since when it waits, in business time: of what is shown already, since the change it tells of."""
        told = [event.at for event in self._events.get(row.alert_id, ()) if event.seq == row.seq]
        return told[0] if row.shown and told else row.created_at

    def _next(self, wanted: Wanted) -> Delivery | None:
        free = self.lanes.get(wanted.lane, Lane()).free_at <= wanted.machine
        edits = wanted.edits and (free or not limits_of(wanted.lane).pace.edits)
        here = [row for row in self.servable() if row.place == wanted.lane and row.not_before <= wanted.machine]
        here = [row for row in here if (edits if row.receipt else wanted.posts and free)]
        here = [row for row in here if wanted.only in (0, row.id)]
        return min(here, key=lambda row: (row.rank, row.id), default=None)

    def _card_at(self, alert: Alert, place: str) -> Receipt | None:
        number = self.by_key.get(card_key(alert.id, place))
        return self.rows[number].receipt if number else None

    def _has_card(self, claimed: Claimed) -> bool:
        alert = claimed.alert
        return alert is not None and self._card_at(alert, alert.place) is not None

    def _waits_for(self, row: Delivery, root: Delivery) -> bool:
        mine = root.kind == "card" and (row.alert_id, row.place) == (root.alert_id, root.place)
        return mine and row.state == "pending" and self.held(row)


def _overtakes(other: Delivery, row: Delivery) -> bool:
    where = (other.alert_id, other.place, other.kind, other.thread)
    return where == (row.alert_id, row.place, row.kind, row.thread) and other.seq > row.seq


def _outcome(row: Delivery, claimed: Claimed, settled: Settled) -> Delivery:
    wanted, before = revision_of(claimed), claimed.delivery.receipt
    adopted = row.receipt != before
    row = replace(
        row,
        state=settled.state,
        not_before=settled.not_before,
        error=settled.error,
        posts=row.posts - (not settled.posted and before is None),
        receipt=(settled.receipt if before is None else None) or row.receipt,
        shown=wanted if settled.state == "shown" else row.shown,
    )
    if settled.forget and not adopted:
        row = replace(row, receipt=None, shown=0, posts=0)
    newer = row.kind in STATES and settled.state in DONE and (row.seq > wanted or adopted)
    return replace(row, state="pending", attempts=0) if newer else row
