"""Mutes and maintenance windows: alerts of a source or a rule that wait in silence, always until an end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Mute:
    """What is held back, from when until when (aware UTC, half-open), by whom and why."""

    id: str
    start: datetime
    until: datetime
    owner: str
    """the person who answers for it"""
    why: str = ""
    source: str | None = None
    rule: str | None = None
    """the name of a routing rule; None with `source` None too: everything"""
    critical: bool = False
    """whether critical alerts are held back as well"""

    def covers(self, at: datetime) -> bool:
        return self.start <= at < self.until

    def holds(self, *, source: str, rules: frozenset[str], is_critical: bool) -> bool:
        """Whether an alert of this source, matched by these rules, is held back."""
        if is_critical and not self.critical:
            return False
        if self.source is not None and self.source != source:
            return False
        return self.rule is None or self.rule in rules
