"""What becomes of an alert when something owed for it need not, cannot or was twice said, or the clock has jumped.

Everything here goes into the trail; only a route that failed changes more. Nothing here changes a generation or an
owner, and nothing puts a `due_at` off but a step up the policy, which starts its own whole dwell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from bot.core.alert import owing
from bot.core.asking import due, following, next_check_in
from bot.core.events import CLOCK, Kind
from bot.core.given import Given
from bot.core.reach import direct, noted, to_owner, whereto
from bot.core.state import ASKING, Alert, Cause, Change, Owed, Status, change, is_read, owe
from bot.core.wake import escalate, names_of
from bot.core.whom import Asked, ask

TO_OWNER = ("nudge", "check_in", "task_done")
"""replies that mention the owner"""
TOLERANCE = timedelta(seconds=30)
"""by how much the clocks of machines may differ before anybody speaks of a jump"""


@dataclass(frozen=True, kw_only=True)
class Undelivered:
    """Something owed that was not said, and why not."""

    key: str
    kind: str
    place: str
    thread: bool
    error: str
    """the platform's own word for it"""
    seq: int = 0
    """the event it tells of; 0: it tells of nothing that another word for it would not"""
    content: bool = False
    """refused for what it says: it can be shown nowhere"""
    batched: bool = False
    """it was in a digest that could not be said: nothing else was owed to them for this event"""


def recorded(alert: Alert, cause: Cause, *, to: Mapping[str, Any] | None = None) -> Change:
    """`change` for the trail alone: nothing is owed for it, not even a newer card."""
    return replace(change(alert, cause, to=to or {}), owed=())


def superseded(alert: Alert, given: Given, *, what: Undelivered, why: str) -> Change:
    """Something owed is not worth saying any more."""
    facts = {"key": what.key, "kind": what.kind, "place": what.place}
    return recorded(alert, Cause(Kind.SUPERSEDED, by=CLOCK, at=given.now, reason=why, facts=facts))


def twins(alert: Alert, given: Given, *, key: str, kept: str, removed: tuple[str, ...]) -> Change:
    """Something was shown more than once: the first of them (`kept`) stays, the others are taken away."""
    facts = {"key": key, "kind": key.partition(":")[0], "kept": kept, "removed": list(removed)}
    return recorded(alert, Cause(Kind.TWIN_REMOVED, by=CLOCK, at=given.now, facts=facts))


# ── the clock ────────────────────────────────────────────────────────────────────────────────────────────────────────


def realigned(alert: Alert, given: Given) -> Change | None:
    """Set right what lies further ahead than the policy can have put it; None where nothing does.

    A deadline or an end of a snooze that a clock set in the future gets the policy's whole span from now.
    """
    if alert.status not in ASKING or alert.due_at is None:
        return None
    deadline = _at_most(alert.resolve_by, given.now + max(given.policy.within[alert.severity], timedelta(minutes=1)))
    # A mute ends when it ends, however long the policy lets anybody snooze.
    longest = given.now + given.policy.snooze_at_most
    asleep = alert.snoozed_until if alert.held_by else _at_most(alert.snoozed_until, longest)
    due = asleep or _at_most(alert.due_at, _next(alert, given, deadline))
    to = {"resolve_by": deadline, "snoozed_until": asleep, "due_at": due}
    if to == {"resolve_by": alert.resolve_by, "snoozed_until": alert.snoozed_until, "due_at": alert.due_at}:
        return None
    facts = {"was": alert.due_at.isoformat()}
    return recorded(alert, Cause(Kind.CLOCK_MOVED, by=CLOCK, at=given.now, facts=facts), to=to)


def _next(alert: Alert, given: Given, deadline: datetime | None) -> datetime:
    """The furthest instant at which the clock can be meant to come."""
    if alert.status == Status.ACKNOWLEDGED and deadline:
        return next_check_in(alert, given, deadline=deadline)
    return due(alert, given)


def _at_most(at: datetime | None, furthest: datetime) -> datetime | None:
    return furthest if at and at > furthest + TOLERANCE else at


# ── the next route ───────────────────────────────────────────────────────────────────────────────────────────────────


