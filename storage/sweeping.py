"""Looks for twins: when a delivery is looked for again, and which of what was found counts."""

from __future__ import annotations

from sqlalchemy import Connection, and_, case, select, update

from bot.ports import Claimed, Receipt
from storage import models, rows
from storage.lanes import EDIT, STATES, about
from storage.models import SWEEPING, deliveries


def due(connection: Connection, machine: float, *, limit: int) -> list[int]:
    query = select(deliveries.c.id).where(SWEEPING, deliveries.c.sweep_at <= machine)
    query = query.where(deliveries.c.version <= models.VERSION).order_by(deliveries.c.sweep_at).limit(limit)
    return list(connection.execute(query).scalars())


def sweepable(connection: Connection, delivery_id: int) -> tuple[Claimed, float] | None:
    query = select(deliveries).where(deliveries.c.id == delivery_id, SWEEPING, deliveries.c.version <= models.VERSION)
    row = connection.execute(query).first()
    return (about(connection, rows.delivery(row)), row.sweep_at) if row else None


def swept(
    connection: Connection, delivery_id: int, *, was: float, next_at: float | None, receipt: Receipt | None
) -> bool:
    """A look is over. False where somebody else was first."""
    mine = and_(deliveries.c.id == delivery_id, deliveries.c.sweep_at == was)
    looked = update(deliveries).where(mine).values(sweep_at=next_at, sweeps=deliveries.c.sweeps + 1)
    if connection.execute(looked).rowcount != 1:
        return False
    if receipt is not None:
        _adopt(connection, delivery_id, receipt)
    return True


def _adopt(connection: Connection, delivery_id: int, receipt: Receipt) -> None:
    """Another message counts from now on. Nobody knows which revision of a card it shows: it is edited next."""
    other = deliveries.c.receipt_ts.is_distinct_from(receipt.ts)
    stale = and_(deliveries.c.kind.in_(STATES), deliveries.c.state == "shown")
    known = {"receipt_channel": receipt.channel, "receipt_ts": receipt.ts, "post": EDIT}
    again = {
        "state": case((stale, "pending"), else_=deliveries.c.state),
        "attempts": case((stale, 0), else_=deliveries.c.attempts),
        "not_before": case((stale, 0.0), else_=deliveries.c.not_before),
    }
    connection.execute(update(deliveries).where(deliveries.c.id == delivery_id, other).values({**known, **again}))
