"""One way into SQLite and PostgreSQL: transactions that begin as they should, and errors in the loop's words."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from bot.ports import Away, Conflict

_SQLITE_AWAY = ("BUSY", "LOCKED", "FULL", "IOERR", "CANTOPEN", "READONLY", "NOMEM", "PROTOCOL")
_POSTGRES_AWAY = ("08", "53", "55", "57", "58", "25006", "25P03")
"""connection, resources, lock not available, operator, system, read only (a standby), a transaction left open"""
_POSTGRES_RACES = ("40", "23505")
"""deadlock and serialization; unique violation"""


class Database:
    """A database by its URL. Connects at first use.

    `patience` is how many seconds a writer waits for SQLite's one lock before the database counts as away.
    """

    def __init__(self, url: str, *, patience: float = 30.0) -> None:
        self._url = _with_driver(make_url(url))
        self._patience = patience
        # Threads of one process queue up here: SQLite's own waiting is a sleep and a race, and starves some.
        self._turn = threading.Lock() if self.is_sqlite else None

    @property
    def is_sqlite(self) -> bool:
        return self._url.get_backend_name() == "sqlite"

    @cached_property
    def engine(self) -> Engine:
        return _sqlite(self._url, self._patience) if self.is_sqlite else _postgres(self._url)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to read with: never waits for a writer. Raises Away."""
        with translated(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One write transaction: stored at the end, or not at all. Raises Away or Conflict."""
        with translated(), self._my_turn(), self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        """Give the connections back; the next use opens new ones."""
        self.engine.dispose()

    @cached_property
    def _reader(self) -> Engine:
        # One statement is a transaction of its own in PostgreSQL: a BEGIN and a ROLLBACK would be two trips more.
        return self.engine if self.is_sqlite else self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @cached_property
    def _writer(self) -> Engine:
        return self.engine.execution_options(begin="BEGIN IMMEDIATE")

    def _my_turn(self) -> Any:
        return _held(self._turn, self._patience) if self._turn else nullcontext()


@contextmanager
def translated() -> Iterator[None]:
    """What the driver says, in the loop's words: Away, Conflict, or as it is where it is a fault of ours."""
    try:
        yield
    except PoolTimeout as error:
        raise Away("no connection is free") from error
    except DBAPIError as error:
        meaning = _meaning(error)
        if meaning is error:
            raise
        raise meaning from error


@contextmanager
def _held(lock: threading.Lock, patience: float) -> Iterator[None]:
    if not lock.acquire(timeout=patience):
        raise Away("other writers of this process are not done")
    try:
        yield
    finally:
        lock.release()


def _meaning(error: DBAPIError) -> Exception:
    """Away, Conflict, or the error itself."""
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        return _meaning_of_sqlite(error, getattr(cause, "sqlite_errorname", None) or "")
    code = getattr(cause, "sqlstate", None) or ""
    if code.startswith(_POSTGRES_RACES):
        return Conflict(_first_line(cause))
    gone = error.connection_invalidated or (not code and type(error).__name__ == "OperationalError")
    return Away(_first_line(cause)) if gone or code.startswith(_POSTGRES_AWAY) else error


def _meaning_of_sqlite(error: DBAPIError, name: str) -> Exception:
    # The trigger is the one on events that refuses a second event of the same number.
    races = ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_TRIGGER")
    if isinstance(error, IntegrityError):
        return Conflict(_first_line(error.orig)) if name in races else error
    return Away(_first_line(error.orig)) if name.startswith(tuple(f"SQLITE_{word}" for word in _SQLITE_AWAY)) else error


def _first_line(cause: object) -> str:
    # The rest may hold values of the row.
    return next(iter(str(cause).splitlines()), type(cause).__name__)


def _with_driver(url: URL) -> URL:
    return url.set(drivername="postgresql+psycopg") if url.drivername in ("postgres", "postgresql") else url


def _sqlite(url: URL, patience: float) -> Engine:
    engine = create_engine(
        url,
        paramstyle="named",  # as PostgreSQL's driver has it: one text and one kind of row for both (see storage.bulk)
        hide_parameters=True,
        pool_size=20,
        max_overflow=30,
        connect_args={"timeout": patience},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _entry: ConnectionPoolEntry) -> None:
        # Without this the driver begins by itself, too late: eight simultaneous clicks would all win.
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout={int(patience * 1000)}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "fullfsync=1",
            "foreign_keys=ON",
            "recursive_triggers=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

    return engine


def _postgres(url: URL) -> Engine:
    return create_engine(
        url,
        hide_parameters=True,  # what is in a row does not belong in a log
        pool_pre_ping=True,
        pool_size=10,
        max_overflow=20,
        pool_timeout=10,
        pool_recycle=1800,
        connect_args={
            "connect_timeout": 5,
            # A process that stops in the middle of a transaction must not hold up the others for long.
            "options": "-c timezone=UTC -c lock_timeout=30s -c idle_in_transaction_session_timeout=10s",
            # A server that vanishes without a word is noticed within half a minute.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 25_000,
        },
    )
