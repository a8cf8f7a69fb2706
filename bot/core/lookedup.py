"""What the tables of owners said about one alert, so that routing can stay a pure function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class LookedUp:
    """Answers of lookups, asked before the decision."""

    found: Mapping[tuple[str, str], str | None] = field(default_factory=dict)
    """(table, key) ▶ the owner, None = nobody; what could not be asked is left out"""
    away: frozenset[str] = frozenset()
    """tables that could not say for at least one key"""
