"""What closeloop.yaml means in the words of the core. Refuses nonsense, naming its line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bot.config import meaning
from bot.config.mistakes import ConfigError, Mistake
from bot.config.reading import parse
from bot.config.shapes import File, Limits, PolicyShape, Rung
from bot.core.people import Person
from bot.core.policy import Policy, Step
from bot.core.routing import Owner, Plan, Rule
from bot.core.signal import Severity

# The second clock where a policy says nothing: from acknowledgement to resolution.
WITHIN = {
    Severity.CRITICAL: timedelta(hours=4),
    Severity.ERROR: timedelta(days=1),
    Severity.WARNING: timedelta(days=3),
    Severity.INFO: timedelta(days=7),
}


@dataclass(frozen=True, kw_only=True)
class Config:
    """closeloop.yaml, read and found right."""

    file: File
    path: Path
    warnings: tuple[Mistake, ...] = ()

    def policies(self) -> tuple[Policy, ...]:
        """Every policy, the built-in `default` among them unless the file has its own."""
        shapes = {"default": PolicyShape(), **self.file.policies}
        return tuple(self._policy(name, shape) for name, shape in shapes.items())

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
            sources={
                name: Rule(owners=_owners(source.owner), channel=source.channel, policy=source.policy)
                for name, source in file.sources.items()
            },
            rules=tuple(
                Rule(when=rule.when, owners=_owners(rule.owner), channel=rule.channel, policy=rule.policy)
                for rule in file.routing
            ),
            admins=frozenset(file.admins),
        )

    def people(self) -> tuple[Person, ...]:
        """The people of the file; who is named elsewhere only (an owner, a manager) is left to other directories."""
        return tuple(
            Person(
                id=email,
                # Without a name here the e-mail stands in for it, and another directory's name takes its place.
                name=human.name or email,
                manager=human.manager,
                time_zone=human.time_zone or "UTC",
                chat={"slack": human.slack} if human.slack else {},
            )
            for email, human in self.file.people.items()
        )

    def channels(self) -> tuple[str, ...]:
        """Every channel that something may be said in, each once: what the bot must be a member of."""
        return tuple(dict.fromkeys(self._channels()))

    def _channels(self) -> Iterator[str]:
        yield self.file.fallback.channel
        named = [source.channel for source in self.file.sources.values()] + [rule.channel for rule in self.file.routing]
        yield from (channel for channel in named if channel)
        for policy in self.policies():
            yield from (step.channel for step in policy.steps if step.channel)

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

    def _policy(self, name: str, shape: PolicyShape) -> Policy:
        return Policy(
            name=name,
            steps=tuple(_step(rung) for rung in shape.acknowledge.steps) if shape.acknowledge else self._steps(),
            within={**WITHIN, **shape.resolve.within},
            check_in_every=shape.resolve.check_in_every,
            check_ins=shape.resolve.check_ins,
            snooze_at_most=shape.snooze_at_most,
            reopen_window=shape.reopen_window,
            cleared=shape.cleared,
            hours={str(severity): kept for severity, kept in shape.hours.items()},
            verify=shape.verify,
        )

    def _steps(self) -> tuple[Step, ...]:
        """The steps of the built-in policy: up the chain of managers, then the fallback channel again and again."""
        minutes = (("owner", 10), ("manager", 15), ("manager of manager", 30), (self.file.fallback.channel, 240))
        return tuple(Step(who=(who,), nudge_every=timedelta(minutes=every), nudges=2) for who, every in minutes)


def _step(rung: Rung) -> Step:
    return Step(who=(rung.who,), nudge_every=rung.nudge_every, nudges=rung.nudges)


def _owners(named: str | None) -> tuple[Owner, ...]:
    return (Owner(named),) if named else ()


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
    """The configuration in `text`; `path` is only what mistakes call it."""
    file, document = parse(text, str(path))
    return Config(file=file, path=path, warnings=tuple(meaning.warnings(file, document)))
