"""Villages on SQLite and on PostgreSQL, and what is shared by all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
import pytest
from faults import platforms
from faults.ground import Ground, ground
from faults.line import Line
from faults.machine import Zygote
from faults.pager import Pager, pager
from faults.village import Village, village

DATABASES = ("sqlite", "postgres")
FAST = {"slack": 40.0, "teams": 20.0}
"""platform ▶ machine seconds in a second: where people have to look in time, they need some"""
Settle = Callable[..., Village]


@pytest.fixture(scope="session")
def http() -> Iterator[httpx2.Client]:
    limits = httpx2.Limits(max_keepalive_connections=0)  # a kept connection may be one of a machine that was killed
    with httpx2.Client(trust_env=False, timeout=20, limits=limits) as client:
        yield client


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    opened = Zygote()
    opened.wait_loaded()
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def operators() -> Iterator[Pager]:
    with pager() as opened:
        yield opened


@pytest.fixture(scope="session")
def grounds(request: Any, tmp_path_factory: Any) -> Callable[[str], Ground]:
    made: dict[str, Ground] = {}

    def get(kind: str) -> Ground:
        if kind not in made:
            server = request.getfixturevalue("postgres_server") if kind == "postgres" else None
            made[kind] = ground(kind, Path(tmp_path_factory.mktemp(f"ground-{kind}")), server)
        return made[kind]

    return get


@pytest.fixture
def settle(tmp_path: Path, zygote: Zygote, http: httpx2.Client, grounds: Callable[[str], Ground]) -> Iterator[Settle]:
    """Villages by kind of database, with environment variables beside the usual ones."""
    with ExitStack() as stack:

        def open_one(kind: str = "sqlite", **more: Any) -> Village:
            more = {"haste": FAST[more.get("platform", "slack")]} | more
            return stack.enter_context(village(tmp_path, on=grounds(kind), zygote=zygote, http=http, **more))

        yield open_one


@pytest.fixture(params=platforms.PLATFORMS)
def everywhere(request: Any, settle: Settle) -> Iterator[Settle]:
    """The same on each platform, while people have their channels open."""
    with ExitStack() as stack:

        def open_one(kind: str = "sqlite", **more: Any) -> Village:
            opened = settle(kind, platform=request.param, **more)
            stack.enter_context(opened.side.watched())
            return opened

        yield open_one


@pytest.fixture(autouse=True)
def tried_here(request: Any) -> None:
    """Skips what a platform does not have, by the one table that says so."""
    if why := platforms.not_tried(request):
        pytest.skip(why)


@pytest.fixture(scope="module", params=platforms.GROUNDS)
def line(
    request: Any, tmp_path_factory: Any, zygote: Zygote, http: Any, grounds: Any, operators: Pager
) -> Iterator[Line]:
    """Villages that tests of one file use one after the other, on each platform and each kind of database.

    People have their channels open: their clients ask for a view where the platform has views.
    """
    platform, kind = platforms.GROUNDS[request.param]

    def open_one(stack: ExitStack) -> Village:
        folder = Path(tmp_path_factory.mktemp(f"line-{request.param}"))
        common = {"zygote": zygote, "http": http, "haste": FAST[platform], "operators": operators}
        opened = stack.enter_context(village(folder, on=grounds(kind), platform=platform, **common))
        stack.enter_context(opened.side.watched())
        return opened

    opened = Line(open_one)
    yield opened
    opened.drop()


@pytest.fixture(params=DATABASES)
def database(request: Any) -> str:
    return str(request.param)
