"""A database that is locked, full, cut off, restarted or contested: nothing is lost."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from faults.conftest import Settle
from faults.proxy import Fault, proxy
from faults.village import SOURCE, Village, free_port

CUT = (
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name <> 'test'"
)


def send(village: Village, number: int) -> Any:
    """One raise, once: whatever the answer is."""
    headers = {"authorization": f"Bearer {village.keys[SOURCE]}", "idempotency-key": f"once-{number}"}
    body = {"title": f"Number {number}", "severity": "error"}
    return village.http.post(f"{village.url}/v1/alerts", json=body, headers=headers)


@contextmanager
def load(village: Village, *, count: int = 12) -> Iterator[None]:
    """Alerts come from four sides while the body does its worst; all of them are accepted in the end."""
    with ThreadPoolExecutor(4) as pool:
        coming = [pool.submit(village.raise_alert, seconds=60) for _ in range(count)]
        yield
        for one in coming:
            one.result()


# ── SQLite ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_sqlite_that_somebody_locks_delays_and_loses_nothing(everywhere: Settle) -> None:
    village = everywhere("sqlite")
    village.start()
    other = sqlite3.connect(village.database_url.removeprefix("sqlite:///"), isolation_level=None)
    with load(village):
        other.execute("BEGIN IMMEDIATE")
        time.sleep(1.5)  # forty times as long in machine seconds: every lease that stands runs out
        other.execute("ROLLBACK")
    other.close()
    village.hold()


def test_a_sqlite_that_stays_locked_is_told_as_503_with_retry_after(everywhere: Settle) -> None:
    village = everywhere("sqlite")
    village.constants["storage.store:SqlStore.__init__.__kwdefaults__.patience"] = 0.3
    village.start()
    other = sqlite3.connect(village.database_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        answer = send(village, 1)
        assert answer.status_code == 503 and int(answer.headers["retry-after"]) >= 1
    finally:
        other.execute("ROLLBACK")
        other.close()
    village.until(lambda: send(village, 1).status_code == 202, why="it did not come back")
    village.raise_alert()
    village.hold()


def test_a_full_disk_takes_nothing_says_so_and_recovers(everywhere: Settle) -> None:
    """`max_page_count` of every connection stands in for the disk: no page more than there are."""
    village = everywhere("sqlite")
    village.constants["faults.full_disk:ARMED"] = True
    machine = village.start()
    first = village.raise_alert()
    full = village.folder / "full"
    full.touch()
    refused = village.until(
        lambda: next((a for a in (send(village, n) for n in range(400)) if a.status_code != 202), None),
        why="the disk was never full",
    )
    assert refused.status_code == 503 and "retry-after" in refused.headers
    assert machine.alive
    full.unlink()
    village.until(lambda: send(village, 9999).status_code == 202, why="it did not come back")
    assert village.store.alert(first) is not None
    village.clear_all()


# ── PostgreSQL ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_killed_backends_are_replaced_and_nothing_is_lost(everywhere: Settle) -> None:
    village = everywhere("postgres")
    village.start()
    with load(village, count=24):
        for _ in range(10):
            with psycopg.connect(village.database_url, autocommit=True, application_name="test") as connection:
                connection.execute(CUT)
            time.sleep(0.05)
    village.hold()


LINES: dict[str, Callable[[Any], None]] = {
    "a restart": lambda wire: (wire.set(Fault(refuse=True)), wire.cut()),  # type: ignore[func-returns-value]
    "answers cut in the middle": lambda wire: wire.set(Fault(cut_after=3000)),
    "everything disappears": lambda wire: wire.set(Fault(blackhole=True)),
    "a slow line": lambda wire: wire.set(Fault(delay=0.03)),
}


@pytest.mark.parametrize("how", LINES)
def test_a_line_to_postgresql_that_breaks_loses_nothing(everywhere: Settle, how: str) -> None:
    village = everywhere("postgres")
    with proxy(socket_of(village.database_url)) as wire:
        name = village.database_url.partition("?")[0].rpartition("/")[2]
        village.env["CLOSELOOP_DATABASE_URL"] = f"postgresql://postgres@127.0.0.1:{wire.port}/{name}?sslmode=disable"
        village.start()
        village.raise_alert()
        with load(village):
            LINES[how](wire)
            time.sleep(0.7)
            wire.heal()
        village.hold()


def socket_of(url: str) -> str:
    """The Unix socket at which the test's PostgreSQL listens."""
    with psycopg.connect(url) as connection:
        found = connection.execute("SHOW unix_socket_directories").fetchone()
        port = connection.execute("SHOW port").fetchone()
    assert found is not None and port is not None
    return f"{found[0].split(',')[0].strip()}/.s.PGSQL.{port[0]}"


# ── contested ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_two_machines_on_one_database_do_everything_once(everywhere: Settle, database: str) -> None:
    """Two webs, four hands, two clocks: alerts through both, clicks on both, time passes for both."""
    village = everywhere(database)
    one, two = village.start(), village.start(port=free_port())
    with ThreadPoolExecutor(4) as pool:
        alerts = list(pool.map(lambda n: village.raise_alert(url=(one, two)[n % 2].url), range(10)))
    village.until(lambda: all(village.card(alert) for alert in alerts), why="not every card was shown")
    village.forward(minutes=11)
    village.until(lambda: all("nudged" in village.trail(alert) for alert in alerts), why="nobody was nudged")
    village.hold()
    assert [village.trail(alert).count("nudged") for alert in alerts] == [1] * 10
    assert [len(village.messages_of(f"nudge:{alert}:")) for alert in alerts] == [1] * 10


def test_a_double_click_and_two_people_at_once_are_one_acknowledgement(everywhere: Settle, database: str) -> None:
    village = everywhere(database)
    village.start()
    alert = village.raise_alert()
    card = village.until(lambda: village.card(alert), why="no card was shown")
    threads = [
        threading.Thread(target=village.click, args=(who, "Acknowledge", card))
        for who in ("ana", "ana", "ben", "ana", "ben", "ana", "ben", "ben")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    village.hold()
    assert village.trail(alert).count("acknowledged") == 1


def test_a_click_that_races_the_clock_gives_one_legal_order(everywhere: Settle, database: str) -> None:
    village = everywhere(database)
    village.start()
    alerts = [village.raise_alert() for _ in range(4)]
    cards = [village.until(lambda alert=alert: village.card(alert), why="no card was shown") for alert in alerts]
    village.forward(minutes=11)
    for card in cards:
        village.click("ana", "Acknowledge", card)
    for alert in alerts:
        if village.status(alert) != "acknowledged":
            village.press("Acknowledge", alert)
    village.until(lambda: all(village.status(alert) == "acknowledged" for alert in alerts), why="never acknowledged")
    village.hold()
    for alert in alerts:
        trail = village.trail(alert)
        assert "nudged" not in trail[trail.index("acknowledged") :], trail
