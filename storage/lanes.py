"""Lanes: which may be served, by whom, with what next. One delivery of a lane is on its way at a time.

Locks are taken in one order, the lane before its deliveries, so that nobody waits for anybody in a circle.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, case, func, select, update
from sqlalchemy.sql.selectable import ScalarSelect

from bot.core.state import Alert, card
from bot.ports import Claimed, Delivery, Receipt, Settled
from storage import rows
from storage.models import HELD, SENDING, WAITING, alerts, deliveries, events, places
from storage.owing import insert_into

EDIT, POST = 0, 1
DONE = ("shown", "superseded", "dead")
TRIES = 2
"""failed attempts that are nothing to tell an operator of"""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A lane in which something waits, and the machine second from which it may be served."""

    lane: str
    delivery: int
    at: float


# ── claiming ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def claim(connection: Connection, lane: str, machine: float, *, lease: float) -> Claimed | None:
    """The lane's next delivery for this worker alone until `machine + lease`; None where there is nothing to serve."""
    place = _lock(connection, lane)
    if place.lease_until > machine:
        return None
    _lose(connection, machine, lane)
    row = _next(connection, lane, machine, free=place.free_at <= machine)
    if row is None:
        return None
    taken = _taken(row, machine)
    changes = {"state": "sending", "fence": taken.fence, "attempts": taken.attempts, "lease_until": machine + lease}
    _set(connection, row.id, {**changes, "attempted_at": taken.attempted_at})
    holds = {"holder": row.id, "fence": taken.fence, "lease_until": machine + lease}
    connection.execute(update(places).where(places.c.lane == lane), holds)
    return _about(connection, taken, was_unknown=row.state == "unknown")


def _lock(connection: Connection, lane: str) -> Row[Any]:
    """The lane's row, made on demand, for us alone until the end of the transaction."""
    query = select(places).where(places.c.lane == lane).with_for_update()
    if found := connection.execute(query).first():
        return found
    new = insert_into(connection.dialect.name)(places).on_conflict_do_nothing(index_elements=["lane"])
    connection.execute(new, {"lane": lane, "free_at": 0.0, "holder": None, "fence": 0, "lease_until": 0.0})
    return connection.execute(query).one()


def _taken(row: Row[Any], machine: float) -> Delivery:
    """The row as its new holder sees it. A look back has to reach the first attempt whose outcome nobody knows."""
    before = rows.delivery(row)
    since = before.attempted_at if before.state == "unknown" and before.attempted_at is not None else machine
    return replace(before, state="sending", fence=before.fence + 1, attempts=before.attempts + 1, attempted_at=since)


def _about(connection: Connection, delivery: Delivery, *, was_unknown: bool) -> Claimed:
    row = connection.execute(select(*rows.ALERT).where(alerts.c.id == delivery.alert_id)).one()
    alert = rows.alert(row)
    seq = alert.revision if delivery.kind == "card" else delivery.seq
    told = select(events).where(events.c.alert_id == alert.id, events.c.seq == seq)
    return Claimed(
        delivery=delivery,
        alert=alert,
        events=tuple(rows.event(event) for event in connection.execute(told)),
        root=_root(connection, alert),
        was_unknown=was_unknown,
    )


def _root(connection: Connection, alert: Alert) -> Receipt | None:
    query = select(deliveries.c.receipt_channel, deliveries.c.receipt_ts)
    row = connection.execute(query.where(deliveries.c.key == card(alert).key)).first()
    return rows.receipt(row.receipt_channel, row.receipt_ts) if row else None


def _next(connection: Connection, lane: str, machine: float, *, free: bool) -> Row[Any] | None:
    """What is served next: by severity, then age; while posts are paced only edits."""
    kinds = (EDIT, POST) if free else (EDIT,)
    found = [row for kind in kinds if (row := connection.execute(_first(lane, kind, machine)).first())]
    return min(found, key=lambda row: (row.rank, row.id), default=None)


def _first(lane: str, kind: int, machine: float) -> Select[Any]:
    query = select(deliveries).where(WAITING, deliveries.c.place == lane, deliveries.c.post == kind)
    # The sum keeps databases from sorting the whole backlog by way of the index on `not_before`.
    query = query.where(deliveries.c.not_before + 0.0 <= machine)
    # A row that somebody is changing is skipped: their change comes with a hint of its own.
    return query.order_by(deliveries.c.rank, deliveries.c.id).limit(1).with_for_update(skip_locked=True)


