"""The values of an alert's fields as JSON-able data, and back: what the trail keeps of a change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from operator import attrgetter
from typing import Any

from bot.core.signal import Severity, Signal, unpack

AS_IS = frozenset({str, int, type(None)})
"""types that are JSON already"""
_OTHER_INSTANTS = ("snoozed_until", "resolve_by", "answer_by", "step_since")
_CODECS: dict[str, Callable[[Any], Any]] = {
    "signal": unpack,
    "severity": Severity,
    "declined": tuple,
    "asking": tuple,
    "responders": tuple,
}


def packed(value: Any) -> Any:
    """One field's value as data; `unpacked` is its inverse."""
    if (kind := type(value)) in AS_IS:
        return value
    if pack := _PACKERS.get(kind):
        return pack(value)
    return value.value if isinstance(value, StrEnum) else value


# What one decision packs has few different instants.
_PACKERS: dict[type, Callable[[Any], Any]] = {
    datetime: lru_cache(maxsize=256)(datetime.isoformat),
    Signal: attrgetter("packed"),
    Severity: str.__str__,
    tuple: list,
}


def unpacked(name: str, value: Any) -> Any:
    """The value of the field `name`; its status stays the word that it is."""
    if value is None:
        return None
    if name.endswith("_at") or name in _OTHER_INSTANTS:
        return datetime.fromisoformat(value)
    codec = _CODECS.get(name)
    return codec(value) if codec else value
