"""Policies ▶ data and back. Equal data is the same policy, whichever version of this code wrote it.

What a policy leaves as it is by itself is not written: so a policy that uses nothing new reads as it always did, for
the code that stored it and for older code beside this one. A value that is not there means the one in `Policy`: who
changes such a value there has to write the old one here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from datetime import timedelta
from typing import Any

from bot.core.policy import Policy, Step
from bot.core.signal import Severity

Codec = tuple[Callable[[Any], Any], Callable[[Any], Any]]


def policy_data(policy: Policy) -> dict[str, Any]:
    """What a version of a policy says, without its name and number."""
    said = {name: getattr(policy, name) for name in _NAMES}
    return {name: _CODECS[name][0](value) for name, value in said.items() if name in _ALWAYS or value != _USUAL[name]}


def policy(name: str, version: int, data: Mapping[str, Any]) -> Policy:
    said = {field: _CODECS[field][1](value) for field, value in data.items()}
    return Policy(name=name, version=version, **said)


def _step_data(step: Step) -> list[Any]:
    """`[who, seconds, nudges]`, and `ask` and `at_least` where they are used."""
    who = step.who[0] if len(step.who) == 1 else list(step.who)
    plain = [who, step.nudge_every.total_seconds(), step.nudges]
    usual = Step(who=step.who, nudge_every=step.nudge_every, nudges=step.nudges)
    return plain if step == usual else [*plain, step.ask, step.at_least.total_seconds()]


def _step(data: list[Any]) -> Step:
    who, seconds, nudges, *more = data
    names = (who,) if isinstance(who, str) else tuple(who)
    new = {"ask": more[0], "at_least": timedelta(seconds=more[1])} if more else {}
    return Step(who=names, nudge_every=timedelta(seconds=seconds), nudges=nudges, **new)


def _steps_data(steps: tuple[Step, ...]) -> list[Any]:
    return [_step_data(step) for step in steps]


def _steps(data: list[Any]) -> tuple[Step, ...]:
    return tuple(_step(one) for one in data)


def _seconds(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def _by_severity(write: Callable[[Any], Any], read: Callable[[Any], Any]) -> Codec:
    return (
        lambda values: {severity.value: write(value) for severity, value in values.items()},
        lambda data: {Severity(severity): read(value) for severity, value in data.items()},
    )


def _as_it_is(value: Any) -> Any:
    return value


_PLAIN: Codec = (_as_it_is, _as_it_is)
_SPAN: Codec = (timedelta.total_seconds, _seconds)
_SPANS = _by_severity(timedelta.total_seconds, _seconds)
_NAMED: Codec = (dict, dict)
_SEVERITIES: Codec = (
    lambda values: sorted(severity.value for severity in values),
    lambda data: frozenset(map(Severity, data)),
)
_CODECS: dict[str, Codec] = {
    "steps": (_steps_data, _steps),
    "ladders": _by_severity(_steps_data, _steps),
    "repeat": _PLAIN,
    "answer_within": _SPANS,
    "within": _SPANS,
    "check_in_every": _SPAN,
    "check_ins": _PLAIN,
    "snooze_at_most": _SPAN,
    "snooze_limits": _SPANS,
    "snoozes": _PLAIN,
    "reopen_window": _SPAN,
    "cleared": _PLAIN,
    "hours": _NAMED,
    "verify": _PLAIN,
    "dismiss": _NAMED,
    "second_person": _SEVERITIES,
    "instant": _SEVERITIES,
    "hops": _PLAIN,
}
_NAMES = tuple(field.name for field in fields(Policy) if field.name not in ("name", "version"))
_ALWAYS = (
    "steps",
    "within",
    "check_in_every",
    "check_ins",
    "snooze_at_most",
    "reopen_window",
    "cleared",
    "hours",
    "verify",
)
"""what the first version of this code wrote, and expects"""
_USUAL = {
    field.name: field.default if field.default_factory is MISSING else field.default_factory()
    for field in fields(Policy)
}
