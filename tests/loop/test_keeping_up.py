"""What is kept up beside the alerts: mornings, gaps, mutes that ended, groups, calendars; said once, asked seldom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from cast import ANA, BEN, CLEO, DOV, ELSA, GUS, PLAN, POLICY, T0, minutes, signal

from bot.core.mutes import Mute
from bot.core.oncall import Rotation, Schedule, Shift
from bot.core.people import Away
from bot.core.routing import Owner, Rule
from bot.keeper import AHEAD, Keeper
from bot.ports import Unknown

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MONDAY_NIGHT = T0 - 8 * HOUR
"""01:00 UTC: in New York it is Sunday evening, in Tokyo Monday morning"""


PATIENT = replace(POLICY, steps=tuple(replace(step, nudge_every=90 * DAY) for step in POLICY.steps))


def at_night(world: Any) -> Any:
    world.clock.at = MONDAY_NIGHT
    return world


@pytest.fixture
def early(a_world: Callable[..., Any]) -> Any:
    """A town on Monday before anybody's day has begun; nothing is overdue for a long time."""
    return at_night(a_world(policy=PATIENT))


@pytest.fixture
def pressing(a_world: Callable[..., Any]) -> Any:
    """The same with the usual reminders, of which nobody takes any notice."""
    return at_night(a_world())


def becomes(world: Any, one: Any, **fields: Any) -> None:
    """The directory says so from now on, and it is known."""
    world.directory.people[one.id] = replace(world.directory.people[one.id], **fields)
    world.store.save_people([world.directory.people[one.id]], at=world.clock.at)


def letters(world: Any) -> list[str]:
    """The keys of all letters that are owed or were said, in their order."""
    return [row.key for row in world.store._lanes.rows.values() if row.kind == "letter"]


def all_day(world: Any, hours: float, every: float = 10) -> None:
    """Kept up every few minutes while the hours pass; nobody reacts and the alerts stand still."""
    until = world.clock.at + timedelta(hours=hours)
    while world.clock.at < until:
        world.clock.forward(minutes(every))
        world.keeper.keep()


# ── mornings ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_owner_gets_their_list_once_a_day_as_their_own_day_begins(early: Any) -> None:
    becomes(early, ANA, time_zone="Europe/Amsterdam", working="Mon-Fri 08:30-17:00")
    becomes(early, BEN, time_zone="America/New_York")
    early.raised()
    early.raised(dedup_key="b", owner=BEN.id)
    all_day(early, 24)
    assert letters(early) == [f"morning:{ANA.id}:2026-03-02", f"morning:{BEN.id}:2026-03-02"]
    created = [row.created_at for row in early.store._lanes.rows.values() if row.kind == "letter"]
    assert created == [datetime(2026, 3, 2, 7, 30, tzinfo=UTC), datetime(2026, 3, 2, 14, 0, tzinfo=UTC)]
    all_day(early, 24)
    assert letters(early)[2:] == [f"morning:{ANA.id}:2026-03-03", f"morning:{BEN.id}:2026-03-03"]


def test_a_morning_is_said_to_the_owner_alone(early: Any) -> None:
    early.raised()
    all_day(early, 9)
    early.deliver()
    (shown,) = [one for one in early.chat.shown if one.mark.kind == "letter"]
    assert shown.place == f"slack:@{ANA.id}"
    assert "Good morning, Ana. 1 alert open" in shown.says


@pytest.mark.parametrize(
    "fields",
    [
        {"away": (Away(start=T0 - DAY, until=T0 + DAY),)},
        {"active": False},
        {"working": "Tue-Fri 09:00-17:00"},
        {"country": "NL"},
    ],
    ids=["away", "left", "a day off", "a public holiday"],
)
def test_whoever_does_not_work_that_day_gets_no_list(a_world: Callable[..., Any], fields: dict[str, Any]) -> None:
    plan = replace(PLAN, days_off=lambda country, day: "Carnival" if country == "NL" else None)
    world = at_night(a_world(policy=PATIENT, plan=plan))
    world.raised()
    becomes(world, ANA, **fields)
    all_day(world, 12)
    assert [key for key in letters(world) if ANA.id in key] == []


