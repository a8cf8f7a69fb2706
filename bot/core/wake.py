"""What the clock does to an alert that is due: nudge, check in, escalate, take an acknowledgement back.

One wake fires one step, however late it is, and every step gets its whole dwell again: after an outage nobody is
asked three times in a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.core import policy as clocks
from bot.core.alert import Given, reassign
from bot.core.events import CLOCK, Kind
from bot.core.people import gone, managers
from bot.core.policy import Asked, ask
from bot.core.state import ASKING, Alert, Cause, Change, Owed, Refused, Status, change, owe, to_owner


def wake(alert: Alert, given: Given) -> Change | None:
    """What follows from the time that has passed, or None where nothing is due."""
    if alert.status not in ASKING or alert.due_at is None or alert.due_at > given.now:
        return None
    if moved := orphaned(alert, given):
        return moved
    if alert.snoozed_until:
        return _snooze_ended(alert, given)
    if alert.status == Status.ACKNOWLEDGED:
        return _second_clock(alert, given)
    return _first_clock(alert, given)


def orphaned(alert: Alert, given: Given) -> Change | None:
    """A new owner for an alert whose owner cannot be asked any more; None where they can."""
    why = gone(alert.owner, given.roster)
    if why is None or alert.status not in ASKING:
        return None
    reason = f"{alert.owner} is {why}"
    moved = reassign(alert, given, by=CLOCK, to=heir(alert.owner, given), reason=reason)
    return None if isinstance(moved, Refused) else moved


def heir(owner: str, given: Given) -> str:
    """Who owns what `owner` cannot own any more: the nearest manager who can, else the owner of last resort."""
    chain = managers(owner, given.roster)
    return next((person for person in chain if not gone(person, given.roster)), given.plan.last_resort)


def _snooze_ended(alert: Alert, given: Given) -> Change:
    if alert.status == Status.ACKNOWLEDGED and alert.resolve_by:
        due = clocks.next_check_in(given.policy, alert.resolve_by, given.now)
    else:
        due = clocks.next_ask(given.policy, alert.step, given.now)
    step = _tick(alert, Kind.SNOOZE_ENDED, given, to={"snoozed_until": None, "due_at": due})
    return _owing(step, _reminders(step.alert, "nudge", second=False))


def _first_clock(alert: Alert, given: Given) -> Change:
    """open: nudge the people of this step as often as it says, then go one step up; at the top keep asking."""
    policy = given.policy
    asked = ask(policy, alert.step, alert.owner, given.roster)
    if asked.step > alert.step:
        return escalate(alert, given, asked)
    if policy.is_top(alert.step) or alert.asked < policy.steps[alert.step].nudges:
        return _nudge(alert, given, asked)
    return escalate(alert, given, following(alert, given))


def _nudge(alert: Alert, given: Given, asked: Asked) -> Change:
    n, names = alert.asked + 1, names_of(asked, given)
    to = {"asked": n, "due_at": clocks.next_ask(given.policy, alert.step, given.now)}
    step = _tick(alert, Kind.NUDGED, given, to=to, facts={"n": n, "asked": names})
    if given.policy.steps[alert.step].who == "owner":
        return _owing(step, _reminders(step.alert, "nudge", second=n > 1))
    # In a channel nothing else says which alert it is: each repeat shows as much as the first word did.
    kind = "nudge" if not asked.channel else _louder(given, asked)
    return _owing(step, _told(step.alert, kind, names))


def following(alert: Alert, given: Given) -> Asked:
    """Who is asked one step up, over whoever cannot be."""
    step = min(alert.step + 1, len(given.policy.steps) - 1)
    return ask(given.policy, step, alert.owner, given.roster)


def escalate(alert: Alert, given: Given, asked: Asked) -> Change:
    """Up to the step of those who are asked now. The top of the policy is an exception."""
    loud, names = _louder(given, asked), names_of(asked, given)
    to = {"step": asked.step, "asked": 0, "due_at": clocks.next_ask(given.policy, asked.step, given.now)}
    kind = Kind.EXCEPTION if loud == "exception" else Kind.ESCALATED
    step = _tick(alert, kind, given, to=to, facts={"asked": names, "skipped": list(asked.skipped)})
    return _owing(step, _told(step.alert, loud, names))


def _louder(given: Given, asked: Asked) -> str:
    return "exception" if given.policy.is_top(asked.step) else "escalation"


def _second_clock(alert: Alert, given: Given) -> Change:
    """acknowledged: ask whether they are still on it; unanswered, or time up: open again, and one step up."""
    deadline = alert.resolve_by or given.now
    if given.now >= deadline:
        return _expire(alert, given, "the time to resolve it is up")
    if alert.asked >= given.policy.check_ins:
        return _expire(alert, given, f"{alert.asked} check-ins went unanswered")
    n = alert.asked + 1
    to = {"asked": n, "due_at": clocks.next_check_in(given.policy, deadline, given.now)}
    step = _tick(alert, Kind.CHECK_IN, given, to=to, facts={"n": n})
    return _owing(step, _reminders(step.alert, "check_in", second=n > 1))


def _expire(alert: Alert, given: Given, why: str) -> Change:
    to = {
        "status": Status.OPEN,
        "step": 0,
        "asked": 0,
        "acknowledged_at": None,
        "resolve_by": None,
        "due_at": clocks.next_ask(given.policy, 0, given.now),
    }
    back = change(alert, Cause(Kind.EXPIRED, by=CLOCK, at=given.now, reason=why), to=to)
    return back.then(escalate(back.alert, given, following(back.alert, given)))


def _tick(
    alert: Alert, kind: Kind, given: Given, *, to: Mapping[str, Any], facts: Mapping[str, Any] | None = None
) -> Change:
    return change(alert, Cause(kind, by=CLOCK, at=given.now, facts=facts or {}), to=to)


def _owing(step: Change, owed: tuple[Owed, ...]) -> Change:
    return replace(step, owed=(*step.owed, *owed))


def _reminders(alert: Alert, kind: str, *, second: bool) -> tuple[Owed, ...]:
    """A thread reply that mentions the owner; from the second one on also a direct message."""
    reply, word = to_owner(alert, kind), owe(alert, kind, place=alert.direct)
    return (reply, word) if second and reply.thread else (reply,)


def _told(alert: Alert, kind: str, names: list[str]) -> tuple[Owed, ...]:
    return tuple(owe(alert, kind, place=f"{alert.platform}:{name}") for name in names)


def names_of(asked: Asked, given: Given) -> list[str]:
    """The channel or the people asked, as places; the owner of last resort where there is nobody."""
    if asked.channel:
        return [asked.channel]
    return [f"@{person}" for person in (asked.people or (given.plan.last_resort,))]
