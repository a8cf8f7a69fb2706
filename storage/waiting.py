"""Finding what waits, and what is too far behind or too far ahead. Looked at every second, by every clock.

The work grows with what waits, never with what is stored: every question goes by a partial index.
"""

from __future__ import annotations

import random
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, case, func, or_, select, update
from sqlalchemy.sql.selectable import CTE, ScalarSelect

from bot.core.limits import limits_of
from bot.ports import Waiting
from storage import models
from storage.crowds import COLLECT, CROWD, MANY
from storage.lanes import EDIT, POST
from storage.models import CARDS, CHASING, DIGESTS, FOLDING, SENDING, SWEEPING, WAITING, deliveries, events, places

TRIES = 2
"""failed attempts that are nothing to tell an operator of"""
LEASE, AHEAD, LATER, UNSURE = 30.0, 3600.0, 3600.0, 900.0
"""seconds: the longest lease; the furthest retry or pace; the furthest look for twins; how much further back a look
goes for an attempt that seems to come from the future"""

_AGE = deliveries.c.id + 0
"""the order of ids; the sum keeps SQLite from reading all that is stored by way of it"""


def lost(connection: Connection, machine: float) -> bool:
    """Whether a lease ran out: somebody stopped in the middle of an attempt."""
    query = select(deliveries.c.id).where(SENDING, deliveries.c.lease_until <= machine).limit(1)
    return connection.execute(query).first() is not None


def waiting(connection: Connection) -> list[Waiting]:
    """Every lane in which something waits that this version understands."""
    found = []
    for row in connection.execute(_WAITING_LANES, {"version": models.VERSION}):
        taken, paced = row.lease_until or 0.0, row.free_at or 0.0
        if row.delivery is not None:
            found.append(
                Waiting(
                    lane=row.lane,
                    delivery=row.delivery,
                    rank=row.edit_rank if row.post_rank is None else row.post_rank,
                    post_at=None if row.post_at is None else max(row.post_at, paced, taken),
                    edit_at=None if row.edit_at is None else max(row.edit_at, edits_paced(row.lane, paced), taken),
                )
            )
    return found


def edits_paced(lane: str, free_at: float) -> float:
    """The machine second from which the lane's pace allows an edit: any, where its platform does not count them."""
    return free_at if limits_of(lane).pace.edits else 0.0


def _walk(condition: ColumnElement[bool]) -> CTE:
    """From one lane to the next by the index, as often as there are lanes: DISTINCT would read all that waits."""
    first = select(func.min(deliveries.c.place).label("lane")).where(condition).cte("lanes", recursive=True)
    later = select(func.min(deliveries.c.place)).where(condition, deliveries.c.place > first.c.lane)
    return first.union_all(select(_one(later, first)).where(first.c.lane.is_not(None)))


def _one(query: Select[Any], outer: Any) -> ScalarSelect[Any]:
    return query.correlate(outer).scalar_subquery()


def _lanes_with_something() -> Select[Any]:
    lanes = _walk(WAITING)
    here = and_(WAITING, deliveries.c.place == lanes.c.lane, deliveries.c.version <= bindparam("version"))
    some = select(deliveries.c.id).where(here).order_by(deliveries.c.post, deliveries.c.not_before).limit(1)

    def least(column: Any, kind: int) -> ScalarSelect[Any]:
        return _one(select(func.min(column)).where(here, deliveries.c.post == kind), lanes)

    return (
        select(
            lanes.c.lane,
            least(deliveries.c.not_before, EDIT).label("edit_at"),
            least(deliveries.c.not_before, POST).label("post_at"),
            least(deliveries.c.rank, EDIT).label("edit_rank"),
            least(deliveries.c.rank, POST).label("post_rank"),
            _one(some, lanes).label("delivery"),
            places.c.free_at,
            places.c.lease_until,
        )
        .select_from(lanes.outerjoin(places, places.c.lane == lanes.c.lane))
        .where(lanes.c.lane.is_not(None))
    )


_WAITING_LANES = _lanes_with_something()


def stuck(connection: Connection, *, limit: int) -> list[tuple[str, str]]:
    """Places with something that waits after failed attempts, and the error."""
    failed = select(deliveries.c.place, deliveries.c.error).where(WAITING, deliveries.c.attempts > TRIES)
    return [(row.place, row.error) for row in connection.execute(failed.order_by(_AGE).limit(limit))]


def oldest(connection: Connection, machine: float, now: datetime) -> dict[str, float]:
    """lane ▶ for how many seconds its oldest unserved delivery could have been served.

    What was never shown waits since it is owed, a newer revision since the change it tells of; what was put off until
    a machine second, since then.
    """
    ages: dict[str, float] = {}
    for row in connection.execute(_OLDEST, {"machine": machine, "version": models.VERSION}):
        owed = (now - row.owed_at).total_seconds() if row.owed_at else 0.0
        put_off = machine - row.put_off if row.put_off is not None else 0.0
        ages[row.place] = max(owed, put_off, 0.0)
    return ages


