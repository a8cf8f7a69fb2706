"""The store: what we remember, in SQLite or PostgreSQL, behind the loop's port."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import delete, func, select

from bot.core.events import Event
from bot.core.people import Person
from bot.core.policy import Policy
from bot.core.state import Alert
from bot.ports import AlertFilter, Claimed, Clock, Page, Settled, Source
from storage import lanes, people, reading
from storage.engine import Database
from storage.models import deliveries, processes
from storage.owing import insert_into
from storage.policies import Policies
from storage.writing import SqlTx

FORGET = 86_400.0
"""seconds after which a process that does not beat any more is forgotten"""


class SqlStore:
    """Implements `bot.ports.Store`. Connects at first use; the tables are `storage.migrate`'s business."""

    def __init__(self, url: str, *, clock: Clock | None = None, patience: float = 30.0) -> None:
        self.database = Database(url, patience=patience)
        self._machine = clock.machine if clock else time.time
        self._policies = Policies()

    @contextmanager
    def transaction(self) -> Iterator[SqlTx]:
        with self.database.writing() as connection:
            tx = SqlTx(connection, self._policies, self._machine())
            yield tx
            tx.flush()

    def ping(self) -> None:
        """Writes, as only that shows that it can be done: a full disk still answers questions."""
        self.beat("ping", "ping", machine=self._machine())

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

    def stuck(self, *, limit: int) -> list[tuple[str, str]]:
        with self.database.reading() as connection:
            return reading.stuck(connection, limit=limit)

    # ── people, sources, policies ────────────────────────────────────────────────────────────────────────────────

    def people(self, ids: Iterable[str], /) -> dict[str, tuple[Person, datetime]]:
        """Known people by id or by `<platform>:<chat id>`, under the name they were asked for."""
        with self.database.reading() as connection:
            return people.known(connection, ids)

    def person_by_chat(self, platform: str, chat_id: str, /) -> tuple[Person, datetime] | None:
        with self.database.reading() as connection:
            return people.by_chat(connection, platform, chat_id)

    def save_people(self, wanted: Iterable[Person], /, *, at: datetime) -> None:
        with self.database.writing() as connection:
            people.save(connection, wanted, at)

    def sources(self) -> list[Source]:
        with self.database.reading() as connection:
            return people.all_sources(connection)

    def save_source(self, source: Source, /) -> None:
        with self.database.writing() as connection:
            people.save_source(connection, source)

    def save_policies(self, policies: Iterable[Policy], /, *, at: datetime) -> None:
        with self.database.writing() as connection:
            self._policies.save(connection, policies, at)
        self._policies.forget_newest()

    # ── deliveries ───────────────────────────────────────────────────────────────────────────────────────────────

    def due_lanes(self, machine: float, /, *, limit: int) -> list[tuple[str, int]]:
        with self.database.reading() as connection:
            someone_stopped = lanes.lost(connection, machine)
        if someone_stopped:
            with self.database.writing() as connection:
                lanes.lose(connection, machine)
        with self.database.reading() as connection:
            due = [found for found in lanes.waiting(connection) if found.at <= machine]
        due.sort(key=lambda found: found.at)
        return [(found.lane, found.delivery) for found in due[:limit]]

    def next_lane_at(self, machine: float, /) -> float | None:
        with self.database.reading() as connection:
            return min((found.at for found in lanes.waiting(connection) if found.at > machine), default=None)

    def lane_of(self, delivery_id: int, /) -> str | None:
        with self.database.reading() as connection:
            query = select(deliveries.c.place).where(deliveries.c.id == delivery_id)
            return connection.execute(query).scalar_one_or_none()

    def claim(self, lane: str, machine: float, /, *, lease: float) -> Claimed | None:
        with self.database.writing() as connection:
            return lanes.claim(connection, lane, machine, lease=lease)

    def settle(self, claimed: Claimed, settled: Settled, /) -> int | None:
        with self.database.writing() as connection:
            return lanes.settle(connection, claimed, settled, machine=self._machine())

    # ── processes ────────────────────────────────────────────────────────────────────────────────────────────────

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
