"""The app's Home: my open alerts, overdue first."""

from __future__ import annotations

from bot.core import pages
from bot.ports import Answer
from handlers.commands import Reader


def show(reader: Reader) -> Answer:
    """Somebody's Home as it is now."""
    return Answer(ok=True, sheet=pages.home(reader.mine(), now=reader.now))