def test_whoever_said_that_they_are_away_gets_no_list_however_often_the_directory_is_asked(early: Any) -> None:
    early.raised()
    early.types(ANA, "away until wednesday")
    all_day(early, 23)
    assert letters(early) == []


def test_at_the_weekend_nobody_gets_a_list(early: Any) -> None:
    early.clock.at = MONDAY_NIGHT - 2 * DAY
    early.raised()
    all_day(early, 47)
    assert letters(early) == []


def test_a_list_is_still_sent_a_little_late_and_not_in_the_evening(early: Any) -> None:
    early.raised()
    early.clock.at = T0 + 3.9 * HOUR
    assert early.keeper.keep() == 1
    early.clock.at = T0 + DAY + 4.1 * HOUR
    assert early.keeper.keep() == 0


def test_an_alert_that_is_raised_later_that_day_makes_no_good_morning(early: Any) -> None:
    early.clock.at = T0 + HOUR
    early.raised()
    all_day(early, 3)
    assert letters(early) == []
    all_day(early, 21)
    assert letters(early) == [f"morning:{ANA.id}:2026-03-03"]


def test_what_a_mute_holds_back_is_in_no_list(early: Any) -> None:
    early.store.mute(Mute(id="m", start=early.clock.at, until=T0 + 20 * HOUR, owner=BEN.id), at=early.clock.at)
    assert early.raised().held_by
    all_day(early, 20)
    assert letters(early) == []


# ── the line of a manager ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_manager_hears_of_what_is_stuck_below_them_at_whatever_height(pressing: Any) -> None:
    pressing.raised()
    pressing.sleep(7 * HOUR)
    all_day(pressing, 1)
    assert sorted(letters(pressing)) == [
        "exceptions:2026-03-02",
        f"line:{CLEO.id}:2026-03-02",
        f"line:{ELSA.id}:2026-03-02",
        f"morning:{ANA.id}:2026-03-02",
    ]


def test_a_manager_in_whose_line_nothing_is_stuck_is_left_alone(early: Any) -> None:
    becomes(early, DOV, manager=BEN.id)
    early.raised()
    all_day(early, 12)
    assert letters(early) == [f"morning:{ANA.id}:2026-03-02"]


def test_a_line_that_goes_in_a_circle_ends(pressing: Any) -> None:
    becomes(pressing, CLEO, manager=ANA.id)
    becomes(pressing, ANA, manager=CLEO.id)
    pressing.raised()
    pressing.sleep(7 * HOUR)
    all_day(pressing, 2)
    assert f"line:{CLEO.id}:2026-03-02" in letters(pressing)
    assert f"line:{ANA.id}:2026-03-02" not in letters(pressing), "their own alerts are their morning's"


# ── exceptions ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_exceptions_are_listed_in_their_channel_once_a_day_even_while_the_owner_of_last_resort_is_away(
    pressing: Any,
) -> None:
    pressing.raised()
    pressing.sleep(7 * HOUR)
    becomes(pressing, ELSA, away=(Away(start=T0 - DAY, until=T0 + 9 * DAY),))
    all_day(pressing, 30)
    assert [key for key in letters(pressing) if key.startswith("exceptions")] == [
        "exceptions:2026-03-02",
        "exceptions:2026-03-03",
    ]
    pressing.deliver()
    said = [one for one in pressing.chat.to("slack:#ai-exceptions") if one.mark.kind == "letter"]
    assert "1 alert that only a human can settle" in said[0].says


