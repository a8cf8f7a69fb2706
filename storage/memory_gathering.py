"""What one message says of many alerts, in memory: the rules of `storage.gathering` on plain dicts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bot.core.state import Alert
from bot.ports import Delivery, Gathered
from storage.gathering import NAMED

if TYPE_CHECKING:
    from storage.memory_lanes import MemoryLanes


def gathered(lanes: MemoryLanes, row: Delivery) -> Gathered:
    alerts = _crowd(lanes, row.place) if row.kind == "fold" else _asked(lanes, row.id)
    counted = Counter(alert.severity.value for alert in alerts)
    return Gathered(count=len(alerts), severities=dict(counted), first=tuple(alerts[:NAMED]))


def _crowd(lanes: MemoryLanes, lane: str) -> list[Alert]:
    return [lanes.alerts[row.alert_id] for row in sorted(cards(lanes, lane), key=lambda row: (row.rank, row.id))]


def _asked(lanes: MemoryLanes, digest_id: int) -> list[Alert]:
    rows = [lanes.rows[number] for number, told in lanes.folded.items() if told == digest_id]
    asked = {row.alert_id: lanes.alerts[row.alert_id] for row in rows if _still(lanes, row)}
    return sorted(asked.values(), key=lambda alert: (alert.severity.rank, alert.raised_at, alert.id))


def _still(lanes: MemoryLanes, row: Delivery) -> bool:
    alert = lanes.alerts[row.alert_id]
    return not alert.finished and alert.generation == row.generation


def cards(lanes: MemoryLanes, lane: str) -> list[Delivery]:
    """Cards that were never shown and wait."""
    mine = [row for row in lanes.rows.values() if row.place == lane and row.kind == "card"]
    return [row for row in mine if row.state in ("pending", "unknown") and row.receipt is None]
