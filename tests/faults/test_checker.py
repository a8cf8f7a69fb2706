"""The checker finds what is wrong: else a run without findings says nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from faults import checker
from faults.conftest import FAST
from faults.ground import Ground
from faults.machine import Zygote
from faults.standin import TOKEN
from faults.village import Village, village
from sqlalchemy import text


@pytest.fixture(scope="module")
def calm(
    tmp_path_factory: Any, zygote: Zygote, http: httpx2.Client, grounds: Callable[[str], Ground]
) -> Iterator[Village]:
    """A village at rest, in which everything is as it was promised: nudged once, acknowledged, its machine stopped."""
    folder = tmp_path_factory.mktemp("calm")
    with village(folder, on=grounds("sqlite"), zygote=zygote, http=http, haste=FAST["slack"]) as place:
        place.start()
        alert = place.raise_alert()
        place.until(lambda: place.card(alert), why="no card was shown")
        place.forward(minutes=11)
        place.until(lambda: "nudged" in place.trail(alert), why="nobody was nudged")
        place.press("Acknowledge", alert)
        place.hold()
        place.stop()
        yield place


ROW = "(SELECT id FROM deliveries WHERE kind = 'card')"
UNGUARDED = ("PRAGMA ignore_check_constraints = ON",)
SPOILED: dict[str, tuple[str, tuple[str, ...]]] = {
    "an alert without an owner": ("quiet", (*UNGUARDED, "UPDATE alerts SET owner = ''")),
    "an alert that says what its trail does not": ("trail", ("UPDATE alerts SET asked = 7",)),
    "a delivery that waits for ever": ("unsettled", (f"UPDATE deliveries SET state = 'pending' WHERE id = {ROW}",)),
    "a delivery given up in silence": ("dead end", (f"UPDATE deliveries SET state = 'dead' WHERE id = {ROW}",)),
    "a card that is older than wanted": ("old card", (f"UPDATE deliveries SET seq = seq + 1 WHERE id = {ROW}",)),
    "a message nobody owes": ("stray", (f"UPDATE deliveries SET key = 'card:x' WHERE id = {ROW}",)),
    "a receipt of nothing": ("unseen", (f"UPDATE deliveries SET receipt_ts = '1.0' WHERE id = {ROW}",)),
}


@pytest.mark.parametrize("how", SPOILED)
def test_what_is_wrong_in_the_database_is_found(calm: Village, how: str) -> None:
    rule, statements = SPOILED[how]
    evidence = calm.evidence()
    assert checker.check(evidence) == []
    with calm.store.database.writing() as connection:
        for statement in statements:
            connection.execute(text(statement))
        found = {finding.rule for finding in _as_seen_by(connection, evidence)}
        connection.rollback()
    assert rule in found, found
    assert checker.check(evidence) == []


def _as_seen_by(connection: Any, evidence: checker.Evidence) -> list[checker.Finding]:
    """What the checker says of a database as one open transaction sees it."""
    books = checker.read(connection)
    return [finding for rule in checker.RULES for finding in rule(books, evidence)]


def test_an_accepted_alert_that_is_not_there_is_found(calm: Village) -> None:
    assert _rules(calm, accepted=(*calm.accepted, "01JQ0000000000000000000000")) == ["lost"]


def test_a_message_that_stands_twice_is_found(calm: Village) -> None:
    messages = calm.standin.messages_by_delivery()
    key = next(iter(messages))
    assert _rules(calm, messages={**messages, key: [*messages[key], {**messages[key][0], "ts": "2.0"}]}) == ["twin"]


def test_a_429_that_nobody_ordered_is_found(calm: Village) -> None:
    calls = calm.log()["calls"]
    limited = {**calls[-1], "status": 429, "fault": None}
    assert _rules(calm, log={"calls": [*calls, limited]}) == ["429"]


def test_a_secret_in_a_log_is_found(calm: Village) -> None:
    leaky = calm.folder / "leaky.txt"
    leaky.write_text(f"token={TOKEN}\n")
    assert _rules(calm, logs=(leaky,)) == ["secret"]


def test_a_nudge_before_its_time_is_found(calm: Village) -> None:
    """The trail of the calm village, with the instant of the nudge an hour earlier."""
    with calm.store.database.reading() as connection:
        books = checker.read(connection)
    trail = books.trails[calm.accepted[0]]
    early = [event if event.kind != "nudged" else _hour_before(event) for event in trail]
    books.trails[calm.accepted[0]] = early
    assert [f.rule for f in checker.nothing_fires_early(books, calm.evidence())] == ["early"]


def _hour_before(event: Any) -> Any:
    return replace(event, at=event.at - timedelta(hours=1))


def _rules(calm: Village, **spoiled: Any) -> list[str]:
    return [finding.rule for finding in checker.check(replace(calm.evidence(), **spoiled))]


LATE_LOOKS = [(1, 100.0, True), (1, 900.0, True), (1, 1001.0, False), (0, 5000.0, True)]
"""looks made, when the next is due (machine second), whether it is waited for at machine second 1000"""


@pytest.mark.parametrize(("sweeps", "sweep_at", "waits"), LATE_LOOKS)
def test_a_look_that_is_due_is_waited_for_however_late(
    calm: Village, sweeps: int, sweep_at: float, waits: bool
) -> None:
    """On a busy machine somebody may see a twin long after the attempt."""
    given = {"sweeps": sweeps, "sweep_at": sweep_at, "key": f"card:{calm.accepted[0]}:slack:#ai-alerts"}
    change = "UPDATE deliveries SET attempted_at = {}, sweeps = {}, sweep_at = {} WHERE key = :key"
    with calm.store.database.writing() as connection:
        connection.execute(text(change.format(0, ":sweeps", ":sweep_at")), given)
    try:
        found = checker.open_work(calm.store, now=0.0, machine=1000.0)
        assert bool([one for one in found if one.startswith("sweep of")]) is waits
    finally:
        with calm.store.database.writing() as connection:
            connection.execute(text(change.format(0, 0, "NULL")), given)
