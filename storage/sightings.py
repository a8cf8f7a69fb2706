"""Messages that somebody was shown, in a chat that cannot be read back: kept for an hour, by their delivery's mark."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from bot.ports import Receipt
from storage.optional import OptionalRedis

AGE = 3600
"""seconds; twins are looked for ten minutes long"""
MOST = 20
"""messages of one delivery: whoever can forge a click cannot fill the memory"""


class LocalSightings:
    """Implements `bot.ports.conversations.Sightings` for one process."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._turn = threading.Lock()
        self._seen: dict[str, tuple[float, frozenset[Receipt]]] = {}

    def saw(self, delivery: str, receipt: Receipt, /) -> None:
        with self._turn:
            now = self._monotonic()
            self._seen = {name: kept for name, kept in self._seen.items() if kept[0] > now}
            _, before = self._seen.get(delivery, (0.0, frozenset()))
            if len(before) < MOST:
                self._seen[delivery] = now + AGE, before | {receipt}

    def seen(self, delivery: str, /) -> list[Receipt]:
        with self._turn:
            until, found = self._seen.get(delivery, (0.0, frozenset()))
            return list(found) if until > self._monotonic() else []


class RedisSightings(LocalSightings):
    """Implements `bot.ports.conversations.Sightings` for all processes. Never raises for Redis, with short timeouts.

    While Redis is away each process goes by what it was told itself, and asks again after `rest` seconds.
    """

    def __init__(self, url: str, *, rest: float = 2.0) -> None:
        """Raises ValueError for an address that makes no sense."""
        super().__init__()
        self._server = OptionalRedis(url, rest=rest)
        self._redis = self._server.redis

    def saw(self, delivery: str, receipt: Receipt, /) -> None:
        if not self._server.asked(lambda: self._note(_key(delivery), f"{receipt.channel} {receipt.ts}")):
            super().saw(delivery, receipt)

    def _note(self, key: str, receipt: str) -> bool:
        if self._redis.scard(key) >= MOST:
            return True
        # In one transaction: what is noted without an end would stay for ever.
        with self._redis.pipeline() as noting:
            noting.sadd(key, receipt)
            noting.expire(key, AGE)
            noting.execute()
        return True

    def seen(self, delivery: str, /) -> list[Receipt]:
        found: Any = self._server.asked(lambda: self._redis.smembers(_key(delivery))) or set()
        split = (one.decode(errors="replace").rpartition(" ") for one in found)
        shared = {Receipt(channel=channel, ts=ts) for channel, _, ts in split if channel and ts}
        return [*shared.union(super().seen(delivery))]

    def close(self) -> None:
        self._server.close()


def _key(delivery: str) -> str:
    return f"closeloop:seen:{delivery}"
