"""The limits of one workspace: never more than the platform allows, and never shut for longer than it asked."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.core.limits import Limits
from bot.core.throttle import (
    HOUR,
    LONGEST,
    PROBE,
    SKEW,
    Call,
    Outcome,
    Report,
    Room,
    State,
    admit,
    learned,
    packed,
    room,
    unpacked,
)

NOON = 1_795_000_000.0
METHODS: tuple[Call, ...] = ("edit", "read", "delete")
CALLS: tuple[Call, ...] = ("post", *METHODS)


@dataclass
class Workspace:
    """A workspace's state with the calls that were let go, by the clock of whoever asked."""

    limits: Limits = field(default_factory=Limits)
    now: float = NOON
    state: State = field(default_factory=State)
    gone: list[tuple[float, Call, float | None]] = field(default_factory=list)
    """(when, what, its probe's name) of every call let go"""

    def take(self, call: Call = "post", *, behind: float = 0.0) -> float:
        self.state, at = admit(self.state, call, now=self.now - behind, limits=self.limits)
        if not at:
            self.gone.append((self.now - behind, call, self.state.probe if self.state.shut else None))
        return at

    def learn(
        self, call: Call, outcome: Outcome, *, seconds: float = 0.0, luck: float = 1.0, probe: float | None = None
    ) -> None:
        report = Report(call=call, outcome=outcome, seconds=seconds, probe=probe)
        self.state = learned(self.state, report, now=self.now, luck=luck, limits=self.limits)

    def room(self) -> Room:
        return room(self.state, now=self.now, limits=self.limits)

    def posts(self) -> int:
        """How many posts go right now."""
        before = len(self.gone)
        while not self.take():
            pass
        return len(self.gone) - before

    def times(self, call: Call) -> list[float]:
        return sorted(at for at, what, _ in self.gone if what == call)


# ── posts ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_new_workspace_takes_a_burst_and_then_ten_posts_a_second() -> None:
    workspace = Workspace()
    assert workspace.room() == Room(posts=50)
    assert workspace.posts() == 50
    assert workspace.room().posts == 0
    assert workspace.room().posts_at == pytest.approx(NOON + 0.1, abs=1e-4)
    workspace.now += 1.0
    assert workspace.posts() == 10
    workspace.now += 3600.0
    assert workspace.posts() == 50


@pytest.mark.parametrize("ceiling", [31.0, 599.0, 600.0, 7_777.0])
def test_a_post_goes_at_the_very_instant_that_was_named(ceiling: float) -> None:
    workspace = Workspace(now=NOON + 0.123, limits=Limits(ceiling=ceiling))
    workspace.posts()
    for _ in range(1_000):
        at = workspace.take()
        assert at > workspace.now
        workspace.now = at
        assert workspace.room().posts == 1
        assert workspace.take() == 0.0
    assert workspace.now == pytest.approx(NOON + 0.123 + 60_000.0 / ceiling, abs=0.01)


def test_a_429_halves_the_rate_and_ends_the_burst_but_freezes_no_other_lane() -> None:
    workspace = Workspace()
    workspace.take()
    workspace.learn("post", "limited", seconds=30.0)
    assert workspace.room().posts == 0
    assert workspace.room().posts_at == pytest.approx(NOON + 0.2, abs=1e-4)
    assert workspace.room().edits_at == 0.0
    assert workspace.room().shut == ""


def rate(workspace: Workspace) -> float:
    """Posts a minute at this moment."""
    return 60 * (workspace.limits.widest - workspace.state.below)


def test_the_rate_halves_with_every_429_down_to_the_floor() -> None:
    workspace, seen = Workspace(), []
    for _ in range(6):
        workspace.learn("post", "limited")
        seen.append(rate(workspace))
        workspace.now += SKEW
    assert seen == [300.0, 150.0, 75.0, 37.5, 30.0, 30.0]


