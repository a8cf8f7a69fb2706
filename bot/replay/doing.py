"""A recorded reaction done again, to the alert as the replay has it: with the functions that people's acts run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bot.core import alert as life
from bot.core import dismissal, helping, raising
from bot.core.asking import following
from bot.core.events import CLOCK, Kind
from bot.core.given import Given
from bot.core.handing import declined, given_to, returned, successor
from bot.core.people import gone
from bot.core.repolicy import repoliced
from bot.core.routing import route
from bot.core.state import Alert, Change, Refused, Status
from bot.core.text import sentence
from bot.core.wake import escalate, orphaned
from bot.replay.history import OUTSIDE, UNREACHABLE, Reaction

Outcome = Change | Refused | None
"""None: there was nothing to do, and that is as it should be"""


def again(alert: Alert, given: Given, reaction: Reaction) -> Outcome:
    """What the reaction does here and now."""
    return _WAYS[reaction.kind](alert, given, reaction)


def _acknowledge(alert: Alert, given: Given, reaction: Reaction) -> Outcome:
    return life.acknowledge(alert, given, by=reaction.by)


def _reassign(alert: Alert, given: Given, reaction: Reaction) -> Outcome:
    to, reason = reaction.data["to"], reaction.data["reason"]
    return _gone(to, given) or given_to(alert, given, by=reaction.by, to=to, reason=reason)


def _not_mine(alert: Alert, given: Given, reaction: Reaction) -> Outcome:
    """Whom routing named then, where they can have it here; else whom it names here."""
    by, to = reaction.by, reaction.data["to"]
    if to not in (alert.owner, by.id) and not gone(to, given.roster):
        return declined(alert, given, by=by, to=to)
    found = route(alert.signal, given.plan).following(given.known, (*alert.declined, alert.owner, by.id))
    return declined(alert, given, by=by, to=found.person if found else None, turn=found.turn if found else None)


def _snooze(alert: Alert, given: Given, reaction: Reaction) -> Outcome:
    """For as long as they wanted then; until the same instant where they want it at the same instant."""
    until: datetime = reaction.data["until"]
    until = given.now + (until - reaction.at)
    return life.snooze(alert, given, by=reaction.by, until=until)


def _note(alert: Alert, given: Given, reaction: Reaction) -> Outcome:
    return life.note(alert, given, by=reaction.by, text=reaction.data["reason"])


def _resolve(alert: Alert, given: Given, reaction: Reaction) -> Outcome:
    return life.accepted(life.resolve(alert, given, by=reaction.by, what=reaction.data["reason"]), given)


def _dismiss(alert: Alert, given: Given, reaction: Reaction) -> Outcome:
    return dismissal.dismiss(alert, given, by=reaction.by, reason=reaction.data["reason"])


def _reopen(alert: Alert, given: Given, reaction: Reaction) -> Outcome:
    owner = successor(alert.owner, given)
    return life.reopen(alert, given, by=reaction.by, reason=reaction.data["reason"], owner=owner)


def _help(alert: Alert, given: Given, reaction: Reaction) -> Outcome:
    return helping.ask_for_help(alert, given, by=reaction.by)


def _responder(alert: Alert, given: Given, reaction: Reaction) -> Outcome:
    person = reaction.data["to"]
    return _gone(person, given) or helping.add_responder(alert, given, by=reaction.by, person=person)


def _escalate(alert: Alert, given: Given, reaction: Reaction) -> Outcome:
    return helping.escalate_now(alert, given, by=reaction.by)


def _cleared(alert: Alert, given: Given, reaction: Reaction) -> Outcome:
    return life.accepted(raising.cleared(alert, given), given)


def _raised_again(alert: Alert, given: Given, reaction: Reaction) -> Outcome:
    """Counted where it is open; where it was closed, it comes back, within the policy's window."""
    signal = reaction.data["signal"] or alert.signal
    if not alert.finished:
        return raising.raised_again(alert, given, signal=signal)
    back = returned(alert, given, signal=signal)
    return back or Refused(code="finished", why=sentence("Here it would be an alert of its own."))


def _noticed(alert: Alert, given: Given, reaction: Reaction) -> Outcome:
    return orphaned(alert, given)


def _unreachable(alert: Alert, given: Given, reaction: Reaction) -> Outcome:
    """Whom the step asks could not be reached then: no better here."""
    if alert.status != Status.OPEN or alert.snoozed_until or given.policy.is_top(alert.step):
        return None
    return escalate(alert, given, following(alert, given))


def _repoliced(alert: Alert, given: Given, reaction: Reaction) -> Outcome:
    """Another version from now on; `given` has its policy already."""
    outcome = repoliced(alert, given, before=reaction.data["before"], by=CLOCK)
    return None if isinstance(outcome, Refused) else outcome


def _gone(person: str, given: Given) -> Refused | None:
    why = gone(person, given.roster)
    return Refused(code="bad_input", why=sentence(f"They cannot be asked: {why}.")) if why else None


_WAYS: dict[str, Callable[[Alert, Given, Reaction], Outcome]] = {
    Kind.ACKNOWLEDGED: _acknowledge,
    Kind.STILL_ON_IT: _acknowledge,
    Kind.REASSIGNED: _reassign,
    Kind.DECLINED: _not_mine,
    Kind.SNOOZED: _snooze,
    Kind.NOTED: _note,
    Kind.RESOLVED: _resolve,
    Kind.DISMISSAL_ASKED: _dismiss,
    Kind.DISMISSED: _dismiss,
    Kind.REOPENED: _reopen,
    Kind.HELP_ASKED: _help,
    Kind.RESPONDER_ADDED: _responder,
    Kind.ESCALATED: _escalate,
    Kind.EXCEPTION: _escalate,
    Kind.CLEARED: _cleared,
    Kind.RAISED_AGAIN: _raised_again,
    Kind.CAME_BACK: _raised_again,
    Kind.REPOLICED: _repoliced,
    OUTSIDE: _noticed,
    UNREACHABLE: _unreachable,
}
