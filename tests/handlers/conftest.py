"""A whole web app on a real SQLite file, with the cast's keys: the way in as a source and an operator see it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from bot.core.people import Person
from bot.core.policy import Policy, Step
from bot.core.routing import Owner, Plan, Rule
from bot.core.signal import Severity
from bot.hints import BackgroundQueue
from bot.ids import new_id
from bot.keys import digest, new_key
from bot.loop import Loop
from bot.ports import Away, Source
from connectors.intake import format_named
from handlers.web import WebParts, create_app
from storage import migrate
from storage.store import SqlStore

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BASE = "https://closeloop.acme.example"


class StillClock:
    """Noon, until it is moved."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at

    def machine(self) -> float:
        return self.at.timestamp()

    def seconds_until(self, at: datetime, /) -> float:
        return (at - self.at).total_seconds()


class HeardQueue:
    """Keeps the hints it was given; `hang()` makes it as slow as a Redis that was stopped."""

    def __init__(self) -> None:
        self.hints: list[tuple[str, list[Any]]] = []
        self.may_answer = threading.Event()
        self.may_answer.set()

    def hang(self) -> None:
        self.may_answer.clear()

    def hint(self, job: str, ids: Any, /) -> bool:
        self.may_answer.wait(30)
        self.hints.append((job, list(ids)))
        return True

    def ping(self) -> bool:
        return True


BROKEN = ("transaction", "sources", "alert", "alerts", "events", "ping", "counts", "beats", "oldest", "incidents")


class FaultyStore:
    """The real store, until something is broken."""

    def __init__(self, store: SqlStore) -> None:
        self.real = store
        self.broken: Exception | None = None

    def __getattr__(self, name: str) -> Any:
        if self.broken and name in BROKEN:
            broken = self.broken

            def fail(*args: Any, **kwargs: Any) -> Any:
                raise broken

            return fail
        return getattr(self.real, name)

    def be_away(self) -> None:
        self.broken = Away("postgresql://closeloop:s3cret@db.acme.example is not there")


@dataclass(kw_only=True)
class World:
    """What a test holds in hand. `keys` are whole keys: auditor and fraud are sources, olga an operator."""

    store: FaultyStore
    queue: HeardQueue
    clock: StillClock
    loop: Loop
    hints: BackgroundQueue
    keys: dict[str, str]
    parts: dict[str, Any] = field(default_factory=dict)

    def app(self, **parts: Any) -> FastAPI:
        given = {"loop": self.loop, "store": self.store, "native": format_named("native"), "base_url": BASE}
        return create_app(WebParts(**{**given, **self.parts, **parts}))

    def as_(self, who: str, **headers: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[who]}", **headers}


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrated once; each test gets a copy."""
    path = tmp_path_factory.mktemp("database") / "empty.db"
    migrate.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def world(tmp_path: Path, empty_database: Path) -> Iterator[World]:
    database = tmp_path / "closeloop.db"
    database.write_bytes(empty_database.read_bytes())
    store = SqlStore(f"sqlite:///{database}")
    keys = _fill(store)
    queue, clock = HeardQueue(), StillClock()
    hints = BackgroundQueue(queue)
    hints.start()
    faulty: Any = FaultyStore(store)
    loop = Loop(store=faulty, queue=hints, clock=clock, plan=_plan(), new_id=new_id)
    yield World(store=faulty, queue=queue, clock=clock, loop=loop, hints=hints, keys=keys)
    queue.may_answer.set()
    hints.stop(within=5)
    store.close()


def _fill(store: SqlStore) -> dict[str, str]:
    steps = tuple(Step(who=(who,), nudge_every=timedelta(minutes=10)) for who in ("owner", "manager"))
    within = {severity: timedelta(days=1) for severity in Severity}
    policy = Policy(name="default", steps=steps, within=within, check_in_every=timedelta(hours=2))
    store.save_policies([policy], at=NOON)
    managers = {"ana": "cleo", "ben": "cleo", "cleo": "elsa", "elsa": None, "dov": None}
    mail = {name: f"{name}@acme.example" for name in managers}
    store.save_people(
        [Person(id=mail[n], name=n.title(), manager=mail.get(m or "")) for n, m in managers.items()], at=NOON
    )
    keys = {}
    for name, kind in (("auditor", "source"), ("fraud", "source"), ("olga", "operator")):
        key = new_key()
        store.save_source(Source(id=name, name=name, kind=kind, keys=((key.id, digest(key.secret)),)))
        keys[name] = key.full
    return keys


def _plan() -> Plan:
    return Plan(
        last_resort="elsa@acme.example",
        fallback_channel="#ai-exceptions",
        sources={"auditor": Rule(channel="#ai-alerts", owners=(Owner("ana@acme.example"),))},
    )


@pytest.fixture
def client(world: World) -> Iterator[TestClient]:
    with TestClient(world.app()) as client:
        yield client


@pytest.fixture
def raise_alert(world: World, client: TestClient) -> Callable[..., Any]:
    """Raises as the auditor, or `who`; returns the 202's body."""

    def send(who: str = "auditor", **fields: Any) -> Any:
        body = {"title": "Invoice INV-1 is too high", "severity": "error", **fields}
        answer = client.post("/v1/alerts", json=body, headers=world.as_(who))
        assert answer.status_code == 202, answer.text
        return answer.json()

    return send
