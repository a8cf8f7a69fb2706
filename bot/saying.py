"""What a delivery says and where: its message, its target, its mark."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from bot.core import packing
from bot.core.card import Message, card, linked, refs
from bot.core.events import QUIET, Event
from bot.core.given import Given
from bot.core.many import digest, fold_card, plain_card
from bot.core.notices import notice
from bot.core.oncall import Shift
from bot.core.people import Nobody, Person, Roster
from bot.core.policy import policy_of
from bot.core.routing import Plan
from bot.core.state import Alert
from bot.core.task import task
from bot.people import People
from bot.ports import Chat, Claimed, Clock, Delivery, Gathered, Mark, Store, Target

Known = dict[str, Person]
RECENT = 50
"""events of which one is told by a card: the others of them may be for the trail alone"""
OVER = 2
"""the generation of a shared card's last revision"""


def card_links(alert_ids: Iterable[str], store: Store, chats: Mapping[str, Chat], platform: str) -> dict[str, str]:
    """alert id ▶ the address of its card, of those that have been shown; in this chat, where it is there too"""
    found = [alert for alert_id in sorted(alert_ids) if (alert := store.alert(alert_id))]
    places = {alert.id: alert.shown_in(platform) or alert.place for alert in found}
    shown = store.cards(places)
    links = {
        alert_id: chat.permalink(receipt)
        for alert_id, receipt in shown.items()
        if (chat := chats.get(places[alert_id].partition(":")[0]))
    }
    return {alert_id: link for alert_id, link in links.items() if link}


def addressee(place: str) -> str | None:
    """Whose direct messages a place is, or None for a channel."""
    where = place.partition(":")[2]
    return where[1:] if where.startswith("@") else None