def _since() -> Select[Any]:
    owed_at = case((deliveries.c.shown == 0, deliveries.c.created_at), else_=events.c.at)
    told = and_(events.c.alert_id == deliveries.c.alert_id, events.c.seq == deliveries.c.seq)
    never_tried = deliveries.c.not_before == 0
    return (
        select(
            deliveries.c.place,
            func.min(case((never_tried, owed_at))).label("owed_at"),
            func.min(case((~never_tried, deliveries.c.not_before))).label("put_off"),
        )
        .select_from(deliveries.outerjoin(events, told))
        .where(WAITING, deliveries.c.not_before + 0.0 <= bindparam("machine"))
        .where(deliveries.c.version <= bindparam("version"))
        .group_by(deliveries.c.place)
    )


_OLDEST = _since()


def unknown_for(connection: Connection, machine: float) -> float:
    """Seconds since the oldest attempt whose outcome nobody knows."""
    unsure = and_(WAITING, deliveries.c.state == "unknown")
    first = connection.execute(select(func.min(deliveries.c.attempted_at)).where(unsure)).scalar_one_or_none()
    return 0.0 if first is None else max(machine - first, 0.0)


# ── too far behind ───────────────────────────────────────────────────────────────────────────────────────────────────


def behind(connection: Connection, *, limit: int) -> list[str]:
    """Lanes that may have to be folded. In no order: what cannot be folded must not keep others from their turn."""
    found = set(connection.execute(_OPEN_FOLDS).scalars())
    found.update(connection.execute(_CROWDED).scalars())
    found.update(connection.execute(_CHASED).scalars())
    lanes = sorted(found)
    return random.sample(lanes, min(limit, len(lanes)))


def _with_more_than(number: int, lanes: CTE, condition: ColumnElement[bool]) -> Select[Any]:
    one_more = select(deliveries.c.id).where(condition, deliveries.c.place == lanes.c.lane)
    return select(lanes.c.lane).where(
        lanes.c.lane.is_not(None), _one(one_more.limit(1).offset(number), lanes).is_not(None)
    )


_OPEN_FOLDS = select(places.c.lane).where(FOLDING)
_CROWDED = _with_more_than(CROWD, _walk(WAITING), CARDS)
_CHASED = _with_more_than(MANY, _walk(CHASING), CHASING)


# ── too far ahead ────────────────────────────────────────────────────────────────────────────────────────────────────


def realign_lanes(connection: Connection, machine: float, ahead: float) -> int:
    """No lane is taken or paced for longer than it can have been; no shared card is kept from being refreshed."""
    far = or_(places.c.lease_until > machine + LEASE, places.c.free_at > machine + ahead, places.c.fold_at > machine)
    # In the order of their names, as everybody who locks more than one.
    lanes = (
        connection.execute(select(places.c.lane).where(far).order_by(places.c.lane).with_for_update()).scalars().all()
    )
    for lane in lanes:
        nearer = {
            "lease_until": _at_most(places.c.lease_until, machine + LEASE),
            "free_at": _at_most(places.c.free_at, machine + ahead),
            "fold_at": _at_most(places.c.fold_at, machine),
        }
        connection.execute(update(places).where(places.c.lane == lane).values(nearer))
    return len(lanes)


def realign_deliveries(connection: Connection, machine: float, ahead: float) -> int:
    """No lease, retry or look for twins lies further ahead than it can have been set, and no attempt in the future."""
    c = deliveries.c
    sending, waiting = and_(SENDING, c.lease_until > machine + LEASE), and_(WAITING, c.not_before > machine + ahead)
    looked_for = and_(SWEEPING, c.sweep_at > machine + LATER)
    tried = or_(and_(WAITING, c.attempted_at > machine), and_(SENDING, c.attempted_at > machine))
    nearer = {
        "lease_until": _at_most(c.lease_until, machine + LEASE),
        "not_before": _at_most(c.not_before, machine + ahead),
        "sweep_at": _at_most(c.sweep_at, machine + LATER),
        # Nobody knows when that was: whoever looks for it looks further back.
        "attempted_at": case((c.attempted_at > machine, machine - UNSURE), else_=c.attempted_at),
    }
    far: set[int] = set()
    for condition in (sending, waiting, looked_for, tried):
        far.update(connection.execute(select(c.id).where(condition)).scalars())
    changed = 0
    # Each once: PostgreSQL looks at the alert of a row that one transaction changes twice, and may wait for it.
    for delivery_id in connection.execute(
        select(c.id).where(c.id.in_(far)).order_by(_AGE).with_for_update(skip_locked=True)
    ).scalars():
        connection.execute(update(deliveries).where(c.id == delivery_id).values(nearer))
        changed += 1
    return changed


def hasten(connection: Connection, machine: float, now: datetime) -> int:
    """A digest that waits for a business instant goes out soon after it has come, whoever moved that clock on."""
    c = deliveries.c
    late = and_(WAITING, DIGESTS, c.attempts == 0, c.created_at <= now, c.not_before > machine + COLLECT)
    waits = select(c.id).where(late).order_by(_AGE).with_for_update(skip_locked=True)
    found = connection.execute(waits).scalars().all()
    for delivery_id in found:
        connection.execute(update(deliveries).where(c.id == delivery_id).values(not_before=machine + COLLECT))
    return len(found)


def _at_most(column: Any, most: float) -> Any:
    return case((column > most, most), else_=column)
