"""The instant it is: one steady clock that everybody agrees on, or one that the sandbox moves.

Machine time runs on the monotonic clock of this process, set by whoever all processes agree on: the database's clock
(PostgreSQL), or this machine's wall clock (SQLite). A wall clock that jumps under it is noticed, never followed
blindly.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import structlog

from bot.ports import Away

log = structlog.get_logger()

AGREE_EVERY = 10.0
"""seconds between two questions what time it is"""
JUMP = 30.0
"""seconds by which the answer may differ from what this process counted before it is a jump"""


@dataclass(kw_only=True)
class SystemClock:
    """Business time and machine time are the same. `ask`: Unix seconds, as everybody has it; may raise Away."""

    ask: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    _jumped: float = 0.0
    _anchor: tuple[float, float] | None = None
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.machine(), UTC)

    def machine(self) -> float:
        ticks, anchor = self.monotonic(), self._anchor
        if anchor is None or ticks - anchor[0] >= AGREE_EVERY:
            anchor = self._agree(ticks)
        return anchor[1] + self.monotonic() - anchor[0]

    def seconds_until(self, at: datetime, /) -> float:
        return (at - self.now()).total_seconds()

    def jumped(self) -> float:
        jumped, self._jumped = self._jumped, 0.0
        return jumped

    def _agree(self, ticks: float) -> tuple[float, float]:
        """The instant by whoever knows it, and by our own count where they cannot be asked or somebody is asking."""
        before = self._anchor
        if before is not None and not self._turn.acquire(blocking=False):
            return before
        asked = self.monotonic()
        try:
            seconds = self.ask()
        except Away:
            # Where nobody answers, what was counted since they did is as good as it gets.
            asked = self.monotonic()
            seconds = before[1] + asked - before[0] if before else time.time()
        finally:
            if before is not None:
                self._turn.release()
        # It was that instant between the question and the answer.
        after = (asked + (self.monotonic() - asked) / 2, seconds)
        if before is not None:
            self._compare(seconds - (before[1] + after[0] - before[0]))
        self._anchor = after
        return after

    def _compare(self, jump: float) -> None:
        if abs(jump) > JUMP:
            log.warning("the clock jumped", action="clock_jumped", seconds=round(jump, 1))
            self._jumped += jump


EPOCH = 1_700_000_000.0
"""from where haste counts: every process has to begin at the same instant"""


@dataclass(kw_only=True)
class MovedClock:
    """Business time as the sandbox's clock file has it: `{real, virtual, rate}`; without the file, the machine's own.

    The file is looked at ten times a second at most. Leases and a platform's limits stay on machine time; with `haste`
    that passes so many times as fast, for tests that would wait for leases else.
    """

    path: Path | None = None
    haste: float = 1.0
    _looked: float = 0.0
    _stamp: int = -1
    _moved: tuple[float, float, float] = field(default=(0.0, 0.0, 1.0))

    def now(self) -> datetime:
        self._look()
        real, virtual, rate = self._moved
        return datetime.fromtimestamp(virtual + (time.time() - real) * rate, UTC)

    def machine(self) -> float:
        return EPOCH + (time.time() - EPOCH) * self.haste

    def seconds_until(self, at: datetime, /) -> float:
        """Machine seconds: what is left of business time, as fast as that runs, in time as fast as that runs."""
        ahead = (at - self.now()).total_seconds()
        rate = self._moved[2]
        return ahead / rate * self.haste if rate > 0 else 3600.0

    def jumped(self) -> float:
        """Never: here it is moved on purpose."""
        return 0.0

    def _look(self) -> None:
        if self.path is None or time.monotonic() - self._looked < 0.1:
            return
        self._looked = time.monotonic()
        try:
            stamp = self.path.stat().st_mtime_ns
            if stamp != self._stamp:
                found = json.loads(self.path.read_text())
                self._moved, self._stamp = (found["real"], found["virtual"], found["rate"]), stamp
        except FileNotFoundError:
            self._moved, self._stamp = (0.0, 0.0, 1.0), -1
