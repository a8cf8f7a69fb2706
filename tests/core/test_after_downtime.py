"""After a long downtime, and after a jump of the clock: one step for each alert, and every step its whole dwell."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cast import ANA, CLEO, POLICY, T0, Team, acknowledged, closed, done, given, minutes, opened, raising, signal, who
from hypothesis import given as examples
from hypothesis import strategies as st

from bot.core import alert as life
from bot.core import fate
from bot.core.events import Kind
from bot.core.given import Given
from bot.core.policy import Step
from bot.core.raising import raised_again
from bot.core.signal import Severity
from bot.core.state import Alert, Status, fold, packed
from bot.core.wake import wake

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WAITS = st.integers(0, 10 * 366 * 24 * 3600).map(lambda seconds: timedelta(seconds=seconds))
ASKS = {Kind.NUDGED, Kind.ESCALATED, Kind.EXCEPTION, Kind.CHECK_IN, Kind.REASSIGNED, Kind.SNOOZE_ENDED}


def at(step: int, asked: int, *, severity: Severity = Severity.ERROR) -> Alert:
    return replace(raising(signal(severity=severity)).alert, step=step, asked=asked)


def snoozed(alert: Alert, span: timedelta) -> Alert:
    return done(life.snooze(alert, given(), by=who(ANA), until=T0 + span)).alert


ALIVE = st.one_of(
    st.builds(at, st.integers(0, 3), st.integers(0, 5), severity=st.sampled_from(Severity)),
    st.builds(lambda asked: replace(acknowledged(0), asked=asked), st.integers(0, 5)),
    st.builds(lambda hours: snoozed(opened(), hours * HOUR), st.integers(1, 48)),
    st.builds(lambda hours: snoozed(acknowledged(0), hours * HOUR), st.integers(1, 48)),
)
TEAMS = st.sampled_from([Team(), Team().but(ANA.id, active=False), Team().but(CLEO.id, active=False), Team([])])


def whole_dwell(alert: Alert, known: Given) -> object:
    if alert.status == Status.ACKNOWLEDGED and alert.resolve_by:
        following = min(known.now + known.policy.check_in_every, alert.resolve_by)
        return max(following, known.now + timedelta(seconds=1))
    return known.now + known.policy.step(alert.step).nudge_every


@examples(alert=ALIVE, late=WAITS, team=TEAMS)
def test_however_late_the_clock_comes_one_step_fires_and_the_next_gets_its_whole_dwell(
    alert: Alert, late: timedelta, team: Team
) -> None:
    assert alert.due_at is not None
    known = given(alert.due_at - T0 + late, roster=team)
    change = done(wake(alert, known))
    assert [event.kind in ASKS for event in change.events].count(True) == 1
    assert change.alert.step - (0 if Kind.EXPIRED in {event.kind for event in change.events} else alert.step) <= 3
    assert change.alert.due_at == whole_dwell(change.alert, known)
    assert wake(change.alert, known) is None


@examples(alert=ALIVE, late=WAITS)
def test_each_person_hears_of_it_once_however_late_it_is(alert: Alert, late: timedelta) -> None:
    assert alert.due_at is not None
    change = done(wake(alert, given(alert.due_at - T0 + late)))
    places = [(item.place, item.thread) for item in change.owed if item.kind != "card"]
    assert len(places) == len(set(places)) <= 2


def test_a_clock_that_jumps_a_year_ahead_fires_one_step_like_a_year_of_downtime() -> None:
    year = done(wake(opened(), given(366 * DAY)))
    ten_minutes = done(wake(opened(), given(10)))
    assert [event.kind for event in year.events] == [event.kind for event in ten_minutes.events] == [Kind.NUDGED]
    assert (year.alert.step, year.alert.asked) == (ten_minutes.alert.step, ten_minutes.alert.asked)


# ── and when the clock comes back ────────────────────────────────────────────────────────────────────────────────────


@examples(alert=ALIVE, ahead=WAITS, team=TEAMS)
def test_what_was_put_off_by_a_clock_that_ran_ahead_is_due_within_its_policy_again(
    alert: Alert, ahead: timedelta, team: Team
) -> None:
    assert alert.due_at is not None
    ran_ahead = done(wake(alert, given(alert.due_at - T0 + ahead, roster=team))).alert
    back = given(alert.due_at - T0)
    mended = fate.realigned(ran_ahead, back)
    after = mended.alert if mended else ran_ahead
    assert after.due_at is not None
    assert ran_ahead.due_at is not None
    longest = whole_dwell(after, back)
    assert isinstance(longest, type(back.now))
    assert after.due_at <= min(longest + fate.TOLERANCE, ran_ahead.due_at)
    assert fate.realigned(after, back) is None
    assert (mended is None) == (ahead <= fate.TOLERANCE) or ran_ahead.status == Status.ACKNOWLEDGED


@examples(alert=ALIVE, passed=WAITS)
def test_what_is_right_is_left_alone_however_long_nothing_happens(alert: Alert, passed: timedelta) -> None:
    assert fate.realigned(alert, given(passed)) is None


@examples(alert=ALIVE, wrong=st.integers(-(10**8), 10**8), now=WAITS)
def test_setting_right_never_puts_anything_off(alert: Alert, wrong: int, now: timedelta) -> None:
    assert alert.due_at is not None
    due = alert.due_at + timedelta(seconds=wrong)
    moved = replace(alert, due_at=due, snoozed_until=due if alert.snoozed_until else None)
    change = fate.realigned(moved, given(now))
    if change is None:
        return
    after = change.alert
    assert after.due_at is not None
    assert after.due_at < due
    assert after.due_at > T0 + now
    assert (after.snoozed_until is None) == (moved.snoozed_until is None)
    assert after.snoozed_until in (None, after.due_at)
    assert after.resolve_by is None or moved.resolve_by is None or after.resolve_by <= moved.resolve_by
    assert (after.generation, after.owner, after.status) == (moved.generation, moved.owner, moved.status)
    assert change.owed == ()


FAR = T0 + 366 * DAY
LIMIT = T0 + POLICY.snooze_at_most
SET_RIGHT = [
    ("a first step", replace(opened(), due_at=FAR), {"due_at": T0 + minutes(10)}),
    ("a later step", replace(opened(), step=2, due_at=FAR), {"due_at": T0 + minutes(30)}),
    ("the top", replace(opened(), step=3, due_at=FAR), {"due_at": T0 + 4 * HOUR}),
    ("a check-in", replace(acknowledged(0), due_at=FAR), {"due_at": T0 + 2 * HOUR}),
    (
        "a deadline that was set in the future",
        replace(acknowledged(0), due_at=FAR, resolve_by=FAR),
        {"due_at": T0 + 2 * HOUR, "resolve_by": T0 + DAY},
    ),
    (
        "a deadline that is near",
        replace(acknowledged(0), due_at=FAR, resolve_by=T0 + HOUR),
        {"due_at": T0 + HOUR},
    ),
    (
        "a snooze past the policy's limit",
        replace(opened(), due_at=FAR, snoozed_until=FAR),
        {"due_at": LIMIT, "snoozed_until": LIMIT},
    ),
]


@pytest.mark.parametrize(("what", "alert", "right"), SET_RIGHT)
def test_what_lies_further_ahead_than_its_policy_allows(what: str, alert: Alert, right: dict[str, object]) -> None:
    alert = replace(alert, revision=1)
    change = done(fate.realigned(alert, given()))
    event = change.events[0]
    assert (event.kind, event.actor.kind, event.data["was"]) == (Kind.CLOCK_MOVED, "clock", FAR.isoformat())
    assert change.alert == replace(alert, revision=2, **right)  # type: ignore[arg-type]
    born = raising().events[0]
    assert fold([replace(born, data={"set": packed(alert)}), event]) == change.alert


LEFT_ALONE = [
    ("due in a moment", opened()),
    ("overdue", replace(opened(), due_at=T0 - DAY)),
    ("machines that differ a little", replace(opened(), due_at=T0 + minutes(10) + fate.TOLERANCE)),
    ("asleep within the limit", snoozed(opened(), 48 * HOUR)),
    ("asleep longer than its deadline", snoozed(acknowledged(0), 47 * HOUR)),
    ("over", closed()),
    ("a step of a month", replace(opened(), due_at=T0 + 30 * DAY)),
]


def test_the_minute_that_is_left_to_resolve_what_got_worse_is_left_alone() -> None:
    strict = replace(POLICY, within=dict.fromkeys(Severity, timedelta(seconds=1)))
    known = given(1, policy=strict)
    alert = done(life.acknowledge(opened(), known, by=who(ANA))).alert
    worse = raised_again(alert, known, signal=signal(severity=Severity.CRITICAL)).alert
    assert worse.resolve_by == known.now + minutes(1)
    assert fate.realigned(worse, known) is None


@pytest.mark.parametrize(("what", "alert"), LEFT_ALONE)
def test_what_its_policy_allows_is_left_alone(what: str, alert: Alert) -> None:
    monthly = replace(POLICY, steps=(Step(who=("owner",), nudge_every=30 * DAY),))
    assert fate.realigned(alert, given(policy=monthly if what == "a step of a month" else POLICY)) is None
