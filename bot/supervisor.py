"""Runs the product's processes: starts them, starts again what ends, stops all of them cleanly.

Whatever its exit code, a process that ends is started again: RQ's worker leaves with 0 when it meets a broken job.
Our own processes are forked where that is safe: they share the memory of everything that was imported here.
"""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Protocol

import structlog

log = structlog.get_logger()

GRACE = 15.0
"""seconds between SIGTERM and SIGKILL; the whole of it ends within 20"""
PATIENCE = 20.0
"""seconds after which a process is started although what it needs is not there yet: it says best what it lacks"""
FORKS = sys.platform not in ("win32", "darwin")
"""Whether a fork is a whole process: macOS's own libraries may not be used after one."""
STOPPING = (signal.SIGTERM, signal.SIGINT)
PR_SET_PDEATHSIG, PR_SET_NAME = 1, 15


class Process(Protocol):
    """One process that may be started any number of times, one after the other."""

    def start(self, name: str, /) -> int:
        """Its pid."""
        ...

    def ended(self) -> int | None:
        """The exit code (minus the signal that ended it); None while it runs."""
        ...

    def send(self, number: int, /) -> None:
        """A signal, where it still runs."""
        ...

    def wait(self, seconds: float, /) -> bool:
        """Whether it has ended by then."""
        ...


@dataclass(kw_only=True)
class Program:
    """A program of its own."""

    argv: Sequence[str]
    quiet: bool = False
    """what it prints is of no use to anybody"""
    _process: subprocess.Popen[bytes] | None = None

    def start(self, name: str, /) -> int:
        self._process = subprocess.Popen(
            self.argv,
            # Only the supervisor hears Ctrl-C; it decides the order in which the others end.
            start_new_session=True,
            stdout=subprocess.DEVNULL if self.quiet else None,
            preexec_fn=_end_with_the_supervisor,
        )
        return self._process.pid

    def ended(self) -> int | None:
        return self._process.poll() if self._process else None

    def send(self, number: int, /) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def wait(self, seconds: float, /) -> bool:
        try:
            return self._process is None or self._process.wait(seconds) is not None
        except subprocess.TimeoutExpired:
            return False


@dataclass(kw_only=True)
class Fork:
    """A copy of this process that does `work` and ends: what both have imported is in memory once.

    Nothing may run or be open here that must not be there twice: no thread, no connection.
    """

    work: Callable[[], None]
    """ends by returning or with SystemExit"""
    shed: Sequence[Callable[[], None]] = ()
    """what of ours the copy lets go of, first thing"""
    _process: BaseProcess | None = None

    def start(self, name: str, /) -> int:
        if self._process is not None:
            self._process.close()
        # What is here now lives as long as we do. A collection that walked through it would copy all of it.
        gc.freeze()
        process = multiprocessing.get_context("fork").Process(target=self._begin, args=(name, os.getpid()))
        # A signal between the fork and our handlers' end would be taken by the copy of our handler, and lost.
        with _held_back(STOPPING):
            process.start()
        self._process = process
        return process.pid or 0

    def _begin(self, name: str, supervisor: int) -> None:
        for number in STOPPING:
            signal.signal(number, signal.SIG_DFL if number == signal.SIGTERM else signal.default_int_handler)
        os.setsid()
        _end_with_the_supervisor()
        if os.getppid() != supervisor:
            return  # it was killed before we asked to end with it
        _named(f"cl:{name}")
        for let_go in self.shed:
            let_go()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
        self.work()

    def ended(self) -> int | None:
        return self._process.exitcode if self._process else None

    def send(self, number: int, /) -> None:
        if self._process is not None and self._process.pid and self.ended() is None:
            os.kill(self._process.pid, number)

    def wait(self, seconds: float, /) -> bool:
        if self._process is None:
            return True
        self._process.join(seconds)
        return self.ended() is not None


@dataclass(kw_only=True)
class Child:
    """One process to keep running, and what is remembered of its starts."""

    name: str
    process: Process
    ready: Callable[[], bool] = lambda: True
    """whether others can use it, asked until it is so once"""
    was_ready: bool = False
    starts: int = 0
    started_at: float = 0.0
    not_before: float = 0.0

    def start(self) -> None:
        self.starts += 1
        self.started_at, self.not_before = time.monotonic(), 0.0
        pid = self.process.start(self.name)
        log.info("started", action="process_started", process=self.name, pid=pid)

    def keep(self) -> None:
        """Start it where it does not run; one that ends soon after its start waits a little longer each time."""
        code, now = self.process.ended(), time.monotonic()
        if self.starts and code is None:
            return
        if self.starts and not self.not_before:
            pause = min(0.2 * self.starts, 5.0) if now - self.started_at < 30 else 0.0
            self.not_before = now + pause
            log.warning("ended", action="process_ended", process=self.name, code=code)
        if now >= self.not_before:
            self.start()

    def serves(self) -> bool:
        """Whether those that need it may be started. One that fails later keeps nobody: they know how to wait."""
        self.was_ready = self.was_ready or (self.process.ended() is None and self.ready())
        return self.was_ready


@dataclass(kw_only=True)
class Supervisor:
    """Keeps its children running until SIGTERM or SIGINT; they are stopped in their order, one stage at a time.

    They are started the other way round: each stage once everything in the stage that it needs can be used.
    """

    stages: Sequence[Sequence[Child]]
    """what is stopped together, first stage first: web, then workers and clock, then what those need"""
    once: Sequence[Child] = ()
    """started with the others, not started again when they end"""
    stopping: bool = field(default=False, init=False)

    def run(self) -> int:
        """Returns the exit code: 0 when everything stopped in time."""
        for number in STOPPING:
            signal.signal(number, self._stop)
        for child in self.once:
            child.start()
        begun = time.monotonic()
        while not self.stopping:
            for child in self._wanted(patient=time.monotonic() - begun < PATIENCE):
                if not self.stopping:
                    child.keep()
            time.sleep(0.1)
        return self._end()

    def _wanted(self, *, patient: bool) -> Iterator[Child]:
        """Whoever is to run by now."""
        for stage in reversed(self.stages):
            yield from stage
            if patient and not all(child.serves() for child in stage):
                return

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def _end(self) -> int:
        deadline = time.monotonic() + GRACE
        clean = True
        for stage in (self.once, *self.stages):
            for child in stage:
                child.process.send(signal.SIGTERM)
            for child in stage:
                clean &= _gone(child, deadline)
        return 0 if clean else 1


def _gone(child: Child, deadline: float) -> bool:
    """Whether it went by itself; in the end it is gone either way."""
    if child.process.wait(max(deadline - time.monotonic(), 0.2)):
        return True
    log.warning("did not stop in time", action="process_killed", process=child.name)
    child.process.send(signal.SIGKILL)
    return not child.process.wait(GRACE)


@contextmanager
def _held_back(numbers: Sequence[signal.Signals]) -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with_the_supervisor() -> None:
    """Linux: SIGTERM for this process when the supervisor is killed, so nothing is left behind (prctl(2))."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _named(name: str) -> None:
    """Linux: what `top` and `ps -o comm` call this process, in its first 15 characters."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_NAME, name.encode())
