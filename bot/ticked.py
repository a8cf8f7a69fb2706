"""Tasks that somebody completed where they are: read every few minutes, and asked about once.

Nothing is closed by it: who completes a task may only want it off their list, and says nothing of what was done.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from bot.acts import Done
from bot.core.events import Actor
from bot.core.state import Alert
from bot.people import People
from bot.ports import AlertFilter, Completion, Receipt, Store, WorkItems

UNFINISHED = ("open", "acknowledged")
AT_ONCE = 20
"""tasks that are read together"""
LISTED = 200
"""unfinished alerts that are looked through between two looks at the time"""
ENOUGH = 10.0
"""seconds after which the rest is left to the next look: other chores wait, and the job has an end"""


@dataclass(frozen=True, kw_only=True)
class Ticked:
    store: Store
    people: People
    tools: Mapping[str, WorkItems]
    """the platform of a task's place ▶ the tool"""
    ask: Callable[..., Done]
    """`Loop.task_done`"""
    monotonic: Callable[[], float] = time.monotonic
    _from: dict[str, str | None] = field(default_factory=dict, repr=False, compare=False)
    """tool ▶ where the last look stopped, for want of time"""

    def look(self) -> int:
        """Returns how many owners are asked. Raises Unknown where a tool cannot be read now."""
        return sum(self._look(name, tool) for name, tool in self.tools.items())

    def _look(self, name: str, tool: WorkItems) -> int:
        """Page by page, for as long as one job may take; the next look goes on where this one stopped."""
        asked, until = 0, self.monotonic() + ENOUGH
        which = AlertFilter(status=UNFINISHED, order="due", limit=LISTED, cursor=self._from.get(name))
        while self.monotonic() < until:
            page = self.store.alerts(which)
            tasks = iter(self._tasks(name, page.items).items())
            while some := list(islice(tasks, AT_ONCE)):
                asked += self._asked(name, tool, some)
            which = replace(which, cursor=page.next)
            if page.next is None:
                break
        self._from[name] = which.cursor
        return asked

    def _asked(self, name: str, tool: WorkItems, some: Sequence[tuple[str, Receipt]]) -> int:
        found, asked = tool.completed([receipt for _, receipt in some]), 0
        for (alert_id, _), completion in zip(some, found, strict=True):
            if completion is not None:
                by = self._actor(name, tool, completion)
                asked += self.ask(alert_id, tool=name, completion=completion, by=by).ok
        return asked

    def _tasks(self, name: str, alerts: Sequence[Alert]) -> dict[str, Receipt]:
        """alert id ▶ its task, of those that have one in this tool"""
        places = {alert.id: place for alert in alerts if alert.has_card and (place := alert.shown_in(name))}
        return self.store.cards(places) if places else {}

    def _actor(self, name: str, tool: WorkItems, completion: Completion) -> Actor:
        """Who completed it, where that is told and known; else the tool, which is all that can be said."""
        platform, _, chat_id = completion.by.partition(":")
        person = self.people.by_chat(platform, chat_id) if chat_id else None
        if person is not None and person.kind != "unknown":
            return Actor(kind="person", id=person.id, name=person.name)
        return Actor(kind="tool", id=name, name=tool.label)
