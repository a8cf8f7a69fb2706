"""The trail: one event for everything that happened to an alert, never changed afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What can happen, with the change of state it records."""

    RAISED = "raised"  # - -> open
    RAISED_AGAIN = "raised_again"  # open, acknowledged -> same
    CAME_BACK = "came_back"  # closed -> open
    ACKNOWLEDGED = "acknowledged"  # open -> acknowledged
    STILL_ON_IT = "still_on_it"  # acknowledged -> same: a check-in was answered
    CHECK_IN = "check_in"  # acknowledged -> same: the owner was asked
    EXPIRED = "expired"  # acknowledged -> open: acknowledged, then forgotten
    NUDGED = "nudged"  # open -> same
    ESCALATED = "escalated"  # open -> same, one step up
    EXCEPTION = "exception"  # open -> same: the top of the policy is reached
    REASSIGNED = "reassigned"  # open, acknowledged -> open
    DECLINED = "declined"  # open, acknowledged -> open: "not mine"
    SNOOZED = "snoozed"  # open, acknowledged -> same
    SNOOZE_ENDED = "snooze_ended"  # open, acknowledged -> same
    DELEGATED = "delegated"  # open, acknowledged -> open: the owner is away, whoever stands in for them is asked
    HELD = "held"  # open, acknowledged -> same: nobody works at this hour; asked later
    HELP_ASKED = "help_asked"  # acknowledged -> same: the owner cannot do it alone
    RESPONDER_ADDED = "responder_added"  # open, acknowledged -> same
    DISMISSAL_ASKED = "dismissal_asked"  # open, acknowledged -> same: a second person has to agree
    REPOLICED = "repoliced"  # any unfinished -> same: a newer version of its policy applies
    NOTED = "noted"  # any -> same
    RESOLVED = "resolved"  # open, acknowledged -> resolved
    CLEARED = "cleared"  # open, acknowledged -> resolved or same: the source says it is over
    TASK_DONE = "task_done"  # open, acknowledged -> same: its task was marked complete where it is; the owner is asked
    CLOSED = "closed"  # resolved -> closed
    DISMISSED = "dismissed"  # open, acknowledged -> dismissed
    REOPENED = "reopened"  # closed, dismissed -> open
    SUPERSEDED = "superseded"  # any -> same: something owed need not be said any more
    REROUTED = "rerouted"  # any -> same: something could not be said where it belongs
    TWIN_REMOVED = "twin_removed"  # any -> same: something was shown twice, and is now shown once
    CLOCK_MOVED = "clock_moved"  # open, acknowledged -> same: due_at was set right after a jump of the clock


QUIET = frozenset({Kind.SUPERSEDED, Kind.TWIN_REMOVED, Kind.CLOCK_MOVED})
"""For the trail alone: a card goes on telling what happened to the alert before."""


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who acts: a person, a source, the clock, or a tool that does not say who did; never just "system"."""

    kind: str
    """person | source | clock | tool"""
    id: str
    name: str


CLOCK = Actor(kind="clock", id="clock", name="Closeloop's clock")


@dataclass(frozen=True, kw_only=True)
class Event:
    """One line of the trail. `data["set"]` holds the fields of the alert that changed, the rest are facts."""

    alert_id: str
    seq: int
    """1, 2, 3 … within the alert; equals the alert's revision after the event"""
    at: datetime
    kind: Kind
    actor: Actor
    generation: int
    reason: str = ""
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.alert_id}.{self.seq}"
