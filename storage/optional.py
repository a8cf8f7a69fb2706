"""A Redis that may be away: asked with short timeouts, left alone for a while after a failure, never an exception."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Disconnected
from redis.retry import Retry

from storage.queue import connect
from storage.rest import Rest

T = TypeVar("T")


class OptionalRedis:
    """`redis` is the client; all is asked of it through `asked`. After a failure nobody asks for `rest` seconds."""

    def __init__(self, url: str, *, rest: float) -> None:
        """Nothing is sent yet. Raises ValueError for an address that makes no sense."""
        # One more attempt where the connection was cut: the server may have been started again in the meantime.
        retry = Retry(NoBackoff(), 1, supported_errors=(Disconnected,))
        self.redis: Redis = connect(url, socket_connect_timeout=1.0, socket_timeout=1.0, retry=retry)
        self._rest = Rest(rest)

    def asked(self, call: Callable[[], T]) -> T | None:
        """What Redis answers; None while it is away."""
        if not self._rest.over:
            return None
        try:
            answer = call()
        except RedisError:
            self._rest.failed()
            return None
        self._rest.answered()
        return answer

    def close(self) -> None:
        self.redis.close()
