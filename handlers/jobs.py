"""What workers do when they are hinted at. A job's only argument is an id; run twice, late or never it does no harm."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from bot.aftermath import Aftermath
from bot.core.policy import policy_of
from bot.core.state import Alert
from bot.delivery import Courier
from bot.keeper import Keeper
from bot.loop import Loop
from bot.people import People
from bot.ports import Conflict, Store
from bot.reporting import Reporter
from bot.twins import Sweeper
from handlers.meters import DELIVERIES, SHOWN_AFTER, TWINS, WAKE_LATENESS

FOLDS = 5
"""calls that one hint is good for"""


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a worker (or a clock without Redis) does with an id."""

    store: Store
    loop: Loop
    courier: Courier
    sweeper: Sweeper
    aftermath: Aftermath
    people: People
    keeper: Keeper
    reporter: Reporter

    def do(self, job: str, row: str | int) -> None:
        """A hint, by the name it has in the queue. KeyError: there is no such job."""
        jobs: dict[str, Callable[[], object]] = {
            "deliver": lambda: self.deliver(int(row)),
            "wake": lambda: self.wake(str(row)),
            "sweep": lambda: self.sweep(int(row)),
            "fold": lambda: self.fold(str(row)),
            "keep": self.keep,
            "report": lambda: self.report(str(row)),
        }
        jobs[job]()

    def deliver(self, delivery_id: int) -> None:
        """Serve the lane that this delivery waits in."""
        try:
            outcome = self.courier.deliver(delivery_id)
        except Conflict:
            return  # somebody acted at this very moment; the lease runs out and it is looked at again
        if outcome is None:
            return
        delivery, state = outcome.delivery, outcome.settled.state
        DELIVERIES.labels(kind=delivery.kind, state=state).inc()
        if state == "shown" and not delivery.receipt:
            waited = self.courier.clock.now() - delivery.created_at
            SHOWN_AFTER.labels(kind=delivery.kind).observe(max(waited.total_seconds(), 0.0))

    def wake(self, alert_id: str) -> None:
        """Do what is due for this alert. The directories are asked first, so that the decision need not wait."""
        alert = self.store.alert(alert_id)
        if alert is None or alert.finished:
            return
        self._ask_after(alert)
        try:
            woken = self.loop.wake(alert_id)
        except Conflict:
            return  # somebody acted at this very moment; what is due is found again in a second
        if woken:
            WAKE_LATENESS.observe(max((woken.at - woken.due_at).total_seconds(), 0.0))

    def _ask_after(self, alert: Alert) -> None:
        """Whoever the decision may name: the owner's line, whom the policy names, and who stands in for them."""
        known = self.people.with_managers(alert.owner)
        known |= self.people.known(policy_of(alert, self.store).people)
        self.people.known({one.delegate for person in known.values() for one in person.away if one.delegate})

    def sweep(self, delivery_id: int) -> None:
        """Look for twins of what was sent more than once."""
        with suppress(Conflict):  # somebody acted at this very moment; it is looked for again
            TWINS.inc(self.sweeper.sweep(delivery_id))

    def fold(self, lane: str) -> None:
        """Fold a lane that is far behind: a hundred reminders at a time, so that nobody waits long for the database."""
        with suppress(Conflict):  # somebody acted at this very moment; the lane is folded in two seconds
            for _ in range(FOLDS):
                if not self.aftermath.fold(lane):
                    return

    def keep(self) -> None:
        """What has to be kept up beside the alerts; one process at a time."""
        with self.store.alone("keep") as alone:
            if alone:
                self.keeper.keep()

    def report(self, errand: str) -> None:
        """A report that somebody asked for."""
        self.reporter.send(errand)


_work: Callable[[], Work] | None = None


def use(work: Callable[[], Work]) -> None:
    """Set by the wiring of a worker process before its first job."""
    global _work
    _work = work


def deliver(delivery_id: int) -> None:
    """The job by its name in the queue."""
    _wired().deliver(int(delivery_id))


def wake(alert_id: str) -> None:
    """The job by its name in the queue."""
    _wired().wake(str(alert_id))


def sweep(delivery_id: int) -> None:
    """The job by its name in the queue."""
    _wired().sweep(int(delivery_id))


def fold(lane: str) -> None:
    """The job by its name in the queue."""
    _wired().fold(str(lane))


def keep(turn: str) -> None:
    """The job by its name in the queue."""
    _wired().keep()


def report(errand: str) -> None:
    """The job by its name in the queue."""
    _wired().report(str(errand))


def _wired() -> Work:
    if _work is None:
        raise RuntimeError("handlers.jobs.use() was not called in this process")
    return _work()
