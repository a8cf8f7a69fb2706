"""What is owed becomes rows: a card or a task is one row that is wanted in newer revisions, all else is said once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, exists, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.core.state import Alert, Owed, card_key, note_key
from storage import bulk, rows
from storage.models import DONE, HELD, STATES, deliveries


@dataclass(frozen=True)
class Owing:
    """What is owed, for which alert, since when (business time)."""

    owed: Owed
    alert: Alert
    since: datetime


def owe(connection: Connection, owing: Sequence[Owing]) -> dict[str, int]:
    """Store what is owed. Returns one delivery id for each lane that was touched."""
    instant, dialect = bulk.instants_for(connection), connection.dialect.name
    made = [(item, rows.delivery_row(item.owed, instant(item.since))) for item in owing]
    cards = [row for item, row in made if item.owed.kind in STATES]
    others = [row for item, row in made if item.owed.kind not in STATES and not item.owed.thread]
    replies = [{**row, "root": card_key(item.alert.id, item.owed.place)} for item, row in made if item.owed.thread]
    # Cards first. They lock the card's row, and whoever settles that card locks it too: so either the reply sees
    # that its card is shown, or settling the card sees the reply. It is never held for ever.
    bulk.execute(connection, _card(dialect), cards)
    bulk.execute(connection, _once(dialect), others)
    bulk.execute(connection, _reply(dialect), replies)
    first: dict[str, str] = {}
    for item in owing:
        if not item.owed.in_digest:
            first.setdefault(item.owed.place, item.owed.key)
    return {row.place: row.id for row in connection.execute(_IDS, {"keys": list(first.values())})}


def follow(connection: Connection, alert: Alert, was: str) -> None:
    """Replies that wait for a card that was never shown go to the alert's own place, and wait for the card there.

    A note that stands there already is not said twice.
    """
    here = and_(HELD, deliveries.c.alert_id == alert.id, deliveries.c.place == was)
    noted = {note_key(alert.id, row.seq, alert.place): row.id for row in connection.execute(_NOTES.where(here))}
    there = connection.execute(_KEYS, {"keys": [*noted, card_key(alert.id, alert.place)]}).all()
    twice = [noted[row.key] for row in there if row.key in noted]
    again = {"state": "superseded", "error": "it stands under another card"}
    connection.execute(update(deliveries).where(deliveries.c.id.in_(twice)), again)
    is_shown = any(row.key not in noted and row.receipt_ts is not None for row in there)
    moved = {"place": alert.place, "state": "pending" if is_shown else "held"}
    connection.execute(update(deliveries).where(here), moved)


_NOTES = select(deliveries.c.id, deliveries.c.seq).where(deliveries.c.kind == "note")
_KEYS = select(deliveries.c.key, deliveries.c.receipt_ts).where(deliveries.c.key.in_(bindparam("keys", expanding=True)))


_IDS = select(deliveries.c.id, deliveries.c.place).where(deliveries.c.key.in_(bindparam("keys", expanding=True)))


def insert_into(dialect: str) -> Any:
    """Both databases know ON CONFLICT; SQLAlchemy keeps it with each dialect."""
    return sqlite.insert if dialect == "sqlite" else postgresql.insert


@lru_cache
def _once(dialect: str) -> Any:
    return insert_into(dialect)(deliveries).on_conflict_do_nothing(index_elements=["key"])


@lru_cache
def _card(dialect: str) -> Any:
    """A newer revision of a card. One that is being sent is left alone: settling it finds that more is wanted."""
    statement = insert_into(dialect)(deliveries)
    new, old = statement.excluded, deliveries.c
    return statement.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "seq": new.seq,
            "generation": new.generation,
            "rank": new.rank,
            "state": case((DONE, literal_column("'pending'")), else_=old.state),
            "not_before": case((DONE, literal_column("0")), else_=old.not_before),
            "attempts": case((DONE, literal_column("0")), else_=old.attempts),
        },
    )


@lru_cache
def _reply(dialect: str) -> Any:
    """A reply is held until its card is shown."""
    root = deliveries.alias("root")
    shown = exists().where(root.c.key == bindparam("root"), root.c.receipt_ts.is_not(None))
    statement = insert_into(dialect)(deliveries).values(
        state=case((shown, bindparam("state")), else_=literal_column("'held'"))
    )
    return statement.on_conflict_do_nothing(index_elements=["key"])
