from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
import uvicorn
from typer.testing import CliRunner, Result

import bot
from bot.cli import app
from bot.clock import SystemClock
from bot.ids import new_id
from bot.loop import Loop
from bot.ports import Store
from bot.settings import load
from connectors.intake import format_named
from handlers.web import WebParts, create_app
from storage.memory import MemoryStore

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "closeloop.example.yaml"
WELL_CONFIG = 'fallback: {owner: elsa@acme.example, channel: "#ai-exceptions"}\n'
Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the machine's own environment, and a folder of its own."""
    for name in list(os.environ):
        if name.startswith(("CLOSELOOP_", "SLACK_", "MICROSOFT_", "GRAPH_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run() -> Run:
    """The command line, called as a person calls it."""

    def call(*arguments: str, stdin: str = "") -> Result:
        return CliRunner().invoke(app, list(arguments), input=stdin, prog_name="closeloop")

    return call


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def wired(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Stands where bot.main and bot.parts are: the wiring of a database in memory."""
    wiring = SimpleNamespace(open_store=lambda env=None: store, checks=list)
    for name in ("main", "parts"):
        monkeypatch.setitem(sys.modules, f"bot.{name}", wiring)  # type: ignore[arg-type]
        monkeypatch.setattr(bot, name, wiring, raising=False)
    return wiring


class NoQueue:
    """A queue that is away: nothing here is delivered."""

    def hint(self, job: str, ids: Iterable[str | int], /) -> bool:
        return False

    def ping(self) -> bool:
        return False


@dataclass(frozen=True)
class Running:
    url: str
    store: Store


@pytest.fixture
def running(store: MemoryStore) -> Iterator[Running]:
    """The real intake and API over real HTTP, on the database in memory."""
    config, clock = load(EXAMPLE), SystemClock()
    store.save_policies(config.policies(), at=clock.now())
    store.save_people(config.people(), at=clock.now())
    loop = Loop(store=store, queue=NoQueue(), clock=clock, plan=config.plan(), new_id=new_id)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        parts = WebParts(
            loop=loop,
            store=store,
            native=format_named("native"),
            base_url=url,
            may_name_owner=config.may_name_owner,
        )
        server = uvicorn.Server(uvicorn.Config(create_app(parts), log_level="critical", lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + 10
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.started
        yield Running(url, store)
        server.should_exit = True
        thread.join(timeout=10)
