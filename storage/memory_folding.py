"""Folding and looking for twins in memory: the rules of `storage.folding` and `storage.sweeping` on plain dicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import groupby
from operator import attrgetter

from bot.core.state import Owed
from bot.ports import Claimed, Delivery, Folding, Receipt
from storage.crowds import (
    CALM,
    CROWD,
    MANY,
    OPEN,
    OVER,
    PAUSE,
    REFRESH,
    Chased,
    Moment,
    collects_until,
    digest,
    goes_out,
    messages_of,
    person_of,
    share,
    shared_card,
)
from storage.digests import chased, lane_of
from storage.memory_gathering import cards
from storage.memory_lanes import Lane, MemoryLanes
from storage.models import REMINDERS, STATES

# ── folding ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def behind(lanes: MemoryLanes) -> list[str]:
    names = {row.place for row in lanes.rows.values()}
    crowded = {name for name in names if len(cards(lanes, name)) > CROWD or len(_reminders(lanes, name)) > MANY}
    return sorted(crowded | {name for name, place in lanes.lanes.items() if place.fold is not None})


def fold(lanes: MemoryLanes, lane: str, moment: Moment) -> tuple[Folding, list[int]]:
    """The second: what can be served at once."""
    owed = _fold_cards(lanes, lane, moment)
    told: list[tuple[str, str, str]] = []
    for person, some in groupby(share(_chased(lanes, lane)), key=attrgetter("person")):
        told += _gather(lanes, person, lane, moment, list(some))
    return Folding(gathered=tuple(told)), owed


def _reminders(lanes: MemoryLanes, lane: str) -> list[Delivery]:
    mine = [row for row in lanes.rows.values() if row.place == lane and row.kind in REMINDERS]
    return [row for row in mine if row.state == "pending" and not row.attempts and lanes.understood(row)]


def _chased(lanes: MemoryLanes, lane: str) -> list[Chased]:
    found = [(person_of(lane) or lanes.alerts[row.alert_id].owner, row) for row in _reminders(lanes, lane)]
    many = Counter(person for person, _ in found)
    chased = [
        Chased(id=row.id, key=row.key, alert_id=row.alert_id, rank=row.rank, person=person, many=many[person])
        for person, row in found
        if many[person] > MANY
    ]
    return sorted(chased, key=attrgetter("person", "id"))


def _fold_cards(lanes: MemoryLanes, lane: str, moment: Moment) -> list[int]:
    place, waiting = lanes.lanes.setdefault(lane, Lane()), cards(lanes, lane)
    if place.fold is None:
        if len(waiting) <= CROWD:
            return []
        number = _open(lanes, lane, moment, waiting)
        place.fold = number
    elif len(waiting) <= CALM:
        number, place.fold = place.fold, None
        lanes.rows[number] = _last(lanes.rows[number])
    elif place.fold_at + REFRESH > moment.machine:
        return []
    else:
        number = place.fold
        lanes.rows[number] = _newer(lanes.rows[number])
    place.fold_at = moment.machine
    return [number]


def _open(lanes: MemoryLanes, lane: str, moment: Moment, waiting: list[Delivery]) -> int:
    owed = shared_card(lane, min(waiting, key=lambda row: (row.rank, row.id)).id)
    if owed.key not in lanes.by_key:
        return lanes.add(owed, moment.now)
    number = lanes.by_key[owed.key]
    lanes.rows[number] = replace(_newer(lanes.rows[number]), generation=OPEN)
    return number


def _newer(row: Delivery) -> Delivery:
    row = replace(row, seq=row.seq + 1)
    again = row.state in ("shown", "superseded")
    return replace(row, state="pending", attempts=0, not_before=0.0) if again else row


def _last(row: Delivery) -> Delivery:
    unseen = row.state == "pending" and not row.posts and not row.attempts and row.receipt is None
    last = replace(_newer(row), generation=OVER)
    return replace(last, state="superseded", error="the lane has caught up") if unseen else last


def _gather(
    lanes: MemoryLanes, person: str, lane: str, moment: Moment, some: list[Chased]
) -> list[tuple[str, str, str]]:
    owed = digest(person, messages_of(person, lane), some)
    key = _told_in(lanes, _digest(lanes, owed, moment, hourly=False), some)
    return [(one.alert_id, one.key, key) for one in some]


def collect(lanes: MemoryLanes, owed: Iterable[Owed], moment: Moment) -> None:
    """What is not said by itself into one digest an hour for each whom it tells."""
    rows = {one.key: lanes.rows[lanes.by_key[one.key]] for one in owed if one.in_digest}
    batched = {one.key: one for one in owed if one.in_digest and _is_new(lanes, rows[one.key])}
    for lane, theirs in groupby(sorted(batched.values(), key=lane_of), key=lane_of):
        some = [chased(rows[one.key].id, one) for one in theirs]
        _told_in(lanes, _digest(lanes, digest(person_of(lane) or "", lane, some), moment, hourly=True), some)


def _is_new(lanes: MemoryLanes, row: Delivery) -> bool:
    return row.state == "superseded" and row.id not in lanes.folded and not row.attempts


def _told_in(lanes: MemoryLanes, number: int, some: list[Chased]) -> str:
    key = lanes.rows[number].key
    for one in some:
        lanes.folded[one.id] = number
        lanes.rows[one.id] = replace(lanes.rows[one.id], state="superseded", error=f"told in {key}")
    return key


def _digest(lanes: MemoryLanes, owed: Owed, moment: Moment, *, hourly: bool) -> int:
    before = [row for row in lanes.rows.values() if row.kind == "digest" and row.place == owed.place]
    last = next((row for row in reversed(before) if row.state not in ("superseded", "dead")), None)
    if last and last.state == "pending" and not last.attempts and lanes.understood(last):
        last = replace(last, rank=min(last.rank, owed.rank))
        lanes.rows[last.id] = last if hourly else _sooner(last, moment)
        return last.id
    said = last.created_at if last else None
    if hourly:
        since = goes_out(moment, said)
        return lanes.add(owed, since, not_before=moment.second_of(since))
    return lanes.add(owed, moment.now, not_before=collects_until(moment, said))


def _sooner(last: Delivery, moment: Moment) -> Delivery:
    """What crowds a lane does not wait for the hour."""
    since = min(last.created_at, moment.now + timedelta(seconds=PAUSE))
    return replace(last, not_before=min(last.not_before, moment.machine + PAUSE), created_at=since)


# ── twins ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def due_sweeps(lanes: MemoryLanes, machine: float) -> list[int]:
    due = [(at, number) for number, at in lanes.sweeps.items() if at <= machine]
    return [number for _, number in sorted(due) if lanes.understood(lanes.rows[number])]


def sweepable(lanes: MemoryLanes, delivery_id: int) -> tuple[Claimed, float] | None:
    row = lanes.rows.get(delivery_id)
    if row is None or delivery_id not in lanes.sweeps or not lanes.understood(row):
        return None
    return lanes.about(row), lanes.sweeps[delivery_id]


def swept(lanes: MemoryLanes, delivery_id: int, *, next_at: float | None, receipt: Receipt | None, seen: bool) -> bool:
    del lanes.sweeps[delivery_id]
    if next_at is not None:
        lanes.sweeps[delivery_id] = next_at
    row = lanes.rows[delivery_id]
    if seen and row.kind in STATES and row.state == "shown" and row.receipt is not None:
        row = replace(row, state="pending", attempts=0, not_before=0.0)
    lanes.rows[delivery_id] = replace(row, receipt=receipt or row.receipt, sweeps=row.sweeps + int(seen))
    return True
