"""Finding what waits, in memory: the rules of `storage.waiting` on plain dicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.ports import Delivery, Waiting
from storage.crowds import COLLECT
from storage.lanes import DONE
from storage.memory_lanes import WAITING, Lane, MemoryLanes
from storage.waiting import LATER, LEASE, TRIES, UNSURE, edits_paced


def waiting(lanes: MemoryLanes) -> list[Waiting]:
    here: dict[str, list[Delivery]] = {}
    for row in lanes.servable():
        here.setdefault(row.place, []).append(row)
    return [_lane(lanes.lanes.get(lane, Lane()), lane, rows) for lane, rows in sorted(here.items())]


def _lane(place: Lane, lane: str, rows: Sequence[Delivery]) -> Waiting:
    posts = [row for row in rows if row.receipt is None]
    edits = [row for row in rows if row.receipt]
    return Waiting(
        lane=lane,
        delivery=min(rows, key=lambda row: (row.receipt is None, row.not_before)).id,
        rank=min(row.rank for row in posts or edits),
        post_at=max(_soonest(posts), place.free_at, place.lease_until) if posts else None,
        edit_at=max(_soonest(edits), edits_paced(lane, place.free_at), place.lease_until) if edits else None,
    )


def _soonest(rows: Sequence[Delivery]) -> float:
    return min(row.not_before for row in rows)


def stuck(lanes: MemoryLanes) -> list[tuple[str, str]]:
    return [(row.place, row.error) for row in lanes.rows.values() if row.state in WAITING and row.attempts > TRIES]


def unsettled(lanes: MemoryLanes) -> list[str]:
    """The state of every delivery that is not settled."""
    return [row.state for row in lanes.rows.values() if row.state not in DONE]


def oldest(lanes: MemoryLanes, machine: float, now: datetime) -> dict[str, float]:
    ages: dict[str, float] = {}
    for row in lanes.servable():
        if row.not_before <= machine:
            age = machine - row.not_before if row.not_before else (now - lanes.owed_at(row)).total_seconds()
            ages[row.place] = max(ages.get(row.place, 0.0), age)
    return ages


def realign(lanes: MemoryLanes, machine: float, ahead: float) -> int:
    before = lanes.copy()
    for lane in lanes.lanes.values():
        lane.lease_until = min(lane.lease_until, machine + LEASE)
        lane.free_at = min(lane.free_at, machine + ahead)
        lane.fold_at = min(lane.fold_at, machine)
    lanes.leases = {number: min(until, machine + LEASE) for number, until in lanes.leases.items()}
    lanes.sweeps = {number: min(at, machine + LATER) for number, at in lanes.sweeps.items()}
    lanes.rows = {number: _nearer(row, machine, ahead) for number, row in lanes.rows.items()}
    return sum(
        old != new
        for olds, news in (
            (before.lanes.values(), lanes.lanes.values()),
            (before.leases.values(), lanes.leases.values()),
            (before.sweeps.values(), lanes.sweeps.values()),
            (before.rows.values(), lanes.rows.values()),
        )
        for old, new in zip(olds, news, strict=True)
    )


def hasten(lanes: MemoryLanes, machine: float, now: datetime) -> int:
    digests = (row for row in lanes.rows.values() if row.kind == "digest" and row.state in WAITING)
    late = [one for one in digests if not one.attempts and one.created_at <= now and one.not_before > machine + COLLECT]
    lanes.rows |= {row.id: replace(row, not_before=machine + COLLECT) for row in late}
    return len(late)


def _nearer(row: Delivery, machine: float, ahead: float) -> Delivery:
    if row.state in WAITING:
        row = replace(row, not_before=min(row.not_before, machine + ahead))
    if row.state in DONE or row.attempted_at is None or row.attempted_at <= machine:
        return row
    return replace(row, attempted_at=machine - UNSURE)
