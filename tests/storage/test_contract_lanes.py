"""Who is served when: one delivery of a lane at a time, by severity, then age."""

from __future__ import annotations

from typing import Any

import pytest

from bot.core import alert as life
from bot.core.events import Actor
from bot.core.signal import Severity
from bot.ports import Receipt, Settled


def test_a_claim_brings_everything_an_attempt_needs(world: Any) -> None:
    alert = world.raise_(severity=Severity.ERROR)
    claimed = world.claim()
    delivery = claimed.delivery
    assert (claimed.alert, claimed.root, claimed.was_unknown) == (alert, None, False)
    assert [event.seq for event in claimed.events] == [1]
    assert (delivery.kind, delivery.state, delivery.attempts, delivery.fence) == ("card", "sending", 1, 1)
    assert (delivery.place, delivery.rank, delivery.seq, delivery.generation) == (alert.place, 1, 1, 1)
    assert (delivery.attempted_at, delivery.created_at) == (world.machine, alert.raised_at)
    assert (delivery.receipt, delivery.shown, delivery.thread) == (None, 0, False)


def test_an_empty_lane_gives_nothing(world: Any) -> None:
    assert world.claim("slack:#nobody") is None
    assert world.lane_of(4711) is None


def test_a_lane_is_served_by_severity_then_age(world: Any) -> None:
    said = [("old", Severity.INFO), ("bad", Severity.ERROR), ("new", Severity.INFO), ("worst", Severity.CRITICAL)]
    titles = {world.raise_(title=title, severity=severity).id: title for title, severity in said}
    served = []
    while claimed := world.claim():
        served.append(titles[claimed.alert.id])
        world.show(claimed)
    assert served == ["worst", "bad", "old", "new"]


def test_one_delivery_of_a_lane_is_on_its_way_at_a_time(world: Any) -> None:
    world.raise_(), world.raise_(), world.raise_(place="slack:#other")
    first = world.claim()
    assert world.claim() is None
    assert world.claim("slack:#other") is not None
    assert world.due() == []
    world.show(first)
    assert world.due() == ["slack:#ai-alerts"]


def test_settling_says_what_can_be_served_next(world: Any) -> None:
    world.raise_(), world.raise_()
    following = world.show(world.claim())
    assert world.lane_of(following) == "slack:#ai-alerts"
    assert world.show(world.claim()) is None
    assert world.claim() is None


def test_posts_are_paced_and_the_lane_says_when_it_is_free(world: Any) -> None:
    world.raise_(), world.raise_()
    assert world.show(world.claim(), paced=1.05) is None
    assert world.claim() is None
    assert world.due() == []
    assert world.next_at() == pytest.approx(world.machine + 1.05)
    world.clock.pass_(1.06)
    assert world.due() == ["slack:#ai-alerts"]
    assert world.claim() is not None


def test_an_edit_may_go_while_posts_are_paced(world: Any, by_ana: Actor) -> None:
    shown = world.raise_(severity=Severity.INFO)
    world.show(world.claim())
    world.raise_(severity=Severity.CRITICAL)
    world.show(world.claim(), ts="2.0", paced=60.0)
    world.raise_(severity=Severity.CRITICAL)
    assert world.due() == []
    world.change(shown, life.acknowledge, by=by_ana)
    assert world.due() == ["slack:#ai-alerts"]
    edit = world.claim()
    assert (edit.alert.id, edit.delivery.receipt) == (shown.id, Receipt(channel="C1", ts="1.0"))
    assert world.show(edit) is None
    assert world.next_at() == pytest.approx(world.machine + 60.0)


def test_many_changes_become_one_edit_of_the_newest_revision(world: Any, by_ana: Actor) -> None:
    alert = world.raise_()
    world.show(world.claim())
    world.change(alert, life.acknowledge, by=by_ana)
    newest = world.close(alert)
    claimed = world.claim()
    assert (claimed.delivery.kind, claimed.delivery.seq, claimed.delivery.generation) == ("card", 4, newest.generation)
    assert (claimed.alert, [event.seq for event in claimed.events]) == (newest, [4])
    assert claimed.root == claimed.delivery.receipt == Receipt(channel="C1", ts="1.0")
    assert world.show(claimed) is None
    assert world.claim() is None
    assert world.store.counts() == {}


