"""Where people are told of an alert: in which chat they are reached, and where a reply is read by them."""

from __future__ import annotations

from dataclasses import replace

from bot.core.given import Given
from bot.core.people import Person
from bot.core.routing import Plan
from bot.core.state import Alert, Owed, is_read, note_key, owe


def chat_of(person: Person | None, plan: Plan) -> str:
    """The chat in which somebody is told: the one they chose, else the usual one, else any they are in."""
    there = [chat for chat in plan.chats if person and chat in person.chat]
    if person and person.uses in there:
        return person.uses
    # The usual one comes first.
    return there[0] if there else plan.platform


def letterbox(person_id: str, person: Person | None, plan: Plan) -> str:
    """Somebody's direct messages for what speaks of no single alert, as a place."""
    return f"{chat_of(person, plan)}:@{person_id}"


def direct(person_id: str, given: Given) -> str:
    """Somebody's direct messages, as a place."""
    plan = given.plan
    return letterbox(person_id, given.roster.person(person_id) if plan.others else None, plan)


def whereto(name: str, given: Given) -> str:
    """The place of a name as policies and the plan write it: `#channel`, or `@person`. Wherever the alert's card is by
    now, such a channel is one of the usual chat."""
    return direct(name[1:], given) if name.startswith("@") else given.plan.place(name)


def to_owner(alert: Alert, given: Given, kind: str) -> Owed:
    """A reply under the card that mentions the owner; a direct message where no card is in a channel of their chat."""
    alone = direct(alert.owner, given)
    place = alert.shown_in(alone.partition(":")[0])
    # In direct messages a reply is easily overlooked, and they may be those of somebody else.
    if place is None or ":@" in place:
        return owe(alert, kind, place=alone, person=alert.owner)
    return owe(alert, kind, place=place, thread=True, person=alert.owner)


def notes(alert: Alert) -> tuple[Owed, ...]:
    """The note that was just made, under each of its cards, where people read along."""
    return tuple(noted(alert, place) for place in alert.places if is_read(place))


def noted(alert: Alert, place: str, *, seq: int = 0) -> Owed:
    """A note as a reply under the card in this place. `seq`: the event that it is; 0: the latest."""
    seq = seq or alert.revision
    return replace(owe(alert, "note", place=place, thread=True), key=note_key(alert.id, seq, place), seq=seq)
