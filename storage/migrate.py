"""Bringing a database to the shape this code expects. Any number of processes may try at once; one does it."""

from __future__ import annotations

from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from storage.engine import Database

log = structlog.get_logger()

_LOCK = 0x636C6F73656C6F6F
"""the advisory lock of PostgreSQL under which migrations run: "closeloo" """


def upgrade(url: str) -> bool:
    """Run the migrations that are missing, all of them or none. Raises Away.

    False: the database is newer than this code, and is left as it is. Migrations only add, so this code may go on
    working beside the newer one that has migrated already.
    """
    database = Database(url)
    try:
        with database.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            found = MigrationContext.configure(connection).get_current_revision()
            if not known(found):
                log.warning("the database is newer than this code", action="not_migrated", revision=found)
                return False
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            return True
    finally:
        database.close()


def current(url: str) -> str | None:
    """The revision the database is in; None for an empty one. Raises Away."""
    database = Database(url)
    try:
        with database.reading() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        database.close()


def head() -> str:
    """The revision this code expects."""
    found = _scripts().get_current_head()
    if found is None:
        raise RuntimeError("there are no migrations")
    return found


def known(revision: str | None) -> bool:
    """Whether this code can bring a database of that revision to the one it expects."""
    return revision is None or revision in {script.revision for script in _scripts().walk_revisions()}


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
