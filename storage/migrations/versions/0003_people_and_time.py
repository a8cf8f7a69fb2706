"""People and their time: absences, wishes, shifts, groups, mutes, turns; whom a delivery tells; letters.

It only adds: an older version of the code may go on working beside this one.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
_EXACT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for add in (_alerts, _deliveries, _people, _absences, _wishes, _shifts, _groups, _mutes, _turns):
        add()


def _text(name: str, default: str | None = None) -> sa.Column[Any]:
    given = None if default is None else sa.text(f"'{default}'")
    return sa.Column(name, sa.Text(), server_default=given, nullable=False)


def _maybe(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=True)


def _instant(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, _INSTANT, nullable=nullable)


def _count(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), server_default=sa.text("0"), nullable=False)


def _index(name: str, table: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)


def _alerts() -> None:
    for column in (
        _instant("answer_by", nullable=True),
        _instant("step_since", nullable=True),
        _count("loops"),
        _text("asking", "[]"),
        _count("hops"),
        _count("snoozes"),
        _text("responders", "[]"),
        _maybe("dismissal_by"),
        _maybe("dismissal_reason"),
        _maybe("held_by"),
        _maybe("raised_under"),
    ):
        op.add_column("alerts", column)
    _index("ix_alerts_raised_under", "alerts", ["raised_under"], "raised_under IS NOT NULL")


def _deliveries() -> None:
    op.add_column("deliveries", _maybe("person"))
    op.add_column("deliveries", _maybe("payload"))
    _index("ix_deliveries_person", "deliveries", ["person", "created_at"], "person IS NOT NULL AND folded_into IS NULL")


def _people() -> None:
    said = (("working", ""), ("quiet", ""), ("country", ""), ("prefers", "instant"), ("away", "[]"))
    for name, default in said:
        op.add_column("people", _text(name, default))


def _absences() -> None:
    op.create_table(
        "absences",
        sa.Column("id", _EXACT, nullable=False),
        _text("person"),
        _instant("start"),
        _instant("until"),
        _maybe("delegate"),
        _text("why"),
        _text("declared_by"),
        _instant("declared_at"),
        _instant("ended_at", nullable=True),
        _maybe("ended_by"),
        sa.PrimaryKeyConstraint("id", name="pk_absences"),
    )
    op.create_index("ix_absences_until", "absences", ["until"])
    op.create_index("ix_absences_person", "absences", ["person", "until"])


def _wishes() -> None:
    op.create_table(
        "wishes",
        _text("person"),
        _maybe("prefers"),
        _maybe("quiet"),
        _instant("wished_at"),
        sa.PrimaryKeyConstraint("person", name="pk_wishes"),
    )


def _shifts() -> None:
    op.create_table(
        "shifts",
        sa.Column("id", _NUMBER, nullable=False),
        _text("schedule"),
        _instant("start"),
        _instant("until"),
        _text("person"),
        sa.Column("override", sa.Boolean(), nullable=False),
        _text("said_by"),
        _instant("said_at"),
        _instant("gone_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_shifts"),
    )
    _index("ix_shifts_standing", "shifts", ["schedule", "until"], "gone_at IS NULL")


def _groups() -> None:
    op.create_table(
        "groups",
        _text("handle"),
        _text("members"),
        _instant("asked_at"),
        sa.PrimaryKeyConstraint("handle", name="pk_groups"),
    )


def _mutes() -> None:
    op.create_table(
        "mutes",
        sa.Column("id", _EXACT, nullable=False),
        _instant("start"),
        _instant("until"),
        _text("owner"),
        _text("why"),
        _maybe("source"),
        _maybe("rule"),
        sa.Column("critical", sa.Boolean(), nullable=False),
        _instant("muted_at"),
        _instant("ended_at", nullable=True),
        _maybe("ended_by"),
        _instant("listed_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_mutes"),
    )
    op.create_index("ix_mutes_until", "mutes", ["until"])
    _index("ix_mutes_unlisted", "mutes", ["until"], "listed_at IS NULL")


def _turns() -> None:
    op.create_table(
        "turns",
        _text("name"),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_turns"),
    )