@dataclass(frozen=True, kw_only=True)
class Saying:
    store: Store
    people: People
    clock: Clock
    plan: Plan
    chats: Mapping[str, Chat] = field(default_factory=dict)
    """for the addresses of cards"""

    def known(self, claimed: Claimed) -> Known:
        """Everybody a message may name, and where it goes."""
        refs = {addressee(claimed.delivery.place)} - {None}
        if claimed.gathered:
            return self.people.known({str(ref) for ref in refs} | {alert.owner for alert in claimed.gathered.first})
        if claimed.alert is None:
            told = packing.named(claimed.letter) if claimed.letter else set()
            return self.people.known({str(ref) for ref in refs} | told)
        return self._around(claimed.alert, claimed.events, {str(ref) for ref in refs})

    def _around(self, alert: Alert, events: Iterable[Event], refs: set[str]) -> Known:
        """Everybody whom a message about this alert may name, and `refs`."""
        named = set(self.people.with_managers(alert.owner)) | {alert.owner}
        for event in events:
            named |= _named(event)
        named |= policy_of(alert, self.store).people | set(alert.responders)
        named |= {alert.dismissal_by} if alert.dismissal_by else set()
        known = self.people.known(named | refs)
        return known | self.people.known({one.delegate for p in known.values() for one in p.away if one.delegate})

    def target(self, claimed: Claimed, people: Known) -> Target:
        delivery, alert = claimed.delivery, claimed.alert
        whose = alert.owner if alert and delivery.kind == "task" else addressee(delivery.place)
        return Target(
            place=delivery.place,
            person=people.get(whose or ""),
            former=self._former(claimed),
            root=claimed.root if delivery.thread else None,
            edit=delivery.receipt,
        )

    def _former(self, claimed: Claimed) -> tuple[Person, ...]:
        """Who had a task that may have been made before its alert went to somebody else."""
        delivery, alert = claimed.delivery, claimed.alert
        if alert is None or delivery.kind != "task" or delivery.posts < 2:
            return ()
        owned = [event.data["set"].get("owner") for event in self.store.events(alert.id)]
        owners = dict.fromkeys(str(one) for one in reversed(owned) if one and one != alert.owner)
        return tuple(self.people.known(owners).values())

    def mark(self, claimed: Claimed) -> Mark:
        delivery, alert = claimed.delivery, claimed.alert
        revision = alert.revision if alert else delivery.seq
        return Mark(kind=delivery.kind, delivery=delivery.key, alert=delivery.alert_id, revision=revision)

    def message(self, claimed: Claimed, people: Known, *, plain: bool = False) -> Message:
        """Whatever the source wrote may make this raise: it was hostile until shown harmless. `plain` leaves it out."""
        if claimed.alert is None:
            message = claimed.letter or self._of_many(claimed.delivery, claimed.gathered)
        elif claimed.delivery.kind == "task":
            message = task(claimed.alert, link=self._card_of(claimed.alert), calm=plain)
        elif plain:
            message = plain_card(claimed.alert)
        else:
            message = self._of_one(claimed.delivery, claimed.alert, claimed.events[-1], people)
        return self._linked(replace(message, people=people), claimed.delivery.place.partition(":")[0])

    def now(self, alert: Alert, *, platform: str) -> Message:
        """The alert's card as it is at this moment, for whoever asks to see it in this chat."""
        recent = self.store.events(alert.id, after=max(alert.revision - RECENT, 0))
        last = next((event for event in reversed(recent) if event.kind not in QUIET), None)
        if last is None:
            return plain_card(alert)
        people = self._around(alert, (last,), set())
        return self._linked(replace(self._card(alert, last, people), people=people), platform)

    def _linked(self, message: Message, platform: str) -> Message:
        wanted = refs(message)
        links = card_links(wanted, self.store, self.chats, platform) if wanted else {}
        return linked(message, links) if links else message

    def _card_of(self, alert: Alert) -> str:
        """The address of its card in its own place; empty where it is not shown, or cannot be opened."""
        return card_links([alert.id], self.store, self.chats, alert.platform).get(alert.id, "")

    def _of_one(self, delivery: Delivery, alert: Alert, event: Event, people: Known) -> Message:
        if delivery.kind == "card":
            return self._card(alert, event, people)
        return notice(delivery.kind, alert, event, to=addressee(delivery.place), now=self.clock.now())

    def _card(self, alert: Alert, event: Event, people: Known) -> Message:
        given = Given(
            now=event.at, policy=policy_of(alert, self.store), roster=_Seen(people, self.store), plan=self.plan
        )
        return card(alert, event, given=given)

    def _of_many(self, delivery: Delivery, gathered: Gathered | None) -> Message:
        many = gathered or Gathered(count=0, severities={}, first=())
        counted: dict[str, Any] = {
            "count": many.count,
            "severities": many.severities,
            "first": many.first,
            "now": self.clock.now(),
        }
        if delivery.kind == "fold":
            return fold_card(delivery.place.partition(":")[2], over=delivery.generation >= OVER, **counted)
        return digest(addressee(delivery.place) or "", **counted)


def _named(event: Event) -> set[str]:
    named = {event.actor.id} if event.actor.kind == "person" else set()
    named |= {name[1:] for name in event.data.get("asked", ()) if name.startswith("@")}
    return named | {event.data[key] for key in ("from", "to") if isinstance(event.data.get(key), str)}


@dataclass(frozen=True)
class _Roster(Nobody):
    people: Mapping[str, Person]

    def person(self, person_id: str, /) -> Person | None:
        return self.people.get(person_id)


@dataclass(frozen=True)
class _Seen(_Roster):
    """As a card shows it: also whoever is on call, and who is in a group, as the database knows it now."""

    store: Store

    def person(self, person_id: str, /) -> Person | None:
        found = self.people.get(person_id) or self.store.people([person_id]).get(person_id)
        return found[0] if isinstance(found, tuple) else found

    def shifts(self, schedule: str, at: datetime, /) -> Sequence[Shift]:
        return self.store.shifts_between(schedule, at, at + timedelta.resolution)

    def group(self, handle: str, /) -> Sequence[str]:
        found = self.store.groups([handle]).get(handle)
        return found[0] if found else ()


def roster(people: Known) -> Roster:
    """People that were looked up already, as a decision reads them."""
    return _Roster(people)
