"""Policies by name and version, kept in memory: a version never changes."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from bot.core.policy import Policy
from storage import policy_rows
from storage.models import policies

FRESH = 2.0
"""seconds for which the newest version is taken for granted: another process may have stored a newer one"""


class Policies:
    """The versions read so far, and which was the newest when it was last asked for."""

    def __init__(self) -> None:
        self._versions: dict[tuple[str, int], Policy] = {}
        self._newest: dict[str, tuple[float, Policy | None]] = {}

    def get(self, connection: Connection, name: str, version: int | None) -> Policy:
        """That version, or the newest; of `default` where the name is unknown. Raises LookupError without one."""
        found = self._newest_of(connection, name) if version is None else self._version(connection, name, version)
        found = found or self._newest_of(connection, name) or self._newest_of(connection, "default")
        if found is None:
            raise LookupError("no policy `default` is stored")
        return found

    def save(self, connection: Connection, wanted: Iterable[Policy], at: datetime) -> None:
        """A changed policy becomes a new version; an unchanged one stays as it is."""
        for policy in wanted:
            data = policy_rows.policy_data(policy)
            before = self._read(connection, policy.name, None)
            if before is None or policy_rows.policy_data(before) != data:
                version = before.version + 1 if before else 1
                row = {"name": policy.name, "version": version, "data": data, "at": at}
                connection.execute(insert(policies), row)

    def newest(self, connection: Connection) -> list[Policy]:
        """The newest version of each, by name."""
        names = connection.execute(select(policies.c.name).distinct().order_by(policies.c.name)).scalars()
        found = (self._read(connection, name, None) for name in names)
        return [policy for policy in found if policy]

    def forget_newest(self) -> None:
        self._newest.clear()

    def _newest_of(self, connection: Connection, name: str) -> Policy | None:
        read_at, found = self._newest.get(name, (float("-inf"), None))
        if time.monotonic() - read_at > FRESH:
            found = self._read(connection, name, None)
            self._newest[name] = time.monotonic(), found
        return found

    def _version(self, connection: Connection, name: str, version: int) -> Policy | None:
        found = self._versions.get((name, version)) or self._read(connection, name, version)
        if found:
            self._versions[name, version] = found
        return found

    def _read(self, connection: Connection, name: str, version: int | None) -> Policy | None:
        newest = select(func.max(policies.c.version)).where(policies.c.name == name).scalar_subquery()
        wanted = newest if version is None else version
        query = select(policies.c.version, policies.c.data).where(policies.c.name == name, policies.c.version == wanted)
        row = connection.execute(query).first()
        return policy_rows.policy(name, row.version, row.data) if row else None