def test_posts_that_were_under_way_when_the_rate_was_halved_do_not_halve_it_again() -> None:
    workspace = Workspace()
    for _ in range(8):
        workspace.learn("post", "limited")
        workspace.now += 0.1
    assert rate(workspace) == 300.0


def test_every_ten_seconds_without_a_429_the_rate_grows_by_a_twentieth_of_the_ceiling() -> None:
    workspace = Workspace()
    workspace.learn("post", "limited")
    seen = []
    for _ in range(12):
        workspace.now += 10.0
        workspace.take()
        seen.append(round(rate(workspace)))
    assert seen == [330, 360, 390, 420, 450, 480, 510, 540, 570, 600, 600, 600]


def test_what_comes_back_while_the_rate_grows_is_counted_piece_by_piece() -> None:
    limits = Limits(ceiling=60.0, burst=1_000.0, floor=6.0)
    whole, steps = Workspace(limits=limits), Workspace(limits=limits)
    for workspace in (whole, steps):
        workspace.learn("post", "limited")
    whole.now += 95.0
    for _ in range(950):
        steps.now += 0.1
        steps.state, _ = admit(steps.state, "edit", now=steps.now, limits=replace(limits, methods={"edit": 10_000}))
    # 30 posts a minute grow by 3 every 10 s: nine whole steps and a half.
    expected = sum((30 + 3 * n) / 6 for n in range(9)) + 57 / 12
    assert whole.room().posts == steps.room().posts == int(expected)


def test_other_limits_and_a_scale_are_obeyed() -> None:
    assert Workspace(limits=Limits(ceiling=300.0, burst=3.0)).posts() == 3
    assert Workspace(limits=Limits(scale=20.0)).room() == Room(posts=1_000)
    stretched = Workspace(limits=Limits(window=1_200.0))
    stretched.posts()
    assert stretched.room().posts_at == pytest.approx(NOON + 2.0, abs=1e-4)
    assert Workspace(limits=Limits(scale=0.001)).room().posts == 1, "it always opens again"


# ── edits, reads, deletes ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("call", METHODS)
def test_forty_eight_calls_a_minute_strictly(call: Call) -> None:
    workspace = Workspace()
    for _ in range(48):
        assert workspace.take(call) == 0.0
        workspace.now += 0.5
    assert workspace.take(call) == NOON + 60.0
    workspace.now = NOON + 60.0
    assert workspace.take(call) == 0.0
    assert workspace.take(call) == NOON + 60.5


def test_each_method_has_a_window_of_its_own() -> None:
    workspace = Workspace()
    for _ in range(48):
        workspace.take("edit")
    assert workspace.room() == Room(edits_at=NOON + 60.0, posts=50)
    assert [workspace.take(call) for call in ("post", "read", "delete")] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("call", METHODS)
def test_a_429_freezes_exactly_its_method_for_exactly_as_long_as_it_says(call: Call) -> None:
    workspace = Workspace()
    workspace.take(call)
    workspace.learn(call, "limited", seconds=17.25)
    others = [other for other in CALLS if other != call]
    assert [workspace.take(other) for other in others] == [0.0] * 3
    assert workspace.take(call) == NOON + 17.25
    workspace.now = NOON + 17.249
    assert workspace.take(call) == NOON + 17.25
    workspace.now = NOON + 17.25
    assert workspace.take(call) == 0.0
    assert rate(workspace) == 600.0


def test_of_two_429s_the_one_that_lasts_longer_counts() -> None:
    workspace = Workspace()
    workspace.learn("edit", "limited", seconds=30.0)
    workspace.now += 1.0
    workspace.learn("edit", "limited", seconds=5.0)
    assert workspace.room().edits_at == NOON + 30.0


def test_a_retry_after_that_makes_no_sense_silences_nobody_for_good() -> None:
    workspace = Workspace()
    workspace.learn("edit", "limited", seconds=1e300)
    assert workspace.room().edits_at == NOON + HOUR
    workspace.learn("read", "limited", seconds=-5.0)
    assert workspace.take("read") == 0.0


# ── the breaker ──────────────────────────────────────────────────────────────────────────────────────────────────


