"""Accepted alerts a second, each durable before its 202, beside two references in the same run.

    python bench/intake.py                    # the whole table, about two minutes
    python bench/intake.py --seconds 2 --rounds 1
    python bench/intake.py --database postgres  # the product on PostgreSQL beside the product on SQLite

Three servers, one after the other and again in each round, all of them one uvicorn process with the product's app:

    group     the product: one writer, many requests a commit (SQLite on disk, WAL, synchronous=FULL)
    unstored  the same parsing, authentication and validation, answered without storing
    single    one commit per request, each in the thread of its request

`--database postgres` compares two others instead: `group` as above, and `postgres`, the same product on a PostgreSQL of
its own with fsync on, as it comes.

The load comes from one light process of its own (raw sockets, keep-alive, one request at a time a connection), so that
two cores are enough. The databases lie in a folder under the current directory: put it on the disk you want to know.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import math
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any, TypedDict

from product import figure, postgres

ROOT = Path(__file__).resolve().parent.parent
CONNECTIONS = (1, 16, 64)
VARIANTS = ("group", "unstored", "single")
DATABASES = ("group", "postgres")
"""the variants of `--database postgres`"""
KEY = "cl_bench_" + "5" * 64


class Measured(TypedDict):
    """One run: how many 202s, in how many seconds, and how long each took (milliseconds)."""

    accepted: int
    """while it was measured"""
    all: int
    """with the warming up before"""
    seconds: float
    p50: float
    p99: float
    worst: float
    refused: int
    cpu: float
    """of the server, microseconds a raise: what is left of a number when the machine was busy with something else"""


# ── the server ───────────────────────────────────────────────────────────────────────────────────────────────────────


def serve(variant: str, port: int, database: str, profile: str | None) -> None:
    """One uvicorn process with the product's app, until SIGTERM."""
    from handlers import web

    door, loop = _door(variant, database)
    web.serve(_app(loop, door, _profiled(profile)), host="127.0.0.1", port=port)


def _door(variant: str, database: str) -> tuple[Any, Any]:
    from bot.hints import BackgroundQueue
    from bot.ids import new_id
    from bot.loop import Loop

    store, clock = _store(database)
    hints = BackgroundQueue(_NoQueue())
    hints.start()
    loop = Loop(store=store, queue=hints, clock=clock, plan=_plan(), new_id=new_id)
    doors = {"unstored": _Unstored(), "single": _Single(loop)}
    return doors.get(variant), loop


def _app(loop: Any, door: Any, parse: Any) -> Any:
    from connectors.intake import format_named
    from handlers.web import WebParts, create_app

    return create_app(
        WebParts(
            loop=parse(loop),
            store=loop.store,
            native=format_named("native"),
            base_url="http://127.0.0.1",
            per_source="100000000/minute",
            door=door,
        )
    )


def _store(url: str) -> tuple[Any, Any]:
    from bot.clock import SystemClock
    from bot.core.people import Person
    from bot.core.policy import Policy, Step
    from bot.core.signal import Severity
    from bot.keys import digest, split
    from bot.ports import Source
    from storage import migrate
    from storage.store import SqlStore

    clock = SystemClock()
    migrate.upgrade(url)
    store, now = SqlStore(url), clock.now()
    steps = tuple(Step(who=who, nudge_every=timedelta(minutes=15)) for who in ("owner", "manager"))
    within = {severity: timedelta(days=1) for severity in Severity}
    store.save_policies([Policy(name="default", steps=steps, within=within, check_in_every=timedelta(hours=2))], at=now)
    people = [("ana", "cleo"), ("cleo", "elsa"), ("elsa", None)]
    store.save_people([Person(id=_mail(who), name=who.title(), manager=_mail(boss)) for who, boss in people], at=now)
    key_id, secret = split(KEY) or ("", "")
    store.save_source(Source(id="ap-auditor", name="ap-auditor", keys=((key_id, digest(secret)),)))
    return store, clock


def _mail(who: str | None) -> Any:
    return f"{who}@acme.example" if who else None


def _plan() -> Any:
    from bot.core.routing import Owner, Plan, Rule

    return Plan(
        last_resort="elsa@acme.example",
        fallback_channel="#ai-exceptions",
        sources={"ap-auditor": Rule(channel="#ai-alerts", owners=(Owner("ana@acme.example"),), policy="default")},
        rules=(Rule(when={"labels.team": ("payments",), "severity": ("critical",)}, channel="#payments"),),
    )


class _NoQueue:
    """Hints go nowhere: they are sent beside the request, never in it."""

    def hint(self, job: str, ids: Any) -> bool:
        return True

    def ping(self) -> bool:
        return True


class _Unstored:
    """The first reference: everything but the storing."""

    async def submit(self, arrival: Any) -> Any:
        from bot.acts import Received
        from bot.ids import new_id

        return Received(alert_id=new_id(), status="open", duplicate=False)


