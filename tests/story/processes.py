"""`closeloop up --sandbox` as a process of its own: started, watched through what it says, stopped."""

from __future__ import annotations

import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

STARTED = re.compile(r"action=process_started.*?pid=(\d+).*?process=(\S+)")
CHECKOUT = Path(__file__).parents[2]
CLOSELOOP = str(Path(sys.executable).with_name("closeloop"))


def two_free_ports() -> int:
    """A port of 127.0.0.1 that nobody has, and the one after it: the sandbox takes that.

    Below those that the system hands out for outgoing connections: one of them could be taken while the product starts.
    """
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as first, socket.socket() as second:
            try:
                first.bind(("127.0.0.1", port))
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


def own_environment(**more: str) -> dict[str, str]:
    """Ours without what the person who runs the tests has set for the product.

    The product is this checkout's, also where the command is another's: a worktree has no environment of its own.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CLOSELOOP_", "SLACK_", "MICROSOFT_", "GRAPH_"))
    }
    return {**kept, "PYTHONPATH": str(CHECKOUT), **more}


@dataclass(kw_only=True)
class Product:
    """One running `closeloop up`. `said` is the file with everything that its processes print."""

    said: Path
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, port: int, *, folder: Path, env: Mapping[str, str]) -> Product:
        said = folder / "said.txt"
        with said.open("wb") as out:
            process = subprocess.Popen(
                [CLOSELOOP, "up", "--sandbox", "--port", str(port)],
                cwd=folder,
                env=env,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return cls(said=said, process=process)

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def started(self) -> list[tuple[str, int]]:
        """(name, pid) of every process it ever started, oldest first."""
        return [(name, int(pid)) for pid, name in STARTED.findall(self.said.read_text(errors="replace"))]

    def pid(self, name: str) -> int:
        """The pid that the process of this name has now."""
        return dict(self.started())[name]

    def kill(self, name: str) -> int:
        """kill -9. Returns the pid that is no more."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        return pid

    def stop(self) -> float:
        """SIGTERM. Returns the seconds it took; the exit code is in `process`."""
        begun = time.monotonic()
        if self.running:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        return time.monotonic() - begun

    def left_behind(self) -> list[tuple[str, int]]:
        """Processes it started that are still there."""
        return [(name, pid) for name, pid in self.started() if _alive(pid)]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
