"""What may be done once in a while only, by whichever process comes first."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from storage.optional import OptionalRedis


class LocalOnce:
    """Implements `bot.ports.conversations.Once` for one process."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._turn = threading.Lock()
        self._until: dict[str, float] = {}

    def first(self, what: str, /, *, seconds: int) -> bool:
        with self._turn:
            now = self._monotonic()
            self._until = {name: until for name, until in self._until.items() if until > now}
            if what in self._until:
                return False
            self._until[what] = now + seconds
            return True

    def forget(self, what: str, /) -> None:
        with self._turn:
            self._until.pop(what, None)


class RedisOnce:
    """Implements `bot.ports.conversations.Once` for all processes. Its timeouts are short."""

    def __init__(self, url: str, *, rest: float = 2.0) -> None:
        """Raises ValueError for an address that makes no sense."""
        self._server = OptionalRedis(url, rest=rest)

    def first(self, what: str, /, *, seconds: int) -> bool:
        noted = self._server.asked(lambda: self._server.redis.set(f"closeloop:once:{what}", "1", nx=True, ex=seconds))
        return bool(noted)

    def forget(self, what: str, /) -> None:
        self._server.asked(lambda: self._server.redis.delete(f"closeloop:once:{what}"))

    def close(self) -> None:
        self._server.close()
