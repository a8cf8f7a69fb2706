"""The report: every alert is counted once in each of its numbers, both periods are seen with the same eyes."""

from __future__ import annotations

import statistics
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from cast import T0, minutes, plain
from hypothesis import given as examples
from hypothesis import strategies as st

from bot.core.report import Age, Life, Period, Report, Took, largest, pooled, report
from bot.core.report_words import lines, paces, spelled
from bot.core.signal import Severity
from bot.core.state import FINISHED, Status
from bot.core.text import Words

SPAN = timedelta(weeks=4)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def life(raised: timedelta = 2 * DAY, **known: Any) -> Life:
    """An alert raised so long before T0 that nobody touched; `acknowledged`, `closed`, `dismissed`: how much later."""
    at = T0 - raised
    facts: dict[str, Any] = {"acknowledged_at": None, "finished_at": None, "status": Status.OPEN}
    if "acknowledged" in known:
        facts |= {"acknowledged_at": at + known.pop("acknowledged"), "status": Status.ACKNOWLEDGED}
    for status in FINISHED:
        if status.value in known:
            facts |= {"finished_at": at + known.pop(status.value), "status": status}
    defaults: dict[str, Any] = {
        "source": "ap-auditor",
        "team": "payments",
        "severity": Severity.ERROR,
        "raised_at": at,
        "expired": 0,
        "escalations": (),
        "exceptions": 0,
        "due_at": None if facts["finished_at"] else T0 + minutes(5),
        "nudges": 0,
    }
    return Life(**defaults | facts | known)


def of(*lives: Life) -> Report:
    return report(lives, now=T0)


def ages(period: Period) -> dict[Age, int]:
    return {age: sum(counts.values()) for age, counts in period.open_by_age.items() if any(counts.values())}


# ── edges ────────────────────────────────────────────────────────────────────────────────────────────────────────────

BOUNDARIES: dict[str, tuple[timedelta, int, int]] = {
    "raised this instant": (timedelta(0), 1, 0),
    "raised after the report": (-minutes(1), 0, 0),
    "just inside the later period": (SPAN - timedelta(microseconds=1), 1, 0),
    "on the boundary of the two": (SPAN, 0, 1),
    "just inside the earlier one": (2 * SPAN - timedelta(microseconds=1), 0, 1),
    "on its far end": (2 * SPAN, 0, 0),
}


@pytest.mark.parametrize(("ago", "now", "before"), BOUNDARIES.values(), ids=BOUNDARIES)
def test_an_alert_on_a_boundary_is_raised_in_one_period_only(ago: timedelta, now: int, before: int) -> None:
    said = of(life(ago))
    assert (said.now.raised, said.before.raised) == (now, before)


AGES: dict[timedelta, Age] = {
    timedelta(0): Age.DAY,
    DAY - minutes(1): Age.DAY,
    DAY: Age.DAYS,
    3 * DAY: Age.WEEK,
    7 * DAY - minutes(1): Age.WEEK,
    7 * DAY: Age.WEEKS,
    28 * DAY: Age.OLDER,
    400 * DAY: Age.OLDER,
}


@pytest.mark.parametrize(("ago", "age"), AGES.items(), ids=map(str, AGES))
def test_what_is_open_is_counted_by_its_age_however_old_it_is(ago: timedelta, age: Age) -> None:
    assert ages(of(life(ago)).now) == {age: 1}


def test_what_was_open_when_the_earlier_period_ended_is_found_again() -> None:
    closed_since = life(SPAN + 2 * HOUR, acknowledged=HOUR, closed=10 * HOUR)
    closed_on_the_boundary = life(SPAN + 2 * HOUR, closed=2 * HOUR)
    old = life(3 * SPAN, severity=Severity.CRITICAL)
    said = of(closed_since, closed_on_the_boundary, old)
    assert ages(said.before) == {Age.DAY: 1, Age.OLDER: 1}
    assert said.before.open_by_age[Age.OLDER][Severity.CRITICAL] == 1
    assert (said.before.closed, said.before.unfinished, said.before.acknowledged) == (1, 1, 1)
    assert ages(said.now) == {Age.OLDER: 1}


def test_an_acknowledgement_after_the_periods_end_is_not_yet_one_in_it() -> None:
    said = of(life(SPAN + HOUR, acknowledged=3 * HOUR, expired=1))
    assert (said.before.acknowledge.whole, said.before.forgotten) == (Took(waiting=1), 0)


def test_nothing_at_all_is_a_report_too() -> None:
    said = of()
    assert (said.now.raised, said.now.open, said.late, said.now.forgotten_share) == (0, 0, 0, None)
    assert (said.now.acknowledge.whole.median, said.now.acknowledge.by_source) == (None, {})


def test_a_reopened_alert_is_open_whatever_is_known_of_its_first_end() -> None:
    again = replace(life(2 * DAY, acknowledged=HOUR, closed=5 * HOUR), status=Status.OPEN, due_at=T0 + HOUR)
    now = of(again).now
    assert (now.unfinished, now.closed, now.close.whole.waiting, ages(now)) == (1, 0, 1, {Age.DAYS: 1})
    assert now.acknowledge.whole.median == HOUR


