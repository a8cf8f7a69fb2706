"""Every line of every literal table can be imported: a plug that nobody can use would show only at a customer's."""

from __future__ import annotations

import pytest

from connectors.chat import PLATFORMS, platform
from connectors.directory import DIRECTORIES, directory
from connectors.intake import FORMATS, format_named
from connectors.lookup import LOOKUPS, lookup
from connectors.operator import OPERATORS, operator
from connectors.schedule import SCHEDULES, schedule
from connectors.workflow import TOOLS, tool


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_platform_can_be_made(name: str) -> None:
    assert callable(platform(name))


@pytest.mark.parametrize("name", DIRECTORIES)
def test_a_directory_can_be_made(name: str) -> None:
    assert callable(directory(name))


@pytest.mark.parametrize("name", LOOKUPS)
def test_a_lookup_can_be_made(name: str) -> None:
    assert callable(lookup(name))


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_parses(name: str) -> None:
    assert callable(format_named(name).parse)


@pytest.mark.parametrize("name", OPERATORS)
def test_a_way_to_the_operators_can_be_made(name: str) -> None:
    assert callable(operator(name))


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_calendar_that_says_who_is_on_call_can_be_made(name: str) -> None:
    assert callable(schedule(name))


@pytest.mark.parametrize("name", TOOLS)
def test_a_tool_for_work_items_can_be_made(name: str) -> None:
    assert callable(tool(name))
