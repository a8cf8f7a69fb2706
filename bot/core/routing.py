"""Who owns an alert and where its card goes, decided from data; never from its text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bot.core.people import Roster, gone, managers
from bot.core.signal import Signal


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One routing rule. Without `when` it matches every signal."""

    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """field (`source`, `severity`, `model.name`, `entity.type`, `entity.id`, `labels.<name>`) ▶ accepted values"""
    owner: str | None = None
    channel: str | None = None
    policy: str | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that decides where a signal goes."""

    last_resort: str
    """the owner of last resort, a person's id"""
    fallback_channel: str
    platform: str = "slack"
    sources: Mapping[str, Rule] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    admins: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Route:
    """The answer of routing, each part with the reason it was chosen."""

    named: Mapping[str, str]
    """person ▶ reason, best first: whom the alert, a rule or the source names"""
    last_resort: str
    channel: str
    policy: str

    def owners(self, roster: Roster) -> Iterator[tuple[str, str]]:
        """(person, reason), best first: who is named, the managers above them, the owner of last resort."""
        yield from self.named.items()
        above: dict[str, str] = {}
        for person in self.named:
            for manager in managers(person, roster):
                above.setdefault(manager, person)
        yield from ((manager, f"manager of {person}") for manager, person in above.items() if manager not in self.named)
        if self.last_resort not in self.named and self.last_resort not in above:
            yield self.last_resort, "owner of last resort"

    def owner(self, roster: Roster, declined: tuple[str, ...] = ()) -> tuple[str, str] | None:
        """The first who can own it and has not declined; the reason tells who was stepped over."""
        over: list[str] = []
        for ref, why in self.owners(roster):
            # A source may name them by a chat id; everywhere else they go by the id that the directory has.
            known = roster.person(ref)
            person = known.id if known else ref
            if person in declined:
                continue
            if reason := gone(person, roster):
                over.append(f"{person} is {reason}")
                continue
            return person, "; ".join((*over, why))
        return None


def route(signal: Signal, plan: Plan) -> Route:
    """First match wins, the more specific first: the alert's own words, a rule with `when`, the source, the rest.

    The chain of owners always ends at the owner of last resort.
    """
    layers = tuple(_layers(signal, plan))
    channel = next((rule.channel for _, rule in layers if rule.channel), plan.fallback_channel)
    policy = next((rule.policy for _, rule in layers if rule.policy), "default")
    named = {signal.owner: "named in the alert"} if signal.owner else {}
    for why, rule in layers:
        if rule.owner:
            named.setdefault(rule.owner, why)
    return Route(named=named, last_resort=plan.last_resort, channel=channel, policy=policy)


def _layers(signal: Signal, plan: Plan) -> Iterator[tuple[str, Rule]]:
    matching = [(n, rule) for n, rule in enumerate(plan.rules, start=1) if matches(rule, signal)]
    yield from ((f"routing rule {n}", rule) for n, rule in matching if rule.when)
    if signal.source in plan.sources:
        yield "the source's own", plan.sources[signal.source]
    yield from ((f"routing rule {n}", rule) for n, rule in matching if not rule.when)


def matches(rule: Rule, signal: Signal) -> bool:
    """Whether every field named in `when` has one of its accepted values."""
    return all(_field(signal, name) in accepted for name, accepted in rule.when.items())


def _field(signal: Signal, name: str) -> str | None:
    head, _, rest = name.partition(".")
    if head == "labels":
        return signal.labels.get(rest)
    if head == "model":
        return getattr(signal.model, rest, None) if signal.model else None
    if head == "entity":
        entity = signal.discrepancy.entity if signal.discrepancy else None
        return getattr(entity, rest, None) if entity else None
    value = getattr(signal, head, None)
    return str(value) if value is not None else None