class _Single:
    """The second reference: every request commits for itself, in a thread, as a plain endpoint would."""

    def __init__(self, loop: Any) -> None:
        self._loop = loop

    async def submit(self, arrival: Any) -> Any:
        from starlette.concurrency import run_in_threadpool

        answers = await run_in_threadpool(self._loop.receive, [arrival])
        return answers[0]


def _profiled(path: str | None) -> Any:
    """The loop with `receive` under cProfile where a file is named; what it costs per raise is found with pstats."""
    if path is None:
        return lambda loop: loop
    import cProfile
    from types import SimpleNamespace

    def wrap(loop: Any) -> Any:
        profile = cProfile.Profile()

        def receive(arrivals: Any) -> Any:
            answers = profile.runcall(loop.receive, arrivals)
            if time.monotonic() > wrapped.dump_at:
                profile.dump_stats(path)
                wrapped.dump_at = time.monotonic() + 1
            return answers

        wrapped = SimpleNamespace(
            receive=receive, clock=loop.clock, store=loop.store, cleared=loop.cleared, dump_at=0.0
        )
        return wrapped

    return wrap


# ── the load ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def load(port: int, connections: int, seconds: float) -> Measured:
    """Every connection sends its next raise as soon as the last one is answered."""
    import uvloop

    return uvloop.run(_load(port, connections, seconds))


async def _load(port: int, connections: int, seconds: float) -> Measured:
    loop = asyncio.get_running_loop()
    run = _Run(connections, seconds)
    senders = [_Sender(run, number) for number in range(connections)]
    for sender in senders:
        await loop.create_connection(lambda sender=sender: sender, "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*(sender.done for sender in senders))
    took = sorted(run.took)
    return Measured(
        accepted=len(took),
        all=run.answered,
        seconds=seconds,
        p50=_share(took, 0.50),
        p99=_share(took, 0.99),
        worst=took[-1] * 1000 if took else 0.0,
        refused=run.refused,
        cpu=0.0,
    )


def _share(took: list[float], share: float) -> float:
    return took[min(int(len(took) * share), len(took) - 1)] * 1000 if took else 0.0


class _Run:
    """What all connections share: from when it counts, until when, what was measured.

    It counts some time after every connection had its first answer: a busy server accepts them one by one.
    """

    def __init__(self, connections: int, seconds: float) -> None:
        self._silent, self._seconds = connections, seconds
        self.counts_from = self.ends_at = math.inf
        self.took: list[float] = []
        self.answered = self.refused = 0

    def first_answer(self, now: float) -> None:
        self._silent -= 1
        if self._silent == 0:
            self.counts_from = now + self._seconds / 4
            self.ends_at = self.counts_from + self._seconds


class _Sender(asyncio.Protocol):
    """One connection: a raise, its answer, the next raise."""

    def __init__(self, run: _Run, number: int) -> None:
        self._run = run
        self._loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = self._loop.create_future()
        self._before, self._after = _request(number)
        self._sent = 0
        self._sent_at = 0.0
        self._heard = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._heard += data
        head, gap, body = self._heard.partition(b"\r\n\r\n")
        if not gap or len(body) < _length(head):
            return
        now = time.perf_counter()
        self._run.answered += 1
        if self._sent == 1:
            self._run.first_answer(now)
        if not self._heard.startswith(b"HTTP/1.1 202"):
            self._run.refused += 1
        elif self._run.counts_from <= now < self._run.ends_at:
            self._run.took.append(now - self._sent_at)
        self._heard = b""
        if now < self._run.ends_at:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def _send(self) -> None:
        self._sent += 1
        self._sent_at = time.perf_counter()
        self._transport.write(b"%b%010d%b" % (self._before, self._sent, self._after))


def _length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])


