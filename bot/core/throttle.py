"""How much may be said to one workspace: its limits as a value, and what each answer of the platform teaches.

Four limits together: a bucket of posts whose rate is halved by a 429 and grows again, strict sliding windows for
edits, reads and deletes, methods frozen for as long as a 429 says, and a breaker that lets one probe go at a time.
Where a platform counts all calls together (`Limits.together`), the bucket is of all of them. The numbers: `limits.py`.
Every second here is machine time. Clocks of several processes differ a little, and any of them may jump back: nothing
stays frozen longer than it can have been set.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from bot.core.limits import Limits

Call = Literal["post", "edit", "read", "delete"]
Outcome = Literal["ok", "limited", "away", "gone"]
"""`limited`: 429; `away`: no answer, or one that nobody can read; `gone`: the workspace refuses us as a whole"""

SKEW = 1.0
"""seconds by which one process may be ahead of another; what lies further ahead was written before a clock jumped"""
GRAIN = 1e-6
"""seconds, more than two neighbouring machine seconds differ: at the instant we name there really is a whole post"""
DEBT = 1.0
"""posts that may be missing beyond a burst: what a call costs above one"""
AWAY = 3
"""calls without an answer, one after another, that open the breaker"""
LONGEST = 60.0
"""seconds the breaker is shut at most"""
PROBE = 30.0
"""seconds after which a probe nobody reported on is forgotten"""
HOUR = 3600.0
"""seconds a method is frozen at most: a mistaken Retry-After must not silence a workspace for good"""


@dataclass(frozen=True, kw_only=True)
class Room:
    """What may go now. Machine seconds from which each kind of call may go; how many posts may go at once."""

    posts_at: float = 0.0
    edits_at: float = 0.0
    posts: int = 1_000_000
    shut: str = ""
    """why nothing may go at all, where the breaker is open: `away` or `gone`; empty while a probe may go"""


@dataclass(frozen=True, kw_only=True)
class Hold:
    """Nothing before `since` + `seconds`."""

    since: float
    seconds: float
    why: str = ""

    @property
    def until(self) -> float:
        return self.since + self.seconds


@dataclass(frozen=True, kw_only=True)
class State:
    """What is known of a workspace. A new one is as free as its limits allow, whatever they are."""

    at: float = 0.0
    """until when posts were refilled"""
    lack: float = 0.0
    """posts that are missing from a full burst"""
    below: float = 0.0
    """posts a second by which the rate is lower than at its widest"""
    since: float = 0.0
    """when the rate last changed, or a 429 kept it from growing"""
    cut: float = 0.0
    """when the rate was last halved"""
    calls: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """method ▶ when it was called within the last window"""
    frozen: Mapping[str, Hold] = field(default_factory=dict)
    fails: int = 0
    """calls without an answer, one after another"""
    shut: Hold | None = None
    """the breaker; it stays open until a probe (or any other call) is answered"""
    tries: int = 0
    """how often it was shut since the last answer, at most six"""
    probe: float | None = None
    """when the probe was let go that has not been reported on: also its name"""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What became of a call. `probe`: the name of the probe it was, where it was one."""

    call: Call
    outcome: Outcome
    seconds: float = 0.0
    """how long to wait, where the platform said so"""
    probe: float | None = None


# ── may it go? ───────────────────────────────────────────────────────────────────────────────────────────────────


def admit(state: State, call: Call, *, now: float, limits: Limits, cost: int = 1) -> tuple[State, float]:
    """The state after it, and 0.0: go ahead; else the second from which it may go.

    `cost`: how many requests it takes, where a platform counts all of them together. It goes as soon as one may go, and
    those after it wait for the rest: else whoever needs two would wait until nobody wants one any more. So a window
    may hold as many requests above a burst and the rate as a call costs above one. Where it may go and the breaker is
    open, it is the probe: its name is the new state's `probe`.
    """
    state = _moved(state, now, limits)
    taken = min(float(cost), 1.0 + DEBT) if limits.together else 1.0
    at = max(_free_at(state, call, now, limits), _opens_at(state, now))
    if at > now:
        return state, at
    if state.shut:
        state = replace(state, probe=now)
    if _in_bucket(call, limits):
        return replace(state, lack=state.lack + taken), 0.0
    return replace(state, calls={**state.calls, call: (*state.calls.get(call, ()), now)}), 0.0


