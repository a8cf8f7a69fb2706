"""What the clock does to an alert that is due: nudge, check in, escalate, take an acknowledgement back.

One wake fires one step, however late it is, and every step gets its whole dwell again: after an outage nobody is
asked three times in a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.core import policy as clocks
from bot.core.alert import delegated, owing, reassign
from bot.core.asking import SOON, due, entering, in_digest, next_check_in, soonest, waiting
from bot.core.events import CLOCK, Kind
from bot.core.given import Given
from bot.core.people import absent, gone, managers, stand_in
from bot.core.reach import direct, to_owner, whereto
from bot.core.state import ASKING, Alert, Cause, Change, Owed, Refused, Status, change, having, owe
from bot.core.whom import Asked, ask, awake


def wake(alert: Alert, given: Given) -> Change | None:
    """What follows from the time that has passed, or None where nothing is due."""
    if alert.status not in ASKING or alert.due_at is None or alert.due_at > given.now:
        return None
    if moved := orphaned(alert, given):
        return moved
    if alert.snoozed_until or alert.held_by:
        # An older version of the code beside this one ends a snooze and knows nothing of the mute behind it.
        return _snooze_ended(alert, given)
    if alert.status == Status.ACKNOWLEDGED:
        return _second_clock(alert, given)
    return _first_clock(alert, given)


def orphaned(alert: Alert, given: Given) -> Change | None:
    """A new owner for an alert whose owner cannot be asked: is gone, or away with somebody to stand in. Else None."""
    if alert.status not in ASKING:
        return None
    if why := gone(alert.owner, given.roster):
        reason = f"{alert.owner} is {why}"
        moved = reassign(alert, given, by=CLOCK, to=heir(alert.owner, given), reason=reason)
        return None if isinstance(moved, Refused) else moved
    delegate = stand_in(alert.owner, given.roster, given.now)
    return delegated(alert, given, to=delegate) if delegate else None


def heir(owner: str, given: Given) -> str:
    """Who owns what `owner` cannot own any more: the nearest manager who is there, else the owner of last resort."""
    chain = [one for one in managers(owner, given.roster) if not gone(one, given.roster)]
    here = (one for one in chain if not absent(one, given.roster, given.now))
    return next(here, given.plan.last_resort)


def released(alert: Alert, given: Given) -> Change | None:
    """The mute that held it back was ended by hand: it is shown now. None where nothing holds it back."""
    return _snooze_ended(alert, given) if alert.held_by and alert.status in ASKING else None


def _snooze_ended(alert: Alert, given: Given) -> Change:
    """Also the end of a mute: its card is shown, and its owner asked."""
    to: dict[str, Any] = {"snoozed_until": None, "held_by": None}
    if alert.status == Status.ACKNOWLEDGED and alert.resolve_by:
        to["due_at"] = next_check_in(alert, given, deadline=alert.resolve_by)
    else:
        to["due_at"] = due(having(alert, {"snoozed_until": None}), given)
    held = {"held_by": alert.held_by} if alert.held_by else {}
    step = _tick(alert, Kind.SNOOZE_ENDED, given, to=to, facts=held)
    # The card of what was held back mentions its owner already.
    return step if held else owing(step, *_reminders(step.alert, given, "nudge", second=False))


def _first_clock(alert: Alert, given: Given) -> Change:
    """open: nudge the people of this step as often as it says, then go one step up; at the top keep asking."""
    ahead = soonest(alert, given, given.now)
    if ahead.at > given.now + SOON:
        # None of those who are asked works at this hour, and it can wait.
        facts = {"asked": names_of(ahead.asked)}
        return _tick(alert, Kind.HELD, given, to={"due_at": ahead.at}, facts=facts)
    act = escalate if ahead.up else _nudge
    return act(alert, given, ahead.asked)


def _nudge(alert: Alert, given: Given, asked: Asked) -> Change:
    n = alert.asked + 1
    asked = _awake(asked, alert, given)
    batched = _batched(asked, alert, given)
    facts: dict[str, Any] = {"n": n, "asked": names_of(asked)}
    if batched:
        facts["in_digest"] = sorted(batched)
    chosen = {"asking": asked.people} if asked.turn else {}
    step = _tick(alert, Kind.NUDGED, given, to=_with_due(alert, given, asked=n, **chosen), facts=facts)
    step = _using(step, asked)
    if given.policy.step(alert.step).who == ("owner",) and asked.people == (alert.owner,):
        return owing(step, *_reminders(step.alert, given, "nudge", second=n > 1))
    # In a channel nothing else says which alert it is: each repeat shows as much as the first word did.
    kind = "nudge" if not asked.channel else _louder(given, asked)
    return owing(step, *_told(step.alert, kind, asked, given))


def _with_due(alert: Alert, given: Given, **to: Any) -> dict[str, Any]:
    return {**to, "due_at": due(having(alert, to), given)}


def _using(step: Change, asked: Asked) -> Change:
    """With the turn that choosing among them used up."""
    return replace(step, turns=(asked.turn,)) if asked.turn else step


def _awake(asked: Asked, alert: Alert, given: Given) -> Asked:
    """Those of them whose hour it is; one who sleeps is spared where another can act."""
    people = awake(asked.people, given, severity=alert.severity) if asked.people else ()
    return asked if people == asked.people else replace(asked, people=people)


def _batched(asked: Asked, alert: Alert, given: Given) -> set[str]:
    return {person for person in asked.people if in_digest(person, alert, given)}


def escalate(
    alert: Alert, given: Given, asked: Asked, *, cause: Cause | None = None, to: Mapping[str, Any] | None = None
) -> Change:
    """To the step of those who are asked now. The top of the policy is an exception.

    `cause`: why, where it is not that nobody reacted; `to`: what else changes.
    """
    asked = _awake(asked, alert, given)
    why = cause or Cause(Kind.ESCALATED, by=CLOCK, at=given.now)
    loud, after = _louder(given, asked), {**(to or {}), **entering(alert, asked, given)}
    after["due_at"] = due(having(alert, after), given)
    facts: dict[str, Any] = {"asked": names_of(asked), "skipped": list(asked.skipped)}
    if batched := _batched(asked, alert, given):
        facts["in_digest"] = sorted(batched)
    kind = Kind.EXCEPTION if loud == "exception" else Kind.ESCALATED
    said = Cause(kind, by=why.by, at=why.at, reason=why.reason, facts=facts)
    step = _using(change(alert, said, to=after), asked)
    return owing(step, *_told(step.alert, loud, asked, given))


def to_the_top(alert: Alert, given: Given, *, reason: str) -> Change:
    """What only a human can settle: whoever stands at the top of the policy is told now, at any hour."""
    asked = ask(alert, len(given.policy.steps) - 1, given)
    return escalate(alert, given, asked, cause=Cause(Kind.EXCEPTION, by=CLOCK, at=given.now, reason=reason))


def _louder(given: Given, asked: Asked) -> str:
    return "exception" if given.policy.is_top(asked.step) else "escalation"


def _second_clock(alert: Alert, given: Given) -> Change:
    """acknowledged: ask whether they are still on it; unanswered, or time up: open again, and one step up."""
    deadline = alert.resolve_by or given.now
    if given.now >= deadline:
        return _expire(alert, given, "the time to resolve it is up")
    if alert.asked >= given.policy.check_ins:
        return _expire(alert, given, f"{alert.asked} check-ins went unanswered")
    if away := absent(alert.owner, given.roster, given.now):
        return _expire(alert, given, f"{alert.owner} is away until {away.until:%Y-%m-%d %H:%M} UTC")
    at = waiting((alert.owner,), given.now, given, severity=alert.severity, latest=deadline)
    if at > given.now + SOON:
        return _tick(alert, Kind.HELD, given, to={"due_at": at}, facts={"asked": [f"@{alert.owner}"]})
    n = alert.asked + 1
    to = {"asked": n, "due_at": next_check_in(alert, given, deadline=deadline)}
    facts: dict[str, Any] = {"n": n}
    if in_digest(alert.owner, alert, given):
        facts["in_digest"] = [alert.owner]
    step = _tick(alert, Kind.CHECK_IN, given, to=to, facts=facts)
    return owing(step, *_reminders(step.alert, given, "check_in", second=n > 1))


def _expire(alert: Alert, given: Given, why: str) -> Change:
    """The owner had their time: the next step is asked at once or, where nobody works now, as soon as they do."""
    to: dict[str, Any] = {
        "status": Status.OPEN,
        "step": 0,
        "asked": given.policy.step(0).nudges,
        "loops": 0,
        "asking": (),
        "step_since": given.now - given.policy.step(0).at_least,
        "answer_by": clocks.answer_by(given.policy, alert.severity, given.now),
        "acknowledged_at": None,
        "resolve_by": None,
    }
    ahead, moment = soonest(having(alert, to), given, given.now), given.now + SOON
    cause = Cause(Kind.EXPIRED, by=CLOCK, at=given.now, reason=why)
    back = change(alert, cause, to=to | {"due_at": max(ahead.at, moment)})
    return back if ahead.at > moment else back.then(escalate(back.alert, given, ahead.asked))


def _tick(
    alert: Alert, kind: Kind, given: Given, *, to: Mapping[str, Any], facts: Mapping[str, Any] | None = None
) -> Change:
    return change(alert, Cause(kind, by=CLOCK, at=given.now, facts=facts or {}), to=to)


def _reminders(alert: Alert, given: Given, kind: str, *, second: bool) -> tuple[Owed, ...]:
    """A thread reply that mentions the owner; from the second one on also a direct message."""
    if in_digest(alert.owner, alert, given):
        alone = owe(alert, kind, place=direct(alert.owner, given), person=alert.owner)
        return (replace(alone, in_digest=True),)
    reply = to_owner(alert, given, kind)
    if not (second and reply.thread):
        return (reply,)
    return (reply, owe(alert, kind, place=direct(alert.owner, given)))


def _told(alert: Alert, kind: str, asked: Asked, given: Given) -> tuple[Owed, ...]:
    if asked.channel:
        return (owe(alert, kind, place=whereto(asked.channel, given)),)
    words = (owe(alert, kind, place=direct(person, given), person=person) for person in asked.people)
    return tuple(
        replace(word, in_digest=True) if in_digest(person, alert, given) else word
        for word, person in zip(words, asked.people, strict=True)
    )


def names_of(asked: Asked) -> list[str]:
    """The channel or the people asked, as places."""
    return [asked.channel] if asked.channel else [f"@{person}" for person in asked.people]
