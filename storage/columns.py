"""Columns that come back exactly as they went in, on SQLite and on PostgreSQL alike."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import BigInteger, DateTime, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

Number = BigInteger().with_variant(Integer(), "sqlite")
"""A row's number: only INTEGER counts by itself in SQLite."""

Exact = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that is compared by its characters, never by a language's rules: prefixes are ranges, cursors agree."""


_any = json.JSONEncoder(separators=(",", ":")).encode


def dumps(value: Any) -> str:
    """JSON as it is stored: compact. What the fast encoder refuses (a lone surrogate, a huge number) is escaped."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return _any(value)


@lru_cache(maxsize=1024)
def as_text(value: datetime | None) -> str | None:
    """An instant as SQLite keeps it. Remembered: what one transaction stores has few different instants."""
    return None if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")


class Instant(TypeDecorator[datetime]):
    """An aware UTC instant: `timestamptz`, and in SQLite text of one fixed width, which sorts as time does."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        return as_text(value) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return datetime.fromisoformat(value) if dialect.name == "sqlite" else value.astimezone(UTC)


class Packed(TypeDecorator[Any]):
    """JSON kept as text: JSONB would reorder keys and turn 1e22 into an integer."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else dumps(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)
