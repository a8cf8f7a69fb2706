"""What one message says of many alerts: a lane's shared card, and the digest of all that one person is asked."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, func, select

from bot.core.signal import Severity
from bot.ports import Delivery, Gathered
from storage import rows
from storage.models import CARDS, FOLDED, UNFINISHED, alerts, deliveries

NAMED = 10
"""alerts that are named one by one"""
_BY_RANK = {severity.rank: severity.value for severity in Severity}


def gathered(connection: Connection, delivery: Delivery) -> Gathered:
    """As it is now: cards that still wait in the lane, or alerts that the person is still asked about."""
    if delivery.kind == "fold":
        return _read(connection, _CARDS_COUNTED, _CARDS_FIRST, {"lane": delivery.place})
    return _read(connection, _ASKED_COUNTED, _ASKED_FIRST, {"digest": delivery.id})


def _read(connection: Connection, counted: Any, first: Any, which: dict[str, Any]) -> Gathered:
    severities = {_BY_RANK.get(rank, str(rank)): count for rank, count in connection.execute(counted, which)}
    return Gathered(
        count=sum(severities.values()),
        severities=severities,
        first=tuple(rows.alert(row) for row in connection.execute(first, which)),
    )


# A card's rank is the severity of its alert as it is now: counting needs no alert.
_HERE = and_(CARDS, deliveries.c.place == bindparam("lane"))
_CARDS_COUNTED = select(deliveries.c.rank, func.count()).where(_HERE).group_by(deliveries.c.rank)
_CARDS_FIRST = (
    select(*rows.ALERT)
    .select_from(deliveries.join(alerts, alerts.c.id == deliveries.c.alert_id))
    .where(_HERE)
    .order_by(deliveries.c.rank, deliveries.c.id)
    .limit(NAMED)
)

# An alert that has moved on since it was gathered is nothing to ask about any more.
_asked = (
    select(deliveries.c.alert_id, deliveries.c.generation)
    .where(FOLDED, deliveries.c.folded_into == bindparam("digest"))
    .distinct()
    .subquery()
)
_still = and_(_asked.c.alert_id == alerts.c.id, _asked.c.generation == alerts.c.generation)
_severity = case({severity.value: severity.rank for severity in Severity}, value=alerts.c.severity)
_ASKED_COUNTED = (
    select(_severity, func.count()).select_from(_asked.join(alerts, _still)).where(UNFINISHED).group_by(_severity)
)
_ASKED_FIRST = (
    select(*rows.ALERT)
    .select_from(_asked.join(alerts, _still))
    .where(UNFINISHED)
    .order_by(_severity, alerts.c.raised_at, alerts.c.id)
    .limit(NAMED)
)
