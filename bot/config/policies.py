"""Policies in closeloop.yaml: both clocks, in the file's shape and in the words of the core."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from bot.config import values
from bot.config.notation import FOR_ALL, GIVEN, SEVERAL, SPACED, Duration, OrDefault, Shape, SomeTime, nothing, written
from bot.core.policy import Policy, Step
from bot.core.signal import Severity

# The first clock where a policy says nothing: how long a reminder may wait for somebody's hours, from the raise.
ANSWER_WITHIN = {
    Severity.CRITICAL: timedelta(minutes=15),
    Severity.ERROR: timedelta(days=5),
    Severity.WARNING: timedelta(days=7),
    Severity.INFO: timedelta(days=14),
}
# The second clock where a policy says nothing: from acknowledgement to resolution.
WITHIN = {
    Severity.CRITICAL: timedelta(hours=4),
    Severity.ERROR: timedelta(days=1),
    Severity.WARNING: timedelta(days=3),
    Severity.INFO: timedelta(days=7),
}
SNOOZE_AT_MOST = timedelta(days=2)

# ── the shape ────────────────────────────────────────────────────────────────────────────────────────────────────────

Lengths = Annotated[dict[OrDefault, SomeTime], FOR_ALL, nothing({})]
Asks = Annotated[Literal["everyone", "one at a time", "round robin"], SPACED]
Hours = Literal["always", "working"]
Dismisser = Literal["concerned", "manager", "admin"]
Severities = Annotated[tuple[Severity, ...], SEVERAL, nothing(())]


def _named(value: object) -> object:
    """`on call: payments` without quotes is a mapping in YAML, and means the same."""
    if isinstance(value, dict) and len(value) == 1:
        ((kind, name),) = value.items()
        return f"{kind}: {name}"
    return value


def _together(who: tuple[str, ...]) -> tuple[str, ...]:
    if len(who) > 1 and (channel := next((one for one in who if one.startswith("#")), None)):
        raise ValueError(f"{channel} stands beside others: give a channel a step of its own")
    return who


Whom = Annotated[str, written(values.who), BeforeValidator(_named)]


class Rung(Shape):
    """One step of the first clock."""

    who: Annotated[tuple[Whom, ...], Field(min_length=1), AfterValidator(_together), SEVERAL]
    ask: Asks = "everyone"
    nudge_every: SomeTime
    nudges: int = Field(default=2, ge=0, le=100)
    at_least: Duration = timedelta(0)

    @field_validator("ask", mode="after")
    @classmethod
    def _of_people(cls, ask: str, info: ValidationInfo) -> str:
        who = info.data.get("who", ())
        if ask != "everyone" and who and who[0].startswith("#"):
            raise ValueError(f"{ask} chooses among people, and {who[0]} is a channel")
        return ask


Rungs = Annotated[tuple[Rung, ...], Field(min_length=1)]


class Ladder(Shape):
    """The steps of one severity."""

    steps: Rungs


class Acknowledge(Shape):
    """The first clock."""

    within: Lengths = Field(default_factory=dict)
    repeat: int = Field(default=0, ge=0, le=100)
    steps: Annotated[Rungs | None, GIVEN] = None
    critical: Ladder | None = None
    error: Ladder | None = None
    warning: Ladder | None = None
    info: Ladder | None = None

    @property
    def ladders(self) -> dict[Severity, Ladder]:
        found = {severity: getattr(self, severity.value) for severity in Severity}
        return {severity: ladder for severity, ladder in found.items() if ladder}


class Resolve(Shape):
    """The second clock."""

    within: Lengths = Field(default_factory=dict)
    check_in_every: SomeTime = timedelta(hours=2)
    check_ins: int = Field(default=2, ge=1, le=100)


def _usual_hours() -> dict[str, Hours]:
    return {"critical": "always", "default": "working"}


def _anybody() -> dict[str, Dismisser]:
    return {"default": "concerned"}


class PolicyShape(Shape):
    """What is left out is as in the built-in policy `default`."""

    acknowledge: Annotated[Acknowledge, GIVEN] = Field(default_factory=Acknowledge)
    resolve: Resolve = Field(default_factory=Resolve)
    hours: Annotated[dict[OrDefault, Hours], FOR_ALL, nothing({})] = Field(default_factory=_usual_hours)
    verify: Literal["required", "when_possible", "never"] = "when_possible"
    cleared: Literal["close", "ask"] = "close"
    snooze_at_most: Lengths = Field(default_factory=dict)
    snoozes: int | None = Field(default=None, ge=0, le=1000)
    reopen_window: Duration = timedelta(days=7)
    dismiss: Annotated[dict[OrDefault, Dismisser], FOR_ALL, nothing({})] = Field(default_factory=_anybody)
    second_person: Severities = ()
    instant: Severities = (Severity.CRITICAL, Severity.ERROR)
    hops: int = Field(default=3, ge=1, le=100)


# ── the words of the core ────────────────────────────────────────────────────────────────────────────────────────────


def policy(name: str, shape: PolicyShape, fallback_channel: str) -> Policy:
    first, snoozes = shape.acknowledge, shape.snooze_at_most
    return Policy(
        name=name,
        steps=_steps(first.steps) if first.steps else built_in(fallback_channel),
        ladders={severity: _steps(ladder.steps) for severity, ladder in first.ladders.items()},
        repeat=first.repeat,
        answer_within=_each(first.within, ANSWER_WITHIN),
        within=_each(shape.resolve.within, WITHIN),
        check_in_every=shape.resolve.check_in_every,
        check_ins=shape.resolve.check_ins,
        snooze_at_most=snoozes.get("default", SNOOZE_AT_MOST),
        snooze_limits={severity: snoozes[severity] for severity in Severity if severity in snoozes},
        snoozes=shape.snoozes,
        reopen_window=shape.reopen_window,
        cleared=shape.cleared,
        hours=shape.hours,
        verify=shape.verify,
        dismiss=shape.dismiss,
        second_person=frozenset(shape.second_person),
        instant=frozenset(shape.instant),
        hops=shape.hops,
    )


def built_in(fallback_channel: str) -> tuple[Step, ...]:
    """The steps where a policy has none: up the chain of managers, then the fallback channel again and again."""
    minutes = (("owner", 10), ("manager", 15), ("manager of manager", 30), (fallback_channel, 240))
    return tuple(Step(who=(who,), nudge_every=timedelta(minutes=every), nudges=2) for who, every in minutes)


def _steps(rungs: tuple[Rung, ...]) -> tuple[Step, ...]:
    return tuple(
        Step(who=one.who, nudge_every=one.nudge_every, nudges=one.nudges, ask=one.ask, at_least=one.at_least)
        for one in rungs
    )


def _each(written: Mapping[str, timedelta], usual: Mapping[Severity, timedelta]) -> dict[Severity, timedelta]:
    """For every severity its own, else the one for all, else the usual one."""
    return {severity: written.get(severity, written.get("default", length)) for severity, length in usual.items()}


def every_ladder(shape: PolicyShape) -> Iterator[tuple[tuple[str, ...], tuple[Rung, ...]]]:
    """(where they stand in `acknowledge`, the steps) of all steps that the file has, those of severities too."""
    first = shape.acknowledge
    if first.steps:
        yield ("steps",), first.steps
    yield from (((severity.value, "steps"), ladder.steps) for severity, ladder in first.ladders.items())