def test_a_change_while_the_card_is_on_its_way_is_shown_afterwards(world: Any, by_ana: Actor) -> None:
    alert = world.raise_()
    claimed = world.claim()
    world.change(alert, life.acknowledge, by=by_ana)
    assert world.claim() is None
    following = world.show(claimed)
    assert following == claimed.delivery.id
    again = world.claim()
    assert (again.delivery.id, again.delivery.shown, again.delivery.attempts) == (claimed.delivery.id, 1, 1)
    assert again.alert.revision == 2
    world.show(again)
    assert world.claim() is None


@pytest.mark.parametrize("state", ["dead", "superseded"])
def test_a_card_that_was_given_up_is_wanted_again_in_its_next_revision(world: Any, by_ana: Actor, state: str) -> None:
    alert = world.raise_()
    assert world.store.settle(world.claim(), Settled(state=state, error="is_archived")) is None
    assert world.claim() is None
    world.change(alert, life.acknowledge, by=by_ana)
    assert world.claim().delivery.attempts == 1


def test_a_reply_waits_until_its_card_is_shown(world: Any, by_ana: Actor) -> None:
    alert = world.raise_()
    world.change(alert, life.note, by=by_ana, text="looking")
    later = world.machine + 100
    assert world.store.settle(world.claim(), Settled(state="pending", not_before=later, error="timeout")) is None
    assert world.due() == []
    assert world.claim() is None
    assert world.next_at() == pytest.approx(later)
    world.clock.pass_(101)
    card = world.claim()
    assert card.delivery.kind == "card"
    assert world.show(card) is not None
    reply = world.claim()
    assert (reply.delivery.kind, reply.delivery.thread, reply.root) == ("note", True, Receipt(channel="C1", ts="1.0"))
    assert [event.reason for event in reply.events] == ["looking"]


def test_a_reply_under_a_dead_card_never_makes_its_lane_look_due(world: Any, by_ana: Actor) -> None:
    alert = world.raise_()
    world.change(alert, life.note, by=by_ana, text="looking")
    assert world.store.settle(world.claim(), Settled(state="dead", error="is_archived")) is None
    world.clock.pass_(10_000)
    assert world.due() == []
    assert world.next_at() is None
    assert world.store.counts()["delivery.pending"] == 1


def test_a_reply_to_a_shown_card_goes_at_once(world: Any, by_ana: Actor) -> None:
    alert = world.raise_()
    world.show(world.claim())
    world.change(alert, life.note, by=by_ana, text="looking")
    kinds = []
    while claimed := world.claim():
        kinds.append(claimed.delivery.kind)
        world.show(claimed, ts=f"{len(kinds)}.5")
    assert kinds == ["card", "note"]


def test_a_direct_message_needs_no_card_and_is_said_once(world: Any, by_ana: Actor) -> None:
    alert = world.raise_()
    world.change(alert, life.reassign, by=by_ana, to="ben@acme.example")
    claimed = world.claim("slack:@ben@acme.example")
    assert (claimed.delivery.kind, claimed.root) == ("assigned", None)
    assert [event.seq for event in claimed.events] == [2]
    world.show(claimed)
    world.change(alert, life.note, by=by_ana, text="more")
    assert world.claim("slack:@ben@acme.example") is None


def test_what_is_not_due_yet_lets_others_pass(world: Any) -> None:
    world.raise_(title="first", severity=Severity.CRITICAL)
    world.raise_(title="second")
    later = world.machine + 60
    world.store.settle(world.claim(), Settled(state="pending", not_before=later, error="ratelimited"))
    claimed = world.claim()
    assert claimed.alert.signal.title == "second"
    world.show(claimed)
    assert world.due() == []
    world.clock.pass_(60)
    again = world.claim()
    assert (again.alert.signal.title, again.delivery.attempts, again.delivery.error) == ("first", 2, "ratelimited")


def test_a_lease_that_runs_out_leaves_an_unknown_outcome(world: Any) -> None:
    world.raise_()
    lost = world.claim()
    world.clock.pass_(29.9)
    assert world.due() == []
    world.clock.pass_(0.1)
    assert world.due() == ["slack:#ai-alerts"]
    assert world.store.counts()["delivery.unknown"] == 1
    again = world.claim()
    assert again.was_unknown
    assert (again.delivery.id, again.delivery.fence, again.delivery.attempts) == (lost.delivery.id, 2, 2)
    # The look back has to reach the first attempt.
    assert again.delivery.attempted_at == lost.delivery.attempted_at


