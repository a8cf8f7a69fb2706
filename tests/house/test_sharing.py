"""What stays in one process where the suite runs in several."""

from __future__ import annotations

import pytest
from sharing import together

SHARED = [
    ("tests/core/test_clocks.py::test_nobody_reacts", "tests/core/test_clocks.py"),
    ("tests/story/test_acts.py::test_a_note[sqlite]", "story sqlite"),
    ("tests/story/test_forgotten.py::test_an_alert[teams-postgres]", "story teams-postgres"),
    ("tests/story/test_pages.py::test_a_page[postgres-open list]", "story postgres"),
    ("tests/story/test_pages.py::test_a_page[open list-teams]", "story teams"),
    ("tests/story/test_both_chats.py::test_taken_in_teams", "tests/story/test_both_chats.py"),
    ("tests/faults/test_crash_points.py::test_whoever[teams-act.taken-kill]", "tests/faults/test_crash_points.py"),
]


@pytest.mark.parametrize(("nodeid", "shared"), SHARED)
def test_stories_share_their_town_and_all_else_its_file(nodeid: str, shared: str) -> None:
    assert together(nodeid) == shared
