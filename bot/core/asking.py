"""When somebody is asked again about an alert, at which step, and whether they are to be disturbed at all.

`upcoming` is the one place that says what the clock will do next: the clock goes by it, the card shows it, a policy is
explained and replayed with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.core.given import Given
from bot.core.hours import opening
from bot.core.policy import ROUND_ROBIN, Policy
from bot.core.signal import Severity
from bot.core.state import Alert, Status
from bot.core.whom import Asked, ask

HOUR = timedelta(hours=1)
SOON = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class Next:
    """What the clock does next with an open alert: when, whom it asks, at which step."""

    at: datetime
    asked: Asked
    up: bool
    """whether that is another step than now"""
    waits: str = ""
    """why it comes later than the policy's pace"""


def is_exception(alert: Alert, policy: Policy) -> bool:
    """Whether an alert is one that only a human can settle: open at the top of its policy, or passed on too often."""
    is_at_the_top = len(policy.steps) > 1 and policy.is_top(alert.step)
    return alert.status == Status.OPEN and (is_at_the_top or alert.hops >= policy.hops)


# ── when ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def upcoming(alert: Alert, given: Given) -> Next:
    """What the clock does next with an open alert about which something was said or done just now (`given.now`)."""
    rung, now = given.policy.step(alert.step), given.now
    pace = earliest(alert.step, given)
    if rung.at_least and turn(alert, given.at(pace))[1]:
        # Not before the step had its least time, whatever number of reminders it has.
        pace = max(pace, (alert.step_since or now) + rung.at_least)
    return soonest(alert, given, pace)


def soonest(alert: Alert, given: Given, pace: datetime) -> Next:
    """What the clock does at `pace`, or at the first instant after it at which one of those it then asks may be asked.

    While it waits somebody else may come to be asked: another is on call, or one of them is back.
    """
    at = pace
    while True:
        asked, up = turn(alert, given.at(at))
        later = waiting(asked.people, at, given, severity=alert.severity, latest=alert.answer_by)
        if later == at:
            return Next(at=at, asked=asked, up=up, waits="" if at == pace else f"hours of {', '.join(asked.people)}")
        at = later


def turn(alert: Alert, given: Given) -> tuple[Asked, bool]:
    """Whom the clock asks of an open alert at this very instant, and whether that is another step than now."""
    if not stays(alert, given.policy):
        return following(alert, given), True
    asked = ask(alert, alert.step, given, n=alert.asked + 1)
    return asked, asked.step != alert.step and not given.policy.is_top(alert.step)


def earliest(step: int, given: Given) -> datetime:
    """Before this instant the clock never comes, to whomever something was said at this step just now."""
    return given.now + given.policy.step(step).nudge_every


def stays(alert: Alert, policy: Policy) -> bool:
    """Whether the next word of the clock still goes to the people of this step."""
    if policy.is_top(alert.step):
        return not starts_anew(alert, policy)
    return alert.asked < policy.step(alert.step).nudges


def starts_anew(alert: Alert, policy: Policy) -> bool:
    """Whether the steps begin again from the first: the last is done, and the policy repeats them."""
    is_done = alert.asked >= policy.step(alert.step).nudges
    return policy.is_top(alert.step) and len(policy.steps) > 1 and is_done and alert.loops < policy.repeat


def following(alert: Alert, given: Given) -> Asked:
    """Who is asked one step up, over whoever cannot be; at the end of a round of a policy that repeats, the first."""
    if starts_anew(alert, given.policy):
        return ask(alert, 0, given)
    return ask(alert, min(alert.step + 1, len(given.policy.steps) - 1), given)


def waiting(
    people: Sequence[str], at: datetime, given: Given, *, severity: Severity, latest: datetime | None
) -> datetime:
    """The first instant from `at` on at which one of these people may be asked, never past `latest`.

    A channel has no hours. What is late already does not wait any longer.
    """
    if not people or latest is None or latest <= at:
        return at
    kept, found = given.policy.kept(severity), list[datetime]()
    for one in people:
        person = given.roster.person(one)
        if person is None:
            return at
        soonest = opening(person.hours, at, kept=kept, days_off=given.plan.days_off)
        if soonest == at:
            return at
        if soonest is not None:
            found.append(soonest)
    return min([*found, latest])


def due(alert: Alert, given: Given) -> datetime:
    """When the first clock looks at an open alert again, after what was just done to it."""
    return upcoming(alert, given).at


def next_check_in(alert: Alert, given: Given, *, deadline: datetime) -> datetime:
    """When the owner is asked whether they are still on it: in their hours, never after the deadline or in the past."""
    pace = earliest_check_in(given, deadline=deadline)
    return waiting((alert.owner,), pace, given, severity=alert.severity, latest=max(deadline, pace))


def earliest_check_in(given: Given, *, deadline: datetime) -> datetime:
    """Before this instant the clock never comes to somebody who acknowledged, or answered, just now."""
    return max(min(given.now + given.policy.check_in_every, deadline), given.now + SOON)


# ── how ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def in_digest(person: str, alert: Alert, given: Given) -> bool:
    """Whether they are told of this in their next digest instead of at once.

    Never of what is critical; where they prefer digests, of what is below the policy's floor; over their budget for an
    hour, of all else.
    """
    if alert.severity == Severity.CRITICAL:
        return False
    known = given.roster.person(person)
    if known and known.prefers == "digest" and alert.severity not in given.policy.instant:
        return True
    return given.roster.told(person, given.now - HOUR) >= given.plan.attention.per_hour


def entering(alert: Alert, asked: Asked, given: Given) -> dict[str, Any]:
    """The fields of an alert that comes to the step of those who are asked now."""
    rung = given.policy.step(asked.step)
    chosen = asked.people if rung.ask == ROUND_ROBIN else ()
    # Another severity or version may have fewer steps than the one it stands on.
    before = min(alert.step, len(given.policy.steps) - 1)
    loops = alert.loops + 1 if asked.step < before else alert.loops
    return {"step": asked.step, "asked": 0, "step_since": given.now, "asking": chosen, "loops": loops}
