"""Group commit: one thread stores what many requests bring, up to a hundred raises in one commit.

A commit costs the disk's patience, not ours: while one is under way the next group gathers. That is several times
faster, and far fairer, than many writers fighting for the database's one lock.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue

import structlog

from bot.acts import Arrival, Received
from bot.core.state import Refused
from bot.ports import Away, Conflict
from handlers.problems import busy

log = structlog.get_logger(__name__)

ROOM = 2_000
"""raises that may wait; whoever comes then is asked to come back"""
BATCH = 100
"""raises in one commit at most"""
TRIES = 5

Outcome = Received | Refused | Exception
_Asked = tuple[Arrival, "asyncio.Future[Received | Refused]"]


class Writer:
    """Stores raises in groups. `receive` is `Loop.receive`: all of a group or nothing, in one commit."""

    def __init__(
        self,
        receive: Callable[[Sequence[Arrival]], list[Received | Refused]],
        *,
        room: int = ROOM,
        batch: int = BATCH,
    ) -> None:
        self._receive = receive
        self._room = room
        self._batch = batch
        self._asked: SimpleQueue[_Asked | None] = SimpleQueue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    @property
    def waiting(self) -> int:
        """Raises that no commit has taken up yet."""
        return self._asked.qsize()

    @property
    def accepting(self) -> bool:
        return self._loop is not None

    def start(self) -> None:
        """From within the event loop that will wait for the answers."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def stop(self) -> None:
        """Take nothing more, store and answer all that was taken. Nothing accepted is lost."""
        if self._loop is None:
            return
        self._loop = None
        self._asked.put(None)
        await asyncio.to_thread(self._thread.join)

    async def submit(self, arrival: Arrival) -> Received | Refused:
        """Stored when this returns. Raises Problem (503), Away, Conflict, or what broke on this very raise."""
        if self._loop is None:
            raise busy("Closeloop is shutting down.")
        if self._asked.qsize() >= self._room:
            raise busy("Too many raises are waiting to be stored.")
        answer: asyncio.Future[Received | Refused] = self._loop.create_future()
        self._asked.put((arrival, answer))
        return await answer

    def _run(self) -> None:
        while group := self._next():
            outcomes = self._store([arrival for arrival, _ in group])
            if isinstance(outcomes[0], Away):
                # The database made this group wait long enough: who waits behind it need not find out one by one.
                group += self._more(self._room)
                outcomes = [Away(str(outcomes[0])) for _ in group]
            answers = [answer for _, answer in group]
            # One wake-up of the event loop for the whole group.
            answers[0].get_loop().call_soon_threadsafe(_tell, answers, outcomes)

    def _next(self) -> list[_Asked]:
        """Whatever waits, at least one; nothing at the end."""
        first = self._asked.get()
        return [first, *self._more(self._batch - 1)] if first else []

    def _more(self, most: int) -> Iterator[_Asked]:
        for _ in range(most):
            try:
                asked = self._asked.get_nowait()
            except Empty:
                return
            if asked is None:
                self._asked.put(None)  # the end; it is read again once this group is stored
                return
            yield asked

    def _store(self, arrivals: list[Arrival]) -> Sequence[Outcome]:
        """The outcome of each, in their order; a single Away stands for all."""
        try:
            return self._receive(arrivals)
        except Away as error:
            log.warning("raises refused: the database is away", action="away", count=len(arrivals), reason=str(error))
            return [error]
        except Exception as error:  # noqa: BLE001  each is tried alone, and raised again where its request is answered
            # One bad raise never harms the others: each on its own.
            log.warning("group not stored, each is tried alone", action="alone", reason=type(error).__name__)
            return [self._store_alone(arrival) for arrival in arrivals]

    def _store_alone(self, arrival: Arrival) -> Outcome:
        failed: Outcome = Away("not tried")
        for _ in range(TRIES):
            try:
                return self._receive([arrival])[0]
            except Conflict as error:
                failed = error  # another process was first; decide again on what is there now
            except Exception as error:  # noqa: BLE001  raised again where its request is answered
                return error
        return failed


def _tell(answers: Sequence[asyncio.Future[Received | Refused]], outcomes: Sequence[Outcome]) -> None:
    for answer, outcome in zip(answers, outcomes, strict=True):
        if answer.done():
            continue  # the sender hung up; the alert is stored all the same
        if isinstance(outcome, Exception):
            answer.set_exception(outcome)
        else:
            answer.set_result(outcome)
