"""What villages stand on: a migrated database with its sources, to be copied for each of them."""

from __future__ import annotations

import shutil
import sqlite3
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from bot import sources
from storage import migrate
from storage.store import SqlStore

SOURCES = ("ap-auditor", "fraud-watch", "model-watch")


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What all villages of one kind are made from: a migrated database with its sources, to be copied."""

    template: str
    """path of a SQLite file, or the name of a PostgreSQL database"""
    keys: dict[str, str]
    server: Any = None
    """the PostgreSQL server"""

    def database(self, folder: Path) -> str:
        if self.server is None:
            shutil.copy(self.template, folder / "closeloop.db")
            return f"sqlite:///{folder / 'closeloop.db'}"
        name = f"village_{uuid.uuid4().hex}"
        with psycopg.connect(self.server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {self.template}")
        return str(self.server.get_uri(database=name))

    def forget(self, url: str) -> None:
        if self.server is not None:
            with psycopg.connect(self.server.get_uri(), autocommit=True) as connection:
                connection.execute(f"DROP DATABASE IF EXISTS {url.partition('?')[0].rpartition('/')[2]} WITH (FORCE)")


def ground(kind: str, folder: Path, server: Any = None) -> Ground:
    """`sqlite` or `postgres`, migrated once."""
    if kind == "sqlite":
        template, url = str(folder / "template.db"), f"sqlite:///{folder / 'template.db'}"
    else:
        template = f"template_{uuid.uuid4().hex}"
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {template}")
        url = server.get_uri(database=template)
    migrate.upgrade(url)
    store = SqlStore(url)
    keys = {name: sources.add(store, name).key.full for name in SOURCES}
    store.close()
    if kind == "sqlite":
        _fold_log(template)
    return Ground(template=template, keys=keys, server=server if kind == "postgres" else None)


def _fold_log(path: str) -> None:
    """Everything into the one file: a copy of it alone is the whole database."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
