"""Work on what a stranger wrote, that ends.

A rule of a few letters can keep a library busy for hours ("the 30th of February, from the year 1 on"), and no limit on
what is read can tell. So another thread works, and whoever waits for it interrupts it. Again and again, if need be: one
interruption may strike a finalizer, where Python prints it and goes on.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from threading import Thread, get_ident
from typing import Generic, TypeVar

_OFTEN = 0.05
"""seconds between two looks at a thread's clock"""
_raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
"""https://docs.python.org/3/c-api/init.html#c.PyThreadState_SetAsyncExc"""
_raise_in.argtypes = (ctypes.c_ulong, ctypes.py_object)
T = TypeVar("T")


class TooMuch(BaseException):
    """The time is used up. Not an Exception, so that no `except` of a library takes it for its own."""


def at_most(seconds: float, work: Callable[[], T]) -> T:
    """What `work` returns or raises. Raises TooMuch where it takes longer; waiting for others is no work.

    `seconds`: of the processor. Where the system does not count those for one thread alone (macOS), all count.
    """
    worker = _Worker(work)
    worker.start()
    while worker.is_alive():
        worker.join(_OFTEN)
        if worker.worked() > seconds:
            worker.interrupt()
    return worker.result()


class _Worker(Thread, Generic[T]):
    def __init__(self, work: Callable[[], T]) -> None:
        super().__init__(name="effort", daemon=True)
        self._work = work
        self._began: tuple[Callable[[], float], float] | None = None
        self._over = False
        self._found: list[T] = []
        self._failed: BaseException | None = None

    def run(self) -> None:
        try:
            clock = _clock()
            self._began = clock, clock()
            self._found.append(self._work())
        except BaseException as error:  # noqa: BLE001  whoever waits raises it
            self._failed = error
        finally:
            self._over = True

    def worked(self) -> float:
        """Seconds."""
        if self._began is None or self._over:
            return 0.0
        clock, start = self._began
        try:
            return clock() - start
        except OSError:
            return 0.0  # the thread ended just now, and its clock with it

    def interrupt(self) -> None:
        if not self._over and self.ident is not None:
            _raise_in(self.ident, TooMuch)

    def result(self) -> T:
        """Raises what the work raised, or TooMuch."""
        if self._failed is not None:
            raise self._failed
        if not self._found:
            raise TooMuch  # it was interrupted even while it took note of that
        return self._found[0]


def _clock() -> Callable[[], float]:
    """The seconds that this thread has worked, for other threads to read."""
    if not hasattr(time, "pthread_getcpuclockid"):
        return time.monotonic
    clock = time.pthread_getcpuclockid(get_ident())
    return lambda: time.clock_gettime(clock)
