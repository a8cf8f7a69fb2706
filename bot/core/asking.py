"""Who is asked at a step of the first clock, when the next time comes, and whether somebody is to be disturbed at all.

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
from bot.core.people import absent, gone, managers, stand_in
from bot.core.policy import EVERYONE, ONE_AT_A_TIME, ROUND_ROBIN, Policy, Step
from bot.core.routing import members_here, on_call_for
from bot.core.signal import Severity
from bot.core.state import Alert

HOUR = timedelta(hours=1)
SOON = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Who is asked at a step, and who was stepped over on the way, with the reason."""

    step: int
    people: tuple[str, ...] = ()
    channel: str | None = None
    skipped: tuple[str, ...] = ()
    turn: str | None = None
    """the turn that choosing among them uses up"""


@dataclass(frozen=True, kw_only=True)
class Next:
    """What the clock does next with an open alert: when, whom it asks, at which step."""

    at: datetime
    asked: Asked
    up: bool
    """whether that is another step than now"""
    waits: str = ""
    """why it comes later than the policy's pace"""


# ── who ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def ask(alert: Alert, step: int, given: Given, *, n: int = 0) -> Asked:
    """Who is asked at `step` or, where nobody can be, at the next step that has somebody.

    `n`: which time they are asked there, 0 for the first. Where nobody is left at the last step either, it is the
    owner of last resort.
    """
    policy, skipped = given.policy, list[str]()
    for index in range(min(step, len(policy.steps) - 1), len(policy.steps)):
        rung = policy.steps[index]
        if rung.channel:
            return Asked(step=index, channel=rung.channel, skipped=tuple(skipped))
        people, over = _of_rung(rung, alert, given)
        skipped += over
        if people:
            there = index == alert.step
            before = alert.asking if there else ()
            if rung.ask != EVERYONE:
                # Whose turn it is goes round among those who may be asked at this hour.
                people = list(awake(people, given, severity=alert.severity))
            chosen, turn = _chosen(rung, people, before, given, n=n if there else 0)
            return Asked(step=index, people=chosen, skipped=tuple(skipped), turn=turn)
    return Asked(step=len(policy.steps) - 1, people=(_last(given),), skipped=tuple(skipped))


def everyone_at(alert: Alert, given: Given) -> tuple[str, ...]:
    """All whom the alert's current step names, whoever of them is asked this time."""
    asked = ask(alert, alert.step, given, n=alert.asked)
    return tuple(dict.fromkeys((*asked.people, *_of_rung(given.policy.step(asked.step), alert, given)[0])))


def _of_rung(rung: Step, alert: Alert, given: Given) -> tuple[list[str], list[str]]:
    """The people of a rung who can be asked, each once, and a sentence for each who cannot."""
    people: dict[str, None] = {}
    over: list[str] = []
    for who in rung.who:
        found = _people(who, alert.owner, given)
        for one in found:
            person = _there(one, given)
            if person is None:
                over.append(f"{who}: {_why_not(one, given)}")
            else:
                people.setdefault(person)
        if not found:
            over.append(f"{who}: {_nobody(who, given)}")
    return list(people), over


def _people(who: str, owner: str, given: Given) -> Sequence[str]:
    if who == "owner":
        return (owner,)
    if is_manager(who):
        chain = list(managers(owner, given.roster))
        height = who.count("manager")
        return (chain[height - 1],) if len(chain) >= height else ()
    kind, _, name = who.partition(": ")
    if kind == "on call":
        found = on_call_for(name, given.plan, given.roster, given.now)
        return () if isinstance(found, str) else found
    if kind == "group":
        return members_here(name, given.roster, given.now)
    return (who,)


def is_manager(who: str) -> bool:
    return who.startswith("manager") and "@" not in who


def _nobody(who: str, given: Given) -> str:
    if who.startswith("on call: "):
        return str(on_call_for(who.removeprefix("on call: "), given.plan, given.roster, given.now))
    return "nobody of it is there" if who.startswith("group: ") else "nobody in the directory"


def _there(person: str, given: Given) -> str | None:
    """Themselves where they can be asked, else who stands in for them, else nobody."""
    if gone(person, given.roster):
        return None
    if not absent(person, given.roster, given.now):
        return person
    return stand_in(person, given.roster, given.now)


def _last(given: Given) -> str:
    """The owner of last resort or, where they are away, who stands in for them."""
    return _there(given.plan.last_resort, given) or given.plan.last_resort


def _why_not(person: str, given: Given) -> str:
    away = absent(person, given.roster, given.now)
    reason = gone(person, given.roster) or (f"away until {away.until:%Y-%m-%d %H:%M} UTC" if away else "not there")
    return f"{person} is {reason}"


def _chosen(
    rung: Step, people: list[str], before: tuple[str, ...], given: Given, *, n: int
) -> tuple[tuple[str, ...], str | None]:
    """Those of a rung's people who are asked this time, and the turn that this uses up.

    `before`: who was chosen in turn when they were last asked.
    """
    if rung.ask == EVERYONE or len(people) == 1:
        return tuple(people), None
    if rung.ask == ONE_AT_A_TIME:
        return (people[n % len(people)],), None
    if same := tuple(one for one in before if one in people):
        return same, None
    name = f"{given.policy.name}: {rung.named}"
    return (people[given.roster.turn(name) % len(people)],), name if rung.ask == ROUND_ROBIN else None


def is_exception(alert: Alert, policy: Policy) -> bool:
    """Whether an open alert is one that only a human can settle: at the top of its policy, or passed on too often."""
    return (len(policy.steps) > 1 and policy.is_top(alert.step)) or alert.hops >= policy.hops


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


def awake(people: Sequence[str], given: Given, *, severity: Severity) -> tuple[str, ...]:
    """Those of them who may be asked now; all of them where nobody may: it cannot wait any longer."""
    kept = given.policy.kept(severity)
    return tuple(one for one in people if _open(one, given, kept)) or tuple(people)


def _open(one: str, given: Given, kept: str) -> bool:
    person = given.roster.person(one)
    return person is None or opening(person.hours, given.now, kept=kept, days_off=given.plan.days_off) == given.now


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
