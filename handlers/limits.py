"""How much one source may ask for, so that a runaway source leaves the others alone."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from bot.config.values import per
from bot.ports import Source
from handlers.problems import Problem


class Limits:
    """`per_source` such as `1200/minute`, in this process: with n web processes a source may send n times as much.

    Counted by a dictionary of our own, in windows that begin with a source's first request: every raise passes here,
    and the usual library starts a thread every few milliseconds to forget old windows, which intake has to pay for.
    """

    def __init__(self, per_source: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._said = per_source
        self._most, self._seconds = per(per_source)
        self._clock = clock
        self._counted: dict[str, tuple[float, int]] = {}
        """source id ▶ when its window ends, and how often it asked in it"""

    def take(self, source: Source) -> None:
        """Count one request. Raises Problem (429) that says when to come back."""
        now = self._clock()
        ends_at, count = self._counted.get(source.id, (0.0, 0))
        if now >= ends_at:
            ends_at, count = now + self._seconds, 0
        if count < self._most:
            self._counted[source.id] = ends_at, count + 1
            return
        seconds = max(math.ceil(ends_at - now), 1)
        raise Problem(
            "too_many_requests",
            f"A source may send {self._said}. Try again in {seconds} seconds.",
            headers={"Retry-After": str(seconds)},
        )
