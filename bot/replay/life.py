"""One alert while it lives in a replay: where it stands, which words were said to whom, what is still to happen."""

from __future__ import annotations

from datetime import datetime

from bot.core.asking import stays, upcoming
from bot.core.events import Kind
from bot.core.given import Given
from bot.core.policy import Policy
from bot.core.state import Alert, Change, Status
from bot.core.whom import everyone_at
from bot.replay.history import UNASKED, Past, Reaction, Said, addressed, said
from bot.replay.quiet import Ended

_ANSWERS = frozenset({Kind.ACKNOWLEDGED, Kind.RESOLVED, Kind.DISMISSED})
"""with these a person has it in hand"""


class Life:
    """Changed by the replay alone, and counted by its watch."""

    __slots__ = (
        "acknowledged_at",
        "alert",
        "answer_by",
        "asks",
        "closed_at",
        "number",
        "owner",
        "past",
        "planned",
        "policy",
        "queues",
        "resolve_by",
        "said",
        "tentative",
    )

    def __init__(self, *, number: int, past: Past, policy: Policy, alert: Alert) -> None:
        self.number, self.past, self.policy, self.alert = number, past, policy, alert
        self.owner = alert.owner
        """at the raise"""
        self.asks: dict[str, list[datetime]] = {}
        """person ▶ the instants at which something was said to them"""
        self.queues: dict[str, list[Reaction]] = {}
        """actor ▶ their reactions, the next one last: nobody overtakes themselves"""
        for reaction in reversed(past.reactions):
            self.queues.setdefault(reaction.by.id, []).append(reaction)
        self.planned: dict[str, datetime | None] = {}
        """actor ▶ when their next reaction happens; None: with a word that is still to come"""
        self.tentative: dict[str, bool] = {}
        """actor ▶ whether that instant is only the recorded one, because its word has not come yet"""
        self.said: list[Said] = []
        self.acknowledged_at: datetime | None = None
        """when a person first had it in hand"""
        self.closed_at: datetime | None = None
        self.answer_by = alert.answer_by
        self.resolve_by: datetime | None = None
        """the first deadline of the second clock"""

    def ended(self, end: datetime | None) -> Ended:
        """How it went; `end` is that of the history, where it still lives."""
        return Ended(self.past, self.owner, self.acknowledged_at, self.closed_at, self.answer_by, self.resolve_by, end)

    def took(self, change: Change) -> None:
        """What a change means for how it went."""
        after = change.alert
        last = change.events[-1]
        if self.acknowledged_at is None and any(event.kind in _ANSWERS for event in change.events):
            self.acknowledged_at = last.at
        if self.resolve_by is None:
            self.resolve_by = after.resolve_by
        self.closed_at = after.finished_at
        for event in change.events:
            owner = event.data["set"].get("owner", after.owner)
            if asked := said(event, step=after.step, owner=owner):
                self.said.append(asked)
            for person in addressed(event, owner):
                self.asks.setdefault(person, []).append(event.at)

    def waits_for(self, reaction: Reaction) -> bool:
        """Whether the word it follows has not come (yet)."""
        return reaction.ask != UNASKED and len(self.asks.get(reaction.by.id, ())) <= reaction.ask

    def instant_of(self, reaction: Reaction) -> datetime:
        """When it happens: as long after its word as it was; at its own instant where there is no such word."""
        if reaction.ask == UNASKED or self.waits_for(reaction):
            return reaction.at
        return self.asks[reaction.by.id][reaction.ask] + reaction.delay

    def is_asked(self, person: str, given: Given) -> bool:
        """Whether the clock's next words go to them."""
        alert = self.alert
        if alert.finished:
            return False
        if alert.snoozed_until or alert.status != Status.OPEN:
            return alert.owner == person
        if person in upcoming(alert, given).asked.people:
            return True
        return stays(alert, given.policy) and person in everyone_at(alert, given)