# ── settling ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def settle(connection: Connection, claimed: Claimed, settled: Settled, *, machine: float) -> int | None:
    """Store what became of an attempt and free the lane, unless the fence moved on.

    Returns a delivery id of the lane that can be served at `machine`, or None.
    """
    delivery = claimed.delivery
    place = _lock(connection, delivery.place)
    mine = and_(deliveries.c.id == delivery.id, deliveries.c.fence == delivery.fence)
    if connection.execute(update(deliveries).where(mine).values(_outcome(claimed, settled))).rowcount != 1:
        return None
    if delivery.kind == "card" and settled.receipt:
        held = and_(HELD, deliveries.c.alert_id == delivery.alert_id, deliveries.c.place == delivery.place)
        connection.execute(update(deliveries).where(held), {"state": "pending"})
    free_at = max(place.free_at, settled.lane_free_at)
    holds = (place.holder, place.fence) == (delivery.id, delivery.fence)
    lease_until = 0.0 if holds else place.lease_until
    lane = update(places).where(places.c.lane == delivery.place)
    connection.execute(lane, {"free_at": free_at, "lease_until": lease_until})
    if lease_until > machine:
        return None
    following = _next(connection, delivery.place, machine, free=free_at <= machine)
    return following.id if following else None


def _outcome(claimed: Claimed, settled: Settled) -> dict[str, Any]:
    delivery, is_card = claimed.delivery, claimed.delivery.kind == "card"
    shown = claimed.alert.revision if is_card else delivery.seq
    outcome: dict[str, Any] = {
        "state": settled.state,
        "not_before": settled.not_before,
        "lease_until": 0.0,
        "error": settled.error,
    }
    if settled.receipt:
        outcome |= {"receipt_channel": settled.receipt.channel, "receipt_ts": settled.receipt.ts, "post": EDIT}
    if settled.forget:
        outcome |= {"receipt_channel": None, "receipt_ts": None, "post": POST, "shown": 0}
    if settled.state == "shown":
        outcome["shown"] = shown
    if is_card and settled.state in DONE:
        # Somebody changed the alert while its card was on its way: what is wanted now is newer.
        newer = deliveries.c.seq > shown
        outcome["state"] = case((newer, "pending"), else_=settled.state)
        outcome["attempts"] = case((newer, 0), else_=deliveries.c.attempts)
    return outcome


# ── finding what is due ──────────────────────────────────────────────────────────────────────────────────────────────


def lost(connection: Connection, machine: float) -> bool:
    """Whether a lease ran out: somebody stopped in the middle of an attempt."""
    query = select(deliveries.c.id).where(SENDING, deliveries.c.lease_until <= machine).limit(1)
    return connection.execute(query).first() is not None


def lose(connection: Connection, machine: float) -> None:
    """Attempts whose lease ran out: nobody knows what became of them."""
    _lose(connection, machine, None)


def _lose(connection: Connection, machine: float, lane: str | None) -> None:
    query = select(deliveries.c.id).where(SENDING, deliveries.c.lease_until <= machine)
    if lane is not None:
        query = query.where(deliveries.c.place == lane)
    for delivery_id in connection.execute(query.with_for_update(skip_locked=True)).scalars().all():
        _set(connection, delivery_id, {"state": "unknown"})


def waiting(connection: Connection) -> Iterator[Waiting]:
    """Every lane in which something waits. The work grows with the lanes, not with what waits in them."""
    for row in connection.execute(_WAITING_LANES):
        post_at = None if row.post_at is None else max(row.post_at, row.free_at or 0.0)
        soonest = min(at for at in (row.edit_at, post_at) if at is not None)
        yield Waiting(lane=row.lane, delivery=row.delivery, at=max(soonest, row.lease_until or 0.0))


def _lanes_with_something() -> Select[Any]:
    """From one lane to the next by the index, as often as there are lanes: DISTINCT would read all that waits."""
    first = select(func.min(deliveries.c.place).label("lane")).where(WAITING).cte("lanes", recursive=True)
    later = select(func.min(deliveries.c.place)).where(WAITING, deliveries.c.place > first.c.lane)
    lanes = first.union_all(select(_one(later, first)).where(first.c.lane.is_not(None)))
    here = and_(WAITING, deliveries.c.place == lanes.c.lane)
    earliest = select(func.min(deliveries.c.not_before)).where(here)
    some = select(deliveries.c.id).where(here).order_by(deliveries.c.post, deliveries.c.not_before).limit(1)
    return (
        select(
            lanes.c.lane,
            _one(earliest.where(deliveries.c.post == EDIT), lanes).label("edit_at"),
            _one(earliest.where(deliveries.c.post == POST), lanes).label("post_at"),
            _one(some, lanes).label("delivery"),
            places.c.free_at,
            places.c.lease_until,
        )
        .select_from(lanes.outerjoin(places, places.c.lane == lanes.c.lane))
        .where(lanes.c.lane.is_not(None))
    )


def _one(query: Select[Any], outer: Any) -> ScalarSelect[Any]:
    return query.correlate(outer).scalar_subquery()


_WAITING_LANES = _lanes_with_something()


def _set(connection: Connection, delivery_id: int, values: dict[str, Any]) -> None:
    connection.execute(update(deliveries).where(deliveries.c.id == delivery_id), values)
