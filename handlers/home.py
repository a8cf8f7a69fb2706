"""The app's Home: mine, my team's, overdue, exceptions; overdue first, with filters."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.core import pages
from bot.core.state import Alert
from bot.ports import Answer
from handlers.reader import Reader

_TABS: dict[str, Callable[[Reader], list[Alert]]] = {
    "mine": Reader.mine,
    "team": Reader.team,
    "overdue": Reader.overdue,
    "exceptions": Reader.exceptions,
}


def show(reader: Reader, state: Mapping[str, str]) -> Answer:
    """Somebody's Home as it is now, with what they chose in it."""
    tabs = {name: list({alert.id: alert for alert in find(reader)}.values()) for name, find in _TABS.items()}
    chosen = state.get("tab", "mine")
    total = {name: len(found) for name, found in tabs.items()}
    shown = tabs.get(chosen, tabs["mine"])
    return Answer(ok=True, sheet=pages.home(shown, now=reader.now, state=state, total=total))
