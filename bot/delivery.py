"""The life of one delivery: claimed, attempted once, settled.

What to do next is decided by pure functions of the row, the answer and the time; `Courier` carries it out. Nobody
sleeps in here: what cannot go out now gets a time before which it is not tried again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from bot.core.card import Message, card, notice
from bot.core.events import Event
from bot.core.people import Person, Roster, gone
from bot.core.policy import Policy
from bot.core.state import Alert
from bot.people import People
from bot.ports import (
    Chat,
    Claimed,
    Clock,
    Delivery,
    Later,
    Mark,
    Queue,
    Refusal,
    Settled,
    Store,
    Target,
    Unknown,
)

LEASE = 30.0
"""seconds; well over a chat's ten for one call"""
CALL = 12.0
"""seconds that have to be left of the lease to say something: whoever is slower could say what another says too"""
PACE = 1.05
"""seconds between two posts in one place: every chat allows one a second"""
SETTLE = 40.0
"""seconds until an unknown outcome is looked at: the call's timeout and a late arrival"""

# What somebody can mend while the bot runs (an invitation, a token): it is tried again, and shows on /readyz.
MENDABLE = frozenset(
    (
        "not_in_channel",
        "channel_not_found",
        "is_archived",
        "missing_scope",
        "invalid_auth",
        "not_authed",
        "token_revoked",
        "token_expired",
        "account_inactive",
        "restricted_action",
        "messages_tab_disabled",
        "not_configured",
    )
)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one attempt, for the metrics."""

    delivery: Delivery
    settled: Settled


def obsolete(delivery: Delivery, alert: Alert) -> str | None:
    """Why it need not be said any more, or None. Cards and notes are always worth saying."""
    if delivery.kind in ("card", "note"):
        return None
    if alert.finished:
        return f"the alert is {alert.status}"
    if delivery.generation != alert.generation:
        return f"the alert moved on to generation {alert.generation}"
    return None


def settled_after(error: Refusal | Later | Unknown, delivery: Delivery, machine: float) -> Settled:
    """What an attempt that failed means for the row."""
    if isinstance(error, Later):
        again = machine + max(error.seconds, 1.0)
        # Platforms count edits apart from posts: an edit that has to wait holds up no post.
        free_at = 0.0 if delivery.receipt else again
        return Settled(state="pending", not_before=again, lane_free_at=free_at, error=error.code)
    if isinstance(error, Refusal):
        if delivery.kind == "card" and delivery.receipt and error.code == "message_not_found":
            # Somebody deleted the card: an alert that nobody sees has gone quiet.
            return Settled(state="pending", forget=True, error=error.code)
        if error.code in MENDABLE:
            return Settled(state="pending", not_before=machine + backoff(delivery.attempts), error=error.code)
        return Settled(state="dead", error=error.code)
    if delivery.receipt:
        # An edit may be repeated: only a post can leave a twin.
        return Settled(state="pending", not_before=machine + backoff(delivery.attempts), error=error.code)
    return Settled(state="unknown", not_before=machine + SETTLE, lane_free_at=machine + SETTLE, error=error.code)


def backoff(attempts: int) -> float:
    """Seconds until the next attempt: 2, 4, 8 … 60."""
    return float(min(2 ** min(attempts, 6), 60))


@dataclass(frozen=True, kw_only=True)
class Courier:
    """Serves lanes: claims the next delivery of one, attempts it once, stores what became of it."""

    store: Store
    chats: Mapping[str, Chat]
    people: People
    clock: Clock
    queue: Queue
    rescue: Callable[[str], object]
    """`Loop.rescue`: a new owner where the owner turns out to be gone"""

    def deliver(self, delivery_id: int) -> Outcome | None:
        """Serve the lane this delivery waits in. None where there is nothing to do, or somebody else does it."""
        lane = self.store.lane_of(delivery_id)
        now = self.clock.machine()
        claimed = self.store.claim(lane, now, lease=LEASE) if lane else None
        if claimed is None:
            return None
        settled = self._attempt(claimed, until=now + LEASE - CALL)
        following = self.store.settle(claimed, settled)
        if following is not None:
            self.queue.hint("deliver", [following])
        return Outcome(delivery=claimed.delivery, settled=settled)

    def _attempt(self, claimed: Claimed, *, until: float) -> Settled:
        delivery, alert = claimed.delivery, claimed.alert
        if why := obsolete(delivery, alert):
            return Settled(state="superseded", error=why)
        people = self._people(claimed)
        if delivery.kind != "note" and gone(alert.owner, _Known(people)) and self.rescue(alert.id):
            # The new owner is a change of its own, which owes the card anew and makes a nudge obsolete.
            return Settled(state=_again(claimed), error="owner is gone")
        try:
            if found := self._found(claimed, people):
                return found
        except (Refusal, Later, Unknown) as error:
            # Still unknown: what could not be looked up must not be said again.
            settled = settled_after(error, delivery, self.clock.machine())
            return replace(settled, state="unknown") if settled.state == "pending" else settled
        if delivery.thread and claimed.root is None:
            return Settled(state=_again(claimed), not_before=self.clock.machine() + 2.0, error="the card is not shown")
        if self.clock.machine() > until:
            # The directories were slow; what they answered is remembered, so the next attempt is quick.
            return Settled(state=_again(claimed), error="the lease was nearly over")
        try:
            return self._say(claimed, people)
        except (Refusal, Later, Unknown) as error:
            return settled_after(error, delivery, self.clock.machine())

    def _found(self, claimed: Claimed, people: dict[str, Person]) -> Settled | None:
        """What an attempt of unknown outcome left behind, read back from the place."""
        if _again(claimed) != "unknown":
            return None
        chat, target, mark = self._way(claimed, people)
        receipt = chat.look(target, mark=mark, since=claimed.delivery.attempted_at or 0.0)
        if receipt is None:
            return None
        # What is found of a card may be an older revision: it is adopted, and edited next.
        return Settled(state="pending" if claimed.delivery.kind == "card" else "shown", receipt=receipt)

    def _say(self, claimed: Claimed, people: dict[str, Person]) -> Settled:
        chat, target, mark = self._way(claimed, people)
        receipt = chat.show(self._message(claimed, people), target, mark=mark)
        paced = 0.0 if claimed.delivery.receipt else self.clock.machine() + PACE
        return Settled(state="shown", receipt=receipt, lane_free_at=paced)

    def _way(self, claimed: Claimed, people: dict[str, Person]) -> tuple[Chat, Target, Mark]:
        delivery = claimed.delivery
        platform, _, where = delivery.place.partition(":")
        chat = self.chats.get(platform)
        if chat is None:
            raise Refusal("not_configured")
        mark = Mark(kind=delivery.kind, delivery=delivery.key, alert=delivery.alert_id, revision=claimed.alert.revision)
        target = Target(
            place=delivery.place,
            person=people.get(where[1:]) if where.startswith("@") else None,
            root=claimed.root if delivery.thread else None,
            edit=delivery.receipt,
        )
        return chat, target, mark

    def _message(self, claimed: Claimed, people: dict[str, Person]) -> Message:
        delivery, alert, event = claimed.delivery, claimed.alert, claimed.events[-1]
        if delivery.kind == "card":
            message = card(alert, event, policy=self._policy(alert), roster=_Known(people))
        else:
            where = delivery.place.partition(":")[2]
            to = where[1:] if where.startswith("@") else None
            message = notice(delivery.kind, alert, event, to=to, now=self.clock.now())
        return replace(message, people=people)

    def _policy(self, alert: Alert) -> Policy:
        return self.store.policy(alert.policy, alert.policy_version)

    def _people(self, claimed: Claimed) -> dict[str, Person]:
        """Everybody a message about this alert may name, and where it goes."""
        refs = set(self.people.with_managers(claimed.alert.owner)) | {claimed.alert.owner}
        where = claimed.delivery.place.partition(":")[2]
        if where.startswith("@"):
            refs.add(where[1:])
        for event in claimed.events:
            refs |= _named(event)
        refs |= {step.who for step in self._policy(claimed.alert).steps if "@" in step.who}
        return self.people.known(refs)


def _again(claimed: Claimed) -> str:
    """The state of a row that is tried again: one whose post may have arrived stays one to look for first."""
    return "unknown" if claimed.was_unknown and not claimed.delivery.receipt else "pending"


def _named(event: Event) -> set[str]:
    named = {event.actor.id} if event.actor.kind == "person" else set()
    named |= {name[1:] for name in event.data.get("asked", ()) if name.startswith("@")}
    return named | {event.data[key] for key in ("from", "to") if key in event.data}


@dataclass(frozen=True)
class _Known(Roster):
    people: Mapping[str, Person]

    def person(self, person_id: str, /) -> Person | None:
        return self.people.get(person_id)
