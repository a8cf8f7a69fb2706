"""The shape of closeloop.yaml: which keys exist, what they hold, and what is meant where they are left out."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bot.config import values
from bot.config.humans import Human
from bot.config.notation import Channel, Channels, Email, MaybeEmail, MaybeWord, Name, Shape, Word, nothing, written
from bot.config.owners import Owners, Routing, TableShape
from bot.config.policies import PolicyShape
from bot.config.schedules import ScheduleShape
from bot.config.teams import TeamsShape
from bot.config.windows import Window
from bot.config.workitems import WorkItemsShape


class Fallback(Shape):
    """The owner of last resort, a human, and the channel where nobody else can be told."""

    owner: Email
    channel: Channel


class Raiser(Shape):
    """A source: where its alerts go, and the people who answer for it."""

    channel: Channels = ()
    owner: Owners = ()
    policy: MaybeWord = None
    steward: MaybeEmail = None
    data_owner: MaybeEmail = None
    sponsor: MaybeEmail = None
    may_name_owner: bool = True


class AttentionShape(Shape):
    """How much one person is asked for."""

    per_hour: int = Field(default=12, ge=1, le=10_000)


class Limits(Shape):
    """What one source may send, and how many times its usual limits a chat allows."""

    per_source: Annotated[str, written(values.rate)] = "1200/minute"
    body_bytes: int = Field(default=256 * 1024, ge=1024, le=16 * 1024 * 1024)
    chat_scale: float = Field(default=1.0, ge=0.1, le=1000.0)


class File(Shape):
    """The whole of closeloop.yaml. Only `fallback` is required."""

    fallback: Fallback
    platform: Literal["slack", "teams"] = "slack"
    teams: TeamsShape = Field(default_factory=TeamsShape)
    directory: Annotated[tuple[Literal["file", "graph", "slack"], ...], nothing(("file", "slack"))] = ("file", "slack")
    people: Annotated[dict[Email, Human], nothing({})] = Field(default_factory=dict)
    admins: Annotated[tuple[Email, ...], nothing(())] = ()
    sources: Annotated[dict[Annotated[str, written(values.source_name)], Raiser], nothing({})] = Field(
        default_factory=dict
    )
    routing: Annotated[tuple[Routing, ...], nothing(())] = ()
    tables: Annotated[dict[Name, TableShape], nothing({})] = Field(default_factory=dict)
    schedules: Annotated[dict[Name, ScheduleShape], nothing({})] = Field(default_factory=dict)
    policies: Annotated[dict[Word, PolicyShape], nothing({})] = Field(default_factory=dict)
    work_items: WorkItemsShape | None = None
    attention: AttentionShape = Field(default_factory=AttentionShape)
    maintenance: Annotated[tuple[Window, ...], nothing(())] = ()
    limits: Limits = Field(default_factory=Limits)
