"""What people do to an alert: each row of the design's table is one function.

What a source does is in raising.py, what the clock does in wake.py.

Every function takes the alert and what may be known (`Given`, with the instant), and returns the `Change`, or
`Refused` with a sentence for whoever asked.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.core import policy as clocks
from bot.core.asking import due, next_check_in
from bot.core.events import CLOCK, Actor, Kind
from bot.core.given import Given
from bot.core.people import absent
from bot.core.reach import direct, notes
from bot.core.state import ASKING, Alert, Cause, Change, Owed, Refused, Status, change, having, owe
from bot.core.text import When, Who, sentence


def acknowledge(alert: Alert, given: Given, *, by: Actor) -> Change | Refused:
    """open ▶ acknowledged: the clicker becomes owner, the second clock starts; again from its owner: still on it."""
    now, policy = given.now, given.policy
    if alert.status == Status.ACKNOWLEDGED:
        return _still_on_it(alert, given, by=by)
    if refused := finished(alert):
        return refused
    deadline = clocks.resolve_by(policy, alert.severity, now)
    to = {
        "status": Status.ACKNOWLEDGED,
        "owner": by.id,
        "acknowledged_at": now,
        "asked": 0,
        "resolve_by": deadline,
        "due_at": next_check_in(having(alert, {"owner": by.id}), given, deadline=deadline),
        "snoozed_until": None,
        "snoozes": 0,
        "held_by": None,
        **UNDISMISSED,
    }
    return change(alert, Cause(Kind.ACKNOWLEDGED, by=by, at=now), to=to)


def _still_on_it(alert: Alert, given: Given, *, by: Actor) -> Change | Refused:
    since = When(alert.acknowledged_at or given.now)
    if alert.owner != by.id:
        return Refused(code="already", why=sentence(Who(alert.owner), " acknowledged this ", since, "."))
    if not alert.asked or not alert.resolve_by:
        return Refused(code="already", why=sentence("You have this since ", since, "."))
    to = {
        "asked": 0,
        "due_at": next_check_in(alert, given, deadline=alert.resolve_by),
        "snoozed_until": None,
    }
    return change(alert, Cause(Kind.STILL_ON_IT, by=by, at=given.now), to=to)


def reassign(alert: Alert, given: Given, *, by: Actor, to: str, reason: str = "") -> Change | Refused:
    """open, acknowledged ▶ open: the new owner is told by direct message, the first clock starts again."""
    if refused := finished(alert):
        return refused
    if to == alert.owner:
        return Refused(code="already", why=sentence(Who(to), " owns this already."))
    fields = fresh(alert, given, to) | {"declined": (), "hops": 0}
    facts = {"from": alert.owner, "to": to}
    cause = Cause(Kind.REASSIGNED, by=by, at=given.now, reason=reason, facts=facts)
    return with_word_to_owner(change(alert, cause, to=fields), given)


def delegated(alert: Alert, given: Given, *, to: str) -> Change:
    """open, acknowledged ▶ open: its owner is away, and whoever stands in for them is asked. Both stay in the trail."""
    away = absent(alert.owner, given.roster, given.now)
    until = f"away until {away.until:%Y-%m-%d %H:%M} UTC" if away else "away"
    facts = {"from": alert.owner, "to": to}
    cause = Cause(Kind.DELEGATED, by=CLOCK, at=given.now, reason=until, facts=facts)
    return with_word_to_owner(change(alert, cause, to=fresh(alert, given, to)), given)


def not_mine(alert: Alert, given: Given, *, by: Actor, to: str | None, turn: str | None = None) -> Change | Refused:
    """open, acknowledged ▶ open: routing's next candidate (`to`) becomes owner, neither the owner nor who said it.

    Said as often as the policy bears, it is an exception: the owner of last resort has it, and the top of the policy
    is told.
    """
    if refused := finished(alert):
        return refused
    if to is None or to in (alert.owner, by.id):
        why = sentence("Nobody is left to ask. Reassign it to the person it belongs to.")
        return Refused(code="bad_input", why=why)
    hops = alert.hops + 1
    fields = fresh(alert, given, to) | {
        "declined": tuple(dict.fromkeys((*alert.declined, alert.owner, by.id))),
        "hops": hops,
    }
    cause = Cause(Kind.DECLINED, by=by, at=given.now, facts={"from": alert.owner, "to": to, "hops": hops})
    step = with_word_to_owner(change(alert, cause, to=fields), given)
    return replace(step, turns=(turn,)) if turn else step


def snooze(alert: Alert, given: Given, *, by: Actor, until: datetime) -> Change | Refused:
    """open, acknowledged ▶ same, quiet until an instant that is never past the policy's limits."""
    if refused := finished(alert):
        return refused
    if alert.held_by and alert.snoozed_until:
        why = sentence("A mute holds this back until ", When(alert.snoozed_until), ".")
        return Refused(code="already", why=why)
    most, latest = given.policy.snoozes, given.now + given.policy.snooze_at_most
    if most is not None and alert.snoozes >= most:
        times = "once" if most == 1 else f"{most} times"
        said = f"This was snoozed {times} already: acknowledge it, or give it to somebody who can."
        return Refused(code="bad_input", why=sentence(said if most else "This cannot be snoozed."))
    if until <= given.now:
        return Refused(code="bad_input", why=sentence("Choose an end in the future."))
    if until > latest:
        why = sentence("This can be snoozed until ", When(latest), " at the latest.")
        return Refused(code="bad_input", why=why)
    to = {"snoozed_until": until, "due_at": until, "snoozes": alert.snoozes + 1}
    return change(alert, Cause(Kind.SNOOZED, by=by, at=given.now), to=to)


