"""Instants and spans as people type them, in their own time zone: always ahead, never further than a year."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.phrases import EXAMPLES, LONGEST, instant, span

NOW = datetime(2026, 3, 4, 14, 30, tzinfo=UTC)
"""a Wednesday; in Amsterdam it is 15:30"""
ZONE = "Europe/Amsterdam"


def meant(text: str, *, now: datetime = NOW, time_zone: str = ZONE) -> str | None:
    """On the wall of whoever typed it."""
    found = instant(text, now=now, time_zone=time_zone)
    return f"{found.astimezone(ZoneInfo(time_zone)):%Y-%m-%d %H:%M}" if found else None


SAID = [
    ("friday", "2026-03-06 00:00"),
    ("until Friday", "2026-03-06 00:00"),
    ("till fri", "2026-03-06 00:00"),
    ("next friday", "2026-03-06 00:00"),
    ("friday 9:00", "2026-03-06 09:00"),
    ("friday, 9:00", "2026-03-06 09:00"),
    ("friday at 9am", "2026-03-06 09:00"),
    ("wednesday", "2026-03-11 00:00"),
    ("tomorrow", "2026-03-05 00:00"),
    ("tomorrow 9:00", "2026-03-05 09:00"),
    ("today 17:30", "2026-03-04 17:30"),
    ("17:30", "2026-03-04 17:30"),
    ("at 17:30", "2026-03-04 17:30"),
    ("5pm", "2026-03-04 17:00"),
    ("12am", "2026-03-05 00:00"),
    ("9:00", "2026-03-05 09:00"),
    ("15:30", "2026-03-05 15:30"),
    ("2026-12-24", "2026-12-24 00:00"),
    ("2026-12-24 13:00", "2026-12-24 13:00"),
    ("2026-12-24T13:00", "2026-12-24 13:00"),
    ("3d", "2026-03-07 15:30"),
    ("2w", "2026-03-18 15:30"),
    ("2 weeks", "2026-03-18 15:30"),
    ("1d 12h", "2026-03-06 03:30"),
    ("90 minutes", "2026-03-04 17:00"),
]
NOTHING = [
    *(
        "",
        "  ",
        "soon",
        "17",
        "5",
        "friday 9",
        "25:00",
        "13pm",
        "0am",
        "9:60",
        "-3d",
        "0d",
        "1 month",
        "367d",
        "53 weeks",
    ),
    *("today", "today 9:00", "yesterday", "2026-03-04", "2026-02-30", "2026-13-01", "2025-12-24", "2027-04-01"),
    *("0001-01-01", "9999-12-31 23:59", "0000-01-01", "fr", "next", "next next friday", "friday friday", "9999w 9999w"),
]


@pytest.mark.parametrize(("text", "expected"), SAID)
def test_what_people_type_means_an_instant(text: str, expected: str) -> None:
    assert meant(text) == expected


@pytest.mark.parametrize("text", NOTHING)
def test_what_means_no_instant_ahead_within_a_year_is_no_instant(text: str) -> None:
    assert meant(text) is None


def test_every_example_that_people_are_told_can_be_typed() -> None:
    assert [text for text in EXAMPLES.split(", ") if meant(text) is None] == []


def test_the_same_words_mean_another_instant_to_somebody_elsewhere() -> None:
    assert instant("friday 9:00", now=NOW, time_zone="Asia/Tokyo") == datetime(2026, 3, 6, 0, 0, tzinfo=UTC)
    assert instant("friday 9:00", now=NOW, time_zone="America/New_York") == datetime(2026, 3, 6, 14, 0, tzinfo=UTC)


def test_a_day_is_the_day_it_is_where_they_are() -> None:
    late = datetime(2026, 3, 4, 23, 30, tzinfo=UTC)
    assert meant("tomorrow", now=late) == "2026-03-06 00:00"
    assert meant("tomorrow", now=late, time_zone="UTC") == "2026-03-05 00:00"


def test_a_day_without_a_time_can_begin_later_than_midnight() -> None:
    found = instant("friday", now=NOW, time_zone=ZONE, at_dawn=time(9))
    assert found == datetime(2026, 3, 6, 8, 0, tzinfo=UTC)


def test_a_zone_that_nobody_knows_is_utc() -> None:
    assert instant("17:30", now=NOW, time_zone="Middle-earth/Shire") == datetime(2026, 3, 4, 17, 30, tzinfo=UTC)


# ── clock changes: 29 March 2026 02:00 ▶ 03:00, 25 October 2026 03:00 ▶ 02:00 in Amsterdam ───────────────────────────


def test_a_time_that_the_clocks_skip_is_an_hour_later() -> None:
    assert meant("2026-03-29 2:30") == "2026-03-29 03:30"


def test_a_time_that_comes_twice_is_the_first_of_the_two_that_lies_ahead() -> None:
    before, between = datetime(2026, 10, 24, 12, tzinfo=UTC), datetime(2026, 10, 25, 0, 40, tzinfo=UTC)
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert instant("tomorrow 2:30", now=before, time_zone=ZONE) == first
    assert instant("2:30", now=between, time_zone=ZONE) == second
    assert instant("2:30", now=second, time_zone=ZONE) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


def test_a_span_is_real_time_whatever_the_clocks_do() -> None:
    now = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert instant("1d", now=now, time_zone=ZONE) == now + timedelta(days=1)


# ── anything at all ──────────────────────────────────────────────────────────────────────────────────────────────────

ZONES = st.sampled_from(
    ["UTC", "Europe/Amsterdam", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "Etc/GMT+12", ""]
)
INSTANTS = st.integers(1_577_836_800, 2_208_988_800).map(lambda second: datetime.fromtimestamp(second, UTC))
PIECES = st.sampled_from(
    [
        *(
            "until",
            "till",
            "next",
            "at",
            "today",
            "tomorrow",
            "mon",
            "friday",
            "sunday,",
            "2026-03-29",
            "2031-1-1",
            "T",
        ),
        *("9:00", "2:30", "02:59", "23:59", "12am", "12pm", "0:00", "3d", "2w", "366d", "8784h", "1m", ",", "99"),
    ]
)
TYPED = st.one_of(st.lists(PIECES, max_size=4).map(" ".join), st.text(max_size=30))


@given(text=TYPED, now=INSTANTS, time_zone=ZONES)
def test_whatever_is_typed_means_nothing_or_an_instant_ahead_within_a_year(
    text: str, now: datetime, time_zone: str
) -> None:
    found = instant(text, now=now, time_zone=time_zone)
    assert found is None or now < found <= now + LONGEST
    assert found is None or found.utcoffset() == timedelta(0)


@given(now=INSTANTS, time_zone=ZONES, hour=st.integers(0, 23), minute=st.integers(0, 59))
def test_a_time_of_day_is_within_the_next_two_days_and_shows_it(
    now: datetime, time_zone: str, hour: int, minute: int
) -> None:
    found = instant(f"{hour}:{minute:02}", now=now, time_zone=time_zone)
    assert found is not None
    assert found - now <= timedelta(hours=49)
    local = found.astimezone(ZoneInfo(time_zone or "UTC"))
    skipped = (local.hour * 60 + local.minute - hour * 60 - minute) % 1440
    assert skipped in (0, 60), "a time that the clocks skip is as much later as they are put forward"


@given(text=st.text(max_size=40))
def test_a_span_is_never_negative_and_nothing_breaks_it(text: str) -> None:
    found = span(text)
    assert found is None or found >= timedelta(0)


def test_a_long_text_breaks_nothing() -> None:
    assert meant("next " * 5000 + "friday") is None
    assert meant("9999w " * 3000) is None
