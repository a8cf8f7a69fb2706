"""The life of an alert: each row of the design's table is one function here (what the clock does is in wake.py).

Every function takes the alert and what may be known (`Given`, with the instant), and returns the `Change`, or
`Refused` with a sentence for whoever asked.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.core import policy as clocks
from bot.core.events import Actor, Event, Kind
from bot.core.people import Roster
from bot.core.policy import Policy
from bot.core.routing import Plan
from bot.core.signal import Signal
from bot.core.state import ASKING, Alert, Cause, Change, Owed, Refused, Status, card, change, owe, packed, to_owner
from bot.core.text import When, Who, sentence


@dataclass(frozen=True, kw_only=True)
class Given:
    """What a decision may know: the instant (UTC), the alert's policy, the people, the plan of routing."""

    now: datetime
    policy: Policy
    roster: Roster
    plan: Plan


@dataclass(frozen=True, kw_only=True)
class Placed:
    """Where routing puts a signal: its owner, the place of its card, and why."""

    alert_id: str
    owner: str
    place: str
    why: str


def raised(signal: Signal, given: Given, *, placed: Placed) -> Change:
    """- ▶ open: the first clock starts, a card is owed."""
    now, policy = given.now, given.policy
    alert = Alert(
        id=placed.alert_id,
        source=signal.source,
        dedup_key=signal.dedup_key or placed.alert_id,
        signal=signal,
        severity=signal.severity,
        status=Status.OPEN,
        owner=placed.owner,
        place=placed.place,
        policy=policy.name,
        policy_version=policy.version,
        raised_at=now,
        last_raised_at=now,
        due_at=clocks.next_ask(policy, 0, now),
    )
    event = Event(
        alert_id=alert.id,
        seq=1,
        at=now,
        kind=Kind.RAISED,
        actor=source(signal.source),
        generation=1,
        reason=placed.why,
        data={"set": packed(alert)},
    )
    return Change(alert=alert, events=(event,), owed=(card(alert),))


def raised_again(alert: Alert, given: Given, *, signal: Signal) -> Change:
    """open, acknowledged ▶ same: counted on the card; a higher severity raises it and tells the owner."""
    by, now = source(alert.source), given.now
    to = {"count": alert.count + 1, "last_raised_at": now, "signal": signal}
    if signal.severity.rank >= alert.severity.rank:
        return change(alert, Cause(Kind.RAISED_AGAIN, by=by, at=now, reason="same dedup key"), to=to)
    to |= {"severity": signal.severity, "snoozed_until": None, **_sooner(alert, signal, given)}
    step = change(alert, Cause(Kind.RAISED_AGAIN, by=by, at=now, reason=f"more severe: {signal.severity}"), to=to)
    return _owing(step, to_owner(step.alert, "nudge"))


def _sooner(alert: Alert, signal: Signal, given: Given) -> dict[str, Any]:
    """The clocks of an alert that got worse: never later than before, never in the past."""
    now, deadline = given.now, alert.resolve_by
    if deadline and alert.acknowledged_at:
        shorter = clocks.resolve_by(given.policy, signal.severity, alert.acknowledged_at)
        deadline = max(min(deadline, shorter), now + timedelta(minutes=1))
    asks = [clocks.next_ask(given.policy, alert.step, now), alert.due_at, deadline]
    soonest = min(at for at in asks if at)
    return {"resolve_by": deadline, "due_at": max(soonest, now + timedelta(seconds=1))}


def came_back(alert: Alert, given: Given, *, signal: Signal, owner: str) -> Change:
    """closed ▶ open: the fix did not hold; the same owner first, where they can still be asked."""
    to = _fresh(given) | {
        "signal": signal,
        "severity": signal.severity,
        "count": alert.count + 1,
        "last_raised_at": given.now,
        "returned": alert.returned + 1,
        "owner": owner,
    }
    why = "raised again within the policy's window"
    facts = {"resolution": alert.resolution}
    return _with_word_to_owner(
        change(alert, Cause(Kind.CAME_BACK, by=source(alert.source), at=given.now, reason=why, facts=facts), to=to)
    )


