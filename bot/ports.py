"""What the loop needs from outside. Connectors and storage implement these; nothing here knows who does.

Two kinds of time: `Clock.now()` is the business instant (aware UTC; the sandbox may move it), `Clock.machine()` is
seconds since the epoch on the machine, for leases, retries and a platform's rate limits, which nobody can hurry.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from bot.core.card import Message
from bot.core.events import Event
from bot.core.forms import Form
from bot.core.pages import Sheet
from bot.core.people import Person, Roster
from bot.core.policy import Policy
from bot.core.signal import Signal
from bot.core.state import Alert, Change
from bot.core.text import Text
from bot.core.throttle import Call, Outcome, Room
from bot.rota import Rota


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

    def jumped(self) -> float:
        """Seconds by which it jumped since this was last asked (negative: back); 0.0 where it runs steadily."""
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
    """no further post in this lane before (machine seconds)"""
    ends_replies: bool = False
    """a card that will be shown nowhere: replies that wait for it are superseded"""
    forget: bool = False
    """what was shown is gone: the receipt is worthless, it is to be posted anew"""
    error: str = ""


class Tx(Roster, Protocol):
    """One write transaction, and the people as it knows them. What is written is stored together at its end or not."""

    def alert(self, alert_id: str, /) -> Alert | None: ...
    def by_keys(self, keys: Iterable[tuple[str, str]], /) -> dict[tuple[str, str], Alert]:
        """(source, dedup key) ▶ its unfinished alert or, where there is none, the one closed or dismissed last."""
        ...

    def last_events(self, alert_id: str, count: int, /) -> list[Event]:
        """The newest events of an alert, oldest of them first."""
        ...

    def policy(self, name: str, version: int | None = None, /) -> Policy:
        """That version, or the newest. An unknown name gives `default`."""
        ...

    def interactions(self, keys: Iterable[tuple[str, str]], /) -> dict[tuple[str, str], Interaction]: ...
    def remember(self, interaction: Interaction, /) -> None: ...
    def put(self, change: Change, /, *, before: Alert | None) -> None:
        """Store alert, events and deliveries. Raises Conflict (at the latest at the end of the transaction)."""
        ...

    def settle(self, claimed: Claimed, settled: Settled, /) -> bool:
        """`Store.settle` within this transaction, for an outcome that changes the alert too. False: the fence moved on.

        Read the alert first (locks are taken in the order alert, lane, delivery).
        """
        ...

    def fold(self, lane: str, machine: float, /, *, now: datetime) -> Folding:
        """Fold a lane that is far behind: its shared card is owed or refreshed, what chases people is gathered.

        At most a hundred reminders a call, those of one person into one `digest`; none that was attempted.
        """
        ...

    def swept(
        self, delivery_id: int, /, *, was: float, next_at: float | None, receipt: Receipt | None, seen: bool = True
    ) -> bool:
        """A look for twins is over: the next one, and the receipt that counts. False: somebody else was first.

        `seen`: whether anything could be seen; a look that failed does not count.

        A card is edited once more: an edit that was given up may have been carried out after a newer one.
        """
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


class Store(Rota, Protocol):
    """What we remember. Every method is one transaction; all may raise Away."""

    def transaction(self) -> AbstractContextManager[Tx]: ...
    def ping(self) -> None:
        """Raises Away when the database cannot be written."""
        ...

    def seconds(self) -> float:
        """Unix seconds by the clock that all processes share: the database's, or this machine's. Raises Away."""
        ...

    # reading
    def alert(self, alert_id: str, /) -> Alert | None: ...
    def policy(self, name: str, version: int | None = None, /) -> Policy: ...
    def alerts_by_short(self, short: str, /) -> list[Alert]:
        """Alerts whose id ends with these characters (at least four), newest first, at most ten."""
        ...

    def alerts(self, which: AlertFilter, /) -> Page: ...
    def search(self, words: str, /, *, limit: int) -> list[Alert]:
        """Alerts of which the title, the entity, a label or the dedup key has these words, newest first.

        The five thousand newest are looked through.
        """
        ...

    def cards(self, alerts: Iterable[Alert], /) -> dict[str, Receipt]:
        """alert id ▶ where its card is, of those that have been shown"""
        ...

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
    def newest_policies(self) -> list[Policy]: ...
    def save_policies(self, policies: Iterable[Policy], /, *, at: datetime) -> None:
        """A changed policy becomes a new version; an unchanged one stays as it is."""
        ...

    # deliveries
    def waiting(self, machine: float, /) -> list[Waiting]:
        """Every lane in which something waits; leases that ran out become `unknown` first."""
        ...

    def stuck(self, *, limit: int) -> list[tuple[str, str]]:
        """(place, the chat's word for it) of what waits after three failed attempts, longest waiting first."""
        ...

    def due(self, delivery_id: int, /) -> Delivery | None:
        """The row as it is now, whoever works on it."""
        ...

    def claim(  # noqa: PLR0913  each is a reason of its own to leave something alone
        self, lane: str, machine: float, /, *, lease: float, posts: bool = True, edits: bool = True, only: int = 0
    ) -> Claimed | None:
        """The lane's next delivery by severity, then age; None where the lane is taken, paced or empty.

        A reply waits until its card is shown; an edit of a shown card may go while posts are paced. `posts`, `edits`:
        which of the two may go now; `only`: this delivery or none. Rows of a newer version of the protocol are left
        alone.
        """
        ...

    def settle(self, claimed: Claimed, settled: Settled, /) -> int | None:
        """Store what became of it and free the lane. Without effect where the fence moved on.

        Returns a delivery id of the lane that can be served at once, or None.
        """
        ...

    def behind(self, *, limit: int) -> list[str]:
        """Lanes that may have to be folded: more than ten posts wait in them, or their shared card stands open."""
        ...

    def due_sweeps(self, machine: float, /, *, limit: int) -> list[int]:
        """Deliveries whose twins are to be looked for now."""
        ...

    def sweepable(self, delivery_id: int, /) -> tuple[Claimed, float] | None:
        """A delivery to look for twins of, and the `sweep_at` it has; nothing is claimed."""
        ...

    def oldest(self, machine: float, /) -> dict[str, float]:
        """lane ▶ since how many seconds of business or machine time its oldest unserved delivery may be served"""
        ...

    def unknown_for(self, machine: float, /) -> float:
        """Seconds since the oldest attempt whose outcome nobody knows; 0.0 where there is none."""
        ...

    def realign(self, machine: float, /, *, ahead: float = 3600.0) -> int:
        """No lease lies further ahead than it can have been set, no pace or retry further than `ahead` seconds."""
        ...

    # what only an operator can mend
    def incident(self, kind: str, subject: str, /, *, detail: str, at: float) -> None:
        """Open one, or count it again where it is open: `workspace`, `place`, `clock`, `row`, `route`."""
        ...

    def mended(self, kind: str, subject: str, /, *, at: float) -> None: ...
    def incidents(self, *, untold: bool = False) -> list[Incident]:
        """The open ones, oldest first; with `untold` those (also ended ones) nobody was told of."""
        ...

    def told(self, incident_id: int, /, *, at: float) -> None: ...

    # processes
    def alone(self, task: str, /) -> AbstractContextManager[bool]:
        """Whether this process alone, of all machines, does a task while the body runs."""
        ...

    def beat(self, kind: str, process: str, /, *, machine: float) -> None: ...
    def beats(self) -> dict[str, float]:
        """kind of process (web, worker, clock) ▶ machine second of its newest heartbeat"""
        ...


class Refusal(Exception):
    """A chat's answer that nothing was shown: `code` is the platform's own word.

    `kind` says what is wrong: the `place` (archived, not invited, may not be written to), the `workspace` as a whole
    (token revoked, uninstalled), the `content`, the message to edit is `missing` or `fixed` (nobody may change it any
    more), or something `other`.
    """

    def __init__(self, code: str, kind: str = "other") -> None:
        super().__init__(code)
        self.code, self.kind = code, kind


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

    def look(self, target: Target, /, *, mark: Mark, age: float) -> list[Receipt]:
        """Every message that carries this mark, oldest first, read back from the place.

        `age`: seconds since the first attempt, as far back as it must reach. Raises Refusal, Later or Unknown.
        """
        ...

    def retract(self, receipt: Receipt, /) -> None:
        """Delete a message of ours; one that is gone already is no error. Raises Refusal, Later or Unknown."""
        ...

    def spares(self, receipt: Receipt, /) -> bool:
        """Whether an edit of this message costs nothing of the platform's limits just now (a click's answer)."""
        ...

    def is_member(self, channel: str, chat_id: str, /) -> bool: ...
    def permalink(self, receipt: Receipt, /) -> str | None:
        """The address at which people read this message; never raises."""
        ...


@runtime_checkable
class Pictures(Protocol):
    def picture(self, png: bytes, /, title: str, alt: str) -> str:
        """Hand a picture to the chat: the `ref` that a message shows it by. Nobody sees it before, so it may be
        repeated. Raises Refusal, Later or Unknown."""
        ...


class Throttle(Protocol):
    """A workspace's limits, shared by all workers. Never raises. An optimisation: losing it means at worst a 429."""

    def room(self, workspace: str, machine: float, /) -> Room: ...
    def take(self, workspace: str, call: Call, machine: float, /) -> float:
        """0.0: go ahead, and report with `learn`; else the machine second from which it may go."""
        ...

    def learn(self, workspace: str, call: Call, outcome: Outcome, /, *, machine: float, seconds: float = 0.0) -> None:
        """What became of a call that was let go. `seconds`: how long to wait, where the platform said so."""
        ...


class Ways(Protocol):
    """Addresses at which a message may be edited for a while without cost. Never raises; losing them costs a call."""

    def keep(self, receipt: Receipt, address: str, /) -> None: ...
    def take(self, receipt: Receipt, /) -> str | None: ...
    def has(self, receipt: Receipt, /) -> bool: ...


class Teller(Protocol):
    """A second way to the people who run Closeloop, beside the chat. Raises Refusal, Later or Unknown."""

    def tell(self, subject: str, text: str, /) -> None: ...


class Queue(Protocol):
    """Hints to workers. Losing one does no harm: the clock finds what is due in the database."""

    def hint(self, job: str, ids: Iterable[str | int], /) -> bool:
        """`deliver`, `wake`, `sweep` (an id each), `fold` (a lane), `keep`, `report`; False where the queue is away."""
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
    """an act of the loop (acknowledge, resolve …), or history | card | form | command | home | bulk | raise"""
    alert_id: str = ""
    seen: int | None = None
    """the alert's generation on the card it was made on"""
    channel: str = ""
    """the chat's id of the channel it was made in (of a form: in which it was asked for), empty in Home"""
    fields: Mapping[str, str] = field(default_factory=dict)
    """What a form was filled with (`until`: Unix seconds, `person`: a chat id); a command's `text`; a form's `for`.
    Of Home what is chosen (`tab`, `severity`, `source`); of a `bulk` act its name in `for` and `picked`, each
    `<alert id>:<generation>`, separated by blanks; of a message that is raised its `text`, `link` and `author`.
    """


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is said, privately, to whoever made a gesture. `card`: the alert's, as it is now and theirs to press."""

    ok: bool
    said: Text = ()
    sheet: Sheet | None = None
    form: Form | None = None
    """about `alert`, or about whatever the gesture's fields name"""
    alert: Alert | None = None
    card: Message | None = None
    wrong: str = ""
    """the form's field that is wrong, where one is"""
    people: Mapping[str, Person] = field(default_factory=dict)


class Desk(Protocol):
    """Where a chat hands in what people did. Never raises for what a person did wrong; raises Away."""

    def take(self, gesture: Gesture, /) -> Answer: ...
