"""A database that is locked, full or gone: whoever asks is told, nothing hangs, and it comes back by itself."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError

from bot.core.people import Person
from bot.ports import Away
from storage import migrate
from storage.store import SqlStore


def sqlite_file(url: str) -> str:
    return url.removeprefix("sqlite:///")


def test_a_locked_database_is_away_after_the_patience_asked_for_and_then_back(sqlite_url: str, clock: Any) -> None:
    store = SqlStore(sqlite_url, clock=clock, patience=0.2)
    other = sqlite3.connect(sqlite_file(sqlite_url), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    with pytest.raises(Away, match="locked"):
        store.ping()
    assert time.monotonic() - started < 5
    assert store.alert("nobody") is None, "reading goes on"
    other.execute("ROLLBACK")
    other.close()
    store.ping()
    store.close()


def test_a_full_disk_is_away_and_nothing_is_stored_halfway(sqlite_url: str, clock: Any) -> None:
    store = SqlStore(sqlite_url, clock=clock)
    limit = {"pages": 1}

    @event.listens_for(store.database.engine, "begin")
    def shrink(connection: Connection) -> None:
        # A limit below what there is means: no page more.
        connection.exec_driver_sql(f"PRAGMA max_page_count={limit['pages']}")

    people = [Person(id=f"{n}@acme.example", name="x" * 500) for n in range(200)]
    with pytest.raises(Away, match="full"):
        store.save_people(people, at=clock.at)
    assert store.people([person.id for person in people]) == {}
    limit["pages"] = 1_000_000
    store.save_people(people, at=clock.at)
    assert len(store.people([person.id for person in people])) == 200
    store.close()


def test_a_folder_that_is_not_there_is_away(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}")
    with pytest.raises(Away):
        store.ping()
    with pytest.raises(Away):
        store.alert("nobody")


def test_a_server_that_is_not_there_is_away(free_port: Callable[[], int]) -> None:
    store = SqlStore(f"postgresql://postgres@127.0.0.1:{free_port()}/closeloop")
    with pytest.raises(Away):
        store.ping()
    with pytest.raises(Away):
        store.alert("nobody")
    with pytest.raises(Away), store.transaction():
        pass
    store.close()


def cut_all(url: str) -> None:
    """Cut every other connection to this database, as a restart of the server does."""
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> %s"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(others, [connection.info.backend_pid])


def test_connections_that_the_server_cut_are_replaced(migrated_postgres_url: str, clock: Any) -> None:
    store = SqlStore(migrated_postgres_url, clock=clock)
    store.ping()
    cut_all(migrated_postgres_url)
    store.ping()
    assert store.alert("nobody") is None
    store.close()


def test_a_connection_cut_in_the_middle_is_away_and_stores_nothing(migrated_postgres_url: str, clock: Any) -> None:
    store = SqlStore(migrated_postgres_url, clock=clock)
    with pytest.raises(Away), store.transaction() as tx:
        tx.alert("nobody")
        cut_all(migrated_postgres_url)
        tx.alert("somebody else")
    store.ping()
    store.close()


def test_a_fault_of_ours_is_not_called_away(tmp_path: Path, postgres_url: str) -> None:
    """Without tables nothing helps but a migration: that must not look like a database that will be back soon."""
    for url in (f"sqlite:///{tmp_path / 'empty.db'}", postgres_url):
        store = SqlStore(url)
        with pytest.raises(DBAPIError):
            store.ping()
        store.close()


def test_errors_do_not_tell_what_was_in_the_row(database_url: str, clock: Any) -> None:
    store = SqlStore(database_url, clock=clock)
    with pytest.raises(DBAPIError) as caught, store.database.writing() as connection:
        connection.exec_driver_sql("INSERT INTO nowhere VALUES (:x)", {"x": "canary"})
    assert "canary" not in str(caught.value)
    store.close()


def test_upgrading_a_database_that_is_away_says_so(free_port: Callable[[], int]) -> None:
    with pytest.raises(Away):
        migrate.upgrade(f"postgresql://postgres@127.0.0.1:{free_port()}/closeloop")
