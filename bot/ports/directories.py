"""Who can be asked about people: directories, rolls, groups, tables of owners, calendars. Connectors answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol, runtime_checkable

from bot.core.oncall import Shift
from bot.core.people import Person


class Directory(Protocol):
    """Who somebody is. `ref` is an e-mail or `<platform>:<chat id>`. None = not known here. Raises Unknown."""

    def find(self, ref: str, /) -> Person | None: ...


@runtime_checkable
class Roll(Protocol):
    """A directory that can tell of everybody at once, without what has to be asked one by one (their manager)."""

    says_away: str | None
    """whose absences its list tells of (`Away.by`): those it does not tell of are over. None: of nobody's."""

    def everybody(self) -> Iterator[Person]:
        """Raises Unknown."""
        ...


@runtime_checkable
class Groups(Protocol):
    """A directory that knows groups of people."""

    def members(self, handle: str, /) -> tuple[str, ...] | None:
        """The ids of a group's members (`@ap-team`) in a lasting order. None = no such group here. Raises Unknown."""
        ...


class Lookup(Protocol):
    """A table of who owns what: a key (an entity's id, a path, a team) ▶ an e-mail or `<platform>:<chat id>`."""

    def find(self, key: str, /) -> str | None:
        """None = nobody, or not in it. Raises Unknown."""
        ...


class Calendar(Protocol):
    """Who is on call, as a calendar kept elsewhere says."""

    unknown: list[str]
    """entries of the last answer in which nobody could be recognised: they cover nobody"""

    def shifts(self, start: datetime, until: datetime, /) -> list[Shift]:
        """All that is said about the time from `start` to `until` and nothing beyond it. Raises Unknown."""
        ...
