"""People: who they are, whom they report to, who may own an alert."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Person:
    """One person. `id` is their e-mail in lower case, or `<platform>:<chat id>` where no e-mail is known."""

    id: str
    name: str
    manager: str | None = None
    time_zone: str = "UTC"
    active: bool = True
    kind: str = "human"
    """human | guest | bot | foreign (of another organisation) | unknown (no directory knows them)"""
    chat: dict[str, str] = field(default_factory=dict)
    """platform ▶ the person's id there"""

    @property
    def may_own(self) -> bool:
        """Guests, bots, strangers and deactivated people own nothing."""
        return self.active and self.kind == "human"


class Roster(Protocol):
    """The people a decision may need, as the database knows them now."""

    def person(self, person_id: str, /) -> Person | None: ...


class Nobody:
    """A roster of nobody, for decisions that ask for no one."""

    def person(self, person_id: str, /) -> Person | None:
        return None


def managers(person_id: str, roster: Roster) -> Iterator[str]:
    """The chain of managers above a person, nearest first; a cycle ends it, ten levels are enough."""
    seen = {person_id}
    person = roster.person(person_id)
    while person and person.manager and person.manager not in seen and len(seen) <= 10:
        seen.add(person.manager)
        yield person.manager
        person = roster.person(person.manager)


def gone(person_id: str, roster: Roster) -> str | None:
    """Why this person cannot be asked (a reason for the trail), or None if they can.

    Somebody whom no directory knows yet is asked all the same: silence would be worse.
    """
    person = roster.person(person_id)
    if person is None or person.may_own:
        return None
    return "deactivated" if not person.active else person.kind
