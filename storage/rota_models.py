"""The tables of people and their time. Nothing in them is ever deleted, only ended."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Table, Text

from storage.columns import Exact, Number, Packed
from storage.shapes import chars, instant, listed, metadata, some, whole

people = Table(
    "people",
    metadata,
    chars("id", primary_key=True),
    chars("name"),
    Column("manager", Text),
    chars("time_zone"),
    Column("active", Boolean, nullable=False),
    chars("kind"),
    Column("chat", Packed, nullable=False),
    instant("asked_at"),
    chars("working", default=""),
    chars("quiet", default=""),
    chars("country", default=""),
    chars("prefers", default="instant"),
    # What directories say; what people declare is in `absences`.
    listed("away"),
    chars("uses", default=""),
)

chat_ids = Table(
    "chat_ids",
    metadata,
    chars("platform", primary_key=True),
    chars("chat_id", primary_key=True),
    Column("person", Text, ForeignKey("people.id", ondelete="RESTRICT"), nullable=False, index=True),
)

absences = Table(
    "absences",
    metadata,
    Column("id", Exact, primary_key=True),
    chars("person"),
    instant("start"),
    instant("until"),
    Column("delegate", Text),
    chars("why"),
    chars("declared_by"),
    instant("declared_at"),
    instant("ended_at", nullable=True),
    Column("ended_by", Text),
)

ONGOING = absences.c.ended_at.is_(None)
Index("ix_absences_until", absences.c.until)
Index("ix_absences_person", absences.c.person, absences.c.until)

wishes = Table(
    "wishes",
    metadata,
    chars("person", primary_key=True),
    Column("prefers", Text),
    Column("quiet", Text),
    instant("wished_at"),
)

shifts = Table(
    "shifts",
    metadata,
    Column("id", Number, primary_key=True),
    chars("schedule"),
    instant("start"),
    instant("until"),
    chars("person"),
    # Somebody takes over, by a person's word; else it is a calendar's.
    Column("override", Boolean, nullable=False),
    chars("said_by"),
    instant("said_at"),
    # Since when the calendar says something else.
    instant("gone_at", nullable=True),
)

STANDING = shifts.c.gone_at.is_(None)
some("ix_shifts_standing", STANDING, shifts.c.schedule, shifts.c.until)

groups = Table(
    "groups",
    metadata,
    chars("handle", primary_key=True),
    Column("members", Packed, nullable=False),
    instant("asked_at"),
)

mutes = Table(
    "mutes",
    metadata,
    Column("id", Exact, primary_key=True),
    instant("start"),
    instant("until"),
    chars("owner"),
    chars("why"),
    Column("source", Text),
    Column("rule", Text),
    Column("critical", Boolean, nullable=False),
    instant("muted_at"),
    instant("ended_at", nullable=True),
    Column("ended_by", Text),
    # When the list of what it held back was made.
    instant("listed_at", nullable=True),
)

UNLISTED = mutes.c.listed_at.is_(None)
Index("ix_mutes_until", mutes.c.until)
some("ix_mutes_unlisted", UNLISTED, mutes.c.until)

turns = Table("turns", metadata, chars("name", primary_key=True), whole("n"))