def room(state: State, *, now: float, limits: Limits) -> Room:
    """What `admit` would allow, without taking it."""
    state = _moved(state, now, limits)
    opens_at = _opens_at(state, now)
    shut = state.shut.why if state.shut and opens_at > now else ""
    posts_at, edits_at = (max(_free_at(state, c, now, limits), opens_at if shut else 0.0) for c in ("post", "edit"))
    posts = 0 if shut else min(max(int(limits.most - state.lack), 0), 1 if state.shut else 1_000_000)
    return Room(posts_at=posts_at, edits_at=edits_at, posts=posts, shut=shut)


def _in_bucket(call: Call, limits: Limits) -> bool:
    """Whether it is counted as posts are."""
    return call == "post" or limits.together


def _free_at(state: State, call: Call, now: float, limits: Limits) -> float:
    """By the bucket or the window of this call; 0.0 where it may go now."""
    if _in_bucket(call, limits):
        missing = state.lack + 1.0 - limits.most
        return now + missing / (limits.widest - state.below) + GRAIN if missing > 0 else 0.0
    held = state.frozen.get(call)
    at = held.until if held else 0.0
    calls, most = sorted(state.calls.get(call, ())), limits.calls(call)
    if len(calls) >= most:
        at = max(at, calls[-most] + limits.window)
    return at if at > now else 0.0


def _opens_at(state: State, now: float) -> float:
    """By the breaker; while a probe is under way the others ask again in a second, for it may be answered by then."""
    if state.shut is None:
        return 0.0
    if now < state.shut.until or state.probe is None or now >= state.probe + PROBE:
        return state.shut.until
    return min(state.probe + PROBE, now + 1.0)


# ── what came of it ──────────────────────────────────────────────────────────────────────────────────────────────


def learned(state: State, report: Report, *, now: float, luck: float, limits: Limits) -> State:
    """`luck`: 0..1, how much of the breaker's time it is shut (full jitter). The same state where nothing is new."""
    if report.outcome == "ok":
        return _open(state)
    state = _moved(state, now, limits)
    if report.outcome == "limited":
        cut = _slower(state, now, limits) if _in_bucket(report.call, limits) else _froze(state, report, now)
        return _open(cut)
    return _failed(state, report, now, luck)


def _open(state: State) -> State:
    if not state.fails and state.shut is None:
        return state
    return replace(state, fails=0, shut=None, tries=0, probe=None)


def _slower(state: State, now: float, limits: Limits) -> State:
    """Half the rate. What was under way when it was halved is refused too, and says nothing new."""
    if now - state.cut < SKEW and state.below:
        return replace(state, since=now)
    rate = max((limits.widest - state.below) / 2, limits.narrowest)
    return replace(state, below=limits.widest - rate, lack=limits.most, since=now, cut=now)


def _froze(state: State, report: Report, now: float) -> State:
    hold, before = Hold(since=now, seconds=min(max(report.seconds, 0.0), HOUR)), state.frozen.get(report.call)
    if before and before.until >= hold.until:
        return state
    return replace(state, frozen={**state.frozen, report.call: hold})


def _failed(state: State, report: Report, now: float, luck: float) -> State:
    if report.outcome == "gone":
        return _shut(state, "gone", now, luck)
    if state.shut:
        # Only its own probe says something about an open breaker: what was let go before it opened is late.
        is_probe = report.probe is not None and report.probe == state.probe
        return _shut(state, state.shut.why, now, luck) if is_probe else state
    state = replace(state, fails=state.fails + 1)
    return _shut(state, "away", now, luck) if state.fails >= AWAY else state