def rerouted(alert: Alert, given: Given, *, what: Undelivered) -> Change:
    """Something could not be said where it belongs, and takes the next route: the trail names both.

    Every route is a chain that ends, so that places which all refuse leave events and never a circle.
    """
    if alert.status not in ASKING:
        return _nowhere(alert, given, what)
    if what.content:
        return _unspeakable(alert, given, what)
    if what.place == alert.place:
        return _moved(alert, given, what)
    if what.place in alert.also:
        return _one_fewer(alert, given, what)
    if what.kind == "card":
        return _nowhere(alert, given, what)
    if what.thread:
        return _under_the_card(alert, given, what)
    return _by_kind(alert, given, what)


def _nowhere(alert: Alert, given: Given, what: Undelivered) -> Change:
    """Only the trail says so; the card too, where it is not the card's own place that refuses."""
    step = _event(alert, given, what)
    return replace(step, owed=()) if alert.finished or what.place == alert.place or what.kind == "card" else step


def _unspeakable(alert: Alert, given: Given, what: Undelivered) -> Change:
    """Its content is refused wherever it is shown: the owner of last resort hears of it, in our own words."""
    last = f"@{given.plan.last_resort}"
    place = whereto(last, given)
    if what.kind == "moved" and what.place == place:
        return replace(_event(alert, given, what), owed=())
    step = _event(alert, given, what, asked=(last,))
    return replace(step, owed=(owe(step.alert, "moved", place=place),))


def _moved(alert: Alert, given: Given, what: Undelivered) -> Change:
    """The place of its card cannot be used: the card is owed in the next one, and its owner told where that is."""
    lost = what.kind == "card" or what.thread
    if (place := _following_place(alert, given)) is None:
        return _nowhere(alert, given, what) if lost else _by_kind(alert, given, what)
    to = {"place": place, "also": _without(alert, place)} if place in alert.also else {"place": place}
    step = _event(alert, given, what, to=to)
    after, alone = step.alert, direct(alert.owner, given)
    # In their own direct messages the card itself says so.
    word = () if alone in (place, what.place) else (owe(after, "moved", place=alone),)
    step = owing(step, *word, *((_again(after, given, what),) if what.thread else ()))
    return step if lost else step.then(_by_kind(after, given, what))


def _one_fewer(alert: Alert, given: Given, what: Undelivered) -> Change:
    """One of several places where it is shown cannot be used: the others do. What was said there is said again."""
    if what.kind != "card" and not what.thread:
        return _by_kind(alert, given, what)
    step = _event(alert, given, what, to={"also": _without(alert, what.place)})
    after, alone = step.alert, direct(alert.owner, given)
    if what.thread:
        return owing(step, _again(after, given, what))
    chat = what.place.partition(":")[0]
    # An owner who reads in that chat alone has no card to look at any more.
    blind = alone.startswith(f"{chat}:") and after.shown_in(chat) is None and is_read(what.place)
    return owing(step, owe(after, "moved", place=alone)) if blind else step


def _without(alert: Alert, place: str) -> tuple[str, ...]:
    return tuple(one for one in alert.also if one != place)


def _following_place(alert: Alert, given: Given) -> str | None:
    """Where a card goes whose place cannot be used: where it is shown besides, the fallback channel, its owner, the
    owner of last resort."""
    if besides := next((place for place in alert.also if ":#" in place), None):
        return besides
    names = (given.plan.fallback_channel, f"@{alert.owner}", f"@{given.plan.last_resort}")
    chain = [whereto(name, given) for name in dict.fromkeys(names)]
    return _after(alert.place, chain) if alert.place in chain else chain[0]


def _by_kind(alert: Alert, given: Given, what: Undelivered) -> Change:
    """What was said to somebody, or in a channel that a step asks."""
    if what.kind in ("escalation", "exception") or (what.kind == "nudge" and not _is_owners(alert, what)):
        return _by_mail(alert, given, what) or _up(alert, given, what)
    if not _is_owners(alert, what) or not _alone(alert, given, what):
        return _nowhere(alert, given, what)
    return _under_the_card(alert, given, what)


