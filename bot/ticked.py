"""Tasks that somebody completed where they are: read every few minutes, and asked about once.

Nothing is closed by it: who completes a task may only want it off their list, and says nothing of what was done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice

from bot.acts import Done
from bot.core.events import Actor
from bot.core.state import Alert
from bot.people import People
from bot.ports import AlertFilter, Completion, Receipt, Store, WorkItems

UNFINISHED = ("open", "acknowledged")
AT_ONCE = 20
"""tasks that are read together"""
PAGES, LISTED = 25, 200
"""how many unfinished alerts are looked through: pages, alerts on each"""


@dataclass(frozen=True, kw_only=True)
class Ticked:
    store: Store
    people: People
    tools: Mapping[str, WorkItems]
    """the platform of a task's place ▶ the tool"""
    ask: Callable[..., Done]
    """`Loop.task_done`"""

    def look(self) -> int:
        """Returns how many owners are asked. Raises Unknown where a tool cannot be read now."""
        return sum(self._look(name, tool) for name, tool in self.tools.items())

    def _look(self, name: str, tool: WorkItems) -> int:
        asked, tasks = 0, self._tasks(name)
        while some := list(islice(tasks, AT_ONCE)):
            found = tool.completed([receipt for _, receipt in some])
            for (alert_id, _), completion in zip(some, found, strict=True):
                if completion is not None:
                    by = self._actor(name, tool, completion)
                    asked += self.ask(alert_id, tool=name, completion=completion, by=by).ok
        return asked

    def _tasks(self, name: str) -> Iterator[tuple[str, Receipt]]:
        """(alert id, its task) of what is unfinished and has one in this tool."""
        for page in self._pages():
            places = {alert.id: place for alert in page if alert.has_card and (place := alert.shown_in(name))}
            if places:
                yield from self.store.cards(places).items()

    def _pages(self) -> Iterator[tuple[Alert, ...]]:
        which = AlertFilter(status=UNFINISHED, order="due", limit=LISTED)
        for _ in range(PAGES):
            page = self.store.alerts(which)
            yield page.items
            if page.next is None:
                return
            which = replace(which, cursor=page.next)

    def _actor(self, name: str, tool: WorkItems, completion: Completion) -> Actor:
        """Who completed it, where that is told and known; else the tool, which is all that can be said."""
        platform, _, chat_id = completion.by.partition(":")
        person = self.people.by_chat(platform, chat_id) if chat_id else None
        if person is not None and person.kind != "unknown":
            return Actor(kind="person", id=person.id, name=person.name)
        return Actor(kind="tool", id=name, name=tool.label)
