"""Why routing decides as it does: every rule held against an alert, for whoever wrote the rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.core.matching import accepts, value_of
from bot.core.routing import Plan, Rule, called
from bot.core.signal import Signal


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field that a rule looks at, what it accepts there, and what the alert has."""

    name: str
    accepted: tuple[str, ...]
    value: str | None
    fits: bool


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One rule held against an alert."""

    name: str
    rule: Rule
    fields: tuple[Field, ...]

    @property
    def matches(self) -> bool:
        return all(field.fits for field in self.fields)

    @property
    def fails(self) -> Field | None:
        """The first field that keeps it from matching."""
        return next((field for field in self.fields if not field.fits), None)


def judged(signal: Signal, plan: Plan) -> list[Judged]:
    """Every rule in the order in which routing asks them: with `when`, the source's own entry, without `when`."""
    rules = [(called(n, rule), rule) for n, rule in enumerate(plan.rules, start=1)]
    own = plan.sources.get(signal.source)
    ordered = [
        *((name, rule) for name, rule in rules if rule.when),
        *([("the source's own", own)] if own else []),
        *((name, rule) for name, rule in rules if not rule.when),
    ]
    return [Judged(name=name, rule=rule, fields=tuple(_fields(rule, signal))) for name, rule in ordered]


def _fields(rule: Rule, signal: Signal) -> Iterator[Field]:
    for name, accepted in rule.when.items():
        value = value_of(signal, name)
        yield Field(name=name, accepted=accepted, value=value, fits=accepts(accepted, value))


def decided(found: list[Judged], what: str) -> str:
    """Which of the rules decides on the `channel` or the `policy`; or where it comes from without any."""
    usual = {"channel": "fallback", "policy": "built in"}[what]
    return next((one.name for one in found if one.matches and getattr(one.rule, what)), usual)
