"""The alert as a value, what a change to it is, and how the trail folds back into it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from bot.core.events import Actor, Event, Kind
from bot.core.signal import Severity, Signal, unpack
from bot.core.text import Text


class Status(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    CLOSED = "closed"
    DISMISSED = "dismissed"


FINISHED = frozenset({Status.CLOSED, Status.DISMISSED})
ASKING = frozenset({Status.OPEN, Status.ACKNOWLEDGED})


@dataclass(frozen=True, kw_only=True)
class Alert:
    """What a source raised and where it stands. Instants are aware UTC."""

    id: str
    source: str
    dedup_key: str
    signal: Signal
    severity: Severity
    status: Status
    owner: str
    place: str
    """where its card is: `<platform>:#channel`, or `<platform>:@person` where no channel can be used"""
    policy: str
    policy_version: int
    raised_at: datetime
    generation: int = 1
    revision: int = 1
    """the number of its events; grows with every one of them"""
    count: int = 1
    last_raised_at: datetime
    due_at: datetime | None
    step: int = 0
    asked: int = 0
    """nudges sent at this step, or check-ins unanswered"""
    snoozed_until: datetime | None = None
    acknowledged_at: datetime | None = None
    resolve_by: datetime | None = None
    finished_at: datetime | None = None
    resolution: str | None = None
    resolution_link: str | None = None
    declined: tuple[str, ...] = ()
    """who said "not mine" since it was last given to somebody by hand"""
    returned: int = 0
    """how often it came back after a fix"""
    answer_by: datetime | None = None
    """no reminder of the first clock waits for anybody's hours past this"""
    step_since: datetime | None = None
    """when it came to the step it is at"""
    loops: int = 0
    """how often the steps began anew"""
    asking: tuple[str, ...] = ()
    """who was chosen at this step, where the policy chooses in turn"""
    hops: int = 0
    """how often somebody said that it is not theirs"""
    snoozes: int = 0
    """how often it was snoozed since it was opened"""
    responders: tuple[str, ...] = ()
    """who was asked to help, beside its owner"""
    dismissal_by: str | None = None
    """who asked to dismiss it, where a second person has to agree"""
    dismissal_reason: str | None = None
    held_by: str | None = None
    """the mute that holds it back: it has no card yet"""

    @property
    def short(self) -> str:
        """What people read and type: the last six characters of the id."""
        return self.id[-6:]

    @property
    def finished(self) -> bool:
        return self.status in FINISHED

    @property
    def platform(self) -> str:
        return self.place.split(":", 1)[0]

    @property
    def private(self) -> bool:
        """Its card is in somebody's direct messages."""
        return ":@" in self.place

    @property
    def has_card(self) -> bool:
        """Whether people can see it: what a mute holds back has no card until it ends."""
        return self.held_by is None

    @property
    def direct(self) -> str:
        """The owner's direct messages, as a place."""
        return f"{self.platform}:@{self.owner}"


@dataclass(frozen=True, kw_only=True)
class Owed:
    """One thing to be said outside, for one event; `place` is `<platform>:#channel` or `<platform>:@person`."""

    key: str
    """unique for ever: what makes it be said once"""
    kind: str
    """card | nudge | check_in | assigned | moved | escalation | exception | help | responder | note"""
    alert_id: str
    seq: int
    generation: int
    place: str
    rank: int
    """severity rank: 0 is served first"""
    thread: bool = False
    """a reply under the alert's card"""
    person: str | None = None
    """whom it reminds or tells: it counts against what they are asked for in an hour"""
    in_digest: bool = False
    """not said by itself: their next digest names the alert"""

    @property
    def passing(self) -> bool:
        """Worthless once the alert has moved on to another generation."""
        return self.kind not in ("card", "note")


@dataclass(frozen=True, kw_only=True)
class Change:
    """One legal step: the alert after it, its events, what is owed, whose turns it used up."""

    alert: Alert
    events: tuple[Event, ...]
    owed: tuple[Owed, ...] = ()
    turns: tuple[str, ...] = ()

    def then(self, other: Change) -> Change:
        """This change and one that started from its alert, as one; the same thing is owed once, in its newest form."""
        owed = {item.key: item for item in (*self.owed, *other.owed)}
        turns = self.turns + other.turns
        return Change(alert=other.alert, events=self.events + other.events, owed=tuple(owed.values()), turns=turns)


@dataclass(frozen=True, kw_only=True)
class Refused:
    """Nothing changed, and why: a sentence for whoever asked."""

    code: str
    """not_allowed | stale | already | finished | bad_input"""
    why: Text


_PLAIN = tuple(f.name for f in fields(Alert))
_AS_IS = frozenset({str, int, type(None)})
_INSTANTS = frozenset(
    name
    for name in _PLAIN
    if name.endswith("_at") or name in ("snoozed_until", "resolve_by", "answer_by", "step_since")
)


