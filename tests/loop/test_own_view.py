"""A card as one person sees it: as it is at this moment, with what they may press; nothing for who may not see it."""

from __future__ import annotations

from typing import Any

import pytest
from cast import ANA, BEN, CLEO, DOV, GUS, plain

from bot.core.people import Person
from bot.ports import Answer, Gesture


def look(world: Any, alert: Any, person: Person) -> Answer:
    gesture = Gesture(
        id=f"look:{person.id}:{alert.revision}",
        platform="slack",
        chat_id=person.chat["slack"],
        act="card",
        alert_id=alert.id,
    )
    answer: Answer = world.desk.take(gesture)
    return answer


def acts(answer: Answer) -> list[str]:
    assert answer.card is not None
    return [button.act for button in (*answer.card.buttons, *answer.card.more)]


@pytest.mark.parametrize("person", [ANA, CLEO])
def test_owner_and_manager_see_every_button(world: Any, person: Person) -> None:
    alert = world.raised()
    whole = ["acknowledge", "resolve", "not_mine", "reassign", "snooze", "dismiss", "note", "history"]
    assert acts(look(world, alert, person)) == [*whole, "escalate", "add_responder"]


def test_a_member_of_the_channel_sees_what_a_member_may_press(world: Any) -> None:
    assert acts(look(world, world.raised(), BEN)) == ["acknowledge", "note", "history"]


@pytest.mark.parametrize("person", [DOV, GUS])
def test_who_may_not_see_the_alert_is_shown_nothing(world: Any, person: Person) -> None:
    answer = look(world, world.raised(), person)
    assert (answer.ok, answer.card) == (False, None)
    assert "may not see" in plain(answer.said) or "Only full members" in plain(answer.said)


def test_it_is_the_card_of_this_moment(world: Any) -> None:
    alert = world.raised()
    world.acknowledge(alert, ANA)
    answer = look(world, world.alert(alert.id), ANA)
    assert answer.card is not None
    assert "Ana acknowledged" in plain(answer.card.foot)
    assert acts(answer)[0] == "resolve"
    assert answer.card.people[ANA.id] == ANA


def test_looking_changes_nothing(world: Any) -> None:
    alert = world.raised()
    look(world, alert, ANA)
    assert world.alert(alert.id) == alert
    assert world.kinds(alert) == ["raised"]
