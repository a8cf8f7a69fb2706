"""What every part of closeloop.yaml is written with: words, durations, people, and mappings that know their keys."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bot.config import times, values
from bot.config.mistakes import did_you_mean
from bot.core.matching import FIELDS
from bot.core.signal import Severity

SEVERITIES = tuple(severity.value for severity in Severity)
HOLDERS = {"labels": "labels.team"} | {field.partition(".")[0]: field for field in reversed(FIELDS) if "." in field}
"""what is no field by itself ▶ a part of it that is one"""


def written(parse: Callable[[str], Any]) -> BeforeValidator:
    """A notation of bot.config.values or times; what is not written as one word is refused before it is parsed."""

    def before(value: Any) -> Any:
        if not isinstance(value, str):
            raise ValueError("empty" if value is None else "must be a single value")
        return parse(value)

    return BeforeValidator(before)


def _given(value: Any) -> Any:
    if value is None:
        raise ValueError("empty")
    return value


GIVEN = BeforeValidator(_given)
"""A key may be left out; written with nothing behind it, it is a mistake: an unquoted channel reads as nothing."""


def nothing(empty: Any) -> BeforeValidator:
    """A section whose entries are all commented out is as good as left out."""
    return BeforeValidator(lambda value: empty if value is None else value)


def _several(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


SEVERAL = BeforeValidator(_several)
"""One entry may stand for a list of one."""


def _for_all(value: Any) -> Any:
    return value if isinstance(value, dict) or value is None else {"default": value}


FOR_ALL = BeforeValidator(_for_all)
"""One value may stand for every severity."""


def field(name: str) -> str:
    """A field of an alert, as rules and tables look at it."""
    if name.startswith("labels.") and len(name) > len("labels."):
        return name
    if name in HOLDERS and name not in FIELDS:
        raise ValueError(f"unknown field; name one part of it, like {HOLDERS[name]}")
    if name not in FIELDS:
        raise ValueError(f"unknown field; {did_you_mean(name, (*FIELDS, 'labels.<name>'))}")
    return name


def _severity(name: str) -> str:
    if name not in (known := (*SEVERITIES, "default")):
        raise ValueError(f"unknown value; {did_you_mean(name, known)}")
    return name


def _spaced(text: str) -> str:
    """`round_robin` is `round robin`: the core's words have no underscores."""
    return " ".join(text.lower().replace("_", " ").split())


SPACED = written(_spaced)

Duration = Annotated[timedelta, written(values.duration)]
SomeTime = Annotated[timedelta, written(values.some_time)]
Email = Annotated[str, written(values.email)]
Channel = Annotated[str, written(values.channel)]
Word = Annotated[str, written(str.strip)]
Name = Annotated[str, written(values.name)]
AlertField = Annotated[str, written(field)]
TimeZone = Annotated[str, written(times.time_zone)]
Working = Annotated[str, written(times.hours)]

MaybeEmail = Annotated[Email | None, GIVEN]


def _the_first(channels: tuple[str, ...]) -> tuple[str, ...]:
    """The card's own channel, in which its steps and its fallback are too, is one of the usual chat."""
    if not channels[0].startswith("#"):
        raise ValueError(f"the first is the card's own, in the usual chat: write a #channel before {channels[0]}")
    if twice := next((one for n, one in enumerate(channels) if one in channels[:n]), None):
        raise ValueError(f"{twice} stands there twice")
    return channels


Channels = Annotated[
    tuple[Annotated[str, written(values.channel_of)], ...], Field(min_length=1), AfterValidator(_the_first), SEVERAL
]
"""where the card is, and where it is shown besides"""
MaybeWord = Annotated[Word | None, GIVEN]
MaybeName = Annotated[Name | None, GIVEN]
MaybeAlertField = Annotated[AlertField | None, GIVEN]
MaybeTimeZone = Annotated[TimeZone | None, GIVEN]
MaybeWorking = Annotated[Working | None, GIVEN]

OrDefault = Annotated[str, written(_severity)]
"""a severity, or `default` for all those that are not named"""


class Shape(BaseModel):
    """A mapping that knows its keys; written with nothing under it, it is all defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _empty(cls, data: Any) -> Any:
        return {} if data is None else data
