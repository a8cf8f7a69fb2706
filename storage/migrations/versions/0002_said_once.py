"""Deliveries said once: posts that may have arrived, looks for twins, folding, versions; what operators have to mend.

It only adds: an older version of the code may go on working beside this one.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
_EXACT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_KEPT = (
    "id, key, kind, alert_id, seq, generation, place, rank, thread, state, post, attempts, not_before, fence, "
    "lease_until, shown, receipt_channel, receipt_ts, attempted_at, created_at, error"
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _rebuild()
        _old_indexes()
    else:
        op.alter_column("deliveries", "alert_id", nullable=True)
        for column in _added():
            op.add_column("deliveries", column)
    _new_indexes()
    _places()
    _incidents()


def _added() -> list[sa.Column[Any]]:
    return [
        sa.Column("posts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("sweep_at", sa.Double(), nullable=True),
        sa.Column("sweeps", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("folded_into", _NUMBER, nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
    ]


def _rebuild() -> None:
    """SQLite cannot make a column nullable: the table is made anew, and what it holds is moved over."""
    op.create_table(
        "deliveries_0002",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("alert_id", _EXACT, nullable=True),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("thread", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("post", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.Double(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.Double(), nullable=False),
        sa.Column("shown", sa.Integer(), nullable=False),
        sa.Column("receipt_channel", sa.Text(), nullable=True),
        sa.Column("receipt_ts", sa.Text(), nullable=True),
        sa.Column("attempted_at", sa.Double(), nullable=True),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        *_added(),
        sa.CheckConstraint(
            "state IN ('pending', 'held', 'sending', 'unknown', 'shown', 'superseded', 'dead')",
            name=op.f("ck_deliveries_state"),
        ),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name="fk_deliveries_alert_id", ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("key", name="uq_deliveries_key"),
    )
    op.execute(f"INSERT INTO deliveries_0002 ({_KEPT}) SELECT {_KEPT} FROM deliveries")
    op.drop_table("deliveries")
    op.rename_table("deliveries_0002", "deliveries")


def _index(name: str, columns: list[str], where: str, *, table: str = "deliveries", unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def _old_indexes() -> None:
    waiting = "state IN ('pending', 'unknown')"
    _index("ix_deliveries_held", ["alert_id"], "state IN ('held')")
    _index("ix_deliveries_next", ["place", "post", "rank", "id"], waiting)
    _index("ix_deliveries_sending", ["lease_until"], "state IN ('sending')")
    _index("ix_deliveries_when", ["place", "post", "not_before"], waiting)


def _new_indexes() -> None:
    _index(
        "ix_deliveries_chasing",
        ["place", "id"],
        "state IN ('pending', 'held') AND kind IN ('nudge', 'check_in', 'assigned', 'escalation') AND attempts = 0",
    )
    _index(
        "ix_deliveries_passing",
        ["alert_id", "place", "kind", "seq"],
        "(kind NOT IN ('card', 'note', 'fold', 'digest'))",
    )
    _index("ix_deliveries_digests", ["place", "id"], "kind = 'digest'")
    _index("ix_deliveries_folded", ["folded_into"], "folded_into IS NOT NULL")
    _index("ix_deliveries_sweep", ["sweep_at"], "sweep_at IS NOT NULL")


def _places() -> None:
    op.add_column("places", sa.Column("fold", _NUMBER, nullable=True))
    op.add_column("places", sa.Column("fold_at", sa.Double(), server_default=sa.text("0"), nullable=False))
    _index("ix_places_fold", ["lane"], "fold IS NOT NULL", table="places")


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.Column("last_at", sa.Double(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.Double(), nullable=True),
        sa.Column("told_open_at", sa.Double(), nullable=True),
        sa.Column("told_ended_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_incidents"),
    )
    _index("ix_incidents_untold", ["id"], "told_ended_at IS NULL", table="incidents")
    _index("uq_incidents_ongoing", ["kind", "subject"], "ended_at IS NULL", table="incidents", unique=True)
