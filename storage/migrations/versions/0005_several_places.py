"""An alert may be shown in several places, and people say in which chat they are told.

It only adds: an older version of the code may go on working beside this one. It keeps the card in the alert's own
place up to date, and the others with the next change that this version makes.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alerts", sa.Column("also", sa.Text(), nullable=False, server_default=sa.text("'[]'")))
    op.add_column("people", sa.Column("uses", sa.Text(), nullable=False, server_default=sa.text("''")))
