"""The two clocks: when somebody is asked, and who is asked next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.core.people import Roster, gone, managers
from bot.core.signal import Severity


@dataclass(frozen=True, kw_only=True)
class Step:
    """One rung of the first clock; `who` is `owner`, `manager` (`of manager` …), a person's id or a `#channel`."""

    who: str
    nudge_every: timedelta
    nudges: int = 2

    @property
    def is_channel(self) -> bool:
        return self.who.startswith("#")


@dataclass(frozen=True, kw_only=True)
class Policy:
    """One version of a policy; an alert keeps the version it was raised under."""

    name: str
    version: int = 1
    steps: tuple[Step, ...]
    within: Mapping[Severity, timedelta]
    """from acknowledgement to resolution"""
    check_in_every: timedelta
    check_ins: int = 2
    """unanswered check-ins after which an acknowledgement expires"""
    snooze_at_most: timedelta = timedelta(days=2)
    reopen_window: timedelta = timedelta(days=7)
    cleared: str = "close"
    """close | ask: what happens when the source says it is over"""
    hours: Mapping[str, str] = field(default_factory=dict)
    verify: str = "when_possible"

    def is_top(self, step: int) -> bool:
        return step >= len(self.steps) - 1


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Who is asked at a step, and who was stepped over on the way, with the reason."""

    step: int
    people: tuple[str, ...] = ()
    channel: str | None = None
    skipped: tuple[str, ...] = ()


def ask(policy: Policy, step: int, owner: str, roster: Roster) -> Asked:
    """Who is asked at `step` or, where nobody can be, at the next step that has somebody.

    The last step is always returned, even with nobody in it: the caller falls back to the owner of last resort.
    """
    skipped: list[str] = []
    for index in range(step, len(policy.steps)):
        rung = policy.steps[index]
        if rung.is_channel:
            return Asked(step=index, channel=rung.who, skipped=tuple(skipped))
        person, why = _find(rung.who, owner, roster)
        if person:
            return Asked(step=index, people=(person,), skipped=tuple(skipped))
        skipped.append(f"{rung.who}: {why}")
    return Asked(step=len(policy.steps) - 1, skipped=tuple(skipped))


def _find(who: str, owner: str, roster: Roster) -> tuple[str | None, str]:
    """The person a rung names for this owner, or why there is none."""
    if who == "owner":
        person: str | None = owner
    elif who.startswith("manager") and "@" not in who:
        chain = list(managers(owner, roster))
        height = who.count("manager")
        person = chain[height - 1] if len(chain) >= height else None
    else:
        person = who
    if person is None:
        return None, "nobody in the directory"
    why = gone(person, roster)
    return (None, f"{person} is {why}") if why else (person, "")


def next_ask(policy: Policy, step: int, now: datetime) -> datetime:
    """When the people of `step` are asked again."""
    return now + policy.steps[step].nudge_every


def resolve_by(policy: Policy, severity: Severity, acknowledged_at: datetime) -> datetime:
    """When the second clock's time is up."""
    return acknowledged_at + policy.within[severity]


def next_check_in(policy: Policy, deadline: datetime, now: datetime) -> datetime:
    """When the owner is asked whether they are still on it; never after the deadline, never in the past."""
    return max(min(now + policy.check_in_every, deadline), now + timedelta(seconds=1))
