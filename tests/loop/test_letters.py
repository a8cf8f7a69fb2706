"""Letters: what speaks of no single alert is said once too, and where it cannot be said an operator hears of it."""

from __future__ import annotations

from typing import Any

from cast import ANA, BEN

from bot.core.card import Message
from bot.core.text import Who, sentence
from bot.ports import Refusal, Unknown
from bot.ports.rota import Letter

PLACE = f"slack:@{ANA.id}"


def post(world: Any, key: str = "morning:ana:1") -> int:
    lines = (sentence("Good morning, ", Who(ANA.id), ". ", Who(BEN.id), " is away."),)
    said = Message(kind="letter", alert_id="", generation=0, summary=lines[0], title="Your day", lines=lines)
    (number,) = world.store.post_letters([Letter(key=key, place=PLACE, message=said)], at=world.clock.at)
    return int(number)


def test_a_letter_is_said_once_with_everybody_it_names(world: Any) -> None:
    number = post(world)
    world.deliver()
    (shown,) = world.chat.to(PLACE)
    assert (shown.message.title, shown.message.alert_id) == ("Your day", "")
    assert set(shown.message.people) == {ANA.id, BEN.id}
    assert (shown.mark.kind, shown.mark.delivery, shown.mark.alert) == ("letter", "morning:ana:1", "")
    assert world.store.due(number).state == "shown"
    assert world.store.incidents() == []


def test_a_letter_of_which_nobody_knows_whether_it_arrived_is_looked_for_first(world: Any) -> None:
    number = post(world)
    world.chat.failing, world.chat.swallows = [Unknown("timeout")], True
    world.deliver()
    assert len(world.chat.to(PLACE)) == 1
    assert world.chat.looks >= 1
    assert world.store.due(number).state == "shown"


def test_a_letter_that_cannot_be_said_there_is_an_incident_and_no_alert_of_anybodys(world: Any) -> None:
    alert = world.raised()
    world.deliver()
    before = world.kinds(alert)
    number = post(world)
    world.chat.failing = [Refusal("user_disabled", "place")]
    world.deliver()
    assert world.store.due(number).state == "dead"
    assert [(one.kind, one.subject) for one in world.store.incidents()] == [("place", PLACE)]
    assert world.kinds(alert) == before


def test_a_letter_whose_words_are_refused_is_an_incident_of_its_own_and_not_of_its_place(world: Any) -> None:
    number = post(world)
    world.chat.failing = [Refusal("invalid_blocks", "content")]
    world.deliver()
    assert world.store.due(number).state == "dead"
    assert [(one.kind, one.subject) for one in world.store.incidents()] == [("row", "morning:ana:1")]
