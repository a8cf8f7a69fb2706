"""What a source raised, in our own shape, whatever format it came in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any

Scalar = str | int | float | bool | None


class Severity(StrEnum):
    """How bad it is, worst first."""

    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for critical up to 3 for info: what is served first."""
        return _RANK[self]


_RANK = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True, kw_only=True)
class Entity:
    """What a discrepancy is about."""

    type: str
    id: str
    url: str | None = None


@dataclass(frozen=True, kw_only=True)
class Discrepancy:
    """What was expected, what was observed, on which entity."""

    entity: Entity | None = None
    expected: Scalar = None
    observed: Scalar = None
    unit: str | None = None


@dataclass(frozen=True, kw_only=True)
class Evidence:
    label: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Model:
    name: str
    version: str | None = None


@dataclass(frozen=True, kw_only=True)
class Value:
    """What is at stake: a decimal amount as text, and an ISO 4217 currency."""

    amount: str
    currency: str


@dataclass(frozen=True, kw_only=True)
class Signal:
    """One raise. All text in it is the source's and hostile until shown harmless."""

    source: str
    title: str
    severity: Severity
    summary: str | None = None
    dedup_key: str | None = None
    discrepancy: Discrepancy | None = None
    confidence: float | None = None
    model: Model | None = None
    evidence: tuple[Evidence, ...] = ()
    value: Value | None = None
    owner: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    occurred_at: datetime | None = None
    checks: tuple[Any, ...] = ()
    actions: tuple[Any, ...] = ()
    callback_url: str | None = None

    @cached_property
    def packed(self) -> dict[str, Any]:
        """As JSON-able data without empty fields; `unpack` is its inverse."""
        # By hand: `dataclasses.asdict` copies every leaf and takes a third of the time of a whole raise.
        data: dict[str, Any] = {}
        for name in _FIELDS:
            value = getattr(self, name)
            if type(value) in _SCALARS:
                data[name] = value
            elif value:
                pack = _PACKS.get(name)
                data[name] = pack(value) if pack else value
        if self.occurred_at:
            data["occurred_at"] = self.occurred_at.isoformat()
        data["severity"] = self.severity.value
        return data


def _discrepancy(found: Discrepancy) -> dict[str, Any]:
    return {**vars(found), "entity": dict(vars(found.entity)) if found.entity else None}


_FIELDS = tuple(field.name for field in fields(Signal))
_SCALARS = frozenset({str, int, float, bool})
_PACKS: dict[str, Callable[[Any], Any]] = {
    "discrepancy": _discrepancy,
    "model": lambda model: dict(vars(model)),
    "value": lambda value: dict(vars(value)),
    "evidence": lambda items: tuple(dict(vars(item)) for item in items),
}


def unpack(data: dict[str, Any]) -> Signal:
    """The signal that `Signal.packed` was made of."""
    found = dict(data)
    found["severity"] = Severity(found["severity"])
    if "occurred_at" in found:
        found["occurred_at"] = datetime.fromisoformat(found["occurred_at"])
    if discrepancy := found.get("discrepancy"):
        entity = discrepancy.get("entity")
        found["discrepancy"] = Discrepancy(**{**discrepancy, "entity": Entity(**entity) if entity else None})
    if "model" in found:
        found["model"] = Model(**found["model"])
    if "value" in found:
        found["value"] = Value(**found["value"])
    found["evidence"] = tuple(Evidence(**item) for item in found.get("evidence", ()))
    for name in ("checks", "actions"):
        found[name] = tuple(found.get(name, ()))
    return Signal(**found)
