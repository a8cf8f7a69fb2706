"""Who may do what to which alert. Asked inside the transaction that would change it."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.given import Given
from bot.core.people import Person, managers
from bot.core.state import Alert, Refused
from bot.core.text import Who, sentence
from bot.core.whom import everyone_at


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

    The owner, responders, the people of the current step, the managers of all these, whoever answers for the source and
    admins may do everything, except that the policy may keep dismissing to managers or admins; a member of the card's
    channel may acknowledge and add a note. Guests, bots, strangers and deactivated people may nothing.
    """
    person, plan = claim.person, given.plan
    if not person.may_own:
        verb = _verb(claim.act)
        return Refused(code="not_allowed", why=sentence(f"Only full members of this workspace can {verb} alerts."))
    known_as = {person.id, *(f"{platform}:{chat_id}" for platform, chat_id in person.chat.items())}
    if known_as & (plan.admins | {plan.last_resort}):
        return None
    if claim.act in ("dismiss", "agree") and (refused := _may_not_dismiss(known_as, alert, given)):
        return refused
    in_step = claim.asked and given.policy.step(alert.step).is_channel
    if in_step or known_as & (plan.stewards.get(alert.source, frozenset()) | _concerned(alert, given)):
        return None
    if claim.member and claim.act in ("acknowledge", "note", "history"):
        return None
    who = sentence(
        f"You may not {_verb(claim.act)} this alert. Ask ", Who(alert.owner), ", who owns it, or their manager."
    )
    return Refused(code="not_allowed", why=who)


def _may_not_dismiss(known_as: set[str], alert: Alert, given: Given) -> Refused | None:
    """What the policy says of dismissing alerts of this severity."""
    dismissers = given.policy.dismissers(alert.severity)
    if dismissers == "concerned":
        return None
    above = set(managers(alert.owner, given.roster)) | given.plan.stewards.get(alert.source, frozenset())
    if dismissers == "manager" and known_as & above:
        return None
    who = "an admin" if dismissers == "admin" else "a manager of its owner or whoever answers for its source"
    why = f"Only {who} may dismiss alerts that are {alert.severity}. Resolve it, or ask them."
    return Refused(code="not_allowed", why=sentence(why))


def _concerned(alert: Alert, given: Given) -> set[str]:
    asked = {alert.owner, *alert.responders, *everyone_at(alert, given)}
    return asked | {manager for person in asked for manager in managers(person, given.roster)}


def _verb(act: str) -> str:
    verbs = {
        "not_mine": "hand on",
        "history": "see",
        "agree": "dismiss",
        "help": "ask for help with",
        "repolicy": "change the policy of",
    }
    return verbs.get(act, act.replace("_", " ").replace("add responder", "add people to"))
