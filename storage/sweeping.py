"""Looks for twins: when a delivery is looked for again, and which of what was found counts."""

from __future__ import annotations

from sqlalchemy import Connection, and_, select, update

from bot.ports import Claimed, Receipt
from storage import models, rows
from storage.lanes import EDIT, about
from storage.models import STATES, SWEEPING, deliveries


def due(connection: Connection, machine: float, *, limit: int) -> list[int]:
    query = select(deliveries.c.id).where(SWEEPING, deliveries.c.sweep_at <= machine)
    query = query.where(deliveries.c.version <= models.VERSION).order_by(deliveries.c.sweep_at).limit(limit)
    return list(connection.execute(query).scalars())


def sweepable(connection: Connection, delivery_id: int) -> tuple[Claimed, float] | None:
    query = select(deliveries).where(deliveries.c.id == delivery_id, SWEEPING, deliveries.c.version <= models.VERSION)
    row = connection.execute(query).first()
    return (about(connection, rows.delivery(row)), row.sweep_at) if row else None


def swept(  # noqa: PLR0913  each is stored
    connection: Connection, delivery_id: int, *, was: float, next_at: float | None, receipt: Receipt | None, seen: bool
) -> bool:
    """A look is over. False where somebody else was first."""
    mine = and_(deliveries.c.id == delivery_id, deliveries.c.sweep_at == was)
    looked = update(deliveries).where(mine).values(sweep_at=next_at, sweeps=deliveries.c.sweeps + int(seen))
    if connection.execute(looked).rowcount != 1:
        return False
    if seen:
        _edit_again(connection, delivery_id)
    if receipt is not None:
        _adopt(connection, delivery_id, receipt)
    return True


def _edit_again(connection: Connection, delivery_id: int) -> None:
    """Nobody knows which revision of a card is shown where something of it was in doubt: it is edited next."""
    stale = and_(deliveries.c.id == delivery_id, deliveries.c.kind.in_(STATES), deliveries.c.state == "shown")
    again = {"state": "pending", "attempts": 0, "not_before": 0.0}
    connection.execute(update(deliveries).where(stale, deliveries.c.receipt_ts.is_not(None)), again)


def _adopt(connection: Connection, delivery_id: int, receipt: Receipt) -> None:
    """Another message counts from now on."""
    known = {"receipt_channel": receipt.channel, "receipt_ts": receipt.ts, "post": EDIT}
    connection.execute(update(deliveries).where(deliveries.c.id == delivery_id), known)
