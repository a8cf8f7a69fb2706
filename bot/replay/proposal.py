"""What is proposed: a closeloop.yaml, whole or in part, against today's, and the sides that follow from both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path

import yaml

from bot.config.lines import read
from bot.core.people import Away, Person
from bot.core.policy import Policy
from bot.replay.compare import Side
from bot.replay.engine import Rules
from bot.replay.roster import Town
from bot.settings import Config, loads

BUILT_IN = """\
fallback: {owner: owner-of-last-resort@example.com, channel: "#exceptions"}
"""
"""today, where nothing is installed: the built-in policy"""
_ROUTES = ("fallback", "sources", "routing", "tables", "schedules", "platform")
"""sections that decide who owns an alert and where its card is"""

Find = Callable[[str], Person | None]


def completed(text: str, today: Config, path: Path) -> Config:
    """The proposed configuration. Sections that a file without `fallback` lacks are as they are today.

    Raises ConfigError; its lines are those of the proposed file.
    """
    data, known = read(text, str(path)).data, today.document.data
    if not isinstance(data, dict) or "fallback" in data or not isinstance(known, dict):
        return loads(text, path)
    missing = {name: section for name, section in known.items() if name not in data}
    rest = yaml.safe_dump(missing, allow_unicode=True, sort_keys=False)
    return loads(f"{text.rstrip()}\n{rest}" if missing else text, path)


def with_built_in_policies(proposed: Config) -> Config:
    """The same with the built-in policy under each name: what the proposal is held against where there is no today."""
    data = proposed.document.data
    plain = {**data, "policies": {name: {} for name in proposed.file.policies}}
    return loads(yaml.safe_dump(plain, allow_unicode=True, sort_keys=False), proposed.path)


@dataclass(frozen=True, kw_only=True)
class Change:
    """From today's configuration to the proposed one, and who is away beside."""

    today: Config
    proposed: Config
    away: Mapping[str, tuple[Away, ...]]

    @property
    def reroutes(self) -> bool:
        """Whether owners, channels and policies have to be found anew."""
        before, after = self.today.file, self.proposed.file
        return any(getattr(before, name, None) != getattr(after, name, None) for name in _ROUTES)

    @property
    def is_none(self) -> bool:
        """Whether the proposal decides just as today's configuration does."""
        same = self.today.policies() == self.proposed.policies() and self.today.people() == self.proposed.people()
        return same and not self.away and not self.reroutes and self.today.plan() == self.proposed.plan()

    def sides(self, town: Town, recorded: Callable[[str, int | None], Policy]) -> tuple[Side, Side | None]:
        """Today's side, with the policies that alerts were raised under, and the proposed one; None: the same."""
        today = Side(rules=Rules(plan=self.today.plan(), policy=recorded), town=town)
        if self.is_none:
            return today, None
        rules = Rules(plan=self.proposed.plan(), policy=newest(self.proposed), reroutes=self.reroutes)
        absences = {**town.absences}
        for person, away in self.away.items():
            absences[person] = (*absences.get(person, ()), *away)
        find, pretended = self._find(town.find), frozenset(self.away) | self._said_to_be_away()
        return today, Side(rules=rules, town=replace(town, find=find, absences=absences, pretended=pretended))

    def _said_to_be_away(self) -> frozenset[str]:
        """Whoever has other absences in the proposed file."""
        before = {person.id: person.away for person in self.today.people()}
        return frozenset(one.id for one in self.proposed.people() if one.away != before.get(one.id, ()))

    def _find(self, find: Find) -> Find:
        """The people as they are known, with what the proposal says differently of them."""
        before = {person.id: person for person in self.today.people()}
        after = {person.id: person for person in self.proposed.people()}

        def found(person_id: str) -> Person | None:
            known, said = find(person_id), after.get(person_id)
            if said is None:
                return known or (Person(id=person_id, name=person_id) if person_id in self.away else None)
            if known is None:
                return said
            was = before.get(person_id) or Person(id=person_id, name=person_id)
            names = (field.name for field in fields(Person))
            return replace(known, **{name: getattr(said, name) for name in names if _differs(was, said, name)})

        return found


def _differs(one: Person, other: Person, name: str) -> bool:
    return bool(getattr(one, name) != getattr(other, name))


def newest(config: Config) -> Callable[[str, int | None], Policy]:
    """The policies of a configuration, whatever version an alert was raised under."""
    policies = {policy.name: policy for policy in config.policies()}
    return lambda name, version: policies.get(name, policies["default"])