def test_each_alert_was_answered_or_waits_or_ended_without() -> None:
    now = of(
        life(acknowledged=HOUR, closed=5 * HOUR),
        life(closed=3 * HOUR),
        life(dismissed=2 * HOUR),
        life(),
        life(acknowledged=3 * HOUR),
    ).now
    assert now.acknowledge.whole == Took(seconds=(3600, 10800), waiting=1, without=2)
    assert now.close.whole == Took(seconds=(10800, 18000), waiting=2, without=1)


def test_a_clock_that_went_backwards_makes_no_negative_time() -> None:
    assert of(life(acknowledged=-minutes(1))).now.acknowledge.whole.median == timedelta(0)


def test_what_befell_the_alerts_of_a_period_is_added_up() -> None:
    now = of(
        life(acknowledged=HOUR, expired=2, escalations=(1, 2, 1), exceptions=1, nudges=4),
        life(acknowledged=HOUR, escalations=(3,), nudges=1),
        life(expired=1),  # of no acknowledgement that is known
    ).now
    assert (now.forgotten, now.acknowledged, now.forgotten_share) == (1, 2, 0.5)
    assert (dict(now.escalations), now.exceptions, now.nudges) == ({1: 2, 2: 1, 3: 1}, 1, 5)


def test_only_an_open_alert_whose_next_look_was_missed_is_late() -> None:
    overdue = T0 - minutes(2)
    said = of(life(due_at=overdue), life(due_at=T0 - timedelta(seconds=30)), life(closed=HOUR, due_at=overdue), life())
    assert said.late == 1


def test_nothing_in_it_is_about_a_person() -> None:
    names = {field.name for of in (Life, Period, Report, Took) for field in fields(of)}
    assert not names & {"owner", "person", "people", "by", "actor", "manager"}


# ── laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

spans = st.integers(0, 60 * 24 * 90).map(minutes)


@st.composite
def any_life(draw: st.DrawFn) -> Life:
    known: dict[str, Any] = {}
    if draw(st.booleans()):
        known["acknowledged"] = draw(spans)
    if draw(st.booleans()):
        known[draw(st.sampled_from(["closed", "dismissed"]))] = draw(spans)
    return life(
        draw(spans) - DAY,
        source=draw(st.sampled_from(["a", "b", ""])),
        team=draw(st.sampled_from(["x", "y", ""])),
        severity=draw(st.sampled_from(Severity)),
        expired=draw(st.integers(0, 2)),
        escalations=tuple(draw(st.lists(st.integers(0, 4), max_size=3))),
        exceptions=draw(st.integers(0, 2)),
        nudges=draw(st.integers(0, 5)),
        **known,
    )


many = st.lists(any_life(), max_size=25)


def finished_by(one: Life, end: datetime) -> bool:
    return one.status in FINISHED and one.finished_at is not None and one.finished_at <= end


@examples(many)
def test_the_sums_add_up(lives: list[Life]) -> None:
    for period in (of(*lives).now, of(*lives).before):
        inside = [one for one in lives if period.start < one.raised_at <= period.end]
        assert period.raised == len(inside) == period.closed + period.dismissed + period.unfinished
        for times in (period.acknowledge, period.close):
            assert times.whole.total == period.raised
            assert pooled(times.by_source.values()) == pooled(times.by_team.values()) == times.whole
        assert (period.close.whole.count, period.close.whole.without) == (period.closed, period.dismissed)
        assert period.close.whole.waiting == period.unfinished
        still = [one for one in lives if one.raised_at <= period.end and not finished_by(one, period.end)]
        assert period.open == len(still) >= period.unfinished
        assert 0 <= period.forgotten <= period.acknowledged <= period.raised
        assert sum(period.escalations.values()) == sum(len(one.escalations) for one in inside)


@examples(many)
def test_the_period_before_is_what_the_report_said_then(lives: list[Life]) -> None:
    assert report(lives, now=T0 - SPAN).now == of(*lives).before


@examples(many, st.integers(-10_000, 10_000).map(minutes))
def test_only_distances_in_time_count(lives: list[Life], by: timedelta) -> None:
    def moved(at: datetime | None) -> datetime | None:
        return at + by if at else None

    later = [
        replace(
            one,
            raised_at=one.raised_at + by,
            acknowledged_at=moved(one.acknowledged_at),
            finished_at=moved(one.finished_at),
            due_at=moved(one.due_at),
        )
        for one in lives
    ]
    expected, found = of(*lives), report(later, now=T0 + by)
    for was, now in ((expected.now, found.now), (expected.before, found.before)):
        assert replace(now, start=was.start, end=was.end) == was
    assert lines(found) == lines(expected)


@examples(many)
def test_the_order_of_the_lives_does_not_matter(lives: list[Life]) -> None:
    assert of(*reversed(lives)) == of(*lives)


