"""Two workers, and anything may happen between a claim, the call and the settling of it: what holds at the end.

Time is virtual, the store is in memory; Hypothesis chooses who moves, what the chat does, and who dies.
"""

from __future__ import annotations

import itertools
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from cast import ANA, signal
from faults.late_chat import FATES, HORIZON, LateChat
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from loop.conftest import World

from bot.core.signal import Severity
from bot.core.state import fold
from bot.ports import Claimed, Conflict, Delivery, Settled
from bot.verdict import LEASE

SETTLED = {"shown", "superseded", "dead"}
PAUSE = 100.0
"""machine seconds for which a worker may have been paused at the longest before it goes on with what it claimed"""
WORKERS = st.sampled_from([0, 1])
FATE = st.sampled_from(FATES)
LATE_BY = st.floats(1.0, HORIZON - PAUSE)
SPAN = st.sampled_from([0.3, 1.1, 5.0, 31.0, 41.0, 61.0, 120.0, 601.0])


@dataclass
class Worker:
    """One worker between two steps: free, with a claim, or with what became of it."""

    claimed: Claimed | None = None
    claimed_at: float = 0.0
    settled: Settled | None = None

    def dies(self) -> None:
        self.claimed = self.settled = None


class Interleavings(RuleBasedStateMachine):
    @initialize()
    def begins(self) -> None:
        self.world = World(chat=LateChat())
        self.chat.clock = self.world.clock
        self.workers = (Worker(), Worker())
        self.numbers = itertools.count(1)
        self.alerts: list[str] = []
        self.fenced = False
        """somebody went on after their lease: only then may two posts be closer than the place allows"""

    @property
    def chat(self) -> LateChat:
        assert isinstance(self.world.chat, LateChat)
        return self.world.chat

    @property
    def machine(self) -> float:
        return self.world.clock.machine()

    # ── sources, people, the clock ───────────────────────────────────────────────────────────────────────────────

    @rule(severity=st.sampled_from([Severity.CRITICAL, Severity.INFO]))
    def a_source_raises(self, severity: Severity) -> None:
        if len(self.alerts) < 4:
            raised = self.world.receive(signal(dedup_key=f"key-{next(self.numbers)}", severity=severity))
            self.alerts.append(raised[0].alert_id)

    @precondition(lambda self: self.alerts)
    @rule(data=st.data())
    def it_is_raised_again(self, data: Any) -> None:
        alert = self.world.alert(data.draw(st.sampled_from(self.alerts)))
        self.world.receive(signal(dedup_key=alert.dedup_key))

    @precondition(lambda self: self.alerts)
    @rule(data=st.data())
    def ana_acts(self, data: Any) -> None:
        alert = self.world.alert(data.draw(st.sampled_from(self.alerts)))
        act = self.world.act(alert, ANA)
        if data.draw(st.booleans()):
            self.world.loop.acknowledge(act)
        else:
            self.world.loop.resolve(act, what="Refunded.")

    @rule(minutes=st.sampled_from([5, 11, 40]))
    def business_time_passes(self, minutes: int) -> None:
        self.world.sleep(minutes)
        self.chat.land()

    @rule(seconds=SPAN)
    def machine_time_passes(self, seconds: float) -> None:
        self.world.clock.ahead += seconds
        self.chat.land()

    # ── the workers ──────────────────────────────────────────────────────────────────────────────────────────────

    @rule(which=WORKERS, lane=st.integers(0, 3), fate=FATE, late_by=LATE_BY)
    def a_worker_goes_on(self, which: int, lane: int, fate: str, late_by: float) -> None:
        self._next_step(self.workers[which], lane, fate, late_by)

    @rule(which=WORKERS, lane=st.integers(0, 3), fate=FATE, late_by=LATE_BY)
    def a_worker_does_it_all(self, which: int, lane: int, fate: str, late_by: float) -> None:
        for _ in range(3):
            self._next_step(self.workers[which], lane, fate, late_by)

    def _next_step(self, worker: Worker, lane: int, fate: str, late_by: float) -> None:
        if worker.claimed is None:
            self._claim(worker, lane)
        elif worker.settled is None:
            self._speak(worker, fate, late_by)
        else:
            self._settle(worker)

    def _claim(self, worker: Worker, lane: int) -> None:
        lanes = self.world.store.waiting(self.machine)
        free = [one for one in lanes if any(at is not None and at <= self.machine for at in (one.post_at, one.edit_at))]
        if free:
            one = free[lane % len(free)]
            worker.claimed, worker.claimed_at = self.world.courier.take(one.delivery), self.machine

    def _speak(self, worker: Worker, fate: str, late_by: float) -> None:
        assert worker.claimed is not None
        paused = self.machine - worker.claimed_at
        if paused > PAUSE:
            worker.dies()  # longer than anybody is given to come back
            return
        self.fenced |= paused > LEASE
        self.chat.fate, self.chat.late_by = fate, late_by
        worker.settled = self.world.courier.attempt(worker.claimed)
        self.chat.fate = "ok"

    def _settle(self, worker: Worker) -> None:
        assert worker.claimed is not None and worker.settled is not None
        with suppress(Conflict):  # as a worker does: the lease runs out, and it is looked at again
            self.world.courier.settle(worker.claimed, worker.settled)
        worker.dies()

    @rule(which=WORKERS)
    def a_worker_dies(self, which: int) -> None:
        self.workers[which].dies()

    @rule(fate=FATE)
    def somebody_looks_for_twins(self, fate: str) -> None:
        for row in self.world.store.due_sweeps(self.machine, limit=3):
            self.chat.fate = fate if fate in ("ok", "lost", "never", "limited", "away") else "ok"
            self.world.sweeper.sweep(row)
        self.chat.fate = "ok"

    # ── the end ──────────────────────────────────────────────────────────────────────────────────────────────────

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        for worker in self.workers:
            worker.dies()
        self._come_to_rest()
        for row in self._rows():
            self._holds(row)
        for alert_id in self.alerts:
            assert fold(self.world.store.events(alert_id)) == self.world.store.alert(alert_id)
        if not self.fenced:
            self._keeps_its_pace()

    def _come_to_rest(self) -> None:
        """Nothing fails any more; everything that still flies lands."""
        for _ in range(400):
            self.chat.land()
            for one in self.world.store.waiting(self.machine):
                claimed = self.world.courier.take(one.delivery)
                if claimed is not None:
                    self.world.courier.settle(claimed, self.world.courier.attempt(claimed))
            for row in self.world.store.due_sweeps(self.machine, limit=50):
                self.world.sweeper.sweep(row)
            if self._rests():
                return
            self.world.clock.ahead += 7.0
        unsettled = [(row.key, row.state, row.not_before - self.machine, row.error) for row in self._rows()]
        raise AssertionError(f"it never comes to rest: {unsettled}")

    def _rests(self) -> bool:
        waits = self.chat.flying or any(row.state not in SETTLED for row in self._rows())
        return not waits and not self.world.store.due_sweeps(self.machine + 10_000, limit=1)

    def _rows(self) -> list[Delivery]:
        found = (self.world.store.due(number) for number in range(1, 500))
        return list(itertools.takewhile(lambda row: row is not None, found))  # type: ignore[arg-type]

    def _holds(self, row: Delivery) -> None:
        seen = self.chat.visible(row.key)
        assert row.state in SETTLED, row
        assert len(seen) <= 1, (row, [shown.receipt for shown in seen])
        if row.state == "shown":
            assert [shown.receipt for shown in seen] == [row.receipt], row
        if row.state == "shown" and row.kind == "card":
            assert row.shown >= row.seq and seen[0].mark.revision >= row.seq, row
        if row.state == "dead" and row.alert_id:
            said = [e.data.get("key") for e in self.world.store.events(row.alert_id) if e.kind == "rerouted"]
            assert row.key in said, row

    def _keeps_its_pace(self) -> None:
        """One message a second in one place, also when answers are lost and workers die."""
        last: dict[str, float] = {}
        for place, at in self.chat.posts:
            assert at - last.get(place, 0.0) >= 1.0, (place, at, last[place])
            last[place] = at


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(
    max_examples=150,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
