"""Storms and outages: the gravest first, one card for the rest, one digest for a person, nothing dropped."""

from __future__ import annotations

from collections import Counter
from typing import Any

from cast import ANA, signal

from bot.core.signal import Severity
from bot.ports import Later, Unknown

LANE = "slack:#ai-alerts"


def storm(world: Any, count: int, **fields: Any) -> list[Any]:
    return world.receive(*(signal(dedup_key=f"k{n}", title=f"Number {n}", **fields) for n in range(count)))


def fold(world: Any) -> None:
    for lane in world.store.behind(limit=10):
        world.aftermath.fold(lane)


def kinds(world: Any, place: str = LANE) -> Counter[str]:
    return Counter(shown.mark.kind for shown in world.chat.to(place))


def serve(world: Any, seconds: int) -> None:
    """So many machine seconds of service, folded every two."""
    for second in range(seconds):
        if second % 2 == 0:
            fold(world)
        for one in world.store.waiting(world.clock.machine()):
            while world.courier.deliver(one.delivery):
                pass
        world.clock.ahead += 1.02


def test_the_gravest_come_first_and_one_card_says_what_waits(world: Any) -> None:
    storm(world, 60)
    world.receive(signal(dedup_key="bad", title="The vault is open", severity=Severity.CRITICAL))
    serve(world, 4)
    first, second = world.chat.to(LANE)[:2]
    assert first.mark.kind == "fold"
    assert "61" in first.says or "60" in first.says
    assert "The vault is open" in second.message.title
    assert kinds(world)["card"] >= 2, "cards go on, one a second"


def test_when_the_lane_has_caught_up_every_alert_has_its_card_and_the_shared_one_says_so(world: Any) -> None:
    received = storm(world, 45)
    serve(world, 70)
    assert kinds(world) == {"card": 45, "fold": 1}
    for one in received:
        assert world.card(world.alert(one.alert_id))
    (shared,) = [shown for shown in world.chat.to(LANE) if shown.mark.kind == "fold"]
    assert 2 <= shared.edits <= 6
    assert world.store.behind(limit=10) == []


def test_a_few_alerts_are_not_folded(world: Any) -> None:
    storm(world, 25)
    serve(world, 40)
    assert kinds(world) == {"card": 25}


def test_another_channel_is_not_held_up(world: Any) -> None:
    storm(world, 100)
    world.receive(signal(dedup_key="other", source="elsewhere"))
    for one in world.store.waiting(world.clock.machine()):
        world.courier.deliver(one.delivery)
    assert len(world.chat.to("slack:#ai-exceptions")) == 1, "where sources without a channel go"


def test_three_hundred_reminders_are_one_digest_and_every_step_is_in_its_trail(world: Any) -> None:
    received = storm(world, 60)
    serve(world, 90)
    world.sleep(10)
    for _ in range(3):
        fold(world)
    world.clock.ahead += 10
    world.deliver()
    assert kinds(world).get("nudge", 0) == 0
    (digest,) = world.chat.to(f"slack:@{ANA.id}")
    assert digest.mark.kind == "digest"
    assert "60" in digest.says
    # What is over their budget of an hour says so in the step itself; what was folded since, in an event of its own.
    at_once = 0
    for one in received:
        nudged, *after = [event for event in world.store.events(one.alert_id) if event.kind in ("nudged", "superseded")]
        batched = nudged.data.get("in_digest") == [ANA.id]
        at_once += not batched
        assert [event.kind for event in after] == ([] if batched else ["superseded"])
    assert at_once == world.plan.attention.per_hour


def test_digests_for_one_person_are_ten_minutes_apart(world: Any) -> None:
    storm(world, 40)
    serve(world, 60)
    for _ in range(2):
        world.sleep(5)
        serve(world, 20)
    world.sleep(10)
    serve(world, 5)
    sent = [shown for shown in world.chat.to(f"slack:@{ANA.id}") if shown.mark.kind == "digest"]
    assert len(sent) == 1


def test_after_an_outage_of_the_chat_people_are_asked_once(world: Any) -> None:
    alert = world.raised()
    world.deliver()
    world.chat.failing = [Unknown("timeout")] * 0 + [Later("unreachable", 5)] * 10_000
    for _ in range(12):
        world.sleep(10)
        for one in world.store.waiting(world.clock.machine()):
            world.courier.deliver(one.delivery)
    world.chat.failing.clear()
    world.clock.ahead += 120
    world.deliver()
    said = Counter((shown.place, shown.mark.kind) for shown in world.chat.shown)
    assert max(said.values()) == 1, said
    assert "superseded" in world.kinds(alert)
