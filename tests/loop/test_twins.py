"""What arrived twice after all: the first stays, the others are removed, and the trail has both."""

from __future__ import annotations

from typing import Any

import pytest
from cast import ANA, Shown, plain

from bot.lines import UNSEEN
from bot.ports import Later, Mark, Receipt, Refusal, Target, Unknown
from bot.verdict import LOOKS


def lose_the_first_answer(world: Any, *, arrives: bool = True) -> Any:
    """The next post arrives, later than anybody looks for it. Call what is returned to let it arrive."""
    shown: list[tuple[Any, Target, Mark]] = []
    show = world.chat.show

    def show_late(message: Any, target: Target, /, *, mark: Mark) -> Receipt:
        world.chat.show = show
        shown.append((message, target, mark))
        raise Unknown("timeout")

    world.chat.show = show_late

    def arrive() -> Shown:
        ((message, target, mark),) = shown
        receipt = Receipt(channel=target.place, ts="0.5")
        late = Shown(place=target.place, message=message, mark=mark, receipt=receipt, root=target.root)
        world.chat.shown.append(late)
        return late

    return arrive


def sweep(world: Any) -> int:
    return sum(world.sweeper.sweep(number) for number in world.store.due_sweeps(world.clock.machine(), limit=10))


def test_a_card_that_arrives_late_makes_the_second_one_go(world: Any) -> None:
    arrive = lose_the_first_answer(world)
    alert = world.raised()
    world.deliver()
    second = world.card(alert)
    late = arrive()
    assert sweep(world) == 0, "nobody looks before a minute has passed"
    world.acknowledge(world.alert(alert.id), ANA)
    world.deliver()
    world.clock.ahead += LOOKS[0]

    assert sweep(world) == 1
    world.deliver()
    assert world.card(alert) is late, "the first that was posted stays"
    assert "Acknowledged" in plain(late.message.lines[0]), "and is brought up to date"
    removed = world.store.events(alert.id)[-1]
    assert (removed.kind, removed.data["kept"], removed.data["removed"]) == ("twin_removed", "0.5", [second.receipt.ts])
    world.clock.ahead += LOOKS[0]
    assert sweep(world) == 0
    assert world.kinds(alert).count("twin_removed") == 1


def test_what_was_said_once_is_not_looked_for_again(world: Any) -> None:
    world.raised()
    world.deliver()
    world.clock.ahead += 2 * LOOKS[1]
    assert world.store.due_sweeps(world.clock.machine(), limit=10) == []


def test_where_a_chat_cannot_be_read_back_a_look_is_over_once_nobody_saw_anything(world: Any) -> None:
    """Later looks have their own times: one that nobody saw anything for is not asked again every minute."""
    lose_the_first_answer(world)
    alert = world.raised()
    world.deliver()
    world.chat.blind = [Later(UNSEEN, 500.0)]
    world.clock.ahead += LOOKS[0] + 1
    assert sweep(world) == 0
    assert world.store.due_sweeps(world.clock.machine() + LOOKS[0], limit=10) == []
    assert world.store.due_sweeps(world.clock.machine() + LOOKS[1], limit=10) == [world.owed(alert)[0].id]


def test_it_is_looked_for_twice(world: Any) -> None:
    arrive = lose_the_first_answer(world)
    alert = world.raised()
    world.deliver()
    world.clock.ahead += LOOKS[0] + 1
    assert sweep(world) == 0
    arrive()
    world.clock.ahead += LOOKS[1]
    assert sweep(world) == 1
    world.deliver()
    assert world.card(alert).receipt.ts == "0.5"


@pytest.mark.parametrize("trouble", [Later("ratelimited", 5), Unknown("timeout")])
def test_a_twin_that_cannot_be_removed_now_is_removed_by_the_next_look(world: Any, trouble: Any) -> None:
    arrive = lose_the_first_answer(world)
    alert = world.raised()
    world.deliver()
    arrive()
    world.clock.ahead += LOOKS[0] + 1
    world.chat.stuck = [trouble]
    assert sweep(world) == 0
    assert len(world.chat.shown) == 2
    world.clock.ahead += LOOKS[0] + 1
    assert sweep(world) == 1
    world.deliver()
    assert world.card(alert).receipt.ts == "0.5"


