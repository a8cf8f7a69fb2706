"""The shape of closeloop.yaml: which keys exist, what they hold, and what is meant where they are left out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bot.config import values
from bot.config.mistakes import did_you_mean
from bot.core.signal import Severity

WHEN = ("source", "severity", "model.name", "model.version", "entity.type", "entity.id")
HOURS = ("always", "working")
SEVERITIES = tuple(severity.value for severity in Severity)


def _written(parse: Callable[[str], Any]) -> BeforeValidator:
    """A notation of bot.config.values; what is not written as one word is refused before it is parsed."""

    def before(value: Any) -> Any:
        if not isinstance(value, str):
            raise ValueError("empty" if value is None else "must be a single value")
        return parse(value)

    return BeforeValidator(before)


def _given(value: Any) -> Any:
    if value is None:
        raise ValueError("empty")
    return value


_GIVEN = BeforeValidator(_given)


def _nothing(empty: Any) -> BeforeValidator:
    """A section whose entries are all commented out is as good as left out."""
    return BeforeValidator(lambda value: empty if value is None else value)


Duration = Annotated[timedelta, _written(values.duration)]
SomeTime = Annotated[timedelta, _written(values.some_time)]
Email = Annotated[str, _written(values.email)]
Channel = Annotated[str, _written(values.channel)]
Whom = Annotated[str, _written(values.who)]
Word = Annotated[str, _written(str.strip)]
# A key may be left out; written with nothing behind it, it is a mistake (an unquoted channel reads as nothing).
MaybeEmail = Annotated[Email | None, _GIVEN]
MaybeChannel = Annotated[Channel | None, _GIVEN]
MaybeWord = Annotated[Word | None, _GIVEN]


def _several(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _when(name: str) -> str:
    if name.startswith("labels.") and len(name) > len("labels."):
        return name
    if name in ("labels", "model", "entity"):
        example = {"labels": "labels.team", "model": "model.name", "entity": "entity.type"}[name]
        raise ValueError(f"unknown field; name one part of it, like {example}")
    if name not in WHEN:
        raise ValueError(f"unknown field; {did_you_mean(name, (*WHEN, 'labels.<name>'))}")
    return name


WhenField = Annotated[str, _written(_when)]
Accepted = Annotated[tuple[Word, ...], BeforeValidator(_several), Field(min_length=1)]


def _for_every_severity(value: Any) -> Any:
    """One duration stands for every severity; parsed here too, so that its mistake is told once."""
    return {name: value for name in SEVERITIES} if isinstance(value, str) and values.some_time(value) else value


def _hours(value: Any) -> Any:
    """One word stands for every severity."""
    if isinstance(value, str) and value not in HOURS:
        raise ValueError(f"unknown value; {did_you_mean(value, HOURS)}")
    return {"default": value} if isinstance(value, str) else value


def _usual_hours() -> dict[Severity | Literal["default"], Literal["always", "working"]]:
    return {Severity.CRITICAL: "always", "default": "working"}


class Shape(BaseModel):
    """A mapping that knows its keys; written with nothing under it, it is all defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _empty(cls, data: Any) -> Any:
        return {} if data is None else data


class Fallback(Shape):
    """The owner of last resort, a human, and the channel where nobody else can be told."""

    owner: Email
    channel: Channel


class Human(Shape):
    """What this file knows of one person; a directory may know more."""

    name: MaybeWord = None
    manager: MaybeEmail = None
    time_zone: Annotated[Annotated[str, _written(values.time_zone)] | None, _GIVEN] = None
    hours: Annotated[Annotated[str, _written(values.hours)] | None, _GIVEN] = None
    slack: Annotated[Annotated[str, _written(values.slack_id)] | None, _GIVEN] = None


class Raiser(Shape):
    """A source: where its alerts go, and the people who answer for it."""

    channel: MaybeChannel = None
    owner: MaybeEmail = None
    policy: MaybeWord = None
    steward: MaybeEmail = None
    data_owner: MaybeEmail = None
    sponsor: MaybeEmail = None
    may_name_owner: bool = True


class Routing(Shape):
    """One rule; without `when` it matches every alert."""

    when: Annotated[dict[WhenField, Accepted], _nothing({})] = Field(default_factory=dict)
    owner: MaybeEmail = None
    channel: MaybeChannel = None
    policy: MaybeWord = None

    @model_validator(mode="after")
    def _decides(self) -> Routing:
        if not (self.owner or self.channel or self.policy):
            raise ValueError("decides nothing: give it an owner, a channel or a policy")
        return self


class Rung(Shape):
    """One step of the first clock."""

    who: Whom
    nudge_every: SomeTime
    nudges: int = Field(default=2, ge=0, le=100)


class Acknowledge(Shape):
    steps: Annotated[tuple[Rung, ...], Field(min_length=1)]


class Resolve(Shape):
    within: Annotated[dict[Severity, SomeTime], BeforeValidator(_for_every_severity), _nothing({})] = Field(
        default_factory=dict
    )
    check_in_every: SomeTime = timedelta(hours=2)
    check_ins: int = Field(default=2, ge=1, le=100)


class PolicyShape(Shape):
    """Both clocks of a policy. What is left out is as in the built-in policy `default`."""

    acknowledge: Annotated[Acknowledge | None, _GIVEN] = None
    resolve: Resolve = Field(default_factory=Resolve)
    hours: Annotated[
        dict[Severity | Literal["default"], Literal["always", "working"]], BeforeValidator(_hours), _nothing({})
    ] = Field(default_factory=_usual_hours)
    verify: Literal["required", "when_possible", "never"] = "when_possible"
    cleared: Literal["close", "ask"] = "close"
    snooze_at_most: SomeTime = timedelta(days=2)
    reopen_window: Duration = timedelta(days=7)


class Limits(Shape):
    """What one source may send, and how many times its usual limits a chat allows."""

    per_source: Annotated[str, _written(values.rate)] = "1200/minute"
    body_bytes: int = Field(default=256 * 1024, ge=1024, le=16 * 1024 * 1024)
    chat_scale: float = Field(default=1.0, ge=0.1, le=1000.0)


class File(Shape):
    """The whole of closeloop.yaml. Only `fallback` is required."""

    fallback: Fallback
    platform: Literal["slack"] = "slack"
    directory: Annotated[tuple[Literal["file", "slack"], ...], _nothing(("file", "slack"))] = ("file", "slack")
    people: Annotated[dict[Email, Human], _nothing({})] = Field(default_factory=dict)
    admins: Annotated[tuple[Email, ...], _nothing(())] = ()
    sources: Annotated[dict[Annotated[str, _written(values.source_name)], Raiser], _nothing({})] = Field(
        default_factory=dict
    )
    routing: Annotated[tuple[Routing, ...], _nothing(())] = ()
    policies: Annotated[dict[Word, PolicyShape], _nothing({})] = Field(default_factory=dict)
    limits: Limits = Field(default_factory=Limits)
