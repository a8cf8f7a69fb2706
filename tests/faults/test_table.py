"""Every fault that was thought of has its test or its reason, and every test that is named exists."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest
from faults.platforms import DIFFERENCES, GROUNDS, excluded
from faults.table import FAULTS

TESTS = Path(__file__).parents[1]
NUMBERS = [*range(1, 39), *range(41, 46)]


@cache
def names(path: Path) -> frozenset[str]:
    """Functions and names at the top of a test file."""
    tree = ast.parse(path.read_text())
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    assigned = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return frozenset(functions | assigned)


def test_every_number_of_the_plan_is_there() -> None:
    assert list(FAULTS) == NUMBERS


@pytest.mark.parametrize("number", NUMBERS)
def test_each_fault_is_shown_by_tests_that_exist_or_says_why_not(number: int) -> None:
    fault = FAULTS[number]
    assert fault.tests or fault.reason, fault.what
    for node in fault.tests:
        file, _, function = node.partition("::")
        assert (TESTS / file).is_file(), node
        assert not function or function in names(TESTS / file), node


@pytest.mark.parametrize("key", DIFFERENCES)
def test_what_is_not_tried_on_a_platform_exists_and_has_a_reason(key: str) -> None:
    (file, *rest), (platform, why) = key.split("::"), DIFFERENCES[key]
    path = TESTS / "faults" / f"{file}.py"
    assert platform in {of for of, _ in GROUNDS.values()} and len(why) > 20
    assert not rest or rest[0] in names(path)
    assert all(f'"{case}"' in path.read_text() for case in rest[1:])
    assert excluded((file, *rest, "whatever else"), platform) == why
    assert excluded((file, *rest), "another") == ""
    assert not rest or excluded((file, "another test"), platform) == ""


def test_every_file_of_faults_is_tried_on_every_platform_or_stands_in_the_table() -> None:
    for path in (TESTS / "faults").glob("test_*.py"):
        text = path.read_text()
        aside = path.stem in ("test_table", "test_checker", "test_proxy") or path.stem in DIFFERENCES
        assert aside or any(sign in text for sign in ("line: Line", "everywhere: Settle", '"teams"')), path.stem
