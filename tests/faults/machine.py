"""Whole machines, forked in a moment: web, worker and clock of the product in one process, to be killed at will."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LOCAL = "redis://127.0.0.1:1/0"
"""an address at which no Redis is: hints stay inside the process"""
ALL = ("web", "worker", "clock")
ZYGOTE = Path(__file__).parent / "zygote.py"


@dataclass(kw_only=True)
class Machine:
    """One process. Everything about it is told by the zygote's thread, under `told`."""

    pid: int = 0
    port: int
    roles: tuple[str, ...]
    said: Path
    """the file with everything it logs"""
    told: threading.Condition = field(repr=False)
    up: bool = False
    at: str | None = None
    """the crash point at which it stands"""
    armed: bool = False
    code: int | None = None
    """how it ended: an exit code, or minus the signal that killed it"""
    broke: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def alive(self) -> bool:
        return self.code is None

    def until(self, condition: Any, seconds: float = 20.0, *, why: str = "") -> None:
        """Waits for what the machine tells. AssertionError when it does not within `seconds`."""
        with self.told:
            if not self.told.wait_for(condition, seconds):
                raise AssertionError(f"{why or 'it never happened'} ({self}): {self.tail()}")

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Sends a signal; with SIGKILL it returns once the process is gone."""
        if self.alive:
            os.kill(self.pid, number)
        if number == signal.SIGKILL:
            self.until(lambda: not self.alive, why="it did not die")

    def arm(self, name: str, *, how: str, moved: bool = False) -> None:
        """From now on it ends (`exit`), stands (`kill`) or stops as a whole (`pause`) at this crash point.

        With `moved` only once business time was moved on.
        """
        wanted = {"arm": name, "how": how, "moved": moved}
        Path(f"{self.said}.arm").write_text(json.dumps(wanted))
        os.kill(self.pid, signal.SIGUSR1)
        self.until(lambda: self.armed or not self.alive, why="it was not armed")

    def tail(self) -> str:
        return self.said.read_text(errors="replace")[-3000:] if self.said.exists() else ""


class Zygote:
    """The forking process; a thread of this one reads what it and its children tell."""

    def __init__(self) -> None:
        self._told = threading.Condition()
        self._ids = itertools.count(1)
        self._waiting: dict[int, Machine] = {}
        self._machines: dict[int, Machine] = {}
        self._early: list[dict[str, Any]] = []
        self._loaded = False
        self._process = subprocess.Popen(
            [sys.executable, str(ZYGOTE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        self._reader = threading.Thread(target=self._read, name="zygote", daemon=True)
        self._reader.start()

    def wait_loaded(self) -> None:
        with self._told:
            assert self._told.wait_for(lambda: self._loaded, 60), "the zygote never loaded"

    def start(
        self,
        *,
        env: Mapping[str, str],
        port: int,
        said: Path,
        roles: Iterable[str] = ALL,
        arm: str = "",
        how: str = "exit",
        migrated: bool = True,
        constants: Mapping[str, Any] | None = None,
        wait: bool = True,
    ) -> Machine:
        """A new machine; returns once it answers.

        `arm`: the crash point at which it ends (`exit`) or stands to be killed (`kill`), from its very beginning.
        `constants`: `module:NAME` ▶ another value.
        """
        machine = Machine(port=port, roles=tuple(roles), said=said, told=self._told)
        order = {
            "id": next(self._ids),
            "env": dict(env),
            "port": port,
            "roles": list(roles),
            "said": str(said),
            "arm": arm,
            "how": how,
            "moved": False,
            "migrated": migrated,
            "set": dict(constants or {}),
        }
        with self._told:
            self._waiting[order["id"]] = machine
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
        machine.until(lambda: machine.pid, why="it was not forked")
        if wait:
            machine.until(lambda: machine.up or not machine.alive, why="it never came up")
            if not machine.up and not arm:
                raise AssertionError(f"it ended while it started: {machine.broke or machine.tail()}")
        return machine

    def close(self) -> None:
        """Everything it forked is killed with it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._reader.join(10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._told:
                self._take(json.loads(line))
                self._told.notify_all()

    def _take(self, told: dict[str, Any]) -> None:
        if "loaded" in told:
            self._loaded = True
        elif "forked" in told:
            machine = self._waiting.pop(told["forked"])
            machine.pid = told["child"]
            self._machines[machine.pid] = machine
            early, self._early = self._early, []
            for one in early:
                self._take(one)
        elif (pid := told.get("gone", told["pid"])) not in self._machines:
            self._early.append(told)  # a child may be quicker to speak than the zygote
        else:
            self._note(self._machines[pid], told)

    def _note(self, machine: Machine, told: dict[str, Any]) -> None:
        if "gone" in told:
            machine.code = told["code"]
            del self._machines[machine.pid]
        elif "up" in told:
            machine.up = True
        elif "armed" in told:
            machine.armed = True
        elif "at" in told:
            machine.at = told["at"]
        elif "broke" in told:
            machine.broke = told["broke"]
