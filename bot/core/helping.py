"""Who helps beside the owner: responders who are added, and whoever is asked when the owner cannot do it alone."""

from __future__ import annotations

from dataclasses import replace

from bot.core.alert import finished, owing
from bot.core.asking import following, next_check_in
from bot.core.events import Actor, Kind
from bot.core.given import Given
from bot.core.policy import answer_by
from bot.core.reach import direct, whereto
from bot.core.state import Alert, Cause, Change, Refused, Status, change, owe
from bot.core.text import Who, sentence
from bot.core.wake import escalate, names_of
from bot.core.whom import Asked


def add_responder(alert: Alert, given: Given, *, by: Actor, person: str) -> Change | Refused:
    """open, acknowledged ▶ same: somebody is asked by direct message to help; the owner stays who it is."""
    if refused := finished(alert):
        return refused
    if person == alert.owner or person in alert.responders:
        return Refused(code="already", why=sentence(Who(person), " is on this already."))
    to = {"responders": (*alert.responders, person)}
    step = change(alert, Cause(Kind.RESPONDER_ADDED, by=by, at=given.now, facts={"to": person}), to=to)
    return owing(step, owe(step.alert, "responder", place=direct(person, given), person=person))


def ask_for_help(alert: Alert, given: Given, *, by: Actor) -> Change | Refused:
    """acknowledged ▶ same: the next step's people are told that the owner cannot do it alone.

    From the owner it also answers a check-in.
    """
    if refused := finished(alert):
        return refused
    if alert.status != Status.ACKNOWLEDGED or alert.resolve_by is None:
        return Refused(
            code="bad_input", why=sentence("Acknowledge it first; or escalate it, or say that it is not yours.")
        )
    asked = _but_for(alert.owner, following(alert, given), given)
    names = names_of(asked)
    answered = {"asked": 0, "due_at": next_check_in(alert, given, deadline=alert.resolve_by), "snoozed_until": None}
    to = answered if by.id == alert.owner else {}
    facts = {"asked": names, "skipped": list(asked.skipped)}
    step = change(alert, Cause(Kind.HELP_ASKED, by=by, at=given.now, facts=facts), to=to)
    people = {f"@{person}": person for person in asked.people}
    words = (owe(step.alert, "help", place=whereto(name, given), person=people.get(name)) for name in names)
    return owing(step, *words)


def _but_for(owner: str, asked: Asked, given: Given) -> Asked:
    """Nobody is asked to help themselves: where nobody else is in it, the owner of last resort is."""
    others = tuple(person for person in asked.people if person != owner)
    return replace(asked, people=others or (() if asked.channel else (given.plan.last_resort,)))


def escalate_now(alert: Alert, given: Given, *, by: Actor) -> Change | Refused:
    """open, acknowledged ▶ open: the next step is asked at once, at any hour, because somebody wants it."""
    if refused := finished(alert):
        return refused
    if alert.status == Status.OPEN and given.policy.is_top(alert.step) and given.policy.repeat <= alert.loops:
        return Refused(code="already", why=sentence("Everybody whom the policy names was asked already."))
    to = {"status": Status.OPEN, "snoozed_until": None, "held_by": None, "acknowledged_at": None, "resolve_by": None}
    answer = answer_by(given.policy, alert.severity, given.now)
    asked = following(replace(alert, asked=given.policy.step(alert.step).nudges), given)
    return escalate(
        alert,
        given,
        asked,
        cause=Cause(Kind.ESCALATED, by=by, at=given.now, reason="by hand"),
        to={**to, "answer_by": answer},
    )
