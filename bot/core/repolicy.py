"""An alert that is not over comes under another version of its policy, because a person wants it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.core import policy as clocks
from bot.core.alert import finished
from bot.core.asking import SOON, due, next_check_in
from bot.core.events import Actor, Kind
from bot.core.given import Given
from bot.core.people import Person
from bot.core.policy import Policy
from bot.core.routing import Plan
from bot.core.state import Alert, Cause, Change, Refused, Status, change
from bot.core.text import sentence

LEFT = timedelta(minutes=1)
"""what is left at least until a deadline that the other version has put into the past"""


def unfit(person: Person, plan: Plan) -> Refused | None:
    """Why this person may not do it: only an admin or the owner of last resort may, for it concerns many."""
    known_as = {person.id, *(f"{platform}:{chat_id}" for platform, chat_id in person.chat.items())}
    if person.may_own and known_as & (plan.admins | {plan.last_resort}):
        return None
    why = "Only an admin or the owner of last resort may put alerts under another version of their policy."
    return Refused(code="not_allowed", why=sentence(why))


def repoliced(alert: Alert, given: Given, *, before: Policy, by: Actor) -> Change | Refused:
    """open, acknowledged ▶ same: from now on the policy of `given` holds for it; `before` is the one it had.

    It stays at the step of the same number, or at the last. Both deadlines move by what the two policies differ in, and
    the next instant is counted from when something was last said: what the new version leaves as it was stays as it
    was, nothing lies in the past, and nobody is asked anything because of it.
    """
    if refused := finished(alert):
        return refused
    if alert.policy_version == given.policy.version:
        return Refused(code="already", why=sentence(f"This is under version {alert.policy_version} already."))
    now, after, severity = given.now, given.policy, alert.severity
    answer = _moved(alert.answer_by, clocks.answer_by(before, severity, now), clocks.answer_by(after, severity, now))
    deadline = _moved(alert.resolve_by, now + before.within[severity], now + after.within[severity])
    to: dict[str, Any] = {
        "policy_version": after.version,
        "step": min(alert.step, len(after.steps) - 1),
        "answer_by": answer,
        "resolve_by": max(deadline, now + LEFT) if deadline else None,
    }
    pace = _pace(alert, before), _pace(replace(alert, **to), after)
    to |= _next(replace(alert, **to), _since(alert, given, pace), now)
    return change(alert, Cause(Kind.REPOLICED, by=by, at=now, facts={"was": alert.policy_version}), to=to)


def _moved(at: datetime | None, before: datetime, after: datetime) -> datetime | None:
    """A deadline, by as much as the policies' own differ."""
    return at + (after - before) if at else None


def _pace(alert: Alert, policy: Policy) -> timedelta:
    """From one word about it to the next."""
    return policy.check_in_every if alert.status == Status.ACKNOWLEDGED else policy.step(alert.step).nudge_every


def _since(alert: Alert, given: Given, pace: tuple[timedelta, timedelta]) -> Given:
    """As it was when something was last said of it, as far as `due_at` tells; `pace`: before, after.

    What waited for somebody's hours was said longer ago than that: then it counts from now, which is never too early.
    But no further back than the new pace reaches: what would have been said in the past is said now.
    """
    before, after = pace
    said = min((alert.due_at or given.now) - before, given.now)
    return given.at(max(said, given.now + SOON - after))


def _next(alert: Alert, since: Given, now: datetime) -> dict[str, Any]:
    """When the clock comes: the end of a snooze, the next check-in, the next reminder."""
    if alert.snoozed_until:
        # A snooze keeps to the new version's limit, from now; a mute ends when it ends.
        until = alert.snoozed_until if alert.held_by else min(alert.snoozed_until, now + since.policy.snooze_at_most)
        until = max(until, now + SOON)
        return {"snoozed_until": until, "due_at": until}
    if alert.status == Status.ACKNOWLEDGED and alert.resolve_by:
        return {"due_at": next_check_in(alert, since, deadline=alert.resolve_by)}
    return {"due_at": max(due(alert, since), now + SOON)}
