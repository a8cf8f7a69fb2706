"""A running town for every story: of each platform, on SQLite and PostgreSQL; what differs stands in platforms.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from story import house as houses
from story import platforms, promises
from story.house import House
from story.teams_town import Desk
from story.town import Town


@pytest.fixture(scope="session")
def http() -> Iterator[httpx2.Client]:
    with httpx2.Client(trust_env=False, timeout=20) as client:
        yield client


def pytest_generate_tests(metafunc: Any) -> None:
    platforms.told_in(metafunc)


@pytest.fixture(scope="session")
def house(request: Any, tmp_path_factory: Any, http: httpx2.Client) -> Iterator[House]:
    """One kind after the other: the small machines that run this have two cores."""
    kind = str(request.param)
    platform, kept_in = platforms.HOUSES[kind]

    def folder() -> Path:
        return Path(tmp_path_factory.mktemp(f"town-{kind}"))

    def database(folder: Path) -> str:
        if kept_in == "postgres":
            return houses.postgres(request.getfixturevalue("postgres_server"))
        return houses.sqlite(folder)

    more = {"SLACK_APP_TOKEN": "xapp-of-the-stories"} if kind == "socket" else {}
    found = House(folder=folder, database=database, http=http, platform=platform, more=more)
    yield found
    found.close()


@pytest.fixture
def town(house: House) -> Iterator[Town]:
    """The town, in which nothing is open; afterwards every promise is held against it.

    Each story begins an hour after the one before: what people were told in that counts for nobody's hour.
    """
    opened = house.open()
    opened.raised.clear()
    opened.forward(hours=1)
    yield opened
    if opened.product.running:
        alerts = list(opened.raised)
        try:
            promises.hold(opened, alerts)
        finally:
            promises.finish(opened, alerts)


@pytest.fixture
def ana(town: Town) -> Desk:
    """She, at Teams' page; so are the others."""
    return Desk(town, "U0ANA")


@pytest.fixture
def ben(town: Town) -> Desk:
    return Desk(town, "U0BEN")


@pytest.fixture
def cleo(town: Town) -> Desk:
    return Desk(town, "U0CLEO")