_BEGUN_EMPTY = frozenset(
    ("loops", "asking", "hops", "snoozes", "responders", "dismissal_by", "dismissal_reason", "held_by")
)
"""empty when an alert begins, and mostly ever after"""


_CODECS: dict[str, Callable[[Any], Any]] = {
    "signal": unpack,
    "severity": Severity,
    "status": Status,
    "declined": tuple,
    "asking": tuple,
    "responders": tuple,
}


@dataclass(frozen=True)
class Cause:
    """Why an alert changes: what happened, who did it, when (UTC), the reason and facts given."""

    kind: Kind
    by: Actor
    at: datetime
    reason: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


def change(alert: Alert, cause: Cause, *, to: Mapping[str, Any]) -> Change:
    """`alert` with the fields in `to`, and the one event that says so. Another owner or status: a new generation."""
    moved = to.get("status", alert.status) != alert.status or to.get("owner", alert.owner) != alert.owner
    generation = alert.generation + (1 if moved else 0)
    to = {**to, "generation": generation, "revision": alert.revision + 1}
    after, before = having(alert, to), vars(alert)
    event = Event(
        alert_id=alert.id,
        seq=after.revision,
        at=cause.at,
        kind=cause.kind,
        actor=cause.by,
        generation=generation,
        reason=cause.reason,
        data={**cause.facts, "set": {name: _pack(new) for name, new in to.items() if new != before[name]}},
    )
    return Change(alert=after, events=(event,), owed=(card(after),) if after.has_card else ())


def having(alert: Alert, to: Mapping[str, Any]) -> Alert:
    """`alert` with the fields in `to`; `dataclasses.replace` does the same in ten times the time."""
    values = {**vars(alert), **to}
    if len(values) != len(_PLAIN):
        raise TypeError(f"an alert has no {', '.join(sorted(values.keys() - set(_PLAIN)))}")
    after = object.__new__(Alert)
    object.__setattr__(after, "__dict__", values)
    return after


def card(alert: Alert) -> Owed:
    """The alert's card, in the revision it has now."""
    return Owed(
        key=f"card:{alert.id}:{alert.place}",
        kind="card",
        alert_id=alert.id,
        seq=alert.revision,
        generation=alert.generation,
        place=alert.place,
        rank=alert.severity.rank,
    )


def owe(alert: Alert, kind: str, *, place: str, thread: bool = False, person: str | None = None) -> Owed:
    """Something said once because of the alert's latest event; to `person`, where it reminds or tells somebody."""
    where = "thread" if thread else place
    return Owed(
        key=f"{kind}:{alert.id}:{alert.generation}:{alert.revision}:{where}",
        kind=kind,
        alert_id=alert.id,
        seq=alert.revision,
        generation=alert.generation,
        place=place,
        rank=alert.severity.rank,
        thread=thread,
        person=person,
    )


def to_owner(alert: Alert, kind: str) -> Owed:
    """A reply under the card that mentions the owner; a direct message where the card is in no channel."""
    # In direct messages a reply is easily overlooked, and they may be those of somebody else.
    place = alert.direct if alert.private else alert.place
    return owe(alert, kind, place=place, thread=not alert.private, person=alert.owner)


def packed(alert: Alert) -> dict[str, Any]:
    """The alert as JSON-able data, without what is as it always begins; `unpacked` is its inverse."""
    # Most fields are JSON already; every raise packs them, so a call for each is worth sparing.
    return {
        name: value if type(value) in _AS_IS else _pack(value)
        for name, value in vars(alert).items()
        if value or name not in _BEGUN_EMPTY
    }


def unpacked(data: dict[str, Any]) -> Alert:
    """The alert that `packed` was made of."""
    return Alert(**{name: _unpack(name, value) for name, value in data.items()})


def fold(events: Iterable[Event]) -> Alert:
    """The state of an alert from its trail alone. Raises ValueError for an empty or broken trail."""
    state: dict[str, Any] = {}
    for expected, event in enumerate(events, start=1):
        if event.seq != expected:
            raise ValueError(f"event {expected} is missing")
        state.update(event.data["set"])
    if not state:
        raise ValueError("no events")
    return unpacked(state)


def _pack(value: Any) -> Any:
    if type(value) in _AS_IS:
        return value
    if isinstance(value, datetime):
        return _as_text(value)
    if isinstance(value, Signal):
        return value.packed
    if isinstance(value, StrEnum):
        return value.value
    return list(value) if isinstance(value, tuple) else value


_as_text = lru_cache(maxsize=256)(datetime.isoformat)
"""What one decision packs has few different instants."""


def _unpack(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _INSTANTS:
        return datetime.fromisoformat(value)
    codec = _CODECS.get(name)
    return codec(value) if codec else value
