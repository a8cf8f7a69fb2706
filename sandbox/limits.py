"""Slack's rate limits, on machine time: one post a second a channel, a workspace's bucket, method tiers."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace

from sandbox.config import Limits
from sandbox.errors import Json, RateLimited

#: calls a minute
TIERS = {1: 1, 2: 20, 3: 50, 4: 100}


class Throttle:
    """All the counters of one workspace. A refused call uses nothing up."""

    def __init__(self, limits: Limits, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self._monotonic = monotonic
        self._free_at: dict[str, float] = {}
        self._calls: dict[str, deque[float]] = {}

    def change(self, wanted: Json) -> None:
        """Raises ValueError for an unknown or impossible limit."""
        known = asdict(Limits())  # their types as declared: a whole number given before must not forbid a fraction now
        for name, value in wanted.items():
            if name not in known or type(value) not in {type(known[name]), int} or (name != "tier_scale" and value < 0):
                raise ValueError(f"no such limit: {name}={value!r}")
        if wanted.get("posts_per_second") == 0 or wanted.get("workspace_per_minute") == 0:
            raise ValueError("a rate of 0 would stop everything: use enabled=false to lift the limits")
        self.limits = replace(self.limits, **wanted)

    def as_json(self) -> Json:
        return asdict(self.limits)

    @contextmanager
    def lifted(self) -> Iterator[None]:
        """For what was let in before and only takes effect now. Nothing else runs meanwhile: no await inside."""
        limits = self.limits
        self.limits = replace(limits, enabled=False)
        try:
            yield
        finally:
            self.limits = limits

    def method(self, name: str, tier: int | None) -> None:
        """Raises RateLimited."""
        limits = self.limits
        if limits.history_restricted and name in {"conversations.history", "conversations.replies"}:
            tier = 1
        if tier is None or not limits.enabled or limits.tier_scale == 0:
            return
        most = max(1, int(TIERS[tier] * limits.tier_scale))
        calls, now = self._calls.setdefault(name, deque()), self._monotonic()
        while calls and calls[0] <= now - 60:
            calls.popleft()
        if len(calls) >= most:
            raise RateLimited(max(1, math.ceil(calls[0] + 60 - now)))
        calls.append(now)

    def post(self, channel: str) -> None:
        """One message to one channel. Raises RateLimited."""
        limits = self.limits
        if not limits.enabled:
            return
        workspace = self._bucket("", limits.workspace_per_minute / 60, limits.workspace_burst)
        room = self._bucket(channel, limits.posts_per_second, limits.post_burst)
        self._free_at[""], self._free_at[channel] = workspace, room

    def _bucket(self, key: str, per_second: float, burst: int) -> float:
        """The bucket's new time when one more fits: a virtual queue `burst` long that drains steadily."""
        now, step = self._monotonic(), 1 / per_second
        free_at = max(self._free_at.get(key, 0.0), now)
        wait = free_at - now - (burst - 1) * step
        if wait > self.limits.jitter:
            raise RateLimited(max(1, math.ceil(wait)))
        return free_at + step
