"""Whole trails for reports, and who owns anything at all. The work grows with the answer, not with what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, literal, select, tuple_

from bot.core.events import Event
from bot.core.state import Alert
from bot.ports.rota import Recorded
from storage import rows
from storage.models import UNFINISHED, alerts, events

Place = tuple[datetime, str]


def batch(connection: Connection, after: Place, until: datetime, *, size: int) -> list[Recorded]:
    """The next alerts raised before `until`, in order, each with the events that made it what it is."""
    here = tuple_(literal(after[0], alerts.c.raised_at.type), literal(after[1], alerts.c.id.type))
    query = select(*rows.ALERT).where(tuple_(alerts.c.raised_at, alerts.c.id) > here, alerts.c.raised_at < until)
    found = [rows.alert(row) for row in connection.execute(query.order_by(alerts.c.raised_at, alerts.c.id).limit(size))]
    told = _events_of(connection, found)
    return [Recorded(alert=alert, events=tuple(told[alert.id])) for alert in found]


def _events_of(connection: Connection, found: Sequence[Alert]) -> dict[str, list[Event]]:
    """What was written since the alerts were read is left out: each trail ends where its alert stands."""
    told: dict[str, list[Event]] = {alert.id: [] for alert in found}
    revisions = {alert.id: alert.revision for alert in found}
    if found:
        for event in map(rows.event, connection.execute(_TRAILS, {"ids": list(told)})):
            if event.seq <= revisions[event.alert_id]:
                told[event.alert_id].append(event)
    return told


_TRAILS = (
    select(events)
    .where(events.c.alert_id.in_(bindparam("ids", expanding=True)))
    .order_by(events.c.alert_id, events.c.seq)
)


def owners(connection: Connection) -> list[str]:
    """From one owner to the next by the index, as often as there are owners: DISTINCT would read all their alerts."""
    return list(connection.execute(OWNERS).scalars())


_first = select(func.min(alerts.c.owner).label("owner")).where(UNFINISHED).cte("owners", recursive=True)
_later = select(func.min(alerts.c.owner)).where(UNFINISHED, alerts.c.owner > _first.c.owner)
_walk = _first.union_all(select(_later.correlate(_first).scalar_subquery()).where(_first.c.owner.is_not(None)))
OWNERS = select(_walk.c.owner).where(_walk.c.owner.is_not(None)).order_by(_walk.c.owner)
