"""A workspace's limits, kept where all workers see them, or in this process while nobody else can be asked.

The rules are `bot.core.throttle`; here is only where the state lives. Losing it costs at worst a 429.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from bot.core import throttle as rules
from bot.core.limits import Limits, limits_of
from bot.core.throttle import Call, Outcome, Report, Room, State
from storage.optional import OptionalRedis

T = TypeVar("T")
Change = Callable[[State], tuple[State, T]]
"""a state ▶ the state after it (the very same where nothing is to be stored), and an answer"""

jitter = random.SystemRandom().random

TRIES = 64
"""how often a state that others changed is read again"""
AGE = 2 * 3600
"""seconds a state is kept: whatever it says is over by then"""

# Answers with what is there instead, where it is not what we read.
SWAP = """
local there = redis.call('GET', KEYS[1]) or ''
if there ~= ARGV[1] then return {there} end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return {}
"""


class LocalThrottle:
    """Implements `bot.ports.Throttle` for one process. Whoever takes a call reports on it in the same thread."""

    def __init__(self, *, scale: float = 1.0, luck: Callable[[], float] = jitter) -> None:
        """`scale`: how many times its usual limits each platform allows."""
        self._scale, self._luck = scale, luck
        self._turn = threading.Lock()
        self._states: dict[str, State] = {}
        self._probes = _Probes()

    def room(self, workspace: str, machine: float, /) -> Room:
        limits = self._limits(workspace)
        return self._changed(workspace, lambda state: (state, rules.room(state, now=machine, limits=limits)))

    def take(self, workspace: str, call: Call, machine: float, /, *, cost: int = 1) -> float:
        limits = self._limits(workspace)

        def change(state: State) -> tuple[State, tuple[float, float | None]]:
            after, at = rules.admit(state, call, now=machine, limits=limits, cost=cost)
            return (state, (at, None)) if at else (after, (at, after.probe if after.shut else None))

        at, probe = self._changed(workspace, change)
        if not at:
            self._probes.of[workspace] = probe
        return at

    def learn(self, workspace: str, call: Call, outcome: Outcome, /, *, machine: float, seconds: float = 0.0) -> None:
        report = Report(call=call, outcome=outcome, seconds=seconds, probe=self._probes.of.pop(workspace, None))
        luck, limits = self._luck(), self._limits(workspace)
        self._changed(
            workspace,
            lambda state: (rules.learned(state, report, now=machine, luck=luck, limits=limits), None),
        )

    def _limits(self, workspace: str) -> Limits:
        return replace(limits_of(workspace), scale=self._scale)

    def _changed(self, workspace: str, change: Change[T]) -> T:
        with self._turn:
            self._states[workspace], answer = change(self._states.get(workspace, State()))
            return answer


class RedisThrottle(LocalThrottle):
    """Implements `bot.ports.Throttle` for all processes. Never raises for Redis; its timeouts are short.

    While Redis is away each process goes on by itself from what it saw last, and asks again after `rest` seconds.
    """

    def __init__(self, url: str, *, scale: float = 1.0, rest: float = 2.0, luck: Callable[[], float] = jitter) -> None:
        """Raises ValueError for an address that makes no sense."""
        super().__init__(scale=scale, luck=luck)
        self._server = OptionalRedis(url, rest=rest)
        self._redis = self._server.redis
        self._swap = self._redis.register_script(SWAP)

    def close(self) -> None:
        self._server.close()

    def _changed(self, workspace: str, change: Change[T]) -> T:
        agreed = self._server.asked(lambda: self._agreed(workspace, change))
        return agreed[0] if agreed else super()._changed(workspace, change)

    def _agreed(self, workspace: str, change: Change[T]) -> tuple[T] | None:
        """The answer that everybody shares; None where others were faster each time. Raises RedisError."""
        key = f"closeloop:throttle:{workspace}"
        there = self._redis.get(key) or b""
        for _ in range(TRIES):
            before = self._understood(workspace, there)
            after, answer = change(before)
            found = [] if after is before else self._swap(keys=[key], args=[there, rules.packed(after), AGE])
            if not found:
                self._states[workspace] = after
                return (answer,)
            there = found[0]
        return None

    def _understood(self, workspace: str, there: bytes | str) -> State:
        """What stands in Redis; where it was emptied or overwritten, what this process saw last."""
        try:
            return rules.unpacked(there)
        except ValueError:
            return self._states.get(workspace, State())


class _Probes(threading.local):
    """workspace ▶ the probe that this thread's call is, where it is one"""

    def __init__(self) -> None:
        self.of: dict[str, float | None] = {}