def test_an_exception_is_found_behind_a_storm_that_is_due_before_it(pressing: Any) -> None:
    pressing.raised()
    pressing.sleep(7.5 * HOUR)
    pressing.receive(*(signal(dedup_key=f"k{n}") for n in range(250)))
    pressing.clock.at = T0
    pressing.keeper.keep()
    assert "exceptions:2026-03-02" in letters(pressing)


def test_without_an_exception_nothing_is_listed(early: Any) -> None:
    early.raised()
    all_day(early, 12)
    assert "exceptions:2026-03-02" not in letters(early)


# ── gaps ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def on_call(world: Any, *shifts: tuple[timedelta, timedelta], hours: str = "", **fields: Any) -> None:
    """A schedule `nights` from shifts of a calendar (from T0 on) or from a rotation with hours."""
    rotation = Rotation(
        people=(ANA.id,), every="day", handover=(0, 0), since=date(2025, 1, 1), time_zone="UTC", hours=hours
    )
    schedule = Schedule(name="nights", rotations=(rotation,) if hours else (), calendar="cal.ics")
    world.keeper = replace(world.keeper, plan=replace(PLAN, schedules={"nights": schedule}), **fields)
    kept = [Shift(start=T0 + start, until=T0 + until, person=ANA.id) for start, until in shifts]
    world.store.keep_calendar("nights", kept, at=T0 - 90 * DAY)


def gaps(world: Any) -> list[str]:
    return [key for key in letters(world) if key.startswith("gap")]


def test_a_gap_is_told_once_before_it_happens_and_not_again_when_it_has_begun(early: Any) -> None:
    on_call(early, (-60 * DAY, 5 * DAY), (5 * DAY + 8 * HOUR, 90 * DAY))
    all_day(early, 3 * 24)
    assert gaps(early) == [], "it lies more than two days ahead"
    all_day(early, 3 * 24)
    assert gaps(early) == [f"gap:nights:{(T0 + 5 * DAY).isoformat()}"]
    (told,) = [row for row in early.store._lanes.rows.values() if row.key in gaps(early)]
    assert told.place == "slack:#ai-exceptions"
    assert T0 + 3 * DAY - HOUR < told.created_at <= T0 + 3 * DAY + HOUR


def test_a_gap_that_was_not_seen_ahead_is_told_once_however_long_it_lasts(early: Any) -> None:
    on_call(early, (-60 * DAY, -1 * DAY))
    all_day(early, 5 * 24, every=60)
    assert gaps(early) == [f"gap:nights:{(T0 - DAY).isoformat()}"]


def test_a_schedule_that_never_had_anybody_is_told_of_once_a_month(early: Any) -> None:
    on_call(early)
    all_day(early, 20 * 24, every=240)
    assert gaps(early) == ["gap:nights:2026-03"]
    all_day(early, 20 * 24, every=240)
    assert gaps(early) == ["gap:nights:2026-03", "gap:nights:2026-04"]


def test_a_schedule_that_keeps_hours_says_so_once_and_again_when_they_change(early: Any) -> None:
    def keep(hours: str) -> None:
        layer = Rotation(
            people=(ANA.id,), every="day", handover=(0, 0), since=date(2025, 1, 1), time_zone="UTC", hours=hours
        )
        schedules = {"office": Schedule(name="office", rotations=(layer,))}
        early.keeper = replace(early.keeper, plan=replace(PLAN, schedules=schedules))

    keep("Mon-Fri 09:00-17:00")
    all_day(early, 5 * 24, every=60)
    (told,) = gaps(early)
    keep("Mon-Fri 08:00-18:00")
    all_day(early, 3 * 24, every=60)
    first, second = gaps(early)
    assert first == told != second


def test_a_schedule_without_a_gap_is_not_spoken_of(early: Any) -> None:
    on_call(early, (-60 * DAY, 90 * DAY))
    all_day(early, 48, every=60)
    assert gaps(early) == []


