"""How much may be said to one workspace: its limits as a value, and what each answer of the platform teaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Call = Literal["post", "edit", "read", "delete"]
Outcome = Literal["ok", "limited", "away", "gone"]
"""`limited`: 429; `away`: no answer, or one that nobody can read; `gone`: the workspace refuses us as a whole"""


@dataclass(frozen=True, kw_only=True)
class Room:
    """What may go now. Machine seconds from which each kind of call may go; how many posts may go at once."""

    posts_at: float = 0.0
    edits_at: float = 0.0
    posts: int = 1_000_000
    shut: str = ""
    """why nothing may go at all, where the breaker is open"""
