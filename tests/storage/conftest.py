"""The same contract on every store: in memory, SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from bot.core import alert as life
from bot.core.events import Actor
from bot.core.given import Given
from bot.core.people import Person
from bot.core.policy import Policy, Step
from bot.core.raising import Placed, raised
from bot.core.routing import Plan
from bot.core.signal import Severity, Signal
from bot.core.state import Alert, Change
from bot.ports import Receipt, Settled, Store
from storage import migrate
from storage.memory import MemoryStore
from storage.models import deliveries
from storage.store import SqlStore

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ANA = Actor(kind="person", id="ana@acme.example", name="Ana")
BEN = Actor(kind="person", id="ben@acme.example", name="Ben")
PLACE = "slack:#ai-alerts"
PLAN = Plan(last_resort="elsa@acme.example", fallback_channel="#ai-exceptions")
POLICY = Policy(
    name="default",
    steps=(
        Step(who=("owner",), nudge_every=timedelta(minutes=10)),
        Step(who=("manager",), nudge_every=timedelta(hours=1)),
    ),
    within={severity: timedelta(hours=4) for severity in Severity},
    check_in_every=timedelta(hours=2),
)


@dataclass
class Hands:
    """A clock that is moved by hand."""

    at: datetime = START
    seconds: float = 1_000_000.0

    def now(self) -> datetime:
        return self.at

    def machine(self) -> float:
        return self.seconds

    def seconds_until(self, at: datetime, /) -> float:
        return (at - self.at).total_seconds()

    def pass_(self, seconds: float) -> None:
        self.seconds += seconds
        self.at += timedelta(seconds=seconds)


@dataclass
class World:
    """A store, its clock, and the loop's moves in one line each."""

    store: Any
    clock: Hands
    url: str = ""
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def machine(self) -> float:
        return self.clock.seconds

    def of_another_process(self) -> World:
        """The same database, as another process sees it."""
        return replace(self, store=SqlStore(self.url, clock=self.clock))

    def given(self, tx: Any) -> Given:
        return Given(now=self.clock.at, policy=tx.policy("default"), roster=tx, plan=PLAN)

    def raising(self, tx: Any, **said: Any) -> Change:
        """An alert that is not put yet. `id`, `place`, `also`, `owner` say where it goes, the rest is its signal."""
        alert_id = said.pop("id", None) or f"01JALERT{next(self.numbers):018d}"
        placed = Placed(
            alert_id=alert_id,
            owner=said.pop("owner", ANA.id),
            turn=said.pop("turn", None),
            mute=said.pop("mute", None),
            place=said.pop("place", PLACE),
            also=said.pop("also", ()),
            why="owner of source ap-auditor",
        )
        signal = Signal(**{"source": "ap-auditor", "title": "Invoice off", "severity": Severity.WARNING, **said})
        return raised(signal, self.given(tx), placed=placed)

    def raise_(self, **said: Any) -> Alert:
        with self.store.transaction() as tx:
            change = self.raising(tx, **said)
            tx.put(change, before=None)
        return change.alert

    def change(self, alert: Alert, rule: Callable[..., Any], **how: Any) -> Alert:
        """Do `rule` to the alert as it is stored now."""
        with self.store.transaction() as tx:
            before = tx.alert(alert.id)
            change = rule(before, self.given(tx), **how)
            tx.put(change, before=before)
        return change.alert

    def close(self, alert: Alert) -> Alert:
        with self.store.transaction() as tx:
            before = tx.alert(alert.id)
            given = self.given(tx)
            resolved = life.resolve(before, given, by=ANA, what="Paid back")
            change = resolved.then(life.close(resolved.alert, given, by=ANA))
            tx.put(change, before=before)
        return change.alert

    def claim(self, place: str = PLACE, **which: Any) -> Any:
        return self.store.claim(place, self.machine, lease=30.0, **which)

    def show(self, claimed: Any, ts: str = "1.0", *, paced: float = 0.0) -> int | None:
        free_at = self.machine + paced if paced else 0.0
        # As the courier does it: an edit brings no receipt.
        posted = claimed.delivery.receipt is None
        receipt = Receipt(channel="C1", ts=ts) if posted else None
        settled = Settled(state="shown", posted=posted, receipt=receipt, lane_free_at=free_at)
        return self.store.settle(claimed, settled)

    def of_version(self, version: int) -> None:
        """Every delivery there is needs this version of the protocol."""
        if isinstance(self.store, SqlStore):
            with self.store.database.writing() as connection:
                connection.execute(update(deliveries).values(version=version))
        else:
            self.store._lanes.versions = dict.fromkeys(self.store._lanes.rows, version)

    def served_at(self) -> dict[str, float]:
        """lane ▶ the machine second from which it may be served"""
        found = {one.lane: (one.post_at, one.edit_at) for one in self.store.waiting(self.machine)}
        return {lane: min(at for at in ats if at is not None) for lane, ats in found.items()}

    def due(self) -> list[str]:
        """Lanes that can be served now, longest waiting first."""
        due = [(at, lane) for lane, at in self.served_at().items() if at <= self.machine]
        return [lane for _, lane in sorted(due)]

    def next_at(self) -> float | None:
        """The earliest machine second after now at which a waiting lane may be served, or None."""
        return min((at for at in self.served_at().values() if at > self.machine), default=None)

    def lane_of(self, delivery_id: int) -> str | None:
        row = self.store.due(delivery_id)
        return row.place if row else None


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'closeloop.db'}"
    migrate.upgrade(url)
    return url


@pytest.fixture
def migrated_postgres_url(postgres_url: str) -> str:
    migrate.upgrade(postgres_url)
    return postgres_url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    fixture = {"sqlite": "sqlite_url", "postgres": "migrated_postgres_url"}[request.param]
    return str(request.getfixturevalue(fixture))


@pytest.fixture
def sql_world(database_url: str, clock: Hands) -> Iterator[World]:
    store = SqlStore(database_url, clock=clock)
    store.save_policies([POLICY], at=START)
    yield World(store=store, clock=clock, url=database_url)
    store.close()


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def world(request: pytest.FixtureRequest, clock: Hands) -> Iterator[World]:
    if request.param == "memory":
        store: Any = MemoryStore(clock=clock)
    else:
        fixture = {"sqlite": "sqlite_url", "postgres": "migrated_postgres_url"}[request.param]
        store = SqlStore(request.getfixturevalue(fixture), clock=clock)
    promised: Store = store
    promised.save_policies([POLICY], at=START)
    yield World(store=store, clock=clock)
    if isinstance(store, SqlStore):
        store.close()


def person(name: str, **more: Any) -> Person:
    return replace(Person(id=f"{name.lower()}@acme.example", name=name), **more)


@pytest.fixture
def ana() -> Person:
    return person("Ana", manager="cleo@acme.example", time_zone="Europe/Amsterdam", chat={"slack": "U0ANA"})


@pytest.fixture
def ben() -> Person:
    return person("Ben", chat={"slack": "U0BEN", "teams": "29:ben"})


@pytest.fixture
def by_ana() -> Actor:
    return ANA


@pytest.fixture
def by_ben() -> Actor:
    return BEN
