"""An alert under another version of its policy: what moves, and what never does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cast import ANA, CLEO, ELSA, EVERYBODY, PLAN, POLICY, T0, done, minutes, person, plain, refused, signal, who
from hypothesis import assume
from hypothesis import given as any_of
from hypothesis import strategies as st

from bot.core import alert as life
from bot.core.given import Given
from bot.core.people import Nobody, Person
from bot.core.policy import Policy, Step
from bot.core.raising import Placed, raised
from bot.core.repolicy import LEFT, repoliced, unfit
from bot.core.signal import Severity
from bot.core.state import Alert, Change, Status, fold
from bot.core.wake import wake
from bot.core.words import told

HOURS = timedelta(hours=1)
WORKING = replace(POLICY, hours={"default": "working"}, answer_within=dict.fromkeys(Severity, timedelta(days=5)))


class Crew(Nobody):
    """The cast; Ana, Ben and Cleo work in Amsterdam."""

    def person(self, person_id: str, /) -> Person | None:
        zone = "UTC" if person_id == ELSA.id else "Europe/Amsterdam"
        return next((replace(one, time_zone=zone) for one in EVERYBODY if one.id == person_id), None)


def at(now: datetime, policy: Policy = POLICY, severity: Severity = Severity.ERROR) -> Given:
    return Given(now=now, policy=policy.of(severity), roster=Crew(), plan=PLAN)


def raising(now: datetime = T0, policy: Policy = POLICY, severity: Severity = Severity.ERROR) -> Change:
    placed = Placed(
        alert_id="01JQ0000000000000000ALERT1", owner=ANA.id, place="slack:#ai-alerts", why="the source's own"
    )
    return raised(signal(severity=severity), at(now, policy, severity), placed=placed)


def asked(alert: Alert, policy: Policy, times: int) -> Alert:
    """After the clock came so often."""
    for _ in range(times):
        assert alert.due_at is not None
        alert = done(wake(alert, at(alert.due_at, policy, alert.severity))).alert
    return alert


def acknowledged(alert: Alert, now: datetime, policy: Policy = POLICY) -> Alert:
    return done(life.acknowledge(alert, at(now, policy, alert.severity), by=who(ANA))).alert


def under(alert: Alert, after: Policy, now: datetime, before: Policy = POLICY) -> Alert:
    """Under version 2."""
    given = at(now, replace(after, version=2), alert.severity)
    return done(repoliced(alert, given, before=before.of(alert.severity), by=who(ELSA))).alert


def slower(policy: Policy, every: timedelta) -> Policy:
    return replace(policy, steps=tuple(replace(step, nudge_every=every) for step in policy.steps))


@pytest.mark.parametrize(
    ("after", "due"),
    [
        (POLICY, minutes(10)),
        (slower(POLICY, minutes(30)), minutes(30)),
        (slower(POLICY, minutes(8)), minutes(8)),
        (slower(POLICY, minutes(2)), minutes(6) + timedelta(seconds=1)),
    ],
)  # fmt: skip
def test_the_next_reminder_counts_from_the_last_word_and_never_lies_in_the_past(after: Policy, due: timedelta) -> None:
    alert = under(raising().alert, after, T0 + minutes(6))
    assert (alert.due_at, alert.policy_version, alert.status) == (T0 + due, 2, Status.OPEN)


def test_a_policy_that_now_keeps_working_hours_lets_the_night_pass() -> None:
    night = datetime(2026, 3, 2, 21, 0, tzinfo=UTC)
    alert = raising(night).alert
    moved = under(alert, WORKING, night + minutes(3))
    assert moved.due_at == datetime(2026, 3, 3, 8, 0, tzinfo=UTC)
    assert moved.answer_by == night + timedelta(days=5)


def test_what_waited_for_the_morning_waits_for_it_still_where_hours_did_not_change() -> None:
    night = datetime(2026, 3, 2, 21, 0, tzinfo=UTC)
    alert = raising(night, WORKING).alert
    assert under(alert, replace(WORKING, hops=1), night + 3 * HOURS, WORKING).due_at == alert.due_at


def test_a_policy_that_keeps_no_hours_any_more_does_not_let_it_wait_for_the_morning() -> None:
    night = datetime(2026, 3, 2, 21, 0, tzinfo=UTC)
    alert = raising(night, WORKING).alert
    assert under(alert, POLICY, night + 3 * HOURS, WORKING).due_at == night + 3 * HOURS + minutes(10)


def test_an_alert_above_the_last_step_of_the_new_version_stands_on_that() -> None:
    alert = asked(raising().alert, POLICY, 9)
    assert alert.step == 3
    short = replace(POLICY, steps=POLICY.steps[:2])
    assert (under(alert, short, T0 + 3 * HOURS).step, under(alert, short, T0 + 3 * HOURS).asked) == (1, alert.asked)


def test_a_deadline_moves_by_what_the_policies_differ_in() -> None:
    alert = acknowledged(raising().alert, T0 + minutes(5))
    longer = replace(POLICY, within={**POLICY.within, Severity.ERROR: timedelta(days=2)})
    assert under(alert, longer, T0 + HOURS).resolve_by == T0 + minutes(5) + timedelta(days=2)
    assert under(alert, POLICY, T0 + HOURS).resolve_by == alert.resolve_by
    assert under(alert, POLICY, T0 + HOURS).due_at == alert.due_at == T0 + minutes(125)


def test_a_deadline_that_would_be_over_leaves_a_minute() -> None:
    alert = acknowledged(raising().alert, T0)
    shorter = replace(POLICY, within={**POLICY.within, Severity.ERROR: HOURS})
    moved = under(alert, shorter, T0 + 90 * minutes(1))
    assert moved.resolve_by == moved.due_at == T0 + minutes(90) + LEFT


def test_a_snooze_keeps_to_the_new_limit_and_a_shorter_one_stays() -> None:
    alert = done(life.snooze(raising().alert, at(T0), by=who(ANA), until=T0 + 5 * HOURS)).alert
    assert under(alert, POLICY, T0 + HOURS).due_at == T0 + 5 * HOURS
    limited = under(alert, replace(POLICY, snooze_at_most=2 * HOURS), T0 + HOURS)
    assert limited.due_at == limited.snoozed_until == T0 + 3 * HOURS


def test_nothing_is_said_but_its_card_and_the_trail_names_who_did_it() -> None:
    change = done(repoliced(raising().alert, at(T0, replace(POLICY, version=2)), before=POLICY, by=who(ELSA)))
    assert [owed.kind for owed in change.owed] == ["card"] and change.alert.generation == 1
    assert plain(told(change.events[0])) == "Elsa put this under version 2 of its policy"
    assert change.events[0].data["was"] == 1


def test_the_same_version_and_what_is_over_are_refused() -> None:
    alert = raising().alert
    assert refused(repoliced(alert, at(T0), before=POLICY, by=who(ELSA))).code == "already"
    closed = done(life.resolve(alert, at(T0), by=who(ANA), what="Paid back.")).alert
    closed = life.close(closed, at(T0), by=who(ANA)).alert
    new = at(T0, replace(POLICY, version=2))
    assert refused(repoliced(closed, new, before=POLICY, by=who(ELSA))).code == "finished"


@pytest.mark.parametrize(
    ("one", "may"),
    [
        (ELSA, True),
        (CLEO, False),
        (person("Fay"), True),
        (person("Fay", active=False), False),
        (person("Chat", id="slack:U0CHAT", chat={"slack": "U0FAY"}), False),
    ],
)  # fmt: skip
def test_only_an_admin_and_the_owner_of_last_resort_may(one: Person, may: bool) -> None:
    plan = replace(PLAN, admins=frozenset({"fay@acme.example"}))
    assert (unfit(one, plan) is None) == may


# ── whatever both versions say, and whatever happened before ─────────────────────────────────────────────────────────

SPANS = st.integers(1, 60 * 48).map(minutes)
STEPS = st.builds(
    Step,
    who=st.sampled_from([("owner",), ("manager",), ("manager", "ben@acme.example"), ("#ai",)]),
    nudge_every=SPANS,
    nudges=st.integers(0, 3),
    ask=st.sampled_from(("everyone", "one at a time", "round robin")),
    at_least=st.sampled_from((timedelta(0), minutes(45), 5 * HOURS)),
)
VERSIONS = st.builds(
    lambda **said: replace(POLICY, **said),
    steps=st.lists(STEPS, min_size=1, max_size=4).map(tuple),
    ladders=st.dictionaries(st.sampled_from(Severity), st.lists(STEPS, min_size=1, max_size=3).map(tuple), max_size=2),
    repeat=st.integers(0, 2),
    answer_within=st.dictionaries(st.sampled_from(Severity), SPANS),
    within=st.fixed_dictionaries(dict.fromkeys(Severity, SPANS)),
    check_in_every=SPANS,
    snooze_at_most=SPANS,
    hours=st.dictionaries(st.sampled_from([*Severity, "default"]), st.sampled_from(("always", "working"))),
)
LIVES = st.fixed_dictionaries(
    {
        "severity": st.sampled_from(Severity),
        "start": st.integers(0, 14 * 24 * 60).map(lambda later: T0 + minutes(later)),
        "wakes": st.integers(0, 6),
        "act": st.sampled_from(("nothing", "acknowledge", "snooze")),
        "later": st.integers(0, 72 * 60).map(minutes),
    }
)


def lived(policy: Policy, life_: dict[str, Any]) -> tuple[Change, datetime]:
    """Whatever happened to it under its first version, and an instant after that."""
    severity, now = life_["severity"], life_["start"]
    so_far = raising(now, policy, severity)
    for _ in range(life_["wakes"]):
        assert so_far.alert.due_at is not None
        now = so_far.alert.due_at
        so_far = so_far.then(done(wake(so_far.alert, at(now, policy, severity))))
    given = at(now, policy, severity)
    if life_["act"] == "acknowledge":
        so_far = so_far.then(done(life.acknowledge(so_far.alert, given, by=who(ANA))))
    elif life_["act"] == "snooze":
        until = now + given.policy.snooze_at_most
        so_far = so_far.then(done(life.snooze(so_far.alert, given, by=who(ANA), until=until)))
    return so_far, now + life_["later"]


@any_of(before=VERSIONS, after=VERSIONS, life_=LIVES)
def test_whatever_changes_it_stays_somebodys_is_looked_at_again_and_its_trail_says_all(
    before: Policy, after: Policy, life_: dict[str, Any]
) -> None:
    so_far, now = lived(before, life_)
    alert, severity = so_far.alert, life_["severity"]
    given = at(now, replace(after, version=2), severity)
    change = done(repoliced(alert, given, before=before.of(severity), by=who(ELSA)))
    moved = change.alert
    assert moved.due_at is not None and moved.due_at > now
    assert (moved.owner, moved.status, moved.generation) == (alert.owner, alert.status, alert.generation)
    assert moved.asked == alert.asked and moved.step <= alert.step < 99
    assert moved.step < len(given.policy.steps)
    assert {owed.kind for owed in change.owed} == {"card"}
    assert fold((*so_far.events, *change.events)) == moved
    assert moved.resolve_by is None or moved.resolve_by > now


@any_of(policy=VERSIONS, life_=LIVES)
def test_a_version_that_changes_nothing_about_time_changes_no_instant(policy: Policy, life_: dict[str, Any]) -> None:
    so_far, now = lived(policy, life_)
    alert, severity = so_far.alert, life_["severity"]
    assume(alert.due_at is not None and alert.due_at > now)
    same = at(now, replace(policy, version=2, hops=1), severity)
    moved = done(repoliced(alert, same, before=policy.of(severity), by=who(ELSA))).alert
    assert (moved.due_at, moved.answer_by, moved.resolve_by) == (alert.due_at, alert.answer_by, alert.resolve_by)