def opened(workspace: Workspace, outcome: Outcome = "away", *, luck: float = 1.0) -> Workspace:
    for _ in range(3):
        workspace.learn("post", outcome, luck=luck)
    return workspace


def test_three_calls_without_an_answer_one_after_another_open_the_breaker() -> None:
    workspace = Workspace()
    for outcome in ("away", "away", "ok", "away", "away", "limited", "away", "away"):
        workspace.learn("read", outcome)
        assert workspace.room().shut == ""
    workspace.learn("edit", "away")
    assert workspace.room() == Room(posts_at=NOON + 1.0, edits_at=NOON + 1.0, posts=0, shut="away")
    assert [workspace.take(call) for call in CALLS] == [NOON + 1.0] * 4


def test_then_one_probe_goes_and_the_others_wait_for_its_answer() -> None:
    workspace = opened(Workspace())
    workspace.now += 1.0
    assert workspace.room() == Room(posts=1)
    assert workspace.take() == 0.0
    assert workspace.room().shut == "away"
    assert [workspace.take(call) for call in CALLS] == [workspace.now + 1.0] * 4
    workspace.learn("post", "ok", probe=workspace.state.probe)
    assert workspace.room() == Room(posts=49)


def test_it_is_shut_twice_as_long_each_time_the_probe_fails_up_to_a_minute() -> None:
    workspace, seen = opened(Workspace()), []
    for _ in range(9):
        at = workspace.room().posts_at
        seen.append(at - workspace.now)
        workspace.now = at
        assert workspace.take("read") == 0.0
        workspace.learn("read", "away", probe=workspace.state.probe)
    assert seen == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]
    assert unpacked(packed(workspace.state)) == workspace.state, "also after a long time"


@pytest.mark.parametrize(("luck", "seconds"), [(0.0, 0.0), (0.25, 0.25), (1.0, 1.0)])
def test_luck_decides_how_much_of_that_time_it_really_is(luck: float, seconds: float) -> None:
    workspace = opened(Workspace(), luck=luck)
    workspace.now += seconds
    assert workspace.take() == 0.0


def test_a_429_is_an_answer_too() -> None:
    workspace = opened(Workspace())
    workspace.now += 1.0
    workspace.take("edit")
    workspace.learn("edit", "limited", seconds=9.0, probe=workspace.state.probe)
    assert workspace.room() == Room(posts=50, edits_at=workspace.now + 9.0)


def test_a_probe_nobody_reports_on_is_forgotten_after_thirty_seconds() -> None:
    workspace = opened(Workspace())
    workspace.now += 1.0
    assert workspace.take() == 0.0
    workspace.now += PROBE - 0.5
    assert workspace.take() == workspace.now + 0.5
    workspace.now += 0.5
    assert workspace.take() == 0.0


def test_what_was_let_go_before_it_opened_says_nothing_new_when_it_fails() -> None:
    workspace = opened(Workspace())
    workspace.learn("post", "away")
    assert workspace.room().posts_at == NOON + 1.0
    workspace.now += 1.0
    assert workspace.take() == 0.0
    workspace.learn("post", "away")
    assert workspace.take() == workspace.now + 1.0, "the probe is still under way"
    workspace.learn("post", "ok")
    assert workspace.room().shut == "", "but an answer is an answer"


def test_a_workspace_that_refuses_us_is_asked_once_a_minute() -> None:
    workspace = Workspace()
    for _ in range(3):
        assert workspace.take("edit") == 0.0
        workspace.learn("edit", "gone", luck=0.0, probe=workspace.state.probe)
        assert workspace.room().shut == "gone"
        assert workspace.take("edit") == workspace.now + 60.0
        workspace.now += 60.0
    assert workspace.take() == 0.0
    workspace.learn("post", "away", luck=0.0, probe=workspace.state.probe)
    assert workspace.room() == Room(posts_at=workspace.now + 60.0, edits_at=workspace.now + 60.0, posts=0, shut="gone")
    workspace.now += 60.0
    workspace.take()
    workspace.learn("post", "ok", probe=workspace.state.probe)
    assert workspace.room().shut == ""


