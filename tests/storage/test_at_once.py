"""Many at once, on both databases: one wins, the others are told, and nothing is left half done."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.core import alert as life
from bot.core import dismissal
from bot.core.events import CLOCK, Actor, Kind
from bot.core.state import Alert, Cause, Refused, change, owe
from bot.ports import Conflict, Interaction, Receipt, Settled
from storage.store import SqlStore

EIGHT = 8


def together(world: Any, work: Callable[[Any, int], Any]) -> list[Any]:
    """What eight return who start at the same moment, each as a process of its own would; a Conflict is an answer."""
    start = threading.Barrier(EIGHT)

    def run(n: int) -> Any:
        mine = world.of_another_process()
        mine.store.alert("nobody")
        start.wait()
        try:
            return work(mine, n)
        except Conflict as conflict:
            return conflict
        finally:
            mine.store.close()

    with ThreadPoolExecutor(EIGHT) as pool:
        return list(pool.map(run, range(EIGHT)))


def test_of_eight_who_acknowledge_at_once_exactly_one_wins(sql_world: Any) -> None:
    alert = sql_world.raise_()

    def acknowledge(world: Any, n: int) -> bool:
        by = Actor(kind="person", id=f"person{n}@acme.example", name=f"Person {n}")
        with world.store.transaction() as tx:
            before = tx.alert(alert.id)
            change = life.acknowledge(before, world.given(tx), by=by)
            if isinstance(change, Refused):
                return False
            tx.put(change, before=before)
        return True

    outcomes = together(sql_world, acknowledge)
    assert (outcomes.count(True), outcomes.count(False)) == (1, EIGHT - 1), "the others are told, not failed"
    assert [event.kind for event in sql_world.store.events(alert.id)] == ["raised", "acknowledged"]


def test_of_eight_who_decided_on_the_same_reading_exactly_one_wins(sql_world: Any) -> None:
    alert = sql_world.raise_()

    def dismiss(world: Any, n: int) -> bool:
        by = Actor(kind="person", id=f"person{n}@acme.example", name=f"Person {n}")
        with world.store.transaction() as tx:
            tx.put(dismissal.dismiss(alert, world.given(tx), by=by, reason="test data"), before=alert)
        return True

    outcomes = together(sql_world, dismiss)
    assert outcomes.count(True) == 1
    assert all(isinstance(outcome, Conflict) for outcome in outcomes if outcome is not True)
    assert len(sql_world.store.events(alert.id)) == 2


def test_of_eight_who_raise_the_same_key_at_once_one_alert_comes(sql_world: Any) -> None:
    def raise_(world: Any, _: int) -> str:
        for _attempt in range(20):
            try:
                with world.store.transaction() as tx:
                    if found := tx.by_keys([("ap-auditor", "k1")]):
                        return str(found["ap-auditor", "k1"].id)
                    change = world.raising(tx, dedup_key="k1")
                    tx.put(change, before=None)
                return change.alert.id
            except Conflict:
                continue
        raise AssertionError("it never came through")

    assert len(set(together(sql_world, raise_))) == 1
    assert sql_world.store.counts()["open"] == 1


def test_an_interaction_is_answered_once_however_many_bring_it(sql_world: Any) -> None:
    def answer(world: Any, n: int) -> bool:
        with world.store.transaction() as tx:
            if tx.interactions([("slack:action", "1")]):
                return False
            tx.remember(Interaction(source="slack:action", id="1", answer={"n": n}))
        return True

    assert together(sql_world, answer).count(True) == 1


def test_one_delivery_of_a_lane_is_on_its_way_at_a_time(sql_world: Any) -> None:
    places = [f"slack:#{n}" for n in range(3)]
    for n in range(24):
        sql_world.raise_(place=places[n % 3])
    under_way: set[str] = set()

    def serve(world: Any, _: int) -> list[int]:
        mine: list[int] = []
        while world.store.counts().get("delivery.pending"):
            for claimed in filter(None, map(world.claim, places)):
                place = claimed.delivery.place
                assert place not in under_way, "two of one lane are on their way"
                under_way.add(place)
                world.store.events(claimed.alert.id)  # an attempt takes its time
                under_way.remove(place)
                mine.append(claimed.delivery.id)
                receipt = Receipt(channel="C1", ts=str(claimed.delivery.id))
                world.store.settle(claimed, Settled(state="shown", receipt=receipt))
        return mine

    served = [delivery for mine in together(sql_world, serve) for delivery in mine]
    assert len(served) == len(set(served)) == 24


def test_however_many_claim_or_settle_at_once_one_does(sql_world: Any) -> None:
    sql_world.raise_()
    claims = [claimed for claimed in together(sql_world, lambda world, _: world.claim()) if claimed]
    assert len(claims) == 1
    (claimed,) = claims

    def settle(world: Any, n: int) -> bool:
        with world.store.transaction() as tx:
            before = tx.alert(claimed.alert.id)
            mine = tx.settle(claimed, Settled(state="dead", error=f"{n}"))
            if mine:
                by = Actor(kind="clock", id="clock", name="Clock")
                tx.put(life.note(before, world.given(tx), by=by, text=f"{n}"), before=before)
        return bool(mine)

    together(sql_world, settle)
    row = sql_world.store.due(claimed.delivery.id)
    said = [event.reason for event in sql_world.store.events(claimed.alert.id) if event.kind == "noted"]
    assert row.error in said, "the outcome and its event are of the same one"


def test_of_many_who_fold_at_once_each_reminder_is_gathered_by_one_into_one_digest(sql_world: Any) -> None:
    """Two channels and the owner's own lane, all at once, while somebody serves them and others change the alerts."""
    places, mine = ["slack:#one", "slack:#two"], "slack:@ana@acme.example"
    alerts = [sql_world.raise_(place=place) for place in places for _ in range(15)]
    for alert in alerts:
        remind(sql_world, alert, alert.place, thread=True)
        remind(sql_world, alert, mine, thread=False)

    def work(world: Any, n: int) -> list[tuple[str, str, str]]:
        if n == 0:
            return serve_a_while(world, [*places, mine])
        if n == 1:
            return change_a_while(world, alerts)
        return fold_until_calm(world, [*places, mine][n % 3])

    gathered = [one for found in together(sql_world, work) for one in found]
    keys = [key for _, key, _ in gathered]
    assert len(keys) == len(set(keys)), "nothing is told twice"
    digests = {digest for _, _, digest in gathered}
    assert len(digests) == 1
    told = [
        event for alert in alerts for event in sql_world.store.events(alert.id) if event.data.get("digest") in digests
    ]
    assert len(told) == len(keys), "each says so in its trail"


