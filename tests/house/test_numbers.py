"""The house numbers of STYLE: they describe good code; what stands here is where we notice that they slip."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ("bot", "handlers", "connectors", "storage", "sandbox")


def sources() -> list[Path]:
    found = [path for package in PRODUCT for path in (ROOT / package).rglob("*.py")]
    return sorted(path for path in found if "versions" not in path.parts)


def functions() -> Iterator[tuple[str, int]]:
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield (
                    f"{path.relative_to(ROOT)}:{node.lineno} {node.name}",
                    (node.end_lineno or node.lineno) - node.lineno + 1,
                )


def test_no_function_is_longer_than_fifty_lines() -> None:
    assert [(name, lines) for name, lines in functions() if lines > 50] == []


def test_half_of_the_functions_have_eight_lines_or_fewer_and_nine_in_ten_at_most_twenty_five() -> None:
    lengths = sorted(lines for _, lines in functions())
    assert statistics.median(lengths) <= 8
    assert lengths[int(len(lengths) * 0.9)] <= 25


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_has_one_idea_and_at_most_three_hundred_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300


@pytest.mark.parametrize("package", PRODUCT)
def test_each_package_says_in_its_first_lines_what_lives_there_and_what_never_does(package: str) -> None:
    docstring = ast.get_docstring(ast.parse((ROOT / package / "__init__.py").read_text())) or ""
    assert "Never here:" in docstring
