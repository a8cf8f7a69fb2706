"""What a source says of an alert: raised, raised again, come back after the fix, over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.core import policy as clocks
from bot.core.alert import finished, fresh, owing, resolve, with_word_to_owner
from bot.core.asking import due
from bot.core.events import Actor, Event, Kind
from bot.core.given import Given
from bot.core.mutes import Mute
from bot.core.signal import Severity, Signal
from bot.core.state import Alert, Cause, Change, Refused, Status, card, change, having, packed, to_owner


@dataclass(frozen=True, kw_only=True)
class Placed:
    """Where routing puts a signal: its owner, the place of its card, and why."""

    alert_id: str
    owner: str
    place: str
    why: str
    turn: str | None = None
    """the turn that the choice of its owner used up"""
    mute: Mute | None = None
    """what holds it back"""


def raised(signal: Signal, given: Given, *, placed: Placed) -> Change:
    """- ▶ open: the first clock starts, a card is owed; under a mute it waits in silence until that ends."""
    alert = opened(signal, given, placed=placed)
    event = Event(
        alert_id=alert.id,
        seq=1,
        at=given.now,
        kind=Kind.RAISED,
        actor=source(signal.source),
        generation=1,
        reason=placed.why,
        data={"set": packed(alert)},
    )
    turns = (placed.turn,) if placed.turn else ()
    return Change(alert=alert, events=(event,), owed=(card(alert),) if alert.has_card else (), turns=turns)


def opened(signal: Signal, given: Given, *, placed: Placed) -> Alert:
    """The alert as it begins."""
    now, policy, mute = given.now, given.policy, placed.mute
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
        due_at=mute.until if mute else now,
        snoozed_until=mute.until if mute else None,
        held_by=mute.id if mute else None,
        answer_by=clocks.answer_by(policy, signal.severity, mute.until if mute else now),
        step_since=now,
    )
    return alert if mute else having(alert, {"due_at": due(alert, given)})


def raised_again(alert: Alert, given: Given, *, signal: Signal) -> Change:
    """open, acknowledged ▶ same: counted on the card; a higher severity raises it and tells the owner."""
    by, now = source(alert.source), given.now
    to = {"count": alert.count + 1, "last_raised_at": now, "signal": signal}
    if signal.severity.rank >= alert.severity.rank:
        return change(alert, Cause(Kind.RAISED_AGAIN, by=by, at=now, reason="same dedup key"), to=to)
    if _stays_held(alert, signal, given):
        return change(alert, Cause(Kind.RAISED_AGAIN, by=by, at=now, reason="more severe, but held back"), to=to)
    to |= {"severity": signal.severity, "snoozed_until": None, "held_by": None, **_sooner(alert, signal, given)}
    step = change(alert, Cause(Kind.RAISED_AGAIN, by=by, at=now, reason=f"more severe: {signal.severity}"), to=to)
    return owing(step, to_owner(step.alert, "nudge"))


def _stays_held(alert: Alert, signal: Signal, given: Given) -> bool:
    """Whether the mute that holds it back holds back what is as severe as this, too."""
    if alert.held_by is None:
        return False
    mute = next((one for one in given.roster.mutes(given.now) if one.id == alert.held_by), None)
    return mute is not None and (mute.critical or signal.severity != Severity.CRITICAL)


def _sooner(alert: Alert, signal: Signal, given: Given) -> dict[str, Any]:
    """The clocks of an alert that got worse: never later than before, never in the past."""
    now, deadline, worse = given.now, alert.resolve_by, given.under(signal.severity)
    answer = clocks.answer_by(worse.policy, signal.severity, now)
    answer = min(answer, alert.answer_by) if alert.answer_by else answer
    if deadline and alert.acknowledged_at:
        shorter = clocks.resolve_by(worse.policy, signal.severity, alert.acknowledged_at)
        deadline = max(min(deadline, shorter), now + timedelta(minutes=1))
    now_so = having(alert, {"severity": signal.severity, "answer_by": answer, "snoozed_until": None})
    asks = [due(now_so, worse), alert.due_at, deadline]
    soonest = min(at for at in asks if at)
    return {"resolve_by": deadline, "answer_by": answer, "due_at": max(soonest, now + timedelta(seconds=1))}


def came_back(alert: Alert, given: Given, *, signal: Signal, owner: str) -> Change:
    """closed ▶ open: the fix did not hold; the same owner first, where they can still be asked."""
    to = fresh(having(alert, {"severity": signal.severity}), given.under(signal.severity), owner) | {
        "signal": signal,
        "severity": signal.severity,
        "count": alert.count + 1,
        "last_raised_at": given.now,
        "returned": alert.returned + 1,
    }
    why = "raised again within the policy's window"
    facts = {"resolution": alert.resolution}
    return with_word_to_owner(
        change(alert, Cause(Kind.CAME_BACK, by=source(alert.source), at=given.now, reason=why, facts=facts), to=to)
    )


def cleared(alert: Alert, given: Given) -> Change | Refused:
    """open, acknowledged ▶ resolved, or the owner is asked: as the policy says."""
    if refused := finished(alert):
        return refused
    by = source(alert.source)
    if given.policy.cleared == "close":
        return resolve(alert, given, by=by, what="The source reports that it is over.")
    if alert.held_by:
        why = "held back: its owner is asked once the mute is over"
        return change(alert, Cause(Kind.CLEARED, by=by, at=given.now, reason=why), to={})
    asks = (alert.due_at, given.now + given.policy.step(alert.step).nudge_every)
    soonest = max(min(at for at in asks if at), given.now + timedelta(seconds=1))
    to = {"due_at": soonest, "snoozed_until": None}
    why = "the owner is asked to confirm"
    step = change(alert, Cause(Kind.CLEARED, by=by, at=given.now, reason=why), to=to)
    return owing(step, to_owner(step.alert, "nudge"))


def source(name: str) -> Actor:
    """A source acting as itself."""
    return Actor(kind="source", id=name, name=name)
