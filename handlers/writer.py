"""Group commit: one thread stores what many requests bring, up to a hundred raises in one commit.

A commit costs the disk's patience, not ours: while one is under way the next group gathers. That is several times
faster, and far fairer, than many writers fighting for the database's one lock.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from queue import SimpleQueue

import structlog

from bot import crash
from bot.acts import Arrival, Received
from bot.core.state import Refused
from bot.ports import Away, Conflict
from handlers.problems import busy

log = structlog.get_logger(__name__)

ROOM = 2_000
"""raises that may wait; whoever comes then is asked to come back"""
BATCH = 100
"""raises in one commit at most"""
TURNS = 20
"""of the event loop, after which a group is stored although more keep coming"""
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
        self._waiting: deque[_Asked] = deque()
        self._groups: SimpleQueue[list[_Asked] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self.accepting = False

    def start(self) -> None:
        """From within the event loop that will wait for the answers."""
        self._loop = asyncio.get_running_loop()
        self.accepting = True
        self._thread.start()

    async def stop(self) -> None:
        """Take nothing more, store and answer all that was taken. Nothing accepted is lost."""
        self.accepting = False
        if self._loop is None:
            return
        await self._idle.wait()
        self._groups.put(None)
        await asyncio.to_thread(self._thread.join)

    async def submit(self, arrival: Arrival) -> Received | Refused:
        """Stored when this returns. Raises Problem (503), Away, Conflict, or what broke on this very raise."""
        if self._loop is None or not self.accepting:
            raise busy("Closeloop is shutting down.")
        if len(self._waiting) >= self._room:
            raise busy("Too many raises are waiting to be stored.")
        answer: asyncio.Future[Received | Refused] = self._loop.create_future()
        self._waiting.append((arrival, answer))
        if self._idle.is_set():
            self._idle.clear()
            self._gather(self._loop, -1, TURNS)
        return await answer

    # ── in the event loop: groups gather, answers are given ──────────────────────────────────────────────────────

    def _gather(self, loop: asyncio.AbstractEventLoop, before: int, turns: int) -> None:
        """Hand a group over once a turn of the event loop brings nobody new.

        A group costs the database the same few milliseconds whether it holds ten or fifty, and a thread that computes
        while this one does only takes turns with it: so first read all that has arrived, then store it.
        """
        now = len(self._waiting)
        if before < now < self._batch and turns:
            loop.call_soon(self._gather, loop, now, turns - 1)
        else:
            self._groups.put([self._waiting.popleft() for _ in range(min(now, self._batch))])

    def _answer(self, loop: asyncio.AbstractEventLoop, group: list[_Asked], outcomes: Sequence[Outcome]) -> None:
        if isinstance(outcomes[0], Away):
            # The database made this group wait long enough: who waits behind it need not find out one by one.
            group += self._waiting
            self._waiting.clear()
            outcomes = [Away(str(outcomes[0])) for _ in group]
        for (_, answer), outcome in zip(group, outcomes, strict=True):
            _tell(answer, outcome)
        if self._waiting:
            self._gather(loop, -1, TURNS)
        else:
            self._idle.set()

    # ── in the thread: groups are stored ─────────────────────────────────────────────────────────────────────────

    def _run(self) -> None:
        while group := self._groups.get():
            outcomes = self._store([arrival for arrival, _ in group])
            loop = group[0][1].get_loop()
            loop.call_soon_threadsafe(self._answer, loop, group, outcomes)

    def _store(self, arrivals: list[Arrival]) -> Sequence[Outcome]:
        """The outcome of each, in their order; a single Away stands for all."""
        crash.point("intake.taken")
        try:
            received = self._receive(arrivals)
            crash.point("intake.stored")
            return received
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


def _tell(answer: asyncio.Future[Received | Refused], outcome: Outcome) -> None:
    if answer.done():
        return  # the sender hung up; the alert is stored all the same
    if isinstance(outcome, Exception):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)
