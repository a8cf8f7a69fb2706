"""The clock: looks at what is due in the database and hints at it; runs it itself when the queue is away.

Any number of clocks may run. A second hint for the same row does no harm: whoever comes second finds it done.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from bot.ports import Away, Clock, Queue, Store
from handlers.jobs import Work

log = structlog.get_logger()

TICK = 1.0
"""seconds between two looks at the longest"""
BATCH = 500
PATIENCE = 60.0
"""seconds after which a row that is still due is hinted at again"""
INLINE = 20
"""rows the clock does itself in one look while the queue is away"""


@dataclass(kw_only=True)
class Ticker:
    """One clock. Its memory of what it has hinted at is only politeness: losing it costs a few idle jobs."""

    store: Store
    queue: Queue
    clock: Clock
    work: Work
    hinted: dict[tuple[str, datetime], float] = field(default_factory=dict)
    """(alert, the instant it was due at) ▶ when a hint was given; the same alert is due again after it was woken"""

    def run(self, stop: threading.Event) -> None:
        """Tick until `stop`; a database that is away is waited for."""
        while not stop.is_set():
            try:
                self.look()
                pause = self._pause()
            except Away as error:
                log.warning("the database is away", action="clock_waits", reason=str(error))
                pause = TICK
            stop.wait(pause)

    def look(self) -> int:
        """Hint at everything that is due now; returns how many hints were given."""
        machine = self.clock.machine()
        self._forget(machine)
        lanes = [str(row) for _, row in self.store.due_lanes(machine, limit=BATCH)]
        due = self.store.due_alerts(self.clock.now(), limit=BATCH)
        # A lane is hinted at whenever it is free again, an alert once a minute: it stays due until it is woken.
        fresh = [one for one in due if one not in self.hinted]
        if self._give("wake", [alert_id for alert_id, _ in fresh]):
            self.hinted.update((one, machine) for one in fresh)
        self._give("deliver", lanes)
        return len(fresh) + len(lanes)

    def _give(self, job: str, wanted: Sequence[str]) -> bool:
        """Whether the queue took the hints; where it is away, the clock does some of the work itself."""
        if not wanted or self.queue.hint(job, wanted):
            return True
        log.warning(
            "the queue is away, the clock does the work itself", action="clock_works", job=job, rows=len(wanted)
        )
        for row in wanted[:INLINE]:
            self.work.wake(row) if job == "wake" else self.work.deliver(int(row))
        return False

    def _forget(self, machine: float) -> None:
        self.hinted = {one: at for one, at in self.hinted.items() if machine - at < PATIENCE}

    def _pause(self) -> float:
        """Seconds until the next thing is due, at most one tick."""
        machine, pause = self.clock.machine(), TICK
        lane = self.store.next_lane_at(machine)
        if lane is not None:
            pause = min(pause, lane - machine)
        due = self.store.next_due(self.clock.now())
        if due is not None:
            pause = min(pause, self.clock.seconds_until(due))
        return max(pause, 0.02)
