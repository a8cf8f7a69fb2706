"""People in closeloop.yaml: what the file knows of them, in its shape and in the words of the core."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from bot.config import times, values
from bot.config.notation import (
    GIVEN,
    MaybeEmail,
    MaybeTimeZone,
    MaybeWord,
    MaybeWorking,
    Shape,
    nothing,
    written,
)
from bot.config.teams import ObjectId
from bot.core.people import Away, Person

Instant = Annotated[datetime, written(times.instant)]


class Absence(Shape):
    """Somebody is away; a day alone begins at midnight where they are, so `until` is the day on which they are back."""

    start: Instant = Field(alias="from")
    until: Instant
    delegate: MaybeEmail = None
    why: MaybeWord = None


class Human(Shape):
    """What this file knows of one person; a directory may know more."""

    name: MaybeWord = None
    manager: MaybeEmail = None
    time_zone: MaybeTimeZone = None
    hours: MaybeWorking = None
    quiet: Annotated[Annotated[str, written(times.quiet)] | None, GIVEN] = None
    country: Annotated[Annotated[str, written(values.country)] | None, GIVEN] = None
    prefers: Literal["instant", "digest"] = "instant"
    away: Annotated[tuple[Absence, ...], nothing(())] = ()
    chat: Literal["slack", "teams"] | None = None
    slack: Annotated[Annotated[str, written(values.slack_id)] | None, GIVEN] = None
    teams: Annotated[ObjectId | None, GIVEN] = None

    @property
    def zone(self) -> str:
        return self.time_zone or "UTC"


def person(email: str, human: Human) -> Person:
    return Person(
        id=email,
        # Without a name here the e-mail stands in for it, and another directory's name takes its place.
        name=human.name or email,
        manager=human.manager,
        time_zone=human.zone,
        chat={name: chat_id for name in ("slack", "teams") if (chat_id := getattr(human, name))},
        working=human.hours or "",
        quiet=human.quiet or "",
        country=human.country or "",
        prefers=human.prefers,
        uses=human.chat or "",
        away=tuple(away(absence, human.zone) for absence in human.away),
    )


def away(absence: Absence, zone: str) -> Away:
    start, until = (times.in_zone(written, zone) for written in (absence.start, absence.until))
    return Away(start=start, until=until, delegate=absence.delegate, why=absence.why or "")
