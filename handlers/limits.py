"""How much one source may ask for, so that a runaway source leaves the others alone."""

from __future__ import annotations

import math
import time

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from bot.ports import Source
from handlers.problems import Problem


class Limits:
    """`per_source` such as `1200/minute`, in this process: with n web processes a source may send n times as much."""

    def __init__(self, per_source: str) -> None:
        self._allowed = parse(per_source)
        self._counted = FixedWindowRateLimiter(MemoryStorage())

    def take(self, source: Source) -> None:
        """Count one request. Raises Problem (429) that says when to come back."""
        if self._counted.hit(self._allowed, source.id):
            return
        ends_at, _ = self._counted.get_window_stats(self._allowed, source.id)
        seconds = max(math.ceil(ends_at - time.time()), 1)
        raise Problem(
            "too_many_requests",
            f"A source may send {self._allowed}. Try again in {seconds} seconds.",
            headers={"Retry-After": str(seconds)},
        )
