"""Alerts that are over before anything is due: nobody hears more of them than their card.

Most alerts of a healthy history are like this. Their two clocks are asked for the instants at which they would come,
and where every reaction lies before, nothing else is worked out: no events, no reminders.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from bot.core import policy as clocks
from bot.core.asking import earliest, earliest_check_in
from bot.core.events import Kind
from bot.core.given import Given
from bot.core.raising import Placed, opened
from bot.core.state import Alert
from bot.replay.history import Past, Reaction


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


def quietly(past: Past, placed: Placed, given: Given) -> Ended | Alert | None:
    """How an alert ended that nobody had to be asked about; otherwise it has to be lived through.

    The alert as it begins, where that had to be found out on the way.
    """
    reactions = past.reactions
    if not 0 < len(reactions) <= 2 or placed.mute is not None or not _is_final(reactions[-1], given):
        return None
    instants = [_instant(past, reaction, placed.owner) for reaction in reactions]
    answered, ended = instants[0], instants[-1]
    if answered is None or ended is None or ended < answered:
        return None
    policy, severity = given.policy, past.signal.severity
    deadline = None
    if len(reactions) == 2:
        deadline = clocks.resolve_by(policy, severity, answered)
        check_in = earliest_check_in(given.at(answered), deadline=deadline)
        if reactions[0].kind != Kind.ACKNOWLEDGED or not ended < check_in:
            return None
    if not answered < earliest(0, given):
        alert = opened(past.signal, given, placed=placed)
        if alert.due_at is None or not answered < alert.due_at:
            return alert
    return Ended(past, placed.owner, answered, ended, clocks.answer_by(policy, severity, given.now), deadline)


def _instant(past: Past, reaction: Reaction, owner: str) -> datetime | None:
    """When it happens if its owner's card is all that is ever said; None where it follows something else."""
    if reaction.ask == 0 and reaction.by.id == owner:
        return past.raised_at + reaction.delay
    return reaction.at if reaction.ask < 0 and reaction.by.id != owner else None


def _is_final(reaction: Reaction, given: Given) -> bool:
    """Whether it ends the alert, and nobody else has to agree to that."""
    kind = reaction.kind
    if kind != Kind.RESOLVED and (kind != Kind.DISMISSED or given.policy.second_person):
        return False
    return bool(reaction.data["reason"].strip())
