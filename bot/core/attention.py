"""Attention is scarce: how much of one person's is asked for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Attention:
    """How much one person is asked for: reminders an hour, beyond which they come as one digest."""

    per_hour: int = 12
