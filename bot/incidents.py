"""What only an operator can mend: opened when it is met, ended when what it kept from working works again."""

from __future__ import annotations

from dataclasses import dataclass, field

import structlog

from bot.ports import Clock, Store

log = structlog.get_logger()

FRESH = 10.0
"""seconds for which it is remembered which are open: everything that works asks"""


@dataclass(kw_only=True)
class Incidents:
    store: Store
    clock: Clock
    _open: frozenset[tuple[str, str]] = field(default=frozenset())
    _until: float = 0.0

    def open(self, kind: str, subject: str, detail: str) -> None:
        log.warning("an operator has to mend this", action="incident", kind=kind, subject=subject, detail=detail)
        self.store.incident(kind, subject, detail=detail, at=self.clock.machine())
        self._open |= {(kind, subject)}

    def over(self, kind: str, subject: str) -> None:
        """It works (again). Costs nothing where no incident is open."""
        now = self.clock.machine()
        if not now < self._until < now + 2 * FRESH:
            self._open = frozenset((one.kind, one.subject) for one in self.store.incidents())
            self._until = now + FRESH
        if (kind, subject) in self._open:
            self.store.mended(kind, subject, at=now)
            self._open -= {(kind, subject)}
