"""One alert in both chats: one owner, two cards, both edited; a click in either is the same act."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from cast import ANA, BEN, CLEO, ELSA, PLAN, FakeDirectory
from loop.conftest import World

from bot.core.events import Actor
from bot.core.routing import Owner, Rule
from bot.core.state import Alert
from bot.ports import Completion, Refusal

RULE = Rule(owners=(Owner(ANA.id),), channel="#ai-alerts", also=("teams:#finance",))
BOTH = replace(PLAN, others=("teams",), sources={"ap-auditor": RULE})
IN_TEAMS = replace(CLEO, chat={"teams": "cleo-in-teams"})
IN_BOTH = replace(BEN, chat={"slack": "U0BEN", "teams": "ben-in-teams"})


@pytest.fixture
def world(a_world: Callable[..., World]) -> World:
    people = {one.id: one for one in (ANA, IN_BOTH, IN_TEAMS, ELSA)}
    made = a_world(plan=BOTH, directory=FakeDirectory(people=people))
    made.store.save_people(people.values(), at=made.clock.now())
    made.teams.members = {"ben-in-teams", "cleo-in-teams"}
    return made


def cards(world: World, alert: Alert) -> dict[str, str]:
    """place ▶ what its card says; never two in one."""
    shown = [one for chat in (world.chat, world.teams) for one in chat.shown if one.mark.kind == "card"]
    mine = [one for one in shown if one.mark.alert == alert.id]
    assert len({one.place for one in mine}) == len(mine)
    return {one.place: one.says for one in mine}


def test_both_cards_are_shown_and_edited_whoever_clicks_where(world: World) -> None:
    alert = world.raised()
    world.deliver()
    assert set(cards(world, alert)) == {"slack:#ai-alerts", "teams:#finance"}
    assert world.gesture(IN_BOTH, "acknowledge", alert.id, seen=1, platform="teams").ok
    world.deliver()
    said = cards(world, alert)
    assert all("Ben" in one for one in said.values()) and len(said) == 2
    late = world.gesture(ANA, "acknowledge", alert.id, seen=1)
    assert not late.ok, "it was acknowledged in the other chat"
    assert world.gesture(IN_BOTH, "resolve", alert.id, seen=2, what="Credited.").ok
    world.deliver()
    assert all("Credited." in one for one in cards(world, alert).values())
    assert world.kinds(alert) == ["raised", "acknowledged", "resolved", "closed"]


def test_somebody_in_both_chats_is_one_person(world: World) -> None:
    alert = world.raised()
    assert world.gesture(IN_BOTH, "acknowledge", alert.id, seen=1, platform="teams").ok
    assert world.gesture(IN_BOTH, "acknowledge", alert.id, seen=2, platform="slack").said
    assert world.alert(alert.id).owner == BEN.id
    assert world.kinds(alert) == ["raised", "acknowledged"]


def test_who_is_only_in_the_other_channel_sees_and_acts_there(world: World) -> None:
    world.chat.members = set()
    alert = world.raised()
    assert not world.gesture(IN_BOTH, "note", alert.id, text="From Slack.", platform="slack").ok
    assert world.gesture(IN_BOTH, "note", alert.id, text="From Teams.", platform="teams").ok
    listed = world.gesture(IN_BOTH, "command", text="open #finance", platform="teams")
    assert listed.sheet is not None and len(listed.sheet.rows) == 1


def test_a_note_is_read_under_both_cards(world: World) -> None:
    alert = world.raised()
    world.deliver()
    assert world.gesture(ANA, "note", alert.id, text="I am looking.").ok
    world.deliver()
    under = [one for chat in (world.chat, world.teams) for one in chat.shown if one.mark.kind == "note"]
    assert [one.place for one in under] == ["slack:#ai-alerts", "teams:#finance"]
    assert all(one.root for one in under)


def test_a_manager_who_is_only_in_teams_is_told_there(world: World) -> None:
    alert = world.raised()
    world.sleep(30)
    world.deliver()
    assert [one.mark.kind for one in world.teams.to(f"teams:@{CLEO.id}")] == ["escalation"]
    assert world.alert(alert.id).step == 1


def test_a_channel_that_is_gone_costs_its_card_alone(world: World) -> None:
    world.teams.failing = [Refusal("ConversationNotFound", "place")]
    alert = world.raised()
    world.deliver()
    assert set(cards(world, alert)) == {"slack:#ai-alerts"}
    assert world.alert(alert.id).also == ()
    assert world.gesture(ANA, "acknowledge", alert.id).ok
    world.deliver()
    assert "Ana" in cards(world, alert)["slack:#ai-alerts"]


def test_where_the_first_channel_is_gone_the_other_is_its_place(world: World) -> None:
    world.chat.failing = [Refusal("is_archived", "place")]
    alert = world.raised()
    world.deliver()
    assert (world.alert(alert.id).place, world.alert(alert.id).also) == ("teams:#finance", ())
    assert set(cards(world, alert)) == {"teams:#finance"}
    assert [one.mark.kind for one in world.chat.to(f"slack:@{ANA.id}")] == ["moved"]


def test_a_word_that_was_refused_is_said_again_as_it_was(world: World) -> None:
    alert = world.raised()
    world.deliver()
    assert world.gesture(ANA, "note", alert.id, text="The bank is asked.").ok
    world.chat.gone = {"slack:#ai-alerts"}
    world.deliver()
    notes = [one for chat in (world.chat, world.teams) for one in chat.shown if one.mark.kind == "note"]
    assert [one.place for one in notes] == ["teams:#finance"], "once under the card that is left"
    assert all("The bank is asked." in one.says for one in notes)


def test_a_completed_task_is_asked_about_though_its_first_place_is_gone(world: World) -> None:
    alert = world.raised()
    world.deliver()
    tool = Actor(kind="tool", id="todo", name="To Do")
    done = Completion(id="1", at=world.clock.now())
    assert world.loop.task_done(alert.id, tool="todo", completion=done, by=tool).ok
    world.chat.gone = {"slack:#ai-alerts"}
    world.deliver()
    told = [one for chat in (world.chat, world.teams) for one in chat.shown if one.mark.kind == "task_done"]
    assert [one.place for one in told] == [f"slack:@{ANA.id}"]
    assert "To Do" in told[0].says
