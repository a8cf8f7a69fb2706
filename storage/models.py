"""The tables. Their constraints carry the promises: what must never be is refused here, whoever writes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    and_,
    literal_column,
    text,
)

from storage.columns import Exact, Instant, Number, Packed

VERSION = 1
"""of the protocol by which deliveries are served: rows that need a newer one are left alone"""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _text(name: str, **more: Any) -> Column[str]:
    return Column(name, Text, nullable=False, **more)


def _integer(name: str, *, default: str | None = None) -> Column[int]:
    """`default` is the database's own: an older version of this code writes beside us and does not know the column."""
    return Column(name, Integer, nullable=False, server_default=text(default) if default else None)


def _instant(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, Instant, nullable=nullable)


def _seconds(name: str, *, nullable: bool = False) -> Column[float]:
    return Column(name, Double, nullable=nullable)


sources = Table(
    "sources",
    metadata,
    _text("id", primary_key=True),
    _text("name", unique=True),
    _text("kind"),
    Column("keys", Packed, nullable=False),
)

people = Table(
    "people",
    metadata,
    _text("id", primary_key=True),
    _text("name"),
    Column("manager", Text),
    _text("time_zone"),
    Column("active", Boolean, nullable=False),
    _text("kind"),
    Column("chat", Packed, nullable=False),
    _instant("asked_at"),
)

chat_ids = Table(
    "chat_ids",
    metadata,
    _text("platform", primary_key=True),
    _text("chat_id", primary_key=True),
    Column("person", Text, ForeignKey("people.id", ondelete="RESTRICT"), nullable=False, index=True),
)

policies = Table(
    "policies",
    metadata,
    _text("name", primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("data", Packed, nullable=False),
    _instant("at"),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Exact, primary_key=True),
    # The last six characters of the id, backwards: people type an id from its end, an index reads from the front.
    Column("tail", Exact, nullable=False, index=True),
    _text("source"),
    _text("dedup_key"),
    Column("signal", Packed, nullable=False),
    _text("severity"),
    _text("status"),
    _text("owner"),
    _text("place"),
    _text("policy"),
    _integer("policy_version"),
    _instant("raised_at"),
    _integer("generation"),
    _integer("revision"),
    _integer("count"),
    _instant("last_raised_at"),
    _instant("due_at", nullable=True),
    _integer("step"),
    _integer("asked"),
    _instant("snoozed_until", nullable=True),
    _instant("acknowledged_at", nullable=True),
    _instant("resolve_by", nullable=True),
    _instant("finished_at", nullable=True),
    Column("resolution", Text),
    Column("resolution_link", Text),
    Column("declined", Packed, nullable=False),
    _integer("returned"),
    ForeignKeyConstraint(["policy", "policy_version"], ["policies.name", "policies.version"], ondelete="RESTRICT"),
    # Nothing goes quiet: whoever is not finished has an owner and a next instant.
    CheckConstraint("finished_at IS NOT NULL OR (owner <> '' AND due_at IS NOT NULL)", name="never_quiet"),
    # What the partial indexes call finished and what the status calls finished are the same.
    CheckConstraint("(status IN ('closed', 'dismissed')) = (finished_at IS NOT NULL)", name="finished"),
)

UNFINISHED = alerts.c.finished_at.is_(None)
FINISHED = alerts.c.finished_at.is_not(None)


def _some(name: str, condition: ColumnElement[bool], *columns: Column[Any], unique: bool = False) -> Index:
    """An index over the rows that matter now: its size follows the work, not what is stored."""
    return Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


Index("ix_alerts_raised_at", alerts.c.raised_at, alerts.c.id)
_some("uq_alerts_unfinished_key", UNFINISHED, alerts.c.source, alerts.c.dedup_key, unique=True)
_some("ix_alerts_finished_key", FINISHED, alerts.c.source, alerts.c.dedup_key, alerts.c.finished_at)
_some("ix_alerts_due", UNFINISHED, alerts.c.due_at, alerts.c.id)
# With `finished_at`, which says nothing in here, SQLite counts by status without reading a single alert.
_some("ix_alerts_owner", UNFINISHED, alerts.c.owner, alerts.c.status, alerts.c.finished_at)

