"""Whoever has no app in Teams is given it when there is something to tell them alone, and is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from story.house import sqlite
from story.teams_town import Desk, says
from story.town import CONFIGS, Town
from story.workspace import until


@pytest.fixture
def town(tmp_path_factory: Any, http: httpx2.Client) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("install")
    config = CONFIGS["teams"].replace("teams: {channels", "teams: {install: true, channels")
    opened = Town.open(folder, database_url=sqlite(folder), http=http, config=config, platform="teams")
    opened.workspace.post("teams/change", installed={"U0CLEO": False})
    yield opened
    opened.close()


def installations(town: Town) -> list[int]:
    calls = town.workspace.get("microsoft")["calls"]
    return [one["status"] for one in calls if one["method"] == "POST" and one["path"].endswith("/installedApps")]


def test_a_manager_without_the_app_is_given_it_and_told_what_she_is_asked(town: Town) -> None:
    alert = town.raise_alert("ap-auditor", title="Her manager has no app")
    for kind, count in (("nudged", 1), ("nudged", 2), ("escalated", 1)):
        town.forward(minutes=10)
        until(lambda kind=kind, count=count: town.kinds(alert).count(kind) == count, 15, why="the clock never came")
    (told,) = Desk(town, "U0CLEO").told(alert, 1)
    assert "Her manager has no app" in says(told["card"])
    assert installations(town) == [201]
    assert "rerouted" not in town.kinds(alert)
