"""What people have to do in the tenant, and what was sent to them: one plan of Planner, lists of To Do, a box of mail.

Nothing of it is kept over a restart: whoever edits what is gone hears so.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sandbox.errors import Json, PageError
from sandbox.microsoft.config import BUCKET, PLAN


@dataclass(kw_only=True)
class TodoList:
    """One list of one person (their object id)."""

    id: str
    user: str
    name: str
    tasks: dict[str, Json] = field(default_factory=dict)


class Work:
    """Everything runs on one event loop. `now`: Unix seconds of business time."""

    def __init__(self, *, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._version = 0
        self.plans: dict[str, Json] = {PLAN: {"id": PLAN, "title": "Alerts", "owner": "acme"}}
        self.buckets: dict[str, Json] = {BUCKET: {"id": BUCKET, "name": "Open", "planId": PLAN, "orderHint": "85 P"}}
        self.tasks: dict[str, Json] = {}
        self.details: dict[str, Json] = {}
        self.lists: dict[str, TodoList] = {}
        self.mails: list[Json] = []

    def stamp(self) -> str:
        return datetime.fromtimestamp(self._now(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")

    def day(self) -> Json:
        """To Do keeps of an instant the day alone."""
        day = datetime.fromtimestamp(self._now(), UTC).strftime("%Y-%m-%d")
        return {"dateTime": f"{day}T00:00:00.0000000", "timeZone": "UTC"}

    def etag(self) -> str:
        """A new one each time, greater than all before."""
        self._version += 1
        return f'W/"JzEt{self._version:012d}"'

    def new_id(self) -> str:
        """As long as Planner's."""
        return secrets.token_urlsafe(21)

    # ── what is marked complete, and by whom ─────────────────────────────────────────────────────────────────────

    def progress(self, task: Json, percent: int, by: Json) -> None:
        """What follows from a new percentage of a Planner task."""
        if percent == 100 and task["percentComplete"] != 100:
            task |= {"completedDateTime": self.stamp(), "completedBy": by}
        elif percent != 100:
            task |= {"completedDateTime": None, "completedBy": None}
        task["percentComplete"] = percent

    def status(self, task: Json, status: str) -> None:
        """What follows from a new status of a To Do."""
        if status == "completed" and task["status"] != "completed":
            task["completedDateTime"] = self.day()
        elif status != "completed":
            task["completedDateTime"] = None
        task |= {"status": status, "lastModifiedDateTime": self.stamp()}

    def complete(self, task_id: str, *, by: str, is_complete: bool = True) -> Json:
        """Somebody (their object id) ticks a task, or takes the tick away. Raises PageError."""
        task = self.tasks.get(task_id)
        if task is not None:
            self.progress(task, 100 if is_complete else 0, {"user": {"id": by}})
            task["@odata.etag"] = self.etag()
            return task
        todo = next((one.tasks[task_id] for one in self.lists.values() if task_id in one.tasks), None)
        if todo is None:
            raise PageError("there is no such task", status=404)
        self.status(todo, "completed" if is_complete else "notStarted")
        todo["@odata.etag"] = self.etag()
        return todo

    def shown(self) -> list[Json]:
        """Every task in one shape: id, tool, title, text, the object ids of who has it, due, done, its own fields."""
        planner = [
            _shown("planner", one, self.details[one["id"]]["description"], list(one["assignments"]), one["dueDateTime"])
            for one in self.tasks.values()
        ]
        todo = [
            _shown("todo", one, one["body"]["content"], [where.user], (one["dueDateTime"] or {}).get("dateTime"))
            for where in self.lists.values()
            for one in where.tasks.values()
        ]
        return planner + todo


def _shown(tool: str, task: Json, text: str, owners: list[str], due: str | None) -> Json:
    done = task.get("percentComplete") == 100 or task.get("status") == "completed"
    known = {"id": task["id"], "title": task["title"], "due": due, "done": done, "raw": task}
    return {"tool": tool, "text": text, "owners": owners, **known}
