"""How often one place is asked: as its platform allows, counted by the database for all workers together."""

from __future__ import annotations

from typing import Any

import pytest

from bot.core import alert as life
from bot.core.events import Actor
from bot.ports import Receipt, Settled

TEAMS = "teams:#ai-alerts"


def shown(world: Any, claimed: Any, ts: str = "1") -> int | None:
    """It was posted or edited, and the platform answered just now."""
    receipt, is_new = claimed.delivery.receipt or Receipt(channel="19:a", ts=ts), claimed.delivery.receipt is None
    settled = Settled(state="shown", posted=is_new, receipt=receipt, asked_at=world.machine)
    following: int | None = world.store.settle(claimed, settled)
    return following


def served(world: Any, place: str) -> int:
    """How many go at this instant."""
    count = 0
    while claimed := world.claim(place):
        shown(world, claimed, ts=str(claimed.delivery.id))
        count += 1
    return count


def test_a_place_in_teams_takes_seven_at_once_and_the_eighth_a_second_later(world: Any) -> None:
    for _ in range(20):
        world.raise_(place=TEAMS)
    assert served(world, TEAMS) == 7
    assert world.next_at() == pytest.approx(world.machine + 1.005)
    world.clock.pass_(1.005)
    assert served(world, TEAMS) == 1
    assert world.next_at() == pytest.approx(world.machine + 1.0, abs=0.01)
    world.clock.pass_(1.0)
    assert served(world, TEAMS) == 6, "the eighth was asked within this second"
    assert served(world, "teams:#other") == 0


def test_a_place_in_teams_takes_fifty_eight_in_thirty_seconds(world: Any) -> None:
    for _ in range(70):
        world.raise_(place=TEAMS)
    begun, count = world.machine, 0
    while (count := count + served(world, TEAMS)) < 58:
        world.clock.pass_(0.25)
    assert count == 58
    assert world.machine < begun + 30
    assert world.next_at() == pytest.approx(begun + 30.005, abs=0.01)


def test_edits_in_teams_are_counted_as_posts_are(world: Any, by_ana: Actor) -> None:
    alerts = [world.raise_(place=TEAMS) for _ in range(7)]
    assert served(world, TEAMS) == 7
    world.change(alerts[0], life.acknowledge, by=by_ana)
    assert world.claim(TEAMS) is None
    assert world.due() == []
    assert world.next_at() == pytest.approx(world.machine + 1.005)
    world.clock.pass_(1.005)
    assert world.due() == [TEAMS]
    assert world.claim(TEAMS).delivery.receipt is not None


def test_a_place_in_slack_takes_one_post_a_second_and_any_edit(world: Any, by_ana: Actor) -> None:
    first, _ = world.raise_(), world.raise_()
    assert served(world, first.place) == 1
    world.change(first, life.acknowledge, by=by_ana)
    assert served(world, first.place) == 1, "the edit went, the second post did not"
    assert world.next_at() == pytest.approx(world.machine + 1.005)
    world.clock.pass_(1.005)
    assert served(world, first.place) == 1


def test_what_was_asked_before_a_clock_went_back_does_not_hold_a_place_up(world: Any) -> None:
    for _ in range(9):
        world.raise_(place=TEAMS)
    assert served(world, TEAMS) == 7
    world.clock.pass_(-5_000)
    world.store.realign(world.machine, ahead=60.0)
    world.clock.pass_(61)
    assert served(world, TEAMS) == 1, "what lies ahead counts as now"
    world.clock.pass_(2.01)
    assert served(world, TEAMS) == 1
