"""What the loop needs from outside. Connectors and storage implement these; nothing here knows who does.

Two kinds of time: `Clock.now()` is the business instant (aware UTC; the sandbox may move it), `Clock.machine()` is
seconds since the epoch on the machine, for leases, retries and a platform's rate limits, which nobody can hurry.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from bot.core.card import Message
from bot.core.events import Event
from bot.core.forms import Form
from bot.core.pages import Sheet
from bot.core.people import Person
from bot.core.policy import Policy
from bot.core.signal import Signal
from bot.core.state import Alert, Change
from bot.core.text import Text


class Away(Exception):
    """The database cannot be reached or is full or locked: the sender keeps what it has (503)."""


class Conflict(Exception):
    """Somebody changed the alert first: nothing was stored; decide again on what is there now."""


class BadPayload(Exception):
    """What a source sent cannot be taken. `errors` are (JSON pointer, what is wrong), one for each bad field."""

    def __init__(self, errors: Sequence[tuple[str, str]], *, malformed: bool = False) -> None:
        super().__init__("; ".join(f"{pointer or 'the body'}: {detail}" for pointer, detail in errors))
        self.errors = tuple(errors)
        self.malformed = malformed
        """not even JSON that every reader reads alike (400); else its fields are wrong (422)"""


class Format(Protocol):
    """One intake format: a known sender's payload ▶ Signal."""

    def parse(self, body: bytes, source: str, /) -> Signal:
        """Raises BadPayload."""
        ...

    def schema(self) -> dict[str, Any]:
        """JSON Schema of the body, for the API's description."""
        ...


