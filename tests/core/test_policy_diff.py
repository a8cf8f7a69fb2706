"""What is different about a policy, in words."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta

import pytest
from cast import POLICY, minutes
from hypothesis import given as any_of
from hypothesis import strategies as st

from bot.core.policy import ASKS, DISMISSERS, Policy, Step
from bot.core.policy_diff import FIELDS, STEP_FIELDS, compared, differences
from bot.core.policy_words import explained
from bot.core.signal import Severity

OWNER, MANAGER, ABOVE, CHANNEL = POLICY.steps
ON_CALL = Step(who=("on call: payments",), nudge_every=minutes(5), nudges=1)


def told(after: Policy, before: Policy = POLICY) -> list[str]:
    return [str(one) for one in differences(before, after)]


def steps(*some: Step) -> Policy:
    return replace(POLICY, steps=some)


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (POLICY, []),
        (replace(POLICY, version=9), []),
        (
            steps(OWNER, replace(MANAGER, who=("manager", "on call: payments")), ABOVE, CHANNEL),
            ["step 2: manager ▸ manager, on call: payments"],
        ),
        (
            steps(OWNER, ON_CALL, MANAGER, ABOVE, CHANNEL),
            ["step 2: new ▸ on call: payments is told by direct message, then nudged every 5m, 1 time"],
        ),
        (steps(OWNER, ABOVE, CHANNEL), ["step 2: manager ▸ left out"]),
        (
            steps(OWNER, ON_CALL, replace(MANAGER, nudges=5), ABOVE, CHANNEL),
            [
                "step 2: new ▸ on call: payments is told by direct message, then nudged every 5m, 1 time",
                "step 2, now 3, nudges: 2 ▸ 5",
            ],
        ),
        (
            steps(replace(OWNER, nudge_every=minutes(90), at_least=minutes(5)), MANAGER, ABOVE, CHANNEL),
            ["step 1, nudge every: 10m ▸ 1h30m", "step 1, at least: 0s ▸ 5m"],
        ),
        (
            steps(OWNER, replace(MANAGER, ask="round robin"), ABOVE, CHANNEL),
            ["step 2, asks: everyone ▸ round robin"],
        ),
        (
            replace(POLICY, ladders={Severity.CRITICAL: (OWNER, CHANNEL)}),
            ["steps of critical: as all others ▸ owner › #ai-exceptions"],
        ),
        (
            replace(POLICY, within={**POLICY.within, Severity.CRITICAL: timedelta(hours=2)}),
            ["resolve within, critical: 4h ▸ 2h"],
        ),
        (replace(POLICY, hours={"default": "working"}), ["hours, default: nothing ▸ working"]),
        (replace(POLICY, snoozes=2), ["snoozes: as often as they like ▸ 2"]),
        (replace(POLICY, second_person=frozenset({Severity.CRITICAL})), [
            "dismissing takes a second person: nothing ▸ critical"
        ]),
        (replace(POLICY, instant=frozenset(Severity)), [
            "told at once: critical, error ▸ critical, error, warning, info"
        ]),
        (replace(POLICY, verify="never"), ["verify: when possible ▸ never"]),
        (replace(POLICY, hops=1, repeat=2), [
            "the steps begin anew: 0 ▸ 2",
            "not mine until it is an exception: 3 ▸ 1",
        ]),
    ],
)  # fmt: skip
def test_what_is_different_is_said_field_by_field(after: Policy, said: list[str]) -> None:
    assert told(after) == said


def test_a_ladder_of_a_severity_is_compared_step_by_step() -> None:
    before = replace(POLICY, ladders={Severity.CRITICAL: (OWNER, CHANNEL)})
    after = replace(POLICY, ladders={Severity.CRITICAL: (OWNER, MANAGER, CHANNEL)})
    assert told(after, before) == ["critical, step 2: new ▸ manager is told by direct message, then nudged every 15m, "
                                   "2 times"]  # fmt: skip


def test_no_field_of_a_policy_can_change_in_silence() -> None:
    assert {field.name for field in fields(Policy)} == {"name", "version", "steps", "ladders", *FIELDS}
    assert {field.name for field in fields(Step)} == {"who", *STEP_FIELDS}


def test_policies_are_added_changed_unchanged_or_only_in_the_database() -> None:
    stored = [
        replace(POLICY, version=3),
        replace(POLICY, name="payments", version=2),
        replace(POLICY, name="old", version=5),
    ]
    wanted = [POLICY, replace(POLICY, name="payments", hops=1), replace(POLICY, name="legal")]
    assert [(one.name, one.state, one.version) for one in compared(stored, wanted)] == [
        ("default", "unchanged", 3),
        ("payments", "changed", 3),
        ("legal", "added", 1),
        ("old", "only in the database", 5),
    ]


PEOPLE = ("owner", "manager", "manager of manager", "ben@acme.example", "on call: payments", "group: @ap")
SPANS = st.integers(1, 400_000).map(lambda seconds: timedelta(seconds=seconds))
STEPS = st.builds(
    Step,
    who=st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=3, unique=True).map(tuple) | st.just(("#ai",)),
    nudge_every=SPANS,
    nudges=st.integers(0, 5),
    ask=st.sampled_from(ASKS),
    at_least=st.just(timedelta(0)) | SPANS,
)
LADDERS = st.lists(STEPS, min_size=1, max_size=5).map(tuple)
EACH = st.dictionaries(st.sampled_from(Severity), SPANS)
SOME = st.frozensets(st.sampled_from(Severity))
POLICIES = st.builds(
    Policy,
    name=st.just("default"),
    steps=LADDERS,
    ladders=st.dictionaries(st.sampled_from(Severity), LADDERS, max_size=2),
    repeat=st.integers(0, 3),
    answer_within=EACH,
    within=st.fixed_dictionaries(dict.fromkeys(Severity, SPANS)),
    check_in_every=SPANS,
    check_ins=st.integers(1, 4),
    snooze_at_most=SPANS,
    snooze_limits=EACH,
    snoozes=st.none() | st.integers(0, 3),
    reopen_window=SPANS,
    cleared=st.sampled_from(("close", "ask")),
    hours=st.dictionaries(st.sampled_from([*Severity, "default"]), st.sampled_from(("always", "working"))),
    dismiss=st.dictionaries(st.sampled_from([*Severity, "default"]), st.sampled_from(DISMISSERS)),
    second_person=SOME,
    instant=SOME,
    hops=st.integers(1, 5),
)


@any_of(before=POLICIES, after=POLICIES)
def test_two_policies_differ_exactly_where_something_is_said(before: Policy, after: Policy) -> None:
    assert bool(told(after, before)) == (before != after)
    assert all(one.before != one.after for one in differences(before, after))


@any_of(policy=POLICIES)
def test_every_policy_can_be_explained(policy: Policy) -> None:
    lines = list(explained(policy))
    assert lines[0] == "default: until somebody acknowledges,"
    assert all(line.startswith("  ") for line in lines[1:])
    for steps in (policy.steps, *policy.ladders.values()):
        assert sum(line.lstrip()[:2] == f"{len(steps)}." for line in lines) >= 1


def test_a_policy_that_uses_everything_reads_like_this() -> None:
    policy = replace(
        POLICY,
        steps=(
            OWNER,
            replace(MANAGER, who=("manager", "on call: payments"), ask="one at a time", at_least=timedelta(hours=1)),
            replace(ABOVE, who=("group: @ap",), ask="round robin", nudges=0),
            CHANNEL,
        ),
        ladders={Severity.CRITICAL: (replace(OWNER, nudges=1), CHANNEL)},
        repeat=2,
        answer_within={Severity.CRITICAL: minutes(15), Severity.ERROR: timedelta(days=1)},
        hours={"critical": "always", "default": "working"},
        snooze_limits={Severity.CRITICAL: timedelta(hours=1)},
        snoozes=2,
        dismiss={"critical": "admin"},
        second_person=frozenset({Severity.CRITICAL}),
    )
    assert (
        "\n".join(explained(policy))
        == """\
