"""Hints that never hold anybody up: handed on by a thread of their own, however long the queue's server hangs."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import structlog

from bot.ports import Queue

log = structlog.get_logger(__name__)


class BackgroundQueue:
    """A Queue in front of another. The same hint twice is one; beyond `room` they are dropped: the clock finds them."""

    def __init__(self, queue: Queue, *, room: int = 10_000) -> None:
        self._queue = queue
        self._room = room
        self._waiting: dict[tuple[str, str | int], None] = {}
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="hints", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, *, within: float = 1.0) -> None:
        """Hand on what waits, but not for longer than `within` seconds: a hint may be lost, a shutdown may not hang."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(within)

    def hint(self, job: str, ids: Iterable[str | int], /) -> bool:
        """False where there is no room left."""
        with self._changed:
            for item in ids:
                if len(self._waiting) >= self._room:
                    return False
                self._waiting[job, item] = None
            self._changed.notify()
        return True

    def ping(self) -> bool:
        return self._queue.ping()

    def _run(self) -> None:
        while hints := self._next():
            for job in dict.fromkeys(job for job, _ in hints):
                self._hand_on(job, [item for name, item in hints if name == job])

    def _hand_on(self, job: str, ids: list[str | int]) -> None:
        try:
            self._queue.hint(job, ids)
        except Exception:
            # One hint that fails must not end the thread and with it all later ones; what is lost the clock finds.
            log.exception("hint lost", job=job, count=len(ids))

    def _next(self) -> list[tuple[str, str | int]]:
        """Everything that waits, as soon as something does; nothing once it is stopped and empty."""
        with self._changed:
            while not self._waiting and not self._stopping:
                self._changed.wait()
            hints = list(self._waiting)
            self._waiting.clear()
        return hints
