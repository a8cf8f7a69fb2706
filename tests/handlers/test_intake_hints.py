"""Hints never hold anybody up, are given once, and are lost before they do harm."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from bot.hints import BackgroundQueue


class SlowQueue:
    """Answers while it may; `broken` hints raise."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, list[Any]]] = []
        self.asked = threading.Event()
        self.may_answer = threading.Event()

    def hint(self, job: str, ids: Iterable[Any], /) -> bool:
        self.asked.set()
        assert self.may_answer.wait(20)
        if job == "broken":
            raise OSError("no such queue")
        self.heard.append((job, list(ids)))
        return True

    def ping(self) -> bool:
        return True


@pytest.fixture
def slow() -> SlowQueue:
    return SlowQueue()


@pytest.fixture
def hints(slow: SlowQueue) -> Iterator[BackgroundQueue]:
    hints = BackgroundQueue(slow, room=10)
    hints.start()
    yield hints
    slow.may_answer.set()
    hints.stop(within=10)


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_hints_reach_the_queue(hints: BackgroundQueue, slow: SlowQueue) -> None:
    slow.may_answer.set()

    assert hints.hint("deliver", [1, 2])

    until(lambda: slow.heard == [("deliver", [1, 2])])


def test_a_queue_that_hangs_holds_nobody_up_and_hears_each_hint_once(hints: BackgroundQueue, slow: SlowQueue) -> None:
    hints.hint("deliver", [0])
    assert slow.asked.wait(10)

    for _ in range(100):
        assert hints.hint("deliver", [1, 2])
        assert hints.hint("wake", ["a"])
    slow.may_answer.set()

    until(lambda: len(slow.heard) == 3)
    assert slow.heard == [("deliver", [0]), ("deliver", [1, 2]), ("wake", ["a"])]


def test_beyond_its_room_hints_are_dropped_and_it_says_so(hints: BackgroundQueue, slow: SlowQueue) -> None:
    hints.hint("deliver", [0])
    assert slow.asked.wait(10)

    assert not hints.hint("deliver", range(1, 100))

    slow.may_answer.set()
    until(lambda: len(slow.heard) == 2)
    assert slow.heard[1] == ("deliver", list(range(1, 11)))


def test_a_hint_that_fails_does_not_end_the_others(hints: BackgroundQueue, slow: SlowQueue) -> None:
    slow.may_answer.set()
    hints.hint("broken", [1])
    hints.hint("deliver", [2])

    until(lambda: slow.heard == [("deliver", [2])])


def test_stopping_hands_on_what_waits(slow: SlowQueue) -> None:
    hints = BackgroundQueue(slow)
    hints.hint("deliver", [1])
    slow.may_answer.set()
    hints.start()
    hints.stop(within=10)

    assert slow.heard == [("deliver", [1])]


def test_stopping_does_not_wait_for_a_queue_that_hangs(hints: BackgroundQueue, slow: SlowQueue) -> None:
    hints.hint("deliver", [1])
    assert slow.asked.wait(10)
    began = time.monotonic()

    hints.stop(within=0.1)

    assert time.monotonic() - began < 5
