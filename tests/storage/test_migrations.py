"""The migrations make what the models say; the trail's guards hold against every known way around them."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from bot.core import alert as life
from bot.core.events import Actor
from bot.core.people import Person
from bot.core.policy import Step
from storage import migrate
from storage.engine import Database
from storage.shapes import metadata
from storage.store import SqlStore


def test_an_empty_database_has_no_revision_and_upgrading_twice_does_no_harm(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    assert migrate.current(url) is None
    for _ in range(2):
        migrate.upgrade(url)
        assert migrate.current(url) == migrate.head()


def test_many_processes_may_upgrade_at_once(postgres_url: str, tmp_path: Path) -> None:
    for url in (postgres_url, f"sqlite:///{tmp_path / 'new.db'}"):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(migrate.upgrade, [url] * 4))
        assert migrate.current(url) == migrate.head()


def test_a_database_that_is_newer_than_this_code_is_left_alone(database_url: str) -> None:
    database = Database(database_url)
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert migrate.upgrade(database_url) is False
    assert migrate.current(database_url) == "9999"
    with database.writing() as connection:
        connection.execute(text(f"UPDATE alembic_version SET version_num = '{migrate.head()}'"))
    database.close()
    assert migrate.upgrade(database_url) is True


def test_what_the_first_version_stored_is_all_there_after_the_second_migration(
    postgres_url: str, tmp_path: Path, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for url in (postgres_url, f"sqlite:///{tmp_path / 'first.db'}"):
        with monkeypatch.context() as first:
            first.setattr(command, "upgrade", lambda config, _head, upgrade=command.upgrade: upgrade(config, "0001"))
            migrate.upgrade(url)
        assert migrate.current(url) == "0001"
        _store_as_the_first_version_did(url)
        database = Database(url)
        with database.reading() as connection:
            before = [dict(row._mapping) for row in connection.execute(text("SELECT * FROM deliveries ORDER BY id"))]
        assert len(before) == 3
        migrate.upgrade(url)
        with database.reading() as connection:
            after = [dict(row._mapping) for row in connection.execute(text("SELECT * FROM deliveries ORDER BY id"))]
        new = {"posts": 0, "sweep_at": None, "sweeps": 0, "folded_into": None, "version": 1}
        new |= {"person": None, "payload": None}
        assert after == [{**row, **new} for row in before]
        database.close()
        store = SqlStore(url, clock=clock)
        claimed = store.claim("slack:#ai-alerts", 1_000.0, lease=30.0)
        assert (claimed.delivery.key, claimed.delivery.posts, claimed.alert.owner) == ("waits", 1, "ana@acme.example")
        store.close()


def test_what_the_second_migration_left_is_all_there_after_the_third(
    postgres_url: str, tmp_path: Path, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = Person(id="ana@acme.example", name="Ana", chat={"slack": "U0ANA"})
    for url in (postgres_url, f"sqlite:///{tmp_path / 'second.db'}"):
        with monkeypatch.context() as second:
            second.setattr(command, "upgrade", lambda config, _head, upgrade=command.upgrade: upgrade(config, "0002"))
            migrate.upgrade(url)
        assert migrate.current(url) == "0002"
        _store_as_the_first_version_did(url)
        tables = ("alerts", "deliveries", "people", "policies")
        before = {table: _all(url, table) for table in tables}
        assert [len(found) for found in before.values()] == [1, 3, 1, 1]
        migrate.upgrade(url)
        after = {table: _all(url, table) for table in tables}
        for table in tables:
            kept = [{name: row[name] for name in old} for row, old in zip(after[table], before[table], strict=True)]
            assert kept == before[table]
        store = SqlStore(url, clock=clock)
        alert = store.alert("a1")
        assert alert is not None
        new = (alert.answer_by, alert.step_since, alert.held_by, alert.dismissal_by, alert.dismissal_reason)
        assert new == (None,) * 5
        assert (alert.loops, alert.hops, alert.snoozes) == (0, 0, 0)
        assert (alert.asking, alert.responders, alert.also) == ((), (), ())
        assert store.policy("default").steps == (Step(who=("owner",), nudge_every=timedelta(minutes=10)),)
        assert store.people([person.id])[person.id][0] == person
        store.close()


def _all(url: str, table: str) -> list[dict[str, Any]]:
    database = Database(url)
    with database.reading() as connection:
        found = [dict(row._mapping) for row in connection.execute(text(f"SELECT * FROM {table}"))]
    database.close()
    return found


def test_the_first_version_may_go_on_writing_after_the_second_migration(database_url: str) -> None:
    """Its statements name the columns it knows: all that is new has a value of its own."""
    _store_as_the_first_version_did(database_url)
    database = Database(database_url)
    with database.reading() as connection:
        query = "SELECT DISTINCT d.posts, d.sweeps, d.version, p.fold_at FROM deliveries d, places p"
        assert [tuple(row) for row in connection.execute(text(query))] == [(0, 0, 1, 0.0)]
        query = "SELECT loops, hops, snoozes, asking, responders, also, held_by, raised_under FROM alerts"
        assert tuple(connection.execute(text(query)).one()) == (0, 0, 0, "[]", "[]", "[]", None, None)
        query = "SELECT working, quiet, country, prefers, away, uses FROM people"
        assert tuple(connection.execute(text(query)).one()) == ("", "", "", "instant", "[]", "")
    database.close()


def _store_as_the_first_version_did(url: str) -> None:
    """An alert with a card that waits, one that is shown, and a reply that is held."""
    at = "2026-11-20T09:00:00.000000+00:00"
    signal = '{"source":"ap-auditor","title":"Invoice off","severity":"warning"}'
    policy = """{"steps":[["owner",600.0,2]],"within":{"warning":600.0},"check_in_every":600.0,"check_ins":2,
        "snooze_at_most":600.0,"reopen_window":600.0,"cleared":"close","hours":{},"verify":"never"}"""
    values = f"""'a1', '1a', 'ap-auditor', 'k1', '{signal}', 'warning', 'open', 'ana@acme.example', 'slack:#ai-alerts',
        'default', 1, '{at}', 1, 1, 1, '{at}', '{at}', 0, 0, '[]', 0"""
    statements = (
        f"INSERT INTO policies (name, version, data, at) VALUES ('default', 1, '{policy}', '{at}')",
        f"""INSERT INTO alerts (id, tail, source, dedup_key, signal, severity, status, owner, place, policy,
        policy_version, raised_at, generation, revision, count, last_raised_at, due_at, step, asked, declined, returned)
        VALUES ({values})""",
        f"""INSERT INTO people (id, name, time_zone, active, kind, chat, asked_at)
        VALUES ('ana@acme.example', 'Ana', 'UTC', true, 'human', '{{"slack":"U0ANA"}}', '{at}')""",
        "INSERT INTO places (lane, free_at, holder, fence, lease_until) VALUES ('slack:#ai-alerts', 0, NULL, 0, 0)",
        *(
            f"""INSERT INTO deliveries (key, kind, alert_id, seq, generation, place, rank, thread, state, post,
            attempts, not_before, fence, lease_until, shown, receipt_ts, created_at, error)
            VALUES ('{key}', '{kind}', 'a1', 1, 1, 'slack:#ai-alerts', 2, {thread}, '{state}', 1, 0, 0.25, 0, 0, 0,
            '1.0', '{at}', '')"""
            for key, kind, thread, state in (
                ("waits", "card", "false", "pending"),
                ("shown", "card", "false", "shown"),
                ("held", "nudge", "true", "held"),
            )
        ),
    )
    database = Database(url)
    with database.writing() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    database.close()


def test_migrations_and_models_agree(database_url: str) -> None:
    database = Database(database_url)
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    database.close()


def test_migrations_and_models_agree_on_every_constraint_and_index(
    database_url: str, tmp_path: Path, postgres_server: Any
) -> None:
    """Alembic compares no checks and no partial indexes: here the database's own words are compared."""
    migrated, modelled = Database(database_url), Database(_empty_beside(database_url, tmp_path, postgres_server))
    metadata.create_all(modelled.engine)
    with migrated.reading() as one, modelled.reading() as other:
        assert _definitions(one) == _definitions(other)
    migrated.close()
    modelled.close()