def test_where_nobody_may_look_any_more_it_ends(world: Any) -> None:
    arrive = lose_the_first_answer(world)
    world.raised()
    world.deliver()
    arrive()
    world.clock.ahead += LOOKS[0] + 1
    world.chat.blind = [Refusal("is_archived", "place")]
    assert sweep(world) == 0
    world.clock.ahead += 2 * LOOKS[1]
    assert world.store.due_sweeps(world.clock.machine(), limit=10) == []


def test_two_who_look_at_once_record_it_once(world: Any) -> None:
    arrive = lose_the_first_answer(world)
    alert = world.raised()
    world.deliver()
    arrive()
    world.clock.ahead += LOOKS[0] + 1
    (number,) = world.store.due_sweeps(world.clock.machine(), limit=10)
    look = world.chat.look

    def look_while_another_does(target: Target, /, *, mark: Mark, age: float) -> list[Receipt]:
        world.chat.look = look
        seen = look(target, mark=mark, age=age)
        world.sweeper.sweep(number)
        return seen

    world.chat.look = look_while_another_does
    world.sweeper.sweep(number)
    assert world.kinds(alert).count("twin_removed") == 1
    assert len(world.chat.shown) == 1


def test_an_edit_on_its_way_does_not_bring_back_the_twin_that_was_removed(world: Any) -> None:
    arrive = lose_the_first_answer(world)
    alert = world.raised()
    world.deliver()
    arrive()
    world.clock.ahead += LOOKS[0] + 1
    world.acknowledge(world.alert(alert.id), ANA)
    claimed = world.courier.take(world.owed(alert)[0].id)
    assert sweep(world) == 1
    world.courier.settle(claimed, world.courier.attempt(claimed))
    world.deliver()
    assert world.card(alert).receipt.ts == "0.5"
    assert "Acknowledged" in plain(world.card(alert).message.lines[0])


def test_twins_of_what_is_not_worth_saying_any_more_are_removed_too(world: Any) -> None:
    alert = world.raised()
    world.deliver()
    world.sleep(10)
    late = []
    for _ in range(2):
        late.append(lose_the_first_answer(world))
        for row in world.owed(alert):
            world.courier.deliver(row.id)
        world.clock.ahead += 60
    world.acknowledge(world.alert(alert.id), ANA)
    world.deliver()
    for number, arrive in enumerate(late):
        shown = arrive()
        shown.receipt = Receipt(channel=shown.receipt.channel, ts=f"0.{number + 5}")
    for _ in range(3):
        world.clock.ahead += LOOKS[1]
        sweep(world)
    assert len([shown for shown in world.chat.shown if shown.mark.kind == "nudge"]) == 1


def test_twins_are_found_however_long_ago_they_were_posted(world: Any) -> None:
    arrive = lose_the_first_answer(world)
    alert = world.raised()
    world.deliver()
    arrive()
    ages: list[float] = []
    look = world.chat.look

    def look_back(target: Target, /, *, mark: Mark, age: float) -> list[Receipt]:
        ages.append(age)
        return list(look(target, mark=mark, age=age))

    world.chat.look = look_back
    world.clock.ahead += 7200
    world.acknowledge(world.alert(alert.id), ANA)
    world.deliver()
    assert sweep(world) == 1
    assert ages[0] > 7200


def test_a_second_hint_does_not_bring_the_second_look_forward(world: Any) -> None:
    arrive = lose_the_first_answer(world)
    alert = world.raised()
    world.deliver()
    world.clock.ahead += LOOKS[0] + 1
    (number,) = world.store.due_sweeps(world.clock.machine(), limit=10)
    looks = world.chat.looks
    world.sweeper.sweep(number)
    world.sweeper.sweep(number)
    assert world.chat.looks == looks + 1
    arrive()
    world.clock.ahead += LOOKS[1]
    assert sweep(world) == 1
    world.deliver()
    assert world.card(alert).receipt.ts == "0.5"
