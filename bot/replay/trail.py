"""From an alert's trail to its past: which events were reactions, and to which words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from bot.core.events import CLOCK, Actor, Event, Kind
from bot.core.mutes import Mute
from bot.core.signal import unpack
from bot.core.state import Alert, unpacked
from bot.ports.rota import Recorded
from bot.replay.history import OUTSIDE, UNASKED, UNREACHABLE, ZERO, Past, Reaction, Said, addressed, said

_WORLD = Actor(kind="clock", id="world", name="the world")
"""does what neither people nor the source did; no person's id"""


def past(recorded: Recorded) -> Past:
    """One alert as input of a replay. Raises ValueError for a trail that does not begin with the raise."""
    events = recorded.events
    if not events or events[0].kind != Kind.RAISED:
        raise ValueError(f"the trail of {recorded.alert.id} does not begin with its raise")
    first = unpacked(events[0].data["set"])
    read = _Reading(owner=first.owner)
    for before, event in pairwise((None, *events)):
        if event is not None:
            read.take(event, before)
    return Past(
        id=first.id,
        signal=first.signal,
        raised_at=first.raised_at,
        owner=first.owner,
        place=first.place,
        policy=first.policy,
        version=first.policy_version,
        why=events[0].reason,
        held=_held(first, events),
        reactions=tuple(read.reactions),
        said=tuple(read.said),
        seen=tuple(read.seen.items()),
        last=events[-1].at,
    )


@dataclass
class _Reading:
    """What a trail said so far."""

    owner: str
    step: int = 0
    asks: dict[str, tuple[int, datetime]] = field(default_factory=dict)
    """person ▶ (number of the newest word to them, its instant)"""
    seen: dict[str, datetime] = field(default_factory=dict)
    reactions: list[Reaction] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)

    def take(self, event: Event, before: Event | None) -> None:
        """One event: first what it reacts to, then what it says."""
        if reaction := _reaction(event, before):
            self.reactions.append(self._following(reaction))
        after = event.data.get("set", {})
        self.owner, self.step = after.get("owner", self.owner), after.get("step", self.step)
        if event.actor.kind == "person":
            self.seen[event.actor.id] = event.at
        for person in addressed(event, self.owner):
            self.asks[person] = (self.asks[person][0] + 1 if person in self.asks else 0, event.at)
            self.seen[person] = event.at
        if asked := said(event, step=self.step, owner=self.owner):
            self.said.append(asked)

    def _following(self, reaction: Reaction) -> Reaction:
        """A person's reaction, after the newest word to them."""
        if reaction.by.kind != "person" or reaction.by.id not in self.asks:
            return reaction
        n, at = self.asks[reaction.by.id]
        return replace(reaction, ask=n, delay=max(reaction.at - at, ZERO))


def _reaction(event: Event, before: Event | None) -> Reaction | None:
    """What an event was a reaction of, or None where the policy alone did it."""
    if event.kind == Kind.REPOLICED:
        return Reaction(event.kind, event.at, _WORLD, data={"version": event.data["set"].get("policy_version")})
    if event.actor.kind == CLOCK.kind:
        return _of_world(event, before)
    read = _ACTS.get(event.kind)
    if read is None:
        return None
    return Reaction(event.kind, event.at, event.actor, UNASKED, ZERO, read(event))


def _of_world(event: Event, before: Event | None) -> Reaction | None:
    if event.kind in (Kind.DELEGATED, Kind.REASSIGNED):
        return Reaction(OUTSIDE, event.at, _WORLD)
    went_up = event.kind in (Kind.ESCALATED, Kind.EXCEPTION)
    if went_up and before is not None and before.kind == Kind.REROUTED and before.at == event.at:
        return Reaction(UNREACHABLE, event.at, _WORLD)
    return None


def _nothing(event: Event) -> dict[str, Any]:
    return {}


def _to(event: Event) -> dict[str, Any]:
    return {"to": event.data["to"], "reason": event.reason}


def _until(event: Event) -> dict[str, Any]:
    return {"until": datetime.fromisoformat(event.data["set"]["snoozed_until"])}


def _reason(event: Event) -> dict[str, Any]:
    return {"reason": event.reason}


def _signal(event: Event) -> dict[str, Any]:
    packed = event.data["set"].get("signal")
    return {"signal": unpack(packed) if packed else None}


_ACTS: dict[Kind, Callable[[Event], dict[str, Any]]] = {
    Kind.ACKNOWLEDGED: _nothing,
    Kind.STILL_ON_IT: _nothing,
    Kind.REASSIGNED: _to,
    Kind.DECLINED: _to,
    Kind.SNOOZED: _until,
    Kind.NOTED: _reason,
    Kind.RESOLVED: _reason,
    Kind.DISMISSAL_ASKED: _reason,
    Kind.DISMISSED: _reason,
    Kind.REOPENED: _reason,
    Kind.HELP_ASKED: _nothing,
    Kind.RESPONDER_ADDED: _to,
    Kind.ESCALATED: _nothing,
    Kind.EXCEPTION: _nothing,
    Kind.CLEARED: _nothing,
    Kind.RAISED_AGAIN: _signal,
    Kind.CAME_BACK: _signal,
}
"""what people and sources do ▶ what a rule needs to do it again"""


def _held(first: Alert, events: tuple[Event, ...]) -> Mute | None:
    """The mute that held it back, until it really ended: one that was ended by hand ended early."""
    if first.held_by is None or first.snoozed_until is None:
        return None
    ended = next((e.at for e in events if e.kind == Kind.SNOOZE_ENDED and "held_by" in e.data), first.snoozed_until)
    until = min(first.snoozed_until, ended)
    return Mute(id=first.held_by, start=first.raised_at, until=until, owner="", why="as recorded")


def pasts(trails: Iterable[Recorded]) -> Iterator[Past]:
    """The pasts of recorded trails, in their order."""
    return (past(recorded) for recorded in trails)