def _alone(alert: Alert, given: Given, what: Undelivered) -> bool:
    """Whether no reply under the card says it to the owner too."""
    if what.kind not in ("nudge", "check_in") or alert.private or what.batched:
        return True
    asks = given.policy.step(alert.step).who
    return what.kind == "nudge" and asks != ("owner",) and _where(what) in names_of(_asked(alert, given))


def _under_the_card(alert: Alert, given: Given, what: Undelivered) -> Change:
    step = _event(alert, given, what)
    return owing(step, _again(step.alert, given, what))


def _by_mail(alert: Alert, given: Given, what: Undelivered) -> Change | None:
    """Whom no direct message reaches is written to, before anybody else is asked; None where that cannot be."""
    whom = _where(what)
    if not given.plan.mail or not whom.startswith("@") or what.place.startswith("mail:"):
        return None
    late = what.kind != "exception" and whom not in names_of(_asked(alert, given))
    if late or alert.status != Status.OPEN or alert.snoozed_until:
        return None
    step = _event(alert, given, what, asked=(whom,))
    return owing(step, _of(what, owe(step.alert, what.kind, place=f"mail:{whom}", person=whom[1:])))


def _up(alert: Alert, given: Given, what: Undelivered) -> Change:
    """A step that cannot be asked: the policy's next one, now; from the top on to whoever is there at last."""
    if alert.status != Status.OPEN or alert.snoozed_until:
        return _nowhere(alert, given, what)
    asked = _asked(alert, given)
    if asked.step == alert.step and not given.policy.is_top(alert.step):
        if _where(what) not in names_of(asked):
            # Somebody else has been asked since.
            return _nowhere(alert, given, what)
        asked = following(alert, given)
    if asked.step == alert.step:
        return _at_the_top(alert, given, what)
    step = _event(alert, given, what)
    over = f"{_where(what).removeprefix('@')} cannot be reached: {what.error}"
    return step.then(escalate(step.alert, given, replace(asked, skipped=(over, *asked.skipped))))


def _at_the_top(alert: Alert, given: Given, what: Undelivered) -> Change:
    plan, where = given.plan, _where(what)
    names = (*names_of(_asked(alert, given)), plan.fallback_channel, f"@{plan.last_resort}")
    chain = list(dict.fromkeys(names))
    late = where not in chain and what.kind != "exception"
    name = None if late else _after(where, chain) if where in chain else chain[0]
    if name is None:
        return _nowhere(alert, given, what)
    step = _event(alert, given, what, asked=(name,))
    return owing(step, _of(what, owe(step.alert, "exception", place=whereto(name, given))))


def _event(
    alert: Alert,
    given: Given,
    what: Undelivered,
    *,
    asked: tuple[str, ...] = (),
    to: Mapping[str, Any] | None = None,
) -> Change:
    facts: dict[str, Any] = {"key": what.key, "kind": what.kind, "place": what.place, "error": what.error}
    if asked:
        facts["asked"] = list(asked)
    return change(alert, Cause(Kind.REROUTED, by=CLOCK, at=given.now, facts=facts), to=to or {})


def _again(alert: Alert, given: Given, what: Undelivered) -> Owed:
    """The same words as a reply under the card; what was a reply to the owner, where they read."""
    if what.kind == "note":
        return noted(alert, alert.place, seq=what.seq)
    to_them = what.thread and what.kind in TO_OWNER
    reply = to_owner(alert, given, what.kind) if to_them else owe(alert, what.kind, place=alert.place, thread=True)
    return _of(what, reply)


def _of(what: Undelivered, owed: Owed) -> Owed:
    """Told of the event that it was to tell of, not of the route that failed."""
    return replace(owed, seq=what.seq or owed.seq) if owed.kind == what.kind else owed


def _asked(alert: Alert, given: Given) -> Asked:
    return ask(alert, alert.step, given, n=alert.asked)


def _is_owners(alert: Alert, what: Undelivered) -> bool:
    """Whether it was meant for the owner's direct messages, in whatever chat."""
    return _where(what) == f"@{alert.owner}"


def _where(what: Undelivered) -> str:
    """The channel or person of a place, as a policy names them."""
    return what.place.partition(":")[2]


def _after(one: str, chain: list[str]) -> str | None:
    """What follows it; None at the end."""
    return dict(pairwise(chain)).get(one)
