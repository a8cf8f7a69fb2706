"""When each place was asked lately, as far as its platform counts it in windows; messages in doubt that were seen.

It only adds: an older version of the code may go on working beside this one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("places", sa.Column("asked", sa.Text(), nullable=True))
    op.create_table(
        "sightings",
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("ts", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("delivery", "channel", "ts", name="pk_sightings"),
    )
    op.create_index("ix_sightings_at", "sightings", ["at"])
