"""What may be done once in a while only: the first who asks does it, whichever process that is."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.ports.conversations import Once
from storage.once import LocalOnce, RedisOnce


@pytest.fixture(params=["local", "redis"])
def once(request: pytest.FixtureRequest) -> Iterator[Once]:
    if request.param == "local":
        yield LocalOnce()
        return
    found = RedisOnce(request.getfixturevalue("valkey_url"), rest=0.0)
    yield found
    found.close()


def test_of_many_who_ask_at_once_one_is_first(once: Once) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: once.first("ana", seconds=60), range(40)))
    assert sum(found) == 1
    assert once.first("ben", seconds=60)


def test_after_its_time_somebody_is_first_again() -> None:
    now = [0.0]
    once = LocalOnce(lambda: now[0])
    assert once.first("ana", seconds=60)
    now[0] = 59.9
    assert not once.first("ana", seconds=60)
    now[0] = 60.0
    assert once.first("ana", seconds=60)


def test_redis_forgets_it_after_its_time_too(valkey_url: str) -> None:
    once = RedisOnce(valkey_url, rest=0.0)
    assert once.first("ana", seconds=60)
    assert 0 < once._server.redis.ttl("closeloop:once:ana") <= 60
    once.close()


def test_without_redis_nobody_is_first() -> None:
    once = RedisOnce("redis://127.0.0.1:9", rest=0.0)
    assert not once.first("ana", seconds=60)
    once.close()
