"""What Alembic runs. The connection is given, and is already inside the one transaction of `storage.migrate`."""

from __future__ import annotations

from alembic import context

from storage.models import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
