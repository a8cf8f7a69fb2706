"""What we remember: the store and its transactions. `storage` implements these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from bot.core.events import Event
from bot.core.people import Person, Roster
from bot.core.policy import Policy
from bot.core.state import Alert, Change
from bot.ports.chat import Receipt
from bot.ports.rota import Rota
from bot.ports.rows import (
    AlertFilter,
    Claimed,
    Delivery,
    Folding,
    Incident,
    Interaction,
    Page,
    Settled,
    Source,
    Waiting,
)


class Away(Exception):
    """The database cannot be reached or is full or locked: the sender keeps what it has (503)."""


class Conflict(Exception):
    """Somebody changed the alert first: nothing was stored; decide again on what is there now."""


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

    def cards(self, places: Mapping[str, str], /) -> dict[str, Receipt]:
        """(alert id ▶ one of its places) ▶ where its card is there, of those that have been shown"""
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