# ── mutes ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_a_mute_held_back_is_listed_once_to_whoever_muted(world: Any) -> None:
    world.store.mute(Mute(id="m1", start=T0, until=T0 + HOUR, owner=BEN.id, source="ap-auditor"), at=T0)
    world.raised()
    all_day(world, 0.8)
    assert "mute:m1" not in letters(world)
    all_day(world, 5)
    assert letters(world).count("mute:m1") == 1
    (told,) = [row for row in world.store._lanes.rows.values() if row.key == "mute:m1"]
    assert told.place == f"slack:@{BEN.id}"


def test_a_mute_that_was_ended_by_hand_is_listed_too(world: Any) -> None:
    world.store.mute(Mute(id="m1", start=T0, until=T0 + 9 * HOUR, owner=BEN.id, source="ap-auditor"), at=T0)
    world.clock.forward(5)
    world.store.unmute("m1", at=world.clock.at, by=BEN.id)
    all_day(world, 1)
    assert letters(world).count("mute:m1") == 1


def test_what_a_mute_held_back_is_shown_although_whoever_ended_it_did_not_come_so_far(world: Any) -> None:
    world.store.mute(Mute(id="m1", start=T0, until=T0 + 20 * DAY, owner=BEN.id, source="ap-auditor"), at=T0)
    alert = world.raised()
    assert alert.held_by == "m1"
    world.clock.forward(1)
    assert world.store.unmute("m1", at=world.clock.at, by=BEN.id) == [alert.id], "and there the process ends"
    world.keeper.keep()
    after = world.alert(alert.id)
    assert (after.held_by, after.snoozed_until, after.due_at) == (None, None, T0 + minutes(11))
    world.deliver()
    assert world.card(alert)
    assert letters(world).count("mute:m1") == 1


# ── what others know ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Asked:
    """A directory with groups and a roll, and a calendar; each call is counted, each may be away."""

    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    kept: list[Shift] = field(default_factory=list)
    roll: list[Any] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    says_away: str | None = ""

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if what in self.away:
            raise Unknown("timeout")

    def find(self, ref: str, /) -> Any:
        return next((one for one in self.roll if one.id == ref), None)

    def members(self, handle: str, /) -> tuple[str, ...] | None:
        self._ask(handle)
        return self.groups.get(handle)

    def shifts(self, start: datetime, until: datetime, /) -> list[Shift]:
        self._ask("calendar")
        assert until - start == AHEAD + DAY
        return self.kept

    def everybody(self) -> Iterator[Any]:
        self._ask("roll")
        yield from self.roll


def keeper(world: Any, *directories: Asked, **fields: Any) -> Keeper:
    people = replace(world.people, directories=[world.directory, *directories])
    return replace(world.keeper, people=people, directories=directories, _done={}, **fields)


def test_groups_calendars_and_rolls_are_asked_seldom(world: Any) -> None:
    asked = Asked(groups={"@a": (ANA.id,), "@b": (BEN.id,)})
    keeps = keeper(world, asked, groups=("@a", "@b"), calendars={"nights": asked})
    for _ in range(60):
        keeps.keep()
        world.clock.forward(minutes(1))
    assert {what: asked.asked.count(what) for what in ("@a", "@b", "calendar", "roll")} == {
        "@a": 12,
        "@b": 12,
        "calendar": 6,
        "roll": 12,
    }


def test_a_group_that_cannot_be_read_keeps_its_members_and_no_other_waits_for_it(world: Any) -> None:
    asked = Asked(groups={"@a": (ANA.id,), "@b": (BEN.id, CLEO.id)})
    keeps = keeper(world, asked, groups=("@a", "@b"))
    keeps.keep()
    asked.groups, asked.away = {"@a": (DOV.id,), "@b": (BEN.id,)}, {"@a"}
    world.clock.forward(minutes(6))
    keeps.keep()
    found = world.store.groups(["@a", "@b"])
    assert {handle: members for handle, (members, _) in found.items()} == {"@a": (ANA.id,), "@b": (BEN.id,)}