@examples(st.lists(st.floats(0, 1e7), min_size=2, max_size=60))
def test_the_percentiles_are_the_statistics_modules(seconds: list[float]) -> None:
    took = Took(seconds=tuple(sorted(seconds)))
    assert took.median is not None and took.p90 is not None
    assert took.median.total_seconds() == pytest.approx(statistics.median(seconds), abs=1e-5)
    ninth = statistics.quantiles(seconds, n=10, method="inclusive")[8]
    assert took.p90.total_seconds() == pytest.approx(ninth, abs=1e-5)


def test_the_percentiles_of_one_time_are_that_time() -> None:
    assert Took(seconds=(60.0,)).median == Took(seconds=(60.0,)).p90 == minutes(1)


def test_the_names_with_the_most_alerts_are_shown_and_the_rest_is_known() -> None:
    now = {"a": Took(waiting=1), "b": Took(waiting=5), "c": Took(waiting=1)}
    assert largest(now, {"d": Took(waiting=3), "a": Took(waiting=1)}, room=2) == (["b", "d"], ["a", "c"])


# ── words ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def said(*lives: Life) -> list[str]:
    return [plain(line) for line in lines(of(*lives))]


def test_the_main_points_are_said_with_their_change() -> None:
    before = SPAN + 5 * DAY
    assert said(
        life(acknowledged=minutes(10), closed=2 * HOUR, escalations=(1,)),
        life(acknowledged=minutes(12), closed=4 * HOUR, escalations=(1, 2), exceptions=1),
        life(acknowledged=minutes(14), expired=1, severity=Severity.CRITICAL),
        life(dismissed=HOUR),
        life(due_at=T0 - HOUR),
        life(before, acknowledged=minutes(20), closed=3 * HOUR, expired=1, escalations=(1,)),
        life(before, acknowledged=minutes(20), expired=1),
    ) == [
        "5 alerts were raised in the last 4 weeks, 3 more than in the 4 weeks before: "
        "2 closed, 1 dismissed, 2 still open.",
        "3 alerts are open, 2 more than 4 weeks ago: 1 critical, 2 error; 1 is over 4 weeks old.",
        "Acknowledged within 12 minutes (median), 8 minutes faster than before; 9 in 10 within 14 minutes "
        "(1 is not acknowledged yet, 1 was finished without being acknowledged).",
        "Closed within 3 hours (median), as fast as before; 9 in 10 within 4 hours "
        "(2 are not closed yet, 1 was dismissed).",
        "1 of 3 acknowledged alerts was then forgotten (before: 2 of 2).",
        "Escalated 3 times (before: 1): 2 to step 2, 1 to step 3.",
        "1 exception that only a human could settle (before: none).",
        "1 open alert is late: the next look at it was due and did not happen.",
    ]


def test_little_is_said_of_nothing() -> None:
    assert said() == [
        "No alert was raised in the last 4 weeks (before: none).",
        "No alert is open (4 weeks ago: none).",
    ]


def test_what_stopped_is_said() -> None:
    assert said(life(SPAN + DAY, acknowledged=HOUR, closed=2 * HOUR, expired=1, escalations=(1,), exceptions=2)) == [
        "No alert was raised in the last 4 weeks (before: 1).",
        "No alert is open (4 weeks ago: none).",
        "No alert was acknowledged that could be forgotten (before: 1 of 1).",
        "Nothing was escalated (before: 1).",
        "No exception (before: 2).",
    ]


def test_nobody_who_waits_is_left_out() -> None:
    assert said(life(), life())[2:] == [
        "None is acknowledged yet (2 wait).",
        "None is closed yet (2 wait).",
    ]


@examples(many)
def test_any_report_can_be_said_in_our_own_words_alone(lives: list[Life]) -> None:
    for line in lines(of(*lives)):
        assert all(isinstance(part, Words) for part in line)
        text = plain(line)
        assert text.endswith(".") and not text.endswith("..") and "None " not in text[1:] and "-" not in text


def took(*counted: float) -> Took:
    return Took(seconds=tuple(60 * count for count in counted))


PACES: dict[str, tuple[dict[str, Took], dict[str, Took]]] = {
    "": ({"a": took(1)}, {"a": took(2)}),
    "Closed faster than before for 2 of 3 sources": (
        {"a": took(1), "b": took(1), "c": took(3)},
        {"a": took(2), "b": took(2), "c": took(2)},
    ),
    "Closed slower than before for 1 of 2 sources": (
        {"a": took(5), "b": took(2), "new": took(9)},
        {"a": took(2), "b": took(2), "gone": took(1)},
    ),
    "Closed as fast as before for all 2 sources": (
        {"a": took(60), "b": took(2)},
        {"a": took(61), "b": took(2)},
    ),
}


@pytest.mark.parametrize(("text", "groups"), PACES.items())
def test_the_change_over_several_groups(text: str, groups: tuple[dict[str, Took], dict[str, Took]]) -> None:
    assert paces("closed", *groups, one="source", many="sources") == text


@pytest.mark.parametrize(
    ("span", "text"),
    [(SPAN, "4 weeks"), (timedelta(weeks=1), "1 week"), (10 * DAY, "10 days"), (HOUR, "1 hour")],
)
def test_a_span_is_spelled_in_weeks_where_it_is_whole_weeks(span: timedelta, text: str) -> None:
    assert spelled(span) == text
