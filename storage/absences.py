"""When people are away, and how they want to be told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, or_, select, update

from bot.ports.rota import Declared, Wishes
from storage import rows
from storage.owing import insert_into
from storage.reading import storable
from storage.rota_models import absences, wishes


def declare(connection: Connection, absence: Declared) -> None:
    connection.execute(insert(absences), rows.declared_row(absence))


def known(connection: Connection, person: str | None, since: datetime) -> list[Declared]:
    """Those that end after `since` and were not ended before, earliest first."""
    if not storable(person):
        return []
    query = select(absences).where(absences.c.until > since, _not_over(absences.c.ended_at, since))
    query = query if person is None else query.where(absences.c.person == person)
    found = connection.execute(query.order_by(absences.c.start, absences.c.id))
    return [rows.declared(row) for row in found]


def _not_over(ended_at: ColumnElement[Any], since: datetime) -> ColumnElement[bool]:
    return or_(ended_at.is_(None), ended_at > since)


def end(connection: Connection, absence_id: str, *, at: datetime, by: str) -> bool:
    """False where it is over already."""
    going_on = absences.c.id == absence_id, absences.c.ended_at.is_(None), absences.c.until > at
    return connection.execute(update(absences).where(*going_on), {"ended_at": at, "ended_by": by}).rowcount == 1


def wish(connection: Connection, person: str, wanted: Wishes, at: datetime) -> None:
    """What is None stays as it was."""
    upsert = insert_into(connection.dialect.name)(wishes)
    new = upsert.excluded
    kept = {name: func.coalesce(new[name], wishes.c[name]) for name in ("prefers", "quiet")}
    upsert = upsert.on_conflict_do_update(index_elements=["person"], set_={**kept, "wished_at": new.wished_at})
    row = {"person": person, "prefers": wanted.prefers, "quiet": wanted.quiet, "wished_at": at}
    connection.execute(upsert, row)


def wishes_of(connection: Connection, person: str) -> Wishes:
    query = select(wishes.c.prefers, wishes.c.quiet).where(wishes.c.person == person)
    row = connection.execute(query).first() if storable(person) else None
    return Wishes(prefers=row.prefers, quiet=row.quiet) if row else Wishes()