def _shut(state: State, why: str, now: float, luck: float) -> State:
    # A workspace that refuses us is mended by a person: asked once a minute, and never sooner.
    seconds = LONGEST if why == "gone" else min(2.0**state.tries, LONGEST) * luck
    hold = Hold(since=now, seconds=seconds, why=why)
    return replace(state, shut=hold, tries=min(state.tries + 1, 6), probe=None)


# ── time passes ──────────────────────────────────────────────────────────────────────────────────────────────────


def _moved(state: State, now: float, limits: Limits) -> State:
    """The state as it is `now`: what was written by a clock far ahead counts as written now, then time passes."""

    def near(at: float) -> float:
        return at if at <= now + SKEW else now

    calls = {call: tuple(map(near, times)) for call, times in state.calls.items()}
    since = now - limits.window - SKEW
    state = replace(
        state,
        at=near(state.at),
        since=near(state.since),
        cut=near(state.cut),
        calls={call: tuple(at for at in times if at > since) for call, times in calls.items()},
        frozen={c: replace(h, since=near(h.since)) for c, h in state.frozen.items() if near(h.since) + h.seconds > now},
        shut=replace(state.shut, since=near(state.shut.since)) if state.shut else None,
        probe=None if state.probe is None else near(state.probe),
    )
    return _refilled(state, now, limits)


def _refilled(state: State, now: float, limits: Limits) -> State:
    """Posts come back at the rate of each moment; the rate grows by a twentieth in every sixth of a window."""
    at, since = state.at, state.since
    below, lack = min(state.below, limits.widest - limits.narrowest), min(state.lack, limits.most + DEBT)
    while below > 0 and since + limits.window / 6 <= now:
        since += limits.window / 6
        lack -= max(since - at, 0.0) * (limits.widest - below)
        lack, at, below = max(lack, 0.0), max(at, since), max(below - limits.widest / 20, 0.0)
    lack = max(lack - max(now - at, 0.0) * (limits.widest - below), 0.0)
    return replace(state, at=max(at, now), lack=lack, below=below, since=since)


# ── as JSON ──────────────────────────────────────────────────────────────────────────────────────────────────────


def packed(state: State) -> str:
    holds = {"frozen": {call: vars(hold) for call, hold in state.frozen.items()}}
    return json.dumps({**vars(state), **holds, "shut": vars(state.shut) if state.shut else None}, separators=(",", ":"))


def unpacked(text: str | bytes) -> State:
    """Raises ValueError for what `packed` cannot have written: nobody can freeze a workspace for good by writing it."""
    try:
        raw = json.loads(text)
        return State(
            **{name: _number(raw[name]) for name in ("at", "lack", "below", "since", "cut")},
            calls={call: tuple(map(_number, raw["calls"][call])) for call in get_args(Call) if call in raw["calls"]},
            frozen={call: _hold(raw["frozen"][call], HOUR) for call in get_args(Call) if call in raw["frozen"]},
            fails=int(_number(raw["fails"], AWAY)),
            shut=None if raw["shut"] is None else _hold(raw["shut"], LONGEST),
            tries=int(_number(raw["tries"], 6)),
            probe=None if raw["probe"] is None else _number(raw["probe"]),
        )
    except (TypeError, KeyError, OverflowError, RecursionError) as error:
        raise ValueError("not the state of a workspace") from error


def _number(raw: Any, most: float = 1e12) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not 0 <= raw <= most:
        raise ValueError("no such number")
    return float(raw)


def _hold(raw: dict[str, Any], most: float) -> Hold:
    why = raw["why"] if raw["why"] in ("away", "gone") else ""
    return Hold(since=_number(raw["since"]), seconds=_number(raw["seconds"], most), why=why)
