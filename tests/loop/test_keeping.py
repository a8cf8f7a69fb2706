"""What is kept up beside the alerts: mornings, exceptions, gaps, mutes. Each is said once, whatever else fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from cast import ANA, BEN, CLEO, PLAN, POLICY, T0, minutes

from bot.core.mutes import Mute
from bot.core.oncall import Shift
from bot.core.signal import Severity
from bot.keeper import Keeper
from bot.ports import Unknown

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def keeper(world: Any, **more: Any) -> Keeper:
    common = {"store": world.store, "people": world.people, "clock": world.clock, "plan": world.plan}
    return Keeper(**common | {"release": world.loop.release} | more)


def letters(world: Any, place: str = "slack:#ai-exceptions") -> list[str]:
    world.deliver()
    return [shown.mark.delivery for shown in world.chat.to(place) if shown.mark.kind == "letter"]


def looks(world: Any, kept: Keeper, times: int = 5, every: timedelta = timedelta(minutes=1)) -> None:
    for _ in range(times):
        kept.keep()
        world.clock.forward(every)


# ── lists ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_exception_is_listed_however_many_other_alerts_are_due_before_it(a_world: Callable[..., Any]) -> None:
    world = a_world(policy=replace(POLICY, hops=1))
    hard = world.raised(dedup_key="hard", title="Nobody wants it")
    assert world.loop.not_mine(world.act(hard, ANA)).ok
    for n in range(210):
        world.raised(dedup_key=f"k{n}")
    keeper(world).keep()
    assert letters(world) == ["exceptions:2026-03-02"]
    [shown] = [shown for shown in world.chat.to("slack:#ai-exceptions") if shown.mark.kind == "letter"]
    assert "Nobody wants it" in shown.says


def test_a_morning_asks_directories_of_nobody_whose_day_does_not_begin(world: Any) -> None:
    world.raised(owner=BEN.id, dedup_key="b")
    world.raised(dedup_key="a")
    world.clock.forward(6 * HOUR)
    world.directory.asked.clear()
    keeper(world).keep()
    assert set(world.directory.asked) == {PLAN.last_resort}
    world.clock.at = T0 + DAY
    kept = keeper(world)
    looks(world, kept)
    assert letters(world, f"slack:@{ANA.id}") == [f"morning:{ANA.id}:2026-03-03"]
    assert letters(world, f"slack:@{BEN.id}") == [f"morning:{BEN.id}:2026-03-03"]


def test_a_manager_is_told_what_is_stuck_in_their_line(world: Any) -> None:
    world.clock.at = T0 - HOUR
    alert = world.raised()
    world.sleep(15)
    world.clock.at = T0 + minutes(20)
    keeper(world).keep()
    assert letters(world, f"slack:@{CLEO.id}") == [f"line:{CLEO.id}:2026-03-02"]
    assert alert.signal.title in world.chat.to(f"slack:@{CLEO.id}")[-1].says


def test_what_breaks_or_cannot_be_asked_keeps_nobody_else_waiting(world: Any) -> None:
    class Handles:
        def members(self, handle: str, /) -> tuple[str, ...] | None:
            if handle == "@gone":
                raise Unknown("subteam_hidden")
            return (BEN.id,)

    class Broken:
        unknown: Sequence[str] = ()

        def shifts(self, start: Any, until: Any, /) -> list[Shift]:
            raise ValueError("a defect")

    world.clock.at = T0 - HOUR
    world.raised()
    world.clock.at = T0
    kept = keeper(world, groups=("@gone", "@ap"), directories=(Handles(),), calendars={"ap": Broken()})
    kept.keep()
    assert world.store.groups(["@ap"])["@ap"][0] == (BEN.id,)
    assert letters(world, f"slack:@{ANA.id}") == [f"morning:{ANA.id}:2026-03-02"]


# ── mutes ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_a_mute_held_back_is_shown_although_whoever_ended_it_did_not_come_so_far(world: Any) -> None:
    mute = Mute(id="m1", start=T0 - HOUR, until=T0 + 20 * DAY, owner=BEN.id, source="ap-auditor")
    world.store.mute(mute, at=T0)
    alert = world.raised(severity=Severity.WARNING)
    assert alert.held_by == "m1"
    world.clock.forward(1)
    assert world.store.unmute("m1", at=world.clock.at, by=BEN.id) == [alert.id], "and then the process ends"
    keeper(world).keep()
    after = world.alert(alert.id)
    assert (after.held_by, after.snoozed_until) == (None, None)
    assert letters(world, f"slack:@{BEN.id}") == ["mute:m1"]
    assert world.card(alert)
    told = world.chat.to(f"slack:@{BEN.id}")[0].says
    assert "the mute of ap-auditor is over. It held back 1 alert; still open: 1." in told