def remind(world: Any, alert: Alert, place: str, *, thread: bool) -> None:
    with world.store.transaction() as tx:
        before = tx.alert(alert.id)
        step = change(before, Cause(Kind.NUDGED, by=CLOCK, at=world.clock.at), to={})
        tx.put(replace(step, owed=(owe(step.alert, "nudge", place=place, thread=thread),)), before=before)


def fold_until_calm(world: Any, lane: str) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []
    for _attempt in range(20):
        with suppress(Conflict):
            with world.store.transaction() as tx:
                folding = tx.fold(lane, world.machine, now=world.clock.at)
                for alert_id, _, digest in folding.gathered:
                    before = tx.alert(alert_id)
                    cause = Cause(Kind.SUPERSEDED, by=CLOCK, at=world.clock.at, facts={"digest": digest})
                    tx.put(replace(change(before, cause, to={}), owed=()), before=before)
            found += folding.gathered
    return found


def serve_a_while(world: Any, lanes: list[str]) -> list[Any]:
    for _attempt in range(10):
        for claimed in filter(None, map(world.claim, lanes)):
            with suppress(Conflict), world.store.transaction() as tx:
                tx.alert(claimed.delivery.alert_id)
                receipt = Receipt(channel="C1", ts=str(claimed.delivery.id))
                tx.settle(claimed, Settled(state="shown", posted=True, receipt=receipt))
    return []


