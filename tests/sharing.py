"""Which tests stay together where the suite runs in several processes.

A town is opened once for all its stories; most files share something that is slow to make. The marks that pytest-xdist
has for this do nothing since pytest 9.2, and it says nothing of that: pytest-dev/pytest-xdist#1386.
"""

from __future__ import annotations

from typing import Any

from story.platforms import HOUSES
from xdist.scheduler import LoadScopeScheduling


def together(nodeid: str) -> str:
    """What a test shares with others: the town of a story, else its file."""
    file, _, name = nodeid.partition("::")
    if "/story/" not in f"/{file}":
        return file
    given = name.partition("[")[2].removesuffix("]").split("-")
    # `teams-postgres` before `teams`; a story's other parameters stand before or behind its town.
    towns = sorted(HOUSES, key=len, reverse=True)
    return next((f"story {town}" for town in towns if _holds(given, town.split("-"))), file)


def _holds(given: list[str], town: list[str]) -> bool:
    return given[: len(town)] == town or given[-len(town) :] == town


class Together(LoadScopeScheduling):
    """Gives out what belongs together, in the order in which it was collected."""

    def __init__(self, config: Any, log: Any = None) -> None:
        config.option.loadscopereorder = False  # by number of tests; here a few of them take minutes
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return together(nodeid)
