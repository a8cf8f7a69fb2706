"""A disk that is full while a file named `full` lies beside the database. Loaded into a machine that asks for it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

ARMED = False
"""set in the machine's own process; the listener below is there in every machine and looks at it"""
ENOUGH = 4_000_000


@event.listens_for(Engine, "begin")
def shrink(connection: Any) -> None:
    if ARMED and connection.dialect.name == "sqlite":
        full = (Path(os.environ["CLOSELOOP_DATA"]) / "full").exists()
        # A limit below what there is means: no page more.
        connection.exec_driver_sql(f"PRAGMA max_page_count={1 if full else ENOUGH}")
