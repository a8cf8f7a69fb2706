"""Work items in closeloop.yaml: the tool in which the owner of an alert has a task for it, and of which alerts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BeforeValidator

from bot.config.notation import GIVEN, SEVERAL, Shape, written
from bot.core.signal import Severity

_ID = re.compile(r"[A-Za-z0-9_-]{20,64}")


def planner_id(text: str) -> str:
    """An id in Planner, in capitals and small letters as it is."""
    if not _ID.fullmatch(text.strip()):
        raise ValueError("not an id of Planner: it is in the plan's address, like xqQg5FS2LkCp935s-FIFm2QAFkHM")
    return text.strip()


def _all(value: object) -> object:
    return list(Severity) if value is None else value


MaybeId = Annotated[Annotated[str, written(planner_id)] | None, GIVEN]
Wanted = Annotated[tuple[Severity, ...], SEVERAL, BeforeValidator(_all)]


class WorkItemsShape(Shape):
    """One tool for all alerts of these severities."""

    tool: Literal["planner", "todo"]
    plan: MaybeId = None
    bucket: MaybeId = None
    severities: Wanted = tuple(Severity)

    @property
    def place(self) -> str:
        """Where the tasks are, as a place of an alert."""
        return f"planner:{self.plan}" if self.tool == "planner" else "todo:tasks"


def mistakes(shape: WorkItemsShape | None) -> Iterator[tuple[str, str]]:
    """(key, what is wrong) of what contradicts itself."""
    if shape is None:
        return
    if shape.tool == "planner" and shape.plan is None:
        yield "tool", "Planner needs a plan: the id in its address"
    if shape.tool == "todo":
        for key in ("plan", "bucket"):
            if getattr(shape, key) is not None:
                yield key, "only Planner has it; a To Do is in its owner's own list"
