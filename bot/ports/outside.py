"""What else the loop needs from outside: intake formats, the clock, the queue.

Two kinds of time: `Clock.now()` is the business instant (aware UTC; the sandbox may move it), `Clock.machine()` is
seconds since the epoch on the machine, for leases, retries and a platform's rate limits, which nobody can hurry.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol

from bot.core.signal import Signal


class BadPayload(Exception):
    """What a source sent cannot be taken. `errors` are (JSON pointer, what is wrong), one for each bad field."""

    def __init__(self, errors: Sequence[tuple[str, str]], *, malformed: bool = False) -> None:
        super().__init__("; ".join(f"{pointer or 'the body'}: {detail}" for pointer, detail in errors))
        self.errors = tuple(errors)
        self.malformed = malformed
        """not even JSON that every reader reads alike (400); else its fields are wrong (422)"""


class Format(Protocol):
    """One intake format: a known sender's payload ▶ Signal."""

    def parse(self, body: bytes, source: str, /) -> Signal:
        """Raises BadPayload."""
        ...

    def schema(self) -> dict[str, Any]:
        """JSON Schema of the body, for the API's description."""
        ...


class Clock(Protocol):
    def now(self) -> datetime: ...
    def machine(self) -> float: ...
    def seconds_until(self, at: datetime, /) -> float:
        """Machine seconds until a business instant, as fast as business time runs now."""
        ...

    def jumped(self) -> float:
        """Seconds by which it jumped since this was last asked (negative: back); 0.0 where it runs steadily."""
        ...


class Queue(Protocol):
    """Hints to workers. Losing one does no harm: the clock finds what is due in the database."""

    def hint(self, job: str, ids: Iterable[str | int], /) -> bool:
        """`deliver`, `wake`, `sweep` (an id each), `fold` (a lane), `keep`, `report`; False where the queue is away."""
        ...

    def ping(self) -> bool: ...
