"""Who is on call: what calendars say and who takes over; and who is in a group."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256

from sqlalchemy import ColumnElement, Connection, and_, func, insert, select, update

from bot.core.oncall import Shift
from storage import rows
from storage.owing import insert_into
from storage.reading import storable
from storage.rota_models import STANDING, groups, shifts

Groups = dict[str, tuple[tuple[str, ...], datetime]]


def override(connection: Connection, schedule: str, shift: Shift, at: datetime) -> None:
    connection.execute(insert(shifts), {**rows.shift_row(schedule, shift, at), "override": True})


def keep_calendar(connection: Connection, schedule: str, wanted: Sequence[Shift], at: datetime) -> None:
    """What is still said stays as it is, so that a calendar read every hour leaves one row for each of its shifts."""
    _one_at_a_time(connection, schedule)
    said = {(shift.start, shift.until, shift.person): shift for shift in wanted}
    here = and_(STANDING, shifts.c.schedule == schedule, shifts.c.until > at, ~shifts.c.override)
    standing = {row.id: (row.start, row.until, row.person) for row in connection.execute(select(shifts).where(here))}
    gone = [number for number, what in standing.items() if what not in said]
    if gone:
        connection.execute(update(shifts).where(shifts.c.id.in_(gone)), {"gone_at": at})
    new = [shift for what, shift in said.items() if what not in standing.values()]
    if new:
        plain = [{**rows.shift_row(schedule, shift, at), "override": False} for shift in new]
        connection.execute(insert(shifts), plain)


def _one_at_a_time(connection: Connection, schedule: str) -> None:
    """Two machines that read one calendar at once must not both add what is new in it."""
    if connection.dialect.name == "postgresql":
        number = int.from_bytes(sha256(f"calendar of {schedule}".encode()).digest()[:8], signed=True)
        connection.execute(select(func.pg_advisory_xact_lock(number)))


def covering(connection: Connection, schedule: str, at: datetime) -> list[Shift]:
    """Those that somebody has at this instant."""
    return _read(connection, schedule, and_(shifts.c.start <= at, shifts.c.until > at))


def between(connection: Connection, schedule: str, start: datetime, until: datetime) -> list[Shift]:
    """Those that touch this span."""
    return _read(connection, schedule, and_(shifts.c.start < until, shifts.c.until > start))


def _read(connection: Connection, schedule: str, when: ColumnElement[bool]) -> list[Shift]:
    """Overrides in the order in which they were made, the last of them wins; then the calendar's in their order."""
    if not storable(schedule):
        return []
    query = select(shifts).where(STANDING, shifts.c.schedule == schedule, when)
    found = connection.execute(query.order_by(shifts.c.start, shifts.c.id)).all()
    made = sorted((row for row in found if row.override), key=lambda row: row.id)
    return [rows.shift(row) for row in (*made, *(row for row in found if not row.override))]


def keep_group(connection: Connection, handle: str, members: Sequence[str], at: datetime) -> None:
    upsert = insert_into(connection.dialect.name)(groups)
    given = {name: upsert.excluded[name] for name in ("members", "asked_at")}
    row = {"handle": handle, "members": list(members), "asked_at": at}
    connection.execute(upsert.on_conflict_do_update(index_elements=["handle"], set_=given), row)


def groups_of(connection: Connection, handles: Iterable[str]) -> Groups:
    wanted = [handle for handle in set(handles) if storable(handle)]
    found = connection.execute(select(groups).where(groups.c.handle.in_(wanted))) if wanted else ()
    return {row.handle: (tuple(row.members), row.asked_at) for row in found}
