"""Who is on call: turns in order, no hole and no overlap when the clocks are changed, overrides to the second."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cast import ANA, BEN, CLEO, DOV, ELSA
from hypothesis import given
from hypothesis import strategies as st

from bot.core.oncall import Gap, Piece, Rotation, Schedule, Shift, gaps, handovers, on_call, swap, timeline

A, B, C, D, E = ANA.id, BEN.id, CLEO.id, DOV.id, ELSA.id
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MONDAY = date(2026, 3, 2)
ZONES = ("UTC", "Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago")
"""Lord Howe's clocks change by half an hour; Santiago's at midnight"""


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


def wall(zone: str, *parts: int) -> datetime:
    return datetime(*parts, tzinfo=ZoneInfo(zone)).astimezone(UTC)  # type: ignore[misc, arg-type]


def weekly(*people: str, **more: Any) -> Rotation:
    known = {"every": "week", "handover": (0, 540), "since": MONDAY, "time_zone": "Europe/Amsterdam"}
    return Rotation(people=people, **(known | more))


def plan(*rotations: Rotation, **more: Any) -> Schedule:
    return Schedule(name="payments", rotations=rotations, **more)


def override(start: datetime, until: datetime, person: str, by: str = A) -> Shift:
    return Shift(start=start, until=until, person=person, override=True, by=by)


def told(pieces: tuple[Piece, ...]) -> list[tuple[datetime, datetime, str]]:
    return [(one.start, one.until, one.person if isinstance(one, Shift) else "") for one in pieces]


def who(schedule: Schedule, at: datetime, shifts: tuple[Shift, ...] = ()) -> str:
    found = on_call(schedule, at, shifts)
    assert found is None or found.start <= at < found.until
    return found.person if found else ""


# ── turns ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_people_take_turns_from_monday_nine_o_clock_to_the_next() -> None:
    schedule = plan(weekly(A, B))
    found = on_call(schedule, utc(2026, 3, 4), ())
    assert found == Shift(start=utc(2026, 3, 2, 8), until=utc(2026, 3, 9, 8), person=A)
    assert [who(schedule, utc(2026, 3, day, 8)) for day in (2, 9, 16, 23)] == [A, B, A, B]


def test_whoever_hands_over_is_on_call_until_that_very_instant() -> None:
    schedule, handover = plan(weekly(A, B)), utc(2026, 3, 9, 8)
    assert (who(schedule, handover - timedelta.resolution), who(schedule, handover)) == (A, B)
    assert handovers(schedule, handover - timedelta.resolution, ()) == handover
    assert handovers(schedule, handover, ()) == utc(2026, 3, 16, 8)


def test_the_handover_stays_at_nine_when_the_clocks_are_changed() -> None:
    schedule = plan(weekly(A, B))
    assert handovers(schedule, utc(2026, 3, 24), ()) == utc(2026, 3, 30, 7)  # summer time since the 29th
    assert handovers(schedule, utc(2026, 10, 20), ()) == utc(2026, 10, 26, 8)


@pytest.mark.parametrize(
    ("zone", "minute", "day", "handover"),
    [
        ("Europe/Amsterdam", 150, date(2026, 3, 29), utc(2026, 3, 29, 1, 30)),  # 02:30 is left out: 03:30
        ("Europe/Amsterdam", 150, date(2026, 10, 25), utc(2026, 10, 25, 0, 30)),  # 02:30 comes twice: the first
        ("America/New_York", 150, date(2026, 3, 8), utc(2026, 3, 8, 7, 30)),
        ("Australia/Lord_Howe", 135, date(2026, 10, 4), utc(2026, 10, 3, 15, 45)),  # 02:15: 02:45
        ("America/Santiago", 0, date(2026, 9, 6), utc(2026, 9, 6, 4)),  # midnight is left out: 01:00
    ],
)
def test_a_handover_at_a_time_that_is_left_out_or_comes_twice(
    zone: str, minute: int, day: date, handover: datetime
) -> None:
    schedule = plan(weekly(A, B, every="day", handover=(0, minute), since=day - DAY, time_zone=zone))
    assert handovers(schedule, handover - HOUR, ()) == handover
    assert (who(schedule, handover - timedelta.resolution), who(schedule, handover)) == (A, B)


def test_before_the_first_handover_nobody_is_on_call() -> None:
    first = utc(2026, 3, 2, 8)
    assert who(plan(weekly(A, B)), first - timedelta.resolution) == ""
    assert gaps(plan(weekly(A, B)), first - DAY, first + DAY, ()) == ((first - DAY, first),)


def test_people_who_start_on_a_thursday_start_at_the_next_handover() -> None:
    schedule = plan(weekly(A, B, since=date(2026, 3, 5)))
    assert (who(schedule, utc(2026, 3, 8)), who(schedule, utc(2026, 3, 9, 8))) == ("", A)


def test_a_turn_may_be_several_weeks_or_days() -> None:
    fortnights = plan(weekly(A, B, count=2))
    assert [who(fortnights, utc(2026, 3, day, 12)) for day in (2, 9, 16, 23, 30)] == [A, A, B, B, A]
    threes = plan(weekly(A, B, every="day", count=3))
    assert [who(threes, utc(2026, 3, day, 12)) for day in (2, 4, 5, 7, 8)] == [A, A, B, B, A]


def test_where_one_person_is_alone_nothing_is_ever_handed_over() -> None:
    schedule = plan(weekly(A))
    assert handovers(schedule, utc(2026, 3, 4), ()) is None
    assert told(timeline(schedule, utc(2026, 4, 1), utc(2026, 6, 1), ())) == [(utc(2026, 4, 1), utc(2026, 6, 1), A)]


def test_a_handover_that_is_a_year_away_is_found() -> None:
    assert handovers(plan(weekly(A, B, count=52)), utc(2026, 3, 4), ()) == utc(2027, 3, 1, 8)


def test_a_schedule_with_nobody_in_it_is_one_gap() -> None:
    for schedule in (plan(), plan(weekly())):
        assert (who(schedule, utc(2026, 3, 4)), handovers(schedule, utc(2026, 3, 4), ())) == ("", None)
        assert timeline(schedule, utc(2026, 3, 4), utc(2026, 3, 5), ()) == (
            Gap(start=utc(2026, 3, 4), until=utc(2026, 3, 5)),
        )


def test_no_time_has_no_pieces() -> None:
    at = utc(2026, 3, 4)
    assert timeline(plan(weekly(A)), at, at, ()) == timeline(plan(weekly(A)), at, at - DAY, ()) == ()


@pytest.mark.parametrize("wrong", [{"every": "month"}, {"count": 0}])
def test_a_turn_that_lasts_nothing_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="one or more days or weeks"):
        weekly(A, **wrong)


@pytest.mark.parametrize(
    ("start", "until"),
    [
        (utc(2026, 3, 2), utc(2026, 3, 2)),
        (utc(2026, 3, 2), utc(2026, 3, 1)),
        (utc(2026, 3, 2).replace(tzinfo=None), utc(2026, 3, 3).replace(tzinfo=None)),
    ],
)
def test_a_shift_without_time_or_zone_is_refused(start: datetime, until: datetime) -> None:
    with pytest.raises(ValueError, match="with a time zone"):
        Shift(start=start, until=until, person=A)


ROTATIONS = st.builds(
    Rotation,
    people=st.lists(st.sampled_from([A, B, C, D]), min_size=1, max_size=4, unique=True).map(tuple),
    every=st.sampled_from(["day", "week"]),
    count=st.integers(1, 3),
    handover=st.tuples(st.integers(0, 6), st.integers(0, 1439)),
    since=st.dates(date(2026, 1, 1), date(2026, 2, 1)),
    time_zone=st.sampled_from(ZONES),
)
WITH_HOURS = st.tuples(
    ROTATIONS, st.sampled_from(["", "Mon-Fri 09:00-17:00", "Sat-Sun 00:00-24:00", "Fri-Mon 1:00-3:00"])
)
LAYERS = st.lists(WITH_HOURS.map(lambda two: _with_hours(*two)), max_size=3).map(tuple)
INSTANTS = st.datetimes(datetime(2026, 2, 1), datetime(2027, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001


def _with_hours(rotation: Rotation, hours: str) -> Rotation:
    fields = {name: getattr(rotation, name) for name in ("people", "every", "count", "handover", "since", "time_zone")}
    return Rotation(**fields, hours=hours)


OVERRIDES = st.lists(
    st.builds(
        lambda start, length, person: override(start, start + length, person),
        INSTANTS,
        st.timedeltas(timedelta(seconds=1), timedelta(days=30)),
        st.sampled_from([C, D, E]),
    ),
    max_size=4,
).map(tuple)


@given(ROTATIONS)
def test_a_rotation_round_the_clock_leaves_no_gap_and_no_overlap_in_a_year_and_keeps_its_order(
    rotation: Rotation,
) -> None:
    start = utc(2026, 2, 10)
    pieces = timeline(plan(rotation), start, start + 365 * DAY, ())
    assert (pieces[0].start, pieces[-1].until) == (start, start + 365 * DAY)
    assert all(before.until == after.start for before, after in pairwise(pieces))
    turns = [piece.person for piece in pieces if isinstance(piece, Shift)]
    assert len(turns) == len(pieces)
    order = {one: rotation.people[(at + 1) % len(rotation.people)] for at, one in enumerate(rotation.people)}
    assert all(order[before] == after for before, after in pairwise(turns))
    zone = ZoneInfo(rotation.time_zone)
    for piece in pieces[1:]:
        local = piece.start.astimezone(zone)
        there_and_back = local.replace(tzinfo=None) - timedelta(minutes=rotation.handover[1])
        assert timedelta(0) <= there_and_back - datetime.combine(there_and_back.date(), datetime.min.time()) <= HOUR
        assert rotation.every == "day" or there_and_back.weekday() == rotation.handover[0]


@given(LAYERS, OVERRIDES, INSTANTS)
def test_a_timeline_says_of_every_instant_what_on_call_says(
    layers: tuple[Rotation, ...], overrides: tuple[Shift, ...], start: datetime
) -> None:
    schedule = plan(*layers)
    pieces = timeline(schedule, start, start + 20 * DAY, overrides)
    assert (pieces[0].start, pieces[-1].until) == (start, start + 20 * DAY)
    assert all(before.until == after.start and before != after for before, after in pairwise(pieces))
    for piece in pieces:
        middle = piece.start + (piece.until - piece.start) / 2
        said = piece.person if isinstance(piece, Shift) else ""
        assert who(schedule, piece.start, overrides) == who(schedule, middle, overrides) == said
    assert gaps(schedule, start, start + 20 * DAY, overrides) == tuple(
        (piece.start, piece.until) for piece in pieces if isinstance(piece, Gap)
    )


@given(LAYERS, OVERRIDES, INSTANTS)
def test_a_handover_is_the_first_instant_at_which_it_is_somebody_else(
    layers: tuple[Rotation, ...], overrides: tuple[Shift, ...], at: datetime
) -> None:
    schedule = plan(*layers)
    found = handovers(schedule, at, overrides)
    now = who(schedule, at, overrides)
    if found is not None:
        assert found > at
        assert who(schedule, found, overrides) != now == who(schedule, found - timedelta.resolution, overrides)
    between = timeline(schedule, at, found or at + 40 * DAY, overrides)
    assert {one.person if isinstance(one, Shift) else "" for one in between} == {now}


@given(LAYERS, OVERRIDES, st.tuples(INSTANTS, st.timedeltas(timedelta(seconds=1), timedelta(days=30))))
def test_an_override_wins_exactly_within_its_bounds(
    layers: tuple[Rotation, ...], before: tuple[Shift, ...], taken: tuple[datetime, timedelta]
) -> None:
    schedule, (start, length) = plan(*layers), taken
    late = override(start, start + length, "gus@acme.example")
    for at in (start, start + length / 2, start + length - timedelta.resolution):
        assert on_call(schedule, at, (*before, late)) == late
    for at in (start - timedelta.resolution, start + length):
        assert who(schedule, at, (*before, late)) == who(schedule, at, before)


def test_where_a_country_leaves_out_a_day_its_turn_is_left_out_too() -> None:
    apia = weekly(A, B, C, every="day", since=date(2011, 12, 28), time_zone="Pacific/Apia")
    pieces = timeline(plan(apia), utc(2011, 12, 28, 19), utc(2012, 1, 1, 19), ())
    assert [piece.until - piece.start for piece in pieces] == [DAY] * 4
    assert [person for *_, person in told(pieces)] == [A, B, A, B]  # Cleo's day was 30 December: there was none
    assert who(plan(apia), utc(2011, 12, 30, 11)) == B  # half past midnight after the day that was none


# ── layers and hours ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_later_layer_wins_where_it_covers() -> None:
    schedule = plan(weekly(A, B), weekly(C, hours="Mon-Fri 09:00-17:00"))
    assert told(timeline(schedule, utc(2026, 3, 6, 12), utc(2026, 3, 9, 9), ())) == [
        (utc(2026, 3, 6, 12), utc(2026, 3, 6, 16), C),
        (utc(2026, 3, 6, 16), utc(2026, 3, 9, 8), A),
        (utc(2026, 3, 9, 8), utc(2026, 3, 9, 9), C),
    ]


def test_somebody_on_call_underneath_knows_when_the_upper_layer_takes_over() -> None:
    schedule = plan(weekly(A, B), weekly(C, hours="Mon-Fri 09:00-17:00"))
    assert on_call(schedule, utc(2026, 3, 3, 20), ()) == Shift(
        start=utc(2026, 3, 3, 16), until=utc(2026, 3, 4, 8), person=A
    )


def test_work_follows_the_sun_without_a_gap_on_working_days() -> None:
    schedule = plan(
        weekly(A, time_zone="Asia/Tokyo", hours="Mon-Fri 09:00-17:00"),  # 00:00-08:00 UTC
        weekly(B, time_zone="UTC", hours="Mon-Fri 08:00-16:00"),
        weekly(C, time_zone="America/Phoenix", hours="Mon-Fri 09:00-17:00"),  # 16:00-24:00 UTC
    )
    assert gaps(schedule, utc(2026, 3, 10), utc(2026, 3, 14), ()) == ()
    assert [who(schedule, utc(2026, 3, 11, hour)) for hour in (0, 7, 8, 15, 16, 23)] == [A, A, B, B, C, C]
    assert gaps(schedule, utc(2026, 3, 10), utc(2026, 3, 17), ()) == ((utc(2026, 3, 14), utc(2026, 3, 16)),)


def test_hours_are_wall_time_on_both_sides_of_a_change_of_the_clocks() -> None:
    schedule = plan(weekly(A, hours="Sat-Sun 00:00-24:00, Mon 09:00-17:00"))
    zone = "Europe/Amsterdam"
    assert told(timeline(schedule, utc(2026, 3, 27), utc(2026, 3, 31), ()))[1:4] == [
        (wall(zone, 2026, 3, 28), wall(zone, 2026, 3, 30), A),  # 47 hours
        (wall(zone, 2026, 3, 30), wall(zone, 2026, 3, 30, 9), ""),
        (wall(zone, 2026, 3, 30, 9), wall(zone, 2026, 3, 30, 17), A),
    ]


def test_a_turn_that_ends_within_working_hours_is_handed_over_there() -> None:
    schedule = plan(weekly(A, B, handover=(2, 720), since=date(2026, 3, 4), hours="Mon-Fri 09:00-17:00"))
    assert told(timeline(schedule, utc(2026, 3, 11), utc(2026, 3, 12), ()))[1:3] == [
        (utc(2026, 3, 11, 8), utc(2026, 3, 11, 11), A),
        (utc(2026, 3, 11, 11), utc(2026, 3, 11, 16), B),
    ]


def test_hours_that_overlap_are_one_piece() -> None:
    schedule = plan(weekly(A, time_zone="UTC", hours="Mon 09:00-12:00, mon 11:00-13:00, Mon 8:00-9:00"))
    assert told(timeline(schedule, utc(2026, 3, 9), utc(2026, 3, 10), ()))[1] == (
        utc(2026, 3, 9, 8),
        utc(2026, 3, 9, 13),
        A,
    )


@pytest.mark.parametrize(
    "hours", ["always", "Mon", "Foo 09:00-17:00", "Mon-Foo 9:00-17:00", "Mon 17:00-09:00", "Mon 9:00-24:30", ","]
)
def test_hours_that_are_none_are_refused(hours: str) -> None:
    with pytest.raises(ValueError, match=r"not working hours|ends before it starts"):
        on_call(plan(weekly(A, hours=hours)), utc(2026, 3, 4), ())


# ── calendars ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_a_calendar_says_covers_the_layers_and_counts_only_where_there_is_a_calendar() -> None:
    kept = (Shift(start=utc(2026, 3, 4), until=utc(2026, 3, 5), person=C),)
    assert who(plan(weekly(A), calendar="https://acme.example/a.ics"), utc(2026, 3, 4), kept) == C
    assert who(plan(weekly(A), calendar="https://acme.example/a.ics"), utc(2026, 3, 5), kept) == A
    assert who(plan(weekly(A)), utc(2026, 3, 4), kept) == A


def test_of_two_shifts_of_a_calendar_the_one_that_starts_later_wins_and_else_the_shorter() -> None:
    schedule = plan(calendar="a.ics")
    long = Shift(start=utc(2026, 3, 2), until=utc(2026, 3, 9), person=A)
    later = Shift(start=utc(2026, 3, 4), until=utc(2026, 3, 20), person=B)
    short = Shift(start=utc(2026, 3, 4), until=utc(2026, 3, 5), person=C)
    for kept in ((long, later, short), (short, later, long)):
        assert [who(schedule, utc(2026, 3, day), kept) for day in (3, 4, 5, 19, 20)] == [A, C, B, B, ""]


def test_an_override_covers_a_calendar() -> None:
    kept = (
        override(utc(2026, 3, 4), utc(2026, 3, 5), B),
        Shift(start=utc(2026, 3, 4), until=utc(2026, 3, 6), person=C),
    )
    schedule = plan(calendar="a.ics")
    assert [who(schedule, utc(2026, 3, day), kept) for day in (4, 5)] == [B, C]


# ── swaps ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_swap_at_the_handover_keeps_the_old_person_on_call_or_calls_the_new_one_early() -> None:
    schedule, handover = plan(weekly(A, B)), utc(2026, 3, 9, 8)
    longer = swap(schedule, handover, handover + DAY, to=A, by=B, shifts=())
    assert longer == override(handover, handover + DAY, A, by=B)
    assert isinstance(longer, Shift)
    assert [who(schedule, at, (longer,)) for at in (handover - timedelta.resolution, handover, handover + DAY)] == [
        A,
        A,
        B,
    ]
    assert handovers(schedule, handover - DAY, (longer,)) == handover + DAY
    early = swap(schedule, handover - DAY, handover, to=B, by=A, shifts=())
    assert isinstance(early, Shift)
    assert [who(schedule, at, (early,)) for at in (handover - DAY, handover)] == [B, B]
    assert handovers(schedule, handover - 2 * DAY, (early,)) == handover - DAY


def test_of_two_swaps_the_later_made_wins() -> None:
    schedule, at = plan(weekly(A, B)), utc(2026, 3, 4)
    wide, narrow = override(at, at + 4 * DAY, C), override(at + DAY, at + 2 * DAY, D)
    assert who(schedule, at + DAY, (wide, narrow)) == D
    assert who(schedule, at + DAY, (narrow, wide)) == C


@pytest.mark.parametrize(
    ("length", "to", "why"),
    [
        (timedelta(0), B, "It would end before it starts."),
        (-DAY, B, "It would end before it starts."),
        (30 * DAY + timedelta.resolution, B, "It would last longer than 30 days."),
        (DAY, "", "It names nobody who takes over."),
        (DAY, A, "ana@acme.example is on call then already."),
    ],
)
def test_a_swap_that_makes_no_sense_is_refused_with_a_sentence(length: timedelta, to: str, why: str) -> None:
    at = utc(2026, 3, 3)
    assert swap(plan(weekly(A, B)), at, at + length, to=to, by=C, shifts=()) == why


def test_a_swap_may_last_thirty_days_and_may_give_a_turn_back() -> None:
    schedule, at = plan(weekly(A, B)), utc(2026, 3, 3)
    away = swap(schedule, at, at + 30 * DAY, to=C, by=A, shifts=())
    assert isinstance(away, Shift)
    back = swap(schedule, at, at + DAY, to=A, by=A, shifts=(away,))
    assert isinstance(back, Shift)
    assert [who(schedule, at + gone, (away, back)) for gone in (timedelta(0), DAY)] == [A, C]


def test_a_swap_asked_for_in_another_zone_is_kept_in_utc() -> None:
    at = datetime(2026, 3, 3, 9, tzinfo=ZoneInfo("Europe/Amsterdam"))
    made = swap(plan(weekly(A, B)), at, at + DAY, to=C, by=A, shifts=())
    assert isinstance(made, Shift)
    assert (made.start, made.start.tzinfo) == (utc(2026, 3, 3, 8), UTC)
