"""When each place was asked lately, as far as its platform counts it in windows.

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