class Clock(Protocol):
    def now(self) -> datetime: ...
    def machine(self) -> float: ...
    def seconds_until(self, at: datetime, /) -> float:
        """Machine seconds until a business instant, as fast as business time runs now."""
        ...


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


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """Where the outside world put something: what an edit or a reply needs."""

    channel: str
    ts: str


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One row of `deliveries`. Seconds are machine time, `created_at` is business time."""

    id: int
    key: str
    kind: str
    alert_id: str
    seq: int
    """the event it tells of; for a card the revision wanted"""
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
    receipt: Receipt | None = None
    attempted_at: float | None = None
    created_at: datetime
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A delivery that this worker alone may attempt until its lease ends, with what it is about."""

    delivery: Delivery
    alert: Alert
    events: tuple[Event, ...]
    """for a card: the newest event; else the event it tells of"""
    root: Receipt | None
    """the alert's card, where it has been shown"""
    was_unknown: bool
    """the last attempt's outcome is unknown: look before repeating"""


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What became of an attempt."""

    state: str
    """shown | superseded | dead | pending (again, not before) | unknown"""
    receipt: Receipt | None = None
    not_before: float = 0.0
    lane_free_at: float = 0.0
    """no further post in this lane before (machine seconds)"""
    forget: bool = False
    """what was shown is gone: the receipt is worthless, it is to be posted anew"""
    error: str = ""


class Tx(Protocol):
    """One write transaction. Everything written is stored together at its end, or not at all."""

    def alert(self, alert_id: str, /) -> Alert | None: ...
    def by_keys(self, keys: Iterable[tuple[str, str]], /) -> dict[tuple[str, str], Alert]:
        """(source, dedup key) ▶ its unfinished alert or, where there is none, the one closed or dismissed last."""
        ...

    def last_events(self, alert_id: str, count: int, /) -> list[Event]:
        """The newest events of an alert, oldest of them first."""
        ...

    def person(self, person_id: str, /) -> Person | None:
        """By id; `<platform>:<chat id>` also finds the person who has that chat id."""
        ...

    def policy(self, name: str, version: int | None = None, /) -> Policy:
        """That version, or the newest. An unknown name gives `default`."""
        ...

    def interactions(self, keys: Iterable[tuple[str, str]], /) -> dict[tuple[str, str], Interaction]: ...
    def remember(self, interaction: Interaction, /) -> None: ...
    def put(self, change: Change, /, *, before: Alert | None) -> None:
        """Store alert, events and deliveries. Raises Conflict (at the latest at the end of the transaction)."""
        ...

    @property
    def hints(self) -> Sequence[int]:
        """After the end: one delivery id for each lane that has something to do now."""
        ...


@dataclass(frozen=True, kw_only=True)
class Page:
    items: tuple[Any, ...]
    next: str | None
    """opaque cursor of the next page"""


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


class Store(Protocol):
    """What we remember. Every method is one transaction; all may raise Away."""

    def transaction(self) -> AbstractContextManager[Tx]: ...
    def ping(self) -> None:
        """Raises Away when the database cannot be written."""
        ...

    # reading
    def alert(self, alert_id: str, /) -> Alert | None: ...
    def policy(self, name: str, version: int | None = None, /) -> Policy: ...
    def alerts_by_short(self, short: str, /) -> list[Alert]:
        """Alerts whose id ends with these characters (at least four), newest first, at most ten."""
        ...

    def alerts(self, which: AlertFilter, /) -> Page: ...
    def events(self, alert_id: str, /, *, after: int = 0, limit: int = 500) -> tuple[Event, ...]: ...
    def due_alerts(self, now: datetime, /, *, limit: int) -> list[tuple[str, datetime]]:
        """(alert id, due_at) of unfinished alerts due at `now`, longest overdue first."""
        ...

    def next_due(self, after: datetime, /) -> datetime | None:
        """The earliest instant after this one at which an alert becomes due."""
        ...

    def counts(self) -> dict[str, int]:
        """Unfinished alerts by status, and deliveries not yet settled by state (`delivery.pending` …)."""
        ...

    # people and sources
    def people(self, ids: Iterable[str], /) -> dict[str, tuple[Person, datetime]]:
        """Known people with the instant each was last asked of a directory."""
        ...

    def person_by_chat(self, platform: str, chat_id: str, /) -> tuple[Person, datetime] | None: ...
    def save_people(self, people: Iterable[Person], /, *, at: datetime) -> None: ...
    def sources(self) -> list[Source]: ...
    def save_source(self, source: Source, /) -> None: ...
    def save_policies(self, policies: Iterable[Policy], /, *, at: datetime) -> None:
        """A changed policy becomes a new version; an unchanged one stays as it is."""
        ...

    # deliveries
    def due_lanes(self, machine: float, /, *, limit: int) -> list[tuple[str, int]]:
        """(lane, one delivery id) of lanes that can be served now; leases that ran out become `unknown` first."""
        ...

    def next_lane_at(self, machine: float, /) -> float | None:
        """The earliest machine second after `machine` at which a waiting lane may be served, or None."""
        ...

    def stuck(self, *, limit: int) -> list[tuple[str, str]]:
        """(place, the chat's word for it) of what waits after three failed attempts, longest waiting first."""
        ...

    def lane_of(self, delivery_id: int, /) -> str | None: ...
    def claim(self, lane: str, machine: float, /, *, lease: float) -> Claimed | None:
        """The lane's next delivery by severity, then age; None where the lane is taken, paced or empty.

        A reply waits until its card is shown; an edit of a shown card may go while posts are paced.
        """
        ...

    def settle(self, claimed: Claimed, settled: Settled, /) -> int | None:
        """Store what became of it and free the lane. Without effect where the fence moved on.

        Returns a delivery id of the lane that can be served at once, or None.
        """
        ...

    # processes
    def beat(self, kind: str, process: str, /, *, machine: float) -> None: ...
    def beats(self) -> dict[str, float]:
        """kind of process (web, worker, clock) ▶ machine second of its newest heartbeat"""
        ...


class Refusal(Exception):
    """A chat's answer that nothing was shown and nothing will be: `code` is the platform's own word."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Later(Exception):
    """Nothing was shown; ask again after `seconds`."""

    def __init__(self, code: str, seconds: float) -> None:
        super().__init__(code)
        self.code, self.seconds = code, seconds


class Unknown(Exception):
    """Nobody can say whether it was shown: look before repeating."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What every message carries so that it can be found again."""

    kind: str
    delivery: str
    """the delivery's unique key"""
    alert: str
    revision: int


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a message goes: a place, a thread in it, or a message to edit."""

    place: str
    person: Person | None = None
    """whose direct messages, where the place is a person"""
    root: Receipt | None = None
    edit: Receipt | None = None


class Chat(Protocol):
    """One chat platform. Calls take at most ten seconds and are never repeated inside."""

    platform: str

    def show(self, message: Message, target: Target, /, *, mark: Mark) -> Receipt:
        """Post or edit. Raises Refusal, Later or Unknown."""
        ...

    def look(self, target: Target, /, *, mark: Mark, since: float) -> Receipt | None:
        """The message that carries this mark, read back from the place. Raises Refusal, Later or Unknown."""
        ...

    def is_member(self, channel: str, chat_id: str, /) -> bool: ...


class Directory(Protocol):
    """Who somebody is. `ref` is an e-mail or `<platform>:<chat id>`. None = not known here. Raises Unknown."""

    def find(self, ref: str, /) -> Person | None: ...


class Queue(Protocol):
    """Hints to workers. Losing one does no harm: the clock finds what is due in the database."""

    def hint(self, job: str, ids: Iterable[str | int], /) -> bool:
        """`deliver` or `wake`, one hint an id; False where the queue is away."""
        ...

    def ping(self) -> bool: ...


@dataclass(frozen=True, kw_only=True)
class Gesture:
    """What somebody did in a chat: a click, a submission, a command. Platform-free."""

    id: str
    """unique for this one gesture: a repeat of it is answered, not done again"""
    platform: str
    chat_id: str
    """who, by their id in the chat"""
    act: str
    """an act of the loop (acknowledge, resolve, not_mine …), or history | form | command | home"""
    alert_id: str = ""
    seen: int | None = None
    """the alert's generation on the card it was made on"""
    channel: str = ""
    """the chat's id of the channel it was made in (of a form: in which it was asked for), empty in Home"""
    fields: Mapping[str, str] = field(default_factory=dict)
    """what a form was filled with (`until`: Unix seconds, `person`: a chat id); a command's `text`; a form's `for`"""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is said, privately, to whoever made a gesture."""

    ok: bool
    said: Text = ()
    sheet: Sheet | None = None
    form: Form | None = None
    alert: Alert | None = None
    wrong: str = ""
    """the form's field that is wrong, where one is"""
    people: Mapping[str, Person] = field(default_factory=dict)


class Desk(Protocol):
    """Where a chat hands in what people did. Never raises for what a person did wrong; raises Away."""

    def take(self, gesture: Gesture, /) -> Answer: ...
