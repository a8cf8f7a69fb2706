"""What tables of owners outside said, looked up before a decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class LookedUp:
    """(table, key) ▶ the owner it names, or None; `away`: tables that could not be asked."""

    found: Mapping[tuple[str, str], str | None] = field(default_factory=dict)
    away: frozenset[str] = frozenset()


NOTHING = LookedUp()