def test_the_first_directory_that_knows_a_group_says_who_is_in_it(world: Any) -> None:
    first, second = Asked(), Asked(groups={"@a": (BEN.id, ANA.id)})
    keeper(world, first, second, groups=("@a", "@nobody")).keep()
    found = world.store.groups(["@a", "@nobody"])
    assert {handle: members for handle, (members, _) in found.items()} == {"@a": (BEN.id, ANA.id)}


def test_a_calendar_that_cannot_be_read_leaves_what_was_read_and_no_other_waits_for_it(world: Any) -> None:
    shift = Shift(start=T0, until=T0 + DAY, person=ANA.id)
    broken, whole = Asked(kept=[shift]), Asked(kept=[shift])
    keeps = keeper(world, calendars={"broken": broken, "whole": whole})
    keeps.keep()
    broken.away, whole.kept = {"calendar"}, []
    world.clock.forward(minutes(11))
    keeps.keep()
    assert world.store.shifts_between("broken", T0, T0 + HOUR) == [shift]
    assert world.store.shifts_between("whole", world.clock.at, T0 + HOUR) == []


def test_directories_are_asked_only_of_those_whose_day_begins(early: Any) -> None:
    for one in (ANA, BEN):
        early.raised(dedup_key=one.name, owner=one.id)
    early.clock.at = T0 + 6 * HOUR
    early.directory.asked.clear()
    early.keeper.keep()
    assert set(early.directory.asked) == {PLAN.last_resort}, "in the afternoon of nobody else"
    early.clock.at = T0 + DAY + minutes(1)
    early.keeper.keep()
    assert {ANA.id, BEN.id} <= set(early.directory.asked)


def test_whoever_is_on_call_soon_is_known_before_they_are_asked(a_world: Callable[..., Any]) -> None:
    week = Rotation(people=(GUS.id,), every="week", handover=(0, 0), since=date(2026, 1, 5), time_zone="UTC")
    world = a_world(plan=replace(PLAN, schedules={"ap": Schedule(name="ap", rotations=(week,))}))
    world.clock.forward(HOUR)
    world.keeper.keep()
    assert GUS.id in world.directory.asked


@pytest.mark.parametrize(("says_away", "asked"), [("", False), (None, True)])
def test_whom_rules_name_is_asked_after_where_a_list_does_not_say_who_is_away(
    a_world: Callable[..., Any], says_away: str | None, asked: bool
) -> None:
    rules = (Rule(owners=(Owner(BEN.id), Owner("ap", kind="on_call"))),)
    world = a_world(plan=replace(PLAN, sources={}, rules=rules))
    world.clock.forward(HOUR)
    keeper(world, Asked(says_away=says_away)).keep()
    assert (BEN.id in world.directory.asked) is asked


def test_what_breaks_over_a_calendar_costs_nobody_their_morning(early: Any) -> None:
    class Broken(Asked):
        def shifts(self, start: datetime, until: datetime, /) -> list[Shift]:
            raise ValueError("a defect")

    early.raised()
    early.keeper = replace(early.keeper, calendars={"ap": Broken()})
    all_day(early, 10, every=60)
    assert f"morning:{ANA.id}:2026-03-02" in letters(early)


@pytest.mark.parametrize("away", ["@a", "calendar", "roll"])
def test_whatever_cannot_be_asked_the_lists_are_sent(early: Any, away: str) -> None:
    early.raised()
    asked = Asked(groups={"@a": (ANA.id,)}, away={away})
    early.clock.at = T0
    assert keeper(early, asked, groups=("@a",), calendars={"nights": asked}).keep() == 1


def test_a_roll_that_cannot_be_read_keeps_no_other_from_being_read(world: Any) -> None:
    broken, whole = Asked(away={"roll"}), Asked(roll=[replace(ANA, active=False)])
    keeper(world, broken, whole).keep()
    assert world.store.people([ANA.id])[ANA.id][0].active is False
