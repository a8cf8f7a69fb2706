"""How long Microsoft asks to be left alone: `Retry-After` in seconds or as a date, and who has to keep to it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

LONGEST = 3600.0
"""seconds; a number beyond it is a mistake of somebody's"""


def seconds(retry_after: str | None, *, default: float, now: float) -> float:
    """What the header asks for, from one second to an hour. `now`: Unix seconds."""
    wanted = _asked(retry_after or "", now)
    return default if wanted is None else min(max(wanted, 1.0), LONGEST)


def _asked(retry_after: str, now: float) -> float | None:
    try:
        found = float(retry_after)
        return found if math.isfinite(found) else None
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(retry_after).timestamp() - now
    except (ValueError, OverflowError):
        return None


class Pauses:
    """Until when each of several things is left alone. Safe in many threads; seconds are those of `monotonic`."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._turn = threading.Lock()
        self._until: dict[str, float] = {}

    def left(self, what: str) -> float:
        """Seconds for which it is left alone still; 0.0: it may be asked."""
        with self._turn:
            return max(0.0, self._until.get(what, 0.0) - self._monotonic())

    def pause(self, what: str, wait: float) -> None:
        """Never shorter than it was said before. Those that are over are forgotten."""
        now = self._monotonic()
        with self._turn:
            self._until = {name: until for name, until in self._until.items() if until > now}
            self._until[what] = max(self._until.get(what, 0.0), now + wait)
