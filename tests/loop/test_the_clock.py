"""The clock: it finds what is due in the database, hints at it once, and does the work itself when it has to."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from cast import minutes, signal

from bot.core.signal import Severity
from bot.core.throttle import Room
from bot.ports import Away as DatabaseAway
from bot.ports import Queue, Settled
from handlers.clock import SOON, Ticker


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

    def about_alerts(self) -> list[tuple[str, str | int]]:
        """What was hinted at, beside what is kept up once a minute."""
        return [(job, item) for job, item in self.hints if job != "keep"]

    def delivers(self) -> int:
        return sum(1 for job, _ in self.hints if job == "deliver")

    def wakes(self) -> int:
        return sum(1 for job, _ in self.hints if job == "wake")


def ticker(world: Any, queue: Queue) -> Ticker:
    return Ticker(store=world.store, queue=queue, throttle=world.throttle, clock=world.clock, work=world.work)


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


def test_what_is_kept_up_beside_the_alerts_is_hinted_at_once_a_minute(world: Any) -> None:
    queue = Taking()
    clock = ticker(world, queue)
    for _ in range(3):
        clock.look()
    assert [job for job, _ in queue.hints] == ["keep"]
    world.clock.forward(minutes(1))
    clock.look()
    assert [job for job, _ in queue.hints] == ["keep", "keep"]
    assert len({turn for _, turn in queue.hints}) == 2, "a hint for another minute is another one"


def test_a_hint_that_was_lost_is_given_again_after_a_moment(world: Any) -> None:
    queue = Taking()
    clock = ticker(world, queue)
    world.raised()
    world.clock.forward(minutes(10))
    clock.look()
    world.clock.forward(minutes(0.1))
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


def test_a_lane_is_hinted_at_once_until_it_was_served_or_a_second_has_passed(world: Any) -> None:
    queue = Taking()
    clock = ticker(world, queue)
    world.raised()
    clock.look()
    clock.look()
    assert queue.delivers() == 1
    world.clock.ahead += 1.1
    clock.look()
    assert queue.delivers() == 2, "the first hint may be lost"


def two_lanes_and_room_for_one_post(world: Any) -> tuple[Ticker, Taking]:
    queue = Taking()
    world.receive(signal(dedup_key="a"), signal(dedup_key="b", source="other", severity=Severity.CRITICAL))
    world.throttle.room = lambda workspace, machine: Room(posts=1)
    return ticker(world, queue), queue


def test_the_gravest_lane_comes_first_where_there_is_room_for_one_post(world: Any) -> None:
    clock, queue = two_lanes_and_room_for_one_post(world)
    clock.look()
    (hint,) = queue.about_alerts()
    grave = next(row for row in world.store._lanes.rows.values() if row.rank == 0)
    assert hint == ("deliver", grave.id)


def test_a_lane_whose_hint_came_to_nothing_keeps_the_room_from_nobody(world: Any) -> None:
    """Where a workspace takes one message at a time, the next look is for the next lane, and comes soon."""
    clock, queue = two_lanes_and_room_for_one_post(world)
    clock.look()
    assert clock._pause() == pytest.approx(SOON)
    clock.look()
    assert len(set(queue.about_alerts())) == 2
    clock.look()
    assert queue.delivers() == 2
    assert clock._pause() > SOON, "everybody was hinted at"


def test_a_worker_waits_a_moment_for_room_and_no_longer(world: Any) -> None:
    rooms = [Room(posts_at=T, edits_at=T) for T in (world.clock.machine() + 0.02,) * 2] + [Room()]
    world.throttle.room = lambda workspace, machine: rooms.pop(0) if rooms else Room()
    world.raised()
    (waiting,) = world.store.waiting(world.clock.machine())
    claimed = world.courier.take(waiting.delivery)
    assert claimed is not None and rooms == []
    world.store.settle(claimed, Settled(state="pending"))

    ahead = world.clock.machine() + 30
    world.throttle.room = lambda workspace, machine: Room(posts_at=ahead, edits_at=ahead)
    begun = time.monotonic()
    assert world.courier.take(waiting.delivery) is None
    assert time.monotonic() - begun < 1


def test_while_the_workspace_is_shut_nobody_is_hinted_at(world: Any) -> None:
    queue = Taking()
    clock = ticker(world, queue)
    world.raised()
    ahead = world.clock.machine() + 30
    world.throttle.room = lambda workspace, machine: Room(posts_at=ahead, edits_at=ahead, shut="no answer")
    clock.look()
    assert queue.about_alerts() == []


def test_after_two_hours_down_each_alert_is_asked_about_once_and_has_its_whole_dwell_again(world: Any) -> None:
    clock = ticker(world, Away())
    alerts = [world.raised(dedup_key=f"k{n}") for n in range(3)]
    clock.look()
    world.clock.forward(timedelta(hours=2))
    for _ in range(5):
        clock.look()
    for alert in alerts:
        after = world.alert(alert.id)
        assert world.kinds(alert) == ["raised", "nudged"]
        assert after.due_at == world.clock.at + minutes(10)


def test_a_clock_that_went_back_is_an_incident_and_nobody_waits_longer_than_the_policy_says(world: Any) -> None:
    clock = ticker(world, Away())
    world.clock.forward(timedelta(hours=2))
    alert = world.raised()
    clock.look()
    world.raised(dedup_key="paced")
    world.clock.forward(timedelta(hours=-2))
    world.clock.jumps = -7200.0
    clock.look()
    after = world.alert(alert.id)
    assert after.due_at is not None
    assert after.due_at <= world.clock.at + minutes(10.5)
    assert world.kinds(alert)[-1] == "clock_moved"
    assert [one.kind for one in world.store.incidents()] == ["clock"]
    world.clock.ahead += 61
    clock.look()
    assert len(world.chat.to("slack:#ai-alerts")) == 2, "no lane waits two hours for its next second"


def test_a_clock_that_went_ahead_asks_once_and_is_an_incident(world: Any) -> None:
    clock = ticker(world, Away())
    alert = world.raised()
    clock.look()
    world.clock.forward(timedelta(hours=2))
    world.clock.jumps = 7200.0
    for _ in range(3):
        clock.look()
    assert world.kinds(alert) == ["raised", "nudged"]
    assert [one.kind for one in world.store.incidents(untold=True)] == ["clock"]


def test_a_jump_is_set_right_by_whoever_looks_next_when_the_database_was_away(world: Any) -> None:
    clock = ticker(world, Taking())
    world.clock.forward(timedelta(hours=2))
    alert = world.raised()
    world.clock.forward(timedelta(hours=-2))
    world.clock.jumps = -7200.0
    incident = world.store.incident

    def away(*args: Any, **more: Any) -> None:
        world.store.incident = incident
        raise DatabaseAway("a failover")

    world.store.incident = away
    with pytest.raises(DatabaseAway):
        clock.look()
    clock.look()
    assert world.kinds(alert)[-1] == "clock_moved"
    assert [one.kind for one in world.store.incidents()] == ["clock"]


def test_a_clock_that_was_set_right_while_nobody_looked_is_noticed_at_the_start(world: Any) -> None:
    world.clock.forward(timedelta(days=300))
    alert = world.raised()
    world.clock.forward(timedelta(days=-300))
    ticker(world, Taking()).look()
    assert world.kinds(alert)[-1] == "clock_moved"


def test_a_row_that_breaks_stops_no_clock(world: Any) -> None:
    clock = ticker(world, Away())
    world.raised()
    other = world.raised(dedup_key="two")
    wake = world.loop.wake

    def do(job: str, row: str | int) -> None:
        if job == "wake" and row != other.id:
            raise KeyError("a defect")
        wake(row) if job == "wake" else None

    clock.work = type("Broken", (), {"do": staticmethod(do), "loop": world.loop})()
    world.clock.forward(minutes(10))
    clock.look()
    assert world.kinds(other) == ["raised", "nudged"]


def test_an_incident_that_nobody_meets_again_is_over(world: Any) -> None:
    clock = ticker(world, Away())
    world.clock.jumps = 40.0
    clock.look()
    world.store.incident("place", "slack:#old", detail="is_archived", at=world.clock.machine())
    world.clock.ahead += 3700
    clock.look()
    assert [one.kind for one in world.store.incidents()] == ["place"]
    world.clock.ahead += 24 * 3600
    clock.look()
    assert world.store.incidents() == []
