"""Who owns what by the tables outside, asked before a decision, so that no decision waits for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import structlog

from bot.core.lookedup import LookedUp
from bot.ports import Unknown
from bot.ports.directories import Lookup

log = structlog.get_logger()

TOLD_EVERY = 60.0
"""seconds between two log lines that one table is away"""


@dataclass(frozen=True, kw_only=True)
class Lookups:
    """The tables by the names that routing has for them."""

    tables: Mapping[str, Lookup]
    now: Callable[[], float] = time.monotonic
    _told: dict[str, float] = field(default_factory=dict, repr=False, compare=False)
    """table ▶ when it was last said to be away"""

    def facts(self, wanted: Iterable[tuple[str, str]]) -> LookedUp:
        """The answer to each (table, key), asked once. Never raises: alerts are routed without a table that is away."""
        found: dict[tuple[str, str], str | None] = {}
        away: set[str] = set()
        for table, key in dict.fromkeys(wanted):
            try:
                found[table, key] = self._find(table, key)
            except Unknown as error:
                away.add(table)
                self._tell(table, error.code)
        return LookedUp(found=found, away=frozenset(away))

    def _find(self, table: str, key: str) -> str | None:
        if table not in self.tables:
            raise Unknown("not_configured")
        return self.tables[table].find(key)

    def _tell(self, table: str, reason: str) -> None:
        now = self.now()
        if table in self._told and 0 <= now - self._told[table] < TOLD_EVERY:
            return
        self._told[table] = now
        log.warning(
            "a table of owners is away: alerts are routed without it", action="away", table=table, reason=reason
        )


NO_TABLES = Lookups(tables={})
"""where nothing has to be looked up"""
