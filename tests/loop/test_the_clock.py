"""The clock: it finds what is due in the database, hints at it once, and does the work itself when it has to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from cast import minutes

from bot.ports import Queue
from handlers.clock import Ticker
from handlers.jobs import Work


class Away:
    """A queue whose server does not answer."""

    def hint(self, job: str, ids: object, /) -> bool:
        return False

    def ping(self) -> bool:
        return False


class Taking:
    """A queue that remembers what it was told."""

    def __init__(self) -> None:
        self.hints: list[tuple[str, str | int]] = []

    def hint(self, job: str, ids: object, /) -> bool:
        self.hints += [(job, item) for item in ids]  # type: ignore[attr-defined]
        return True

    def ping(self) -> bool:
        return True

    def wakes(self) -> int:
        return sum(1 for job, _ in self.hints if job == "wake")


def ticker(world: Any, queue: Queue) -> Ticker:
    work = Work(store=world.store, loop=world.loop, courier=world.courier, people=world.people)
    return Ticker(store=world.store, queue=queue, clock=world.clock, work=work)


def test_what_is_due_is_hinted_at_once_and_not_again_at_every_look(world: Any) -> None:
    queue = Taking()
    clock = ticker(world, queue)
    world.raised()
    world.clock.forward(minutes(10))
    clock.look()
    clock.look()
    assert queue.wakes() == 1


def test_an_alert_that_was_woken_and_is_due_again_within_a_minute_is_hinted_at_again(world: Any) -> None:
    queue = Taking()
    clock = ticker(world, queue)
    alert = world.raised()
    world.clock.forward(minutes(10))
    clock.look()
    world.loop.wake(alert.id)
    world.clock.at += timedelta(minutes=10)
    clock.look()
    assert queue.wakes() == 2


def test_a_hint_that_was_lost_is_given_again_after_a_minute(world: Any) -> None:
    queue = Taking()
    clock = ticker(world, queue)
    world.raised()
    world.clock.forward(minutes(10))
    clock.look()
    world.clock.forward(minutes(1.1))
    clock.look()
    assert queue.wakes() == 2


def test_without_a_queue_the_clock_does_the_work_itself(world: Any) -> None:
    clock = ticker(world, Away())
    alert = world.raised()
    clock.look()
    assert world.card(alert).says
    world.clock.forward(minutes(10))
    clock.look()
    assert world.kinds(alert) == ["raised", "nudged"]