def acknowledge(alert: Alert, given: Given, *, by: Actor) -> Change | Refused:
    """open ▶ acknowledged: the clicker becomes owner, the second clock starts; again from its owner: still on it."""
    now, policy = given.now, given.policy
    if alert.status == Status.ACKNOWLEDGED:
        return _still_on_it(alert, given, by=by)
    if refused := _finished(alert):
        return refused
    deadline = clocks.resolve_by(policy, alert.severity, now)
    to = {
        "status": Status.ACKNOWLEDGED,
        "owner": by.id,
        "acknowledged_at": now,
        "asked": 0,
        "resolve_by": deadline,
        "due_at": clocks.next_check_in(policy, deadline, now),
        "snoozed_until": None,
    }
    return change(alert, Cause(Kind.ACKNOWLEDGED, by=by, at=now), to=to)


def _still_on_it(alert: Alert, given: Given, *, by: Actor) -> Change | Refused:
    since = When(alert.acknowledged_at or given.now)
    if alert.owner != by.id:
        return Refused(code="already", why=sentence(Who(alert.owner), " acknowledged this ", since, "."))
    if not alert.asked or not alert.resolve_by:
        return Refused(code="already", why=sentence("You have this since ", since, "."))
    due = clocks.next_check_in(given.policy, alert.resolve_by, given.now)
    to = {"asked": 0, "due_at": due, "snoozed_until": None}
    return change(alert, Cause(Kind.STILL_ON_IT, by=by, at=given.now), to=to)


def reassign(alert: Alert, given: Given, *, by: Actor, to: str, reason: str = "") -> Change | Refused:
    """open, acknowledged ▶ open: the new owner is told by direct message, the first clock starts again."""
    if refused := _finished(alert):
        return refused
    if to == alert.owner:
        return Refused(code="already", why=sentence(Who(to), " owns this already."))
    fields = _fresh(given) | {"owner": to, "declined": ()}
    facts = {"from": alert.owner, "to": to}
    return _with_word_to_owner(
        change(alert, Cause(Kind.REASSIGNED, by=by, at=given.now, reason=reason, facts=facts), to=fields)
    )


def not_mine(alert: Alert, given: Given, *, by: Actor, to: str | None) -> Change | Refused:
    """open, acknowledged ▶ open: routing's next candidate (`to`) becomes owner, neither the owner nor who said it."""
    if refused := _finished(alert):
        return refused
    if to is None or to in (alert.owner, by.id):
        why = sentence("Nobody is left to ask. Reassign it to the person it belongs to.")
        return Refused(code="bad_input", why=why)
    fields = _fresh(given) | {"owner": to, "declined": tuple(dict.fromkeys((*alert.declined, alert.owner, by.id)))}
    facts = {"from": alert.owner, "to": to}
    return _with_word_to_owner(change(alert, Cause(Kind.DECLINED, by=by, at=given.now, facts=facts), to=fields))


def snooze(alert: Alert, given: Given, *, by: Actor, until: datetime) -> Change | Refused:
    """open, acknowledged ▶ same, quiet until an instant that is never past the policy's limit."""
    if refused := _finished(alert):
        return refused
    latest = given.now + given.policy.snooze_at_most
    if until <= given.now:
        return Refused(code="bad_input", why=sentence("Choose an end in the future."))
    if until > latest:
        why = sentence("This can be snoozed until ", When(latest), " at the latest.")
        return Refused(code="bad_input", why=why)
    return change(alert, Cause(Kind.SNOOZED, by=by, at=given.now), to={"snoozed_until": until, "due_at": until})


def note(alert: Alert, given: Given, *, by: Actor, text: str) -> Change | Refused:
    """any ▶ same. From the owner it also answers a check-in."""
    if not text.strip():
        return Refused(code="bad_input", why=sentence("Write a note first."))
    answers = alert.status == Status.ACKNOWLEDGED and by.id == alert.owner
    step = change(alert, Cause(Kind.NOTED, by=by, at=given.now, reason=text), to={"asked": 0} if answers else {})
    return _owing(step, owe(step.alert, "note", place=step.alert.place, thread=True))


