"""What Alembic runs. The connection is given, and is already inside the one transaction of `storage.migrate`."""

from __future__ import annotations

from alembic import context

import storage.conversations
import storage.models
import storage.rota_models  # noqa: F401  all parts of the tables
from storage.shapes import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