# ── clocks that differ ───────────────────────────────────────────────────────────────────────────────────────────


def test_two_processes_that_take_turns_gain_nothing_by_their_clocks() -> None:
    workspace = Workspace()
    for turn in range(2_000):
        workspace.take(behind=0.9 * (turn % 2))
        workspace.now += 0.01
    assert len(workspace.gone) == 50 + 10 * 20 - 1


def test_what_a_clock_that_is_ahead_no_longer_counts_still_counts_for_the_others() -> None:
    workspace = Workspace()
    for _ in range(48):
        workspace.take("edit")
    workspace.now = NOON + 60.05
    assert workspace.take("edit") == 0.0
    assert workspace.take("edit", behind=0.9) == NOON + 60.0


def test_the_oldest_call_counts_whoever_wrote_it_first() -> None:
    workspace = Workspace(limits=Limits(methods={"edit": 2}))
    workspace.take("edit")
    workspace.take("edit", behind=0.9)
    assert workspace.take("edit") == NOON - 0.9 + 60.0


# ── any history ──────────────────────────────────────────────────────────────────────────────────────────────────

SMALL = Limits(ceiling=120.0, burst=4.0, floor=6.0, methods={"edit": 3, "read": 2, "delete": 1})
pauses = st.one_of(st.just(0.0), st.floats(0.0, 2.0), st.floats(0.0, 70.0))
takes = st.tuples(st.just("take"), st.sampled_from(CALLS), st.floats(0.0, SKEW * 0.99))
reports = st.tuples(
    st.sampled_from(("ok", "limited", "limited", "away", "away", "away", "gone")),
    st.integers(0, 5),
    st.floats(0.0, 2.0 * HOUR),
)
histories = st.lists(st.tuples(pauses, st.one_of(takes, takes, reports)), max_size=60)


@dataclass
class Told(Workspace):
    """A workspace that lived through a history; what is under way is reported in any order, or never."""

    limits: Limits = SMALL
    under_way: list[tuple[Call, float | None]] = field(default_factory=list)
    probes: list[float] = field(default_factory=list)
    """when a probe was let go that the breaker still waits for"""
    skewed: bool = False

    def live(self, history: list[Any], *, luck: float = 0.5) -> Told:
        for pause, (what, which, number) in history:
            self.now += pause
            if what == "take":
                self._take(which, number if self.skewed else 0.0)
            elif self.under_way:
                call, probe = self.under_way.pop(which % len(self.under_way))
                self.learn(call, what, seconds=number, luck=luck, probe=probe)
                self.probes = [at for at in self.probes if at != probe and self.state.shut]
        return self

    def _take(self, call: Call, behind: float) -> None:
        expected = room(self.state, now=self.now - behind, limits=self.limits)
        at = self.take(call, behind=behind)
        if call in ("post", "edit"):
            assert at == (expected.posts_at if call == "post" else expected.edits_at), "room says what take does"
        if not at:
            probe = self.gone[-1][2]
            assert probe is None or all(probe - earlier >= PROBE for earlier in self.probes), "one probe at a time"
            self.probes += [] if probe is None else [probe]
            self.under_way.append((call, probe))


@given(histories)
def test_never_more_posts_in_any_window_than_the_burst_and_the_rate_allow(history: list[Any]) -> None:
    posts = Told().live(history).times("post")
    for first, start in enumerate(posts):
        for last in range(first, len(posts)):
            assert last - first + 1 <= SMALL.most + SMALL.widest * (posts[last] - start) + 1e-3


@given(histories, st.booleans())
def test_never_more_calls_of_a_method_in_any_minute_also_where_clocks_differ(history: list[Any], skewed: bool) -> None:
    told = Told(skewed=skewed).live(history)
    for method in METHODS:
        times, most = told.times(method), SMALL.calls(method)
        assert all(later - earlier >= 60.0 for earlier, later in zip(times, times[most:], strict=False))


