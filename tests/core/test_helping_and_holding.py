"""Who helps beside the owner, who dismisses with whom, how often it may wait, and what a mute holds back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cast import (
    ANA,
    BEN,
    CLEO,
    DOV,
    ELSA,
    POLICY,
    T0,
    Team,
    acknowledged,
    closed,
    done,
    given,
    minutes,
    opened,
    plain,
    raising,
    refused,
    signal,
    who,
)

from bot.core import alert as life
from bot.core import fate, words
from bot.core.dismissal import agree, dismiss
from bot.core.events import Kind
from bot.core.given import Given
from bot.core.helping import add_responder, ask_for_help, escalate_now
from bot.core.mutes import Mute
from bot.core.people import Away
from bot.core.policy import Step
from bot.core.raising import came_back, cleared, raised_again
from bot.core.signal import Severity
from bot.core.state import Alert, Change, Status, fold
from bot.core.wake import orphaned, wake

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
A, B, C, D, E = (one.id for one in (ANA, BEN, CLEO, DOV, ELSA))


def at_due(alert: Alert, **known: Any) -> Change:
    assert alert.due_at is not None
    return done(wake(alert, given(alert.due_at - T0, **known)))


def owed(change: Change) -> list[tuple[str, str]]:
    """What is owed beside the card, and to whom or where."""
    return [(item.kind, item.person or item.place) for item in change.owed if item.kind != "card"]


# ── escalate now ─────────────────────────────────────────────────────────────────────────────────────────────────────

ESCALATED = [
    # what, the alert, who is asked, the kind of event, the step then
    ("at first", opened(), C, Kind.ESCALATED, 1),
    ("with reminders left", replace(opened(), step=1, asked=0), E, Kind.ESCALATED, 2),
    ("to the top", replace(opened(), step=2), "slack:#ai-exceptions", Kind.EXCEPTION, 3),
    ("while snoozed", replace(opened(), snoozed_until=T0 + DAY, due_at=T0 + DAY), C, Kind.ESCALATED, 1),
    ("after an acknowledgement", acknowledged(), C, Kind.ESCALATED, 1),
    ("of what was acknowledged at the top", replace(acknowledged(), step=3), "slack:#ai-exceptions", Kind.EXCEPTION, 3),
]


@pytest.mark.parametrize(("what", "alert", "whom", "kind", "step"), ESCALATED)
def test_escalate_now_asks_the_next_step_at_once(what: str, alert: Alert, whom: str, kind: Kind, step: int) -> None:
    change = done(escalate_now(alert, given(30), by=who(ANA)))
    after, happened = change.alert, change.events[0]
    assert (happened.kind, happened.actor.id, after.step, after.asked) == (kind, A, step, 0)
    assert [to for _, to in owed(change)] == [whom]
    assert (after.status, after.owner, after.snoozed_until, after.resolve_by) == (Status.OPEN, A, None, None)
    assert after.due_at == T0 + minutes(30) + POLICY.steps[step].nudge_every
    assert plain(words.told(happened)).startswith("Ana escalated this; asked ")


def test_an_alert_that_an_older_version_woke_after_its_mute_gets_its_card_all_the_same() -> None:
    mute = Mute(id="m1", start=T0, until=T0 + minutes(60), owner=BEN.id, source="ap-auditor")
    half = replace(raising(mute=mute).alert, snoozed_until=None, due_at=T0 + minutes(70))
    step = done(wake(half, given(70)))
    assert (step.alert.held_by, [owed.kind for owed in step.owed]) == (None, ["card"])


def test_escalate_now_waits_for_nobodys_hours() -> None:
    office = replace(POLICY, hours={"default": "working"}, answer_within=dict.fromkeys(Severity, 4 * DAY))
    known = given(10 * HOUR, policy=office)
    change = done(escalate_now(raising(policy=office).alert, known, by=who(ANA)))
    assert owed(change) == [("escalation", C)]
    assert change.alert.due_at == T0 + DAY, "but the next reminder does"
    assert change.alert.answer_by == known.now + 4 * DAY


def test_at_the_top_there_is_nobody_left_to_escalate_to() -> None:
    top = replace(opened(), step=3)
    outcome = refused(escalate_now(top, given(30), by=who(ANA)))
    assert (outcome.code, plain(outcome.why)) == ("already", "Everybody whom the policy names was asked already.")
    again = done(escalate_now(top, given(30, policy=replace(POLICY, repeat=1)), by=who(ANA)))
    assert (again.alert.step, again.alert.loops, owed(again)) == (0, 1, [("escalation", A)])


@pytest.mark.parametrize("act", [escalate_now, ask_for_help, agree])
def test_what_is_over_is_neither_escalated_nor_helped_nor_dismissed(act: Any) -> None:
    assert refused(act(closed(), given(30), by=who(ANA))).code == "finished"
    assert refused(add_responder(closed(), given(30), by=who(ANA), person=B)).code == "finished"


# ── help ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_help_tells_the_next_step_and_leaves_the_owner_who_they_are() -> None:
    asked = at_due(acknowledged(0)).alert
    change = done(ask_for_help(asked, given(125), by=who(ANA)))
    after = change.alert
    assert owed(change) == [("help", C)]
    assert (after.status, after.owner, after.generation, after.step) == (Status.ACKNOWLEDGED, A, asked.generation, 0)
    assert (after.asked, after.due_at) == (0, T0 + minutes(125) + 2 * HOUR), "it answers the check-in"
    assert after.resolve_by == asked.resolve_by, "and buys no time"
    assert change.events[0].data["asked"] == [f"@{C}"]


def test_help_that_another_asks_for_does_not_answer_the_owners_check_in() -> None:
    asked = at_due(acknowledged(0)).alert
    after = done(ask_for_help(asked, given(125), by=who(CLEO))).alert
    assert (after.asked, after.due_at) == (asked.asked, asked.due_at)


HELPERS = [
    ("over a manager who is away", Team().but(C, away=(Away(start=T0, until=T0 + DAY),)), 0, E),
    ("a channel", Team(), 2, "slack:#ai-exceptions"),
    ("at the top the top again", Team(), 3, "slack:#ai-exceptions"),
]


@pytest.mark.parametrize(("what", "roster", "step", "whom"), HELPERS)
def test_who_is_asked_to_help(what: str, roster: Team, step: int, whom: str) -> None:
    alert = replace(acknowledged(), step=step)
    assert owed(done(ask_for_help(alert, given(30, roster=roster), by=who(ANA)))) == [("help", whom)]


def test_nobody_is_asked_to_help_themselves() -> None:
    alone = replace(POLICY, steps=(Step(who=("owner",), nudge_every=minutes(10)),))
    assert owed(done(ask_for_help(acknowledged(), given(30, policy=alone), by=who(ANA)))) == [("help", E)]
    team = replace(POLICY, steps=(alone.steps[0], Step(who=("owner", B, C), nudge_every=minutes(10))))
    assert owed(done(ask_for_help(acknowledged(), given(30, policy=team), by=who(ANA)))) == [("help", B), ("help", C)]


def test_help_is_for_what_somebody_has() -> None:
    assert refused(ask_for_help(opened(), given(30), by=who(ANA))).code == "bad_input"


# ── responders ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("alert", [opened(), acknowledged()])
def test_a_responder_is_told_once_and_the_clock_goes_on(alert: Alert) -> None:
    change = done(add_responder(alert, given(5), by=who(ANA), person=B))
    assert owed(change) == [("responder", B)]
    assert change.alert == replace(alert, responders=(B,), revision=alert.revision + 1)
    for one, code in ((B, "already"), (A, "already")):
        assert refused(add_responder(change.alert, given(6), by=who(CLEO), person=one)).code == code
    both = done(add_responder(change.alert, given(6), by=who(CLEO), person=D)).alert
    assert both.responders == (B, D)


def test_responders_stay_through_an_escalation_and_go_when_it_is_reopened() -> None:
    alert = done(add_responder(opened(), given(5), by=who(ANA), person=B)).alert
    assert done(escalate_now(alert, given(6), by=who(ANA))).alert.responders == (B,)
    over = done(dismiss(alert, given(6), by=who(ANA), reason="A test.")).alert
    assert done(life.reopen(over, given(7), by=who(ANA), reason="No test.", owner=A)).alert.responders == ()


# ── dismissing together ──────────────────────────────────────────────────────────────────────────────────────────────

TWO = replace(POLICY, second_person=frozenset({Severity.CRITICAL}))
CRITICAL = raising(signal(severity=Severity.CRITICAL)).alert


def asked_to_dismiss(alert: Alert = CRITICAL, after: float = 5) -> Change:
    return done(dismiss(alert, given(after, policy=TWO), by=who(ANA), reason="A test invoice."))


def test_a_dismissal_of_something_critical_takes_a_second_person() -> None:
    first = asked_to_dismiss()
    assert (first.events[0].kind, first.alert.status) == (Kind.DISMISSAL_ASKED, Status.OPEN)
    assert (first.alert.due_at, first.alert.generation) == (CRITICAL.due_at, CRITICAL.generation), "the clock goes on"
    assert owed(first) == [("second_person", "slack:#ai-alerts"), ("second_person", C)]
    same = refused(dismiss(first.alert, given(6, policy=TWO), by=who(ANA), reason="Really."))
    assert (same.code, plain(same.why)) == ("already", "You asked to dismiss this; a second person has to agree.")
    assert refused(agree(first.alert, given(6, policy=TWO), by=who(ANA))).code == "already"
    second = done(agree(first.alert, given(7, policy=TWO), by=who(CLEO)))
    happened = second.events[0]
    assert (second.alert.status, second.alert.due_at, second.alert.dismissal_by) == (Status.DISMISSED, None, None)
    assert (happened.kind, happened.actor.id, happened.data["asked_by"]) == (Kind.DISMISSED, C, A)
    assert plain(words.told(happened)) == "Cleo dismissed this together with Ana: A test invoice."
    assert fold([*raising(signal(severity=Severity.CRITICAL)).events, *first.events, *second.events]) == second.alert


AGREES = [
    ("the owner, where somebody else asks", CLEO, {}, Team(), A),
    ("their manager, where the owner asks", ANA, {}, Team(), C),
    ("a manager, where only managers may", CLEO, {"dismiss": {"default": "manager"}}, Team(), ELSA.id),
    ("the next one up, where a manager is gone", ANA, {}, Team().but(C, active=False), ELSA.id),
    ("the owner of last resort, where there is no admin", ANA, {"dismiss": {"default": "admin"}}, Team(), ELSA.id),
]


@pytest.mark.parametrize(("what", "by", "says", "team", "second"), AGREES)
def test_who_is_asked_to_agree_may_and_did_not_ask_for_it(
    what: str, by: Any, says: Any, team: Team, second: str
) -> None:
    known = given(5, policy=replace(TWO, **says), roster=team)
    first = done(dismiss(CRITICAL, known, by=who(by), reason="A test invoice."))
    assert owed(first)[-1] == ("second_person", second)


def test_a_second_person_who_reads_the_card_in_their_own_messages_is_asked_once() -> None:
    alert = replace(CRITICAL, place=f"slack:@{C}")
    assert owed(asked_to_dismiss(alert)) == [("second_person", C)]


def test_a_second_person_may_have_a_reason_of_their_own() -> None:
    over = done(dismiss(asked_to_dismiss().alert, given(7, policy=TWO), by=who(CLEO), reason="Seen on Monday."))
    assert over.events[0].reason == "Seen on Monday."
    assert over.events[0].data["asked_because"] == "A test invoice."


@pytest.mark.parametrize("severity", [Severity.ERROR, Severity.WARNING, Severity.INFO])
def test_what_is_less_severe_one_person_dismisses(severity: Severity) -> None:
    alert = raising(signal(severity=severity)).alert
    assert done(dismiss(alert, given(5, policy=TWO), by=who(ANA), reason="A test.")).alert.status == Status.DISMISSED


AFTER_ALL = [
    ("acknowledged", lambda alert, known: life.acknowledge(alert, known, by=who(BEN))),
    ("reassigned", lambda alert, known: life.reassign(alert, known, by=who(CLEO), to=B)),
    ("resolved", lambda alert, known: life.resolve(alert, known, by=who(BEN), what="Refunded.")),
    ("handed on", lambda alert, known: life.not_mine(alert, known, by=who(ANA), to=B)),
]


@pytest.mark.parametrize(("what", "move"), AFTER_ALL)
def test_whoever_takes_it_after_all_ends_the_wish_to_dismiss_it(what: str, move: Any) -> None:
    known = given(6, policy=TWO)
    after = done(move(asked_to_dismiss().alert, known)).alert
    assert (after.dismissal_by, after.dismissal_reason) == (None, None)
    outcome = refused(agree(after, known, by=who(CLEO)))
    assert outcome.code == ("finished" if after.status == Status.RESOLVED else "already")


def test_the_clock_does_not_agree() -> None:
    nudged = at_due(asked_to_dismiss().alert, policy=TWO).alert
    assert (nudged.status, nudged.dismissal_by) == (Status.OPEN, A)


# ── snoozing ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_limit_of_a_snooze_is_that_of_the_severity() -> None:
    limited = replace(POLICY, snooze_limits={Severity.CRITICAL: HOUR, Severity.INFO: 5 * DAY})
    for severity, most in ((Severity.CRITICAL, HOUR), (Severity.INFO, 5 * DAY), (Severity.ERROR, 2 * DAY)):
        alert, known = raising(signal(severity=severity)).alert, given(policy=limited.of(severity))
        assert done(life.snooze(alert, known, by=who(ANA), until=T0 + most)).alert.due_at == T0 + most
        too_long = life.snooze(alert, known, by=who(ANA), until=T0 + most + timedelta(seconds=1))
        assert refused(too_long).code == "bad_input"


def test_a_snooze_ends_with_the_policys_number_of_them_until_somebody_acknowledges() -> None:
    known = given(1, policy=replace(POLICY, snoozes=2))
    once = done(life.snooze(opened(), known, by=who(ANA), until=T0 + HOUR)).alert
    twice = done(life.snooze(once, known, by=who(CLEO), until=T0 + HOUR)).alert
    third = refused(life.snooze(twice, known, by=who(ANA), until=T0 + HOUR))
    assert plain(third.why) == "This was snoozed 2 times already: acknowledge it, or give it to somebody who can."
    taken = done(life.acknowledge(twice, known, by=who(ANA))).alert
    assert done(life.snooze(taken, known, by=who(ANA), until=T0 + HOUR)).alert.snoozes == 1
    handed = done(life.reassign(twice, known, by=who(ANA), to=B)).alert
    assert handed.snoozes == 0


@pytest.mark.parametrize(("most", "why"), [(0, "This cannot be snoozed."), (1, "This was snoozed once already: ")])
def test_what_may_not_be_snoozed_says_so(most: int, why: str) -> None:
    known, alert = given(1, policy=replace(POLICY, snoozes=most)), replace(opened(), snoozes=most)
    assert plain(refused(life.snooze(alert, known, by=who(ANA), until=T0 + HOUR)).why).startswith(why)


# ── being away ───────────────────────────────────────────────────────────────────────────────────────────────────────


def gone_from(hours: float, *, delegate: str | None) -> Team:
    return Team().but(A, away=(Away(start=T0 + hours * HOUR, until=T0 + 9 * HOUR, delegate=delegate),))


@pytest.mark.parametrize("alert", [opened(), acknowledged(0)])
def test_an_owner_who_goes_away_is_stood_in_for_and_both_stay_in_the_trail(alert: Alert) -> None:
    roster = gone_from(0, delegate=B)
    change = at_due(alert, roster=roster)
    happened, after = change.events[0], change.alert
    assert (happened.kind, happened.actor.id, happened.data["from"], happened.data["to"]) == (
        Kind.DELEGATED,
        "clock",
        A,
        B,
    )
    assert happened.reason == "away until 2026-03-02 18:00 UTC"
    assert (after.status, after.owner, after.step, after.asked) == (Status.OPEN, B, 0, 0)
    assert after.generation == alert.generation + 1
    assert owed(change) == [("assigned", B)]
    assert after.due_at == happened.at + minutes(10)
    assert orphaned(after, given(5, roster=roster)) is None


def test_an_owner_away_without_a_delegate_keeps_it_and_their_manager_is_asked() -> None:
    change = at_due(opened(), roster=gone_from(0, delegate=None))
    assert (change.events[0].kind, change.alert.owner, owed(change)) == (Kind.ESCALATED, A, [("escalation", C)])
    assert change.events[0].data["skipped"] == [f"owner: {A} is away until 2026-03-02 18:00 UTC"]


def test_an_acknowledgement_ends_when_its_owner_goes_away_without_a_delegate() -> None:
    change = at_due(acknowledged(0), roster=gone_from(1, delegate=None))
    assert [event.kind for event in change.events] == [Kind.EXPIRED, Kind.ESCALATED]
    assert change.events[0].reason == f"{A} is away until 2026-03-02 18:00 UTC"
    assert owed(change) == [("escalation", C)]


CIRCLES = [
    ("to and fro", gone_from(0, delegate=B).but(B, away=(Away(start=T0, until=T0 + DAY, delegate=A),))),
    ("to themselves", gone_from(0, delegate=A)),
    ("to a guest", gone_from(0, delegate="gus@acme.example")),
    ("to somebody deactivated", gone_from(0, delegate=B).but(B, active=False)),
]


@pytest.mark.parametrize(("what", "roster"), CIRCLES)
def test_nothing_is_ever_delegated_to_nobody(what: str, roster: Team) -> None:
    assert orphaned(opened(), given(5, roster=roster)) is None
    assert owed(at_due(opened(), roster=roster)) == [("escalation", C)]


def test_of_two_absences_that_overlap_the_longer_counts() -> None:
    short, long = Away(start=T0, until=T0 + HOUR, delegate=B), Away(start=T0, until=T0 + DAY, delegate=D)
    change = at_due(opened(), roster=Team().but(A, away=(short, long)))
    assert change.alert.owner == D


# ── mutes ────────────────────────────────────────────────────────────────────────────────────────────────────────────

MUTE = Mute(id="m1", start=T0 - HOUR, until=T0 + 3 * HOUR, owner=C, why="Migration", source="ap-auditor")
SLOW = replace(POLICY, steps=(replace(POLICY.steps[0], nudges=0, at_least=HOUR), *POLICY.steps[1:]))
OFFICE = replace(POLICY, hours={"default": "working"}, answer_within=dict.fromkeys(Severity, 2 * HOUR))


def muted(mute: Mute = MUTE, **known: Any) -> Alert:
    return raising(mute=mute, **known).alert


def under(mute: Mute = MUTE, after: timedelta | float = 5, **known: Any) -> Given:
    roster = Team()
    roster.muted = [mute]
    return given(after, roster=roster, **known)


HOLDS = [
    ("everything", {"source": None}, True, False),
    ("its source", {}, True, False),
    ("another source", {"source": "other"}, False, False),
    ("a rule that matched", {"source": None, "rule": "pay"}, True, False),
    ("a rule that did not", {"source": None, "rule": "other"}, False, False),
    ("its source and another rule", {"rule": "other"}, False, False),
    ("critical ones too", {"critical": True}, True, True),
]


@pytest.mark.parametrize(("what", "fields", "holds", "critical"), HOLDS)
def test_what_a_mute_holds_back(what: str, fields: dict[str, Any], holds: bool, critical: bool) -> None:
    mute, rules = replace(MUTE, **fields), frozenset({"pay"})
    assert mute.holds(source="ap-auditor", rules=rules, is_critical=False) is holds
    assert mute.holds(source="ap-auditor", rules=rules, is_critical=True) is critical
    assert [mute.covers(at) for at in (T0 - HOUR, T0, T0 + 3 * HOUR)] == [True, True, False]


def test_what_a_mute_holds_back_is_not_snoozed_beyond_it() -> None:
    alert = raising(mute=MUTE).alert
    said = refused(life.snooze(alert, given(5), by=who(ANA), until=MUTE.until + HOUR))
    assert (said.code, plain(said.why)) == ("already", "A mute holds this back until 12:00.")


def test_what_is_raised_under_a_mute_waits_in_silence_and_is_shown_when_it_ends() -> None:
    change = raising(mute=MUTE)
    alert = change.alert
    assert change.owed == ()
    assert (alert.owner, alert.due_at, alert.snoozed_until, alert.held_by) == (A, MUTE.until, MUTE.until, "m1")
    assert plain(words.standing(alert)) == "Muted until 12:00 · owner Ana"
    assert wake(alert, given(170)) is None
    end = at_due(alert)
    assert (end.events[0].kind, end.alert.held_by, end.alert.snoozed_until) == (Kind.SNOOZE_ENDED, None, None)
    assert [item.kind for item in end.owed] == ["card"], "which mentions its owner"
    assert end.alert.due_at == MUTE.until + minutes(10)
    assert fold([*change.events, *end.events]) == end.alert


def test_the_clocks_of_what_was_muted_begin_when_it_ends() -> None:
    held = muted(policy=OFFICE)
    assert held.answer_by == MUTE.until + 2 * HOUR
    end = at_due(muted(policy=SLOW), policy=SLOW).alert
    assert end.due_at == MUTE.until + HOUR, "the least time of its step is not over when the mute is"


def test_nothing_that_a_muted_alert_hears_breaks_the_silence() -> None:
    again = raised_again(muted(), under(), signal=signal())
    assert (again.owed, again.alert.count, again.alert.held_by) == ((), 2, "m1")
    worse = raised_again(muted(policy=OFFICE), under(policy=OFFICE), signal=signal(severity=Severity.ERROR))
    assert worse.owed == ()


def test_what_gets_worse_while_muted_waits_and_is_as_severe_when_it_ends() -> None:
    alert = muted(of=signal(severity=Severity.INFO))
    change = raised_again(alert, under(), signal=signal(severity=Severity.ERROR))
    after = change.alert
    assert (change.owed, after.severity, after.due_at, after.held_by) == ((), Severity.ERROR, MUTE.until, "m1")
    assert after.answer_by == MUTE.until + POLICY.answer_within.get(Severity.ERROR, timedelta(0))
    assert at_due(after).owed[0].rank == Severity.ERROR.rank


def test_what_becomes_critical_breaks_out_of_a_mute_that_does_not_hold_such() -> None:
    change = raised_again(muted(policy=SLOW), under(policy=SLOW), signal=signal(severity=Severity.CRITICAL))
    after = change.alert
    assert (after.held_by, after.snoozed_until, after.severity) == (None, None, Severity.CRITICAL)
    assert [item.kind for item in change.owed] == ["card", "nudge"]
    assert after.due_at == T0 + minutes(5) + HOUR, "its step begins now"
    loud = replace(MUTE, critical=True)
    quiet = raised_again(muted(loud), under(loud), signal=signal(severity=Severity.CRITICAL))
    assert (quiet.owed, quiet.alert.held_by, quiet.alert.severity) == ((), "m1", Severity.CRITICAL)


def test_what_gets_worse_after_its_mute_was_ended_by_hand_is_shown() -> None:
    change = raised_again(muted(of=signal(severity=Severity.INFO)), given(5), signal=signal(severity=Severity.ERROR))
    assert (change.alert.held_by, [item.kind for item in change.owed]) == (None, ["card", "nudge"])


def test_what_is_over_while_muted_closes_in_silence() -> None:
    change = done(cleared(muted(), under()))
    assert (change.alert.status, change.owed) == (Status.RESOLVED, ())


def test_a_source_that_only_asks_to_confirm_does_not_break_the_silence() -> None:
    ask = replace(POLICY, cleared="ask")
    change = done(cleared(muted(), under(policy=ask)))
    assert (change.alert.held_by, change.alert.due_at, change.owed) == ("m1", MUTE.until, ())
    assert change.events[0].reason == "held back: its owner is asked once the mute is over"


def test_what_comes_back_under_a_mute_waits_as_what_is_raised_then_does() -> None:
    change = came_back(closed(), under(), signal=signal(), owner=A, mute=MUTE)
    after = change.alert
    assert (after.status, after.held_by, after.due_at, after.returned, change.owed) == (
        Status.OPEN,
        "m1",
        MUTE.until,
        1,
        (),
    )
    assert [item.kind for item in at_due(after).owed] == ["card"]


def test_whoever_takes_a_muted_alert_shows_it() -> None:
    for move in (life.acknowledge, escalate_now):
        change = done(move(muted(), under(), by=who(CLEO)))
        assert (change.alert.held_by, change.alert.snoozed_until) == (None, None)
        assert "card" in {item.kind for item in change.owed}
    handed = done(life.reassign(muted(), under(), by=who(CLEO), to=B))
    assert (handed.alert.held_by, [item.kind for item in handed.owed]) == (None, ["card", "assigned"])


def test_when_a_mute_ends_whoever_stands_in_for_the_owner_is_told() -> None:
    change = at_due(muted(), roster=gone_from(0, delegate=B))
    assert (change.events[0].kind, change.alert.owner, change.alert.held_by) == (Kind.DELEGATED, B, None)
    assert [item.kind for item in change.owed] == ["card", "assigned"]


def test_a_jump_of_the_clock_does_not_cut_a_mute_short() -> None:
    long = replace(MUTE, until=T0 + 9 * DAY)
    assert fate.realigned(muted(long), given(5)) is None


def test_a_source_that_says_it_is_over_brings_nobody_out_of_their_hours_nor_a_step_out_of_its_least_time() -> None:
    office, slow = (replace(policy, cleared="ask") for policy in (OFFICE, SLOW))
    evening = given(10 * HOUR, policy=replace(office, answer_within=dict.fromkeys(Severity, 4 * DAY)))
    alert = replace(raising(policy=evening.policy).alert, due_at=T0 + 2 * DAY)
    assert done(cleared(alert, evening)).alert.due_at == T0 + DAY
    assert done(cleared(raising(policy=slow).alert, given(5, policy=slow))).alert.due_at == T0 + HOUR
