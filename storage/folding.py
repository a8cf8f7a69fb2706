"""Folding a lane that is far behind: one shared card for those that wait, one digest for what chases a person.

Three steps, in the order in which locks are taken: `chased` looks who is chased too much, the transaction locks their
alerts, `fold` locks the lanes and does it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, case, func, select, update

from bot.ports import Folding
from storage import models
from storage.crowds import (
    BATCH,
    CALM,
    CROWD,
    MANY,
    OPEN,
    OVER,
    REFRESH,
    Chased,
    Moment,
    messages_of,
    person_of,
    share,
    shared_card,
)
from storage.digests import gather, shared_row
from storage.lanes import lock, set_
from storage.models import CARDS, CHASING, alerts, deliveries, places
from storage.owing import insert_into

# ── who is chased too much ───────────────────────────────────────────────────────────────────────────────────────────


def chased(connection: Connection, lane: str) -> list[Chased]:
    """What one call gathers, oldest first of each person. Locks nothing."""
    person = person_of(lane)
    given = {"lane": lane, "version": models.VERSION, "person": person}
    found = connection.execute(_CHASED_OWNERS if person is None else _CHASED_PERSON, given)
    return share([Chased(**row._mapping) for row in found])


_MINE = and_(CHASING, deliveries.c.place == bindparam("lane"), deliveries.c.version <= bindparam("version"))
_PLAIN = (deliveries.c.id, deliveries.c.key, deliveries.c.alert_id, deliveries.c.rank)
_PERSON = bindparam("person", type_=deliveries.c.place.type)
_LIMIT = BATCH + MANY + 1


def _of_person() -> Any:
    oldest = select(*_PLAIN).where(_MINE).order_by(deliveries.c.id).limit(_LIMIT).subquery()
    many = select(func.count()).select_from(oldest).scalar_subquery()
    query = select(oldest, _PERSON.label("person"), many.label("many"))
    return query.where(many > MANY).order_by(oldest.c.id)


def _of_owners() -> Any:
    many = func.count().over(partition_by=alerts.c.owner).label("many")
    all_ = select(*_PLAIN, alerts.c.owner.label("person"), many)
    all_ = all_.select_from(deliveries.join(alerts, alerts.c.id == deliveries.c.alert_id)).where(_MINE)
    owed = all_.subquery()
    return select(owed).where(owed.c.many > MANY).order_by(owed.c.person, owed.c.id).limit(_LIMIT)


_CHASED_PERSON, _CHASED_OWNERS = _of_person(), _of_owners()


# ── folding ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def fold(connection: Connection, lane: str, moment: Moment, *, among: Sequence[Chased]) -> tuple[Folding, list[int]]:
    """Fold the lane; `among` are reminders whose alerts are locked. The second: what can be served at once."""
    theirs = {one.person: messages_of(one.person, lane) for one in among}
    place = lock(connection, [lane, *theirs.values()])[lane]
    owed = _fold_cards(connection, lane, place, moment)
    gathered: list[tuple[str, str, str]] = []
    still = _still_waiting(connection, among)
    for person, some in groupby((one for one in among if one.id in still), key=attrgetter("person")):
        gathered += gather(connection, person, theirs[person], moment, list(some))
    return Folding(gathered=tuple(gathered)), owed


def _still_waiting(connection: Connection, among: Sequence[Chased]) -> set[int]:
    query = select(deliveries.c.id).where(CHASING, deliveries.c.id.in_([one.id for one in among]))
    return set(connection.execute(query.order_by(deliveries.c.id).with_for_update(skip_locked=True)).scalars())


def _fold_cards(connection: Connection, lane: str, place: Row[Any], moment: Moment) -> list[int]:
    """Owe the lane's shared card, a newer revision of it, or its last one."""
    if place.fold is None:
        if not _more_than(connection, lane, CROWD):
            return []
        fold = _open(connection, lane, moment)
        _keep(connection, lane, fold, moment.machine)
        return [fold]
    if not _more_than(connection, lane, CALM):
        set_(connection, place.fold, _LAST)
        _keep(connection, lane, None, moment.machine)
        return [place.fold]
    if place.fold_at + REFRESH > moment.machine:
        return []
    set_(connection, place.fold, _NEWER)
    _keep(connection, lane, place.fold, moment.machine)
    return [place.fold]


def _more_than(connection: Connection, lane: str, number: int) -> bool:
    query = select(deliveries.c.id).where(CARDS, deliveries.c.place == lane).limit(1).offset(number)
    return connection.execute(query).first() is not None


def _keep(connection: Connection, lane: str, fold: int | None, machine: float) -> None:
    connection.execute(update(places).where(places.c.lane == lane), {"fold": fold, "fold_at": machine})


def _open(connection: Connection, lane: str, moment: Moment) -> int:
    order = deliveries.c.rank, deliveries.c.id
    query = select(deliveries.c.id).where(CARDS, deliveries.c.place == lane).order_by(*order).limit(1)
    first = connection.execute(query).scalar_one()
    new = insert_into(connection.dialect.name)(deliveries)
    # A card that waits for very long may be the first of two storms: then the same shared card tells of both.
    reopened = new.on_conflict_do_update(index_elements=["key"], set_={**_NEWER, "generation": OPEN})
    row = shared_row(shared_card(lane, first), moment.now)
    return int(connection.execute(reopened.returning(deliveries.c.id), row).scalar_one())


_c = deliveries.c
_shown = _c.state.in_(["shown", "superseded"])
# What waits says whatever is true when it goes out; what was refused for good is not said again.
_NEWER = {
    "seq": _c.seq + 1,
    "state": case((_shown, "pending"), else_=_c.state),
    "attempts": case((_shown, 0), else_=_c.attempts),
    "not_before": case((_shown, 0.0), else_=_c.not_before),
}
_unseen = and_(_c.state == "pending", _c.posts == 0, _c.attempts == 0, _c.receipt_ts.is_(None))
_LAST = {
    **_NEWER,
    "generation": OVER,
    "state": case((_unseen, "superseded"), (_shown, "pending"), else_=_c.state),
    "error": case((_unseen, "the lane has caught up"), else_=_c.error),
}
