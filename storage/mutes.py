"""What is held back in silence, until when, and what it held back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, func, or_, select, update

from bot.core.mutes import Mute
from bot.core.signal import Severity
from bot.core.state import Alert
from storage import rows
from storage.models import HELD_BACK, UNFINISHED, alerts
from storage.owing import insert_into
from storage.rota_models import UNLISTED, mutes

_over_at = func.coalesce(mutes.c.ended_at, mutes.c.until)


def mute(connection: Connection, wanted: Mute, at: datetime) -> None:
    new = insert_into(connection.dialect.name)(mutes).on_conflict_do_nothing(index_elements=["id"])
    connection.execute(new, rows.mute_row(wanted, at))


def unmute(connection: Connection, mute_id: str, *, at: datetime, by: str) -> list[str]:
    """Whoever ended it first has ended it; what it holds back is told to everybody who asks."""
    going_on = and_(mutes.c.id == mute_id, mutes.c.ended_at.is_(None), mutes.c.until > at)
    connection.execute(update(mutes).where(going_on), {"ended_at": at, "ended_by": by})
    held = select(alerts.c.id).where(HELD_BACK, alerts.c.raised_under == mute_id, alerts.c.held_by == mute_id)
    return list(connection.execute(held.where(UNFINISHED).order_by(alerts.c.id)).scalars())


def at(connection: Connection, now: datetime) -> tuple[Mute, ...]:
    """What is muted at this instant."""
    return tuple(rows.mute(row) for row in connection.execute(_AT, {"now": now}))


_now = bindparam("now", type_=mutes.c.until.type)
# Made once: every raise asks.
_AT = (
    select(mutes)
    .where(mutes.c.until > _now, mutes.c.start <= _now, or_(mutes.c.ended_at.is_(None), mutes.c.ended_at > _now))
    .order_by(mutes.c.start, mutes.c.id)
)


def since(connection: Connection, start: datetime) -> list[Mute]:
    """Those that end after `start`, earliest first."""
    return list(_read(connection, and_(mutes.c.until > start, _over_at > start)))


def unlisted(connection: Connection, now: datetime) -> list[Mute]:
    return list(_read(connection, and_(UNLISTED, _over_at <= now)))


def listed(connection: Connection, mute_id: str, now: datetime) -> bool:
    """False: somebody else made its list."""
    mine = and_(mutes.c.id == mute_id, UNLISTED)
    return connection.execute(update(mutes).where(mine), {"listed_at": now}).rowcount == 1


def held_back(connection: Connection, mute_id: str, *, limit: int) -> list[Alert]:
    query = select(*rows.ALERT).where(HELD_BACK, alerts.c.raised_under == mute_id)
    found = connection.execute(query.order_by(_SEVERITY, alerts.c.raised_at, alerts.c.id).limit(limit))
    return [rows.alert(row) for row in found]


_SEVERITY = case({severity.value: severity.rank for severity in Severity}, value=alerts.c.severity)


def _read(connection: Connection, which: ColumnElement[bool]) -> tuple[Mute, ...]:
    query = select(mutes).where(which).order_by(mutes.c.start, mutes.c.id)
    return tuple(rows.mute(row) for row in connection.execute(query))
