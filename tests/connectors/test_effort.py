"""Work that ends, whatever it does meanwhile."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from time import thread_time

import pytest

from connectors.schedule.effort import TooMuch, at_most

LITTLE, LONG, ENDLESS = 0.02, 0.3, 60
"""seconds of work: what is allowed, what passes it by far, and what no test waits for"""


def busy(seconds: float) -> None:
    end = thread_time() + seconds
    while thread_time() < end:
        len(())


class Tidied:
    """Whoever drops it waits for what it still has to do."""

    def __del__(self) -> None:
        busy(LONG)


class Watched: ...


def dropped() -> None:
    Tidied()


def finalized() -> None:
    weakref.finalize(Watched(), busy, LONG)


def swallowed() -> None:
    with suppress(BaseException):  # as a library may that means well
        busy(LONG)


def stubborn() -> None:
    for _ in range(1000):
        with suppress(Exception):  # as libraries do
            busy(LITTLE)


def nothing() -> None: ...


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("first", [nothing, dropped, finalized, swallowed, stubborn])
def test_work_ends_even_where_somebody_swallows_the_word(first: Callable[[], None]) -> None:
    def work() -> None:
        first()
        busy(ENDLESS)

    with pytest.raises(TooMuch):
        at_most(LITTLE, work)
    assert not [one for one in threading.enumerate() if one.name == "effort"]


def test_what_takes_little_is_told_and_waiting_is_no_work() -> None:
    asked = threading.get_ident()

    def work() -> bool:
        time.sleep(LITTLE * 5)
        return threading.get_ident() != asked

    assert at_most(LITTLE, work)


def test_an_error_of_the_work_itself_comes_through() -> None:
    with pytest.raises(ZeroDivisionError):
        at_most(LONG, lambda: 1 // 0)


def test_where_threads_have_no_clock_of_their_own_all_time_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(time, "pthread_getcpuclockid", raising=False)
    assert at_most(LONG, lambda: "read") == "read"
    with pytest.raises(TooMuch):
        at_most(LITTLE, lambda: busy(ENDLESS))