def _request(number: int) -> tuple[bytes, bytes]:
    """A believable raise of about 0.8 kB, in two parts: between them goes ten digits of its dedup key."""
    body = json.dumps(
        {
            "dedup_key": f"inv-{number}-@@@@@@@@@@",
            "title": "Invoice INV-20416 is 1,250.50 EUR above its purchase order",
            "severity": "error",
            "summary": "The invoice of Globex for October bills 42 hours at the rate of a senior consultant; the "
            "purchase order PO-7731 names 42 hours at the standard rate. The difference is 1,250.50 EUR.",
            "discrepancy": {
                "entity": {"type": "invoice", "id": "INV-20416", "url": "https://erp.acme.example/invoices/20416"},
                "expected": 10000,
                "observed": 11250.5,
                "unit": "EUR",
            },
            "confidence": 0.97,
            "model": {"name": "ap-auditor", "version": "3.2.1"},
            "evidence": [{"label": "Purchase order PO-7731", "url": "https://erp.acme.example/orders/7731"}],
            "value": {"amount": "1250.50", "currency": "EUR"},
            "labels": {"team": "payments", "region": "emea"},
        }
    ).encode()
    head = (
        f"POST /v1/alerts HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {KEY}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    before, _, after = (head + body).partition(b"@@@@@@@@@@")
    return before, after


# ── the run ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def _server(variant: str, database: str, profile: str | None) -> Iterator[tuple[int, int]]:
    port = _free_port()
    command = [sys.executable, __file__, "serve", variant, str(port), database, *([profile] if profile else [])]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        _wait_for(port, process)
        yield port, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit("the server did not start")


def _measured(server: tuple[int, int], connections: int, seconds: float) -> Measured:
    port, pid = server
    command = [sys.executable, __file__, "load", str(port), str(connections), str(seconds)]
    before = _cpu(pid)
    answer = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    measured: Measured = json.loads(answer.stdout)
    measured["cpu"] = (_cpu(pid) - before) * 1e6 / max(measured["all"], 1)
    if measured["refused"]:
        raise SystemExit(f"{measured['refused']} raises were refused: the numbers would mean nothing")
    return measured


def _cpu(pid: int) -> float:
    """Seconds of CPU a process has used; 0 where there is no /proc."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return 0.0
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


Databases = Callable[[str], str]
"""a variant ▶ the URL of an empty database for it"""


def run(options: argparse.Namespace) -> None:
    """All variants in every round, so that a machine that gets slower meanwhile is unfair to none of them."""
    with _databases(options.database) as database:
        found: dict[tuple[str, int], list[Measured]] = {}
        for _ in range(options.rounds):
            for variant in options.variants or (DATABASES if options.database == "postgres" else VARIANTS):
                with _server(variant, database(variant), options.profile) as server:
                    for connections in options.connections:
                        one = _measured(server, connections, options.seconds)
                        found.setdefault((variant, connections), []).append(one)
    _report(found, options)


@contextmanager
def _databases(kind: str) -> Iterator[Databases]:
    folder = Path(tempfile.mkdtemp(prefix="bench-intake-", dir=Path.cwd()))
    numbers = itertools.count()
    try:
        with postgres() if kind == "postgres" else nullcontext() as server:
            yield (
                lambda variant: (
                    server() if server and variant == "postgres" else f"sqlite:///{folder / f'{next(numbers)}.db'}"
                )
            )
    finally:
        shutil.rmtree(folder)


def _report(found: dict[tuple[str, int], list[Measured]], options: argparse.Namespace) -> None:
    print(
        f"\n{'server':<10}{'connections':>12}{'accepted/s':>12}{'p50 ms':>9}{'p99 ms':>9}{'worst ms':>10}{'cpu us':>8}"
    )
    for (variant, connections), runs in sorted(found.items(), key=lambda item: (item[0][1], item[0][0])):
        middle = {name: statistics.median(one[name] for one in runs) for name in ("p50", "p99", "worst", "cpu")}
        print(
            f"{variant:<10}{connections:>12}{_rate(runs):>12.0f}"
            f"{middle['p50']:>9.2f}{middle['p99']:>9.2f}{middle['worst']:>10.1f}{middle['cpu']:>8.0f}"
        )
    most = max(options.connections)
    measured = {variant for variant, _ in found}
    print(f"\nat {most} connections, median of {options.rounds} rounds of {options.seconds:g} s:")
    if measured >= set(VARIANTS):
        _beside_the_references(found, most)
    if measured >= set(DATABASES):
        sqlite, other = (_rate(found[variant, most]) for variant in DATABASES)
        said, ratio = f"{sqlite:.0f}/s on SQLite", other / sqlite
        figure("accepted on PostgreSQL", f"{other:.0f}/s", reference=said, ratio=ratio, goal=">= 1x", met=ratio >= 1)


def _beside_the_references(found: dict[tuple[str, int], list[Measured]], most: int) -> None:
    group, unstored, single = (_rate(found[variant, most]) for variant in VARIANTS)
    p99 = statistics.median(one["p99"] for one in found["group", most])
    value, ratio = f"{group:.0f}/s", group / unstored
    figure("accepted", value, reference=f"{unstored:.0f}/s unstored", ratio=ratio, goal=">= 0.6x", met=ratio >= 0.6)
    ratio = group / single
    figure("accepted", value, reference=f"{single:.0f}/s one by one", ratio=ratio, goal=">= 5x", met=ratio >= 5)
    figure("p99 of an answer", f"{p99:.1f} ms", goal="< 100 ms", met=p99 < 100)


def _rate(runs: list[Measured]) -> float:
    return statistics.median(one["accepted"] / one["seconds"] for one in runs)


def main() -> None:
    if sys.argv[1:2] == ["serve"]:
        serve(sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5] if sys.argv[5:] else None)
        return
    if sys.argv[1:2] == ["load"]:
        print(json.dumps(load(int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))))
        return
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=4.0, help="of each measurement")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--connections", type=int, nargs="+", default=list(CONNECTIONS))
    options.add_argument("--variants", nargs="+", choices={*VARIANTS, *DATABASES})
    options.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    options.add_argument("--profile", help="file for cProfile's account of storing (slows it down)")
    run(options.parse_args())


if __name__ == "__main__":
    main()
