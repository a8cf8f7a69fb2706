"""What one place of each platform takes: no schedule that is let go ever overruns a window of the platform."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.core.limits import LIMITS, MARGIN, OTHERS, SLACK, TEAMS, Limits, Pace, limits_of
from bot.core.throttle import Call, Report, State, admit, learned, room

NOON = 1_795_000_000.0
PLATFORM = {
    "slack": [(1.0, 1)],
    "teams": [(1.0, 7), (2.0, 8), (30.0, 60), (3600.0, 1800)],
    "planner": [(1.0, 1)],
}
"""what the platforms themselves say of one place: (seconds, how many)"""


def let_go(pace: Pace, wishes: list[float], *, takes: float = 0.0) -> list[float]:
    """When each goes that is wanted so many seconds after the one before; it is answered `takes` seconds later."""
    asked: tuple[float, ...] = ()
    now = free_at = NOON
    gone: list[float] = []
    for wait in wishes:
        now = max(now + wait, free_at)
        gone.append(now)
        now += takes
        asked, free_at = pace.after(asked, now)
    return gone


def most_in(times: list[float], seconds: float) -> int:
    """The most of them that lie in any window of that length."""
    found, first = 0, 0
    for number, at in enumerate(times):
        while times[first] <= at - seconds:
            first += 1
        found = max(found, number - first + 1)
    return found


WISHES = st.lists(st.one_of(st.just(0.0), st.floats(0.0, 1.0), st.floats(0.0, 40.0)), max_size=200)


@pytest.mark.parametrize("platform", PLATFORM)
@given(wishes=WISHES, takes=st.floats(0.0, 2.0))
@example(wishes=[0.0] * 100, takes=0.0)
@example(wishes=[0.0] * 7 + [0.99] * 60, takes=0.01)
def test_no_schedule_overruns_any_window(platform: str, wishes: list[float], takes: float) -> None:
    times = let_go(limits_of(platform).pace, wishes, takes=takes)
    for seconds, most in PLATFORM[platform]:
        assert most_in(times, seconds) <= most, f"{most} in {seconds} s"


@pytest.mark.parametrize("platform", PLATFORM)
def test_whoever_asks_as_fast_as_may_be_for_three_hours_overruns_no_window(platform: str) -> None:
    times = let_go(limits_of(platform).pace, [0.0] * 6000)
    assert times[-1] - times[0] > 5000
    for seconds, most in PLATFORM[platform]:
        assert most_in(times, seconds) <= most


def test_teams_takes_a_burst_of_seven_and_loses_little_of_what_it_allows() -> None:
    times = [at - NOON for at in let_go(TEAMS.pace, [0.0] * 200)]
    assert times[:7] == [0.0] * 7
    assert times[7] == pytest.approx(1.0 + MARGIN)
    assert times[8] == pytest.approx(2.0 + MARGIN)
    assert times[57] < 30.0, "the window of thirty seconds is used"
    assert times[199] < 110.0


def test_slack_takes_one_a_second_and_remembers_nothing() -> None:
    assert SLACK.pace.after((), 1000.0) == ((), 1000.0 + 1.005)
    assert SLACK.pace.after((), NOON) == ((), NOON + 1.005)


def test_an_instant_that_a_clock_far_ahead_wrote_counts_as_now() -> None:
    asked, free_at = TEAMS.pace.after([NOON + 9_000.0] * 6, NOON)
    assert asked == (NOON,) * 7
    assert free_at == NOON + 1.0 + MARGIN


def test_a_place_forgets_what_no_window_holds_any_more() -> None:
    asked: tuple[float, ...] = ()
    for n in range(2_000):
        asked, _ = TEAMS.pace.after(asked, NOON + n * 3.0)
    assert len(asked) <= 201
    assert TEAMS.pace.after(asked, NOON + 10_000.0)[0] == (NOON + 10_000.0,)


def test_a_platform_that_is_not_named_is_asked_as_carefully_as_slack() -> None:
    for name in ("mail", "planner", "todo", ""):
        assert limits_of(name) is OTHERS
    assert limits_of("teams:@ana@acme.example") is TEAMS
    assert replace(OTHERS, methods=SLACK.methods) == SLACK
    assert set(LIMITS) == {"slack", "teams"}


# ── a whole tenant ───────────────────────────────────────────────────────────────────────────────────────────────────

CALLS: tuple[Call, ...] = ("post", "edit", "read", "delete")


ASKED = st.tuples(st.sampled_from(CALLS), st.sampled_from([0.0, 0.001, 0.03, 0.4, 5.0]), st.sampled_from([1, 1, 2]))


@given(st.lists(ASKED, max_size=150))
def test_a_tenant_of_teams_is_never_asked_more_than_thirty_times_in_a_second(
    asked: list[tuple[Call, float, int]],
) -> None:
    state, now = State(), NOON
    gone: list[float] = []
    for call, wait, cost in asked:
        now += wait
        state, at = admit(state, call, now=now, limits=TEAMS, cost=cost)
        gone += [] if at else [now] * cost
    assert most_in(gone, 1.0) <= 30


def test_all_calls_of_teams_share_one_bucket() -> None:
    state = State()
    for call in ("post", "delete"):
        state, at = admit(state, call, now=NOON, limits=TEAMS)
        assert at == 0.0
    found = room(state, now=NOON, limits=TEAMS)
    assert found.posts == 0
    assert found.edits_at == found.posts_at == pytest.approx(NOON + 1 / 24, abs=1e-3)


@pytest.mark.parametrize(("limits", "seconds"), [(TEAMS, 2 / 24), (SLACK, 0.0)])
def test_a_message_that_takes_two_requests_uses_up_two(limits: Limits, seconds: float) -> None:
    state, at = admit(State(), "post", now=NOON, limits=limits, cost=2)
    assert at == 0.0
    state, at = admit(state, "post", now=NOON, limits=limits, cost=2)
    assert at == (pytest.approx(NOON + 1 / 24, abs=1e-3) if seconds else 0.0)
    assert admit(state, "post", now=NOON + seconds, limits=limits, cost=2)[1] == 0.0


@pytest.mark.parametrize("cost", [1, 2])
def test_whoever_asks_as_soon_as_they_may_asks_a_tenant_no_more_often_for_needing_two_at_once(cost: int) -> None:
    state, now = State(), NOON
    gone: list[float] = []
    while now < NOON + 5:
        state, at = admit(state, "post", now=now, limits=TEAMS, cost=cost)
        gone += [] if at else [now] * cost
        now = at or now
    assert most_in(gone, 1.0) <= 30
    assert len(gone) <= 24 * 5 + 4


def test_a_tenant_that_allows_very_little_still_takes_a_message_of_two_requests() -> None:
    narrow = replace(TEAMS, scale=0.01)
    state, at = admit(State(), "post", now=NOON, limits=narrow, cost=2)
    assert at == 0.0
    again = admit(state, "post", now=NOON, limits=narrow, cost=2)[1]
    assert again > NOON
    assert admit(state, "post", now=again, limits=narrow, cost=2)[1] == 0.0


def test_a_429_for_an_edit_slows_a_tenant_of_teams_down_and_freezes_nothing() -> None:
    state = learned(State(), Report(call="edit", outcome="limited", seconds=600.0), now=NOON, luck=1.0, limits=TEAMS)
    assert state.frozen == {}
    assert room(state, now=NOON, limits=TEAMS).edits_at == pytest.approx(NOON + 1 / 12, abs=1e-3)
    slack: Limits = SLACK
    froze = learned(State(), Report(call="edit", outcome="limited", seconds=600.0), now=NOON, luck=1.0, limits=slack)
    assert room(froze, now=NOON, limits=slack).edits_at == NOON + 600.0
