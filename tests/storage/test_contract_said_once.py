"""What one delivery remembers of its attempts, and who may serve it: posts, twins, versions, what was overtaken."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.core import alert as life
from bot.core import wake
from bot.core.events import CLOCK, Actor, Kind
from bot.core.signal import Severity
from bot.core.state import Cause, cards, change, owe
from bot.ports import Receipt, Settled
from storage import models
from storage.models import VERSION

LATER = Settled(state="pending", error="timeout")


def nudged(world: Any, alert: Any, **where: Any) -> Any:
    """One more nudge, owed at `place` (the alert's thread without)."""
    with world.store.transaction() as tx:
        before = tx.alert(alert.id)
        step = change(before, Cause(Kind.NUDGED, by=CLOCK, at=world.clock.at), to={"asked": before.asked + 1})
        said = owe(step.alert, "nudge", **({"place": step.alert.place, "thread": True} | where))
        tx.put(replace(step, owed=(*step.owed, said)), before=before)
    return step.alert


DIRECT = {"place": "slack:@ana@acme.example", "thread": False}


# ── posts ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_post_counts_from_the_moment_it_is_claimed_until_it_surely_was_none(world: Any) -> None:
    world.raise_()
    first = world.claim()
    assert (first.delivery.posts, world.store.due(first.delivery.id).posts) == (1, 1)
    world.store.settle(first, LATER)
    assert world.store.due(first.delivery.id).posts == 0
    second = world.claim()
    world.store.settle(second, Settled(state="unknown", posted=True, error="timeout"))
    assert world.store.due(first.delivery.id).posts == 1
    third = world.claim()
    assert third.delivery.posts == 2
    world.show(third)
    assert world.store.due(first.delivery.id).posts == 2


def test_a_post_whose_worker_died_goes_on_counting(world: Any) -> None:
    world.raise_()
    world.claim()
    world.clock.pass_(31)
    again = world.claim()
    assert (again.was_unknown, again.delivery.posts) == (True, 2)
    world.store.settle(again, Settled(state="shown", receipt=Receipt(channel="C1", ts="1.0")))
    assert world.store.due(again.delivery.id).posts == 1, "it was found, and not posted again"


def test_an_edit_is_no_post(world: Any, by_ana: Actor) -> None:
    alert = world.raise_()
    world.show(world.claim())
    world.change(alert, life.acknowledge, by=by_ana)
    edit = world.claim()
    world.store.settle(edit, LATER)
    assert world.store.due(edit.delivery.id).posts == 1


def test_an_unknown_outcome_does_not_hold_its_lane(world: Any) -> None:
    world.raise_(severity=Severity.CRITICAL, title="first")
    world.raise_(title="second")
    lost = world.claim()
    world.store.settle(lost, Settled(state="unknown", posted=True, not_before=world.machine + 40))
    assert world.claim().alert.signal.title == "second"


# ── claiming ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_worker_asks_for_posts_or_edits_or_one_delivery_only(world: Any, by_ana: Actor) -> None:
    shown = world.raise_()
    world.show(world.claim())
    new = world.raise_()
    world.change(shown, life.acknowledge, by=by_ana)
    assert world.claim(posts=False, edits=False) is None
    edit = world.claim(posts=False)
    assert edit.alert.id == shown.id
    world.store.settle(edit, LATER)
    post = world.claim(edits=False)
    assert post.alert.id == new.id
    world.store.settle(post, LATER)
    assert world.claim(only=4711) is None
    assert world.claim(only=post.delivery.id).delivery.id == post.delivery.id


def test_only_one_delivery_still_waits_for_the_lane_to_be_free(world: Any) -> None:
    world.raise_(), world.raise_()
    world.show(world.claim(), paced=5.0)
    (waiting,) = world.store.waiting(world.machine)
    assert world.claim(only=waiting.delivery) is None
    world.clock.pass_(5)
    assert world.claim(only=waiting.delivery) is not None


def test_each_lane_says_apart_when_posts_and_when_edits_may_go(world: Any, by_ana: Actor) -> None:
    shown = world.raise_(severity=Severity.INFO)
    world.show(world.claim(), paced=7.0)
    (world.raise_(severity=Severity.CRITICAL), world.raise_(severity=Severity.ERROR))
    (posts,) = world.store.waiting(world.machine)
    assert (posts.rank, posts.post_at, posts.edit_at) == (0, world.machine + 7.0, None)
    world.change(shown, life.acknowledge, by=by_ana)
    (both,) = world.store.waiting(world.machine)
    assert (both.rank, both.post_at, both.edit_at) == (0, world.machine + 7.0, 0.0)
    assert world.store.due(both.delivery).alert_id == shown.id
    world.claim()
    (taken,) = world.store.waiting(world.machine)
    assert (taken.post_at, taken.edit_at) == (world.machine + 30.0, None)


def test_a_card_tells_the_newest_event_that_is_not_for_the_trail_alone(world: Any, by_ana: Actor) -> None:
    alert = world.change(world.raise_(), life.acknowledge, by=by_ana)
    with world.store.transaction() as tx:
        quiet = change(alert, Cause(Kind.SUPERSEDED, by=CLOCK, at=world.clock.at), to={})
        tx.put(replace(quiet, owed=()), before=alert)
    claimed = world.claim()
    assert ([event.kind for event in claimed.events], claimed.alert.revision) == ([Kind.ACKNOWLEDGED], 3)


def test_a_reminder_is_overtaken_by_a_newer_one_in_the_same_place(world: Any) -> None:
    alert = world.raise_()
    world.show(world.claim())
    first = nudged(world, alert)
    nudged(world, alert, **DIRECT)
    assert not world.claim(DIRECT["place"]).overtaken, "the one in the channel is another place"
    world.show(world.claim(posts=False))
    old = world.claim(edits=False)
    assert not old.overtaken
    world.store.settle(old, LATER)
    nudged(world, alert)
    old = world.claim(only=old.delivery.id)
    assert (old.delivery.seq, old.overtaken) == (first.revision, True)
    world.store.settle(old, Settled(state="superseded", error="a newer one followed"))
    world.show(world.claim(posts=False), ts="2.0")
    assert not world.claim(edits=False).overtaken


def test_a_newer_reminder_that_was_said_first_overtakes_too(world: Any) -> None:
    alert = world.raise_()
    nudged(world, alert, **DIRECT)
    old = world.claim(DIRECT["place"])
    world.store.settle(old, replace(LATER, not_before=world.machine + 60))
    nudged(world, alert, **DIRECT)
    world.show(world.claim(DIRECT["place"]))
    world.clock.pass_(61)
    assert world.claim(DIRECT["place"]).overtaken


# ── cards and their replies ──────────────────────────────────────────────────────────────────────────────────────────


def test_replies_are_superseded_with_a_card_that_was_never_shown(world: Any, by_ana: Actor) -> None:
    alert = world.raise_()
    world.change(alert, life.note, by=by_ana, text="looking")
    world.store.settle(world.claim(), Settled(state="superseded", error="it is over"))
    assert world.store.counts() == {"open": 1}
    assert world.store.waiting(world.machine) == []


def test_replies_to_a_superseded_card_stay_where_the_card_is_wanted_anew(world: Any, by_ana: Actor) -> None:
    alert = world.raise_()
    claimed = world.claim()
    world.change(alert, life.note, by=by_ana, text="looking")
    world.store.settle(claimed, Settled(state="superseded", error="it is over"))
    world.show(world.claim())
    assert world.claim().delivery.kind == "note"


def test_replies_of_a_shown_card_stay_when_it_is_superseded(world: Any, by_ana: Actor) -> None:
    alert = world.raise_()
    world.show(world.claim())
    world.change(alert, life.note, by=by_ana, text="looking")
    edit = world.claim(posts=False)
    world.store.settle(edit, Settled(state="superseded", error="elsewhere"))
    assert world.claim().delivery.kind == "note"


def test_replies_that_wait_follow_the_alert_to_its_new_place(world: Any, by_ana: Actor) -> None:
    alert = world.raise_()
    noted = world.change(alert, life.note, by=by_ana, text="looking")
    world.store.settle(world.claim(), Settled(state="dead", error="is_archived"))
    with world.store.transaction() as tx:
        before = tx.alert(alert.id)
        moved = change(before, Cause(Kind.REROUTED, by=CLOCK, at=world.clock.at), to={"place": "slack:#other"})
        tx.put(replace(moved, owed=cards(moved.alert)), before=before)
    new = world.claim("slack:#other")
    assert (new.delivery.kind, new.delivery.shown) == ("card", 0)
    world.show(new, ts="5.0")
    reply = world.claim("slack:#other")
    assert (reply.delivery.seq, reply.root) == (noted.revision, Receipt(channel="C1", ts="5.0"))


def test_replies_under_two_cards_wait_for_their_own_and_only_one_follows(world: Any, by_ana: Actor) -> None:
    alert = world.raise_(also=("teams:#t",))
    world.change(alert, life.note, by=by_ana, text="looking")
    world.show(world.claim("teams:#t"), ts="7.0")
    reply = world.claim("teams:#t")
    assert (reply.delivery.kind, reply.root) == ("note", Receipt(channel="C1", ts="7.0"))
    world.show(reply, ts="8.0")
    world.store.settle(world.claim(), Settled(state="dead", error="is_archived"))
    with world.store.transaction() as tx:
        before = tx.alert(alert.id)
        moved = change(before, Cause(Kind.REROUTED, by=CLOCK, at=world.clock.at), to={"place": "slack:#other"})
        tx.put(moved, before=before)
    world.show(world.claim("slack:#other"), ts="5.0")
    assert world.claim("slack:#other").delivery.kind == "note"
    assert world.claim("teams:#t").delivery.kind == "card", "the same card, in a newer revision"


# ── settling within a transaction ────────────────────────────────────────────────────────────────────────────────────


def test_an_outcome_and_what_follows_from_it_are_stored_together(world: Any, by_ana: Actor) -> None:
    alert = world.raise_()
    world.raise_()
    claimed = world.claim()
    with world.store.transaction() as tx:
        before = tx.alert(alert.id)
        assert tx.settle(claimed, Settled(state="dead", error="is_archived"))
        tx.put(life.reassign(before, world.given(tx), by=by_ana, to="ben@acme.example"), before=before)
    assert {world.lane_of(hint) for hint in tx.hints} == {alert.place, "slack:@ben@acme.example"}
    row = world.store.due(claimed.delivery.id)
    assert (row.state, row.error) == ("pending", "is_archived"), "its next revision is wanted"
    assert world.claim() is not None


def test_an_outcome_of_a_transaction_that_failed_never_was(world: Any) -> None:
    world.raise_()
    claimed = world.claim()
    with pytest.raises(ZeroDivisionError), world.store.transaction() as tx:
        tx.alert(claimed.alert.id)
        assert tx.settle(claimed, Settled(state="dead"))
        raise ZeroDivisionError
    assert world.store.due(claimed.delivery.id).state == "sending"
    assert world.claim() is None


def test_whoever_was_fenced_off_settles_nothing_in_a_transaction(world: Any) -> None:
    world.raise_()
    slow = world.claim()
    world.clock.pass_(31)
    current = world.claim()
    with world.store.transaction() as tx:
        assert not tx.settle(slow, Settled(state="dead"))
    assert list(tx.hints) == []
    assert world.store.due(current.delivery.id).state == "sending"


# ── twins ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_twins_are_looked_for_in_their_time_and_by_one(world: Any) -> None:
    alert = world.raise_()
    at = world.machine + 60.5
    shown = Settled(state="shown", posted=True, receipt=Receipt(channel="C1", ts="2.0"), sweep_at=at)
    world.store.settle(world.claim(), shown)
    assert world.store.due_sweeps(world.machine, limit=5) == []
    world.clock.pass_(61)
    (row,) = world.store.due_sweeps(world.machine, limit=5)
    claimed, was = world.store.sweepable(row)
    assert (claimed.alert.id, claimed.delivery.receipt, was) == (alert.id, Receipt(channel="C1", ts="2.0"), at)
    with world.store.transaction() as tx:
        assert tx.swept(row, was=was, next_at=at + 600, receipt=None)
        assert not tx.swept(row, was=was, next_at=None, receipt=None), "somebody else was first"
    assert world.store.due_sweeps(world.machine, limit=5) == []
    again = world.claim()
    assert again.delivery.receipt == Receipt(channel="C1", ts="2.0"), "a late edit may have followed a newer one"
    world.show(again)
    world.clock.pass_(600)
    with world.store.transaction() as tx:
        assert tx.swept(row, was=at + 600, next_at=at + 660, receipt=None, seen=False)
    assert world.claim() is None, "nothing was seen, so nothing is done"
    assert world.store.sweepable(row)[0].delivery.sweeps == 1, "and it does not count"
    with world.store.transaction() as tx:
        assert tx.swept(row, was=at + 660, next_at=None, receipt=None)
    assert world.store.sweepable(row) is None
    assert world.store.sweepable(4711) is None


def test_a_card_of_which_the_first_twin_stays_is_edited_to_what_is_true_now(world: Any) -> None:
    world.raise_()
    world.store.settle(
        world.claim(),
        Settled(state="shown", posted=True, receipt=Receipt(channel="C1", ts="2.0"), sweep_at=world.machine),
    )
    (row,) = world.store.due_sweeps(world.machine, limit=5)
    with world.store.transaction() as tx:
        assert tx.swept(row, was=world.machine, next_at=None, receipt=Receipt(channel="C1", ts="1.0"))
    edit = world.claim(posts=False)
    assert (edit.delivery.id, edit.delivery.receipt) == (row, Receipt(channel="C1", ts="1.0"))


def test_what_is_said_once_is_not_said_again_because_its_twin_stays(world: Any) -> None:
    nudged(world, world.raise_(), **DIRECT)
    said = Settled(state="shown", posted=True, receipt=Receipt(channel="D1", ts="2.0"), sweep_at=world.machine)
    world.store.settle(world.claim(DIRECT["place"]), said)
    (row,) = world.store.due_sweeps(world.machine, limit=5)
    with world.store.transaction() as tx:
        assert tx.swept(row, was=world.machine, next_at=None, receipt=Receipt(channel="D1", ts="1.0"))
    assert world.store.due(row).receipt == Receipt(channel="D1", ts="1.0")
    assert world.claim(DIRECT["place"]) is None


# ── versions ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_rows_of_a_newer_version_are_left_to_those_who_know_it(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world.raise_(severity=Severity.CRITICAL)
    shown = Settled(state="shown", posted=True, receipt=Receipt(channel="C1", ts="1.0"), sweep_at=1.0)
    world.store.settle(world.claim(), shown)
    world.raise_(severity=Severity.CRITICAL)
    world.of_version(VERSION + 1)
    assert world.claim() is None
    assert world.store.waiting(world.machine) == []
    assert world.store.due_sweeps(world.machine, limit=5) == []
    assert world.store.oldest(world.machine) == {}
    old = world.raise_()
    assert [one.rank for one in world.store.waiting(world.machine)] == [2]
    served = world.claim()
    assert served.alert.id == old.id
    world.store.settle(served, replace(shown, sweep_at=None))
    monkeypatch.setattr(models, "VERSION", VERSION + 1)
    assert len(world.store.waiting(world.machine)) == 1
    (row,) = world.store.due_sweeps(world.machine, limit=5)
    assert world.store.sweepable(row) is not None
    assert world.claim().alert.severity is Severity.CRITICAL


# ── lateness and a clock that jumped ─────────────────────────────────────────────────────────────────────────────────


def test_the_oldest_of_each_lane_says_how_late_it_is(world: Any, by_ana: Actor) -> None:
    shown = world.raise_()
    world.show(world.claim())
    world.clock.pass_(100)
    world.change(shown, life.acknowledge, by=by_ana)
    world.raise_(place="slack:#other")
    world.clock.pass_(20)
    world.raise_(place="slack:#other")
    assert world.store.oldest(world.machine) == pytest.approx({shown.place: 20.0, "slack:#other": 20.0})
    world.store.settle(world.claim(), replace(LATER, not_before=world.machine + 30))
    assert world.store.oldest(world.machine) == pytest.approx({"slack:#other": 20.0})
    world.clock.pass_(35)
    assert world.store.oldest(world.machine) == pytest.approx({shown.place: 5.0, "slack:#other": 55.0})


def test_after_a_jump_of_the_clock_nothing_lies_further_ahead_than_it_can_have_been_set(world: Any) -> None:
    for n in range(4):
        world.raise_(place=f"slack:#{n}")
    world.clock.pass_(100_000)
    world.claim("slack:#0")
    world.store.settle(world.claim("slack:#1"), replace(LATER, not_before=world.machine + 60))
    world.show(world.claim("slack:#2"), paced=2.0)
    far = Settled(
        state="unknown", posted=True, not_before=world.machine + 40, receipt=None, sweep_at=world.machine + 60
    )
    lost = world.claim("slack:#3")
    world.store.settle(lost, far)
    world.clock.pass_(-90_000)
    assert world.store.realign(world.machine, ahead=900) > 0
    assert world.store.realign(world.machine, ahead=900) == 0
    at = {one.lane: one.post_at - world.machine for one in world.store.waiting(world.machine)}
    assert at == pytest.approx({"slack:#1": 900.0, "slack:#3": 900.0})
    assert world.store.due_sweeps(world.machine + 3600, limit=5) == [lost.delivery.id]
    assert world.store.due(lost.delivery.id).attempted_at < world.machine
    world.raise_(place="slack:#2")
    world.clock.pass_(31)
    assert {one.lane for one in world.store.waiting(world.machine)} == {f"slack:#{n}" for n in range(4)}
    assert world.claim("slack:#0").was_unknown
    world.clock.pass_(900)
    assert world.claim("slack:#1") is not None
    assert world.claim("slack:#2") is not None


def test_a_clock_that_runs_steadily_has_nothing_to_set_right(world: Any) -> None:
    world.raise_(), world.raise_()
    world.show(world.claim(), paced=1.0)
    world.clock.pass_(1)
    world.store.settle(
        world.claim(), Settled(state="unknown", not_before=world.machine + 40, sweep_at=world.machine + 9)
    )
    assert world.store.realign(world.machine) == 0


def test_a_wake_owes_what_it_always_owed(world: Any) -> None:
    """The stores hold what the rules owe: a reply that waits for its card, and no row more."""
    alert = world.raise_()
    world.clock.pass_(timedelta(minutes=10).total_seconds())
    with world.store.transaction() as tx:
        before = tx.alert(alert.id)
        tx.put(wake.wake(before, world.given(tx)), before=before)
    assert world.store.counts() == {"open": 1, "delivery.pending": 2}
