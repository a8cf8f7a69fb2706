"""Who may do what to which alert. Asked inside the transaction that would change it."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.alert import Given
from bot.core.people import Person, managers
from bot.core.policy import ask
from bot.core.state import Alert, Refused
from bot.core.text import Who, sentence


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Who wants to do what."""

    person: Person
    act: str
    member: bool = False
    """they are in the channel of the alert's card"""
    asked: bool = False
    """they are in the channel that the current step asks"""


def refusal(alert: Alert, given: Given, *, claim: Claim) -> Refused | None:
    """Why the claim is refused, or None where it stands.

    The owner, the people of the current step, the managers of both and admins may do everything; a member of the
    card's channel may acknowledge and add a note. Guests, bots, strangers and deactivated people may nothing.
    """
    person, verb, plan = claim.person, _verb(claim.act), given.plan
    if not person.may_own:
        return Refused(code="not_allowed", why=sentence(f"Only full members of this workspace can {verb} alerts."))
    known_as = {person.id, *(f"{platform}:{chat_id}" for platform, chat_id in person.chat.items())}
    in_step = claim.asked and given.policy.steps[alert.step].is_channel
    if in_step or known_as & (plan.admins | {plan.last_resort} | _concerned(alert, given)):
        return None
    if claim.member and claim.act in ("acknowledge", "note", "history"):
        return None
    who = sentence(f"You may not {verb} this alert. Ask ", Who(alert.owner), ", who owns it, or their manager.")
    return Refused(code="not_allowed", why=who)


def _concerned(alert: Alert, given: Given) -> set[str]:
    asked = {alert.owner, *ask(given.policy, alert.step, alert.owner, given.roster).people}
    return asked | {manager for person in asked for manager in managers(person, given.roster)}


def _verb(act: str) -> str:
    return {"not_mine": "hand on", "history": "see"}.get(act, act)
