"""What tables are made of: columns in one line each, and indexes over the rows that matter now.

A `default` is the database's own: an older version of this code writes beside us and does not know the column.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ColumnElement, Double, Index, Integer, MetaData, Text, text

from storage.columns import Instant, Packed

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def chars(name: str, *, default: str | None = None, **more: Any) -> Column[str]:
    given = None if default is None else text(f"'{default}'")
    return Column(name, Text, nullable=False, server_default=given, **more)


def whole(name: str, *, default: str | None = None, **more: Any) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default=text(default) if default else None, **more)


def instant(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Instant, nullable=nullable)


def seconds(name: str, *, nullable: bool = False) -> Column[float]:
    return Column(name, Double, nullable=nullable)


def listed(name: str) -> Column[Any]:
    """A packed list, empty where nothing is said."""
    return Column(name, Packed, nullable=False, server_default=text("'[]'"))


def some(name: str, condition: ColumnElement[bool], *columns: Column[Any], unique: bool = False) -> Index:
    """An index over the rows that matter now: its size follows the work, not what is stored."""
    return Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
