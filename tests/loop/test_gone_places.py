"""Places that cannot be used: the next route at once, an operator is told, and nothing is dropped."""

from __future__ import annotations

from typing import Any

import pytest
from cast import ANA, BEN, CLEO, ELSA, plain, signal

from bot.core.card import Message
from bot.lines import SHUT
from bot.ports import Mark, Receipt, Refusal, Target

GONE = ("slack:#ai-alerts", f"slack:@{CLEO.id}", f"slack:@{ANA.id}", "slack:#ai-exceptions")


def close(world: Any, *places: str, code: str = "is_archived") -> None:
    """From now on these places refuse everything."""
    show = type(world.chat).show

    def refuse(message: Message, target: Target, /, *, mark: Mark) -> Receipt:
        if target.place in places:
            raise Refusal(code, "place")
        return show(world.chat, message, target, mark=mark)

    world.chat.show = refuse


def told(world: Any, place: str) -> list[str]:
    return [shown.mark.kind for shown in world.chat.to(place)]


def test_an_archived_channel_s_card_goes_to_the_fallback_channel_and_its_owner_is_told(world: Any) -> None:
    close(world, "slack:#ai-alerts")
    alert = world.raised()
    world.deliver()
    assert world.alert(alert.id).place == "slack:#ai-exceptions"
    assert told(world, "slack:#ai-exceptions") == ["card"]
    assert told(world, f"slack:@{ANA.id}") == ["moved"]
    assert world.kinds(alert) == ["raised", "rerouted"]
    assert [(one.kind, one.subject, one.detail) for one in world.store.incidents()] == [
        ("place", "slack:#ai-alerts", "is_archived")
    ]


def test_with_the_fallback_gone_too_the_card_goes_to_its_owner(world: Any) -> None:
    close(world, "slack:#ai-alerts", "slack:#ai-exceptions")
    alert = world.raised()
    world.deliver()
    assert told(world, f"slack:@{ANA.id}")[-1] == "card"
    assert world.alert(alert.id).owner == ANA.id


def test_a_manager_who_cannot_be_written_to_is_stepped_over_at_once(world: Any) -> None:
    close(world, f"slack:@{CLEO.id}", code="user_disabled")
    alert = world.raised()
    world.sleep(30)
    world.deliver()
    assert told(world, f"slack:@{ELSA.id}") == ["escalation"]
    assert world.alert(alert.id).step == 2
    assert "cleo@acme.example cannot be reached: user_disabled" in str(world.store.events(alert.id))


def test_everything_gone_leaves_an_owner_a_time_and_an_incident(world: Any) -> None:
    close(world, *GONE, f"slack:@{ELSA.id}")
    alert = world.raised()
    for _ in range(20):
        world.sleep(30)
        world.deliver()
    after = world.alert(alert.id)
    assert after.owner and after.due_at
    assert world.chat.shown == []
    assert {one.kind for one in world.store.incidents()} == {"place"}


def test_a_place_that_works_again_ends_its_incident(world: Any) -> None:
    close(world, "slack:#ai-alerts", code="not_in_channel")
    world.raised()
    world.deliver()
    assert world.store.incidents()
    del world.chat.show
    world.raised(dedup_key="two")
    world.clock.ahead += 11
    world.deliver()
    assert world.store.incidents() == []


def test_a_revoked_token_holds_everything_and_loses_nothing(world: Any) -> None:
    alert = world.raised()
    world.chat.failing = [Refusal("token_revoked", "workspace")] * 3
    world.courier.deliver(world.owed(alert)[0].id)
    assert [(one.kind, one.detail) for one in world.store.incidents()] == [("workspace", "token_revoked")]
    assert world.courier.deliver(world.owed(alert)[0].id) is None, "nothing more is tried for a minute"
    assert world.alert(alert.id).due_at
    for _ in range(5):
        world.clock.ahead += SHUT
        world.deliver()
    assert world.card(alert).edits == 0
    assert world.store.incidents() == []


def test_what_is_refused_for_its_content_is_said_plainly(world: Any) -> None:
    alert = world.raised(summary="something that Slack does not like")
    world.chat.failing = [Refusal("invalid_blocks", "content")]
    world.deliver()
    card = world.card(alert)
    assert "does not like" not in card.says
    assert card.message.buttons[0].act == "acknowledge"


def test_what_cannot_even_be_rendered_is_said_plainly_and_holds_up_nobody(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*args: Any, **more: Any) -> Message:
        raise KeyError("a defect")

    monkeypatch.setattr("bot.saying.card", crash)
    first, second = world.receive(signal(), signal(dedup_key="two"))
    world.deliver()
    for one in (first, second):
        assert plain(world.card(world.alert(one.alert_id)).message.lines[0]).startswith("Open · owner")


def test_a_poison_row_ends_as_an_exception_with_somebody_who_hears_of_it(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*args: Any, **more: Any) -> Message:
        raise KeyError("a defect")

    monkeypatch.setattr("bot.saying.card", crash)
    monkeypatch.setattr("bot.saying.plain_card", crash)
    alert = world.raised()
    world.deliver()
    assert world.kinds(alert) == ["raised", "rerouted"]
    assert told(world, f"slack:@{ELSA.id}") == ["moved"]
    assert [one.kind for one in world.store.incidents()] == ["row"]


def test_a_note_under_a_card_that_moved_is_not_lost_from_the_trail(world: Any) -> None:
    alert = world.raised()
    world.deliver()
    world.loop.note(world.act(alert, BEN), text="I called the bank.")
    close(world, "slack:#ai-alerts")
    world.clock.ahead += 5
    world.deliver()
    assert "noted" in world.kinds(alert)
    assert all(row.state in ("shown", "superseded", "dead") for row in world.owed(alert))


def test_a_defect_in_the_chat_itself_holds_up_nobody_and_ends_as_an_exception(world: Any) -> None:
    show = type(world.chat).show

    def show_or_break(message: Message, target: Target, /, *, mark: Mark) -> Receipt:
        if mark.kind == "card" and mark.alert == poison.id:
            raise KeyError("a defect")
        return show(world.chat, message, target, mark=mark)

    world.chat.show = show_or_break
    poison = world.raised()
    other = world.raised(dedup_key="two")
    for _ in range(40):
        world.deliver()
        world.clock.ahead += 60
    assert world.card(other)
    assert world.kinds(poison)[-1] == "rerouted"
    assert "moved" in told(world, f"slack:@{ELSA.id}")
    assert "row" in [one.kind for one in world.store.incidents()]


def test_a_digest_that_cannot_be_said_gives_back_what_it_gathered(world: Any) -> None:
    world.receive(*(signal(dedup_key=f"k{n}") for n in range(14)))
    for _ in range(30):
        world.deliver()
        world.clock.ahead += 2
    world.sleep(10)
    world.aftermath.fold("slack:#ai-alerts")
    close(world, f"slack:@{ANA.id}", code="messages_tab_disabled")
    world.clock.ahead += 10
    for _ in range(30):
        world.deliver()
        world.clock.ahead += 2
    assert told(world, "slack:#ai-alerts").count("nudge") == 14


def test_a_note_under_a_card_that_was_deleted_goes_under_the_new_one(world: Any) -> None:
    alert = world.raised()
    world.deliver()
    world.chat.shown.clear()
    world.loop.note(world.act(alert, BEN), text="I called the bank.")
    world.clock.ahead += 5
    for _ in range(5):
        world.deliver()
        world.clock.ahead += 2
    (note,) = [shown for shown in world.chat.shown if shown.mark.kind == "note"]
    assert note.root == world.card(alert).receipt
