"""Questions about alerts that change nothing."""

from __future__ import annotations

import base64
import binascii
import json
import time
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    func,
    literal,
    or_,
    select,
    tuple_,
    type_coerce,
    union_all,
)

from bot.core.events import Event
from bot.core.state import FINISHED as FINISHED_STATUSES
from bot.core.state import Alert
from bot.ports import AlertFilter, Page
from storage import rows
from storage.columns import dumps
from storage.models import HELD, SENDING, UNFINISHED, WAITING, alerts, deliveries, events


def alert(connection: Connection, alert_id: str) -> Alert | None:
    if not storable(alert_id):
        return None
    row = connection.execute(select(*rows.ALERT).where(alerts.c.id == alert_id)).first()
    return rows.alert(row) if row else None


def storable(*texts: str | None) -> bool:
    """Whether any row could hold these. PostgreSQL does not even answer a question about NUL."""
    return not any(text and "\0" in text for text in texts)


def by_short(connection: Connection, short: str) -> list[Alert]:
    """Alerts whose id ends with `short` (four characters or more), newest first, at most ten."""
    if len(short) < 4 or not short.isalnum() or not short.isascii():
        return []
    start = rows.tail(short)
    query = select(*rows.ALERT).where(alerts.c.tail >= start, alerts.c.tail < start + "\x7f")
    query = query.where(alerts.c.id.endswith(short, autoescape=True))
    query = query.order_by(alerts.c.raised_at.desc(), alerts.c.id.desc()).limit(10)
    return [found for found in map(rows.alert, connection.execute(query)) if found.id.endswith(short)]


def page(connection: Connection, which: AlertFilter) -> Page:
    """One page of alerts; `due` lists unfinished ones only. Raises ValueError for a cursor that is not ours."""
    if not storable(which.source, which.owner, which.place, *which.status):
        return Page(items=(), next=None)
    due = which.order == "due"
    order = alerts.c.due_at if due else alerts.c.raised_at
    query = select(*rows.ALERT).where(*_conditions(which))
    query = query.where(UNFINISHED) if due else query
    if which.cursor:
        after, here = tuple_(order, alerts.c.id), tuple_(*_position(which.cursor))
        query = query.where(after > here if due else after < here)
    query = query.order_by(order, alerts.c.id) if due else query.order_by(order.desc(), alerts.c.id.desc())
    found = [rows.alert(row) for row in connection.execute(query.limit(which.limit + 1))]
    items = found[: which.limit]
    more = len(found) > which.limit
    return Page(items=tuple(items), next=cursor(items[-1], due=due) if more else None)


_also = type_coerce(alerts.c.also, Text)
"""as it is stored: a list of JSON"""


def _conditions(which: AlertFilter) -> list[ColumnElement[bool]]:
    wanted = {"source": which.source, "owner": which.owner}
    conditions: list[ColumnElement[bool]] = [alerts.c[name] == value for name, value in wanted.items() if value]
    if place := which.place:
        conditions.append(or_(alerts.c.place == place, _also.contains(dumps(place), autoescape=True)))
    if which.status:
        conditions.append(alerts.c.status.in_(which.status))
        if not set(which.status) & FINISHED_STATUSES:
            conditions.append(UNFINISHED)  # says the same again, so that the small indexes apply
    return conditions


def cursor(last: Alert, *, due: bool) -> str:
    """Where the next page begins: after this alert."""
    at = last.due_at if due else last.raised_at
    return base64.urlsafe_b64encode(json.dumps([at.isoformat() if at else "", last.id]).encode()).decode()


def position(cursor: str) -> tuple[datetime, str]:
    """What a cursor says. Raises ValueError for one that is not ours."""
    try:
        at, alert_id = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        found = datetime.fromisoformat(at)
        found.astimezone(UTC)  # the edges of time have no UTC
    except (binascii.Error, ValueError, TypeError, OverflowError) as error:
        raise ValueError("not a cursor") from error
    if found.tzinfo is None or not isinstance(alert_id, str) or "\0" in alert_id:
        raise ValueError("not a cursor")
    return found, alert_id


def _position(cursor: str) -> tuple[Any, Any]:
    at, alert_id = position(cursor)
    return literal(at, alerts.c.raised_at.type), literal(alert_id, alerts.c.id.type)


def events_of(connection: Connection, alert_id: str, *, after: int, limit: int) -> tuple[Event, ...]:
    if not storable(alert_id):
        return ()
    query = select(events).where(events.c.alert_id == alert_id, events.c.seq > after)
    return tuple(rows.event(row) for row in connection.execute(query.order_by(events.c.seq).limit(limit)))


def due(connection: Connection, now: datetime, *, limit: int) -> list[tuple[str, datetime]]:
    query = select(alerts.c.id, alerts.c.due_at).where(UNFINISHED, alerts.c.due_at <= now)
    found = connection.execute(query.order_by(alerts.c.due_at, alerts.c.id).limit(limit))
    return [(row.id, row.due_at) for row in found]


def next_due(connection: Connection, after: datetime) -> datetime | None:
    query = select(alerts.c.due_at).where(UNFINISHED, alerts.c.due_at > after).order_by(alerts.c.due_at).limit(1)
    return connection.execute(query).scalar_one_or_none()


def counts(connection: Connection) -> dict[str, int]:
    """Unfinished alerts by status; deliveries that are not settled by `delivery.<state>`."""
    by_status = select(alerts.c.status, func.count()).where(UNFINISHED).group_by(alerts.c.status)
    found = {status: count for status, count in connection.execute(by_status)}
    for state, count in connection.execute(_UNSETTLED):
        name = "delivery.pending" if state == "held" else f"delivery.{state}"
        found[name] = found.get(name, 0) + count
    return found


def seconds(connection: Connection) -> float:
    """Unix seconds by PostgreSQL's clock; with SQLite everybody is on this machine."""
    if connection.dialect.name == "sqlite":
        return time.time()
    return float(connection.execute(_SECONDS).scalar_one())


_SECONDS = select(func.extract("epoch", func.clock_timestamp()))


def _unsettled() -> Any:
    # One question for each partial index: all states in one condition would read every delivery there ever was.
    counted: list[Select[Any]] = [
        select(deliveries.c.state, func.count()).where(some).group_by(deliveries.c.state)
        for some in (WAITING, SENDING, HELD)
    ]
    return union_all(*counted)


_UNSETTLED = _unsettled()