@given(histories)
def test_clocks_that_differ_a_little_cost_at_most_what_comes_back_in_that_time(history: list[Any]) -> None:
    posts = Told(skewed=True).live(history).times("post")
    for first, start in enumerate(posts):
        for last in range(first, len(posts)):
            assert last - first + 1 <= SMALL.most + SMALL.widest * (posts[last] - start + SKEW) + 1e-3


@given(histories, st.sampled_from(CALLS), st.floats(0.0, 1.0))
def test_after_any_history_it_opens_again(history: list[Any], call: Call, luck: float) -> None:
    told = Told().live(history, luck=luck)
    started = told.now
    for _ in range(100):
        at = told.take(call)
        if not at:
            break
        assert at > told.now
        told.now = at
    else:
        pytest.fail("it names ever later instants")
    assert told.now - started <= HOUR + LONGEST + PROBE
    told.learn(call, "ok", probe=told.state.probe)
    assert told.room().shut == ""


LATE = [(0.0, ("take", "post", 0.0))] * 4 + [(0.0, ("away", 0, 0.0))] * 3
"""three posts of four are not answered: the breaker opens while the fourth is under way"""


@given(histories, st.floats(0.0, 1.0))
@example([*LATE, (0.0, ("take", "edit", 0.0)), (0.0, ("away", 0, 0.0)), (0.0, ("take", "read", 0.0))], 0.0)
def test_there_is_one_probe_at_a_time(history: list[Any], luck: float) -> None:
    told = Told().live(history, luck=luck)
    names = [probe for _, _, probe in told.gone if probe is not None]
    assert len(set(names)) == len(names), "each has a name of its own"


@given(histories, st.floats(0.0, 1e9), st.sampled_from(CALLS))
def test_a_clock_that_jumps_back_freezes_nothing_for_longer_than_it_was_set(
    history: list[Any], back: float, call: Call
) -> None:
    told = Told().live(history, luck=1.0)
    told.now = jumped = max(told.now - back, 1.0)
    rest = max([LONGEST + PROBE, *(hold.seconds for hold in told.state.frozen.values())])
    while at := told.take(call):
        told.now = at
        assert told.now - jumped <= rest + SKEW + 1.0


@given(histories, st.floats(1.0, 1e9))
def test_a_clock_that_jumps_ahead_only_sets_free(history: list[Any], ahead: float) -> None:
    told = Told().live(history)
    told.now += HOUR + LONGEST + ahead
    assert told.take("edit") == 0.0


@given(histories, st.floats(0.0, 1.0))
def test_any_state_survives_being_written_down(history: list[Any], luck: float) -> None:
    state = Told().live(history, luck=luck).state
    assert unpacked(packed(state)) == state


@pytest.mark.parametrize(
    "change",
    [
        {"lack": -1},
        {"at": "now"},
        {"at": float("nan")},
        {"at": float("inf")},
        {"at": 10**400},
        {"at": True},
        {"calls": 1},
        {"calls": {"edit": 1}},
        {"calls": {"edit": ["a"]}},
        {"calls": "edit"},
        {"frozen": {"edit": {"since": 0, "seconds": 1e9, "why": ""}}},
        {"frozen": {"edit": []}},
        {"shut": {"since": 0, "seconds": 61, "why": "away"}},
        {"shut": {}},
        {"fails": 1e9},
        {"tries": 99},
        {"probe": []},
    ],
    ids=str,
)
def test_what_nobody_of_ours_can_have_written_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        unpacked(json.dumps(json.loads(packed(State())) | change))


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "[" * 100_000, "{", "\ud800", b"\xff\xfe"])
def test_what_is_no_state_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        unpacked(text)


def test_a_newer_version_may_write_more() -> None:
    state = json.loads(packed(State())) | {"moods": [1]}
    state["calls"]["pin"] = [1.0]
    assert unpacked(json.dumps(state)) == State()
