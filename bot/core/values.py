"""The values of an alert's fields as JSON-able data, and back: what the trail keeps of a change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from operator import attrgetter
from typing import Any

from bot.core.signal import Severity, Signal, unpack


class Status(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    CLOSED = "closed"
    DISMISSED = "dismissed"


AS_IS = frozenset({str, int, type(None)})
"""types that are JSON already"""
_OTHER_INSTANTS = ("snoozed_until", "resolve_by", "answer_by", "step_since")
_CODECS: dict[str, Callable[[Any], Any]] = {
    "signal": unpack,
    "severity": Severity,
    "status": Status,
    "declined": tuple,
    "asking": tuple,
    "responders": tuple,
    "also": tuple,
}


_utc = lru_cache(maxsize=256)(datetime.isoformat)
"""What one decision packs has few different instants."""


def _as_text(at: datetime) -> str:
    # Equal instants of two zones are one to a cache, and two texts.
    return _utc(at) if at.tzinfo is UTC else at.isoformat()


PACKERS: dict[type, Callable[[Any], Any]] = {
    datetime: _as_text,
    Signal: attrgetter("packed"),
    Severity: str.__str__,
    Status: str.__str__,
    tuple: list,
}
"""type ▶ how its values are packed"""


def packed(value: Any) -> Any:
    """One field's value as data; `unpacked` is its inverse."""
    kind = type(value)
    return value if kind in AS_IS else PACKERS[kind](value)


def unpacked(name: str, value: Any) -> Any:
    """The value of the field `name`."""
    if value is None:
        return None
    if name.endswith("_at") or name in _OTHER_INSTANTS:
        return datetime.fromisoformat(value)
    codec = _CODECS.get(name)
    return codec(value) if codec else value
