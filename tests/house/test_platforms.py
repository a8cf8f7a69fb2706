"""Every story is told on every platform, but for the lines of one table: each is used, and nothing else decides."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from story.platforms import BOTH_AT_ONCE, DIFFERENCES, HOUSES, USUAL

STORIES = Path(__file__).parents[1] / "story"
GIVEN = {"town", "office"}
"""fixtures that are there on every platform"""
FILES = {path.stem: ast.parse(path.read_text()) for path in sorted(STORIES.glob("test_*.py"))}
TOLD = {
    f"{file}::{node.name}": node
    for file, tree in FILES.items()
    for node in tree.body
    if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
}


@pytest.mark.parametrize("key", DIFFERENCES)
def test_every_line_of_the_table_is_of_a_story_and_says_why(key: str) -> None:
    where, why = DIFFERENCES[key]
    assert key in FILES or key in TOLD
    assert where in {platform for platform, _ in HOUSES.values()}
    assert len(why.split()) > 3


def test_no_line_of_the_table_says_what_another_says() -> None:
    assert [key for key in DIFFERENCES if "::" in key and key.partition("::")[0] in DIFFERENCES] == []


def test_the_usual_houses_are_of_every_platform() -> None:
    assert {HOUSES[house][0] for house in USUAL} == {platform for platform, _ in HOUSES.values()} == {"slack", "teams"}


def test_a_story_that_is_not_told_everywhere_stands_in_the_table() -> None:
    elsewhere = [key for key, story in TOLD.items() if not _is_given(story) or _names_its_house(story)]
    assert [key for key in elsewhere if key not in DIFFERENCES and key.partition("::")[0] not in DIFFERENCES] == []


def test_a_town_of_its_own_is_opened_on_every_platform_or_has_both_at_once() -> None:
    texts = {path.stem: path.read_text() for path in STORIES.glob("test_*.py")}
    opens = {file: text for file, text in texts.items() if "Town.open(" in text or "open_town(" in text}
    own = {file for file, text in opens.items() if "params=platforms.PLATFORMS" not in text}
    assert {file for file in own if file not in DIFFERENCES} == set(BOTH_AT_ONCE)


def test_no_story_leaves_a_platform_out_by_itself_or_asks_which_it_is() -> None:
    words = ("pytest.skip", "mark.skip", "xfail", "importorskip", "chat.platform", "HOUSES")
    assert [(path.name, word) for path in STORIES.glob("test_*.py") for word in words if word in path.read_text()] == []


def _is_given(story: ast.FunctionDef) -> bool:
    return bool(GIVEN & {one.arg for one in story.args.args})


def _names_its_house(story: ast.FunctionDef) -> bool:
    return any("'house'" in ast.dump(one) for one in story.decorator_list)