def test_a_lane_whose_lease_ran_out_is_served_without_waiting_for_the_clock(world: Any) -> None:
    world.raise_()
    world.claim()
    world.clock.pass_(30)
    assert world.claim().was_unknown


def test_an_unknown_outcome_is_looked_at_in_its_time(world: Any) -> None:
    world.raise_()
    first = world.claim()
    later = world.machine + 40
    assert world.store.settle(first, Settled(state="unknown", not_before=later, lane_free_at=later)) is None
    assert world.claim() is None
    assert world.next_at() == pytest.approx(later)
    world.clock.pass_(40)
    again = world.claim()
    assert (again.was_unknown, again.delivery.attempted_at) == (True, first.delivery.attempted_at)
    found = Settled(state="pending", receipt=Receipt(channel="C1", ts="9.0"))
    assert world.store.settle(again, found) == first.delivery.id
    edit = world.claim()
    assert (edit.was_unknown, edit.delivery.receipt) == (False, Receipt(channel="C1", ts="9.0"))
    assert edit.delivery.attempted_at == first.delivery.attempted_at, "twins are looked for back to the first post"


def test_whoever_was_fenced_off_changes_nothing(world: Any) -> None:
    world.raise_()
    slow = world.claim()
    world.clock.pass_(31)
    current = world.claim()
    assert world.store.settle(slow, Settled(state="dead", lane_free_at=world.machine + 99, error="late")) is None
    assert world.claim() is None
    world.show(current, ts="7.0")
    assert world.store.counts() == {"open": 1}
    world.raise_()
    assert world.claim() is not None


def test_a_slow_attempt_that_nobody_took_over_still_counts(world: Any) -> None:
    world.raise_()
    slow = world.claim()
    world.clock.pass_(31)
    assert world.due() == ["slack:#ai-alerts"]
    world.show(slow)
    assert world.store.counts() == {"open": 1}
    assert world.claim() is None


def test_settling_late_does_not_free_a_lane_that_serves_another(world: Any) -> None:
    world.raise_(severity=Severity.INFO)
    slow = world.claim()
    world.clock.pass_(31)
    world.due()
    world.raise_(severity=Severity.CRITICAL)
    other = world.claim()
    assert other.delivery.id != slow.delivery.id
    assert world.show(slow) is None
    assert world.claim() is None
    world.show(other, ts="2.0")


def test_every_lane_says_when_it_may_be_served_and_names_one_of_its_deliveries(world: Any) -> None:
    for n in range(4):
        world.raise_(place=f"slack:#{n}")
    claimed = world.claim("slack:#1")
    world.store.settle(claimed, Settled(state="pending", not_before=world.machine + 5))
    world.clock.pass_(10)
    assert world.due()[-1] == "slack:#1"
    waiting = world.store.waiting(world.machine)
    assert {one.lane for one in waiting} == {f"slack:#{n}" for n in range(4)}
    assert all(world.lane_of(one.delivery) == one.lane for one in waiting)


def test_a_card_that_is_gone_is_forgotten_and_posted_anew(world: Any, by_ana: Actor) -> None:
    alert = world.raise_()
    world.show(world.claim())
    world.change(alert, life.note, by=by_ana, text="looked at it")
    edit = world.claim()
    assert edit.delivery.receipt is not None
    world.store.settle(edit, Settled(state="pending", forget=True, error="message_not_found"))
    anew = world.claim()
    assert (anew.delivery.key, anew.delivery.receipt, anew.delivery.shown) == (edit.delivery.key, None, 0)
    world.show(anew, ts="2.0")
    assert world.claim().root == Receipt(channel="C1", ts="2.0")


def test_what_failed_three_times_and_still_waits_is_told(world: Any) -> None:
    alert = world.raise_()
    for attempt in range(3):
        assert world.store.stuck(limit=5) == [], attempt
        world.store.settle(world.claim(), Settled(state="pending", error="not_in_channel"))
    assert world.store.stuck(limit=5) == [(alert.place, "not_in_channel")]
    world.show(world.claim())
    assert world.store.stuck(limit=5) == []
