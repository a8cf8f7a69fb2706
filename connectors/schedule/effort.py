"""Work on what a stranger wrote, that ends.

A rule of a few letters can keep a library busy for hours ("the 30th of February, from the year 1 on"), and no limit on
what is read can tell. Python tells a profiler of every call a thread makes; this one only looks at the time.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from time import thread_time
from typing import Any

_SELDOM = 256
"""calls: asking for the time at each would cost more than the work"""


class TooMuch(BaseException):
    """The time is used up. Not an Exception, so that no `except` of a library takes it for its own."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raises TooMuch in the midst of the block where this thread has worked so long; waiting for others is no work."""
    made, end, before = count(1), thread_time() + seconds, sys.getprofile()

    def look(frame: Any, event: str, argument: Any) -> None:
        if not next(made) % _SELDOM and thread_time() > end:
            raise TooMuch

    sys.setprofile(look)
    try:
        yield
    finally:
        sys.setprofile(before)
