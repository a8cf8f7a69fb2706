"""What every decision shares: one transaction, decided anew where somebody was first, hints after the commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from bot import crash
from bot.core.given import Given
from bot.core.policy import policy_of
from bot.core.routing import Plan
from bot.core.state import Alert
from bot.ports import Clock, Conflict, Queue, Store, Tx

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Transactions:
    """Alert, events and what is owed are stored together or not at all; workers hear of it afterwards."""

    store: Store
    queue: Queue
    clock: Clock
    plan: Plan

    def _committed(self, work: Callable[[Tx], T]) -> T:
        """`work` in one transaction, decided anew where somebody was first; then the hints. Raises Away, Conflict."""
        for _ in range(4):
            with suppress(Conflict):
                return self._commit(work)
        return self._commit(work)

    def _commit(self, work: Callable[[Tx], T]) -> T:
        with self.store.transaction() as tx:
            answer = work(tx)
            crash.point("loop.decided")
        crash.point("loop.committed")
        self._owe(tx.hints)
        return answer

    def _given(self, tx: Tx, alert: Alert, now: datetime) -> Given:
        return Given(now=now, policy=policy_of(alert, tx), roster=tx, plan=self.plan)

    def _owe(self, deliveries: Sequence[int]) -> None:
        """Tell the workers, after the commit. Only a hint: the clock finds what is not heard."""
        if deliveries:
            self.queue.hint("deliver", deliveries)
