"""What the store hands out and takes in, as values. Seconds are machine time, instants are aware UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.core.card import Message
from bot.core.events import Event
from bot.core.state import Alert
from bot.ports.chat import Receipt


@dataclass(frozen=True, kw_only=True)
class Interaction:
    """One request from outside by its own id, so that a repeat is known and answered as the first was."""

    source: str
    """`intake:<source id>`, `slack:action`, `slack:command`, `slack:submission`, `slack:event`"""
    id: str
    digest: str = ""
    """SHA-256 of the body, where the same id with another body is a mistake"""
    answer: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Source:
    """A source as the database knows it. `keys` are (key id, SHA-256 hex of the secret), newest first, at most two."""

    id: str
    name: str
    kind: str = "source"
    """source | operator (reads everything, raises nothing)"""
    keys: tuple[tuple[str, str], ...] = ()


STATES = ("card", "fold", "task")
"""kinds of deliveries that are wanted in newer revisions; all else is said once"""


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One row of `deliveries`. Seconds are machine time, `created_at` is business time."""

    id: int
    key: str
    kind: str
    alert_id: str
    """empty for what speaks of many alerts: `fold` (a lane's shared card), `digest` (all that one person is asked)"""
    seq: int
    """the event it tells of; for a card or a fold the revision wanted"""
    generation: int
    place: str
    """also its lane: one place is served by one job at a time"""
    rank: int
    thread: bool
    state: str
    """pending | sending | unknown | shown | superseded | dead"""
    attempts: int = 0
    not_before: float = 0.0
    fence: int = 0
    shown: int = 0
    """the revision shown, 0 = never"""
    posts: int = 0
    """how many of its posts arrived or may have arrived: more than one may have left a twin"""
    sweeps: int = 0
    """how often its twins were looked for since it was last sent in doubt"""
    receipt: Receipt | None = None
    attempted_at: float | None = None
    created_at: datetime
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """What a `fold` or a `digest` speaks of, as it is at the moment of the claim."""

    count: int
    """alerts whose card waits in the lane; or alerts that a person is asked about"""
    severities: Mapping[str, int]
    """severity ▶ how many of them"""
    first: tuple[Alert, ...]
    """the most severe of them, oldest first among equals, at most ten"""


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A delivery that this worker alone may attempt until its lease ends, with what it is about."""

    delivery: Delivery
    alert: Alert | None
    """None exactly where `gathered` or `letter` is there"""
    events: tuple[Event, ...] = ()
    """for a card: the newest event that a card tells; else the event it tells of"""
    root: Receipt | None = None
    """the alert's card, where it has been shown"""
    lease_until: float = float("inf")
    """machine second at which the lease ends, as whoever claimed it knows"""
    gathered: Gathered | None = None
    letter: Message | None = None
    """what a `letter` says"""
    was_unknown: bool = False
    """the last attempt's outcome is unknown: look before repeating"""
    overtaken: bool = False
    """something newer of its kind is owed in the same place about the same alert"""


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What became of an attempt."""

    state: str
    """shown | superseded | dead | pending (again, not before) | unknown"""
    posted: bool = False
    """a post arrived or may have arrived"""
    sweep_at: float | None = None
    """look for twins then (machine seconds); None leaves it as it is"""
    receipt: Receipt | None = None
    not_before: float = 0.0
    lane_free_at: float = 0.0
    """no further post in this lane before (machine seconds); no edit either, where edits count as posts do"""
    asked_at: float = 0.0
    """when the platform answered what counts for the lane's pace (machine seconds); 0.0: nothing that counts"""
    ends_replies: bool = False
    """a card that will be shown nowhere: replies that wait for it are superseded"""
    forget: bool = False
    """what was shown is gone: the receipt is worthless, it is to be posted anew"""
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Page:
    items: tuple[Any, ...]
    next: str | None
    """opaque cursor of the next page"""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A lane in which something waits, and the machine seconds from which it may be served (None: nothing such)."""

    lane: str
    delivery: int
    """one of those that may be served first"""
    rank: int
    """of the most severe post, or edit where there is no post"""
    post_at: float | None
    edit_at: float | None


@dataclass(frozen=True, kw_only=True)
class Folding:
    """What folding a lane did: (alert id, the folded delivery's key, the digest's key) of every reminder gathered."""

    gathered: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Incident:
    """Something that keeps Closeloop from its work and that a person has to mend. Seconds are machine time."""

    id: int
    kind: str
    subject: str
    detail: str
    since: float
    last_at: float
    count: int
    ended_at: float | None = None


@dataclass(frozen=True, kw_only=True)
class AlertFilter:
    """Which alerts to list, oldest due first where `order` is `due`, else newest first."""

    source: str | None = None
    owner: str | None = None
    status: tuple[str, ...] = ()
    place: str | None = None
    order: str = "newest"
    limit: int = 50
    cursor: str | None = None
