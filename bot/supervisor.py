"""Runs the product's processes: starts them, starts again what ends, stops all of them cleanly.

Whatever its exit code, a process that ends is started again: RQ's worker leaves with 0 when it meets a broken job.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType

import structlog

log = structlog.get_logger()

GRACE = 15.0
"""seconds between SIGTERM and SIGKILL; the whole of it ends within 20"""


@dataclass(kw_only=True)
class Child:
    """One process to keep running."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    quiet: bool = False
    """what it prints is of no use to anybody"""
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0
    not_before: float = 0.0

    def start(self) -> None:
        self.starts += 1
        self.process = subprocess.Popen(
            self.argv,
            env={**os.environ, **self.env},
            # Only the supervisor hears Ctrl-C; it decides the order in which the others end.
            start_new_session=True,
            stdout=subprocess.DEVNULL if self.quiet else None,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )
        log.info("started", action="process_started", process=self.name, pid=self.process.pid)

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def signal(self, number: int) -> None:
        if self.process is not None and self.running:
            self.process.send_signal(number)


@dataclass(kw_only=True)
class Supervisor:
    """Keeps `children` running until SIGTERM or SIGINT; they are stopped in their order, one stage at a time."""

    stages: Sequence[Sequence[Child]]
    """what is stopped together, first stage first: web, then workers and clock, then what those need"""
    once: Sequence[Child] = ()
    """started with the others, not started again when they end"""
    stopping: bool = False
    _last: dict[str, float] = field(default_factory=dict)

    def run(self) -> int:
        """Returns the exit code: 0 when everything stopped in time."""
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        for child in self.once:
            child.start()
        while not self.stopping:
            for child in self._children():
                self._keep(child)
            time.sleep(0.1)
        return self._end()

    def _children(self) -> list[Child]:
        return [child for stage in reversed(self.stages) for child in stage]

    def _keep(self, child: Child) -> None:
        if child.running or self.stopping:
            return
        now = time.monotonic()
        if child.process is not None and child.not_before == 0.0:
            pause = min(0.2 * child.starts, 5.0) if now - self._last.get(child.name, 0.0) < 30 else 0.0
            child.not_before = now + pause
            log.warning("ended", action="process_ended", process=child.name, code=child.process.returncode)
        if now >= child.not_before:
            child.not_before = 0.0
            self._last[child.name] = now
            child.start()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def _end(self) -> int:
        deadline = time.monotonic() + GRACE
        clean = True
        for stage in (self.once, *self.stages):
            for child in stage:
                child.signal(signal.SIGTERM)
            for child in stage:
                clean &= self._wait(child, deadline)
        return 0 if clean else 1

    def _wait(self, child: Child, deadline: float) -> bool:
        if child.process is None:
            return True
        try:
            child.process.wait(timeout=max(deadline - time.monotonic(), 0.2))
        except subprocess.TimeoutExpired:
            log.warning("did not stop in time", action="process_killed", process=child.name)
            child.process.kill()
            child.process.wait()
            return False
        return True


def _die_with_parent() -> None:
    """Linux: the child gets SIGTERM when the supervisor itself is killed, so nothing is left behind (prctl(2))."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
