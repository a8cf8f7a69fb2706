"""Alerts that are over before anything is due: nobody hears more of them than their card.

Most alerts of a healthy history are like this. Their two clocks are asked for the instants at which they would come,
and where every reaction lies before, nothing else is worked out: no events, no reminders.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from bot.core import alert as life
from bot.core.events import Kind
from bot.core.given import Given
from bot.core.raising import Placed, opened
from bot.core.state import Refused
from bot.replay.history import Past, Reaction

_ENDS = frozenset({Kind.RESOLVED, Kind.DISMISSED})


class Ended(NamedTuple):
    """How an alert went; a tuple, because there are millions of them."""

    past: Past
    owner: str
    """at the raise"""
    answered_at: datetime | None
    """when a person first had it in hand"""
    closed_at: datetime | None
    answer_by: datetime | None
    resolve_by: datetime | None
    """the first deadline of the second clock"""
    end: datetime | None = None
    """the end of the history, where it had not ended by then"""


def quietly(past: Past, placed: Placed, given: Given) -> Ended | None:
    """How an alert ended that nobody had to be asked about; None where it has to be lived through."""
    reactions = past.reactions
    if not 0 < len(reactions) <= 2 or placed.mute is not None or reactions[-1].kind not in _ENDS:
        return None
    last, alert = reactions[-1], opened(past.signal, given, placed=placed)
    ended = _instant(past, last, placed.owner)
    if ended is None or alert.due_at is None or not _is_final(last, given):
        return None
    answered, deadline = ended, None
    if len(reactions) == 2:
        first = reactions[0]
        at = _instant(past, first, placed.owner)
        if first.kind != Kind.ACKNOWLEDGED or at is None or not at < alert.due_at or ended < at:
            return None
        change = life.acknowledge(alert, given.at(at), by=first.by)
        if isinstance(change, Refused) or change.alert.due_at is None:
            return None
        answered, alert = at, change.alert
        deadline = alert.resolve_by
    if alert.due_at is None or not ended < alert.due_at:
        return None
    return Ended(past, placed.owner, answered, ended, alert.answer_by, deadline)


def _instant(past: Past, reaction: Reaction, owner: str) -> datetime | None:
    """When it happens if its owner's card is all that is ever said; None where it follows something else."""
    if reaction.ask == 0 and reaction.by.id == owner:
        return past.raised_at + reaction.delay
    return reaction.at if reaction.ask < 0 and reaction.by.id != owner else None


def _is_final(reaction: Reaction, given: Given) -> bool:
    """Whether nobody else has to agree to it."""
    if not reaction.data.get("reason", "").strip():
        return False
    return reaction.kind == Kind.RESOLVED or not given.policy.second_person
