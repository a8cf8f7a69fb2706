"""Which story is told where: all of them on every platform, but for one table of what a platform does not have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

HOUSES: dict[str, tuple[str, str]] = {
    "sqlite": ("slack", "sqlite"),
    "postgres": ("slack", "postgres"),
    "socket": ("slack", "sqlite"),
    "teams": ("teams", "sqlite"),
    "teams-postgres": ("teams", "postgres"),
}
"""house ▶ (platform, database)"""
PLATFORMS = ("slack", "teams")
USUAL = ("sqlite", "postgres", "teams")
ALSO_ON_POSTGRES = ("test_closed_loop", "test_at_once", "test_forgotten", "test_killed")
"""what is told in Teams on PostgreSQL too: where the database decides something, and the loop from end to end"""

BOTH_AT_ONCE = ("test_both_chats",)
"""files whose one town has both chats"""

DIFFERENCES: dict[str, tuple[str, str]] = {
    "test_socket": ("teams", "only Slack has a way without an address of ours: Socket Mode"),
    "test_forged_requests": ("teams", "Slack's signatures; Teams' tokens are tried in test_only_in_teams"),
    "test_pages::test_the_report_comes_as_pictures_in_a_direct_message_to_whoever_asked": (
        "teams",
        "Teams takes no pictures from us: their words are tried in test_only_in_teams",
    ),
    "test_work_items": ("slack", "tasks and mail of Microsoft know no chat: once is enough"),
    "test_teams_install": ("slack", "whoever is in a workspace of Slack can be written to"),
    "test_only_in_teams": ("slack", "tokens of the Connector, views of one's own, the app that somebody does not have"),
}
"""a file of stories, or `file::story` ▶ (the platform on which it is not told, why)"""


def excluded(file: str, story: str, platform: str) -> str:
    """Why this story is not told on this platform; empty where it is."""
    for key in (file, f"{file}::{story}"):
        where, why = DIFFERENCES.get(key, ("", ""))
        if where == platform:
            return why
    return ""


def told_in(metafunc: Any) -> None:
    """Gives every story its houses, as parameters of the fixture `house`; one that names its own keeps that."""
    if "house" not in metafunc.fixturenames or names_its_own(metafunc):
        return
    file, story = Path(metafunc.definition.path).stem, metafunc.function.__name__
    houses = [*USUAL, *(["teams-postgres"] if file in ALSO_ON_POSTGRES else [])]
    if excluded(file, story, "slack"):
        houses.remove("postgres")  # once is enough to say that it was skipped
    told = [pytest.param(house, marks=_skipped(excluded(file, story, HOUSES[house][0]))) for house in houses]
    metafunc.parametrize("house", told, indirect=True, scope="session")


def names_its_own(metafunc: Any) -> bool:
    return any("house" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))


def _skipped(why: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.skip(reason=why)] if why else []
