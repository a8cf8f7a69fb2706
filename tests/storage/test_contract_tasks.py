"""Tasks: wanted in their newest form as a card is, never held up by it, and left alone by an older version."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.core import alert as life
from bot.core.events import Actor
from bot.core.state import owe
from bot.ports import Receipt, Settled
from storage import models

HERE, LIST = "slack:#ai-alerts", "todo:tasks"
WHERE = Receipt(channel="C1", ts="T1")


@pytest.fixture
def alert(world: Any) -> Any:
    return world.raise_(also=(LIST,))


def test_a_task_is_served_beside_its_card_and_waits_for_nothing(world: Any, alert: Any) -> None:
    claimed = world.claim(LIST)
    row = claimed.delivery
    assert (row.kind, row.key, row.thread, row.rank) == ("task", f"task:{alert.id}:{LIST}", False, alert.severity.rank)
    assert claimed.alert == alert and claimed.root is None
    world.show(claimed, ts="T1")
    assert world.store.due(row.id).shown == alert.revision


def test_many_changes_are_one_task_in_its_newest_form(world: Any, alert: Any, by_ana: Actor) -> None:
    first = world.claim(LIST)
    for text in ("one", "two"):
        world.change(alert, life.note, by=by_ana, text=text)
    world.show(first, ts="T1")
    again = world.claim(LIST)
    assert (again.delivery.id, again.delivery.receipt, again.alert.revision) == (first.delivery.id, WHERE, 3)
    assert not again.overtaken
    world.show(again)
    assert (world.store.due(first.delivery.id).state, world.claim(LIST)) == ("shown", None)


def test_it_names_its_cards_address_once_that_is_there(world: Any, alert: Any) -> None:
    world.show(world.claim(LIST), ts="T1")
    assert world.claim(LIST) is None
    world.show(world.claim(HERE), ts="C9")
    again = world.claim(LIST)
    assert again is not None and again.root == Receipt(channel="C1", ts="C9")
    world.show(again)
    assert world.claim(LIST) is None


def test_a_task_that_was_written_while_its_card_was_shown_is_written_again(world: Any, alert: Any) -> None:
    claimed, card = world.claim(LIST), world.claim(HERE)
    world.show(card, ts="C9")
    world.show(claimed, ts="T1")
    again = world.claim(LIST)
    assert (again.delivery.receipt, again.root) == (WHERE, Receipt(channel="C1", ts="C9"))
    world.show(again)
    assert world.claim(LIST) is None


def test_a_second_card_elsewhere_is_no_news_for_the_task(world: Any) -> None:
    world.raise_(also=("teams:#t", LIST))
    world.show(world.claim(LIST), ts="T1")
    world.show(world.claim("teams:#t"), ts="9")
    assert world.claim(LIST) is None


def test_where_the_task_is_can_be_asked_for_as_where_a_card_is(world: Any, alert: Any) -> None:
    assert world.store.cards({alert.id: LIST}) == {}
    world.show(world.claim(LIST), ts="T1")
    assert world.store.cards({alert.id: LIST}) == {alert.id: WHERE}
    assert world.store.cards({alert.id: HERE}) == {}


def test_a_task_that_is_gone_is_made_anew(world: Any, alert: Any, by_ana: Actor) -> None:
    world.show(world.claim(LIST), ts="T1")
    world.change(alert, life.note, by=by_ana, text="looking")
    claimed = world.claim(LIST)
    world.store.settle(claimed, Settled(state="pending", forget=True, error="task_missing"))
    assert world.claim(LIST).delivery.receipt is None


@pytest.mark.parametrize("state", ["superseded", "dead"])
def test_one_that_was_given_up_is_tried_again_with_the_next_change(
    world: Any, alert: Any, by_ana: Actor, state: str
) -> None:
    world.store.settle(world.claim(LIST), Settled(state=state, error="no_mailbox"))
    assert world.claim(LIST) is None
    world.change(alert, life.note, by=by_ana, text="looking")
    assert world.claim(LIST) is not None


def test_tasks_are_never_folded(world: Any) -> None:
    for _ in range(40):
        world.raise_(also=(LIST,))
    assert LIST not in world.store.behind(limit=10)
    with world.store.transaction() as tx:
        assert tx.fold(LIST, world.machine, now=world.clock.at).gathered == ()
    assert world.claim(LIST).delivery.kind == "task"


def test_an_older_version_leaves_tasks_their_questions_and_mail_alone(
    world: Any, alert: Any, monkeypatch: pytest.MonkeyPatch, by_ana: Actor
) -> None:
    with world.store.transaction() as tx:
        before = tx.alert(alert.id)
        step = life.note(before, world.given(tx), by=by_ana, text="x")
        word = owe(step.alert, "escalation", place="mail:@cleo@acme.example")
        ask = owe(step.alert, "task_done", place="slack:@ana@acme.example")
        tx.put(replace(step, owed=(*step.owed, word, ask)), before=before)
    new = (LIST, "mail:@cleo@acme.example", "slack:@ana@acme.example")
    monkeypatch.setattr(models, "VERSION", 2)
    assert [world.claim(place) for place in new] == [None, None, None]
    assert world.claim(HERE) is not None, "the card is served all the same"
    monkeypatch.setattr(models, "VERSION", 3)
    assert [world.claim(place).delivery.kind for place in new] == ["task", "escalation", "task_done"]
