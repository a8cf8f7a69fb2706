"""`closeloop up` says once what is in its way and keeps its processes running; log lines hold no secret."""

from __future__ import annotations

import importlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.commands.say import Failed
from bot.logs import redacted
from bot.supervisor import Fork
from bot.up import SHARED, Options, _alone, _refuse_taken_ports, _sandbox


def test_a_port_that_is_taken_is_named_before_anything_starts() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Failed, match=f"127.0.0.1:{port}: .*--port"):
            _refuse_taken_ports(Options(port=port))


def test_a_second_run_in_the_same_folder_is_refused_and_the_first_keeps_it(tmp_path: Path) -> None:
    with _alone(tmp_path), pytest.raises(Failed, match="another closeloop up runs"), _alone(tmp_path):
        pass
    with _alone(tmp_path):
        pass


@pytest.mark.parametrize(
    "text",
    [
        "xoxb-12-34-abc",
        "xapp-1-A0-12-abc",
        "cl_3f56e55dc778_1dc418ce641c",
        "Authorization: Bearer abc.def",
        "postgresql://closeloop:hunter2@db/closeloop",
    ],
)
def test_a_secret_in_a_log_line_is_taken_out(text: str) -> None:
    line = redacted(None, "info", {"event": f"sent {text}", "rows": 3})
    assert "[secret]" in line["event"]
    assert not any(part in line["event"] for part in ("12-34", "1-A0", "1dc418", "abc.def", "hunter2"))
    assert line["rows"] == 3


SUPERVISED = """
import os, random, secrets, signal, sys, threading, time
from pathlib import Path
from bot import logs
from bot.supervisor import Child, Fork, Program, Supervisor

folder = Path(sys.argv[1])

def say(name, *words):
    with (folder / name).open("a") as out:
        out.write(" ".join(map(str, words)) + "\\n")

def stay(name):
    def work():
        say(name, os.getpid(), os.getsid(0), threading.active_count(), random.random(), secrets.token_hex(8))
        signal.pause()
    return work

def leave(code):
    def work():
        say(f"leaves-{code}", os.getpid())
        sys.exit(code)
    return work

logs.configure("text")
sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
first = [Child(name="one", process=Fork(work=stay("one"))), Child(name="two", process=Fork(work=stay("two")))]
second = [Child(name=f"leaves-{code}", process=Fork(work=leave(code))) for code in (0, 3)]
third = [Child(name="program", process=Program(argv=sleeper))]
sys.exit(Supervisor(stages=[first, second, third]).run())
"""


@dataclass(kw_only=True)
class Run:
    """A supervisor in a process of its own, and what its children wrote down."""

    folder: Path
    process: subprocess.Popen[bytes]

    def lines(self, name: str, count: int) -> list[list[str]]:
        """The words of each start of a child, once it was started so often."""
        path = self.folder / name
        eventually(lambda: path.exists() and len(path.read_text().splitlines()) >= count, f"{name} {count} times")
        return [line.split() for line in path.read_text().splitlines()]

    def started(self, name: str) -> list[int]:
        """The pids that the log names."""
        found = re.findall(rf"action=process_started +pid=(\d+) +process={name}\n", (self.folder / "log").read_text())
        return [int(pid) for pid in found]

    def gone(self) -> bool:
        return not any(alive(pid) for pid in self.started(r"\S+"))


def eventually(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether it runs; what has ended and was not asked about yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Run]:
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-c", SUPERVISED, str(tmp_path)], stderr=log)
    run = Run(folder=tmp_path, process=process)
    yield run
    process.terminate()
    process.wait(30)


needs_forks = pytest.mark.skipif(sys.platform != "linux", reason="forked on Linux; /proc tells what runs")


@needs_forks
def test_copies_have_a_session_one_thread_and_chance_of_their_own(supervised: Run) -> None:
    one, two = supervised.lines("one", 1)[0], supervised.lines("two", 1)[0]
    assert supervised.started("one") == [int(one[0])]
    for pid, session, threads, _, _ in (one, two):
        assert (session, threads) == (pid, "1")
    assert one[3:] != two[3:]


@needs_forks
def test_whatever_its_exit_code_a_process_that_ends_is_started_again(supervised: Run) -> None:
    for code in (0, 3):
        pids = [int(pid) for (pid,) in supervised.lines(f"leaves-{code}", 3)]
        assert supervised.started(f"leaves-{code}")[:3] == pids[:3]
        assert f"code={code}" in (supervised.folder / "log").read_text()