def _empty_beside(url: str, tmp_path: Path, server: Any) -> str:
    if url.startswith("sqlite"):
        return f"sqlite:///{tmp_path / 'modelled.db'}"
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS modelled WITH (FORCE)")
        connection.execute("CREATE DATABASE modelled")
    return str(server.get_uri(database="modelled"))


def _definitions(connection: Connection) -> list[str]:
    if connection.dialect.name == "sqlite":
        query = "SELECT sql FROM sqlite_master WHERE type IN ('table', 'index') AND name NOT LIKE 'alembic%'"
    else:
        query = """
            SELECT pg_get_constraintdef(c.oid) || ' ' || c.conname FROM pg_constraint c
            JOIN pg_class t ON t.oid = c.conrelid WHERE t.relname NOT LIKE 'alembic%' AND c.contype <> 'n'
              AND t.relnamespace = 'public'::regnamespace
            UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename NOT LIKE 'alembic%'
        """
    found = (sql for sql in connection.execute(text(query)).scalars() if sql)
    plain = (re.sub(r"\s+", " ", sql.replace('"', "")).removesuffix(")").strip() for sql in found)
    # The order of columns and constraints within a table says nothing.
    return sorted(" | ".join(sorted(re.split(r", (?=CONSTRAINT|[a-z_]+ [A-Z])", line))) for line in plain)


