"""A process that was paused past its lease goes on where it was; a copy of the database at any moment is whole."""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from faults.conftest import Settle
from faults.village import Village, free_port


@pytest.mark.parametrize("point", ["delivery.claimed", "delivery.said", "fate.settled"])
def test_a_worker_that_was_paused_past_its_lease_changes_nothing_when_it_goes_on(
    everywhere: Settle, database: str, point: str
) -> None:
    village = everywhere(database)
    if point == "fate.settled":
        village.channel("#ai-alerts", is_archived=True)
    paused = village.start()
    paused.arm(point, how="pause")
    # Raised from aside: the paused machine may stop before it has answered.
    raising = threading.Thread(target=village.raise_alert, kwargs={"seconds": 60}, daemon=True)
    raising.start()
    paused.until(lambda: paused.at, why="it was never reached")
    # Its open transaction holds the lane's lock (with SQLite the whole database's): nobody gets past it. With SQLite
    # another thread of it may just have been writing when all of them stopped.
    is_shut = database == "sqlite" and (point == "fate.settled" or _is_locked(village))
    holds_the_lock = is_shut or point == "fate.settled"
    other = village.start(port=free_port(), wait=not is_shut)
    if holds_the_lock:
        time.sleep(60 / village.haste)  # twice its lease
    elif village.accepted:
        village.until(lambda: village.messages_of(f"card:{village.accepted[0]}:"), why="nobody took it over")
    paused.kill(signal.SIGCONT)
    raising.join(60)
    village.hold(60)
    assert paused.alive and other.alive


def _is_locked(village: Village) -> bool:
    with closing(sqlite3.connect(village.database_url.removeprefix("sqlite:///"), timeout=1)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        connection.rollback()
        return False


def test_every_accepted_alert_is_in_a_copy_taken_at_any_moment(everywhere: Settle, tmp_path: Path) -> None:
    """The files as they are at one instant, while it works: what a disk keeps that keeps what it was told to."""
    village = everywhere("sqlite")
    machine = village.start()
    chooser = random.Random(7)
    stop = threading.Event()

    def send() -> None:
        while not stop.is_set():
            village.raise_alert(severity="info")

    senders = [threading.Thread(target=send, daemon=True) for _ in range(3)]
    for sender in senders:
        sender.start()
    path = Path(village.database_url.removeprefix("sqlite:///"))
    for number in range(12):
        time.sleep(chooser.uniform(0.02, 0.15))
        machine.kill(signal.SIGSTOP)
        accepted = set(village.accepted)
        copy = tmp_path / f"copy-{number}.db"
        shutil.copy(path, copy)
        if Path(f"{path}-wal").exists():
            shutil.copy(f"{path}-wal", f"{copy}-wal")
        machine.kill(signal.SIGCONT)
        with sqlite3.connect(copy) as there:
            assert there.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            stored = {row[0] for row in there.execute("SELECT alert_id FROM events WHERE seq = 1")}
        there.close()
        assert accepted <= stored, accepted - stored
    stop.set()
    for sender in senders:
        sender.join(30)
    assert len(village.accepted) > 20


def test_every_connection_waits_until_the_disk_has_it(settle: Settle) -> None:
    """FULL: the log is synchronised at each commit, so that a power cut takes nothing that was answered."""
    village = settle("sqlite")
    with village.store.database.writing() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
