"""When a person may be asked: the notation, and instants held to wall time as a calendar shows it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.hours import (
    FAR,
    USUAL,
    Hours,
    holidays_between,
    is_quiet,
    local_date,
    local_hour,
    morning,
    no_days_off,
    opening,
    week,
    works,
    zone,
)

NINE_TO_FIVE = ((540, 1020),)
WRITTEN = [
    # notation, weekday ▶ windows in minutes
    ("", {}),
    ("  ", {}),
    ("Mon-Fri 09:00-17:00", dict.fromkeys(range(5), NINE_TO_FIVE)),
    ("mon-FRI 9:00 - 17:00", dict.fromkeys(range(5), NINE_TO_FIVE)),
    ("Mon - Fri 09:00-17:00", dict.fromkeys(range(5), NINE_TO_FIVE)),
    ("Wed 09:00-17:00", {2: NINE_TO_FIVE}),
    ("Wed-Wed 09:00-17:00", {2: NINE_TO_FIVE}),
    ("Sat-Mon 09:00-17:00", dict.fromkeys((0, 5, 6), NINE_TO_FIVE)),
    ("09:00-17:00", dict.fromkeys(range(7), NINE_TO_FIVE)),
    ("00:00-24:00", dict.fromkeys(range(7), ((0, 1440),))),
    ("22:00-07:00", dict.fromkeys(range(7), ((1320, 1860),))),
    ("22:00-00:00", dict.fromkeys(range(7), ((1320, 1440),))),
    ("Mon 13:00-17:00, Mon 09:00-12:00", {0: ((540, 720), (780, 1020))}),
    ("Mon-Tue 09:00-17:00,, Sat 10:00-14:00,", {0: NINE_TO_FIVE, 1: NINE_TO_FIVE, 5: ((600, 840),)}),
]


@pytest.mark.parametrize(("text", "windows"), WRITTEN)
def test_the_notation(text: str, windows: dict[int, tuple[tuple[int, int], ...]]) -> None:
    assert week(text).windows == windows
    assert bool(week(text)) == bool(windows)


REFUSED = [
    ("Mon-Fri", "not hours"),
    ("9-17", "not hours"),
    ("Mon-Fri 09:00", "not hours"),
    ("Mon-Fri 09:00-17:00-18:00", "not hours"),
    ("Mon,Tue 09:00-17:00", "not hours"),
    ("Mon/Fri 09:00-17:00", "not hours"),
    ("Monday 09:00-17:00", "not hours"),
    ("09:00-25:00", "not hours"),
    ("09:60-17:00", "not hours"),
    ("working", "not hours"),
    ("Moo 09:00-17:00", "unknown day Moo; one of Mon, Tue"),
    ("Mon-Fry 09:00-17:00", "unknown day Fry"),
    ("09:00-09:00", "no window of time"),
    ("24:00-07:00", "no window of time"),
    ("09:00-24:01", "no window of time"),
    ("x" * 100_000, "not hours"),
    ("Mon-Fri 09:00-17:00, " * 2_000 + "!", "not hours"),
]


@pytest.mark.parametrize(("text", "why"), REFUSED)
def test_what_is_not_written_like_hours_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        week(text)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


AMS, NYC, LORD_HOWE = "Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe"
KATHMANDU, APIA, CASABLANCA = "Asia/Kathmandu", "Pacific/Apia", "Africa/Casablanca"

OPENS = [
    # what, zone, working, quiet, asked at, opens
    ("in the morning", AMS, "", "", "2026-03-02T06:00+01:00", "2026-03-02T09:00+01:00"),
    ("at once while they work", AMS, "", "", "2026-03-02T12:34:56+01:00", "2026-03-02T12:34:56+01:00"),
    ("at the last second", AMS, "", "", "2026-03-02T16:59:59+01:00", "2026-03-02T16:59:59+01:00"),
    ("not at the very end", AMS, "", "", "2026-03-02T17:00:00+01:00", "2026-03-03T09:00+01:00"),
    ("over a weekend", AMS, "", "", "2026-03-06T18:00+01:00", "2026-03-09T09:00+01:00"),
    ("over the night the clocks go on", AMS, "", "", "2026-03-27T18:00+01:00", "2026-03-30T09:00+02:00"),
    ("over the night they go back", AMS, "", "", "2026-10-23T18:00+02:00", "2026-10-26T09:00+01:00"),
    ("a start that is skipped", AMS, "Sun 02:30-05:00", "", "2026-03-28T12:00+01:00", "2026-03-29T03:00+02:00"),
    ("an end that is skipped", AMS, "Sun 01:00-02:30", "", "2026-03-29T01:59+01:00", "2026-03-29T01:59+01:00"),
    ("after an end that is skipped", AMS, "Sun 01:00-02:30", "", "2026-03-29T03:00+02:00", "2026-04-05T01:00+02:00"),
    ("a window that is skipped", NYC, "Sun 02:15-02:45", "", "2026-03-07T12:00-05:00", "2026-03-15T02:15-04:00"),
    ("a start that comes twice", AMS, "Sun 02:30-04:00", "", "2026-10-24T12:00+02:00", "2026-10-25T02:30+02:00"),
    ("an end that comes twice", NYC, "", "00:00-01:30", "2026-11-01T01:29-05:00", "2026-11-02T09:00-05:00"),
    ("the hour that comes twice", NYC, "Sun 01:00-02:00", "", "2026-11-01T01:45-05:00", "2026-11-01T01:45-05:00"),
    ("half an hour skipped", LORD_HOWE, "Sun 02:15-04:00", "", "2026-10-03T12:00+10:30", "2026-10-04T02:30+11:00"),
    ("an odd offset", KATHMANDU, "", "", "2026-03-02T08:00+05:45", "2026-03-02T09:00+05:45"),
    ("a day that is skipped", APIA, "", "", "2011-12-29T18:00-10:00", "2012-01-02T09:00+14:00"),
    ("after such a day", APIA, "Mon-Sat 09:00-17:00", "", "2011-12-29T18:00-10:00", "2011-12-31T09:00+14:00"),
    ("a night into such a day", APIA, "Thu 22:00-07:00", "", "2011-12-29T23:00-10:00", "2011-12-29T23:00-10:00"),
    ("before Ramadan", CASABLANCA, "", "", "2026-02-12T20:00+00:00", "2026-02-13T08:00+00:00"),
    ("in Ramadan", CASABLANCA, "", "", "2026-02-15T20:00+00:00", "2026-02-16T09:00+00:00"),
    ("after Ramadan", CASABLANCA, "", "", "2026-03-22T20:00+00:00", "2026-03-23T08:00+00:00"),
    ("on the leap day", AMS, "", "", "2028-02-28T18:00+01:00", "2028-02-29T09:00+01:00"),
    ("after the leap day", AMS, "", "", "2028-02-29T18:00+01:00", "2028-03-01T09:00+01:00"),
    ("over the new year", AMS, "", "", "2026-12-31T18:00+01:00", "2027-01-01T09:00+01:00"),
    ("at night", AMS, "Fri 22:00-06:00", "", "2026-03-07T03:00+01:00", "2026-03-07T03:00+01:00"),
    ("for the night", AMS, "Fri 22:00-06:00", "", "2026-03-07T06:00+01:00", "2026-03-13T22:00+01:00"),
    ("after lunch that is quiet", AMS, "", "12:00-13:00", "2026-03-02T12:10+01:00", "2026-03-02T13:00+01:00"),
    ("quiet to the end of the day", AMS, "", "Mon 12:00-18:00", "2026-03-02T12:10+01:00", "2026-03-03T09:00+01:00"),
    ("quiet windows in a row", AMS, "", "09:00-10:00, 10:00-11:00", "2026-03-02T09:00+01:00", "2026-03-02T11:00+01:00"),
    ("in an unknown zone by UTC", "Mars/Olympus", "", "", "2026-03-02T08:00+00:00", "2026-03-02T09:00+00:00"),
    ("in a zone that is a path", "../../etc/passwd", "", "", "2026-03-02T08:00+00:00", "2026-03-02T09:00+00:00"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "where", "working", "quiet", "asked", "opens"), OPENS)
def test_when_somebody_may_be_asked(what: str, where: str, working: str, quiet: str, asked: str, opens: str) -> None:
    hours = Hours(time_zone=where, working=working, quiet=quiet)
    found = opening(hours, at(asked), kept="working", days_off=no_days_off)
    assert found == at(opens), found
    assert works(hours, at(opens), no_days_off)
    assert not is_quiet(hours, at(opens))


QUIET = [
    ("nothing is quiet", "", "2026-03-02T03:00+01:00", "2026-03-02T03:00+01:00"),
    ("in the night", "22:00-07:00", "2026-03-02T03:00+01:00", "2026-03-02T07:00+01:00"),
    ("on a Sunday afternoon", "22:00-07:00", "2026-03-01T15:00+01:00", "2026-03-01T15:00+01:00"),
    ("in the night that is an hour shorter", "22:00-07:00", "2026-03-28T23:00+01:00", "2026-03-29T07:00+02:00"),
    ("all day, then the night", "Sun 00:00-24:00, 22:00-07:00", "2026-03-01T15:00+01:00", "2026-03-02T07:00+01:00"),
    ("of another day", "Sat 10:00-12:00", "2026-03-01T11:00+01:00", "2026-03-01T11:00+01:00"),
    ("to an end that comes twice", "00:00-02:30", "2026-10-25T02:10+01:00", "2026-10-25T02:30+01:00"),
]


@pytest.mark.parametrize(("what", "quiet", "asked", "opens"), QUIET)
def test_where_hours_do_not_count_only_quiet_ones_do(what: str, quiet: str, asked: str, opens: str) -> None:
    hours = Hours(time_zone=AMS, quiet=quiet)
    assert opening(hours, at(asked), kept="always", days_off=no_days_off) == at(opens)


@pytest.mark.parametrize(
    ("working", "quiet", "kept"),
    [("", "00:00-24:00", "always"), ("", "08:00-18:00", "working"), ("Mon 09:00-10:00", "Mon 09:00-10:00", "working")],
)
def test_whoever_can_never_be_asked_has_no_opening(working: str, quiet: str, kept: str) -> None:
    hours = Hours(time_zone=AMS, working=working, quiet=quiet)
    assert opening(hours, at("2026-03-02T10:00+01:00"), kept=kept, days_off=no_days_off) is None


def test_many_quiet_windows_on_the_way_hide_no_opening() -> None:
    halves = [f"{n // 2:02}:{n % 2 * 30:02}-{(n + 1) // 2:02}:{(n + 1) % 2 * 30:02}" for n in range(48)]
    hours = Hours(quiet=", ".join(f"Mon-Thu {half}" for half in halves))
    found = opening(hours, at("2026-03-02T10:00+00:00"), kept="working", days_off=no_days_off)
    assert found == at("2026-03-06T09:00+00:00")


# ── public holidays ──────────────────────────────────────────────────────────────────────────────────────────────────


def off(*days: str) -> object:
    found = {date.fromisoformat(day) for day in days}
    return lambda country, day: "Holiday" if country == "NL" and day in found else None


KINGS_DAY = "2026-04-27"
"""a Monday"""


def test_nobody_works_on_a_public_holiday_of_their_own_country() -> None:
    asked, days = at("2026-04-26T12:00+02:00"), off(KINGS_DAY)
    for country, opens in (
        ("NL", "2026-04-28T09:00+02:00"),
        ("DE", "2026-04-27T09:00+02:00"),
        ("", "2026-04-27T09:00+02:00"),
    ):
        hours = Hours(time_zone=AMS, country=country)
        assert opening(hours, asked, kept="working", days_off=days) == at(opens)  # type: ignore[arg-type]
        assert works(hours, at("2026-04-27T10:00+02:00"), days) == (country != "NL")  # type: ignore[arg-type]


def test_a_night_that_began_before_a_holiday_goes_on_and_one_that_begins_on_it_does_not() -> None:
    hours, days = Hours(time_zone=AMS, working="22:00-06:00", country="NL"), off(KINGS_DAY)
    assert works(hours, at("2026-04-27T05:00+02:00"), days)  # type: ignore[arg-type]
    assert not works(hours, at("2026-04-28T05:00+02:00"), days)  # type: ignore[arg-type]


def test_quiet_hours_do_not_stop_for_a_holiday() -> None:
    hours = Hours(time_zone=AMS, quiet="22:00-07:00", country="NL")
    assert is_quiet(hours, at("2026-04-27T23:00+02:00"))


def test_an_emergency_of_holidays_ends_after_forty_days() -> None:
    hours = Hours(country="NL")
    assert opening(hours, at("2026-03-02T10:00+00:00"), kept="working", days_off=lambda country, day: "Strike") is None


def test_holidays_are_named_by_day() -> None:
    hours, days = Hours(time_zone=AMS, country="NL"), off(KINGS_DAY, "2026-05-05", "2026-06-01")
    found = holidays_between(hours, at("2026-04-27T00:00+02:00"), at("2026-05-05T00:00+02:00"), days)  # type: ignore[arg-type]
    assert list(found) == [(date(2026, 4, 27), "Holiday"), (date(2026, 5, 5), "Holiday")]
    assert not list(holidays_between(Hours(), at("2026-04-01T00:00+00:00"), at("2026-06-05T00:00+00:00"), days))  # type: ignore[arg-type]


MORNINGS = [
    (AMS, "", "2026-03-02", "2026-03-02T09:00+01:00"),
    (AMS, "", "2026-03-01", None),
    (AMS, "", KINGS_DAY, None),
    (AMS, "Sun 02:30-05:00", "2026-03-29", "2026-03-29T03:00+02:00"),
    (APIA, "", "2011-12-29", "2011-12-29T09:00-10:00"),
    (APIA, "", "2011-12-30", None),
    (KATHMANDU, "Mon 13:00-15:00, Mon 06:00-07:00", "2026-03-02", "2026-03-02T06:00+05:45"),
]


@pytest.mark.parametrize(("where", "working", "day", "begins"), MORNINGS)
def test_when_a_working_day_begins(where: str, working: str, day: str, begins: str | None) -> None:
    hours = Hours(time_zone=where, working=working, country="NL")
    found = morning(hours, date.fromisoformat(day), off(KINGS_DAY))  # type: ignore[arg-type]
    assert found == (at(begins) if begins else None)


def test_moving_to_another_zone_moves_the_hours() -> None:
    asked = at("2026-03-02T06:00+00:00")
    opens = [
        opening(Hours(time_zone=where), asked, kept="working", days_off=no_days_off) for where in (AMS, NYC, KATHMANDU)
    ]
    assert opens == [at("2026-03-02T08:00+00:00"), at("2026-03-02T14:00+00:00"), asked]
    assert local_date(Hours(time_zone=APIA), at("2026-03-02T12:00+00:00")) == date(2026, 3, 3)
    assert local_hour(Hours(time_zone=KATHMANDU), at("2026-03-02T12:20+00:00")) == 18


# ── any hours, any zone, any instant ─────────────────────────────────────────────────────────────────────────────────

ZONES = (AMS, NYC, LORD_HOWE, KATHMANDU, APIA, CASABLANCA, "UTC", "America/St_Johns", "Pacific/Chatham")
CHANGES = [
    # near the clock changes of all of them, and a leap day
    *("2026-03-29T01:00Z", "2026-10-25T01:00Z", "2026-03-08T07:00Z", "2026-11-01T06:00Z", "2026-10-03T15:30Z"),
    *("2026-04-04T15:00Z", "2011-12-30T10:00Z", "2026-02-15T02:00Z", "2026-03-22T02:00Z", "2028-02-29T12:00Z"),
]
INSTANTS = st.builds(
    lambda near, seconds: datetime.fromisoformat(near) + timedelta(seconds=seconds),
    st.sampled_from(CHANGES),
    st.one_of(st.integers(-3 * 86400, 3 * 86400), st.integers(-400, 400).map(lambda n: n * 900)),
)
QUARTERS = st.integers(0, 95).map(lambda n: f"{n // 4:02}:{n % 4 * 15:02}")
NAMES = st.sampled_from(["", "Mon-Fri ", "Sat-Sun ", "Fri-Mon ", "Sun ", "Wed "])
WINDOW = st.builds(lambda days, a, b: f"{days}{a}-{b}", NAMES, QUARTERS, QUARTERS).filter(
    lambda text: text[-11:-6] != text[-5:]
)
WEEKS = st.lists(WINDOW, min_size=0, max_size=3).map(", ".join)
HOURS = st.builds(
    lambda where, working, quiet: Hours(time_zone=where, working=working, quiet=quiet, country="NL"),
    st.sampled_from(ZONES),
    WEEKS,
    WEEKS,
)
KEPT = st.sampled_from(["working", "always"])


def some_off(country: str, day: date) -> str | None:
    return "Holiday" if day.day in (1, 30) else None


def read_off(text: str, at: datetime, where: str, *, holidays: bool) -> bool:
    """Whether the wall clock there shows a time that is in one of these windows: by the calendar, without instants."""
    wall = at.astimezone(ZoneInfo(where))
    minute = wall.hour * 60 + wall.minute
    for day, shown in ((wall.date(), minute), (wall.date() - timedelta(days=1), minute + 1440)):
        windows = week(text).windows.get(day.weekday(), ())
        if any(start <= shown < end for start, end in windows) and not (holidays and some_off("NL", day)):
            return True
    return False


def may_be_asked(hours: Hours, at: datetime, kept: str) -> bool:
    quiet = bool(hours.quiet) and read_off(hours.quiet, at, hours.time_zone, holidays=False)
    return not quiet and (kept == "always" or read_off(hours.working or USUAL, at, hours.time_zone, holidays=True))


def comes_twice(at: datetime, where: str) -> bool:
    """The wall clock shows the same there at two instants: whether it is in a window cannot be read off it."""
    wall = at.astimezone(ZoneInfo(where))
    return wall.replace(fold=0).utcoffset() != wall.replace(fold=1).utcoffset()


@settings(max_examples=400, deadline=None)
@given(hours=HOURS, at=INSTANTS)
def test_working_and_quiet_hours_are_what_the_wall_clock_shows(hours: Hours, at: datetime) -> None:
    if comes_twice(at, hours.time_zone):
        return
    assert works(hours, at, some_off) == read_off(hours.working or USUAL, at, hours.time_zone, holidays=True)
    assert is_quiet(hours, at) == (bool(hours.quiet) and read_off(hours.quiet, at, hours.time_zone, holidays=False))


@settings(max_examples=250, deadline=None)
@given(hours=HOURS, at=INSTANTS, kept=KEPT)
def test_an_opening_is_the_first_instant_at_which_they_may_be_asked(hours: Hours, at: datetime, kept: str) -> None:
    found = opening(hours, at, kept=kept, days_off=some_off)
    until = found if found is not None else at + timedelta(days=FAR - 1)
    assert until >= at
    moment = at
    while moment < until:
        assert comes_twice(moment, hours.time_zone) or not may_be_asked(hours, moment, kept), moment
        # Windows begin and end at whole quarters of an hour, and so does every offset of these zones.
        moment = datetime.fromtimestamp((moment.timestamp() // 900 + 1) * 900, UTC)
    if found is not None:
        assert comes_twice(found, hours.time_zone) or may_be_asked(hours, found, kept)
        assert opening(hours, found, kept=kept, days_off=some_off) == found
        assert not is_quiet(hours, found)
        assert kept == "always" or works(hours, found, some_off)


@settings(max_examples=250, deadline=None)
@given(hours=HOURS, at=INSTANTS, later=st.integers(0, 6 * 86400), kept=KEPT)
def test_who_asks_later_is_never_told_an_earlier_instant(hours: Hours, at: datetime, later: int, kept: str) -> None:
    first = opening(hours, at, kept=kept, days_off=some_off)
    second = opening(hours, at + timedelta(seconds=later), kept=kept, days_off=some_off)
    if first is not None and second is not None:
        assert second >= first
        assert second == first or at + timedelta(seconds=later) > first


@given(where=st.text(max_size=40))
def test_no_name_of_a_zone_silences_anybody(where: str) -> None:
    assert opening(Hours(time_zone=where), datetime(2026, 3, 2, 12, tzinfo=UTC), kept="working", days_off=no_days_off)
    assert zone(where)
