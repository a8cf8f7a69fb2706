"""Many rows in one statement, past SQLAlchemy's handling of every single value, which costs more than the database.

Rows come with values as the driver takes them: instants through `instants_for`, JSON through `columns.dumps`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeGuard

import orjson
from sqlalchemy import JSON, Connection, Insert, Text, bindparam, cast, column, func, select
from sqlalchemy.sql.expression import ClauseElement

from storage.columns import as_text

Instants = Callable[[datetime | None], Any]
Row = Mapping[str, Any]

_texts: dict[tuple[ClauseElement, str, tuple[str, ...]], str] = {}


def execute(connection: Connection, statement: ClauseElement, rows: Sequence[Row]) -> int:
    """Run `statement` once for each row; all rows have the same keys. Returns how many rows of the table it met.

    The statement is kept for ever: give one that a module holds, not one made for the occasion.
    """
    if not rows:
        return 0
    keys = tuple(rows[0])
    if len(rows) > 1 and connection.dialect.name == "postgresql" and _has(statement, keys):
        given = {"rows": orjson.dumps(rows).decode()}
        return connection.exec_driver_sql(_at_once(connection, statement, keys), given).rowcount
    each = dict(rows[0]) if len(rows) == 1 else [*rows]
    return connection.exec_driver_sql(_text(connection, statement, keys), each).rowcount


def _has(statement: ClauseElement, keys: tuple[str, ...]) -> TypeGuard[Insert]:
    """Whether it inserts, and every key of its rows is a column."""
    return isinstance(statement, Insert) and set(keys) <= set(statement.table.c.keys())


def _at_once(connection: Connection, statement: Insert, keys: tuple[str, ...]) -> str:
    """The same INSERT for a JSON array of rows.

    psycopg runs a statement once for each row, which costs PostgreSQL and us several times as much.
    """
    known = (statement, "at once", keys)
    if known not in _texts:
        array = func.json_to_recordset(cast(bindparam("rows", type_=Text), JSON))
        columns = (column(key, statement.table.c[key].type) for key in keys)
        given = array.table_valued(*columns).render_derived("given", with_types=True)
        whole = statement.from_select(list(keys), select(*given.c))
        _texts[known] = str(whole.compile(dialect=connection.dialect))
    return _texts[known]


def instants_for(connection: Connection) -> Instants:
    """How this database's driver takes an instant (see `columns.Instant`)."""
    return as_text if connection.dialect.name == "sqlite" else _as_it_is


def _as_it_is(value: datetime | None) -> datetime | None:
    return value


def _text(connection: Connection, statement: ClauseElement, keys: tuple[str, ...]) -> str:
    known = (statement, connection.dialect.name, keys)
    if known not in _texts:
        _texts[known] = str(statement.compile(dialect=connection.dialect, column_keys=list(keys)))
    return _texts[known]
