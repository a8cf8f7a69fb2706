"""What routing goes by: ways to owners, rules, and the plan of them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.core.attention import Attention
from bot.core.hours import DaysOff, no_days_off
from bot.core.lookedup import NOTHING, LookedUp
from bot.core.oncall import Schedule
from bot.core.people import Roster
from bot.core.signal import Severity

LEAST_LOADED, ROUND_ROBIN = "least loaded", "round robin"
PICKS = (LEAST_LOADED, ROUND_ROBIN)


@dataclass(frozen=True)
class Owner:
    """A way to an owner. `kind`: what `who` is.

    person: their id · on_call: a schedule · group: a user group's handle · field: a field of the alert that names a
    person · table: a table of owners, asked for the alert's field `key`
    """

    who: str
    kind: str = "person"
    key: str = ""
    pick: str = LEAST_LOADED
    """of a group: who of them"""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One routing rule. Without `when` it matches every signal."""

    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """field ▶ accepted values: itself, with `*` for anything, or `>= 1000`, `< 0.8`, `!= x`"""
    owners: tuple[Owner, ...] = ()
    """asked in this order"""
    channel: str | None = None
    also: tuple[str, ...] = ()
    """where else the card is shown: `#channel`, or `<platform>:#channel` in another chat"""
    policy: str | None = None
    name: str = ""
    """what a mute calls it"""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that decides where a signal goes, and when people may be asked."""

    last_resort: str
    """the owner of last resort, a person's id"""
    fallback_channel: str
    platform: str = "slack"
    """the chat of whatever names none"""
    others: tuple[str, ...] = ()
    """the other chats that are in use"""
    sources: Mapping[str, Rule] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    admins: frozenset[str] = frozenset()
    stewards: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """source ▶ the people who answer for it"""
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    days_off: DaysOff = no_days_off
    attention: Attention = field(default_factory=Attention)
    tasks: str = ""
    """the place of tasks for owners; empty: they have none"""
    tasks_for: frozenset[Severity] = frozenset(Severity)
    mail: bool = False
    """whether somebody whom no direct message reaches can be written to"""

    def tasks_of(self, severity: Severity) -> tuple[str, ...]:
        """Where an alert of this severity has a task for its owner."""
        return (self.tasks,) if self.tasks and severity in self.tasks_for else ()

    @property
    def chats(self) -> tuple[str, ...]:
        """Every chat in use, the usual one first."""
        return (self.platform, *self.others) if self.others else (self.platform,)

    def place(self, channel: str) -> str:
        """Where a channel is: `#name` is in the usual chat, `<platform>:#name` in that one."""
        return f"{self.platform}:{channel}" if channel.startswith("#") else channel


@dataclass(frozen=True, kw_only=True)
class Known:
    """What routing may know beside the signal."""

    roster: Roster
    plan: Plan
    at: datetime
    looked: LookedUp = NOTHING
