"""Lanes: who may serve one, with what next, and what became of it. One delivery of a lane is on its way at a time.

Locks are taken in one order everywhere, the alert before the lane before its deliveries, and lanes by their name: so
nobody waits for anybody in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, case, exists, or_, select, update

from bot.core.events import QUIET, Event, Kind
from bot.core.limits import limits_of
from bot.core.state import Alert, card_key, is_read
from bot.ports import Claimed, Delivery, Receipt, Settled
from storage import letters, models, rows
from storage.gathering import gathered
from storage.models import HELD, LASTING, LETTER, PASSING, SENDING, STATES, WAITING, alerts, deliveries, events, places
from storage.owing import insert_into

EDIT, POST = 0, 1
DONE = ("shown", "superseded", "dead")
LOUD = tuple(kind.value for kind in Kind if kind not in QUIET)
"""kinds of events that a card tells; what a newer version may record besides is none of them"""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a worker asks for: the next delivery of a lane, until `machine + lease`; see `Store.claim`."""

    lane: str
    machine: float
    lease: float
    posts: bool = True
    edits: bool = True
    only: int = 0


# ── claiming ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def claim(connection: Connection, wanted: Wanted) -> Claimed | None:
    """The lane's next delivery for this worker alone until its lease ends; None where there is nothing to serve."""
    lane, machine, until = wanted.lane, wanted.machine, wanted.machine + wanted.lease
    place = lock(connection, [lane])[lane]
    if place.lease_until > machine:
        return None
    row = _next(connection, wanted, free=place.free_at <= machine)
    if row is None:
        return None
    taken = _taken(row, machine)
    changes = {"state": "sending", "fence": taken.fence, "attempts": taken.attempts, "posts": taken.posts}
    set_(connection, row.id, {**changes, "lease_until": until, "attempted_at": taken.attempted_at})
    holds = {"holder": row.id, "fence": taken.fence, "lease_until": until}
    connection.execute(update(places).where(places.c.lane == lane), holds)
    return about(connection, taken, was_unknown=row.state == "unknown")


def lock(connection: Connection, lanes: Iterable[str]) -> dict[str, Row[Any]]:
    """The lanes' rows, made on demand, for us alone until the end of the transaction."""
    wanted = sorted(set(lanes))
    query = select(places).where(places.c.lane.in_(wanted)).order_by(places.c.lane).with_for_update()
    found = {row.lane: row for row in connection.execute(query)}
    if len(found) < len(wanted):
        new = insert_into(connection.dialect.name)(places).on_conflict_do_nothing(index_elements=["lane"])
        unused = {"free_at": 0.0, "holder": None, "fence": 0, "lease_until": 0.0}
        connection.execute(new, [{"lane": lane, **unused} for lane in wanted if lane not in found])
        found = {row.lane: row for row in connection.execute(query)}
    return found


def _taken(row: Row[Any], machine: float) -> Delivery:
    """The row as its new holder sees it. A look back has to reach the first attempt whose outcome nobody knows.

    A post counts from now on: whoever dies in the middle of it cannot say any more whether it arrived.
    """
    before = rows.delivery(row)
    return replace(
        before, state="sending", fence=before.fence + 1, attempts=before.attempts + 1, **sent(before, machine)
    )


def sent(before: Delivery, machine: float) -> dict[str, Any]:
    """What an attempt changes of the posts that were made: an edit nothing; a look has to reach the first of them."""
    if before.receipt is not None:
        return {}
    doubt = before.state == "unknown"
    since = before.attempted_at if doubt and before.attempted_at is not None else machine
    # Rows of the first version did not count.
    return {"posts": max(before.posts, int(doubt)) + 1, "attempted_at": since}


def about(connection: Connection, delivery: Delivery, *, was_unknown: bool = False) -> Claimed:
    """A delivery with all that its message is made of, as it is now."""
    if delivery.kind == LETTER:
        said = letters.said(connection, delivery.id)
        return Claimed(delivery=delivery, alert=None, letter=said, was_unknown=was_unknown)
    if not delivery.alert_id:
        many = gathered(connection, delivery)
        return Claimed(delivery=delivery, alert=None, gathered=many, was_unknown=was_unknown)
    row = connection.execute(select(*rows.ALERT).where(alerts.c.id == delivery.alert_id)).one()
    alert = rows.alert(row)
    return Claimed(
        delivery=delivery,
        alert=alert,
        events=_told(connection, delivery, alert),
        root=_root(connection, delivery, alert),
        was_unknown=was_unknown,
        overtaken=_overtaken(connection, delivery),
    )


