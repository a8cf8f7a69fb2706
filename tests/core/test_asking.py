"""Who is asked at a step, when, and whether they are disturbed: tables, and any policy run on any people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cast import ANA, BEN, CLEO, DOV, ELSA, GUS, PLAN, POLICY, T0, Team, done, minutes, person, raising, signal, who
from cast import given as knowing
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from bot.core import alert as life
from bot.core.asking import Next, due, following, in_digest, next_check_in, upcoming, waiting
from bot.core.attention import Attention
from bot.core.events import Kind
from bot.core.given import Given
from bot.core.hours import is_quiet, works
from bot.core.oncall import Schedule, Shift
from bot.core.people import Away, gone
from bot.core.policy import EVERYONE, ONE_AT_A_TIME, ROUND_ROBIN, Policy, Step
from bot.core.raising import Placed, raised, raised_again
from bot.core.signal import Severity
from bot.core.state import Alert, Change, Status
from bot.core.wake import escalate, names_of, to_the_top, wake
from bot.core.whom import ask, awake, everyone_at

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LAST = Step(who=("#last",), nudge_every=4 * HOUR)
ONCALL = replace(PLAN, schedules={"ap": Schedule(name="ap")})


def rung(*whom: str, **fields: Any) -> Step:
    return Step(**{"who": whom, "nudge_every": minutes(10), "nudges": 2} | fields)


def steps(*rungs: Step, **fields: Any) -> Policy:
    return replace(POLICY, steps=rungs, **fields)


def away(delegate: str | None = None, *, start: datetime = T0 - DAY, until: datetime = T0 + DAY) -> tuple[Away, ...]:
    return (Away(start=start, until=until, delegate=delegate),)


def on_shift(who: str, start: datetime = T0 - DAY, until: datetime = T0 + 30 * DAY) -> Shift:
    return Shift(start=start, until=until, person=who, override=True)


def team(*changed: tuple[str, Mapping[str, Any]], shift: str | None = None, group: tuple[str, ...] = ()) -> Team:
    found = Team()
    for one, fields in changed:
        found = found.but(one, **fields)
    found.on_shift = {"ap": [on_shift(shift)]} if shift else {}
    found.groups = {"@ap": group} if group else {}
    return found


# ── who ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

A, B, C, D, E = (one.id for one in (ANA, BEN, CLEO, DOV, ELSA))
UNTIL = "away until 2026-03-03 09:00 UTC"
TO_LAST: tuple[str, ...] = ()
NOT_THERE = ((B, {"kind": "bot"}), (D, {"away": away()}))
WHO = [
    # who the step names, the team, who is asked (nobody: the next step), who was stepped over
    ("owner", team(), (A,), []),
    ("owner", team((A, {"away": away(B)})), (B,), []),
    ("owner", team((A, {"away": away()})), TO_LAST, [f"owner: {A} is {UNTIL}"]),
    ("owner", team((A, {"away": away(B)}), (B, {"away": away(D)})), (D,), []),
    ("owner", team((A, {"away": away(B)}), (B, {"away": away()})), TO_LAST, [f"owner: {A} is {UNTIL}"]),
    ("owner", team((A, {"away": away(B)}), (B, {"away": away(A)})), TO_LAST, [f"owner: {A} is {UNTIL}"]),
    ("owner", team((A, {"away": away(A)})), TO_LAST, [f"owner: {A} is {UNTIL}"]),
    ("owner", team((A, {"away": away(GUS.id)})), TO_LAST, [f"owner: {A} is {UNTIL}"]),
    ("owner", team((A, {"away": away(start=T0 + HOUR)})), (A,), []),
    ("owner", team((A, {"away": away(until=T0)})), (A,), []),
    ("owner", team((A, {"active": False})), TO_LAST, [f"owner: {A} is deactivated"]),
    ("owner", team((A, {"kind": "guest"})), TO_LAST, [f"owner: {A} is guest"]),
    ("manager", team(), (C,), []),
    ("manager", team((C, {"away": away(B)})), (B,), []),
    ("manager", team((C, {"away": away()})), TO_LAST, [f"manager: {C} is {UNTIL}"]),
    ("manager", team((C, {"active": False})), TO_LAST, [f"manager: {C} is deactivated"]),
    ("manager", team((A, {"manager": None})), TO_LAST, ["manager: nobody in the directory"]),
    ("manager", team((A, {"manager": A})), TO_LAST, ["manager: nobody in the directory"]),
    ("manager", team((A, {"manager": "new@acme.example"})), ("new@acme.example",), []),
    ("manager of manager", team(), (E,), []),
    ("manager of manager", team((C, {"active": False})), (E,), []),
    ("manager of manager", team((C, {"manager": A})), TO_LAST, ["manager of manager: nobody in the directory"]),
    ("manager of manager of manager", team(), TO_LAST, ["manager of manager of manager: nobody in the directory"]),
    ("on call: ap", team(shift=B), (B,), []),
    ("on call: ap", team((B, {"away": away(D)}), shift=B), (D,), []),
    ("on call: ap", team((B, {"away": away()}), shift=B), TO_LAST, [f"on call: ap: {B} is {UNTIL}"]),
    ("on call: ap", team((B, {"active": False}), shift=B), TO_LAST, [f"on call: ap: {B} is deactivated"]),
    ("on call: ap", team(), TO_LAST, ["on call: ap: nobody is on call for ap"]),
    ("on call: no", team(), TO_LAST, ["on call: no: there is no schedule no"]),
    ("group: @ap", team(group=(B, D)), (B, D), []),
    ("group: @ap", team((B, {"away": away(A)}), group=(B, D)), (D,), []),
    ("group: @ap", team(*NOT_THERE, group=(B, D)), TO_LAST, ["group: @ap: nobody of it is there"]),
    ("group: @no", team(group=(B, D)), TO_LAST, ["group: @no: nobody of it is there"]),
    (D, team(), (D,), []),
    (D, team((D, {"away": away(B)})), (B,), []),
    (D, team((D, {"kind": "bot"})), TO_LAST, [f"{D}: {D} is bot"]),
    ("new@acme.example", team(), ("new@acme.example",), []),
]  # fmt: skip


@pytest.mark.parametrize(("named", "roster", "people", "over"), WHO)
def test_who_is_asked(named: str, roster: Team, people: tuple[str, ...], over: list[str]) -> None:
    asked = ask(raising().alert, 0, knowing(policy=steps(rung(named), LAST), roster=roster, plan=ONCALL))
    assert (asked.people, list(asked.skipped)) == (people, over)
    assert (asked.step, asked.channel) == ((0, None) if people else (1, "#last"))


def test_of_several_each_is_asked_once_and_each_who_cannot_be_is_named() -> None:
    whom = ("owner", "manager", "on call: ap", "group: @ap", E, GUS.id, "manager of manager of manager")
    roster = team((C, {"away": away(B)}), shift=A, group=(A, B, D))
    asked = ask(raising().alert, 0, knowing(policy=steps(rung(*whom), LAST), roster=roster, plan=ONCALL))
    assert asked.people == (A, B, D, E)
    assert asked.skipped == (
        f"{GUS.id}: {GUS.id} is guest",
        "manager of manager of manager: nobody in the directory",
    )


def test_whom_it_leads_to_is_said_of_each_way_even_where_an_earlier_one_leads_to_nobody() -> None:
    policy = steps(rung("manager", "on call: ap"), LAST)
    asked = ask(raising().alert, 0, knowing(policy=policy, roster=team((A, {"manager": None})), plan=ONCALL))
    assert asked.skipped == ("manager: nobody in the directory", "on call: ap: nobody is on call for ap")


LAST_RESORTS = [
    ("there", team((A, {"manager": None})), E),
    ("away with a delegate", team((A, {"manager": None}), (E, {"away": away(D)})), D),
    ("away without one", team((A, {"manager": None}), (E, {"away": away()})), E),
    ("deactivated", team((A, {"manager": None}), (E, {"active": False})), E),
]


@pytest.mark.parametrize(("what", "roster", "last"), LAST_RESORTS)
def test_where_nobody_is_left_whoever_is_there_for_the_last_resort_is_asked(what: str, roster: Team, last: str) -> None:
    asked = ask(raising().alert, 0, knowing(policy=steps(rung("manager")), roster=roster))
    assert (asked.step, asked.people, names_of(asked)) == (0, (last,), [f"@{last}"])


TRIO = ("group: @trio",)


def trio(ask_how: str, *, nudges: int = 3, **fields: Any) -> Policy:
    return steps(rung("owner"), rung(*TRIO, ask=ask_how, nudges=nudges, **fields), LAST)


def run(alert: Alert, known: Given, times: int) -> list[Change]:
    """What the clock does the next times, each at the instant at which it is due; turns are used up as stored."""
    changes = []
    for _ in range(times):
        assert alert.due_at is not None
        change = done(wake(alert, known.at(max(alert.due_at, known.now))))
        for turn in change.turns:
            known.roster.turns[turn] = known.roster.turn(turn) + 1  # type: ignore[attr-defined]
        changes.append(change)
        alert = change.alert
    return changes


def asked_by(changes: list[Change]) -> list[list[str]]:
    return [change.events[-1].data["asked"] for change in changes]


def in_trio() -> Team:
    found = Team()
    found.groups = {"@trio": (B, D, E)}
    return found


def test_everyone_of_a_step_is_asked_each_time() -> None:
    known = knowing(policy=trio(EVERYONE), roster=in_trio())
    alert = replace(raising(policy=known.policy).alert, asked=2)
    assert asked_by(run(alert, known, 4)) == [[f"@{B}", f"@{D}", f"@{E}"]] * 4


def test_one_at_a_time_asks_the_next_of_them_with_each_reminder() -> None:
    known = knowing(policy=trio(ONE_AT_A_TIME), roster=in_trio())
    alert = replace(raising(policy=known.policy).alert, asked=2)
    assert asked_by(run(alert, known, 4)) == [[f"@{B}"], [f"@{D}"], [f"@{E}"], [f"@{B}"]]


def test_round_robin_keeps_to_the_one_whose_turn_it_is_and_the_next_alert_asks_the_next() -> None:
    known = knowing(policy=trio(ROUND_ROBIN), roster=in_trio())
    alert = replace(raising(policy=known.policy).alert, asked=2)
    for one in (B, D, E, B):
        changes = run(alert, known, 4)
        assert asked_by(changes) == [[f"@{one}"]] * 4
        assert [change.turns for change in changes] == [("default: group: @trio",), (), (), ()]
        assert changes[0].alert.asking == (one,)


def test_round_robin_at_the_first_step_uses_up_turns_too() -> None:
    known = knowing(policy=steps(rung(*TRIO, ask=ROUND_ROBIN, nudges=3), LAST), roster=in_trio())
    alert = raising(policy=known.policy).alert
    for one in (B, D, E, B):
        assert asked_by(run(alert, known, 3)) == [[f"@{one}"]] * 3


def test_whoever_was_chosen_and_goes_away_is_followed_by_the_next() -> None:
    known = knowing(policy=trio(ROUND_ROBIN), roster=in_trio())
    first = run(replace(raising(policy=known.policy).alert, asked=2), known, 1)[0].alert
    left = known.roster.but(B, active=False)  # type: ignore[attr-defined]
    then = run(first, replace(known, roster=left), 2)
    assert asked_by(then) == [[f"@{E}"], [f"@{E}"]], "Elsa's turn: the first is used up, and two are left"
    assert [change.turns for change in then] == [("default: group: @trio",), ()]


@pytest.mark.parametrize(("how", "asked"), [(ONE_AT_A_TIME, [D, E, D]), (ROUND_ROBIN, [D, D, D])])
def test_whoever_sleeps_is_passed_over_where_another_of_the_step_may_be_asked(how: str, asked: list[str]) -> None:
    policy = replace(trio(how), answer_within=dict.fromkeys(Severity, timedelta(days=5)))
    team = in_trio().but(B, quiet="00:00-24:00")
    known = knowing(policy=policy, roster=team)
    alert = replace(raising(policy=policy, roster=team).alert, asked=2)
    assert asked_by(run(alert, known, 3)) == [[f"@{one}"] for one in asked]


def test_everybody_of_a_step_may_act_whoever_is_asked_this_time() -> None:
    known = knowing(policy=trio(ROUND_ROBIN), roster=in_trio())
    alert = run(replace(raising(policy=known.policy).alert, asked=2), known, 1)[0].alert
    assert set(everyone_at(alert, known)) == {B, D, E}


# ── when ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_step_has_its_least_time_whatever_number_of_reminders_it_has() -> None:
    policy = steps(rung("owner", nudges=1, at_least=HOUR), rung("manager", nudges=0, at_least=2 * HOUR), LAST)
    changes = run(raising(policy=policy).alert, knowing(policy=policy), 4)
    assert [(change.events[0].kind, change.events[0].at - T0) for change in changes] == [
        (Kind.NUDGED, minutes(10)),
        (Kind.ESCALATED, HOUR),
        (Kind.EXCEPTION, 3 * HOUR),
        (Kind.NUDGED, 7 * HOUR),
    ]


def test_the_steps_begin_anew_as_often_as_the_policy_repeats_them() -> None:
    policy = steps(rung("owner", nudges=0), rung("manager", nudges=1), repeat=2)
    changes = run(raising(policy=policy).alert, knowing(policy=policy), 10)
    assert [(change.events[0].kind, change.alert.step, change.alert.loops) for change in changes] == [
        *((Kind.EXCEPTION, 1, 0), (Kind.NUDGED, 1, 0), (Kind.ESCALATED, 0, 1)),
        *((Kind.EXCEPTION, 1, 1), (Kind.NUDGED, 1, 1), (Kind.ESCALATED, 0, 2)),
        *((Kind.EXCEPTION, 1, 2), (Kind.NUDGED, 1, 2), (Kind.NUDGED, 1, 2), (Kind.NUDGED, 1, 2)),
    ]
    assert asked_by(changes)[2] == [f"@{A}"]


LADDERS = steps(
    *(rung("owner"), rung("manager"), rung("manager of manager"), LAST),
    ladders={Severity.CRITICAL: (rung("owner", nudge_every=minutes(1)), rung(D)), Severity.INFO: (LAST,)},
    snooze_limits={Severity.CRITICAL: HOUR},
)


@pytest.mark.parametrize("first", Severity)
@pytest.mark.parametrize("then", Severity)
def test_the_steps_of_a_severity_are_the_same_whichever_it_had_before(first: Severity, then: Severity) -> None:
    assert LADDERS.of(first).of(then).steps == LADDERS.of(then).steps
    assert LADDERS.of(first).of(then).snooze_at_most == LADDERS.of(then).snooze_at_most
    assert knowing(policy=LADDERS.of(first)).under(then).policy.steps == LADDERS.of(then).steps


def test_each_severity_climbs_its_own_ladder() -> None:
    for severity, places in (
        (Severity.CRITICAL, [(1, A), (2, A), (3, D), (13, D)]),
        (Severity.WARNING, [(10, A), (20, A), (30, C), (40, C)]),
    ):
        known = knowing(policy=LADDERS.of(severity))
        changes = run(raising(signal(severity=severity), policy=known.policy).alert, known, 4)
        assert [(change.events[0].at - T0, change.events[0].data["asked"]) for change in changes] == [
            (minutes(after), [f"@{one}"]) for after, one in places
        ]


def test_what_gets_worse_at_a_step_that_the_other_ladder_has_not_goes_on_at_its_top() -> None:
    known = knowing(30, policy=LADDERS.of(Severity.ERROR))
    alert = replace(raising(policy=known.policy).alert, step=3, asked=5, due_at=T0 + 4 * HOUR)
    worse = raised_again(alert, known, signal=signal(severity=Severity.CRITICAL)).alert
    assert worse.due_at == T0 + minutes(40)
    under = replace(known, policy=LADDERS.of(Severity.CRITICAL))
    changes = run(worse, under, 3)
    assert asked_by(changes) == [[f"@{D}"]] * 3
    assert {change.events[0].kind for change in changes} == {Kind.NUDGED}
    top = to_the_top(worse, under, reason="Nobody can be reached")
    assert (top.alert.step, top.alert.loops) == (1, 0), "that it has fewer steps is no round of them"


# ── hours ────────────────────────────────────────────────────────────────────────────────────────────────────────────

FRIDAY_EVENING = datetime(2026, 3, 6, 18, 30, tzinfo=UTC)
OFFICE = replace(
    POLICY,
    hours={"critical": "always", "default": "working"},
    answer_within={Severity.CRITICAL: 4 * HOUR, Severity.ERROR: 4 * DAY, Severity.WARNING: 3 * HOUR},
)


def raised_at(at: datetime, policy: Policy, severity: Severity = Severity.ERROR, **fields: Any) -> tuple[Alert, Given]:
    """An alert owned by Ana, raised at an instant, and what is known then."""
    known = Given(now=at, policy=policy, roster=fields.pop("roster", Team()), plan=fields.pop("plan", PLAN))
    place = Placed(alert_id="01JQ0000000000000000ALERT1", owner=A, place="slack:#ai-alerts", why="a test")
    return raised(signal(severity=severity, **fields), known, placed=place).alert, known


MONDAY = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
ON_FRIDAY_EVENING = [
    # severity, Ana's quiet hours, when she is first asked
    (Severity.CRITICAL, "", FRIDAY_EVENING + minutes(10)),
    (Severity.CRITICAL, "18:00-21:00", datetime(2026, 3, 6, 21, 0, tzinfo=UTC)),
    (Severity.CRITICAL, "18:00-07:00", FRIDAY_EVENING + 4 * HOUR),
    (Severity.ERROR, "", MONDAY),
    (Severity.ERROR, "Mon 08:00-11:00", datetime(2026, 3, 9, 11, 0, tzinfo=UTC)),
    (Severity.ERROR, "Mon 00:00-24:00", datetime(2026, 3, 10, 9, 0, tzinfo=UTC)),
    (Severity.ERROR, "Mon-Tue 00:00-24:00", FRIDAY_EVENING + 4 * DAY),
    (Severity.WARNING, "", FRIDAY_EVENING + 3 * HOUR),
    (Severity.INFO, "", FRIDAY_EVENING + minutes(10)),
]


@pytest.mark.parametrize(("severity", "quiet", "first"), ON_FRIDAY_EVENING)
def test_an_alert_on_friday_evening(severity: Severity, quiet: str, first: datetime) -> None:
    alert, known = raised_at(FRIDAY_EVENING, OFFICE, severity, roster=Team().but(A, quiet=quiet))
    assert alert.due_at == first
    assert alert.answer_by == FRIDAY_EVENING + OFFICE.answer_within.get(severity, timedelta(0))
    change = run(alert, known, 1)[0]
    assert (change.events[0].kind, change.events[0].data["asked"]) == (Kind.NUDGED, [f"@{A}"])


def test_past_its_time_nothing_waits_for_anybodys_hours() -> None:
    alert, known = raised_at(FRIDAY_EVENING, OFFICE, Severity.WARNING)
    changes = run(alert, known, 4)
    assert [change.events[0].at - FRIDAY_EVENING for change in changes] == [
        *(3 * HOUR, 3 * HOUR + minutes(10), 3 * HOUR + minutes(20), 3 * HOUR + minutes(35))
    ]


def test_of_several_only_those_are_asked_whose_hour_it_is() -> None:
    roster = Team().but(B, time_zone="America/Los_Angeles").but(D, time_zone="Asia/Tokyo")
    policy = replace(OFFICE, steps=(rung(B, D, C), LAST))
    # 18:40 on Friday in London is 10:40 in Los Angeles and Saturday in Tokyo.
    alert, known = raised_at(FRIDAY_EVENING, policy, roster=roster)
    assert alert.due_at == FRIDAY_EVENING + minutes(10)
    change = run(alert, known, 1)[0]
    assert change.events[0].data["asked"] == [f"@{B}"]
    assert {item.person for item in change.owed if item.kind != "card"} == {B}


def test_of_several_who_all_sleep_all_are_asked_when_it_cannot_wait() -> None:
    alert, known = raised_at(FRIDAY_EVENING, replace(OFFICE, steps=(rung(B, D), LAST)), Severity.WARNING)
    assert run(alert, known, 1)[0].events[0].data["asked"] == [f"@{B}", f"@{D}"]
    assert awake((B, D), known, severity=Severity.WARNING) == (B, D)


def test_an_escalation_too_waits_for_whoever_is_asked_next_and_a_channel_never_sleeps() -> None:
    policy = replace(OFFICE, steps=(rung("owner", nudges=0), rung("manager", nudges=0), LAST))
    roster = Team().but(A, time_zone="America/Los_Angeles")
    alert, known = raised_at(FRIDAY_EVENING, policy, roster=roster)
    first, second = run(alert, known, 2)
    assert (first.events[0].at, first.events[0].data["asked"]) == (MONDAY, [f"@{C}"])
    assert (second.events[0].at, second.events[0].data["asked"]) == (MONDAY + minutes(10), ["#last"])
    night = replace(alert, step=1, asked=0)
    assert due(night, known) == FRIDAY_EVENING + minutes(10)


def test_what_is_due_while_nobody_works_is_held_until_they_do_and_says_so_once() -> None:
    alert, known = raised_at(FRIDAY_EVENING, OFFICE)
    moved = replace(alert, due_at=FRIDAY_EVENING + minutes(1))
    held, asked = run(moved, known.at(FRIDAY_EVENING + minutes(1)), 2)
    assert (held.events[0].kind, held.alert.due_at) == (Kind.HELD, MONDAY)
    assert [item.kind for item in held.owed] == ["card"]
    assert (asked.events[0].kind, asked.events[0].at) == (Kind.NUDGED, MONDAY)


def test_what_expires_at_night_asks_the_next_step_in_the_morning() -> None:
    policy = replace(OFFICE, check_ins=0, check_in_every=HOUR)
    # Ana works in Los Angeles: her check-in comes on Friday evening, when Cleo sleeps.
    alert, known = raised_at(FRIDAY_EVENING, policy, roster=Team().but(A, time_zone="America/Los_Angeles"))
    held = done(life.acknowledge(alert, known, by=who(ANA))).alert
    expired, asked = run(held, known, 2)
    assert [event.kind for event in expired.events] == [Kind.EXPIRED]
    assert (expired.alert.status, expired.alert.due_at) == (Status.OPEN, MONDAY)
    assert (asked.events[0].kind, asked.events[0].data["asked"]) == (Kind.ESCALATED, [f"@{C}"])


def test_while_it_waits_another_comes_on_call_and_is_named_and_asked() -> None:
    policy = replace(OFFICE, steps=(rung("on call: ap"), LAST))
    roster = Team()
    roster.on_shift = {"ap": [on_shift(B, T0, MONDAY - HOUR), on_shift(D, MONDAY - HOUR, MONDAY + 7 * DAY)]}
    alert, known = raised_at(FRIDAY_EVENING, policy, roster=roster, plan=ONCALL)
    ahead = upcoming(alert, known)
    assert (ahead.at, ahead.asked.people, ahead.waits) == (MONDAY, (D,), f"hours of {D}")
    assert run(alert, known, 1)[0].events[0].data["asked"] == [f"@{D}"]


def test_while_it_waits_somebody_goes_on_leave_and_the_next_step_is_named_and_asked() -> None:
    leave = (Away(start=MONDAY - HOUR, until=MONDAY + 7 * DAY),)
    alert, known = raised_at(FRIDAY_EVENING, OFFICE, roster=Team().but(A, away=leave))
    ahead = upcoming(alert, known)
    assert (ahead.at, ahead.asked.people, ahead.asked.step, ahead.up) == (MONDAY, (C,), 1, True)
    change = run(alert, known, 1)[0]
    assert (change.events[0].kind, change.events[0].data["asked"]) == (Kind.ESCALATED, [f"@{C}"])


CHECK_INS = [
    # acknowledged, resolved by, Ana's quiet hours, asked
    (T0, T0 + DAY, "", T0 + 2 * HOUR),
    (FRIDAY_EVENING, FRIDAY_EVENING + 4 * DAY, "", MONDAY),
    (FRIDAY_EVENING, FRIDAY_EVENING + DAY, "", FRIDAY_EVENING + DAY),
    (FRIDAY_EVENING, FRIDAY_EVENING + HOUR, "", FRIDAY_EVENING + HOUR),
    (FRIDAY_EVENING, FRIDAY_EVENING - HOUR, "", FRIDAY_EVENING + timedelta(seconds=1)),
    (T0, T0 + DAY, "10:00-14:00", T0 + 5 * HOUR),
]


@pytest.mark.parametrize(("now", "deadline", "quiet", "at"), CHECK_INS)
def test_when_an_owner_is_asked_whether_they_are_still_on_it(
    now: datetime, deadline: datetime, quiet: str, at: datetime
) -> None:
    alert, known = raised_at(now, OFFICE, roster=Team().but(A, quiet=quiet))
    assert next_check_in(alert, known, deadline=deadline) == at


# ── how ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

BUDGETED = replace(PLAN, attention=Attention(per_hour=2))
DIGESTS = [
    # severity, what they prefer, how often they were told in the last hour, in their digest
    (Severity.CRITICAL, "instant", 0, False),
    (Severity.CRITICAL, "digest", 0, False),
    (Severity.CRITICAL, "digest", 99, False),
    (Severity.ERROR, "instant", 1, False),
    (Severity.ERROR, "digest", 1, False),
    (Severity.ERROR, "instant", 2, True),
    (Severity.ERROR, "digest", 3, True),
    (Severity.WARNING, "instant", 1, False),
    (Severity.WARNING, "digest", 0, True),
    (Severity.WARNING, "instant", 2, True),
    (Severity.INFO, "digest", 0, True),
    (Severity.INFO, "instant", 0, False),
]


def budgeted(prefers: str, told: int, **fields: Any) -> Given:
    roster = Team().but(A, prefers=prefers)
    roster.told_times = {A: [T0 - minutes(61)] * 50 + [T0 - minutes(59)] * told, B: [T0] * 50}
    return knowing(**{"roster": roster, "plan": BUDGETED} | fields)


@pytest.mark.parametrize(("severity", "prefers", "told", "batched"), DIGESTS)
def test_what_waits_for_a_digest(severity: Severity, prefers: str, told: int, batched: bool) -> None:
    alert = raising(signal(severity=severity)).alert
    assert in_digest(A, alert, budgeted(prefers, told)) is batched


def test_a_policy_may_raise_the_floor_below_which_digests_are_preferred() -> None:
    alert = raising(signal(severity=Severity.INFO)).alert
    floor = replace(POLICY, instant=frozenset(Severity))
    assert in_digest(A, alert, budgeted("digest", 0))
    assert not in_digest(A, alert, budgeted("digest", 0, policy=floor))
    assert in_digest(A, alert, budgeted("digest", 2, policy=floor)), "but a budget is a budget"


def test_somebody_nobody_knows_has_a_budget_and_no_preference() -> None:
    alert = raising(signal(severity=Severity.INFO)).alert
    assert not in_digest("new@acme.example", alert, budgeted("digest", 9))


def test_a_reminder_that_waits_for_a_digest_is_owed_and_counted_as_one_in_the_trail() -> None:
    alert = raising(signal(severity=Severity.WARNING)).alert
    change = done(wake(alert, replace(budgeted("digest", 0), now=T0 + minutes(10))))
    said = [item for item in change.owed if item.kind != "card"]
    assert [(item.place, item.person, item.in_digest, item.thread) for item in said] == [
        (f"slack:@{A}", A, True, False)
    ]
    assert change.events[0].data["in_digest"] == [A]


def test_of_several_asked_each_is_told_in_their_own_way() -> None:
    known = replace(budgeted("instant", 0), policy=steps(rung("owner", B), LAST))
    change = escalate(raising().alert, known, ask(raising().alert, 0, known))
    assert {item.person: item.in_digest for item in change.owed if item.person} == {A: False, B: True}
    assert change.events[0].data["in_digest"] == [B]


def test_a_check_in_over_budget_waits_for_the_digest_too() -> None:
    alert = done(life.acknowledge(raising().alert, knowing(), by=who(ANA))).alert
    known = budgeted("instant", 0)
    known.roster.told_times[A] = [T0 + 2 * HOUR] * 2  # type: ignore[attr-defined]
    change = done(wake(alert, replace(known, now=T0 + 2 * HOUR)))
    assert (change.events[0].kind, change.events[0].data["in_digest"]) == (Kind.CHECK_IN, [A])


# ── any policy, any people ───────────────────────────────────────────────────────────────────────────────────────────

PEOPLE = [person(f"P{n}") for n in range(6)]
IDS = [one.id for one in PEOPLE]
SPANS = st.integers(0, 72).map(lambda n: n * HOUR)
AWAYS = st.lists(
    st.builds(
        lambda start, lasts, delegate: Away(start=T0 + start, until=T0 + start + lasts + HOUR, delegate=delegate),
        st.integers(-48, 24 * 14).map(lambda n: n * HOUR),
        SPANS,
        st.one_of(st.none(), st.sampled_from([*IDS, "new@acme.example"])),
    ),
    max_size=3,
).map(tuple)
SOMEBODY = st.fixed_dictionaries(
    {
        "manager": st.one_of(st.none(), st.sampled_from(IDS)),
        "active": st.sampled_from([True] * 6 + [False]),
        "kind": st.sampled_from(["human"] * 6 + ["guest"]),
        "time_zone": st.sampled_from(["UTC", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "Europe/Amsterdam"]),
        "working": st.sampled_from(["", "", "Mon-Thu 22:00-06:00", "Sat-Sun 10:00-12:00", "08:00-20:00"]),
        "quiet": st.sampled_from(["", "", "22:00-07:00", "12:00-13:00", "00:00-24:00"]),
        "prefers": st.sampled_from(["instant", "digest"]),
        "away": AWAYS,
    }
)
SHIFTS = st.lists(
    st.builds(
        lambda start, lasts, who: on_shift(who, T0 + start, T0 + start + lasts + HOUR),
        st.integers(-48, 24 * 14).map(lambda n: n * HOUR),
        SPANS,
        st.sampled_from(IDS),
    ),
    max_size=6,
)
NAMED = st.sampled_from(["owner", "manager", "manager of manager", "on call: ap", "group: @ap", *IDS[:3]])
PACES = st.sampled_from([minutes(1), minutes(10), HOUR, 7 * HOUR])
RUNGS = st.one_of(
    st.builds(
        lambda whom, every, nudges, how, least: Step(
            who=tuple(dict.fromkeys(whom)), nudge_every=every, nudges=nudges, ask=how, at_least=least
        ),
        st.lists(NAMED, min_size=1, max_size=3),
        PACES,
        st.integers(0, 3),
        st.sampled_from([EVERYONE, ONE_AT_A_TIME, ROUND_ROBIN]),
        st.sampled_from([timedelta(0), timedelta(0), 3 * HOUR]),
    ),
    st.builds(lambda every, nudges: Step(who=("#team",), nudge_every=every, nudges=nudges), PACES, st.integers(0, 2)),
)
WITHINS = st.dictionaries(st.sampled_from(Severity), st.sampled_from([timedelta(0), HOUR, DAY, 7 * DAY]))
POLICIES = st.builds(
    lambda rungs, repeat, answer, hours: replace(
        POLICY, steps=tuple(rungs), repeat=repeat, answer_within=answer, hours=hours
    ),
    st.lists(RUNGS, min_size=1, max_size=4),
    st.integers(0, 2),
    WITHINS,
    st.sampled_from([{}, {"default": "working"}, {"default": "working", "critical": "always"}]),
)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Alert, Given]:
    roster = Team(replace(one, **draw(SOMEBODY)) for one in PEOPLE)
    roster.groups = {"@ap": tuple(draw(st.lists(st.sampled_from(IDS), unique=True, max_size=4)))}
    roster.on_shift = {"ap": draw(SHIFTS)}
    plan = replace(ONCALL, last_resort=IDS[-1])
    severity, at = draw(st.sampled_from(Severity)), T0 + draw(SPANS)
    alert, known = raised_at(at, draw(POLICIES), severity, roster=roster, plan=plan)
    return replace(alert, owner=IDS[0]), known


def told(change: Change) -> list[str]:
    return [name for event in change.events for name in event.data.get("asked", ()) if event.kind in ASKS]


ASKS = {Kind.NUDGED, Kind.ESCALATED, Kind.EXCEPTION}
DOES = {Kind.NUDGED: False, Kind.ESCALATED: True, Kind.EXCEPTION: True}


def is_as_foretold(ahead: Next, change: Change, known: Given) -> None:
    """What the clock did is what was said of it: who, at which step."""
    last = change.events[-1]
    if last.kind not in ASKS:
        return
    here = replace(ahead.asked, people=awake(ahead.asked.people, known, severity=change.alert.severity))
    assert last.data["asked"] == names_of(here)
    assert DOES[last.kind] == ahead.up
    assert not ahead.up or change.alert.step == ahead.asked.step


def may_be_disturbed(one: str, alert: Alert, known: Given) -> bool:
    """Whether they may be asked at this instant, read off their hours; whoever nobody knows sleeps never."""
    found = known.roster.person(one)
    if found is None or is_quiet(found.hours, known.now):
        return found is None
    return known.policy.kept(alert.severity) == "always" or works(found.hours, known.now, known.plan.days_off)


def asks_rightly(change: Change, before: Alert, known: Given) -> None:
    """Nobody who is gone or away is asked while anybody else is there, and nobody out of their hours but for cause."""
    assert before.answer_by is not None
    late = known.now >= before.answer_by
    for name in told(change):
        if name.startswith("#"):
            continue
        one, person = name[1:], known.roster.person(name[1:])
        last = one == known.plan.last_resort
        assert last or gone(one, known.roster) is None
        assert last or person is None or person.absence(known.now) is None
        assert late or may_be_disturbed(one, before, known), (one, known.now)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(world=worlds())
def test_whatever_the_policy_and_the_people_the_clock_goes_on_and_asks_rightly(world: tuple[Alert, Given]) -> None:
    alert, known = world
    alert = replace(alert, due_at=due(alert, known))
    topped = False
    for _ in range(200):
        assert alert.due_at is not None
        assert alert.due_at > known.now
        ahead = upcoming(alert, known)
        known = known.at(alert.due_at)
        change = done(wake(alert, known))
        moved = change.events[0].kind in (Kind.REASSIGNED, Kind.DELEGATED)
        event(change.events[-1].kind.value)
        if not moved:
            assert change.events[-1].kind != Kind.HELD or alert.due_at < ahead.at, "held though foretold"
            is_as_foretold(ahead, change, known)
            asks_rightly(change, alert, known)
        for turn in change.turns:
            known.roster.turns[turn] = known.roster.turn(turn) + 1  # type: ignore[attr-defined]
        assert wake(change.alert, known) is None
        alert = change.alert
        topped = topped or known.policy.is_top(alert.step)
    assert topped or alert.owner != IDS[0], "two hundred times, and never at the top"


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(world=worlds(), step=st.integers(0, 3), asked=st.integers(0, 4), latest=st.one_of(st.none(), SPANS))
def test_no_wait_goes_past_the_time_by_which_it_is_to_be_answered(
    world: tuple[Alert, Given], step: int, asked: int, latest: timedelta | None
) -> None:
    alert, known = world
    answer_by = None if latest is None else known.now + latest
    alert = replace(alert, step=min(step, len(known.policy.steps) - 1), asked=asked, answer_by=answer_by)
    for people in (ask(alert, alert.step, known).people, following(alert, known).people):
        at = waiting(people, known.now, known, severity=alert.severity, latest=answer_by)
        assert known.now <= at <= max(answer_by or known.now, known.now)
        some = awake(people, known.at(at), severity=alert.severity)
        assert set(some) <= set(people)
        assert bool(some) == bool(people)
    rung = known.policy.step(alert.step)
    pace = max(known.now + rung.nudge_every, (alert.step_since or known.now) + rung.at_least)
    assert due(alert, known) <= max(pace, answer_by or pace)
