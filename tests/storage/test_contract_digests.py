"""What somebody is not told at once: stored as not said by itself, and named by their next digest, one an hour."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core.events import CLOCK, Kind
from bot.core.signal import Severity
from bot.core.state import Cause, change, owe
from bot.ports import Settled

PEOPLE = {"ana": "ana@acme.example", "ben": "ben@acme.example"}
ANA, BEN = (f"slack:@{person}" for person in PEOPLE.values())


def batch(world: Any, alert: Any, *people: str, kind: str = "nudge", in_digest: bool = True) -> list[str]:
    """One reminder about the alert for each of them. Returns the keys."""
    with world.store.transaction() as tx:
        before = tx.alert(alert.id)
        step = change(before, Cause(Kind.NUDGED, by=CLOCK, at=world.clock.at), to={"asked": before.asked + 1})
        after = step.alert
        said = [owe(after, kind, place=f"slack:@{PEOPLE[one]}", person=PEOPLE[one]) for one in people]
        owed = tuple(replace(one, in_digest=in_digest) for one in said)
        tx.put(replace(step, owed=owed), before=before)
    assert not in_digest or list(tx.hints) == [], "nothing of it goes out at once"
    return [one.key for one in owed]


def row_of(world: Any, key: str) -> Any:
    found = (row for n in range(1, 200) if (row := world.store.due(n)) and row.key == key)
    return next(found)


def digest_at(world: Any, place: str = ANA) -> Any:
    """The digest that can be served now."""
    claimed = world.claim(place)
    assert claimed is None or claimed.delivery.kind == "digest"
    return claimed


def test_what_is_not_said_by_itself_is_named_by_the_persons_digest(world: Any) -> None:
    alert = world.raise_(severity=Severity.ERROR)
    (key,) = batch(world, alert, "ana")
    assert digest_at(world) is None, "for a moment it collects"
    world.clock.pass_(5)
    claimed = digest_at(world)
    assert [one.id for one in claimed.gathered.first] == [alert.id]
    assert (claimed.delivery.rank, claimed.delivery.place) == (Severity.ERROR.rank, ANA)
    row = row_of(world, key)
    assert (row.state, row.error) == ("superseded", f"told in {claimed.delivery.key}")
    world.show(claimed)
    assert digest_at(world) is None


def test_a_digest_that_was_not_said_yet_takes_up_more_and_is_as_urgent_as_the_worst_of_it(world: Any) -> None:
    first, second = world.raise_(severity=Severity.INFO), world.raise_(severity=Severity.WARNING)
    batch(world, first, "ana", "ben")
    world.clock.pass_(3)
    batch(world, second, "ana")
    batch(world, second, "ana")
    world.clock.pass_(2)
    claimed = digest_at(world)
    assert [one.id for one in claimed.gathered.first] == [second.id, first.id]
    assert claimed.delivery.rank == Severity.WARNING.rank
    assert [one.id for one in digest_at(world, BEN).gathered.first] == [first.id]


def test_many_in_one_transaction_become_one_digest_for_each_person(world: Any) -> None:
    alerts = [world.raise_() for _ in range(3)]
    with world.store.transaction() as tx:
        for alert in alerts:
            before = tx.alert(alert.id)
            step = change(before, Cause(Kind.NUDGED, by=CLOCK, at=world.clock.at), to={})
            said = [owe(step.alert, "nudge", place=place, person=place[7:]) for place in (BEN, ANA)]
            tx.put(replace(step, owed=tuple(replace(one, in_digest=True) for one in said)), before=before)
    world.clock.pass_(5)
    assert [digest_at(world, place).gathered.count for place in (ANA, BEN)] == [3, 3]
    assert world.store.counts() == {"open": 3, "delivery.pending": 3, "delivery.sending": 2}


def test_the_next_digest_of_a_person_goes_out_an_hour_after_the_last(world: Any) -> None:
    alerts = [world.raise_() for _ in range(4)]
    batch(world, alerts[0], "ana")
    world.clock.pass_(5)
    said_at = world.clock.at
    world.show(digest_at(world))
    for alert in alerts[1:3]:
        world.clock.pass_(600)
        batch(world, alert, "ana")
    world.clock.pass_(3600 - 1200 - 1)
    assert digest_at(world) is None
    world.clock.pass_(1)
    second = digest_at(world)
    assert (second.gathered.count, second.delivery.created_at) == (2, said_at + timedelta(hours=1))
    world.show(second)
    world.clock.pass_(60)
    batch(world, alerts[3], "ana")
    assert world.served_at()[ANA] == pytest.approx(world.machine + 3540)


def test_after_a_quiet_hour_a_digest_goes_out_at_once(world: Any) -> None:
    alert = world.raise_()
    for _ in range(2):
        batch(world, alert, "ana")
        world.clock.pass_(5)
        world.show(digest_at(world))
        world.clock.pass_(3600)


def test_an_hour_is_an_hour_of_business_time(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the clock of the business runs sixty times as fast, an hour is a minute of the machine."""
    monkeypatch.setattr(world.store, "_seconds_until", lambda at: (at - world.clock.at).total_seconds() / 60)
    alert = world.raise_()
    batch(world, alert, "ana")
    world.clock.pass_(5)
    world.show(digest_at(world))
    batch(world, alert, "ana")
    assert world.served_at()[ANA] == pytest.approx(world.machine + 60)


