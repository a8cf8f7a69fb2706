"""One village after the other: what survives one test serves the next; a test that failed leaves none behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from faults.village import Village


class Line:
    def __init__(self, open_one: Callable[[ExitStack], Village]) -> None:
        self._open = open_one
        self._stack = ExitStack()
        self._village: Village | None = None

    def village(self) -> Village:
        """One in which a machine runs."""
        if self._village is None:
            self._village = self._open(self._stack)
            self._village.start()
        return self._village

    def drop(self) -> None:
        """Nobody uses this one any more."""
        self._stack.close()
        self._village = None

    @contextmanager
    def lent(self, *, alone: bool = False) -> Iterator[Village]:
        """For one test. `alone`: in a village of its own, which nobody uses after it."""
        if alone:
            self.drop()
        try:
            place = self.village()
            yield place
            place.heal()
            place.clear_all()
        except BaseException:
            self.drop()
            raise
        if alone:
            self.drop()
