"""Addresses at which a clicked message may be edited for a while: the answer to the click costs no call of a limit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.ports import Receipt
from storage.optional import OptionalRedis

AGE = 25 * 60
"""seconds; the platform forgets them after thirty minutes"""
USES = 3
"""of the platform's five: the others answer whoever clicked"""

# The same address again gets no further uses, also where they are used up.
KEEP = """
if redis.call('HGET', KEYS[1], 'address') == ARGV[1] then return end
redis.call('HSET', KEYS[1], 'address', ARGV[1], 'left', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
"""
TAKE = """
if (tonumber(redis.call('HGET', KEYS[1], 'left') or '') or 0) < 1 then return false end
redis.call('HINCRBY', KEYS[1], 'left', -1)
return redis.call('HGET', KEYS[1], 'address')
"""


@dataclass(kw_only=True)
class _Way:
    address: str
    until: float
    left: int = USES


class LocalWays:
    """Implements `bot.ports.Ways` for one process."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._turn = threading.Lock()
        self._ways: dict[Receipt, _Way] = {}

    def keep(self, receipt: Receipt, address: str, /) -> None:
        """The newest click's counts. The same address again gets no further uses."""
        with self._turn:
            self._forget()
            before = self._ways.get(receipt)
            if before is None or before.address != address:
                self._ways[receipt] = _Way(address=address, until=self._monotonic() + AGE)

    def take(self, receipt: Receipt, /) -> str | None:
        with self._turn:
            self._forget()
            way = self._ways.get(receipt)
            if way is None or not way.left:
                return None
            way.left -= 1
            return way.address

    def has(self, receipt: Receipt, /) -> bool:
        with self._turn:
            self._forget()
            way = self._ways.get(receipt)
            return way is not None and way.left > 0

    def _forget(self) -> None:
        now = self._monotonic()
        self._ways = {receipt: way for receipt, way in self._ways.items() if way.until > now}


class RedisWays:
    """Implements `bot.ports.Ways` for all processes. Never raises for Redis, never takes longer than short timeouts.

    After a failure nobody asks again for `rest` seconds.
    """

    def __init__(self, url: str, *, rest: float = 2.0) -> None:
        """Raises ValueError for an address that makes no sense."""
        self._server = OptionalRedis(url, rest=rest)
        self._redis = self._server.redis
        self._keep, self._take = self._redis.register_script(KEEP), self._redis.register_script(TAKE)

    def keep(self, receipt: Receipt, address: str, /) -> None:
        self._server.asked(lambda: self._keep(keys=[_key(receipt)], args=[address, USES, AGE]))

    def take(self, receipt: Receipt, /) -> str | None:
        address = self._server.asked(lambda: self._take(keys=[_key(receipt)]))
        return address.decode(errors="replace") if address else None

    def has(self, receipt: Receipt, /) -> bool:
        address, left = self._server.asked(lambda: self._redis.hmget(_key(receipt), "address", "left")) or (None, None)
        return bool(address) and left in [b"%d" % number for number in range(1, USES + 1)]

    def close(self) -> None:
        self._server.close()


def _key(receipt: Receipt) -> str:
    return f"closeloop:way:{receipt.channel}:{receipt.ts}"
