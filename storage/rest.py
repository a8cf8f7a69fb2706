"""Leaving a server alone that did not answer: whoever waits for its timeout each time does nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

LONGEST = 15.0
"""seconds between two attempts at a server that stays away"""


@dataclass
class Rest:
    """`base` seconds after a first failure, twice as many after each further one in a row. Safe in many threads."""

    base: float
    monotonic: Callable[[], float] = time.monotonic
    _until: float = 0.0
    _failed: int = 0

    @property
    def over(self) -> bool:
        """Whether it may be asked (again)."""
        return self.monotonic() >= self._until

    def failed(self) -> None:
        self._until = self.monotonic() + min(self.base * 2**self._failed, max(self.base, LONGEST))
        self._failed = min(self._failed + 1, 10)

    def answered(self) -> None:
        self._failed = 0
