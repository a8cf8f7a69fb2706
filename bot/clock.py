"""The instant it is: the machine's, or one that the sandbox moves."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path


class SystemClock:
    """Business time is the machine's own."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def machine(self) -> float:
        return time.time()

    def seconds_until(self, at: datetime, /) -> float:
        return (at - self.now()).total_seconds()


@dataclass(kw_only=True)
class MovedClock:
    """Business time as the sandbox's clock file has it: `{real, virtual, rate}`; without the file, the machine's own.

    The file is looked at ten times a second at most; leases and a platform's limits stay on the machine's time.
    """

    path: Path
    _looked: float = 0.0
    _stamp: int = -1
    _moved: tuple[float, float, float] = field(default=(0.0, 0.0, 1.0))

    def now(self) -> datetime:
        self._look()
        real, virtual, rate = self._moved
        return datetime.fromtimestamp(virtual + (time.time() - real) * rate, UTC)

    def machine(self) -> float:
        return time.time()

    def seconds_until(self, at: datetime, /) -> float:
        ahead = (at - self.now()).total_seconds()
        rate = self._moved[2]
        return ahead / rate if rate > 0 else 3600.0

    def _look(self) -> None:
        if time.monotonic() - self._looked < 0.1:
            return
        self._looked = time.monotonic()
        try:
            stamp = self.path.stat().st_mtime_ns
            if stamp != self._stamp:
                found = json.loads(self.path.read_text())
                self._moved, self._stamp = (found["real"], found["virtual"], found["rate"]), stamp
        except FileNotFoundError:
            self._moved, self._stamp = (0.0, 0.0, 1.0), -1
