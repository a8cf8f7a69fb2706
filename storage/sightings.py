"""Messages that somebody was shown, in a chat that cannot be read back: kept for an hour, by their delivery's mark.

Only of what is in doubt: every client that shows a card tells of it, and nearly all of them tell nothing new.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from sqlalchemy import Connection, Index, Table, and_, bindparam, delete, func, select, update

from bot.ports import Away, Conflict, Receipt
from storage import rows
from storage.engine import Database
from storage.models import deliveries
from storage.owing import insert_into
from storage.shapes import chars, metadata, seconds

AGE = 3600.0
"""machine seconds; twins are looked for ten minutes long"""
MOST = 20
"""messages of one delivery: whoever can forge a click cannot fill the database"""
log = logging.getLogger(__name__)

sightings = Table(
    "sightings",
    metadata,
    chars("delivery", primary_key=True),
    chars("channel", primary_key=True),
    chars("ts", primary_key=True),
    seconds("at"),
)
Index("ix_sightings_at", sightings.c.at)


class SqlSightings:
    """Implements `bot.ports.conversations.Sightings`; the database is whoever inherits this one's."""

    database: Database
    _machine: Callable[[], float]

    def saw(self, delivery: str, receipt: Receipt, /) -> None:
        try:
            with self.database.reading() as connection:
                wanted = _is_in_doubt(connection, delivery, receipt)
            if wanted:
                with self.database.writing() as connection:
                    _note(connection, delivery, receipt, self._machine())
        except (Away, Conflict):
            log.warning("what somebody was shown was not stored: the database is away")

    def gone(self, receipt: Receipt, /) -> None:
        try:
            with self.database.writing() as connection:
                connection.execute(_GONE, {"where": receipt.channel, "which": receipt.ts})
        except (Away, Conflict):
            log.warning("that a message was removed was not stored: the database is away")

    def seen(self, delivery: str, /) -> list[Receipt]:
        with self.database.reading() as connection:
            found = connection.execute(_SEEN, {"of": delivery, "since": self._machine() - AGE})
            return [Receipt(channel=row.channel, ts=row.ts) for row in found]


_SEEN = select(sightings.c.channel, sightings.c.ts).where(
    sightings.c.delivery == bindparam("of"), sightings.c.at > bindparam("since")
)
_KNOWN = select(sightings.c.at).where(
    sightings.c.delivery == bindparam("of"),
    sightings.c.channel == bindparam("where"),
    sightings.c.ts == bindparam("which"),
)
_GONE = delete(sightings).where(sightings.c.channel == bindparam("where"), sightings.c.ts == bindparam("which"))
_ROW = select(deliveries.c.receipt_channel, deliveries.c.receipt_ts, deliveries.c.posts).where(
    deliveries.c.key == bindparam("of")
)


def _is_in_doubt(connection: Connection, delivery: str, receipt: Receipt) -> bool:
    """Whether it may be another message than the one that is known, or one of several. No row: nobody owes it."""
    row = connection.execute(_ROW, {"of": delivery}).first()
    return row is not None and (row.receipt_ts != receipt.ts or row.posts > 1)


def _note(connection: Connection, delivery: str, receipt: Receipt, machine: float) -> None:
    connection.execute(delete(sightings).where(sightings.c.at < machine - AGE))
    of = select(func.count()).select_from(sightings).where(sightings.c.delivery == delivery)
    if connection.execute(of).scalar_one() >= MOST:
        return
    is_news = (
        connection.execute(_KNOWN, {"of": delivery, "where": receipt.channel, "which": receipt.ts}).first() is None
    )
    new = insert_into(connection.dialect.name)(sightings)
    said = new.on_conflict_do_update(index_elements=["delivery", "channel", "ts"], set_={"at": new.excluded.at})
    row = connection.execute(_ROW, {"of": delivery}).first()
    known = rows.receipt(row.receipt_channel, row.receipt_ts) if row and row.posts > 1 else None
    # The one that the row knows is there as well, though nobody was shown it yet: of two, neither may be forgotten.
    for one in (receipt, *((known,) if known and known != receipt else ())):
        connection.execute(said, {"delivery": delivery, "channel": one.channel, "ts": one.ts, "at": machine})
    _hasten(connection, delivery, receipt, machine, is_news=is_news)


def _hasten(connection: Connection, delivery: str, receipt: Receipt, machine: float, *, is_news: bool) -> None:
    """Of another message than the row knows whoever looks for twins hears now, not at the time of the next look.

    News while somebody is just looking come too late for that look. A changed time is what it fails on, so it is made
    once more; what is no news it knew, and nobody's clicks can keep it from ending.
    """
    other = and_(deliveries.c.key == delivery, deliveries.c.posts > 1, deliveries.c.receipt_ts != receipt.ts)
    awaited = deliveries.c.sweep_at.is_not(None) if is_news else deliveries.c.sweep_at > machine
    connection.execute(update(deliveries).where(other, awaited).values(sweep_at=machine))


class MemorySightings:
    """The same in memory, of whatever is told."""

    def __init__(self, machine: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._sighted_at = machine
        self._seen: dict[str, dict[Receipt, float]] = {}

    def saw(self, delivery: str, receipt: Receipt, /) -> None:
        found = self._seen.setdefault(delivery, {})
        if len(found) < MOST or receipt in found:
            found[receipt] = self._sighted_at()

    def gone(self, receipt: Receipt, /) -> None:
        for found in self._seen.values():
            found.pop(receipt, None)

    def seen(self, delivery: str, /) -> list[Receipt]:
        since = self._sighted_at() - AGE
        return [receipt for receipt, at in self._seen.get(delivery, {}).items() if at > since]