def _told(connection: Connection, delivery: Delivery, alert: Alert) -> tuple[Event, ...]:
    query = select(events).where(events.c.alert_id == alert.id)
    if delivery.kind == "card":
        query = query.where(events.c.seq <= alert.revision, events.c.kind.in_(LOUD))
        query = query.order_by(events.c.seq.desc()).limit(1)
    else:
        query = query.where(events.c.seq == delivery.seq)
    return tuple(rows.event(row) for row in connection.execute(query))


def _root(connection: Connection, delivery: Delivery, alert: Alert) -> Receipt | None:
    """The alert's card; of a reply the one in its own place, wherever the alert has moved since."""
    key = card_key(alert.id, delivery.place if delivery.thread else alert.place)
    query = select(deliveries.c.receipt_channel, deliveries.c.receipt_ts)
    row = connection.execute(query.where(deliveries.c.key == key)).first()
    return rows.receipt(row.receipt_channel, row.receipt_ts) if row else None


def _overtaken(connection: Connection, delivery: Delivery) -> bool:
    if delivery.kind in (*LASTING, *STATES):
        return False
    newer = exists().where(
        PASSING,
        deliveries.c.alert_id == delivery.alert_id,
        deliveries.c.place == delivery.place,
        deliveries.c.kind == delivery.kind,
        deliveries.c.seq > delivery.seq,
        deliveries.c.thread == delivery.thread,
    )
    return bool(connection.execute(select(newer)).scalar())


def _next(connection: Connection, wanted: Wanted, *, free: bool) -> Row[Any] | None:
    """What is served next: by severity, then age; while the lane is paced only edits, where they are not counted."""
    edits = wanted.edits and (free or not limits_of(wanted.lane).pace.edits)
    kinds = [kind for kind, may in ((EDIT, edits), (POST, wanted.posts and free)) if may]
    found = [row for kind in kinds if (row := connection.execute(_first(wanted, kind)).first())]
    return min(found, key=lambda row: (row.rank, row.id), default=None)


def _first(wanted: Wanted, kind: int) -> Select[Any]:
    query = select(deliveries).where(WAITING, deliveries.c.place == wanted.lane, deliveries.c.post == kind)
    # The sum keeps databases from sorting the whole backlog by way of the index on `not_before`.
    query = query.where(deliveries.c.not_before + 0.0 <= wanted.machine, deliveries.c.version <= models.VERSION)
    if wanted.only:
        query = query.where(deliveries.c.id == wanted.only)
    # A row that somebody is changing is skipped: their change comes with a hint of its own.
    return query.order_by(deliveries.c.rank, deliveries.c.id).limit(1).with_for_update(skip_locked=True)


# ── settling ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def settle(connection: Connection, claimed: Claimed, settled: Settled, *, machine: float) -> tuple[bool, int | None]:
    """Store what became of an attempt and free the lane. (False, None) where the fence moved on.

    The second is a delivery id of the lane that can be served at `machine`, or None.
    """
    delivery = claimed.delivery
    lane = delivery.place
    place = lock(connection, [lane])[lane]
    mine = and_(deliveries.c.id == delivery.id, deliveries.c.fence == delivery.fence)
    if _told_too_soon(connection, claimed, settled):
        settled = replace(settled, state="pending")
    outcome = update(deliveries).where(mine).values(_outcome(claimed, settled)).returning(deliveries.c.state)
    state = connection.execute(outcome).scalar_one_or_none()
    if state is None:
        return False, None
    if delivery.kind == "card":
        _replies(connection, delivery, settled, state)
        _tasks(connection, claimed, settled)
    if delivery.kind == "digest" and state == "dead":
        _ungather(connection, delivery)
    paced = pace(place, lane, settled)
    holds = (place.holder, place.fence) == (delivery.id, delivery.fence)
    lease_until = 0.0 if holds else place.lease_until
    connection.execute(update(places).where(places.c.lane == lane), {**paced, "lease_until": lease_until})
    if lease_until > machine:
        return True, None
    following = _next(connection, Wanted(lane=lane, machine=machine, lease=0.0), free=paced["free_at"] <= machine)
    return True, following.id if following else None


def pace(place: Any, lane: str, settled: Settled) -> dict[str, Any]:
    """What an attempt leaves of its lane's pace: `free_at`, and `asked` where something was used up."""
    free_at = max(place.free_at, settled.lane_free_at)
    if not settled.asked_at:
        return {"free_at": free_at}
    asked, paced_until = limits_of(lane).pace.after(place.asked or (), settled.asked_at)
    return {"free_at": max(free_at, paced_until), "asked": [round(at, 3) for at in asked] or None}


