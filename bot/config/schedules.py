"""On-call schedules in closeloop.yaml, in the file's shape and in the words of the core."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator, model_validator

from bot.config import times, values
from bot.config.notation import GIVEN, Email, MaybeTimeZone, MaybeWorking, Shape, Word, nothing, written
from bot.core.oncall import Rotation, Schedule

_USUAL = (0, 9 * 60)
"""the handover where none is written: 09:00, of weeks on a Monday"""


class RotationShape(Shape):
    """People who take turns."""

    people: Annotated[tuple[Email, ...], Field(min_length=1)]
    every: Annotated[tuple[str, int], written(times.turn)]
    handover: Annotated[tuple[int | None, int], written(times.handover)] = _USUAL
    since: Annotated[date, written(times.day)]
    hours: MaybeWorking = None
    time_zone: MaybeTimeZone = None

    @field_validator("handover", mode="after")
    @classmethod
    def _fits(cls, handover: tuple[int | None, int], info: ValidationInfo) -> tuple[int | None, int]:
        unit = info.data.get("every", ("", 0))[0]
        if unit == "week" and handover[0] is None:
            raise ValueError("turns are counted in weeks: it needs a weekday, like Mon 09:00")
        if unit == "day" and handover[0] is not None:
            raise ValueError("turns are counted in days: write the time alone, like 08:00")
        return handover


class ScheduleShape(Shape):
    """Who is on call under one name: layers of rotations, a calendar, or both."""

    time_zone: MaybeTimeZone = None
    rotations: Annotated[tuple[RotationShape, ...], nothing(())] = ()
    calendar: Annotated[Annotated[str, written(values.calendar)] | None, GIVEN] = None
    people: Annotated[dict[Word, Email], nothing({})] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _somebody(self) -> ScheduleShape:
        if not (self.rotations or self.calendar):
            raise ValueError("nobody is ever on call: give it rotations or a calendar")
        if self.people and not self.calendar:
            raise ValueError("people says whom a calendar's entries mean, and there is no calendar")
        if not self.time_zone and any(rotation.time_zone is None for rotation in self.rotations):
            raise ValueError("needs a time_zone, like Europe/Amsterdam: a handover is a time on somebody's clock")
        return self


def schedule(name: str, shape: ScheduleShape, folder: Path) -> Schedule:
    """`folder`: where the path of a calendar begins."""
    return Schedule(
        name=name,
        rotations=tuple(_rotation(rotation, shape.time_zone or "UTC") for rotation in shape.rotations),
        calendar=calendar(shape, folder),
        people=shape.people,
    )


def calendar(shape: ScheduleShape, folder: Path) -> str:
    """The address or the file of its calendar; empty where it has none."""
    if not shape.calendar or is_address(shape.calendar):
        return shape.calendar or ""
    return str(folder / shape.calendar)


@dataclass(frozen=True, kw_only=True)
class CalendarAt:
    """A calendar as `connectors.schedule` reads it: `schedule("ical")(where, people=…, time_zone=…)`."""

    schedule: str
    where: str
    """an http, https or webcal address, or a file, from where the process runs; a secret"""
    people: Mapping[str, str]
    time_zone: str
    """of whole days and of times without a zone"""


def calendar_at(name: str, shape: ScheduleShape, folder: Path) -> CalendarAt:
    return CalendarAt(
        schedule=name, where=calendar(shape, folder), people=shape.people, time_zone=shape.time_zone or "UTC"
    )


def is_address(where: str) -> bool:
    return "://" in where


def _rotation(shape: RotationShape, zone: str) -> Rotation:
    unit, count = shape.every
    weekday, minute = shape.handover
    return Rotation(
        people=shape.people,
        every=unit,
        count=count,
        handover=(weekday or 0, minute),
        since=shape.since,
        time_zone=shape.time_zone or zone,
        hours=shape.hours or "",
    )
