"""One alert's recorded life as input of a replay: what was raised, where it was put, and what was done to it.

A reaction is what somebody did, and after which word to them: `ask` counts the words said to this person about this
alert from 0 (the card at the raise, for its owner). `addressed` says of any event, recorded or replayed, whom its words
name, so that both are counted alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.core.events import CLOCK, Actor, Event, Kind
from bot.core.mutes import Mute
from bot.core.signal import Signal

ZERO = timedelta(0)
UNASKED = -1

OUTSIDE = "outside"
"""kind of a reaction of the world: an owner who is gone or away was noticed"""
UNREACHABLE = "unreachable"
"""kind of a reaction of the world: whom a step asks could not be reached"""
LOUD = frozenset({Kind.NUDGED, Kind.CHECK_IN, Kind.ESCALATED, Kind.EXCEPTION})
"""events in which the clock (or somebody who escalates by hand) asks people"""


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a person, the source or the world did to an alert."""

    kind: str
    """a `Kind`, OUTSIDE or UNREACHABLE"""
    at: datetime
    by: Actor
    ask: int = UNASKED
    """after which word to them; UNASKED where nobody had said anything to them"""
    delay: timedelta = ZERO
    """how long after it"""
    data: Mapping[str, Any] = field(default_factory=dict)
    """what the rule needs beside: `to`, `until`, `signal`, `reason`, `version`, `before`"""


@dataclass(frozen=True, slots=True)
class Said:
    """One time people were asked."""

    at: datetime
    kind: Kind
    step: int
    people: tuple[str, ...]
    """e-mails, or one #channel"""
    by_clock: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One recorded alert."""

    id: str
    signal: Signal
    raised_at: datetime
    owner: str
    place: str
    policy: str
    version: int | None = None
    """None: the newest"""
    why: str = "as recorded"
    held: Mute | None = None
    """what held it back, until it really ended"""
    reactions: tuple[Reaction, ...] = ()
    """in the order in which they happened"""
    said: tuple[Said, ...] | None = ()
    """whom the recorded clock asked; None where nobody knows (another tool's history)"""
    seen: tuple[tuple[str, datetime], ...] = ()
    """people who own nothing any more may have been there then: (who, the last instant at which they surely were)"""
    last: datetime
    """the last recorded instant"""


_ASKED = frozenset({Kind.NUDGED, Kind.ESCALATED, Kind.EXCEPTION, Kind.HELP_ASKED})
_TO_OWNER = frozenset(
    {
        Kind.RAISED,
        Kind.CHECK_IN,
        Kind.REASSIGNED,
        Kind.DECLINED,
        Kind.DELEGATED,
        Kind.REOPENED,
        Kind.CAME_BACK,
        Kind.SNOOZE_ENDED,
    }
)


def addressed(event: Event, owner: str) -> tuple[str, ...]:
    """The people whom the words of an event name; `owner` as the event leaves it."""
    kind = event.kind
    if kind in _ASKED:
        return tuple(name[1:] for name in event.data["asked"] if name.startswith("@"))
    after = event.data["set"]
    if kind in _TO_OWNER:
        return () if kind == Kind.CAME_BACK and after.get("held_by") else (owner,)
    if kind == Kind.RESPONDER_ADDED:
        return (event.data["to"],)
    got_worse = kind == Kind.RAISED_AGAIN and "severity" in after and "held back" not in event.reason
    asks_back = kind == Kind.CLEARED and "due_at" in after and "status" not in after
    return (owner,) if got_worse or asks_back else ()


def said(event: Event, *, step: int, owner: str) -> Said | None:
    """Whom an event asks, with the step and the owner as it leaves them; None where it asks nobody."""
    if event.kind not in LOUD:
        return None
    names = event.data.get("asked") or (f"@{owner}",)
    people = tuple(name.removeprefix("@") for name in names)
    return Said(event.at, event.kind, step, people, event.actor.kind == CLOCK.kind)