# ── the trail only grows ─────────────────────────────────────────────────────────────────────────────────────────────

COLUMNS = "alert_id, seq, at, kind, actor_kind, actor_id, actor_name, generation, reason, data"
FORGED = "alert_id, 1, at, kind, actor_kind, actor_id, actor_name, generation, 'forged', data"
EVERYWHERE = (
    "UPDATE events SET reason = 'forged'",
    "UPDATE events SET seq = seq + 10",
    "DELETE FROM events",
    "DELETE FROM alerts",
    f"INSERT INTO events ({COLUMNS}) SELECT {FORGED} FROM events WHERE seq = 1",
    f"INSERT INTO events ({COLUMNS}) SELECT {FORGED} FROM events WHERE seq = 1 "
    "ON CONFLICT (alert_id, seq) DO UPDATE SET reason = excluded.reason",
)
IN_SQLITE = (
    f"INSERT OR REPLACE INTO events ({COLUMNS}) SELECT {FORGED} FROM events WHERE seq = 1",
    f"REPLACE INTO events ({COLUMNS}) SELECT {FORGED} FROM events WHERE seq = 1",
    f"INSERT OR REPLACE INTO events (id, {COLUMNS}) SELECT id, {FORGED.replace('1, at', '99, at')} FROM events LIMIT 1",
    "UPDATE OR REPLACE events SET seq = 1 WHERE seq = 2",
    "UPDATE OR REPLACE events SET id = 1 WHERE id = 2",
)
IN_POSTGRES = (
    "TRUNCATE events",
    "TRUNCATE alerts CASCADE",
    "WITH gone AS (DELETE FROM events RETURNING *) SELECT count(*) FROM gone",
    "MERGE INTO events USING alerts ON events.alert_id = alerts.id WHEN MATCHED THEN DELETE",
)


@pytest.fixture
def trail(sql_world: Any, by_ana: Actor) -> Iterator[Any]:
    """A store with two events, which must be the same afterwards."""
    alert = sql_world.raise_()
    sql_world.change(alert, life.acknowledge, by=by_ana)
    before = sql_world.store.events(alert.id)
    yield sql_world
    assert sql_world.store.events(alert.id) == before, "the trail was changed"


on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_postgres = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)


@pytest.mark.parametrize("forgery", EVERYWHERE)
def test_the_trail_refuses_to_be_rewritten(trail: Any, forgery: str) -> None:
    with pytest.raises(DBAPIError), trail.store.database.engine.begin() as connection:
        connection.execute(text(forgery))


@on_sqlite
@pytest.mark.parametrize("recursive_triggers", ["ON", "OFF"])
@pytest.mark.parametrize("forgery", [*EVERYWHERE[:3], *EVERYWHERE[4:], *IN_SQLITE])
def test_sqlite_refuses_whatever_a_connection_leaves_off(
    trail: Any, database_url: str, forgery: str, recursive_triggers: str
) -> None:
    """Any program may open the file with SQLite's defaults: no recursive triggers, no foreign keys."""
    connection = sqlite3.connect(database_url.removeprefix("sqlite:///"))
    connection.execute(f"PRAGMA recursive_triggers={recursive_triggers}")
    with pytest.raises(sqlite3.IntegrityError, match="never"):
        connection.execute(forgery)
    connection.commit()
    connection.close()


@on_postgres
@pytest.mark.parametrize("role", ["origin", "replica", "local"])
@pytest.mark.parametrize("forgery", [*EVERYWHERE[:3], *IN_POSTGRES])
def test_postgres_refuses_even_as_a_replica(trail: Any, database_url: str, forgery: str, role: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(f"SET session_replication_role = {role}")
        with pytest.raises(psycopg.errors.RestrictViolation, match="never"):
            connection.execute(forgery)


# ── constraints carry the promises ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "breach",
    [
        "UPDATE alerts SET due_at = NULL",
        "UPDATE alerts SET owner = ''",
        "UPDATE alerts SET owner = NULL",
        "UPDATE alerts SET status = 'closed'",
        "UPDATE alerts SET finished_at = raised_at",
        "UPDATE alerts SET policy_version = 99",
        "UPDATE deliveries SET state = 'lost'",
        "UPDATE deliveries SET alert_id = 'nobody'",
        "UPDATE events SET alert_id = 'nobody'",
        "DELETE FROM policies",
        "DELETE FROM alerts",
        "INSERT INTO deliveries SELECT * FROM deliveries",
    ],
)
def test_what_must_never_be_is_refused_by_the_database(sql_world: Any, breach: str) -> None:
    sql_world.raise_()
    with pytest.raises(IntegrityError), sql_world.store.database.engine.begin() as connection:
        connection.execute(text(breach))
