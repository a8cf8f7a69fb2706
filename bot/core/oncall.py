"""placeholder until merge"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Shift:
    """Somebody is on call for a while (aware UTC, half-open)."""

    start: datetime
    until: datetime
    person: str
    override: bool = False
    by: str = ""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    name: str


def on_call(schedule: Schedule, at: datetime, shifts: object) -> Shift | None:
    return None
