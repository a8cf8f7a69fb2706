"""Whether an alert is what a rule speaks of: any field of it against a value, a pattern or a number."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from fnmatch import translate
from functools import lru_cache

from bot.core.signal import Signal


def matches(when: Mapping[str, tuple[str, ...]], signal: Signal) -> bool:
    """Whether every field named in `when` has one of its accepted values."""
    return all(accepts(accepted, value_of(signal, name)) for name, accepted in when.items())


def accepts(accepted: tuple[str, ...], value: str | None) -> bool:
    """Whether a field has one of the accepted values; a field that the alert does not have has none."""
    return value is not None and any(test(one)(value) for one in accepted)


_COMPARED = re.compile(r"(>=|<=|!=|>|<)\s*(.+)")


@lru_cache(maxsize=4096)
def test(accepted: str) -> Callable[[str], bool]:
    """What an accepted value asks of a field. Raises ValueError for a comparison without a number."""
    if compared := _COMPARED.fullmatch(accepted):
        sign, other = compared[1], compared[2].strip()
        if sign == "!=":
            return lambda value: value != other
        limit = _number(other)
        if limit is None:
            raise ValueError(f"{accepted} compares with no number")
        return lambda value: _compared(sign, _number(value), limit)
    if "*" in accepted:
        pattern = re.compile(translate(accepted.replace("[", "[[]").replace("?", "[?]")))
        return lambda value: pattern.match(value) is not None
    return lambda value: value == accepted


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _compared(sign: str, value: Decimal | None, limit: Decimal) -> bool:
    if value is None:
        return False
    return {">=": value >= limit, "<=": value <= limit, ">": value > limit, "<": value < limit}[sign]


FIELDS = (
    "source",
    "severity",
    "title",
    "summary",
    "dedup_key",
    "confidence",
    "model.name",
    "model.version",
    "entity.type",
    "entity.id",
    "entity.url",
    "discrepancy.expected",
    "discrepancy.observed",
    "discrepancy.unit",
    "value.amount",
    "value.currency",
)
"""what a rule can look at, beside `labels.<name>`"""


def value_of(signal: Signal, name: str) -> str | None:
    """A field of the alert as text; None where it has none."""
    head, _, rest = name.partition(".")
    if head == "labels":
        return signal.labels.get(rest)
    holder: object
    if head == "entity":
        holder = signal.discrepancy.entity if signal.discrepancy else None
    else:
        holder = getattr(signal, head, None) if rest else signal
    value = getattr(holder, rest or head, None) if holder is not None else None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if value is not None else None