def test_an_hour_that_somebody_skipped_is_over(world: Any) -> None:
    """The clock of the business was moved on; the machine's goes its own way."""
    alert, other = world.raise_(), world.raise_()
    batch(world, alert, "ana")
    world.clock.pass_(5)
    world.show(digest_at(world))
    batch(world, other, "ana")
    world.clock.at += timedelta(minutes=59)
    world.store.moved_on(world.machine)
    assert digest_at(world) is None
    world.clock.at += timedelta(minutes=1)
    world.store.moved_on(world.machine)
    assert digest_at(world) is None, "it collects as long as any other"
    assert world.served_at()[ANA] == pytest.approx(world.machine + 5)


def test_a_clock_that_went_back_keeps_nobody_waiting_for_longer_than_an_hour(world: Any) -> None:
    alert = world.raise_()
    batch(world, alert, "ana")
    world.clock.pass_(5)
    world.show(digest_at(world))
    world.clock.at -= timedelta(days=3)
    batch(world, alert, "ana")
    assert world.served_at()[ANA] == pytest.approx(world.machine + 3600)


def test_an_alert_that_moved_on_is_left_out_and_with_it_the_whole_digest(world: Any) -> None:
    alert, other = world.raise_(), world.raise_()
    for one in (alert, other):
        batch(world, one, "ana")
    world.close(other)
    world.clock.pass_(5)
    assert [one.id for one in digest_at(world).gathered.first] == [alert.id]


def test_a_digest_that_was_superseded_is_no_reason_to_wait(world: Any) -> None:
    alert = world.raise_()
    batch(world, alert, "ana")
    world.clock.pass_(5)
    world.store.settle(digest_at(world), Settled(state="superseded", error="nothing of it waits"))
    batch(world, alert, "ana")
    world.clock.pass_(5)
    assert digest_at(world).gathered.count == 1


def test_a_digest_that_cannot_be_said_gives_back_what_it_took_up(world: Any) -> None:
    alert = world.raise_()
    (key,) = batch(world, alert, "ana")
    world.clock.pass_(5)
    world.store.settle(digest_at(world), Settled(state="dead", error="is_archived"))
    again = world.claim(ANA)
    assert (again.delivery.key, again.alert.id) == (key, alert.id)


def test_what_crowds_a_lane_does_not_wait_for_the_hour(world: Any) -> None:
    alert = world.raise_()
    batch(world, alert, "ana")
    world.clock.pass_(5)
    world.show(digest_at(world))
    batch(world, alert, "ana")
    for one in [world.raise_() for _ in range(11)]:
        batch(world, one, "ana", in_digest=False)
    with world.store.transaction() as tx:
        assert len(tx.fold(ANA, world.machine, now=world.clock.at).gathered) == 11
    world.clock.pass_(600)
    assert digest_at(world).gathered.count == 12


def test_what_fails_halfway_leaves_no_digest(world: Any) -> None:
    alert = world.raise_()
    before = world.store.counts()
    with pytest.raises(ZeroDivisionError), world.store.transaction() as tx:
        known = tx.alert(alert.id)
        step = change(known, Cause(Kind.NUDGED, by=CLOCK, at=world.clock.at), to={})
        said = replace(owe(step.alert, "nudge", place=ANA, person=PEOPLE["ana"]), in_digest=True)
        tx.put(replace(step, owed=(said,)), before=known)
        raise ZeroDivisionError
    assert world.store.counts() == before
