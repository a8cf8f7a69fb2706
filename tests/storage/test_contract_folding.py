"""A lane that is far behind: one card speaks for those that wait, one digest for all that chases a person."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.core.events import CLOCK, Kind
from bot.core.signal import Severity
from bot.core.state import Cause, change, owe
from bot.ports import Folding, Settled
from storage.models import VERSION

PLACE = "slack:#ai-alerts"
ANA = "slack:@ana@acme.example"
BEN = "slack:@ben@acme.example"


def raised(world: Any, count: int, **said: Any) -> list[Any]:
    with world.store.transaction() as tx:
        changes = [world.raising(tx, dedup_key=f"{said}{n}", **said) for n in range(count)]
        for raise_ in changes:
            tx.put(raise_, before=None)
    return [raise_.alert for raise_ in changes]


def nudge(world: Any, alerts: list[Any], place: str = ANA, *, kind: str = "nudge", thread: bool = False) -> None:
    """One more reminder about each."""
    with world.store.transaction() as tx:
        for alert in alerts:
            before = tx.alert(alert.id)
            step = change(before, Cause(Kind.NUDGED, by=CLOCK, at=world.clock.at), to={"asked": before.asked + 1})
            said = owe(step.alert, kind, place=place, thread=thread)
            tx.put(replace(step, owed=(said,)), before=before)


def fold(world: Any, lane: str = PLACE) -> Folding:
    with world.store.transaction() as tx:
        return tx.fold(lane, world.machine, now=world.clock.at)


def serve(world: Any, count: int, place: str = PLACE) -> None:
    for _ in range(count):
        world.show(world.claim(place))


def behind(world: Any) -> list[str]:
    return sorted(world.store.behind(limit=10))


# ── cards ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_thirty_cards_are_no_crowd(world: Any) -> None:
    raised(world, 30)
    assert behind(world) == []
    fold(world)
    assert world.claim().delivery.kind == "card"


def test_of_a_crowd_one_card_speaks_first_and_says_how_many_and_which_are_worst(world: Any) -> None:
    some = raised(world, 29)
    (worst,) = raised(world, 1, severity=Severity.CRITICAL)
    raised(world, 1, severity=Severity.ERROR)
    assert behind(world) == [PLACE]
    with world.store.transaction() as tx:
        tx.fold(PLACE, world.machine, now=world.clock.at)
    claimed = world.claim()
    row = claimed.delivery
    assert [row.id] == list(tx.hints)
    assert (row.kind, row.alert_id, row.rank, row.generation, row.seq) == ("fold", "", -1, 1, 1)
    assert row.key == f"fold:{PLACE}:{min(card_rows(world, worst))}"
    assert (claimed.alert, claimed.events, claimed.root) == (None, (), None)
    assert claimed.gathered.count == 31
    assert claimed.gathered.severities == {"critical": 1, "error": 1, "warning": 29}
    assert claimed.gathered.first[0] == worst
    assert list(claimed.gathered.first[2:]) == some[:8]
    world.show(claimed)
    assert world.claim().alert == worst, "after it the cards go on as ever"


def card_rows(world: Any, alert: Any) -> list[int]:
    return [n for n in range(1, 60) if (row := world.store.due(n)) and row.kind == "card" and row.alert_id == alert.id]


def test_a_lane_is_folded_once_however_often_it_is_asked(world: Any) -> None:
    raised(world, 40)
    for _ in range(3):
        assert fold(world) == Folding()
    world.show(world.claim())
    fold(world)
    assert world.store.counts() == {"open": 40, "delivery.pending": 40}
    assert behind(world) == [PLACE], "its shared card stands open"


def test_a_shared_card_is_edited_every_fifteen_seconds_at_most(world: Any) -> None:
    raised(world, 40)
    fold(world)
    shared = world.claim()
    world.show(shared)
    serve(world, 5)
    world.clock.pass_(14)
    fold(world)
    assert world.claim(posts=False) is None
    world.clock.pass_(1)
    fold(world)
    edit = world.claim(posts=False)
    assert (edit.delivery.id, edit.delivery.seq, edit.delivery.generation) == (shared.delivery.id, 2, 1)
    assert edit.gathered.count == 35
    world.show(edit)
    assert world.claim(posts=False) is None


def test_a_shared_card_that_is_being_sent_is_edited_afterwards(world: Any) -> None:
    raised(world, 40)
    fold(world)
    shared = world.claim()
    world.clock.pass_(15)
    fold(world)
    assert world.show(shared) == shared.delivery.id
    assert world.claim(posts=False).delivery.seq == 2


def test_a_lane_that_has_caught_up_says_so_once_and_is_let_go(world: Any) -> None:
    raised(world, 31)
    fold(world)
    serve(world, 1 + 25)
    fold(world)
    assert world.claim(posts=False) is None, "six still wait"
    serve(world, 1)
    fold(world)
    last = world.claim(posts=False)
    assert (last.delivery.kind, last.delivery.generation, last.gathered.count) == ("fold", 2, 5)
    world.show(last)
    assert behind(world) == []
    fold(world)
    assert world.claim(posts=False) is None
    serve(world, 5)
    assert world.store.counts() == {"open": 31}


def test_a_shared_card_that_nobody_saw_is_not_said_when_the_lane_has_caught_up(world: Any) -> None:
    raised(world, 31)
    fold(world)
    shared = world.store.due(32)
    for n in range(1, 27):
        world.show(world.claim(only=n))
    fold(world)
    assert (shared.kind, world.store.due(32).state) == ("fold", "superseded")
    assert world.claim().delivery.kind == "card"


def test_a_second_crowd_gets_a_shared_card_of_its_own(world: Any) -> None:
    raised(world, 31)
    fold(world)
    first = world.claim()
    world.show(first)
    serve(world, 31)
    fold(world)
    world.show(world.claim())
    raised(world, 31, source="other")
    fold(world)
    second = world.claim()
    assert second.delivery.kind == "fold"
    assert second.delivery.key != first.delivery.key


def test_a_storm_after_a_storm_with_the_same_first_card_opens_the_shared_card_again(world: Any) -> None:
    (stubborn,) = raised(world, 1, severity=Severity.CRITICAL)
    raised(world, 30)
    fold(world)
    shared = world.claim()
    world.show(shared)
    waits = world.claim()
    assert waits.alert == stubborn
    world.store.settle(waits, Settled(state="pending", not_before=world.machine + 9_000))
    serve(world, 30)
    fold(world)
    world.show(world.claim())
    raised(world, 31, source="other")
    fold(world)
    again = world.claim()
    assert (again.delivery.id, again.delivery.generation, again.gathered.count) == (shared.delivery.id, 1, 32)


# ── reminders ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_ten_reminders_are_said_one_by_one(world: Any) -> None:
    nudge(world, raised(world, 10))
    assert behind(world) == []
    assert fold(world, ANA) == Folding()


def test_eleven_reminders_of_one_person_become_one_digest(world: Any) -> None:
    alerts = raised(world, 10) + raised(world, 1, severity=Severity.ERROR)
    nudge(world, alerts)
    assert behind(world) == [ANA]
    folding = fold(world, ANA)
    assert {alert_id for alert_id, _, _ in folding.gathered} == {alert.id for alert in alerts}
    assert len({key for _, key, _ in folding.gathered}) == 11
    (digest,) = {key for _, _, key in folding.gathered}
    assert digest.startswith("digest:ana@acme.example:")
    assert behind(world) == []
    assert world.claim(ANA) is None, "for a moment it collects"
    world.clock.pass_(5)
    claimed = world.claim(ANA)
    row = claimed.delivery
    assert (row.kind, row.key, row.place, row.rank, row.alert_id) == ("digest", digest, ANA, 1, "")
    assert (claimed.alert, claimed.gathered.count) == (None, 11)
    assert claimed.gathered.severities == {"error": 1, "warning": 10}
    assert [alert.id for alert in claimed.gathered.first] == [alerts[-1].id, *(alert.id for alert in alerts[:9])]
    world.show(claimed)
    assert world.claim(ANA) is None


def test_a_gathered_reminder_says_where_it_was_told(world: Any) -> None:
    nudge(world, raised(world, 11))
    gathered = fold(world, ANA).gathered
    rows = [row for n in range(1, 30) if (row := world.store.due(n)) and row.kind == "nudge"]
    assert {(row.state, row.error) for row in rows} == {("superseded", f"told in {gathered[0][2]}")}
    assert world.store.counts()["delivery.pending"] == 11 + 1


def test_in_a_channel_the_owner_of_the_alerts_is_told_in_a_direct_message(world: Any) -> None:
    mine, his = raised(world, 11), raised(world, 10, owner="ben@acme.example")
    serve(world, 21)
    nudge(world, mine + his, PLACE, thread=True)
    assert behind(world) == [PLACE]
    folding = fold(world)
    assert {alert_id for alert_id, _, _ in folding.gathered} == {alert.id for alert in mine}
    world.clock.pass_(5)
    assert world.claim(ANA).gathered.count == 11
    assert world.claim(BEN) is None
    assert world.claim().delivery.kind == "nudge"


def test_replies_that_wait_for_their_card_are_gathered_too(world: Any) -> None:
    alerts = raised(world, 11)
    nudge(world, alerts, PLACE, thread=True)
    assert behind(world) == [PLACE]
    assert len(fold(world).gathered) == 11
    serve(world, 11)
    assert world.claim() is None


def test_an_alert_that_moved_on_is_not_asked_about(world: Any) -> None:
    alerts = raised(world, 12)
    nudge(world, alerts)
    fold(world, ANA)
    world.close(alerts[0])
    with world.store.transaction() as tx:
        before = tx.alert(alerts[1].id)
        moved = change(before, Cause(Kind.REASSIGNED, by=CLOCK, at=world.clock.at), to={"owner": "ben@acme.example"})
        tx.put(moved, before=before)
    world.clock.pass_(5)
    assert world.claim(ANA).gathered.count == 10


def test_two_reminders_of_one_alert_are_one_question(world: Any) -> None:
    alerts = raised(world, 6)
    nudge(world, alerts)
    nudge(world, alerts)
    assert len(fold(world, ANA).gathered) == 12
    world.clock.pass_(5)
    assert world.claim(ANA).gathered.count == 6


def test_what_was_attempted_or_is_no_reminder_is_left_alone(world: Any) -> None:
    alerts = raised(world, 12)
    nudge(world, alerts[:11])
    nudge(world, alerts[11:], kind="exception")
    world.store.settle(world.claim(ANA), Settled(state="pending", error="timeout"))
    assert behind(world) == []
    assert fold(world, ANA) == Folding()


def test_a_digest_that_nobody_has_tried_to_say_takes_up_more(world: Any) -> None:
    nudge(world, raised(world, 11))
    first = fold(world, ANA)
    nudge(world, raised(world, 11, severity=Severity.CRITICAL, place="slack:#other"), "slack:#other", thread=True)
    second = fold(world, "slack:#other")
    assert {key for _, _, key in second.gathered} == {key for _, _, key in first.gathered}
    world.clock.pass_(5)
    claimed = world.claim(ANA)
    assert (claimed.delivery.rank, claimed.gathered.count) == (0, 22)


def test_the_next_digest_of_a_person_comes_ten_minutes_after_the_last(world: Any) -> None:
    nudge(world, raised(world, 11))
    fold(world, ANA)
    world.clock.pass_(100)
    world.show(world.claim(ANA))
    nudge(world, raised(world, 11, source="other"))
    fold(world, ANA)
    assert world.served_at()[ANA] == pytest.approx(world.machine + 500)
    world.clock.pass_(1000)
    world.show(world.claim(ANA))
    nudge(world, raised(world, 11, source="third"))
    fold(world, ANA)
    assert world.served_at()[ANA] == pytest.approx(world.machine + 5)


BATCHES = [(100, [100, 0]), (105, [94, 11, 0]), (111, [100, 11, 0]), (250, [100, 100, 50, 0])]


@pytest.mark.parametrize(("count", "calls"), BATCHES)
def test_a_big_batch_is_gathered_a_hundred_at_a_time_and_to_its_end(world: Any, count: int, calls: list[int]) -> None:
    nudge(world, raised(world, count))
    assert [len(fold(world, ANA).gathered) for _ in calls] == calls
    world.clock.pass_(5)
    assert world.claim(ANA).gathered.count == sum(calls)


def test_several_people_are_gathered_in_one_call_each_into_their_own_digest(world: Any) -> None:
    nudge(world, raised(world, 60) + raised(world, 60, owner="ben@acme.example"), PLACE, thread=True)
    calls = [[key.split(":")[1] for _, _, key in fold(world).gathered] for _ in range(3)]
    assert [len(call) for call in calls] == [100, 20, 0]
    assert sum(call.count("ana@acme.example") for call in calls) == 60
    world.clock.pass_(5)
    assert (world.claim(ANA).gathered.count, world.claim(BEN).gathered.count) == (60, 60)


def test_rows_of_a_newer_version_are_not_gathered(world: Any) -> None:
    nudge(world, raised(world, 11))
    world.of_version(VERSION + 1)
    assert fold(world, ANA) == Folding()


def test_folding_that_fails_leaves_everything_as_it_was(world: Any) -> None:
    nudge(world, raised(world, 40))
    before = world.store.counts()
    with pytest.raises(ZeroDivisionError), world.store.transaction() as tx:
        assert tx.fold(ANA, world.machine, now=world.clock.at).gathered
        tx.fold(PLACE, world.machine, now=world.clock.at)
        raise ZeroDivisionError
    assert world.store.counts() == before
    assert behind(world) == [PLACE, ANA]
    assert world.claim().delivery.kind == "card"


def test_no_more_lanes_than_asked_are_named(world: Any) -> None:
    for n in range(3):
        raised(world, 31, place=f"slack:#{n}")
    assert len(world.store.behind(limit=2)) == 2
    assert len(behind(world)) == 3
