"""What people do: once, with the right to, on the alert as it is now; and what they are told."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cast import ANA, BEN, CLEO, DOV, ELSA, GUS, T0, minutes, plain

from bot.acts import Done
from bot.core.signal import Severity
from bot.core.state import Status
from bot.ports import Conflict, Interaction

HOUR = timedelta(hours=1)


def test_acknowledge_and_resolve_close_the_loop(world: Any) -> None:
    alert = world.raised()
    done = world.acknowledge(alert, BEN)
    assert (done.ok, plain(done.said), done.alert.owner) == (True, "Ben acknowledged.", BEN.id)
    world.clock.forward(30)
    done = world.loop.resolve(world.act(done.alert, BEN), what="Refunded.", link="https://erp.acme.example/1")
    assert (done.ok, plain(done.said)) == (
        True,
        "Ben resolved this: Refunded. what was done <https://erp.acme.example/1>.",
    )
    after = world.alert(alert.id)
    assert (after.status, after.due_at, after.finished_at) == (Status.CLOSED, None, T0 + minutes(30))
    assert world.kinds(after) == ["raised", "acknowledged", "resolved", "closed"]


def test_a_double_click_is_answered_and_done_once(world: Any) -> None:
    alert = world.raised()
    assert world.acknowledge(alert, ANA).ok
    again = world.acknowledge(alert, ANA)
    assert (again.code, plain(again.said)) == ("already", "You have this since 09:00.")
    assert world.kinds(alert) == ["raised", "acknowledged"]


def test_the_same_gesture_delivered_twice_is_done_once(world: Any) -> None:
    alert = world.raised()
    act = world.act(alert, ANA)
    assert world.loop.not_mine(act).ok
    again = world.loop.not_mine(act)
    assert (again.ok, again.code) == (True, "repeated")
    assert world.kinds(alert) == ["raised", "declined"]


def test_a_gesture_that_was_refused_stays_refused(world: Any) -> None:
    alert = world.raised()
    act = world.act(alert, DOV)
    assert world.loop.resolve(act, what="x").code == "not_allowed"
    assert world.loop.resolve(replace(act, by=ANA), what="x").code == "repeated"
    assert world.kinds(alert) == ["raised"]


def test_gestures_of_two_chats_with_one_id_are_two(world: Any) -> None:
    alert = world.raised()
    act = world.act(alert, ANA)
    other = replace(act, interaction=Interaction(source="teams:gesture", id=act.interaction.id))
    assert world.loop.note(act, text="one").ok
    assert world.loop.note(other, text="two").ok
    assert world.kinds(alert) == ["raised", "noted", "noted"]


def test_of_two_people_one_wins_and_the_other_is_told_who_and_when(world: Any) -> None:
    alert = world.raised()
    answers: dict[str, Done] = {}
    ready = threading.Barrier(2)

    def click(one: Any) -> None:
        act = world.act(alert, one)
        ready.wait(5)
        answers[one.id] = world.loop.acknowledge(act)

    clicks = [threading.Thread(target=click, args=(one,)) for one in (ANA, BEN)]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join(5)
    winner = world.alert(alert.id).owner
    loser = BEN.id if winner == ANA.id else ANA.id
    assert (answers[winner].ok, answers[loser].code) == (True, "already")
    assert plain(answers[loser].said) == f"{'Ana' if winner == ANA.id else 'Ben'} acknowledged this 09:00."
    assert world.kinds(alert) == ["raised", "acknowledged"]


def test_whoever_loses_a_race_decides_again_on_what_is_there_now(world: Any) -> None:
    """A database may notice only at the end of a transaction that somebody was first."""
    alert = world.raised()
    act, real, raced = world.act(alert, ANA), world.store.transaction, []

    @contextmanager
    def race() -> Any:
        if not raced:
            raced.append(True)
            world.acknowledge(alert, BEN)
            raise Conflict(alert.id)
        with real() as tx:
            yield tx

    world.store.transaction = race
    done = world.loop.acknowledge(act)
    assert (done.code, plain(done.said)) == ("already", "Ben acknowledged this 09:00.")


@pytest.mark.parametrize("what", ["acknowledge", "cleared", "wake", "rescue"])
def test_after_five_lost_races_the_conflict_is_told(world: Any, what: str) -> None:
    alert, tries = world.raised(), []

    @contextmanager
    def never() -> Any:
        tries.append(1)
        raise Conflict(alert.id)
        yield

    world.store.transaction = never
    calls = {
        "acknowledge": lambda: world.acknowledge(alert, ANA),
        "cleared": lambda: world.loop.cleared(alert.id, source="ap-auditor"),
        "wake": lambda: world.loop.wake(alert.id),
        "rescue": lambda: world.loop.rescue(alert.id),
    }
    with pytest.raises(Conflict):
        calls[what]()
    assert len(tries) == 5


# ── a card that is out of date ───────────────────────────────────────────────────────────────────────────────────────


def test_a_stale_card_changes_nothing_and_is_told_what_happened(world: Any) -> None:
    alert = world.raised()
    world.acknowledge(alert, BEN)
    world.clock.forward(5)
    done = world.loop.resolve(world.act(alert, CLEO), what="Refunded.")
    assert (done.ok, done.code) == (False, "stale")
    assert plain(done.said) == "This changed meanwhile: Ben acknowledged 09:00. Nothing was done."
    assert world.alert(alert.id).status == Status.ACKNOWLEDGED


def test_a_card_is_not_stale_because_somebody_was_nudged_or_wrote_a_note(world: Any) -> None:
    alert = world.raised()
    world.sleep(25)
    world.loop.note(world.act(alert, BEN), text="Looking.")
    assert world.acknowledge(alert, ANA).ok


def test_a_note_on_a_stale_card_is_kept(world: Any) -> None:
    alert = world.raised()
    world.acknowledge(alert, ANA)
    assert world.loop.note(world.act(alert, BEN), text="I called the bank.").ok


def test_a_click_on_a_closed_card_is_an_answer(world: Any) -> None:
    alert = world.raised()
    world.loop.resolve(world.act(alert, ANA), what="Refunded.")
    done = world.acknowledge(alert, ANA)
    assert (done.code, plain(done.said)) == ("finished", "This is closed since 09:00. Reopen it first.")


def test_a_second_click_on_not_mine_is_an_answer_not_a_reproach(world: Any) -> None:
    alert = world.raised()
    assert world.loop.not_mine(world.act(alert, ANA)).ok
    done = world.loop.not_mine(world.act(alert, ANA))
    assert (done.code, done.ok) == ("stale", False)
    assert plain(done.said).startswith("This changed meanwhile: Ana said it is not theirs; now asked: Cleo")
    assert world.kinds(alert) == ["raised", "declined"]


# ── handing on ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_not_mine_goes_up_to_the_owner_of_last_resort_and_ends_there(world: Any) -> None:
    alert = world.raised()
    for one, following in ((ANA, CLEO), (CLEO, ELSA)):
        done = world.loop.not_mine(world.act(alert, one))
        assert (done.ok, done.alert.owner) == (True, following.id)
        alert = done.alert
    last = world.loop.not_mine(world.act(alert, ELSA))
    assert (last.code, world.alert(alert.id).owner) == ("bad_input", ELSA.id)
    assert plain(last.said) == "Nobody is left to ask. Reassign it to the person it belongs to."


def test_a_manager_who_says_not_mine_does_not_get_it(world: Any) -> None:
    done = world.loop.not_mine(world.act(world.raised(), CLEO))
    assert (done.ok, done.alert.owner, done.alert.declined) == (True, ELSA.id, (ANA.id, CLEO.id))


def test_not_mine_steps_over_whoever_is_gone(world: Any) -> None:
    alert = world.raised()
    world.store.save_people([replace(CLEO, active=False)], at=T0)
    assert world.loop.not_mine(world.act(alert, ANA)).alert.owner == ELSA.id


def test_reassigning_tells_the_new_owner(world: Any) -> None:
    alert = world.raised()
    done = world.loop.reassign(world.act(alert, ANA), to=BEN.id, reason="He knows the supplier.")
    assert plain(done.said) == "Ana gave this to Ben: He knows the supplier."
    assert [(row.kind, row.place) for row in world.owed(alert)] == [
        ("card", "slack:#ai-alerts"),
        ("assigned", f"slack:@{BEN.id}"),
    ]


@pytest.mark.parametrize("one", [replace(BEN, active=False), GUS])
def test_it_cannot_be_given_to_somebody_who_cannot_own_it(world: Any, one: Any) -> None:
    world.store.save_people([one], at=T0)
    done = world.loop.reassign(world.act(world.raised(), ANA), to=one.id)
    assert (done.ok, done.code) == (False, "bad_input")


def test_snooze_note_dismiss_and_reopen(world: Any) -> None:
    alert = world.raised()
    assert plain(world.loop.snooze(world.act(alert, ANA), until=T0 + 5 * HOUR).said) == "Ana snoozed this until 14:00."
    assert (
        plain(world.loop.note(world.act(alert, BEN), text="Waiting for the bank").said)
        == "Ben noted: Waiting for the bank."
    )
    assert plain(world.loop.dismiss(world.act(alert, ANA), reason="A test!").said) == "Ana dismissed this: A test!"
    over = world.alert(alert.id)
    done = world.loop.reopen(world.act(over, CLEO), reason="No test.")
    assert (done.ok, done.alert.status, done.alert.owner) == (True, Status.OPEN, ANA.id)
    assert world.kinds(alert) == ["raised", "snoozed", "noted", "dismissed", "reopened"]


def test_reopening_asks_somebody_who_can_still_be_asked(world: Any) -> None:
    alert = world.raised()
    world.loop.resolve(world.act(alert, ANA), what="Refunded.")
    world.store.save_people([replace(ANA, active=False)], at=T0)
    assert world.loop.reopen(world.act(world.alert(alert.id), CLEO), reason="No.").alert.owner == CLEO.id


# ── rights ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _everything(world: Any, alert: Any, one: Any) -> dict[str, Done]:
    loop, act = world.loop, lambda: world.act(alert, one)
    return {
        "resolve": loop.resolve(act(), what="x"),
        "reassign": loop.reassign(act(), to=one.id),
        "not_mine": loop.not_mine(act()),
        "snooze": loop.snooze(act(), until=T0 + HOUR),
        "note": loop.note(act(), text="x"),
        "dismiss": loop.dismiss(act(), reason="x"),
        "reopen": loop.reopen(act(), reason="x"),
        "acknowledge": loop.acknowledge(act()),
    }


@pytest.mark.parametrize("one", [DOV, GUS, replace(ANA, active=False)])
def test_nobody_acts_without_the_right(world: Any, one: Any) -> None:
    alert = world.raised()
    world.store.save_people([one], at=T0)
    assert {done.code for done in _everything(world, alert, one).values()} == {"not_allowed"}
    assert (world.kinds(alert), world.alert(alert.id)) == (["raised"], alert)


def test_a_member_of_the_channel_may_acknowledge_and_note_only(world: Any) -> None:
    alert = world.raised()
    done = {name for name, done in _everything(world, alert, BEN).items() if done.ok}
    assert done == {"note", "acknowledge"}


def test_whoever_was_deactivated_a_moment_ago_has_no_rights(world: Any) -> None:
    """The gesture still carries the person as they were; the transaction asks the database."""
    alert = world.raised()
    act = world.act(alert, ANA)
    world.store.save_people([replace(ANA, active=False)], at=T0)
    assert world.loop.resolve(act, what="Refunded.").code == "not_allowed"


def test_a_form_is_not_shown_to_whoever_may_not_hand_it_in(world: Any) -> None:
    alert = world.raised()
    assert world.loop.allowed(world.act(alert, ANA), "resolve").ok
    assert world.loop.allowed(world.act(alert, DOV), "resolve").code == "not_allowed"
    assert world.loop.allowed(world.act(replace(alert, id="01JQNONE"), ANA), "resolve").code == "unknown"


def test_an_alert_that_does_not_exist_is_unknown(world: Any) -> None:
    ghost = replace(world.raised(), id="01JQNONE")
    assert {done.code for done in _everything(world, ghost, ANA).values()} == {"unknown"}


def test_whom_an_alert_concerns(world: Any) -> None:
    alert = world.raised()
    concerned = {one.name for one in (ANA, BEN, CLEO, ELSA, DOV, GUS) if world.loop.concerns(one, [alert])}
    assert concerned == {"Ana", "Cleo", "Elsa"}


# ── time passes ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_wake_fires_once_and_says_how_late_it_was(world: Any) -> None:
    alert = world.raised()
    world.clock.forward(12)
    woken = world.loop.wake(alert.id)
    assert (woken.kinds, woken.at - woken.due_at) == (("nudged",), minutes(2))
    assert world.loop.wake(alert.id) is None
    assert world.kinds(alert) == ["raised", "nudged"]


def test_a_wake_of_what_is_not_due_or_over_or_unknown_does_nothing(world: Any) -> None:
    alert = world.raised()
    assert world.loop.wake(alert.id) is None
    assert world.loop.wake("01JQNONE") is None
    world.loop.dismiss(world.act(alert, ANA), reason="A test.")
    world.clock.forward(timedelta(days=1))
    assert world.loop.wake(alert.id) is None


def test_nobody_reacts_up_to_the_exceptions_and_on(world: Any) -> None:
    alert = world.raised()
    world.sleep(165 + 2 * 240)
    assert world.kinds(alert) == [
        *("raised", "nudged", "nudged", "escalated", "nudged", "nudged", "escalated", "nudged", "nudged"),
        *("exception", "nudged", "nudged"),
    ]


def test_acknowledged_then_forgotten_comes_back(world: Any) -> None:
    alert = world.raised(severity=Severity.INFO)
    world.acknowledge(alert, BEN)
    world.sleep(6 * HOUR)
    assert world.kinds(alert) == ["raised", "acknowledged", "check_in", "check_in", "expired", "escalated"]
    after = world.alert(alert.id)
    assert (after.status, after.owner, after.step) == (Status.OPEN, BEN.id, 1)


def test_a_check_in_is_answered_by_pressing_acknowledge_again(world: Any) -> None:
    alert = world.acknowledge(world.raised(), ANA).alert
    world.sleep(2 * HOUR)
    done = world.acknowledge(alert, ANA)
    assert (done.ok, plain(done.said)) == (True, "Ana is still on it.")
    world.sleep(2 * HOUR - minutes(1))
    assert world.kinds(alert)[-1] == "still_on_it"


def test_rescue_is_for_alerts_whose_owner_is_gone(world: Any) -> None:
    alert = world.raised()
    assert world.loop.rescue(alert.id) is None
    world.store.save_people([replace(ANA, active=False)], at=T0)
    assert world.loop.rescue(alert.id).kinds == ("reassigned",)
    assert world.alert(alert.id).owner == CLEO.id
