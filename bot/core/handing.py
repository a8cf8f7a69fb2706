"""To whom an alert passes: given by hand, declined, opened again, come back. Live and in a replay."""

from __future__ import annotations

from bot.core.alert import not_mine, reassign
from bot.core.events import Actor
from bot.core.given import Given
from bot.core.people import gone, stand_in
from bot.core.raising import came_back, holding
from bot.core.routing import route
from bot.core.signal import Signal
from bot.core.state import Alert, Change, Refused, Status
from bot.core.wake import heir, orphaned, to_the_top


def successor(owner: str, given: Given) -> str:
    """Who has it from now on where `owner` had it: they, whoever stands in while they are away, or their heir."""
    if gone(owner, given.roster):
        return heir(owner, given)
    return stand_in(owner, given.roster, given.now) or owner


def given_to(alert: Alert, given: Given, *, by: Actor, to: str, reason: str = "") -> Change | Refused:
    """`reassign`, and on to whoever stands in where `to` is away: both are in the trail."""
    outcome = reassign(alert, given, by=by, to=to, reason=reason)
    if isinstance(outcome, Refused) or not stand_in(to, given.roster, given.now):
        return outcome
    moved = orphaned(outcome.alert, given)
    return outcome.then(moved) if moved else outcome


def declined(alert: Alert, given: Given, *, by: Actor, to: str | None, turn: str | None = None) -> Change | Refused:
    """`not_mine`; said as often as the policy bears, the owner of last resort has it, and the top is told."""
    last = given.plan.last_resort
    if alert.hops + 1 < given.policy.hops or last in (alert.owner, by.id):
        return not_mine(alert, given, by=by, to=to, turn=turn)
    outcome = not_mine(alert, given, by=by, to=last)
    if isinstance(outcome, Refused):
        return outcome
    hops = outcome.alert.hops
    why = f"{hops} {'person' if hops == 1 else 'people'} said it is not theirs"
    return outcome.then(to_the_top(outcome.alert, given, reason=why))


def returned(alert: Alert, given: Given, *, signal: Signal) -> Change | None:
    """The same alert again, where it was closed within the policy's window; None where it is a new one."""
    closed = alert.finished_at if alert.status == Status.CLOSED else None
    if closed is None or given.now - closed > given.policy.reopen_window:
        return None
    mute = holding(route(signal, given.plan), given)
    return came_back(alert, given, signal=signal, owner=successor(alert.owner, given), mute=mute)
