"""Where people are told of an alert: in which chat they are reached, and where a reply is read by them."""

from __future__ import annotations

from bot.core.given import Given
from bot.core.people import Person
from bot.core.routing import Plan
from bot.core.state import Alert, Owed, is_read, owe


def chat_of(person: Person | None, plan: Plan, usual: str) -> str:
    """The chat in which somebody is told: the one they chose, else the `usual` one, else any they are in."""
    there = [chat for chat in plan.chats if person and chat in person.chat]
    if person and person.uses in there:
        return person.uses
    return usual if usual in there or not there else there[0]


def letterbox(person_id: str, person: Person | None, plan: Plan) -> str:
    """Somebody's direct messages for what speaks of no single alert, as a place."""
    return f"{chat_of(person, plan, plan.platform)}:@{person_id}"


def direct(person_id: str, alert: Alert, given: Given) -> str:
    """Somebody's direct messages, as a place."""
    several = len(given.plan.chats) > 1
    chat = chat_of(given.roster.person(person_id), given.plan, alert.platform) if several else alert.platform
    return f"{chat}:@{person_id}"


def whereto(name: str, alert: Alert, given: Given) -> str:
    """The place of a name as policies and the plan write it: `#channel`, or `@person`."""
    return direct(name[1:], alert, given) if name.startswith("@") else f"{alert.platform}:{name}"


def to_owner(alert: Alert, given: Given, kind: str) -> Owed:
    """A reply under the card that mentions the owner; a direct message where no card is in a channel of their chat."""
    alone = direct(alert.owner, alert, given)
    place = alert.shown_in(alone.partition(":")[0])
    # In direct messages a reply is easily overlooked, and they may be those of somebody else.
    if place is None or ":@" in place:
        return owe(alert, kind, place=alone, person=alert.owner)
    return owe(alert, kind, place=place, thread=True, person=alert.owner)


def under_the_cards(alert: Alert, kind: str) -> tuple[Owed, ...]:
    """A reply under each of its cards, where people read along."""
    return tuple(owe(alert, kind, place=place, thread=True) for place in alert.places if is_read(place))
