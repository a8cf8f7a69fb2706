"""Redis is only an optimisation: emptied, hung, full, read-only, with another password or never there at all."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis
from faults.conftest import Settle
from faults.monkey import Valkey, valkey
from faults.proxy import Fault, proxy
from faults.village import Village

Break = Callable[[Valkey], object]
NEVER_THERE = "redis://127.0.0.1:9/0"


@pytest.fixture
def queue() -> Iterator[Valkey]:
    with valkey() as opened:
        yield opened


def ask(queue: Valkey, *command: str) -> Any:
    with redis.Redis(unix_socket_path=str(queue.socket), socket_timeout=5) as client:
        return client.execute_command(*command)


@contextmanager
def town(everywhere: Settle, url: str) -> Iterator[Village]:
    """A village with a web, two workers and a clock of its own, as separate processes."""
    village = everywhere("sqlite", CLOSELOOP_REDIS_URL=url)
    for roles in (("web",), ("worker",), ("worker",), ("clock",)):
        village.start(roles=roles)
    yield village


BREAKS: dict[str, Break] = {
    "killed": lambda queue: queue.kill(),
    "hung": lambda queue: queue.process.send_signal(signal.SIGSTOP),
    "full": lambda queue: ask(queue, "CONFIG", "SET", "maxmemory", "1"),
    "read-only": lambda queue: ask(queue, "REPLICAOF", "127.0.0.1", "9"),
    "another password": lambda queue: ask(queue, "CONFIG", "SET", "requirepass", "another"),
}


@pytest.mark.parametrize("how", BREAKS)
def test_without_a_working_redis_everything_is_accepted_at_once_and_said_all_the_same(
    everywhere: Settle, queue: Valkey, how: str
) -> None:
    with town(everywhere, queue.url) as village:
        first = village.raise_alert()
        village.until(lambda: village.card(first), why="no card was shown")
        BREAKS[how](queue)
        took = []
        for _ in range(6):
            begun = time.monotonic()
            alert = village.raise_alert()
            took.append(time.monotonic() - begun)
        assert sorted(took)[len(took) // 2] < 0.25, took  # a hung Redis must not be on the way of a request
        village.until(lambda: village.card(alert), 30, why="no card was shown without Redis")
        village.forward(minutes=11)
        village.until(lambda: "nudged" in village.trail(alert), 30, why="nobody was nudged without Redis")
        village.hold(60)


def test_a_redis_that_was_never_there_is_not_missed(everywhere: Settle) -> None:
    with town(everywhere, NEVER_THERE) as village:
        alerts = [village.raise_alert() for _ in range(5)]
        village.until(lambda: all(village.card(alert) for alert in alerts), 30, why="not every card was shown")
        village.hold(60)


def test_it_is_used_again_once_it_is_back(everywhere: Settle, queue: Valkey) -> None:
    with town(everywhere, queue.url) as village:
        queue.kill()
        village.raise_alert()
        queue.ensure()
        village.until(lambda: ask(queue, "CLIENT", "LIST").count(b"\n") >= 3, 30, why="nobody came back")
        alert = village.raise_alert()
        village.until(lambda: village.card(alert), 30, why="no card was shown")
        village.hold(60)


def test_emptied_a_hundred_times_under_load_it_loses_nothing(everywhere: Settle, queue: Valkey) -> None:
    with town(everywhere, queue.url) as village:
        for number in range(100):
            queue.flush()
            if number % 8 == 0:
                village.raise_alert()
        village.hold(60)


LINES = {
    "resets": Fault(cut_after=200),
    "refuses": Fault(refuse=True),
    "swallows": Fault(blackhole=True),
    "is slow": Fault(delay=0.05),
}


@pytest.mark.parametrize("how", LINES)
def test_a_line_to_redis_that_breaks_loses_nothing(everywhere: Settle, queue: Valkey, how: str) -> None:
    with proxy(str(queue.socket)) as wire, town(everywhere, f"redis://127.0.0.1:{wire.port}/0") as village:
        village.raise_alert()
        wire.set(LINES[how])
        alerts = [village.raise_alert() for _ in range(4)]
        village.until(lambda: all(village.card(alert) for alert in alerts), 40, why="not every card was shown")
        wire.heal()
        village.raise_alert()
        village.hold(60)
