"""What a decision asks of people: as it is stored, and as its own transaction leaves it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from bot.core.events import CLOCK, Kind
from bot.core.people import Person
from bot.core.state import Cause, change, owe

ANA, BEN, CLEO = "ana@acme.example", "ben@acme.example", "cleo@acme.example"
HOUR = timedelta(hours=1)


def told(world: Any, person: str, since: Any) -> int:
    with world.store.transaction() as tx:
        return int(tx.told(person, since))


def remind(world: Any, alert: Any, person: str | None, **more: Any) -> None:
    with world.store.transaction() as tx:
        before = tx.alert(alert.id)
        step = change(before, Cause(Kind.NUDGED, by=CLOCK, at=world.clock.at), to={"asked": before.asked + 1})
        said = replace(owe(step.alert, "nudge", place=f"slack:@{person or ANA}", person=person), **more)
        tx.put(replace(step, owed=(said,)), before=before)


def test_load_counts_the_unfinished_alerts_of_each_and_leaves_nobody_out(world: Any) -> None:
    for owner in (ANA, ANA, BEN):
        world.raise_(owner=owner)
    world.close(world.raise_(owner=BEN))
    with world.store.transaction() as tx:
        assert tx.load([CLEO, BEN, ANA]) == {CLEO: 0, BEN: 1, ANA: 2}
        assert tx.load([]) == {}


def test_load_counts_what_its_own_transaction_has_decided(world: Any) -> None:
    mine = world.raise_(owner=ANA)
    with world.store.transaction() as tx:
        assert tx.load([ANA, BEN]) == {ANA: 1, BEN: 0}
        for _ in range(3):
            tx.put(world.raising(tx, owner=BEN), before=None)
        before = tx.alert(mine.id)
        moved = change(before, Cause(Kind.REASSIGNED, by=CLOCK, at=world.clock.at), to={"owner": CLEO})
        tx.put(moved, before=before)
        back = change(moved.alert, Cause(Kind.REASSIGNED, by=CLOCK, at=world.clock.at), to={"owner": BEN})
        tx.put(back, before=moved.alert)
        assert tx.load([ANA, BEN, CLEO]) == {ANA: 0, BEN: 4, CLEO: 0}
    with world.store.transaction() as tx:
        assert tx.load([ANA, BEN, CLEO]) == {ANA: 0, BEN: 4, CLEO: 0}


def test_whoever_was_reminded_since_then_counts_in_whatever_state_it_is(world: Any) -> None:
    alert = world.raise_()
    start = world.clock.at
    for person in (ANA, ANA, BEN, None):
        world.clock.pass_(60)
        remind(world, alert, person)
    world.show(world.claim(f"slack:@{ANA}"))
    assert told(world, ANA, start) == 2
    assert told(world, ANA, start + timedelta(minutes=1)) == 1, "what is as old as that does not count"
    assert told(world, ANA, world.clock.at) == 0
    assert told(world, BEN, start) == 1
    assert told(world, CLEO, start) == 0


def test_what_goes_into_a_digest_is_not_told_by_itself(world: Any) -> None:
    alert = world.raise_()
    start = world.clock.at - HOUR
    remind(world, alert, ANA, in_digest=True)
    remind(world, alert, ANA)
    assert told(world, ANA, start) == 1


def test_what_its_own_transaction_owes_counts_too(world: Any) -> None:
    alert, start = world.raise_(), world.clock.at - HOUR
    with world.store.transaction() as tx:
        assert tx.told(ANA, start) == 0
        before = tx.alert(alert.id)
        step = change(before, Cause(Kind.NUDGED, by=CLOCK, at=world.clock.at), to={})
        said = owe(step.alert, "nudge", place=f"slack:@{ANA}", person=ANA)
        batched = replace(said, key="another", in_digest=True)
        tx.put(replace(step, owed=(said, batched)), before=before)
        assert (tx.told(ANA, start), tx.told(ANA, world.clock.at), tx.told(BEN, start)) == (1, 0, 0)


def test_turns_are_counted_under_their_names_and_at_once(world: Any) -> None:
    with world.store.transaction() as tx:
        assert (tx.turn("group @ap"), tx.turn("other")) == (0, 0)
        for turn in ("group @ap", "group @ap", "other"):
            tx.put(world.raising(tx, turn=turn), before=None)
        assert (tx.turn("group @ap"), tx.turn("other")) == (2, 1)
    world.raise_(turn="group @ap")
    with world.store.transaction() as tx:
        assert (tx.turn("group @ap"), tx.turn("other"), tx.turn("nobody")) == (3, 1, 0)


def test_a_turn_that_was_not_stored_was_not_used_up(world: Any) -> None:
    with pytest.raises(ZeroDivisionError), world.store.transaction() as tx:
        tx.put(world.raising(tx, turn="group @ap"), before=None)
        raise ZeroDivisionError
    with world.store.transaction() as tx:
        assert tx.turn("group @ap") == 0


def test_every_new_field_of_an_alert_comes_back(world: Any) -> None:
    alert, at = world.raise_(), world.clock.at
    to = {
        "answer_by": at + HOUR,
        "step_since": at - HOUR,
        "loops": 1,
        "asking": (ANA, BEN),
        "hops": 2,
        "snoozes": 3,
        "responders": (CLEO,),
        "dismissal_by": BEN,
        "dismissal_reason": 'a "test"',
        "held_by": "m1",
        "also": ("teams:#finance", "slack:#other"),
    }
    assert all(getattr(alert, name) != value for name, value in to.items())
    with world.store.transaction() as tx:
        before = tx.alert(alert.id)
        step = change(before, Cause(Kind.NOTED, by=CLOCK, at=at), to=to)
        tx.put(step, before=before)
    assert world.store.alert(alert.id) == step.alert


def test_each_question_goes_to_the_database_once_in_a_transaction(sql_world: Any, ana: Person) -> None:
    sql_world.store.save_people([ana], at=sql_world.clock.at)
    said: list[str] = []
    event.listen(sql_world.store.database.engine, "before_cursor_execute", lambda *given: said.append(given[2]))
    with sql_world.store.transaction() as tx:
        for _ in range(3):
            at = sql_world.clock.at
            tx.person(ana.id), tx.mutes(at), tx.shifts("ap", at), tx.group("@ap"), tx.turn("t"), tx.told(ana.id, at)
            tx.load([ana.id])
    assert len([one for one in said if one.startswith("SELECT")]) == 7


def test_a_raise_asks_for_mutes_once_and_for_each_person_once(sql_world: Any, ana: Person) -> None:
    sql_world.store.save_people([ana], at=sql_world.clock.at)
    sql_world.raise_()  # the policy is known from now on
    said: list[str] = []
    event.listen(sql_world.store.database.engine, "before_cursor_execute", lambda *given: said.append(given[2]))
    with sql_world.store.transaction() as tx:
        for n in range(5):
            tx.mutes(sql_world.clock.at)
            tx.put(sql_world.raising(tx, dedup_key=f"k{n}"), before=None)
    tables = [re.split(r"\sFROM\s", one)[1].split()[0] for one in said if one.startswith("SELECT")]
    assert tables.count("mutes") == 1
    assert tables.count("people") <= 1
    assert set(tables) <= {"mutes", "people", "deliveries"}
