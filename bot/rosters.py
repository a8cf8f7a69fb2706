"""Rosters for looking ahead: the people of the configuration, alone or together with those whom the database knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.core.mutes import Mute
from bot.core.oncall import Shift
from bot.core.people import Nobody, Person, Roster
from bot.people import merge
from bot.settings import Config


@dataclass(frozen=True, kw_only=True)
class Listed(Nobody):
    """Whom the configuration lists, and its maintenance windows. It knows no groups, and nothing of what was said."""

    listed: Mapping[str, Person] = field(default_factory=dict)
    windows: tuple[Mute, ...] = ()

    @classmethod
    def of(cls, config: Config) -> Listed:
        return cls(listed={person.id: person for person in config.people()}, windows=config.mutes())

    def person(self, person_id: str, /) -> Person | None:
        return self.listed.get(person_id)

    def mutes(self, at: datetime, /) -> Sequence[Mute]:
        return [mute for mute in self.windows if mute.covers(at)]


@dataclass(frozen=True, kw_only=True)
class Together:
    """As the product would know them once it has this configuration: what it says counts before what is remembered."""

    listed: Listed
    stored: Roster

    def person(self, person_id: str, /) -> Person | None:
        stored = self.stored.person(person_id)
        named = self.listed.person(stored.id if stored else person_id)
        return merge(named, stored) if named and stored else named or stored

    def shifts(self, schedule: str, at: datetime, /) -> Sequence[Shift]:
        return self.stored.shifts(schedule, at)

    def group(self, handle: str, /) -> Sequence[str]:
        return self.stored.group(handle)

    def load(self, people: Iterable[str], /) -> Mapping[str, int]:
        return self.stored.load(people)

    def told(self, person_id: str, since: datetime, /) -> int:
        return self.stored.told(person_id, since)

    def turn(self, name: str, /) -> int:
        return self.stored.turn(name)

    def mutes(self, at: datetime, /) -> Sequence[Mute]:
        found = {mute.id: mute for mute in (*self.listed.mutes(at), *self.stored.mutes(at))}
        return tuple(found.values())
