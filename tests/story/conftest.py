"""A running town for every story: on SQLite, on PostgreSQL, and (where a story asks for it) over a socket."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from story import promises
from story.town import Town


@dataclass
class House:
    """Opens the town of one kind when a story needs it, and again where a story has stopped it."""

    kind: str
    folder: Callable[[], Path]
    database: Callable[[Path], str]
    http: httpx2.Client
    more: dict[str, str] = field(default_factory=dict)
    town: Town | None = None

    def open(self) -> Town:
        if self.town is None or not self.town.product.running:
            folder = self.folder()
            self.town = Town.open(folder, database_url=self.database(folder), http=self.http, **self.more)
        return self.town

    def close(self) -> None:
        if self.town is not None and self.town.product.running:
            self.town.close()


@pytest.fixture(scope="session")
def http() -> Iterator[httpx2.Client]:
    with httpx2.Client(trust_env=False, timeout=20) as client:
        yield client


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def house(request: Any, tmp_path_factory: Any, http: httpx2.Client) -> Iterator[House]:
    """One after the other: a machine has two cores."""
    kind = str(request.param)
    database = _sqlite
    if kind == "postgres":
        server = request.getfixturevalue("postgres_server")
        database = lambda folder: _postgres(server)  # noqa: E731
    more = {"SLACK_APP_TOKEN": "xapp-of-the-stories"} if kind == "socket" else {}
    folder = lambda: Path(tmp_path_factory.mktemp(f"town-{kind}"))  # noqa: E731
    found = House(kind=kind, folder=folder, database=database, http=http, more=more)
    yield found
    found.close()


def _sqlite(folder: Path) -> str:
    return f"sqlite:///{folder / 'closeloop.db'}"


def _postgres(server: Any) -> str:
    """A database of its own: the clock of a new town begins anew."""
    name = f"town_{uuid.uuid4().hex}"
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return str(server.get_uri(database=name))


@pytest.fixture
def town(house: House) -> Iterator[Town]:
    """The town, in which nothing is open; afterwards every promise is held against it."""
    opened = house.open()
    opened.raised.clear()
    yield opened
    if opened.product.running:
        alerts = list(opened.raised)
        promises.hold(opened, alerts)
        promises.finish(opened, alerts)