def note(alert: Alert, given: Given, *, by: Actor, text: str) -> Change | Refused:
    """any ▶ same. From the owner it also answers a check-in."""
    if not text.strip():
        return Refused(code="bad_input", why=sentence("Write a note first."))
    answers = alert.status == Status.ACKNOWLEDGED and by.id == alert.owner
    step = change(alert, Cause(Kind.NOTED, by=by, at=given.now, reason=text), to={"asked": 0} if answers else {})
    return owing(step, *notes(step.alert))


def resolve(alert: Alert, given: Given, *, by: Actor, what: str, link: str | None = None) -> Change | Refused:
    """open, acknowledged ▶ resolved."""
    if refused := finished(alert):
        return refused
    if not what.strip():
        return Refused(code="bad_input", why=sentence("Say what was done."))
    to = {
        "status": Status.RESOLVED,
        "resolution": what,
        "resolution_link": link,
        # Unfinished alerts always have a next instant; verification, which uses it, closes at once for now.
        "due_at": given.now + timedelta(minutes=1),
        "snoozed_until": None,
        "asked": 0,
        **UNDISMISSED,
    }
    kind = Kind.CLEARED if by.kind == "source" else Kind.RESOLVED
    return change(alert, Cause(kind, by=by, at=given.now, reason=what, facts={"link": link} if link else {}), to=to)


def close(alert: Alert, given: Given, *, by: Actor) -> Change:
    """resolved ▶ closed: the end of an accepted resolution."""
    to = {"status": Status.CLOSED, "finished_at": given.now, "due_at": None}
    return change(alert, Cause(Kind.CLOSED, by=by, at=given.now, reason="accepted as resolved"), to=to)


def accepted(outcome: Change | Refused, given: Given) -> Change | Refused:
    """A resolution that nobody checks is closed with it."""
    if isinstance(outcome, Refused) or outcome.alert.status != Status.RESOLVED:
        return outcome
    return outcome.then(close(outcome.alert, given, by=outcome.events[-1].actor))


def reopen(alert: Alert, given: Given, *, by: Actor, reason: str, owner: str) -> Change | Refused:
    """closed, dismissed ▶ open."""
    if not alert.finished:
        return Refused(code="already", why=sentence(f"This is {alert.status} already."))
    if not reason.strip():
        return Refused(code="bad_input", why=sentence("Say why this is not over."))
    to = fresh(alert, given, owner) | {"declined": (), "hops": 0, "responders": ()}
    return with_word_to_owner(change(alert, Cause(Kind.REOPENED, by=by, at=given.now, reason=reason), to=to), given)


UNDISMISSED: dict[str, Any] = {"dismissal_by": None, "dismissal_reason": None}
"""nobody waits for a second person any more"""


def fresh(alert: Alert, given: Given, owner: str) -> dict[str, Any]:
    """The fields of an alert that `owner` has from now on, and whose first clock starts (again)."""
    to: dict[str, Any] = {
        "status": Status.OPEN,
        "owner": owner,
        "step": 0,
        "asked": 0,
        "loops": 0,
        "asking": (),
        "step_since": given.now,
        "answer_by": clocks.answer_by(given.policy, alert.severity, given.now),
        "snoozed_until": None,
        "snoozes": 0,
        "held_by": None,
        "acknowledged_at": None,
        "resolve_by": None,
        "finished_at": None,
        "resolution": None,
        "resolution_link": None,
        **UNDISMISSED,
    }
    return to | {"due_at": due(having(alert, to), given)}


def with_word_to_owner(step: Change, given: Given) -> Change:
    owner = step.alert.owner
    return owing(step, owe(step.alert, "assigned", place=direct(owner, given), person=owner))


def owing(step: Change, *items: Owed) -> Change:
    """The same step with these things owed besides."""
    return Change(alert=step.alert, events=step.events, owed=(*step.owed, *items), turns=step.turns)


def finished(alert: Alert) -> Refused | None:
    """What to say of an alert that is over, or None while it is not."""
    if alert.status in ASKING:
        return None
    when = alert.finished_at or alert.last_raised_at
    return Refused(code="finished", why=sentence(f"This is {alert.status} since ", When(when), ". Reopen it first."))
