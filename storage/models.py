"""The tables. Their constraints carry the promises: what must never be is refused here, whoever writes.

Those of people and their time are in `storage.rota_models`.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Table,
    Text,
    UniqueConstraint,
    and_,
    literal_column,
    text,
)

from bot.ports.rows import STATES as STATES
from storage.columns import Exact, Number, Packed
from storage.shapes import chars, instant, listed, metadata, seconds, some, whole

VERSION = 3
"""of the protocol by which deliveries are served: rows that need a newer one are left alone"""
LETTERS = 2
"""the version from which on letters are understood: an older one would take them for digests of nothing"""
TASKS = 3
"""the version from which on tasks, what is said of them and mail are understood"""

sources = Table(
    "sources",
    metadata,
    chars("id", primary_key=True),
    chars("name", unique=True),
    chars("kind"),
    Column("keys", Packed, nullable=False),
)

policies = Table(
    "policies",
    metadata,
    chars("name", primary_key=True),
    whole("version", primary_key=True, autoincrement=False),
    Column("data", Packed, nullable=False),
    instant("at"),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", Exact, primary_key=True),
    # The last six characters of the id, backwards: people type an id from its end, an index reads from the front.
    Column("tail", Exact, nullable=False, index=True),
    chars("source"),
    chars("dedup_key"),
    Column("signal", Packed, nullable=False),
    chars("severity"),
    chars("status"),
    chars("owner"),
    chars("place"),
    chars("policy"),
    whole("policy_version"),
    instant("raised_at"),
    whole("generation"),
    whole("revision"),
    whole("count"),
    instant("last_raised_at"),
    instant("due_at", nullable=True),
    whole("step"),
    whole("asked"),
    instant("snoozed_until", nullable=True),
    instant("acknowledged_at", nullable=True),
    instant("resolve_by", nullable=True),
    instant("finished_at", nullable=True),
    Column("resolution", Text),
    Column("resolution_link", Text),
    Column("declined", Packed, nullable=False),
    whole("returned"),
    instant("answer_by", nullable=True),
    instant("step_since", nullable=True),
    whole("loops", default="0"),
    listed("asking"),
    whole("hops", default="0"),
    whole("snoozes", default="0"),
    listed("responders"),
    Column("dismissal_by", Text),
    Column("dismissal_reason", Text),
    Column("held_by", Text),
    # The mute that held it back when it was raised: `held_by` ends with the mute, this stays.
    Column("raised_under", Text),
    # Where else it is shown.
    listed("also"),
    ForeignKeyConstraint(["policy", "policy_version"], ["policies.name", "policies.version"], ondelete="RESTRICT"),
    # Nothing goes quiet: whoever is not finished has an owner and a next instant.
    CheckConstraint("finished_at IS NOT NULL OR (owner <> '' AND due_at IS NOT NULL)", name="never_quiet"),
    # What the partial indexes call finished and what the status calls finished are the same.
    CheckConstraint("(status IN ('closed', 'dismissed')) = (finished_at IS NOT NULL)", name="finished"),
)

UNFINISHED = alerts.c.finished_at.is_(None)
FINISHED = alerts.c.finished_at.is_not(None)


Index("ix_alerts_raised_at", alerts.c.raised_at, alerts.c.id)
some("uq_alerts_unfinished_key", UNFINISHED, alerts.c.source, alerts.c.dedup_key, unique=True)
some("ix_alerts_finished_key", FINISHED, alerts.c.source, alerts.c.dedup_key, alerts.c.finished_at)
some("ix_alerts_due", UNFINISHED, alerts.c.due_at, alerts.c.id)
# With `finished_at`, which says nothing in here, SQLite counts by status without reading a single alert.
some("ix_alerts_owner", UNFINISHED, alerts.c.owner, alerts.c.status, alerts.c.finished_at)
HELD_BACK = alerts.c.raised_under.is_not(None)
some("ix_alerts_raised_under", HELD_BACK, alerts.c.raised_under)

events = Table(
    "events",
    metadata,
    Column("id", Number, primary_key=True),
    Column("alert_id", Exact, ForeignKey("alerts.id", ondelete="RESTRICT"), nullable=False),
    whole("seq"),
    instant("at"),
    chars("kind"),
    chars("actor_kind"),
    chars("actor_id"),
    chars("actor_name"),
    whole("generation"),
    chars("reason"),
    Column("data", Packed, nullable=False),
    UniqueConstraint("alert_id", "seq"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Number, primary_key=True),
    chars("key", unique=True),
    chars("kind"),
    # NULL: it speaks of many alerts.
    Column("alert_id", Exact, ForeignKey("alerts.id", ondelete="RESTRICT"), nullable=True),
    whole("seq"),
    whole("generation"),
    chars("place"),
    whole("rank"),
    Column("thread", Boolean, nullable=False),
    # `held` is a `pending` reply whose card is not shown yet: nothing looks at it until the card is.
    chars("state"),
    # 1: goes out as a new message, and is paced; 0: edits one that is there.
    whole("post"),
    whole("attempts"),
    seconds("not_before"),
    whole("fence"),
    seconds("lease_until"),
    whole("shown"),
    Column("receipt_channel", Text),
    Column("receipt_ts", Text),
    seconds("attempted_at", nullable=True),
    instant("created_at"),
    chars("error"),
    whole("posts", default="0"),
    seconds("sweep_at", nullable=True),
    # How often its twins were looked for.
    whole("sweeps", default="0"),
    # The digest that says it instead.
    Column("folded_into", Number),
    whole("version", default="1"),
    # Whom it reminds or tells.
    Column("person", Text),
    # What a letter says.
    Column("payload", Packed),
    CheckConstraint("state IN ('pending', 'held', 'sending', 'unknown', 'shown', 'superseded', 'dead')", name="state"),
)


def state_in(*states: str) -> ColumnElement[bool]:
    """A condition written out in full: a partial index is only used where the database can read that it applies."""
    return deliveries.c.state.in_(_words(states))


def _words(words: tuple[str, ...]) -> list[ColumnElement[str]]:
    return [literal_column(f"'{word}'") for word in words]


SHARED = ("fold", "digest")
"""kinds that speak of many alerts"""
LETTER = "letter"
"""the kind that speaks of no single alert, and says what is stored beside it"""
LASTING = ("card", "note", *SHARED)
"""kinds of alerts that are worth saying whatever happened since; a letter is of no alert, and nothing overtakes it"""
REMINDERS = ("nudge", "check_in", "assigned", "escalation")
"""kinds of which one person may be owed so many that one digest says more"""


def version_of(kind: str, place: str) -> int:
    """The version from which on a delivery is understood, letters aside."""
    return TASKS if kind in ("task", "task_done") or place.startswith("mail:") else 1


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
TELLING = and_(deliveries.c.person.is_not(None), deliveries.c.folded_into.is_(None))
"""what somebody is told by itself, outside of digests"""

some("ix_deliveries_when", WAITING, deliveries.c.place, deliveries.c.post, deliveries.c.not_before)
some("ix_deliveries_next", WAITING, deliveries.c.place, deliveries.c.post, deliveries.c.rank, deliveries.c.id)
some("ix_deliveries_sending", SENDING, deliveries.c.lease_until)
some("ix_deliveries_held", HELD, deliveries.c.alert_id)
some("ix_deliveries_chasing", CHASING, deliveries.c.place, deliveries.c.id)
some("ix_deliveries_passing", PASSING, deliveries.c.alert_id, deliveries.c.place, deliveries.c.kind, deliveries.c.seq)
some("ix_deliveries_digests", DIGESTS, deliveries.c.place, deliveries.c.id)
some("ix_deliveries_folded", FOLDED, deliveries.c.folded_into)
some("ix_deliveries_sweep", SWEEPING, deliveries.c.sweep_at)
some("ix_deliveries_person", TELLING, deliveries.c.person, deliveries.c.created_at)

places = Table(
    "places",
    metadata,
    chars("lane", primary_key=True),
    seconds("free_at"),
    # Who serves the lane until when: a delivery and its fence.
    Column("holder", Number),
    whole("fence"),
    seconds("lease_until"),
    # The shared card of a lane that is far behind, and when it was owed last (machine seconds).
    Column("fold", Number),
    Column("fold_at", Double, nullable=False, server_default=text("0")),
    # Machine seconds at which it was asked lately, oldest first: `bot.core.limits.Pace` makes `free_at` of them.
    Column("asked", Packed),
)

FOLDING = places.c.fold.is_not(None)
some("ix_places_fold", FOLDING, places.c.lane)

incidents = Table(
    "incidents",
    metadata,
    Column("id", Number, primary_key=True),
    chars("kind"),
    chars("subject"),
    chars("detail"),
    seconds("since"),
    seconds("last_at"),
    whole("count"),
    seconds("ended_at", nullable=True),
    seconds("told_open_at", nullable=True),
    seconds("told_ended_at", nullable=True),
)

ONGOING = incidents.c.ended_at.is_(None)
some("uq_incidents_ongoing", ONGOING, incidents.c.kind, incidents.c.subject, unique=True)
some("ix_incidents_untold", incidents.c.told_ended_at.is_(None), incidents.c.id)

interactions = Table(
    "interactions",
    metadata,
    chars("source", primary_key=True),
    chars("id", primary_key=True),
    chars("digest"),
    Column("answer", Packed, nullable=False),
    # Machine seconds: what is old can be forgotten.
    seconds("at"),
)

processes = Table(
    "processes",
    metadata,
    chars("kind", primary_key=True),
    chars("process", primary_key=True),
    seconds("at"),
)