@needs_forks
@pytest.mark.parametrize("name", ["one", "program"])
def test_a_process_that_is_killed_is_started_again(supervised: Run, name: str) -> None:
    eventually(lambda: supervised.started(name), f"{name} is started")
    os.kill(supervised.started(name)[0], signal.SIGKILL)
    eventually(lambda: len(supervised.started(name)) == 2, f"{name} is started again")
    assert "code=-9" in (supervised.folder / "log").read_text()


@needs_forks
def test_sigterm_ends_every_process_and_then_the_supervisor(supervised: Run) -> None:
    supervised.lines("one", 1)
    eventually(lambda: supervised.started("program"), "the program is started")
    supervised.process.terminate()
    assert supervised.process.wait(30) == 0
    assert supervised.gone()


@needs_forks
def test_nothing_outlives_a_supervisor_that_is_killed(supervised: Run) -> None:
    supervised.lines("one", 1)
    supervised.lines("two", 1)
    eventually(lambda: supervised.started("program"), "the program is started")
    supervised.process.kill()
    eventually(supervised.gone, "all of them are gone")


@needs_forks
def test_a_copy_lets_go_of_what_only_the_supervisor_may_hold(tmp_path: Path) -> None:
    with _alone(tmp_path) as lock:
        copy = Fork(work=signal.pause, shed=(lock.close,))
        pid = copy.start("copy")
        eventually(lambda: "up.lock" not in open_files(pid), "the copy has closed the lock")
    with _alone(tmp_path):
        assert copy.ended() is None
    copy.send(signal.SIGTERM)
    assert copy.wait(10)
    assert copy.ended() == -signal.SIGTERM


NEEDING = """
import signal, sys
from pathlib import Path
from bot import logs
from bot.supervisor import Child, Fork, Supervisor

folder = Path(sys.argv[1])

def need():
    (folder / "log-of-needing").write_text(f"ready={(folder / 'ready').exists()}")
    signal.pause()

logs.configure("text")
needed = Child(name="needed", process=Fork(work=signal.pause), ready=(folder / "ready").exists)
sys.exit(Supervisor(stages=[[Child(name="needing", process=Fork(work=need))], [needed]]).run())
"""


@pytest.fixture
def needing(tmp_path: Path) -> Iterator[Run]:
    """A child that needs another one, which can be used once there is a file called ready."""
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-c", NEEDING, str(tmp_path)], stderr=log)
    yield Run(folder=tmp_path, process=process)
    process.terminate()
    process.wait(30)


@needs_forks
def test_nobody_is_started_before_what_they_need_can_be_used(needing: Run) -> None:
    eventually(lambda: needing.started("needed"), "what is needed is started")
    (needing.folder / "ready").touch()
    assert needing.lines("log-of-needing", 1) == [["ready=True"]]


@needs_forks
def test_what_was_needed_and_fails_later_keeps_nobody_from_being_started_again(needing: Run) -> None:
    (needing.folder / "ready").touch()
    needing.lines("log-of-needing", 1)
    (needing.folder / "ready").unlink()
    os.kill(needing.started("needed")[0], signal.SIGKILL)
    os.kill(needing.started("needing")[0], signal.SIGKILL)
    eventually(lambda: len(needing.started("needing")) == 2, "it is started again")


@needs_forks
def test_whoever_waits_can_be_stopped(needing: Run) -> None:
    eventually(lambda: needing.started("needed"), "what is needed is started")
    needing.process.terminate()
    assert needing.process.wait(30) == 0
    assert needing.started("needing") == []


def test_the_stand_in_can_be_used_once_it_listens_and_not_before(free_port: Callable[[], int]) -> None:
    with socket.socket() as listener:
        port = free_port()
        sandbox = _sandbox(port)
        assert not sandbox.ready()
        listener.bind(("127.0.0.1", port))
        listener.listen()
        assert sandbox.ready()


def open_files(pid: int) -> set[str]:
    found = set()
    for one in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            found.add(one.readlink().name)
    return found


@pytest.mark.parametrize("name", SHARED)
def test_everything_that_is_shared_can_be_imported(name: str) -> None:
    importlib.import_module(name)
