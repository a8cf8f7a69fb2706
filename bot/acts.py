"""What the loop is asked, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.core.events import Actor
from bot.core.lookedup import NOTHING, LookedUp
from bot.core.people import Person
from bot.core.signal import Signal
from bot.core.state import Alert, Refused
from bot.core.text import Text, sentence
from bot.ports import Interaction


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """One raise at the door, with the interaction that makes a repeat of it known."""

    signal: Signal
    interaction: Interaction | None = None
    looked: LookedUp = NOTHING
    """what tables of owners said of it"""
    by: Actor | None = None
    """who raises it, where that is not its source itself"""


@dataclass(frozen=True, kw_only=True)
class Received:
    """What a source is told. `replayed`: this very request was answered before."""

    alert_id: str
    status: str
    duplicate: bool
    replayed: bool = False


def answered(before: Interaction, asked: Interaction) -> Received | Refused:
    """The stored answer to the same request; another body under the same key is a mistake."""
    if before.digest != asked.digest:
        return Refused(code="key_reused", why=sentence("This Idempotency-Key was used with another body."))
    return Received(**before.answer, replayed=True)


@dataclass(frozen=True, kw_only=True)
class Act:
    """What a person wants of an alert: who, from which card, and the id of the one gesture."""

    interaction: Interaction
    alert_id: str
    by: Person
    seen: int | None = None
    """the generation of the card it was made on; None where it was not made on one"""
    member: bool = False
    """they are in the channel of the alert's card"""
    asked: bool = False
    """they are in the channel that the current step of the policy asks"""

    @property
    def platform(self) -> str:
        """The chat in which it was made."""
        return self.interaction.source.partition(":")[0]


@dataclass(frozen=True, kw_only=True)
class Done:
    """What became of an act, and the sentence for whoever acted."""

    ok: bool
    code: str
    """done | repeated | not_allowed | stale | already | finished | bad_input | unknown"""
    said: Text = ()
    alert: Alert | None = None


REPEATED = sentence("This was answered already; nothing was done twice.")
UNKNOWN = Done(ok=False, code="unknown", said=sentence("There is no such alert."))


@dataclass(frozen=True, kw_only=True)
class Woken:
    """What the clock did to an alert, and how late."""

    kinds: tuple[str, ...]
    due_at: datetime
    at: datetime
