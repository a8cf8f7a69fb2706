"""Maintenance windows in closeloop.yaml, in the file's shape and in the words of the core."""

from __future__ import annotations

import json
from datetime import timedelta
from hashlib import sha256

from pydantic import Field, model_validator

from bot.config import times
from bot.config.humans import Instant
from bot.config.notation import Email, MaybeName, MaybeWord, Shape
from bot.core.mutes import Mute

LONGEST = timedelta(days=30)


class Window(Shape):
    """Alerts of a source or a rule wait in silence, always until an end, and somebody answers for it."""

    source: MaybeName = None
    rule: MaybeName = None
    start: Instant = Field(alias="from")
    until: Instant
    owner: Email
    why: MaybeWord = None
    critical: bool = False

    @model_validator(mode="after")
    def _of_something(self) -> Window:
        if not (self.source or self.rule):
            raise ValueError("holds back nothing: name a source or a rule")
        return self


def mute(shape: Window, zone: str) -> Mute:
    """`zone`: that of its owner, for times without an offset. The same words have the same id for ever."""
    start, until = (times.in_zone(written, zone) for written in (shape.start, shape.until))
    words = [shape.source, shape.rule, start.isoformat(), until.isoformat(), shape.owner, shape.why, shape.critical]
    return Mute(
        id=f"config-{sha256(json.dumps(words).encode()).hexdigest()[:20]}",
        start=start,
        until=until,
        owner=shape.owner,
        why=shape.why or "",
        source=shape.source,
        rule=shape.rule,
        critical=shape.critical,
    )
