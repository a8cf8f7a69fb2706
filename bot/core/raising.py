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
from bot.core.reach import to_owner
from bot.core.routing import Route
from bot.core.signal import Severity, Signal
from bot.core.state import Alert, Cause, Change, Refused, Status, born, cards, change, having, packed


@dataclass(frozen=True, kw_only=True)
class Placed:
    """Where routing puts a signal: its owner, the place of its card, and why."""

    alert_id: str
    owner: str
    place: str
    also: tuple[str, ...] = ()
    why: str
    turn: str | None = None
    """the turn that the choice of its owner used up"""
    mute: Mute | None = None
    """what holds it back"""
    by: Actor | None = None
    """who raises it, where that is not its source itself"""


def holding(way: Route, given: Given) -> Mute | None:
    """What holds this alert back; of several the one that ends last."""
    signal, muted = way.signal, given.roster.mutes(given.now)
    if not muted:
        return None
    held = (
        mute
        for mute in muted
        if mute.holds(source=signal.source, rules=way.rules, is_critical=signal.severity == Severity.CRITICAL)
    )
    return max(held, key=lambda mute: mute.until, default=None)


def raised(signal: Signal, given: Given, *, placed: Placed, begun: Alert | None = None) -> Change:
    """- ▶ open: the first clock starts, a card is owed; under a mute it waits in silence until that ends.

    `begun`: what `opened` made of the same, where it was asked before.
    """
    alert = begun or opened(signal, given, placed=placed)
    event = Event(
        alert_id=alert.id,
        seq=1,
        at=given.now,
        kind=Kind.RAISED,
        actor=placed.by or source(signal.source),
        generation=1,
        reason=placed.why,
        data={"set": packed(alert)},
    )
    turns = (placed.turn,) if placed.turn else ()
    return Change(alert=alert, events=(event,), owed=cards(alert), turns=turns)


def opened(signal: Signal, given: Given, *, placed: Placed) -> Alert:
    """The alert as it begins."""
    now, policy, mute = given.now, given.policy, placed.mute
    alert = born(
        id=placed.alert_id,
        source=signal.source,
        dedup_key=signal.dedup_key or placed.alert_id,
        signal=signal,
        severity=signal.severity,
        status=Status.OPEN,
        owner=placed.owner,
        place=placed.place,
        also=placed.also,
        policy=policy.name,
        policy_version=policy.version,
        raised_at=now,
        last_raised_at=now,
        due_at=now,
        answer_by=clocks.answer_by(policy, signal.severity, now),
        step_since=now,
    )
    held = _held_back(mute, signal, given) if mute else {"due_at": due(alert, given)}
    return having(alert, held)


def raised_again(alert: Alert, given: Given, *, signal: Signal) -> Change:
    """open, acknowledged ▶ same: counted on the card; a higher severity raises it and tells the owner."""
    by, now = source(alert.source), given.now
    to = {"count": alert.count + 1, "last_raised_at": now, "signal": signal}
    if signal.severity.rank >= alert.severity.rank:
        return change(alert, Cause(Kind.RAISED_AGAIN, by=by, at=now, reason="same dedup key"), to=to)
    to |= {"severity": signal.severity, **_task(alert, signal, given)}
    if _stays_held(alert, signal, given):
        to["answer_by"] = clocks.answer_by(given.policy, signal.severity, alert.snoozed_until or now)
        return change(alert, Cause(Kind.RAISED_AGAIN, by=by, at=now, reason="more severe, but held back"), to=to)
    to |= {"snoozed_until": None, "held_by": None, **_sooner(alert, signal, given)}
    to |= {"step_since": now} if alert.held_by else {}
    step = change(alert, Cause(Kind.RAISED_AGAIN, by=by, at=now, reason=f"more severe: {signal.severity}"), to=to)
    return owing(step, to_owner(step.alert, given, "nudge"))


def _task(alert: Alert, signal: Signal, given: Given) -> dict[str, Any]:
    """The field of an alert that is so severe now that its owner gets a task for it."""
    new = tuple(place for place in given.plan.tasks_of(signal.severity) if place not in alert.also)
    return {"also": (*alert.also, *new)} if new else {}


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
    since = now if alert.held_by else alert.step_since
    worse_so = {"severity": signal.severity, "answer_by": answer, "snoozed_until": None, "step_since": since}
    now_so = having(alert, worse_so)
    asks = [due(now_so, worse), alert.due_at, deadline]
    soonest = min(at for at in asks if at)
    return {"resolve_by": deadline, "answer_by": answer, "due_at": max(soonest, now + timedelta(seconds=1))}


def came_back(alert: Alert, given: Given, *, signal: Signal, owner: str, mute: Mute | None = None) -> Change:
    """closed ▶ open: the fix did not hold; the same owner first, where they can still be asked.

    Under a mute it waits in silence until that ends, as what is raised then does.
    """
    to = fresh(having(alert, {"severity": signal.severity}), given.under(signal.severity), owner) | {
        "signal": signal,
        "severity": signal.severity,
        **_task(alert, signal, given),
        "count": alert.count + 1,
        "last_raised_at": given.now,
        "returned": alert.returned + 1,
    }
    cause = Cause(
        Kind.CAME_BACK,
        by=source(alert.source),
        at=given.now,
        reason="raised again within the policy's window",
        facts={"resolution": alert.resolution},
    )
    if mute is None:
        return with_word_to_owner(change(alert, cause, to=to), given)
    return change(alert, cause, to=to | _held_back(mute, signal, given))


def _held_back(mute: Mute, signal: Signal, given: Given) -> dict[str, Any]:
    """The fields of an alert that waits for the end of a mute: its clock starts then."""
    end = mute.until
    answer = clocks.answer_by(given.policy, signal.severity, end)
    return {"held_by": mute.id, "snoozed_until": end, "due_at": end, "answer_by": answer, "step_since": end}


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
    pace = given.now + given.policy.step(alert.step).nudge_every
    asks = (alert.due_at, due(alert, given) if alert.status == Status.OPEN else pace)
    soonest = max(min(at for at in asks if at), given.now + timedelta(seconds=1))
    to = {"due_at": soonest, "snoozed_until": None}
    why = "the owner is asked to confirm"
    step = change(alert, Cause(Kind.CLEARED, by=by, at=given.now, reason=why), to=to)
    return owing(step, to_owner(step.alert, given, "nudge"))


def source(name: str) -> Actor:
    """A source acting as itself."""
    return Actor(kind="source", id=name, name=name)
