"""The end of an alert that should not have been raised, and whom it takes to say so."""

from __future__ import annotations

from bot.core.alert import UNDISMISSED, finished, owing
from bot.core.events import Actor, Kind
from bot.core.given import Given
from bot.core.people import absent, gone, managers
from bot.core.reach import direct
from bot.core.state import Alert, Cause, Change, Refused, Status, change, owe
from bot.core.text import sentence


def dismiss(alert: Alert, given: Given, *, by: Actor, reason: str) -> Change | Refused:
    """open, acknowledged ▶ dismissed: it should not have been raised.

    Where the policy wants a second person, the first one's wish is kept (open, acknowledged ▶ same) until another,
    who may dismiss it too, agrees.
    """
    if refused := finished(alert):
        return refused
    if not reason.strip():
        return Refused(code="bad_input", why=sentence("Say why this should not have been raised."))
    if alert.severity in given.policy.second_person:
        if alert.dismissal_by is None:
            return _asks_to_dismiss(alert, given, by=by, reason=reason)
        if alert.dismissal_by == by.id:
            why = sentence("You asked to dismiss this; a second person has to agree.")
            return Refused(code="already", why=why)
    to = {"status": Status.DISMISSED, "finished_at": given.now, "due_at": None, "snoozed_until": None, **UNDISMISSED}
    facts = {"asked_by": alert.dismissal_by, "asked_because": alert.dismissal_reason} if alert.dismissal_by else {}
    return change(alert, Cause(Kind.DISMISSED, by=by, at=given.now, reason=reason, facts=facts), to=to)


def _asks_to_dismiss(alert: Alert, given: Given, *, by: Actor, reason: str) -> Change:
    to = {"dismissal_by": by.id, "dismissal_reason": reason}
    step = change(alert, Cause(Kind.DISMISSAL_ASKED, by=by, at=given.now, reason=reason), to=to)
    second = _second(alert, given, by=by)
    place = direct(second, given)
    if place != alert.place:
        step = owing(step, owe(step.alert, "second_person", place=alert.place, thread=not alert.private))
    # Nobody asks themselves: whoever reads the card's channel may still agree.
    return step if second == by.id else owing(step, owe(step.alert, "second_person", place=place, person=second))


def _second(alert: Alert, given: Given, *, by: Actor) -> str:
    """Who is asked to agree: the nearest to the alert who may, is there, and did not ask for it."""
    above = tuple(managers(alert.owner, given.roster))
    who = {"concerned": (alert.owner, *above), "manager": above, "admin": tuple(sorted(given.plan.admins))}
    candidates = who[given.policy.dismissers(alert.severity)]
    there = (one for one in candidates if one != by.id and not gone(one, given.roster))
    return next((one for one in there if not absent(one, given.roster, given.now)), given.plan.last_resort)


def agree(alert: Alert, given: Given, *, by: Actor) -> Change | Refused:
    """open, acknowledged ▶ dismissed, as somebody else has asked."""
    if alert.dismissal_by is None:
        return finished(alert) or Refused(code="already", why=sentence("Nobody asks to dismiss this any more."))
    return dismiss(alert, given, by=by, reason=alert.dismissal_reason or "agreed")
