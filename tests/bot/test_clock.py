"""The clock everybody agrees on: steady under a wall clock that jumps, and honest about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.clock import AGREE_EVERY, EPOCH, JUMP, MovedClock, SystemClock
from bot.ports import Away


@dataclass
class Hands:
    """A database's clock and this process's monotonic one, moved by hand."""

    wall: float = 1_000_000.0
    ticks: float = 50.0
    away: bool = False
    asked: int = 0

    def ask(self) -> float:
        self.asked += 1
        if self.away:
            raise Away("nobody answers")
        return self.wall

    def pass_(self, seconds: float, *, jump: float = 0.0) -> None:
        self.ticks += seconds
        self.wall += seconds + jump

    def clock(self) -> SystemClock:
        return SystemClock(ask=self.ask, monotonic=lambda: self.ticks)


def test_it_is_what_the_database_says() -> None:
    hands = Hands()
    clock = hands.clock()
    assert clock.machine() == 1_000_000.0
    assert clock.now() == datetime.fromtimestamp(1_000_000.0, UTC)
    hands.pass_(3)
    assert clock.machine() == 1_000_003.0
    assert hands.asked == 1, "between two questions it counts by itself"


def test_a_small_difference_is_taken_over_in_silence() -> None:
    hands = Hands()
    clock = hands.clock()
    clock.machine()
    hands.pass_(AGREE_EVERY, jump=2)
    assert clock.machine() == hands.wall
    assert clock.jumped() == 0.0


@pytest.mark.parametrize("jump", [7200.0, -7200.0, JUMP + 1])
def test_a_jump_is_noticed_once(jump: float) -> None:
    hands = Hands()
    clock = hands.clock()
    clock.machine()
    hands.pass_(AGREE_EVERY, jump=jump)
    assert clock.machine() == hands.wall
    assert clock.jumped() == pytest.approx(jump)
    assert clock.jumped() == 0.0


def test_while_nobody_answers_it_goes_on_counting() -> None:
    hands = Hands()
    clock = hands.clock()
    clock.machine()
    hands.away = True
    hands.pass_(100)
    assert clock.machine() == 1_000_100.0
    hands.away = False
    hands.pass_(100)
    assert clock.machine() == 1_000_200.0
    assert clock.jumped() == 0.0


def test_seconds_until_an_instant_are_machine_seconds(tmp_path: Path) -> None:
    hands = Hands()
    assert hands.clock().seconds_until(datetime.fromtimestamp(1_000_060.0, UTC)) == 60.0
    file = tmp_path / "clock.json"
    file.write_text('{"real": 0.0, "virtual": 0.0, "rate": 60.0}')
    moved = MovedClock(path=file)
    ahead = moved.seconds_until(datetime.fromtimestamp(moved.now().timestamp() + 60.0, UTC))
    assert ahead == pytest.approx(1.0, abs=0.1)


def test_haste_hurries_leases_and_not_the_business_day() -> None:
    clock = MovedClock(haste=20.0)
    before, now = clock.machine(), clock.now()
    assert before > EPOCH
    assert abs((now - datetime.now(UTC)).total_seconds()) < 5
    assert clock.seconds_until(datetime.fromtimestamp(clock.now().timestamp() + 10.0, UTC)) == pytest.approx(200, abs=5)
    assert clock.machine() > before