default: until somebody acknowledges,
  1. the owner is nudged every 10m, 2 times
  2. manager, on call: payments (each reminder asks the next of them) is told by direct message, then nudged every \
15m, 2 times; it goes on after 1h at the earliest
  3. group: @ap (one of them, in turn) is told by direct message, and has 30m
  4. #ai-exceptions is told, and again every 4h
  the steps begin anew twice before the last one is kept to;
  what is critical has steps of its own:
    1. the owner is nudged every 10m, 1 time
    2. #ai-exceptions is told, and again every 4h
  a reminder waits for the working hours of whoever is asked, of what is error, warning or info;
  people are asked at any hour, outside of their quiet hours, of what is critical;
  no reminder waits for hours longer than, from the raise: critical 15m, error 1d;
  once acknowledged, it must be resolved within: critical 4h, error 1d, warning 3d, info 7d;
  the owner is asked every 2h whether they are still on it,
  and after 2 unanswered times it is open again and goes one step up
  when its source says that it is over, it closes; verified: when possible
  snoozed for 2d at most (critical 1h), twice; raised again within 7d of its end, it reopens
  dismissed: critical by an admin, error by everybody whom it concerns, warning by everybody whom it concerns, info by \
everybody whom it concerns; a second person has to agree where it is critical
  said 3 times to be not theirs, it is an exception
  told at once whatever somebody prefers: critical or error; the rest may come in a digest"""
    )
