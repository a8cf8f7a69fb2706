"""What only an operator can mend: open once at a time for each kind and subject, told once each way."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, and_, case, or_, select, update

from bot.ports import Incident
from storage.models import ONGOING, incidents
from storage.owing import insert_into


def incident(connection: Connection, kind: str, subject: str, *, detail: str, at: float) -> None:
    new = {"kind": kind, "subject": subject, "detail": detail, "since": at, "last_at": at, "count": 1}
    connection.execute(_again(connection.dialect.name), new)


def mended(connection: Connection, kind: str, subject: str, *, at: float) -> None:
    open_ = and_(ONGOING, incidents.c.kind == kind, incidents.c.subject == subject)
    connection.execute(update(incidents).where(open_), {"ended_at": at})


def known(connection: Connection, *, untold: bool) -> list[Incident]:
    news = and_(incidents.c.told_ended_at.is_(None), or_(incidents.c.told_open_at.is_(None), ~ONGOING))
    query = select(*_FIELDS).where(news if untold else ONGOING).order_by(incidents.c.since, incidents.c.id)
    return [Incident(**row._mapping) for row in connection.execute(query)]


def told(connection: Connection, incident_id: int, *, at: float) -> None:
    """What ended after `at` is news again: whoever told of it did not know that yet."""
    ended = incidents.c.ended_at <= at
    connection.execute(
        update(incidents)
        .where(incidents.c.id == incident_id)
        .values(told_open_at=at, told_ended_at=case((ended, at), else_=incidents.c.told_ended_at))
    )


_FIELDS = tuple(
    incidents.c[name] for name in ("id", "kind", "subject", "detail", "since", "last_at", "count", "ended_at")
)


@lru_cache
def _again(dialect: str) -> Any:
    new = insert_into(dialect)(incidents)
    return new.on_conflict_do_update(
        index_elements=["kind", "subject"],
        index_where=ONGOING,
        set_={"count": incidents.c.count + 1, "last_at": new.excluded.last_at, "detail": new.excluded.detail},
    )
