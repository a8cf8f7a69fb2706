"""The store: what we remember, in SQLite or PostgreSQL, behind the loop's port."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy import delete, func, select, text

from bot.core.events import Event
from bot.core.people import Person
from bot.core.policy import Policy
from bot.core.state import Alert
from bot.ports import AlertFilter, Claimed, Clock, Delivery, Incident, Page, Receipt, Settled, Source, Waiting
from storage import finding, incidents, lanes, people, reading, rows, sweeping, waiting
from storage.conversations import SqlConversations
from storage.crowds import Moment
from storage.engine import Database
from storage.lanes import Wanted
from storage.models import deliveries, processes
from storage.owing import insert_into
from storage.policies import Policies
from storage.rota import SqlRota
from storage.sightings import SqlSightings
from storage.waiting import AHEAD
from storage.writing import SqlTx

FORGET = 86_400.0
"""seconds after which a process that does not beat any more is forgotten"""


class SqlStore(SqlRota, SqlConversations, SqlSightings):
    """Implements `bot.ports.Store`. Connects at first use; the tables are `storage.migrate`'s business."""

    def __init__(self, url: str, *, clock: Clock | None = None, patience: float = 30.0) -> None:
        self.database = Database(url, patience=patience)
        self._machine = clock.machine if clock else time.time
        self._now = clock.now if clock else _now
        self._seconds_until = clock.seconds_until if clock else None
        self._policies = Policies()

    @contextmanager
    def transaction(self) -> Iterator[SqlTx]:
        with self.database.writing() as connection:
            moment = Moment(machine=self._machine(), now=self._now(), seconds_until=self._seconds_until)
            tx = SqlTx(connection, self._policies, moment)
            yield tx
            tx.flush()

    def ping(self) -> None:
        """Writes, as only that shows that it can be done: a full disk still answers questions."""
        self.beat("ping", "ping", machine=self._machine())

    def seconds(self) -> float:
        with self.database.reading() as connection:
            return reading.seconds(connection)

    def close(self) -> None:
        self.database.close()

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────

    def alert(self, alert_id: str, /) -> Alert | None:
        with self.database.reading() as connection:
            return reading.alert(connection, alert_id)

    def policy(self, name: str, version: int | None = None, /) -> Policy:
        with self.database.reading() as connection:
            return self._policies.get(connection, name, version)

    def alerts_by_short(self, short: str, /) -> list[Alert]:
        with self.database.reading() as connection:
            return reading.by_short(connection, short)

    def search(self, words: str, /, *, limit: int) -> list[Alert]:
        with self.database.reading() as connection:
            return finding.search(connection, words, limit)

    def cards(self, places: Mapping[str, str], /) -> dict[str, Receipt]:
        with self.database.reading() as connection:
            return finding.cards(connection, places)

    def alerts(self, which: AlertFilter, /) -> Page:
        """Raises ValueError for a cursor that is not one of ours."""
        with self.database.reading() as connection:
            return reading.page(connection, which)

    def events(self, alert_id: str, /, *, after: int = 0, limit: int = 500) -> tuple[Event, ...]:
        with self.database.reading() as connection:
            return reading.events_of(connection, alert_id, after=after, limit=limit)

    def due_alerts(self, now: datetime, /, *, limit: int) -> list[tuple[str, datetime]]:
        with self.database.reading() as connection:
            return reading.due(connection, now, limit=limit)

    def next_due(self, after: datetime, /) -> datetime | None:
        with self.database.reading() as connection:
            return reading.next_due(connection, after)

    def counts(self) -> dict[str, int]:
        with self.database.reading() as connection:
            return reading.counts(connection)

    # ── people, sources, policies ────────────────────────────────────────────────────────────────────────────────

    def people(self, ids: Iterable[str], /) -> dict[str, tuple[Person, datetime]]:
        """Known people by id or by `<platform>:<chat id>`, under the name they were asked for."""
        with self.database.reading() as connection:
            return people.known(connection, ids, self._now())

    def person_by_chat(self, platform: str, chat_id: str, /) -> tuple[Person, datetime] | None:
        with self.database.reading() as connection:
            return people.by_chat(connection, platform, chat_id, self._now())

    def save_people(self, wanted: Iterable[Person], /, *, at: datetime) -> None:
        with self.database.writing() as connection:
            people.save(connection, wanted, at)

    def sources(self) -> list[Source]:
        with self.database.reading() as connection:
            return people.all_sources(connection)

    def save_source(self, source: Source, /) -> None:
        with self.database.writing() as connection:
            people.save_source(connection, source)

    def newest_policies(self) -> list[Policy]:
        with self.database.reading() as connection:
            return self._policies.newest(connection)

    def save_policies(self, policies: Iterable[Policy], /, *, at: datetime) -> None:
        with self.database.writing() as connection:
            self._policies.save(connection, policies, at)
        self._policies.forget_newest()

    # ── deliveries ───────────────────────────────────────────────────────────────────────────────────────────────

    def waiting(self, machine: float, /) -> list[Waiting]:
        with self.database.reading() as connection:
            if not waiting.lost(connection, machine):
                return waiting.waiting(connection)
        with self.database.writing() as connection:
            lanes.lose(connection, machine)
        with self.database.reading() as connection:
            return waiting.waiting(connection)

    def stuck(self, *, limit: int) -> list[tuple[str, str]]:
        with self.database.reading() as connection:
            return waiting.stuck(connection, limit=limit)

    def due(self, delivery_id: int, /) -> Delivery | None:
        with self.database.reading() as connection:
            row = connection.execute(select(deliveries).where(deliveries.c.id == delivery_id)).first()
            return rows.delivery(row) if row else None

    def claim(  # noqa: PLR0913  each is a reason of its own to leave something alone
        self, lane: str, machine: float, /, *, lease: float, posts: bool = True, edits: bool = True, only: int = 0
    ) -> Claimed | None:
        wanted = Wanted(lane=lane, machine=machine, lease=lease, posts=posts, edits=edits, only=only)
        with self.database.reading() as connection:
            someone_stopped = waiting.lost(connection, machine)
        if someone_stopped:
            # By itself: PostgreSQL looks at the alert of a row that one transaction changes twice, and may wait for it.
            with self.database.writing() as connection:
                lanes.lose(connection, machine)
        with self.database.writing() as connection:
            return lanes.claim(connection, wanted)

    def settle(self, claimed: Claimed, settled: Settled, /) -> int | None:
        with self.database.writing() as connection:
            return lanes.settle(connection, claimed, settled, machine=self._machine())[1]

    def behind(self, *, limit: int) -> list[str]:
        with self.database.reading() as connection:
            return waiting.behind(connection, limit=limit)

    def due_sweeps(self, machine: float, /, *, limit: int) -> list[int]:
        with self.database.reading() as connection:
            return sweeping.due(connection, machine, limit=limit)

    def sweepable(self, delivery_id: int, /) -> tuple[Claimed, float] | None:
        with self.database.reading() as connection:
            return sweeping.sweepable(connection, delivery_id)

    def oldest(self, machine: float, /) -> dict[str, float]:
        with self.database.reading() as connection:
            return waiting.oldest(connection, machine, self._now())

    def unknown_for(self, machine: float, /) -> float:
        with self.database.reading() as connection:
            return waiting.unknown_for(connection, machine)

    def realign(self, machine: float, /, *, ahead: float = AHEAD) -> int:
        # Two transactions: whoever holds many deliveries must not wait for a lane.
        with self.database.writing() as connection:
            moved = waiting.realign_lanes(connection, machine, ahead)
        with self.database.writing() as connection:
            return moved + waiting.realign_deliveries(connection, machine, ahead)

    def moved_on(self, machine: float, /) -> int:
        with self.database.writing() as connection:
            return waiting.hasten(connection, machine, self._now())

    # ── what only an operator can mend ───────────────────────────────────────────────────────────────────────────

    def incident(self, kind: str, subject: str, /, *, detail: str, at: float) -> None:
        with self.database.writing() as connection:
            incidents.incident(connection, kind, subject, detail=detail, at=at)

    def mended(self, kind: str, subject: str, /, *, at: float) -> None:
        with self.database.writing() as connection:
            incidents.mended(connection, kind, subject, at=at)

    def incidents(self, *, untold: bool = False) -> list[Incident]:
        with self.database.reading() as connection:
            return incidents.known(connection, untold=untold)

    def told(self, incident_id: int, /, *, at: float) -> None:
        """`at`: when it was read; what ended since is news again."""
        with self.database.writing() as connection:
            incidents.told(connection, incident_id, at=at)

    # ── processes ────────────────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def alone(self, task: str, /) -> Iterator[bool]:
        """By an advisory lock that ends with the connection; SQLite is one machine, where one clock runs."""
        if self.database.is_sqlite:
            yield True
            return
        number = int.from_bytes(sha256(task.encode()).digest()[:8], signed=True)
        with self.database.writing() as connection:
            # The task may wait for the outside world, unlike everything else that is done in a transaction.
            connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = '60s'"))
            yield bool(connection.execute(select(func.pg_try_advisory_xact_lock(number))).scalar_one())

    def beat(self, kind: str, process: str, /, *, machine: float) -> None:
        with self.database.writing() as connection:
            upsert = insert_into(connection.dialect.name)(processes)
            upsert = upsert.on_conflict_do_update(index_elements=["kind", "process"], set_={"at": upsert.excluded.at})
            connection.execute(upsert, {"kind": kind, "process": process, "at": machine})
            connection.execute(delete(processes).where(processes.c.at < machine - FORGET))

    def beats(self) -> dict[str, float]:
        with self.database.reading() as connection:
            query = select(processes.c.kind, func.max(processes.c.at)).where(processes.c.kind != "ping")
            return {kind: at for kind, at in connection.execute(query.group_by(processes.c.kind))}


def _now() -> datetime:
    return datetime.now(UTC)
