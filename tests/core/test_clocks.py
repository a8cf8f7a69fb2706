"""What the clock does: nudge, escalate, exception, keep asking; check in, take an acknowledgement back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cast import (
    ANA,
    BEN,
    CLEO,
    ELSA,
    PLAN,
    POLICY,
    STATES,
    T0,
    Team,
    acknowledged,
    done,
    given,
    minutes,
    opened,
    person,
    plain,
    raising,
    signal,
    who,
)

from bot.core import alert as life
from bot.core import words
from bot.core.events import Kind
from bot.core.given import Given
from bot.core.policy import Policy, Step
from bot.core.signal import Severity
from bot.core.state import Alert, Change, Status, fold
from bot.core.wake import heir, orphaned, wake
from bot.core.whom import ask

HOUR = timedelta(hours=1)


def at_due(alert: Alert, **known: object) -> Change:
    """What the clock does at the very instant this alert is due."""
    assert alert.due_at is not None
    return done(wake(alert, given(alert.due_at - T0, **known)))


def owed(change: Change) -> list[tuple[str, str, bool]]:
    """What is owed beside the card: kind, place, in the thread or not."""
    return [(item.kind, item.place.removeprefix("slack:"), item.thread) for item in change.owed if item.kind != "card"]


ANA_DM, CLEO_DM, ELSA_DM = f"@{ANA.id}", f"@{CLEO.id}", f"@{ELSA.id}"
THREAD = ("nudge", "#ai-alerts", True)

NOBODY_REACTS = [
    # minutes after it was raised, what happens, step and nudges then, what is owed
    (10, Kind.NUDGED, (0, 1), [THREAD]),
    (20, Kind.NUDGED, (0, 2), [THREAD, ("nudge", ANA_DM, False)]),
    (30, Kind.ESCALATED, (1, 0), [("escalation", CLEO_DM, False)]),
    (45, Kind.NUDGED, (1, 1), [("nudge", CLEO_DM, False)]),
    (60, Kind.NUDGED, (1, 2), [("nudge", CLEO_DM, False)]),
    (75, Kind.ESCALATED, (2, 0), [("escalation", ELSA_DM, False)]),
    (105, Kind.NUDGED, (2, 1), [("nudge", ELSA_DM, False)]),
    (135, Kind.NUDGED, (2, 2), [("nudge", ELSA_DM, False)]),
    (165, Kind.EXCEPTION, (3, 0), [("exception", "#ai-exceptions", False)]),
    (165 + 240, Kind.NUDGED, (3, 1), [("exception", "#ai-exceptions", False)]),
    (165 + 480, Kind.NUDGED, (3, 2), [("exception", "#ai-exceptions", False)]),
    (165 + 720, Kind.NUDGED, (3, 3), [("exception", "#ai-exceptions", False)]),
]


def test_nobody_reacts() -> None:
    change, events = raising(), list(raising().events)
    for after, kind, place, said in NOBODY_REACTS:
        change = at_due(change.alert)
        events += change.events
        assert (change.events[0].at - T0, change.events[0].kind) == (minutes(after), kind)
        assert (change.alert.step, change.alert.asked) == place
        assert owed(change) == said
    assert change.alert.generation == 1, "to be asked is not to move on"
    assert change.alert.owner == ANA.id
    assert fold(events) == change.alert


@pytest.mark.parametrize("state", ["resolved", "closed", "dismissed"])
def test_the_clock_leaves_what_is_over_alone(state: str) -> None:
    assert wake(STATES[state](), given(timedelta(days=30))) is None


def test_nothing_happens_before_it_is_due_and_nothing_twice() -> None:
    alert = opened()
    assert wake(alert, given(timedelta(seconds=599))) is None
    nudged = at_due(alert).alert
    assert wake(nudged, given(10)) is None


def test_after_an_outage_one_step_fires_and_gets_its_whole_dwell() -> None:
    late = given(timedelta(days=3))
    change = done(wake(opened(), late))
    assert [event.kind for event in change.events] == [Kind.NUDGED]
    assert change.alert.due_at == late.now + minutes(10)


def test_an_acknowledgement_stops_the_nudges_and_starts_the_check_ins() -> None:
    first = at_due(acknowledged(0))
    assert (first.events[0].kind, first.events[0].at) == (Kind.CHECK_IN, T0 + 2 * HOUR)
    assert owed(first) == [("check_in", "#ai-alerts", True)]
    second = at_due(first.alert)
    assert (second.events[0].kind, second.alert.asked) == (Kind.CHECK_IN, 2)
    assert owed(second) == [("check_in", "#ai-alerts", True), ("check_in", ANA_DM, False)]


def test_acknowledged_then_forgotten_comes_back_one_step_up() -> None:
    third = at_due(at_due(at_due(acknowledged(0)).alert).alert)
    assert [event.kind for event in third.events] == [Kind.EXPIRED, Kind.ESCALATED]
    after = third.alert
    assert (after.status, after.step, after.asked, after.owner) == (Status.OPEN, 1, 0, ANA.id)
    assert (after.acknowledged_at, after.resolve_by) == (None, None)
    assert after.generation == acknowledged(0).generation + 1
    assert owed(third) == [("escalation", CLEO_DM, False)]
    assert "2 check-ins went unanswered" in plain(words.told(third.events[0]))
    assert [item.key for item in third.owed if item.kind == "card"] == [f"card:{after.id}:{after.place}"]


def test_a_check_in_that_is_answered_starts_them_anew() -> None:
    asked = at_due(acknowledged(0)).alert
    still = done(life.acknowledge(asked, given(125), by=who(ANA)))
    assert (still.events[0].kind, still.alert.asked) == (Kind.STILL_ON_IT, 0)
    assert still.alert.due_at == T0 + minutes(125) + 2 * HOUR
    assert still.alert.generation == asked.generation
    assert still.alert.resolve_by == asked.resolve_by, "saying so buys no time"


def test_nobody_else_can_answer_a_check_in() -> None:
    asked = at_due(acknowledged(0)).alert
    assert not isinstance(life.acknowledge(asked, given(125), by=who(BEN)), Change)


def test_the_time_to_resolve_is_up_however_often_the_check_ins_are_answered() -> None:
    alert = done(life.acknowledge(raising(signal(severity=Severity.CRITICAL)).alert, given(0), by=who(ANA))).alert
    asked = at_due(alert).alert
    still = done(life.acknowledge(asked, given(125), by=who(ANA))).alert
    assert still.due_at == still.resolve_by == T0 + 4 * HOUR
    up = at_due(still)
    assert [event.kind for event in up.events] == [Kind.EXPIRED, Kind.ESCALATED]
    assert "time to resolve it is up" in plain(words.told(up.events[0]))


def test_what_expired_at_the_top_is_an_exception_in_a_policy_of_one_step() -> None:
    single = replace(POLICY, steps=(Step(who=("owner",), nudge_every=minutes(10)),), check_ins=0)
    change = at_due(acknowledged(0), policy=single)
    assert [event.kind for event in change.events] == [Kind.EXPIRED, Kind.EXCEPTION]
    assert owed(change) == [("exception", ANA_DM, False)]


def test_a_policy_of_one_step_asks_its_owner_for_ever() -> None:
    single = replace(POLICY, steps=(Step(who=("owner",), nudge_every=minutes(10), nudges=1),))
    alert = raising(policy=single).alert
    for n in range(1, 6):
        change = at_due(alert, policy=single)
        assert (change.events[0].kind, change.alert.asked) == (Kind.NUDGED, n)
        alert = change.alert


def test_a_channel_in_the_middle_of_a_policy_is_told_each_time_which_alert_it_is() -> None:
    steps = (POLICY.steps[0], Step(who=("#team",), nudge_every=minutes(5), nudges=1), POLICY.steps[3])
    alert = replace(raising().alert, asked=2)
    for kind in ("escalation", "escalation", "exception"):
        change = at_due(alert, policy=replace(POLICY, steps=steps))
        assert [item.kind for item in change.owed if item.kind != "card"] == [kind]
        alert = change.alert


# ── snooze ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("alert", "next_after"), [(opened(), minutes(10)), (acknowledged(0), 2 * HOUR)])
def test_when_a_snooze_ends_the_owner_is_told_and_the_clock_goes_on(alert: Alert, next_after: timedelta) -> None:
    asleep = done(life.snooze(alert, given(1), by=who(ANA), until=T0 + 5 * HOUR)).alert
    assert wake(asleep, given(4 * HOUR)) is None
    change = at_due(asleep)
    assert (change.events[0].kind, change.alert.snoozed_until) == (Kind.SNOOZE_ENDED, None)
    assert (change.alert.status, change.alert.due_at) == (alert.status, T0 + 5 * HOUR + next_after)
    assert owed(change) == [THREAD]


def test_a_snooze_does_not_outlast_the_time_to_resolve_for_long() -> None:
    alert = done(life.acknowledge(raising(signal(severity=Severity.CRITICAL)).alert, given(0), by=who(ANA))).alert
    asleep = done(life.snooze(alert, given(1), by=who(ANA), until=T0 + 24 * HOUR)).alert
    ended = at_due(asleep).alert
    assert ended.due_at == T0 + 24 * HOUR + timedelta(seconds=1)
    assert at_due(ended).events[0].kind == Kind.EXPIRED


# ── people who cannot be asked ───────────────────────────────────────────────────────────────────────────────────────


def test_an_owner_who_is_gone_is_replaced_by_their_manager() -> None:
    change = at_due(opened(), roster=Team().but(ANA.id, active=False))
    event = change.events[0]
    assert (event.kind, event.actor.kind, change.alert.owner) == (Kind.REASSIGNED, "clock", CLEO.id)
    assert event.reason == f"{ANA.id} is deactivated"
    assert owed(change) == [("assigned", CLEO_DM, False)]
    assert (change.alert.status, change.alert.step) == (Status.OPEN, 0)


def test_an_owner_who_left_after_acknowledging_is_replaced_at_the_next_check_in() -> None:
    change = at_due(acknowledged(), roster=Team().but(ANA.id, kind="guest"))
    assert (change.alert.status, change.alert.owner) == (Status.OPEN, CLEO.id)


HEIRS = [
    ("their manager", Team(), CLEO.id),
    ("the manager above one who is gone", Team().but(CLEO.id, active=False), ELSA.id),
    ("the last resort where nobody is above them", Team().but(ANA.id, manager=None), ELSA.id),
    ("the last resort where all managers are gone", Team().but(CLEO.id, active=False, manager=None), ELSA.id),
    ("the last resort where nobody knows them", Team([]), ELSA.id),
]


@pytest.mark.parametrize(("what", "roster", "expected"), HEIRS)
def test_who_inherits(what: str, roster: Team, expected: str) -> None:
    assert heir(ANA.id, given(roster=roster)) == expected


def test_when_everybody_is_gone_the_clock_goes_on_asking_at_the_top() -> None:
    roster = Team(replace(one, active=False) for one in Team().people.values())
    alert = raising(owner=ELSA.id).alert
    change = at_due(alert, roster=roster)
    assert [event.kind for event in change.events] == [Kind.EXCEPTION]
    assert owed(change) == [("exception", "#ai-exceptions", False)]
    again = at_due(change.alert, roster=roster)
    assert again.events[0].kind == Kind.NUDGED
    assert again.alert.due_at is not None


def test_somebody_nobody_knows_yet_is_asked_all_the_same() -> None:
    assert orphaned(raising(owner="new@acme.example").alert, given()) is None


def test_a_manager_who_is_gone_is_stepped_over_and_the_trail_says_so() -> None:
    alert = replace(opened(), asked=2)
    change = at_due(alert, roster=Team().but(CLEO.id, active=False))
    assert (change.alert.step, owed(change)) == (2, [("escalation", ELSA_DM, False)])
    assert change.events[0].data["skipped"] == [f"manager: {CLEO.id} is deactivated"]
    assert "stepped over manager: cleo@acme.example is deactivated" in plain(words.told(change.events[0]))


def test_a_manager_who_leaves_while_being_asked_is_stepped_over_and_the_trail_says_so() -> None:
    alert = replace(opened(), step=1, asked=1)
    change = at_due(alert, roster=Team().but(CLEO.id, active=False))
    assert (change.events[0].kind, change.alert.step) == (Kind.ESCALATED, 2)
    assert change.events[0].data["skipped"] == [f"manager: {CLEO.id} is deactivated"]


def test_an_owner_without_managers_goes_straight_to_the_exceptions() -> None:
    alert = replace(opened(), asked=2)
    change = at_due(alert, roster=Team().but(ANA.id, manager=None))
    assert (change.events[0].kind, change.alert.step) == (Kind.EXCEPTION, 3)
    assert change.events[0].data["skipped"] == [
        "manager: nobody in the directory",
        "manager of manager: nobody in the directory",
    ]


def test_a_cycle_of_managers_ends_the_chain() -> None:
    roster = Team().but(CLEO.id, manager=ANA.id)
    alert = replace(opened(), step=1, asked=2)
    assert at_due(alert, roster=roster).alert.step == 3


def test_where_the_last_step_has_nobody_the_owner_of_last_resort_is_asked() -> None:
    policy = replace(POLICY, steps=POLICY.steps[:2])
    alert = replace(opened(), asked=2)
    change = at_due(alert, policy=policy, roster=Team().but(ANA.id, manager=None))
    assert (change.events[0].kind, owed(change)) == (Kind.EXCEPTION, [("exception", ELSA_DM, False)])


ASKED = [
    ("owner", 0, Team(), (ANA.id,), None, 0),
    ("manager", 1, Team(), (CLEO.id,), None, 1),
    ("manager of manager", 2, Team(), (ELSA.id,), None, 2),
    ("a channel", 3, Team(), (), "#ai-exceptions", 3),
    ("over the manager", 1, Team().but(CLEO.id, active=False), (ELSA.id,), None, 2),
    ("over everybody", 0, Team().but(ANA.id, active=False, manager=None), (), "#ai-exceptions", 3),
]


@pytest.mark.parametrize(("what", "step", "roster", "people", "channel", "found"), ASKED)
def test_who_is_asked_at_a_step(
    what: str, step: int, roster: Team, people: tuple[str, ...], channel: str | None, found: int
) -> None:
    asked = ask(opened(), step, given(roster=roster))
    assert (asked.people, asked.channel, asked.step) == (people, channel, found)


def test_a_step_may_name_a_person() -> None:
    policy = replace(POLICY, steps=(Step(who=(BEN.id,), nudge_every=minutes(1)), *POLICY.steps[3:]))
    assert ask(opened(), 0, given(policy=policy)).people == (BEN.id,)
    gone = ask(opened(), 0, given(policy=policy, roster=Team().but(BEN.id, kind="bot")))
    assert (gone.channel, gone.skipped) == ("#ai-exceptions", (f"{BEN.id}: {BEN.id} is bot",))


def test_ten_levels_of_managers_are_enough() -> None:
    tower = [person(f"m{n}", manager=f"m{n + 1}@acme.example") for n in range(30)]
    policy = Policy(
        name="tall",
        steps=(Step(who=(" of ".join(["manager"] * 11),), nudge_every=minutes(1)), POLICY.steps[3]),
        within=POLICY.within,
        check_in_every=HOUR,
    )
    alert = raising(owner="m0@acme.example").alert
    assert ask(alert, 0, given(policy=policy, roster=Team(tower))).channel == "#ai-exceptions"


def test_the_clock_never_acts_as_system_alone() -> None:
    change = at_due(opened())
    assert (change.events[0].actor.kind, change.events[0].actor.id) == ("clock", "clock")


def test_a_decision_takes_its_plan_from_what_is_given() -> None:
    other = Given(
        now=T0 + HOUR,
        policy=POLICY,
        roster=Team().but(ANA.id, active=False, manager=None),
        plan=replace(PLAN, last_resort=BEN.id),
    )
    assert done(wake(opened(), other)).alert.owner == BEN.id
