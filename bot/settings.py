"""What closeloop.yaml means in the words of the core. Refuses nonsense, naming its line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bot.calendars import days_off
from bot.config import humans, meaning, owners, policies, schedules
from bot.config.lines import Document
from bot.config.mentions import people_named
from bot.config.mistakes import ConfigError, Mistake
from bot.config.owners import Routing, Table
from bot.config.policies import PolicyShape
from bot.config.reading import parse
from bot.config.schedules import CalendarAt
from bot.config.shapes import File, Limits, Raiser
from bot.config.values import CHATS
from bot.core.attention import Attention
from bot.core.mutes import Mute
from bot.core.oncall import Schedule
from bot.core.people import Person
from bot.core.policy import Policy
from bot.core.routing import Plan, Rule


@dataclass(frozen=True, kw_only=True)
class Config:
    """closeloop.yaml, read and found right."""

    file: File
    path: Path
    document: Document = field(repr=False, compare=False)
    warnings: tuple[Mistake, ...] = ()

    def ahead(self, now: datetime) -> tuple[Mistake, ...]:
        """Warnings of what comes: gaps in the on-call schedules of the file, in the next two weeks."""
        return tuple(meaning.ahead(self.schedules().values(), self.document, now))

    def policies(self) -> tuple[Policy, ...]:
        """Every policy, the built-in `default` among them unless the file has its own."""
        shapes = {"default": PolicyShape(), **self.file.policies}
        return tuple(policies.policy(name, shape, self.file.fallback.channel) for name, shape in shapes.items())

    def policy(self, name: str) -> Policy:
        """The policy of that name, or `default`."""
        found = {policy.name: policy for policy in self.policies()}
        return found.get(name, found["default"])

    def plan(self) -> Plan:
        file = self.file
        return Plan(
            last_resort=file.fallback.owner,
            fallback_channel=file.fallback.channel,
            platform=file.platform,
            others=tuple(self._other_chats()),
            sources={name: _source(source) for name, source in file.sources.items()},
            rules=tuple(owners.rule(shape) for shape in file.routing),
            admins=frozenset(file.admins),
            stewards={name: _answerable(source) for name, source in file.sources.items() if _answerable(source)},
            schedules=self.schedules(),
            days_off=days_off,
            attention=Attention(per_hour=file.attention.per_hour),
            tasks=file.work_items.place if file.work_items else "",
            tasks_for=frozenset(file.work_items.severities if file.work_items else ()),
        )

    def schedules(self) -> dict[str, Schedule]:
        """The on-call schedules by name; the path of a calendar file begins where closeloop.yaml lies."""
        return {name: schedules.schedule(name, shape, self._folder) for name, shape in self.file.schedules.items()}

    def calendars(self) -> tuple[CalendarAt, ...]:
        """The calendars that say who is on call."""
        shapes = self.file.schedules.items()
        return tuple(schedules.calendar_at(name, shape, self._folder) for name, shape in shapes if shape.calendar)

    def tables(self) -> tuple[Table, ...]:
        """Every table of owners that routing may ask, each once; those too that stand in a rule only."""
        named, ways = self.file.tables, [way for rule in self._rules() for way in rule.owner]
        found = [owners.table(name, shape, self._folder) for name, shape in named.items()]
        found += owners.inline(ways, named, self._folder)
        return tuple({table.name: table for table in found}.values())

    def mutes(self) -> tuple[Mute, ...]:
        """The maintenance windows, those that are over as well."""
        return meaning.mutes(self.file)

    def people(self) -> tuple[Person, ...]:
        """The people of the file; who is named elsewhere only (an owner, a manager) is left to other directories."""
        return tuple(humans.person(email, human) for email, human in self.file.people.items())

    def everybody(self) -> tuple[str, ...]:
        """The e-mail of everybody whom the file names anywhere, each once."""
        named = (who for _, who in people_named(self.file, self.document))
        return tuple(dict.fromkeys((*self.file.people, *named)))

    def channels(self, platform: str | None = None) -> tuple[str, ...]:
        """Every channel of a chat (or of the usual one) that something may be said in, each once: what the bot must be
        a member of."""
        usual = self.file.platform
        found = (name if ":" in name else f"{usual}:{name}" for name in self._channels())
        start = f"{platform or usual}:"
        return tuple(dict.fromkeys(name.removeprefix(start) for name in found if name.startswith(start)))

    def _other_chats(self) -> Iterator[str]:
        """Those beside the usual one in which something is shown or, as Teams, people are reached."""
        for chat in CHATS:
            if chat != self.file.platform and (self.channels(chat) or (chat == "teams" and self.file.teams.channels)):
                yield chat

    def _channels(self) -> Iterator[str]:
        yield self.file.fallback.channel
        yield from (channel for rule in self._rules() for channel in rule.channel)
        for policy in self.policies():
            for steps in (policy.steps, *policy.ladders.values()):
                yield from (step.channel for step in steps if step.channel)

    def _rules(self) -> tuple[Raiser | Routing, ...]:
        return (*self.file.sources.values(), *self.file.routing)

    @property
    def _folder(self) -> Path:
        return self.path.parent

    @property
    def limits(self) -> Limits:
        return self.file.limits

    @property
    def directories(self) -> tuple[str, ...]:
        """Which directories are asked who somebody is, in this order."""
        return self.file.directory

    def may_name_owner(self, source: str) -> bool:
        """Whether alerts of this source may name their owner themselves."""
        known = self.file.sources.get(source)
        return known.may_name_owner if known else True


def _source(source: Raiser) -> Rule:
    channel, also = owners.first(source.channel), source.channel[1:]
    return Rule(owners=owners.owners(source.owner), channel=channel, also=also, policy=source.policy)


def _answerable(source: Raiser) -> frozenset[str]:
    """The people who answer for a source."""
    named = (source.steward, source.data_owner, source.sponsor)
    return frozenset(email for email in named if email)


def load(path: Path) -> Config:
    """The configuration in a file. Raises ConfigError, whose text is the whole list of mistakes."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        hint = "copy closeloop.example.yaml to it, or name another file in CLOSELOOP_CONFIG"
        raise ConfigError([f"{path}: there is no such file; {hint}"]) from None
    except UnicodeDecodeError as error:
        raise ConfigError([f"{path}: not UTF-8 text (byte {error.start})"]) from None
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from None
    return loads(text, path)


def loads(text: str, path: Path) -> Config:
    """The configuration in `text`; `path` is what mistakes call it, and where its own paths begin."""
    file, document = parse(text, str(path))
    return Config(file=file, path=path, document=document, warnings=tuple(meaning.warnings(file, document)))
