"""The two clocks as numbers: who is asked, how often, until when. `bot.core.asking` applies them to people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Protocol

from bot.core.signal import Severity
from bot.core.state import Alert

EVERYONE, ONE_AT_A_TIME, ROUND_ROBIN = "everyone", "one at a time", "round robin"
ASKS = (EVERYONE, ONE_AT_A_TIME, ROUND_ROBIN)
DISMISSERS = ("concerned", "manager", "admin")
"""who may dismiss: everybody whom the alert concerns, a manager above its owner, only an admin"""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One rung of the first clock.

    `who`: each `owner`, `manager` (`of manager` …), a person's id, `on call: <schedule>` or `group: @<handle>`; or one
    `#channel` by itself.
    """

    who: tuple[str, ...]
    nudge_every: timedelta
    nudges: int = 2
    ask: str = EVERYONE
    """everyone | one at a time (each reminder asks the next of them) | round robin (one of them, in turn)"""
    at_least: timedelta = timedelta(0)
    """the clock does not go on to the next step before this time is over"""

    @property
    def channel(self) -> str | None:
        return self.who[0] if self.who[0].startswith("#") else None

    @property
    def is_channel(self) -> bool:
        return self.channel is not None

    @property
    def named(self) -> str:
        """The rung as people call it."""
        return ", ".join(self.who)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """One version of a policy; an alert keeps the version it was raised under."""

    name: str
    version: int = 1
    steps: tuple[Step, ...]
    ladders: Mapping[Severity, tuple[Step, ...]] = field(default_factory=dict)
    """other steps for some severities"""
    repeat: int = 0
    """how often the steps begin anew before the last one is kept to"""
    answer_within: Mapping[Severity, timedelta] = field(default_factory=dict)
    """from the raise: no reminder waits for anybody's hours past this; a severity that is not in it never waits"""
    within: Mapping[Severity, timedelta]
    """from acknowledgement to resolution"""
    check_in_every: timedelta
    check_ins: int = 2
    """unanswered check-ins after which an acknowledgement expires"""
    snooze_at_most: timedelta = timedelta(days=2)
    snooze_limits: Mapping[Severity, timedelta] = field(default_factory=dict)
    """other limits for some severities"""
    snoozes: int | None = None
    """how often one alert may be snoozed until somebody acknowledges it; None: as often as they like"""
    reopen_window: timedelta = timedelta(days=7)
    cleared: str = "close"
    """close | ask: what happens when the source says it is over"""
    hours: Mapping[str, str] = field(default_factory=dict)
    """severity or `default` ▶ always | working: when people may be asked; always where nothing is said"""
    verify: str = "when_possible"
    dismiss: Mapping[str, str] = field(default_factory=dict)
    """severity or `default` ▶ one of DISMISSERS"""
    second_person: frozenset[Severity] = frozenset()
    """severities of which a dismissal needs the agreement of a second person"""
    instant: frozenset[Severity] = frozenset((Severity.CRITICAL, Severity.ERROR))
    """the floor: severities that are told at once, whatever somebody prefers; critical ones whatever their budget"""
    hops: int = 3
    """how often it may be said to be not mine before it is an exception"""

    def is_top(self, step: int) -> bool:
        return step >= len(self.steps) - 1

    def of(self, severity: Severity) -> Policy:
        """The policy as it is for alerts of this severity."""
        return self._by_severity[severity]

    @cached_property
    def _by_severity(self) -> dict[Severity, Policy]:
        return {severity: self._for(severity) for severity in Severity}

    def _for(self, severity: Severity) -> Policy:
        if severity not in self.ladders and severity not in self.snooze_limits:
            return self
        # An alert that gets worse asks this one for that of its new severity: each is named, the usual ones too.
        ladders = {one: self.ladders.get(one, self.steps) for one in Severity}
        limits = {one: self.snooze_limits.get(one, self.snooze_at_most) for one in Severity}
        return replace(
            self, steps=ladders[severity], ladders=ladders, snooze_limits=limits, snooze_at_most=limits[severity]
        )

    @property
    def people(self) -> set[str]:
        """Everybody whom a step names by their id."""
        return {who for step in self.steps for who in step.who if "@" in who and ": " not in who}

    def kept(self, severity: Severity) -> str:
        """Which hours of people are kept: `always` or `working`."""
        return self.hours.get(severity, self.hours.get("default", "always"))

    def dismissers(self, severity: Severity) -> str:
        return self.dismiss.get(severity, self.dismiss.get("default", DISMISSERS[0]))

    def step(self, index: int) -> Step:
        """The rung an alert stands on; the last where another version or severity has fewer."""
        return self.steps[min(index, len(self.steps) - 1)]


class Policies(Protocol):
    """Where versions of policies are kept."""

    def policy(self, name: str, version: int | None = None, /) -> Policy: ...


def policy_of(alert: Alert, kept: Policies) -> Policy:
    """The version that holds for an alert, as it is for its severity."""
    return kept.policy(alert.policy, alert.policy_version).of(alert.severity)


def resolve_by(policy: Policy, severity: Severity, acknowledged_at: datetime) -> datetime:
    """When the second clock's time is up."""
    return acknowledged_at + policy.within[severity]


def answer_by(policy: Policy, severity: Severity, since: datetime) -> datetime:
    """The instant past which no reminder waits for anybody's hours."""
    return since + policy.answer_within.get(severity, timedelta(0))
