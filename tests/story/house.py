"""Where towns stand: one of each kind at a time, opened when a story needs it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psycopg
from story.town import Town


@dataclass(kw_only=True)
class House:
    """Opens the town when it is asked for, and again where a story has stopped it."""

    folder: Callable[[], Path]
    """a new one each time"""
    database: Callable[[Path], str]
    """the URL of an empty database"""
    http: httpx2.Client
    platform: str = "slack"
    more: dict[str, str] = field(default_factory=dict)
    """environment variables besides the usual ones"""
    town: Town | None = None

    def open(self) -> Town:
        if self.town is None or not self.town.product.running:
            folder = self.folder()
            url = self.database(folder)
            self.town = Town.open(folder, database_url=url, http=self.http, platform=self.platform, **self.more)
        return self.town

    def close(self) -> None:
        if self.town is not None and self.town.product.running:
            self.town.close()


def sqlite(folder: Path) -> str:
    return f"sqlite:///{folder / 'closeloop.db'}"


def postgres(server: Any) -> str:
    """A database of its own: the clock of a new town begins anew."""
    name = f"town_{uuid.uuid4().hex}"
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return str(server.get_uri(database=name))
