"""The app's Home: who sees what in each tab, what is filtered, and that Dov sees nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cast import ANA, BEN, CLEO, DOV, ELSA, GUS, plain

from bot.core.pages import TABS
from bot.core.signal import Severity

HOUR = timedelta(hours=1)


def home(world: Any, who: Any, **state: str) -> list[str]:
    """The ids in a tab, in their order."""
    answer = world.gesture(who, "home", **state)
    assert answer.ok
    return [row.alert_id for row in answer.sheet.rows]


def counts(world: Any, who: Any) -> dict[str, int]:
    sheet = world.gesture(who, "home").sheet
    return {one.value: int(one.label.rpartition("(")[2].rstrip(")")) for one in sheet.tabs}


def test_everybody_sees_theirs_managers_their_team_s_and_whoever_is_in_the_channel_what_is_overdue(world: Any) -> None:
    anas, bens = world.raised(), world.raised(dedup_key="b", owner=BEN.id)
    assert home(world, ANA) == [anas.id]
    assert set(home(world, CLEO, tab="team")) == {anas.id, bens.id}
    assert set(home(world, ELSA, tab="team")) == {anas.id, bens.id}, "at whatever height"
    assert home(world, ANA, tab="team") == []
    assert counts(world, CLEO) == {"mine": 0, "team": 2, "overdue": 0, "exceptions": 0}
    world.sleep(10)
    assert set(home(world, ANA, tab="overdue")) == {anas.id, bens.id}


def test_exceptions_are_what_stands_at_the_top_of_its_policy(world: Any) -> None:
    stuck = world.raised()
    world.sleep(6 * HOUR)
    world.raised(dedup_key="fresh")
    assert home(world, ELSA, tab="exceptions") == [stuck.id]
    world.acknowledge(world.alert(stuck.id), ANA)
    assert home(world, ELSA, tab="exceptions") == []


@pytest.mark.parametrize("who", [DOV, GUS])
@pytest.mark.parametrize("tab", TABS)
def test_dov_and_guests_see_nothing_in_any_tab(world: Any, who: Any, tab: str) -> None:
    world.raised()
    world.sleep(6 * HOUR)
    assert home(world, who, tab=tab) == []
    sheet = world.gesture(who, "home", tab=tab).sheet
    assert "7731" not in "".join(plain(line) for row in sheet.rows for line in row.lines)
    assert counts(world, who) == dict.fromkeys(TABS, 0)


def test_a_manager_sees_what_is_overdue_below_them_without_being_in_the_channel(world: Any) -> None:
    alert = world.raised()
    world.chat.members.discard("U0CLEO")
    world.sleep(10)
    assert home(world, CLEO, tab="overdue") == [alert.id]


def test_whoever_left_the_channel_does_not_see_what_is_not_theirs(world: Any) -> None:
    world.raised()
    world.chat.members.discard("U0BEN")
    world.sleep(10)
    assert home(world, BEN, tab="overdue") == []


def test_what_is_over_is_in_no_tab(world: Any) -> None:
    alert = world.raised()
    world.loop.resolve(world.act(alert, ANA), what="Refunded.")
    assert [home(world, ANA, tab=tab) for tab in TABS] == [[], [], [], []]


def test_a_filter_shows_what_passes_it_and_counts_the_rest(world: Any) -> None:
    grave = world.raised(severity=Severity.CRITICAL)
    world.raised(dedup_key="b")
    world.raised(dedup_key="c", source="other", owner=ANA.id)
    assert home(world, ANA, severity="critical") == [grave.id]
    sheet = world.gesture(ANA, "home", severity="critical").sheet
    assert "2 more do not pass the filters." in plain(sheet.intro)
    assert sheet.state == {"severity": "critical"}
    assert len(home(world, ANA, source="other")) == 1


def test_a_tab_that_there_is_not_is_mine(world: Any) -> None:
    alert = world.raised()
    assert home(world, ANA, tab="secrets") == [alert.id]


def test_somebody_who_reports_to_themselves_in_a_circle_has_a_home(world: Any) -> None:
    for one, manager in ((ANA, CLEO), (CLEO, ANA)):
        world.directory.people[one.id] = replace(one, manager=manager.id)
    world.clock.forward(HOUR)
    alert = world.raised()
    assert home(world, ANA) == [alert.id]
    assert home(world, ANA, tab="team") == []
    assert home(world, CLEO, tab="team") == [alert.id]
