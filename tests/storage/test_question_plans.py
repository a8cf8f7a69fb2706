"""What is asked in the middle of a decision goes by an index that holds what matters now, however much is stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event, text

from storage.store import SqlStore


@pytest.fixture
def plans(sqlite_url: str, clock: Any) -> Iterator[Any]:
    """A function: what SQLite does for each statement that a piece of work runs."""
    store = SqlStore(sqlite_url, clock=clock)

    def of(work: Any) -> list[str]:
        said: list[tuple[str, Any]] = []
        keep = lambda *given: said.append((given[2], given[3]))  # noqa: E731  it is taken off again by its name
        event.listen(store.database.engine, "before_cursor_execute", keep)
        work(store)
        event.remove(store.database.engine, "before_cursor_execute", keep)
        with store.database.reading() as connection:
            explained = [
                connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", given).all()
                for sql, given in said
                if sql.startswith(("SELECT", "WITH"))
            ]
        return [row.detail for rows in explained for row in rows]

    yield of
    store.close()


def in_transaction(ask: Any) -> Any:
    def work(store: SqlStore) -> None:
        with store.transaction() as tx:
            ask(tx)

    return work


def test_sqlite_says_when_it_reads_everything(plans: Any) -> None:
    def everything(store: SqlStore) -> None:
        with store.database.reading() as connection:
            connection.execute(text("SELECT * FROM deliveries WHERE error = 'x'")).all()

    assert plans(everything) == ["SCAN deliveries"]


QUESTIONS = {
    "told": (lambda now: in_transaction(lambda tx: tx.told("a", now)), "ix_deliveries_person"),
    "load": (lambda now: in_transaction(lambda tx: tx.load(["a", "b"])), "ix_alerts_owner"),
    "shifts": (lambda now: in_transaction(lambda tx: tx.shifts("ap", now)), "ix_shifts_standing"),
    "mutes": (lambda now: in_transaction(lambda tx: tx.mutes(now)), "ix_mutes_until"),
    "person": (lambda now: in_transaction(lambda tx: tx.person("a")), "ix_absences_person"),
    "owners": (lambda now: lambda store: store.owners(), "ix_alerts_owner"),
    "held_back": (lambda now: lambda store: store.held_back("m1", limit=10), "ix_alerts_raised_under"),
    "unlisted": (lambda now: lambda store: store.unlisted_mutes(now), "ix_mutes_unlisted"),
    "trails": (lambda now: lambda store: list(store.trails(now, now)), "ix_alerts_raised_at"),
    "absences": (lambda now: lambda store: store.absences(since=now), "ix_absences_until"),
    "between": (lambda now: lambda store: store.shifts_between("ap", now, now), "ix_shifts_standing"),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_goes_by_its_index(plans: Any, clock: Any, question: str) -> None:
    ask, index = QUESTIONS[question]
    found = plans(ask(clock.at))
    assert any(index in step for step in found), found
    tables = ("alerts", "deliveries", "events", "people", "absences", "shifts", "mutes")
    scans = [step for step in found if any(step == f"SCAN {table}" for table in tables)]
    assert scans == [], found


def test_who_owns_anything_is_found_by_walking_from_one_owner_to_the_next(plans: Any) -> None:
    found = plans(lambda store: store.owners())
    assert [step for step in found if "alerts" in step and not step.startswith("SEARCH")] == []
