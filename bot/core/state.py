"""The alert as a value, what a change to it is, and how the trail folds back into it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime
from typing import Any

from bot.core import values
from bot.core.events import Actor, Event, Kind
from bot.core.signal import Severity, Signal
from bot.core.text import Text
from bot.core.values import Status as Status

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
    also: tuple[str, ...] = ()
    """where else it is shown, written as `place` is; what belongs to nobody's reading (a tool's list) has no # or @"""

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
    def places(self) -> tuple[str, ...]:
        """Every place where it is shown, its own first."""
        return (self.place, *self.also) if self.also else (self.place,)

    def shown_in(self, platform: str) -> str | None:
        """The first of its places in this chat."""
        return next((place for place in self.places if place.startswith(f"{platform}:")), None)


@dataclass(frozen=True, kw_only=True)
class Owed:
    """One thing to be said outside, for one event; `place` is `<platform>:#channel` or `<platform>:@person`."""

    key: str
    """unique for ever: what makes it be said once"""
    kind: str
    """card | task | nudge | check_in | assigned | moved | escalation | exception | help | responder | note | task_done
    | second_person"""
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
        return self.kind not in ("card", "task", "note")


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
_BEGUN_EMPTY = frozenset(
    ("loops", "asking", "hops", "snoozes", "responders", "dismissal_by", "dismissal_reason", "held_by", "also")
)
"""empty when an alert begins, and mostly ever after"""


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
        data={**cause.facts, "set": {name: values.packed(new) for name, new in to.items() if new != before[name]}},
    )
    return Change(alert=after, events=(event,), owed=cards(after))


def having(alert: Alert, to: Mapping[str, Any]) -> Alert:
    """`alert` with the fields in `to`; `dataclasses.replace` does the same in ten times the time."""
    return _made({**vars(alert), **to})


def born(**given: Any) -> Alert:
    """A new alert; `Alert(...)` does the same in four times the time, and every raise makes one."""
    return _made(_USUAL | given)


_USUAL = {f.name: f.default for f in fields(Alert) if f.default is not MISSING}


def _made(held: dict[str, Any]) -> Alert:
    if len(held) != len(_PLAIN):
        raise TypeError(f"not the fields of an alert: {', '.join(sorted(held.keys() ^ set(_PLAIN)))}")
    after = object.__new__(Alert)
    object.__setattr__(after, "__dict__", held)
    return after


def cards(alert: Alert) -> tuple[Owed, ...]:
    """Its card in every place where it is shown, its task in a tool's list; none while a mute holds it back."""
    if not alert.has_card:
        return ()
    return tuple(card(alert, place) for place in alert.places) if alert.also else (card(alert, alert.place),)


def card(alert: Alert, place: str) -> Owed:
    """The alert's card in one of its places, its task where that is a tool's list; in the revision it has now."""
    return Owed(
        key=card_key(alert.id, place),
        kind=_kind_in(place),
        alert_id=alert.id,
        seq=alert.revision,
        generation=alert.generation,
        place=place,
        rank=alert.severity.rank,
    )


def card_key(alert_id: str, place: str) -> str:
    """The key of its card's delivery there; of its task's, where that is a tool's list."""
    return f"{_kind_in(place)}:{alert_id}:{place}"


def note_key(alert_id: str, seq: int, place: str) -> str:
    """The key of a note's delivery there: under one card it stands once, whatever becomes of the others."""
    return f"note:{alert_id}:{seq}:{place}"


def _kind_in(place: str) -> str:
    return "card" if is_read(place) else "task"


def is_read(place: str) -> bool:
    """Whether people read and write there: a channel, or direct messages; a tool's list is none."""
    return ":#" in place or ":@" in place


def owe(alert: Alert, kind: str, *, place: str, thread: bool = False, person: str | None = None) -> Owed:
    """Something said once because of the alert's latest event; to `person`, where it reminds or tells somebody."""
    where = "thread" if thread and place == alert.place else place
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


def packed(alert: Alert) -> dict[str, Any]:
    """The alert as JSON-able data, without what is as it always begins; `unpacked` is its inverse."""
    # Most fields are JSON already; every raise packs them, so a call for each is worth sparing.
    return {
        name: value if (kind := type(value)) in values.AS_IS else values.PACKERS[kind](value)
        for name, value in vars(alert).items()
        if value or name not in _BEGUN_EMPTY
    }


def unpacked(data: dict[str, Any]) -> Alert:
    """The alert that `packed` was made of."""
    return Alert(**{name: values.unpacked(name, value) for name, value in data.items()})


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
