"""Who is asking: `Authorization: Bearer cl_<key id>_<secret>` ▶ Source."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool

from bot.keys import digest, split
from bot.ports import Source, Store
from handlers.meters import AUTH_REFUSED
from handlers.problems import Problem

FRESH = 1.0
"""seconds for which the known keys are not read again: how long a revoked key still works at most"""
_NOBODY = digest("")

Known = dict[str, tuple[str, Source]]
"""key id ▶ (digest of its secret, whose it is)"""


@dataclass(kw_only=True)
class Keys:
    """The keys of all sources, read from the database at most once a second, off the event loop."""

    store: Store
    seconds: Callable[[], float] = time.monotonic
    _known: Known = field(default_factory=dict)
    _read_at: float = float("-inf")
    _reading: asyncio.Task[Known] | None = None

    async def source(self, authorization: str | None) -> Source:
        """Raises Problem (401), which never says what was wrong, or Away."""
        if self.seconds() - self._read_at >= FRESH:
            await self._read()
        found = self._verified(authorization or "")
        if found is None:
            AUTH_REFUSED.inc()
            raise Problem("unauthorized", headers={"WWW-Authenticate": "Bearer"})
        return found

    def _verified(self, authorization: str) -> Source | None:
        scheme, _, token = authorization.partition(" ")
        key = split(token.strip()) if scheme.lower() == "bearer" else None
        if key is None:
            return None
        # An unknown key id costs the same comparison, so that the time taken tells nothing either.
        expected, source = self._known.get(key[0], (_NOBODY, None))
        return source if hmac.compare_digest(digest(key[1]), expected) else None

    async def _read(self) -> None:
        """Many requests wait for one reading."""
        if self._reading is None:
            self._reading = asyncio.create_task(self._from_store())
            self._reading.add_done_callback(self._forget)
        # Shielded: a sender that hangs up must not cancel it for the others.
        await asyncio.shield(self._reading)

    async def _from_store(self) -> Known:
        started = self.seconds()
        sources = await run_in_threadpool(self.store.sources)
        self._known = {key_id: (secret, source) for source in sources for key_id, secret in source.keys}
        self._read_at = started
        return self._known

    def _forget(self, task: asyncio.Task[Known]) -> None:
        self._reading = None
        if not task.cancelled():
            task.exception()  # whoever waits gets it; with nobody left waiting it is no fault of the program
