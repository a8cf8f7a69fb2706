"""What one transaction of the loop stores, sees and refuses."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from bot.core import alert as life
from bot.core import dismissal, raising
from bot.core.events import Actor
from bot.core.people import Person
from bot.core.signal import Discrepancy, Entity, Evidence, Model, Severity, Signal, Value
from bot.core.state import fold
from bot.ports import Conflict, Interaction

HOSTILE = 'a "quoted" <!channel> \\ \n\t \u202e\u200b 𝕏 é 日本語 ' + "x" * 5000

FULL = {
    "title": HOSTILE,
    "severity": Severity.CRITICAL,
    "summary": "summary",
    "dedup_key": "inv-" + HOSTILE[:50],
    "discrepancy": Discrepancy(
        entity=Entity(type="invoice", id="4711", url="https://erp.example/4711"),
        expected=1e22,
        observed=12345678901234567890,
        unit="EUR",
    ),
    "confidence": 0.1 + 0.2,
    "model": Model(name="auditor", version="2026-11"),
    "evidence": (Evidence(label="the invoice", url="https://erp.example/4711"),),
    "value": Value(amount="1200.00", currency="EUR"),
    "labels": {"team": "payments", "b": "1", "a": "2"},
    "occurred_at": datetime(2026, 11, 20, 8, 59, 59, 123456, tzinfo=UTC),
    "checks": ({"kind": "equals", "value": 1.0},),
    "callback_url": "https://erp.example/back",
}


def test_an_alert_comes_back_exactly_as_it_was_put(world: Any) -> None:
    alert = world.raise_(**FULL)
    assert world.store.alert(alert.id) == alert
    with world.store.transaction() as tx:
        assert tx.alert(alert.id) == alert


def test_its_events_fold_back_into_it(world: Any, by_ana: Actor, by_ben: Actor) -> None:
    alert = world.raise_(**FULL)
    world.change(alert, life.acknowledge, by=by_ana)
    world.change(alert, life.note, by=by_ben, text=HOSTILE)
    world.clock.pass_(0.000001)
    closed = world.close(alert)
    assert world.store.alert(alert.id) == closed
    assert fold(world.store.events(alert.id)) == closed


def test_events_are_read_from_where_the_reader_is(world: Any, by_ana: Actor) -> None:
    alert = world.raise_()
    for text in ("one", "two", "three"):
        world.change(alert, life.note, by=by_ana, text=text)
    assert [event.seq for event in world.store.events(alert.id, after=1, limit=2)] == [2, 3]
    assert world.store.events("nobody") == ()


def test_an_unknown_alert_is_none(world: Any) -> None:
    with world.store.transaction() as tx:
        assert tx.alert("nobody") is None
    assert world.store.alert("nobody") is None
    assert world.store.alert("no\0body") is None


def test_what_fails_halfway_leaves_nothing(world: Any) -> None:
    with pytest.raises(ZeroDivisionError), world.store.transaction() as tx:
        change = world.raising(tx)
        tx.put(change, before=None)
        tx.remember(Interaction(source="slack:action", id="1"))
        raise ZeroDivisionError
    assert world.store.alert(change.alert.id) is None
    assert world.store.events(change.alert.id) == ()
    assert world.due() == []
    with world.store.transaction() as tx:
        assert tx.interactions([("slack:action", "1")]) == {}


def test_a_transaction_sees_what_was_put_in_it(world: Any, by_ana: Actor) -> None:
    with world.store.transaction() as tx:
        raised = world.raising(tx, dedup_key="k1")
        tx.put(raised, before=None)
        assert tx.alert(raised.alert.id) == raised.alert
        assert tx.by_keys([("ap-auditor", "k1")]) == {("ap-auditor", "k1"): raised.alert}
        noted = life.note(raised.alert, world.given(tx), by=by_ana, text="same batch")
        tx.put(noted, before=raised.alert)
        assert tx.alert(raised.alert.id) == noted.alert
        assert tx.by_keys([("ap-auditor", "k1")]) == {("ap-auditor", "k1"): noted.alert}
        assert [event.seq for event in tx.last_events(raised.alert.id, 5)] == [1, 2]
        tx.remember(Interaction(source="intake:ap", id="1", digest="d", answer={"a": [1]}))
        known = tx.interactions([("intake:ap", "1"), ("intake:ap", "2")])
        assert known[("intake:ap", "1")].answer == {"a": [1]}
    assert world.store.alert(raised.alert.id) == noted.alert
    assert [event.seq for event in world.store.events(raised.alert.id)] == [1, 2]


def test_a_key_looked_up_in_vain_is_found_once_it_is_put(world: Any) -> None:
    with world.store.transaction() as tx:
        assert tx.by_keys([("ap-auditor", "k1")]) == {}
        raised = world.raising(tx, dedup_key="k1")
        tx.put(raised, before=None)
        assert tx.by_keys([("ap-auditor", "k1")]) == {("ap-auditor", "k1"): raised.alert}


def test_a_key_stands_for_its_unfinished_alert_else_the_one_finished_last(world: Any, by_ana: Actor) -> None:
    keys = [("ap-auditor", "k1"), ("ap-auditor", "k2"), ("other", "k1")]
    for _ in range(2):
        last = world.close(world.raise_(dedup_key="k1"))
        world.clock.pass_(60)
    dismissed = world.change(world.raise_(dedup_key="k2"), dismissal.dismiss, by=by_ana, reason="test data")
    with world.store.transaction() as tx:
        assert tx.by_keys(keys) == {keys[0]: last, keys[1]: dismissed}
    unfinished = world.raise_(dedup_key="k1")
    with world.store.transaction() as tx:
        assert tx.by_keys(keys) == {keys[0]: unfinished, keys[1]: dismissed}


def test_a_closed_alert_is_opened_again_by_its_key(world: Any) -> None:
    closed = world.close(world.raise_(dedup_key="k1"))
    with world.store.transaction() as tx:
        before = tx.by_keys([("ap-auditor", "k1")])[("ap-auditor", "k1")]
        signal = Signal(source="ap-auditor", title="Again", severity=Severity.ERROR, dedup_key="k1")
        change = raising.came_back(before, world.given(tx), signal=signal, owner=closed.owner)
        tx.put(change, before=before)
    assert world.store.alert(closed.id) == change.alert


def test_two_unfinished_alerts_never_share_a_key(world: Any) -> None:
    world.raise_(dedup_key="k1")
    with pytest.raises(Conflict), world.store.transaction() as tx:
        change = world.raising(tx, dedup_key="k1")
        tx.put(change, before=None)
        fine = world.raising(tx, dedup_key="k2")
        tx.put(fine, before=None)
    assert world.store.alert(change.alert.id) is None
    assert world.store.alert(fine.alert.id) is None
    assert world.raise_(dedup_key="k1", source="other").source == "other"


def test_the_same_id_twice_is_refused(world: Any) -> None:
    alert = world.raise_()
    with pytest.raises(Conflict):
        world.raise_(id=alert.id)


def test_a_decision_on_an_older_state_is_refused(world: Any, by_ana: Actor, by_ben: Actor) -> None:
    seen = world.raise_()
    noted = world.change(seen, life.note, by=by_ben, text="first")
    with pytest.raises(Conflict), world.store.transaction() as tx:
        tx.put(life.acknowledge(seen, world.given(tx), by=by_ana), before=seen)
    assert world.store.alert(seen.id) == noted
    assert len(world.store.events(seen.id)) == 2


def test_a_second_decision_on_the_same_state_in_one_transaction_is_refused(world: Any, by_ana: Actor) -> None:
    alert = world.raise_()
    with pytest.raises(Conflict), world.store.transaction() as tx:
        before = tx.alert(alert.id)
        tx.put(life.note(before, world.given(tx), by=by_ana, text="one"), before=before)
        tx.put(life.note(before, world.given(tx), by=by_ana, text="two"), before=before)
    assert len(world.store.events(alert.id)) == 1


def test_last_events_are_the_newest_in_their_order(world: Any, by_ana: Actor) -> None:
    alert = world.raise_()
    world.change(alert, life.note, by=by_ana, text="one")
    world.change(alert, life.note, by=by_ana, text="two")
    with world.store.transaction() as tx:
        assert [event.reason for event in tx.last_events(alert.id, 2)] == ["one", "two"]
        before = tx.alert(alert.id)
        tx.put(life.note(before, world.given(tx), by=by_ana, text="three"), before=before)
        assert [event.reason for event in tx.last_events(alert.id, 2)] == ["two", "three"]


def test_an_interaction_is_remembered_once(world: Any) -> None:
    first = Interaction(source="slack:action", id="1", digest="abc", answer={"code": "done", "n": [1, None]})
    with world.store.transaction() as tx:
        tx.remember(first)
    with pytest.raises(Conflict), world.store.transaction() as tx:
        tx.remember(Interaction(source="slack:action", id="1", answer={"code": "other"}))
    with pytest.raises(Conflict), world.store.transaction() as tx:
        tx.remember(Interaction(source="slack:action", id="2"))
        tx.remember(Interaction(source="slack:action", id="2"))
    with world.store.transaction() as tx:
        tx.remember(Interaction(source="slack:command", id="1"))
        assert tx.interactions([("slack:action", "1"), ("slack:action", "2")]) == {("slack:action", "1"): first}


def test_the_loop_finds_people_by_id_and_by_chat(world: Any, ana: Person) -> None:
    world.store.save_people([ana], at=world.clock.at)
    with world.store.transaction() as tx:
        assert tx.person(ana.id) == ana
        assert tx.person("slack:U0ANA") == ana
        assert tx.person("slack:U0DOV") is None
        assert tx.person("dov@acme.example") is None


def test_hints_name_one_delivery_for_each_lane(world: Any) -> None:
    with world.store.transaction() as tx:
        for place in ("slack:#one", "slack:#two", "slack:#one"):
            tx.put(world.raising(tx, place=place), before=None)
    assert sorted(world.lane_of(hint) for hint in tx.hints) == ["slack:#one", "slack:#two"]


def test_a_transaction_without_changes_has_no_hints(world: Any) -> None:
    with world.store.transaction() as tx:
        tx.alert("nobody")
    assert list(tx.hints) == []


def test_a_hundred_alerts_are_stored_together(world: Any) -> None:
    with world.store.transaction() as tx:
        changes = [world.raising(tx, dedup_key=f"k{n}") for n in range(100)]
        for n, change in enumerate(changes):
            tx.put(change, before=None)
            tx.remember(Interaction(source="intake:ap", id=str(n), answer={"alert_id": change.alert.id}))
    assert all(world.store.alert(change.alert.id) == change.alert for change in changes)
    assert world.store.counts() == {"open": 100, "delivery.pending": 100}


def test_an_owed_reason_may_hold_any_text(world: Any, by_ana: Actor) -> None:
    alert = world.change(world.raise_(), life.reassign, by=by_ana, to="ben@acme.example", reason=HOSTILE)
    assert world.store.events(alert.id)[-1].reason == HOSTILE
    assert alert.due_at - world.clock.at == timedelta(minutes=10)


def test_a_change_never_names_the_id_that_other_rows_refer_to(sql_world: Any, by_ana: Actor) -> None:
    """SQLite would search every delivery for it, changed or not: a nudge would take longer the more is stored."""
    said: list[str] = []
    event.listen(sql_world.store.database.engine, "before_cursor_execute", lambda *given: said.append(given[2]))
    sql_world.change(sql_world.raise_(), life.note, by=by_ana, text="looked at it")
    updates = [statement.split(" WHERE ")[0] for statement in said if statement.startswith("UPDATE alerts SET")]
    assert updates and not any(re.search(r"\bid\s*=", fields) for fields in updates)
