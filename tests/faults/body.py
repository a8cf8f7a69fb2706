"""Inside one machine: the product's own web, worker and clock as threads of one process, or one of them alone.

Everything is wired by `bot.main` as it is for real; only what belongs to a whole process each (signals, the parts, the
migrations a prepared database needs no more) is shared, and hints may stay inside the process.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import socket
import threading
import time
from datetime import timedelta
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from faults.machine import LOCAL

from bot import crash, main, parts
from handlers import jobs
from storage import migrate

HANDS = 2
"""threads that serve hints which stay inside the process"""


class LocalQueue:
    """Hints that stay inside this process; two threads serve them, as two workers would."""

    def __init__(self, url: str, **_more: Any) -> None:
        self._hints: SimpleQueue[tuple[str, str | int]] = SimpleQueue()
        self._started = False

    def hint(self, job: str, ids: Any, /) -> bool:
        for one in ids:
            self._hints.put((job, one))
        return True

    def ping(self) -> bool:
        return True

    def close(self) -> None:
        return

    def serve(self, stop: threading.Event) -> None:
        while not stop.is_set():
            job, one = self._hints.get()
            try:
                getattr(jobs, job)(one)
            except Exception as error:  # noqa: BLE001  as RQ does: the job failed, the worker goes on
                main.log.warning("a job failed", action="job_failed", job=job, reason=repr(error))


class Body:
    """One process that was forked for it. `say` tells the test what happens here."""

    def __init__(self, order: dict[str, Any], say: Any) -> None:
        self.order, self.say = order, say
        self.stop = threading.Event()
        self.roles = tuple(order["roles"])
        self.local = os.environ["CLOSELOOP_REDIS_URL"] == LOCAL

    def live(self) -> None:
        """Until it is killed."""
        self._arrange()
        if "web" in self.roles:
            self._thread(lambda: main.run_web("127.0.0.1", self.order["port"]))
        if "clock" in self.roles:
            self._thread(main.run_clock)
        if "worker" in self.roles and self.local:
            self._serve_here()
        self._say_when_up()
        if "worker" in self.roles and not self.local:
            self._serve_redis()
        while not self.stop.wait(0.2):
            """A signal that another thread received is heard when this one, the first, runs again."""

    def _arrange(self) -> None:
        """What three processes have each, this one has once."""
        if self.local:
            parts.RqQueue = LocalQueue
        if self.order.get("migrated"):
            migrate.upgrade = lambda url: None
        for path, value in self.order.get("set", {}).items():
            _set(path, value)
        if self.order.get("arm"):
            self._arm(self.order)
        signal.signal(signal.SIGUSR1, self._told_to_arm)
        made = main.parts()
        made.prepare()
        made.__dict__["prepare"] = lambda: None
        main.parts = lambda: made
        self.parts = made
        # Signals reach a process through its first thread only; nobody here ends otherwise than by being killed.
        signal.signal = lambda *_: None  # type: ignore[assignment]

    def _told_to_arm(self, number: int, frame: Any) -> None:
        """A machine that runs already is armed by a file beside its log, and says when it is."""
        self._arm(json.loads(Path(f"{self.order['said']}.arm").read_text()))
        self.say(armed=True)

    def _arm(self, wanted: dict[str, Any]) -> None:
        acts = {"exit": lambda name: self._end, "kill": self._stand, "pause": self._pause}
        act = acts[wanted["how"]](wanted["arm"])
        if not wanted["moved"]:
            crash.arm(wanted["arm"], act)
            return
        begun = self.parts.clock.now()
        crash.arm(wanted["arm"], lambda: act() if self.parts.clock.now() - begun > timedelta(minutes=5) else None)

    def _end(self) -> None:
        os._exit(9)

    def _pause(self, name: str) -> Any:
        """The whole process stops, once, as a machine that sleeps or swaps; SIGCONT lets it go on where it was."""
        told = threading.Event()

        def pause() -> None:
            if not told.is_set():
                told.set()
                self.say(at=name)
                os.kill(os.getpid(), signal.SIGSTOP)

        return pause

    def _stand(self, name: str) -> Any:
        told = threading.Event()

        def stand() -> None:
            if not told.is_set():
                told.set()
                self.say(at=name)
            threading.Event().wait()

        return stand

    def _serve_here(self) -> None:
        jobs.use(lambda: self.parts.work)
        for _ in range(HANDS):
            self._thread(lambda: self.parts.queue.serve(self.stop))
        self._thread(lambda: self._beat_as("worker"))

    def _beat_as(self, kind: str) -> None:
        with self.parts.alive(kind):
            self.stop.wait()

    def _serve_redis(self) -> None:
        """As the supervisor does: a worker that ended is started again."""
        signal.signal = _signal  # RQ's worker runs in this, the first thread, and wants its alarm
        while not self.stop.is_set():
            try:
                main.run_worker()
            except Exception as error:  # noqa: BLE001  a worker process that broke is started again
                main.log.warning("the worker ended", action="worker_ended", reason=repr(error))
            time.sleep(0.1)

    def _say_when_up(self) -> None:
        if "web" in self.roles:
            while not _answers(self.order["port"]):
                time.sleep(0.005)
        self.say(up=True)

    def _thread(self, run: Any) -> None:
        def safely() -> None:
            try:
                run()
            except BaseException as error:  # noqa: BLE001  whatever it is: the test is told
                self.say(broke=repr(error))
                main.log.exception("a role ended", action="role_ended")
                os._exit(70)  # as a process that ends: the test sees it, and the other roles do not go on as if

        threading.Thread(target=safely, daemon=True).start()


_signal = signal.signal


def _set(path: str, value: Any) -> None:
    """`package.module:name.name` gets this value; the last name may be the key of a dict."""
    module, _, names = path.partition(":")
    *way, last = names.split(".")
    target: Any = importlib.import_module(module)
    for name in way:
        target = getattr(target, name)
    if isinstance(target, dict):
        target[last] = type(target[last])(value)
        return
    getattr(target, last)  # a name that is not there any more is a mistake of the test
    setattr(target, last, tuple(value) if isinstance(value, list) else value)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def speaker(fd: int) -> Any:
    """Lines of JSON, each written in one go: several processes share the pipe."""

    def say(**said: Any) -> None:
        os.write(fd, json.dumps({"pid": os.getpid(), **said}).encode() + b"\n")

    return say