def change_a_while(world: Any, alerts: list[Alert]) -> list[Any]:
    for alert in alerts:
        with suppress(Conflict):
            world.change(alert, life.note, by=CLOCK, text="meanwhile")
    return []


def test_changes_and_settling_at_once_lose_no_revision(sql_world: Any, by_ana: Actor) -> None:
    """However they interleave: in the end the card shows the last revision, and each note is said once."""
    alert = sql_world.raise_()
    said, *_ = together(
        sql_world, lambda world, n: note(world, alert, by_ana, n) if n else serve_until_quiet(world, alert)
    )
    assert sorted(said) == [f"note {n}" for n in range(1, EIGHT)]
    assert sql_world.store.counts() == {"open": 1}


def note(world: Any, alert: Alert, by: Actor, n: int) -> None:
    for _attempt in range(50):
        try:
            world.change(alert, life.note, by=by, text=f"note {n}")
        except Conflict:
            continue
        return
    raise AssertionError("it never came through")


def serve_until_quiet(world: Any, alert: Alert) -> list[str]:
    """What was said in the thread until every note is written and nothing waits any more."""
    said: list[str] = []
    for _attempt in range(5000):
        claimed = world.claim()
        if claimed:
            said += [claimed.events[0].reason] if claimed.delivery.kind == "note" else []
            world.show(claimed)
        elif len(world.store.events(alert.id)) == EIGHT and not world.due():
            return said
    raise AssertionError("it never came to rest")


def test_readers_do_not_wait_for_a_writer(sql_world: Any) -> None:
    alert = sql_world.raise_()
    with sql_world.store.transaction() as tx, ThreadPoolExecutor(1) as pool:
        tx.put(sql_world.raising(tx), before=None)
        assert pool.submit(sql_world.store.alert, alert.id).result(timeout=5) == alert
        assert pool.submit(sql_world.store.counts).result(timeout=5) == {"open": 1, "delivery.pending": 1}


KILLED = """
    import os, sys
    from sqlalchemy import event
    from datetime import datetime, UTC
    from bot.core import alert as life
    from bot.core.events import Actor
    from bot.core.given import Given
    from bot.core.routing import Plan
    from storage.store import SqlStore

    url, alert_id, statement = sys.argv[1:]
    store = SqlStore(url)

    @event.listens_for(store.database.engine, "after_cursor_execute")
    def die(connection, cursor, sql, parameters, context, many):
        if sql.startswith(statement):
            os._exit(9)

    plan = Plan(last_resort="elsa@acme.example", fallback_channel="#x")
    by = Actor(kind="person", id="ben@acme.example", name="Ben")
    with store.transaction() as tx:
        before = tx.alert(alert_id)
        given = Given(now=datetime.now(UTC), policy=tx.policy("default"), roster=tx, plan=plan)
        tx.put(life.acknowledge(before, given, by=by), before=before)
"""


@pytest.mark.parametrize("statement", ["UPDATE alerts", "INSERT INTO events", "INSERT INTO deliveries"])
def test_a_process_killed_in_the_middle_leaves_nothing(sql_world: Any, database_url: str, statement: str) -> None:
    alert = sql_world.raise_()
    script = [sys.executable, "-c", textwrap.dedent(KILLED), database_url, alert.id, statement]
    root = Path(__file__).parents[2]
    ended = subprocess.run(script, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, timeout=60, check=False)
    assert ended.returncode == 9
    assert sql_world.store.alert(alert.id) == alert
    assert len(sql_world.store.events(alert.id)) == 1
    assert sql_world.claim().delivery.seq == 1
    after = SqlStore(database_url)
    assert after.alert(alert.id) == alert
    after.close()


def test_of_all_machines_one_does_what_only_one_may_do(sql_world: Any) -> None:
    other = sql_world.of_another_process()
    with sql_world.store.alone("operators") as mine, other.store.alone("operators") as theirs:
        assert mine
        # SQLite is one machine, where one clock runs.
        assert theirs == sql_world.store.database.is_sqlite
        with other.store.alone("something else") as apart:
            assert apart
    with other.store.alone("operators") as later:
        assert later
    other.store.close()
