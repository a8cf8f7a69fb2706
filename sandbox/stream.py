"""Tells open pages that something changed. Many changes in one beat become one message each kind."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable

BEAT = 0.05
KEEP_ALIVE = 15.0
Change = tuple[str, str | None]  # what, channel


class Watcher:
    def __init__(self, wants: Callable[[str | None], bool]) -> None:
        self._wants = wants
        self._pending: dict[Change, None] = {}
        self._news = asyncio.Event()
        self._closed = False

    def tell(self, change: Change) -> None:
        if self._wants(change[1]):
            self._pending[change] = None
            self._news.set()

    def close(self) -> None:
        self._closed = True
        self._news.set()

    async def lines(self) -> AsyncIterator[str]:
        yield ": open\n\n"
        while not self._closed:
            try:
                await asyncio.wait_for(self._news.wait(), KEEP_ALIVE)
            except TimeoutError:
                yield ": still here\n\n"
                continue
            await asyncio.sleep(BEAT)
            pending, self._pending = self._pending, {}
            self._news.clear()
            yield "".join(_event(change) for change in pending)


class Hub:
    def __init__(self) -> None:
        self._watchers: set[Watcher] = set()

    def join(self, watcher: Watcher) -> None:
        self._watchers.add(watcher)

    def leave(self, watcher: Watcher) -> None:
        self._watchers.discard(watcher)

    def changed(self, what: str, channel: str | None = None) -> None:
        for watcher in self._watchers:
            watcher.tell((what, channel))

    def close(self) -> None:
        for watcher in self._watchers:
            watcher.close()


def _event(change: Change) -> str:
    what, channel = change
    return f"event: changed\ndata: {json.dumps({'what': what, 'channel': channel})}\n\n"