def _replies(connection: Connection, root: Delivery, settled: Settled, state: str) -> None:
    """Those that wait for this card: now they may go, or they are superseded with it."""
    held = and_(HELD, deliveries.c.alert_id == root.alert_id, deliveries.c.place == root.place)
    if settled.forget:
        # They wait for the one that is posted anew.
        waits = and_(WAITING, deliveries.c.state == "pending", deliveries.c.thread)
        here = and_(waits, deliveries.c.alert_id == root.alert_id, deliveries.c.place == root.place)
        connection.execute(update(deliveries).where(here), {"state": "held"})
    elif settled.receipt:
        connection.execute(update(deliveries).where(held), {"state": "pending"})
    elif (state == "superseded" or settled.ends_replies) and root.receipt is None:
        connection.execute(update(deliveries).where(held), {"state": "superseded", "error": settled.error})


def _told_too_soon(connection: Connection, claimed: Claimed, settled: Settled) -> bool:
    """Whether a task was written while its alert's card was being shown: it does not name the card's address yet.

    The card's row is locked first, as whoever settles the card locks it: so one of the two sees the other.
    """
    alert = claimed.alert
    if alert is None or claimed.delivery.kind != "task" or claimed.root is not None or settled.state != "shown":
        return False
    key = card_key(alert.id, alert.place)
    query = select(deliveries.c.receipt_ts).where(deliveries.c.key == key).with_for_update()
    return connection.execute(query).scalar_one_or_none() is not None


def _tasks(connection: Connection, claimed: Claimed, settled: Settled) -> None:
    """Tasks that were made before their alert's card was there: now they can name its address."""
    alert = claimed.alert
    if alert is None or settled.receipt is None or claimed.delivery.place != alert.place:
        return
    if keys := [card_key(alert.id, place) for place in alert.also if not is_read(place)]:
        again = update(deliveries).where(deliveries.c.key.in_(keys), deliveries.c.state == "shown")
        connection.execute(again, {"state": "pending", "attempts": 0, "not_before": 0.0})


def _ungather(connection: Connection, digest: Delivery) -> None:
    """A digest that cannot be said: what it gathered is said one by one, and not gathered again."""
    theirs = deliveries.c.folded_into == digest.id
    alone = {"state": "pending", "folded_into": None, "attempts": 1, "error": "its digest could not be said"}
    connection.execute(update(deliveries).where(theirs), alone)


def revision_of(claimed: Claimed) -> int:
    """The revision that a claimed delivery shows where it succeeds."""
    is_card = claimed.delivery.kind in ("card", "task") and claimed.alert is not None
    return claimed.alert.revision if is_card and claimed.alert else claimed.delivery.seq


def _outcome(claimed: Claimed, settled: Settled) -> dict[str, Any]:
    delivery, shown = claimed.delivery, revision_of(claimed)
    outcome: dict[str, Any] = {
        "state": settled.state,
        "not_before": settled.not_before,
        "lease_until": 0.0,
        "error": settled.error,
    }
    if not settled.posted and delivery.receipt is None:
        outcome["posts"] = deliveries.c.posts - 1
    if settled.sweep_at is not None:
        outcome |= {"sweep_at": settled.sweep_at, "sweeps": 0}
    if settled.receipt and delivery.receipt is None:
        outcome |= {"receipt_channel": settled.receipt.channel, "receipt_ts": settled.receipt.ts, "post": EDIT}
    adopted = deliveries.c.receipt_ts.is_distinct_from(delivery.receipt.ts if delivery.receipt else None)
    if settled.forget:
        # Unless another message counts by now: then that is edited next.
        gone = {"receipt_channel": None, "receipt_ts": None, "post": POST, "shown": 0, "posts": 0}
        outcome |= {name: case((adopted, deliveries.c[name]), else_=value) for name, value in gone.items()}
    if settled.state == "shown":
        outcome["shown"] = shown
    if delivery.kind in STATES and settled.state in DONE:
        # Somebody changed the alert while its card was on its way: what is wanted now is newer.
        newer = or_(deliveries.c.seq > shown, adopted)
        outcome["state"] = case((newer, "pending"), else_=settled.state)
        outcome["attempts"] = case((newer, 0), else_=deliveries.c.attempts)
    return outcome


def lose(connection: Connection, machine: float, lane: str | None = None) -> None:
    """Attempts whose lease ran out: nobody knows what became of them."""
    query = select(deliveries.c.id).where(SENDING, deliveries.c.lease_until <= machine)
    if lane is not None:
        query = query.where(deliveries.c.place == lane)
    for delivery_id in connection.execute(query.with_for_update(skip_locked=True)).scalars().all():
        set_(connection, delivery_id, {"state": "unknown"})


def set_(connection: Connection, delivery_id: int, values: dict[str, Any]) -> None:
    connection.execute(update(deliveries).where(deliveries.c.id == delivery_id).values(values))