events = Table(
    "events",
    metadata,
    Column("id", Number, primary_key=True),
    Column("alert_id", Exact, ForeignKey("alerts.id", ondelete="RESTRICT"), nullable=False),
    _integer("seq"),
    _instant("at"),
    _text("kind"),
    _text("actor_kind"),
    _text("actor_id"),
    _text("actor_name"),
    _integer("generation"),
    _text("reason"),
    Column("data", Packed, nullable=False),
    UniqueConstraint("alert_id", "seq"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Number, primary_key=True),
    _text("key", unique=True),
    _text("kind"),
    # NULL: it speaks of many alerts.
    Column("alert_id", Exact, ForeignKey("alerts.id", ondelete="RESTRICT"), nullable=True),
    _integer("seq"),
    _integer("generation"),
    _text("place"),
    _integer("rank"),
    Column("thread", Boolean, nullable=False),
    # `held` is a `pending` reply whose card is not shown yet: nothing looks at it until the card is.
    _text("state"),
    # 1: goes out as a new message, and is paced; 0: edits one that is there.
    _integer("post"),
    _integer("attempts"),
    _seconds("not_before"),
    _integer("fence"),
    _seconds("lease_until"),
    _integer("shown"),
    Column("receipt_channel", Text),
    Column("receipt_ts", Text),
    _seconds("attempted_at", nullable=True),
    _instant("created_at"),
    _text("error"),
    _integer("posts", default="0"),
    _seconds("sweep_at", nullable=True),
    # How often its twins were looked for.
    _integer("sweeps", default="0"),
    # The digest that says it instead.
    Column("folded_into", Number),
    _integer("version", default="1"),
    CheckConstraint("state IN ('pending', 'held', 'sending', 'unknown', 'shown', 'superseded', 'dead')", name="state"),
)


def state_in(*states: str) -> ColumnElement[bool]:
    """A condition written out in full: a partial index is only used where the database can read that it applies."""
    return deliveries.c.state.in_(_words(states))


def _words(words: tuple[str, ...]) -> list[ColumnElement[str]]:
    return [literal_column(f"'{word}'") for word in words]


SHARED = ("fold", "digest")
"""kinds that speak of many alerts"""
LASTING = ("card", "note", *SHARED)
"""kinds that are worth saying whatever happened since"""
REMINDERS = ("nudge", "check_in", "assigned", "escalation")
"""kinds of which one person may be owed so many that one digest says more"""

WAITING = state_in("pending", "unknown")
SENDING = state_in("sending")
HELD = state_in("held")
DONE = state_in("shown", "superseded", "dead")
CARDS = and_(WAITING, deliveries.c.post == literal_column("1"), deliveries.c.kind == literal_column("'card'"))
"""cards that were never shown and wait"""
_UNTRIED = deliveries.c.attempts == literal_column("0")
CHASING = and_(state_in("pending", "held"), deliveries.c.kind.in_(_words(REMINDERS)), _UNTRIED)
"""reminders that nobody has tried to say yet"""
PASSING = deliveries.c.kind.not_in(_words(LASTING))
DIGESTS = deliveries.c.kind == literal_column("'digest'")
FOLDED = deliveries.c.folded_into.is_not(None)
SWEEPING = deliveries.c.sweep_at.is_not(None)

_some("ix_deliveries_when", WAITING, deliveries.c.place, deliveries.c.post, deliveries.c.not_before)
_some("ix_deliveries_next", WAITING, deliveries.c.place, deliveries.c.post, deliveries.c.rank, deliveries.c.id)
_some("ix_deliveries_sending", SENDING, deliveries.c.lease_until)
_some("ix_deliveries_held", HELD, deliveries.c.alert_id)
_some("ix_deliveries_chasing", CHASING, deliveries.c.place, deliveries.c.id)
_some("ix_deliveries_passing", PASSING, deliveries.c.alert_id, deliveries.c.place, deliveries.c.kind, deliveries.c.seq)
_some("ix_deliveries_digests", DIGESTS, deliveries.c.place, deliveries.c.id)
_some("ix_deliveries_folded", FOLDED, deliveries.c.folded_into)
_some("ix_deliveries_sweep", SWEEPING, deliveries.c.sweep_at)

places = Table(
    "places",
    metadata,
    _text("lane", primary_key=True),
    _seconds("free_at"),
    # Who serves the lane until when: a delivery and its fence.
    Column("holder", Number),
    _integer("fence"),
    _seconds("lease_until"),
    # The shared card of a lane that is far behind, and when it was owed last (machine seconds).
    Column("fold", Number),
    Column("fold_at", Double, nullable=False, server_default=text("0")),
)

FOLDING = places.c.fold.is_not(None)
_some("ix_places_fold", FOLDING, places.c.lane)

incidents = Table(
    "incidents",
    metadata,
    Column("id", Number, primary_key=True),
    _text("kind"),
    _text("subject"),
    _text("detail"),
    _seconds("since"),
    _seconds("last_at"),
    _integer("count"),
    _seconds("ended_at", nullable=True),
    _seconds("told_open_at", nullable=True),
    _seconds("told_ended_at", nullable=True),
)

ONGOING = incidents.c.ended_at.is_(None)
_some("uq_incidents_ongoing", ONGOING, incidents.c.kind, incidents.c.subject, unique=True)
_some("ix_incidents_untold", incidents.c.told_ended_at.is_(None), incidents.c.id)

interactions = Table(
    "interactions",
    metadata,
    _text("source", primary_key=True),
    _text("id", primary_key=True),
    _text("digest"),
    Column("answer", Packed, nullable=False),
    # Machine seconds: what is old can be forgotten.
    _seconds("at"),
)

processes = Table(
    "processes",
    metadata,
    _text("kind", primary_key=True),
    _text("process", primary_key=True),
    _seconds("at"),
)