def resolve(alert: Alert, given: Given, *, by: Actor, what: str, link: str | None = None) -> Change | Refused:
    """open, acknowledged ▶ resolved."""
    if refused := _finished(alert):
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
    }
    kind = Kind.CLEARED if by.kind == "source" else Kind.RESOLVED
    return change(alert, Cause(kind, by=by, at=given.now, reason=what, facts={"link": link} if link else {}), to=to)


def close(alert: Alert, given: Given, *, by: Actor) -> Change:
    """resolved ▶ closed: the end of an accepted resolution."""
    to = {"status": Status.CLOSED, "finished_at": given.now, "due_at": None}
    return change(alert, Cause(Kind.CLOSED, by=by, at=given.now, reason="accepted as resolved"), to=to)


def cleared(alert: Alert, given: Given) -> Change | Refused:
    """open, acknowledged ▶ resolved, or the owner is asked: as the policy says."""
    if refused := _finished(alert):
        return refused
    by = source(alert.source)
    if given.policy.cleared == "close":
        return resolve(alert, given, by=by, what="The source reports that it is over.")
    asks = (alert.due_at, clocks.next_ask(given.policy, alert.step, given.now))
    soonest = max(min(at for at in asks if at), given.now + timedelta(seconds=1))
    to = {"due_at": soonest, "snoozed_until": None}
    why = "the owner is asked to confirm"
    step = change(alert, Cause(Kind.CLEARED, by=by, at=given.now, reason=why), to=to)
    return _owing(step, to_owner(step.alert, "nudge"))


def dismiss(alert: Alert, given: Given, *, by: Actor, reason: str) -> Change | Refused:
    """open, acknowledged ▶ dismissed: it should not have been raised."""
    if refused := _finished(alert):
        return refused
    if not reason.strip():
        return Refused(code="bad_input", why=sentence("Say why this should not have been raised."))
    to = {"status": Status.DISMISSED, "finished_at": given.now, "due_at": None, "snoozed_until": None}
    return change(alert, Cause(Kind.DISMISSED, by=by, at=given.now, reason=reason), to=to)


def reopen(alert: Alert, given: Given, *, by: Actor, reason: str, owner: str) -> Change | Refused:
    """closed, dismissed ▶ open."""
    if not alert.finished:
        return Refused(code="already", why=sentence(f"This is {alert.status} already."))
    if not reason.strip():
        return Refused(code="bad_input", why=sentence("Say why this is not over."))
    to = _fresh(given) | {"owner": owner, "declined": ()}
    return _with_word_to_owner(change(alert, Cause(Kind.REOPENED, by=by, at=given.now, reason=reason), to=to))


def source(name: str) -> Actor:
    """A source acting as itself."""
    return Actor(kind="source", id=name, name=name)


def _fresh(given: Given) -> dict[str, Any]:
    """The fields of an alert whose first clock starts (again) now."""
    return {
        "status": Status.OPEN,
        "step": 0,
        "asked": 0,
        "snoozed_until": None,
        "acknowledged_at": None,
        "resolve_by": None,
        "finished_at": None,
        "resolution": None,
        "resolution_link": None,
        "due_at": clocks.next_ask(given.policy, 0, given.now),
    }


def _with_word_to_owner(step: Change) -> Change:
    return _owing(step, owe(step.alert, "assigned", place=step.alert.direct))


def _owing(step: Change, item: Owed) -> Change:
    return replace(step, owed=(*step.owed, item))


def _finished(alert: Alert) -> Refused | None:
    if alert.status in ASKING:
        return None
    when = alert.finished_at or alert.last_raised_at
    return Refused(code="finished", why=sentence(f"This is {alert.status} since ", When(when), ". Reopen it first."))
