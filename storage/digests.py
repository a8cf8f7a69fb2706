"""The digest of all that one person is told: what is folded into it, and what is not said by itself at all.

The lane of their direct messages is locked by whoever calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from bot.core.state import Owed
from storage import models, rows
from storage.crowds import PAUSE, Chased, Moment, collects_until, digest, goes_out, messages_of, person_of
from storage.lanes import set_
from storage.models import DIGESTS, deliveries
from storage.owing import insert_into

_c = deliveries.c


def gather(
    connection: Connection, person: str, lane: str, moment: Moment, some: Sequence[Chased]
) -> list[tuple[str, str, str]]:
    """Their reminders into one digest, which goes out soon."""
    number, key = _digest(connection, digest(person, lane, some), moment, hourly=False)
    _fold(connection, number, key, some)
    return [(one.alert_id, one.key, key) for one in some]


def collect(connection: Connection, owed: Iterable[Owed], moment: Moment) -> None:
    """What was stored just now and is not said by itself, into one digest an hour for each whom it tells."""
    batched = sorted(owed, key=lane_of)
    stored = connection.execute(_STORED, {"keys": [one.key for one in batched]})
    numbers = {row.key: row.id for row in stored}
    for lane, theirs in groupby((one for one in batched if one.key in numbers), key=lane_of):
        some = [chased(numbers[one.key], one) for one in theirs]
        number, key = _digest(connection, digest(person_of(lane) or "", lane, some), moment, hourly=True)
        _fold(connection, number, key, some)


def lane_of(owed: Owed) -> str:
    """The direct messages of whom it tells."""
    return messages_of(owed.person, owed.place) if owed.person else owed.place


def chased(number: int, owed: Owed) -> Chased:
    person = owed.person or ""
    return Chased(id=number, key=owed.key, alert_id=owed.alert_id, rank=owed.rank, person=person, many=0)


def shared_row(owed: Owed, since: datetime) -> dict[str, Any]:
    """A delivery that speaks of many alerts."""
    return {**rows.delivery_row(owed, since), "alert_id": None}


def _fold(connection: Connection, number: int, key: str, some: Sequence[Chased]) -> None:
    told = {"state": "superseded", "folded_into": number, "error": f"told in {key}"}
    connection.execute(update(deliveries).where(_c.id.in_([one.id for one in some])), told)


def _digest(connection: Connection, owed: Owed, moment: Moment, *, hourly: bool) -> tuple[int, str]:
    """The person's digest that nobody has tried to say yet, or a new one."""
    counts = DIGESTS, _c.place == owed.place, _c.state.not_in(["superseded", "dead"])
    query = select(deliveries).where(*counts).order_by(_c.id.desc()).limit(1)
    last = connection.execute(query.with_for_update()).first()
    if last is not None and last.state == "pending" and last.attempts == 0 and last.version <= models.VERSION:
        set_(connection, last.id, _takes_up(last, owed, moment, hourly=hourly))
        return last.id, last.key
    said = last.created_at if last is not None else None
    since = goes_out(moment, said) if hourly else moment.now
    row = shared_row(owed, since)
    row["not_before"] = moment.second_of(since) if hourly else collects_until(moment, said)
    new = insert_into(connection.dialect.name)(deliveries).returning(_c.id)
    return int(connection.execute(new, row).scalar_one()), owed.key


def _takes_up(last: Row[Any], owed: Owed, moment: Moment, *, hourly: bool) -> dict[str, Any]:
    rank = {"rank": min(last.rank, owed.rank)}
    if hourly:
        return rank
    # What crowds a lane does not wait for the hour.
    since = min(last.created_at, moment.now + timedelta(seconds=PAUSE))
    return {**rank, "not_before": min(last.not_before, moment.machine + PAUSE), "created_at": since}


_STORED = select(_c.id, _c.key).where(
    _c.key.in_(bindparam("keys", expanding=True)), _c.state == "superseded", _c.folded_into.is_(None), _c.attempts == 0
)
