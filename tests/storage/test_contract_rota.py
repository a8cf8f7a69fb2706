"""People and their time: absences, wishes, shifts, groups, mutes; who owns anything, and whole trails."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.core import alert as life
from bot.core.mutes import Mute
from bot.core.oncall import Schedule, Shift, on_call
from bot.core.people import Away, Person
from bot.core.raising import came_back
from bot.core.signal import Severity
from bot.core.state import fold
from bot.core.wake import released, wake
from bot.ports import AlertFilter, Conflict
from bot.ports.rota import Declared, Wishes

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ALL = AlertFilter()


def away(world: Any, start: timedelta, until: timedelta, **more: Any) -> Away:
    return Away(**{"start": world.clock.at + start, "until": world.clock.at + until, **more})


def declare(world: Any, number: str, one: Away, person: str = "ana@acme.example") -> Declared:
    said = Declared(id=number, person=person, away=one, by="cleo@acme.example", at=world.clock.at)
    world.store.declare(said)
    return said


# ── absences ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_absences_come_back_as_they_were_declared_earliest_first(world: Any) -> None:
    later = declare(world, "a1", away(world, DAY, 2 * DAY, delegate="ben@acme.example", why="holiday \U0001f334"))
    sooner = declare(world, "a2", away(world, -HOUR, HOUR))
    his = declare(world, "a3", away(world, HOUR, DAY), "ben@acme.example")
    now = world.clock.at
    assert world.store.absences(since=now) == [sooner, his, later]
    assert world.store.absences("ana@acme.example", since=now) == [sooner, later]
    assert world.store.absences("ana@acme.example", since=now + HOUR) == [later], "one that ends then is over"
    assert world.store.absences("dov@acme.example", since=now) == []
    assert world.store.absences("d\0v", since=now) == []


def test_an_absence_is_declared_once(world: Any) -> None:
    said = declare(world, "a1", away(world, HOUR, DAY))
    with pytest.raises(Conflict):
        world.store.declare(replace(said, person="ben@acme.example"))
    assert world.store.absences(since=world.clock.at) == [said]


def test_whoever_ends_an_absence_first_has_ended_it(world: Any) -> None:
    said = declare(world, "a1", away(world, -HOUR, DAY))
    world.clock.pass_(60)
    at = world.clock.at
    assert world.store.end_absence("a1", at=at, by="ana@acme.example") is True
    assert world.store.end_absence("a1", at=at + HOUR, by="ben@acme.example") is False
    ended = replace(said, ended_at=at, ended_by="ana@acme.example")
    assert world.store.absences(since=at - HOUR) == [ended]
    assert world.store.absences(since=at) == []


def test_an_absence_that_is_over_or_that_nobody_declared_cannot_be_ended(world: Any) -> None:
    declare(world, "a1", away(world, -DAY, -HOUR))
    assert world.store.end_absence("a1", at=world.clock.at, by="ana@acme.example") is False
    assert world.store.end_absence("nobody", at=world.clock.at, by="ana@acme.example") is False


def test_a_person_is_away_when_they_say_so_and_when_a_directory_does(world: Any, ana: Person) -> None:
    from_calendar = away(world, 3 * DAY, 4 * DAY, why="out of office")
    world.store.save_people([replace(ana, away=(from_calendar,))], at=world.clock.at)
    mine = declare(world, "a1", away(world, -HOUR, DAY, delegate="ben@acme.example")).away
    declare(world, "a2", away(world, -HOUR, DAY), "ben@acme.example")
    declare(world, "a3", away(world, DAY, 2 * DAY))
    world.store.end_absence("a3", at=world.clock.at, by="ana@acme.example")
    expected = replace(ana, away=(mine, from_calendar))
    assert world.store.people([ana.id]) == {ana.id: (expected, world.clock.at)}
    assert world.store.person_by_chat("slack", "U0ANA") == (expected, world.clock.at)
    assert world.store.people(["slack:U0ANA"])["slack:U0ANA"][0] == expected
    with world.store.transaction() as tx:
        assert tx.person(ana.id) == expected
        assert tx.person("slack:U0ANA") == expected


def test_absences_that_are_over_for_more_than_a_day_are_not_told_of(world: Any, ana: Person) -> None:
    old, yesterday = away(world, -9 * DAY, -DAY), away(world, -9 * DAY, -DAY + HOUR)
    world.store.save_people([replace(ana, away=(old, yesterday))], at=world.clock.at)
    declare(world, "a1", replace(old, why="mine"))
    lately = declare(world, "a2", replace(yesterday, why="mine")).away
    assert world.store.people([ana.id])[ana.id][0].away == (yesterday, lately)


def test_what_somebody_declared_does_not_become_a_directorys_word_when_they_are_saved_as_read(
    world: Any, ana: Person
) -> None:
    from_calendar = away(world, DAY, 2 * DAY)
    world.store.save_people([replace(ana, away=(from_calendar,))], at=world.clock.at)
    declare(world, "a1", away(world, -HOUR, HOUR))
    world.store.save_people([world.store.people([ana.id])[ana.id][0]], at=world.clock.at)
    world.store.end_absence("a1", at=world.clock.at, by="ana@acme.example")
    assert world.store.people([ana.id])[ana.id][0].away == (from_calendar,)


# ── wishes ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_wishes_are_kept_one_by_one_and_count_before_a_directory(world: Any, ana: Person, ben: Person) -> None:
    said = replace(ana, prefers="instant", quiet="22:00-07:00")
    world.store.save_people([said, ben], at=world.clock.at)
    assert world.store.wishes(ana.id) == Wishes()
    world.store.wish(ana.id, Wishes(prefers="digest"), at=world.clock.at)
    assert world.store.people([ana.id])[ana.id][0] == replace(said, prefers="digest")
    world.store.wish(ana.id, Wishes(quiet=""), at=world.clock.at)
    assert world.store.wishes(ana.id) == Wishes(prefers="digest", quiet="")
    with world.store.transaction() as tx:
        assert tx.person(ana.id) == replace(said, prefers="digest", quiet="")
        assert tx.person(ben.id) == ben
    world.store.wish(ana.id, Wishes(prefers="instant"), at=world.clock.at)
    assert world.store.wishes(ana.id) == Wishes(prefers="instant", quiet="")


# ── schedules and groups ─────────────────────────────────────────────────────────────────────────────────────────────


def shift(world: Any, start: timedelta, until: timedelta, who: str = "ana", **more: Any) -> Shift:
    at = world.clock.at
    return Shift(**{"start": at + start, "until": at + until, "person": f"{who}@acme.example", **more})


def test_a_calendars_shifts_and_overrides_come_back_overrides_in_the_order_they_were_made(world: Any) -> None:
    late, early = shift(world, 8 * HOUR, DAY, "ben"), shift(world, -HOUR, 8 * HOUR)
    world.store.keep_calendar("ap", [late, early], at=world.clock.at)
    first = shift(world, HOUR, 3 * HOUR, "cleo", override=True, by="ana@acme.example")
    second = replace(first, person="elsa@acme.example")
    for one in (first, second):
        world.store.override("ap", one, at=world.clock.at)
    world.store.override("other", first, at=world.clock.at)
    now = world.clock.at
    between = world.store.shifts_between
    assert between("ap", now, now + DAY) == [first, second, early, late]
    assert between("ap", now + 3 * HOUR, now + 8 * HOUR) == [early], "half-open on both sides"
    assert between("nobody", now, now + DAY) == between("n\0body", now, now + DAY) == []
    with world.store.transaction() as tx:
        assert list(tx.shifts("ap", now + HOUR)) == [first, second, early]
        assert list(tx.shifts("ap", now + 3 * HOUR)) == [early]
        assert list(tx.shifts("ap", now + 8 * HOUR)) == [late]
        assert list(tx.shifts("ap", now + DAY)) == []


def test_of_two_overrides_the_later_made_wins_whenever_it_starts(world: Any) -> None:
    wide, narrow = (shift(world, -HOUR, DAY, "ben", override=True), shift(world, HOUR, 3 * HOUR, override=True))
    schedule = Schedule(name="ap")
    for first, second in ((wide, narrow), (narrow, wide)):
        for one in (first, second):
            world.store.override("ap", one, at=world.clock.at)
        at = world.clock.at + 2 * HOUR
        with world.store.transaction() as tx:
            inside = on_call(schedule, at, tx.shifts("ap", at))
        outside = on_call(schedule, at, world.store.shifts_between("ap", at, at + DAY))
        assert [one and one.person for one in (inside, outside)] == [second.person] * 2


def test_an_override_is_one_whatever_the_shift_says(world: Any) -> None:
    world.store.override("ap", shift(world, HOUR, DAY), at=world.clock.at)
    world.store.keep_calendar("ap", [shift(world, HOUR, DAY, "ben", override=True)], at=world.clock.at)
    found = world.store.shifts_between("ap", world.clock.at, world.clock.at + DAY)
    assert [(one.person, one.override) for one in found] == [("ana@acme.example", True), ("ben@acme.example", False)]


def test_a_calendar_that_is_read_again_replaces_what_is_not_over_and_no_overrides(world: Any) -> None:
    over, now_on, ahead = shift(world, -2 * HOUR, -HOUR), shift(world, -HOUR, HOUR), shift(world, HOUR, DAY)
    world.store.keep_calendar("ap", [over, now_on, ahead], at=world.clock.at - 2 * HOUR)
    taken = shift(world, 2 * HOUR, 3 * HOUR, "cleo", override=True)
    world.store.override("ap", taken, at=world.clock.at)
    world.store.keep_calendar("other", [ahead], at=world.clock.at)
    instead = replace(ahead, person="ben@acme.example")
    for _ in range(2):
        world.store.keep_calendar("ap", [now_on, instead, instead], at=world.clock.at)
    start, until = world.clock.at - DAY, world.clock.at + DAY
    assert world.store.shifts_between("ap", start, until) == [taken, over, now_on, instead]
    world.store.keep_calendar("ap", [], at=world.clock.at)
    assert world.store.shifts_between("ap", start, until) == [taken, over]
    assert world.store.shifts_between("other", start, until) == [ahead]


def test_a_group_is_what_a_directory_said_last_in_its_order(world: Any) -> None:
    first = world.clock.at
    world.store.keep_group("@ap", ["ben@acme.example", "ana@acme.example"], at=first)
    assert world.store.groups(["@ap", "@nobody", "@n\0"]) == {"@ap": (("ben@acme.example", "ana@acme.example"), first)}
    world.clock.pass_(60)
    world.store.keep_group("@ap", ["cleo@acme.example"], at=world.clock.at)
    world.store.keep_group("@empty", [], at=first)
    assert world.store.groups(["@ap"]) == {"@ap": (("cleo@acme.example",), world.clock.at)}
    with world.store.transaction() as tx:
        assert [list(tx.group(handle)) for handle in ("@ap", "@empty", "@nobody")] == [["cleo@acme.example"], [], []]


# ── mutes ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def mute(world: Any, number: str = "m1", start: timedelta = -HOUR, until: timedelta = HOUR, **more: Any) -> Mute:
    at = world.clock.at
    said = Mute(**{"id": number, "start": at + start, "until": at + until, "owner": "ana@acme.example", **more})
    world.store.mute(said, at=at)
    return said


def muted(world: Any, at: datetime) -> list[Mute]:
    with world.store.transaction() as tx:
        return list(tx.mutes(at))


def test_mutes_come_back_as_they_were_made_for_as_long_as_they_last(world: Any) -> None:
    later = mute(world, "m2", HOUR, DAY, source="ap-auditor", why="a migration")
    sooner = mute(world, "m1", rule="payments", critical=True)
    now = world.clock.at
    assert world.store.all_mutes(since=now) == [sooner, later]
    assert world.store.all_mutes(since=now + HOUR) == [later]
    assert muted(world, now) == [sooner]
    assert muted(world, now + HOUR) == [later], "half-open"
    assert muted(world, now + DAY) == []
    world.store.mute(replace(sooner, why="something else"), at=now)
    assert world.store.all_mutes(since=now) == [sooner, later], "what is there already stays as it is"


def test_a_mute_that_is_ended_by_hand_ends_then_and_names_what_it_holds_back(world: Any) -> None:
    one = mute(world)
    held = world.raise_(mute=one)
    closed = world.close(world.raise_(mute=one))
    free, other = world.raise_(), world.raise_(mute=mute(world, "m2"))
    world.clock.pass_(60)
    at = world.clock.at
    assert world.store.unmute("m1", at=at, by="ben@acme.example") == [held.id]
    assert muted(world, at) == [mute_ for mute_ in world.store.all_mutes(since=at) if mute_.id == "m2"]
    assert world.store.all_mutes(since=at - HOUR)[0] == replace(one, until=at)
    world.clock.pass_(60)
    assert world.store.unmute("m1", at=world.clock.at, by="cleo@acme.example") == [held.id], "it is still held back"
    assert world.store.all_mutes(since=at - HOUR)[0].until == at, "and was ended before"
    assert world.store.unmute("nobody", at=at, by="ben@acme.example") == []
    assert {held.id, closed.id, free.id, other.id} == {alert.id for alert in world.store.alerts(ALL).items}


def test_what_a_mute_held_back_is_known_for_ever_most_severe_first(world: Any) -> None:
    one = mute(world, until=timedelta(minutes=1))
    first, worst = world.raise_(mute=one), world.raise_(mute=one, severity=Severity.ERROR)
    world.clock.pass_(1)
    last = world.raise_(mute=one)
    world.raise_(mute=mute(world, "m2"))
    world.raise_()
    world.clock.pass_(60)
    shown = world.change(first, wake)
    assert (first.held_by, shown.held_by) == ("m1", None)
    closed = world.close(last)
    assert world.store.held_back("m1", limit=10) == [worst, shown, closed]
    assert world.store.held_back("m1", limit=1) == [worst]
    assert world.store.held_back("nobody", limit=1) == []


def test_what_comes_back_under_a_mute_is_held_back_by_it_too(world: Any) -> None:
    before = world.close(world.raise_(dedup_key="k1"))
    one = mute(world)
    world.clock.pass_(60)
    again = world.change(before, came_back, signal=before.signal, owner=before.owner, mute=one)
    assert (again.id, again.held_by) == (before.id, "m1")
    assert world.store.held_back("m1", limit=10) == [again]
    assert world.store.unmute("m1", at=world.clock.at, by="ben@acme.example") == [again.id]
    shown = world.change(again, released)
    assert (shown.held_by, world.store.held_back("m1", limit=10)) == (None, [shown])


def test_a_mute_that_is_over_is_listed_once(world: Any) -> None:
    mute(world)
    mute(world, "m2", HOUR, DAY)
    now = world.clock.at
    over = replace(mute(world, "m3"), until=now)
    world.store.unmute("m3", at=now, by="ana@acme.example")
    assert world.store.unlisted_mutes(now) == [over]
    assert [one.id for one in world.store.unlisted_mutes(now + HOUR)] == ["m1", "m3"]
    assert world.store.listed("m1", [], at=now + HOUR) is True
    assert world.store.listed("m1", [], at=now + HOUR) is False
    assert world.store.listed("nobody", [], at=now + HOUR) is False
    assert world.store.unlisted_mutes(now + HOUR) == [over]


# ── lists ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_owners_are_all_who_own_something_unfinished(world: Any) -> None:
    assert world.store.owners() == []
    for owner in ("ben@acme.example", "ana@acme.example", "ben@acme.example"):
        world.raise_(owner=owner)
    world.close(world.raise_(owner="cleo@acme.example"))
    assert world.store.owners() == ["ana@acme.example", "ben@acme.example"]


@pytest.mark.parametrize("batch", [1, 2, 3, 50])
def test_trails_are_read_whole_and_in_the_order_of_the_raises(world: Any, by_ana: Any, batch: int) -> None:
    world.raise_()
    world.clock.pass_(1)
    since = world.clock.at
    alerts = []
    for n in range(5):
        alerts.append(world.raise_(dedup_key=f"k{n}"))
        if n % 2:
            world.clock.pass_(1)  # two alerts share an instant
    until = world.clock.at = world.clock.at + timedelta(seconds=1)
    world.raise_()
    alerts[1] = world.change(alerts[1], life.acknowledge, by=by_ana)
    alerts[2] = world.close(alerts[2])
    found = list(world.store.trails(since, until, batch=batch))
    assert [one.alert for one in found] == alerts
    assert [fold(one.events) for one in found] == alerts
    assert list(world.store.trails(until + HOUR, until + DAY)) == []
