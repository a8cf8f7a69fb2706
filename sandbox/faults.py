"""Faults on order: what the network and Slack do to a call, before or after it took effect."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import count
from typing import Any

from sandbox.errors import Json, PageError

#: the call never took effect (`late`: it does, but only after `seconds`, long after the caller was cut off)
BEFORE = frozenset({"drop_before", "http_500_before", "rate_limited", "late", "down"})
#: the call took effect, and the caller does not learn it
AFTER = frozenset({"drop_after", "hang_after", "http_500_after", "html_after", "internal_error_after"})
#: the call takes effect at once and is answered only after `seconds`; joins any other fault
SLOW = frozenset({"slow"})
KINDS = BEFORE | AFTER | SLOW
#: how an outage looks to the caller
OUTAGES = ("drop", "503", "html")


@dataclass(kw_only=True)
class Fault:
    """`times` None is for ever; `seconds` is Retry-After, the hang, the lateness, the latency, or how long it is down.

    `down` strikes every call until `ends` (monotonic seconds), in the way that `how` says.
    """

    id: str
    method: str
    fault: str
    times: int | None = None
    channel: str | None = None
    seconds: float | None = None
    how: str = "drop"
    ends: float | None = None

    def fits(self, method: str, channels: set[str]) -> bool:
        return self.method in {"*", method} and (self.channel is None or self.channel in channels)


class Faults:
    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._faults: dict[str, Fault] = {}
        self._ids = count(1)

    def add(self, wanted: Json) -> Fault:
        """Raises PageError when there is no such fault."""
        fault = _ordered(f"f{next(self._ids)}", wanted)
        if fault.fault == "down" and fault.seconds is not None:
            fault.ends = self._monotonic() + fault.seconds
        self._faults[fault.id] = fault
        return fault

    def remove(self, fault_id: str | None) -> None:
        """Without an id: all of them."""
        if fault_id is None:
            self._faults.clear()
        else:
            self._faults.pop(fault_id, None)

    def take(self, method: str, channels: set[str], kinds: frozenset[str]) -> Fault | None:
        """The oldest fault ordered for this call; uses one of its times up."""
        self._mend()
        for fault in self._faults.values():
            if fault.fault in kinds and fault.fits(method, channels):
                self._use(fault)
                return fault
        return None

    def _use(self, fault: Fault) -> None:
        if fault.times is None:
            return
        fault.times -= 1
        if fault.times <= 0:
            del self._faults[fault.id]

    def _mend(self) -> None:
        """Outages end by themselves."""
        now = self._monotonic()
        for fault in [f for f in self._faults.values() if f.ends is not None and f.ends <= now]:
            del self._faults[fault.id]

    def as_json(self) -> list[Json]:
        self._mend()
        return [asdict(f) for f in self._faults.values()]


def _ordered(fault_id: str, wanted: Json) -> Fault:
    """Raises PageError."""
    name, how, times, seconds = (wanted.get(key) for key in ("fault", "how", "times", "seconds"))
    if name not in KINDS:
        raise PageError(f"fault must be one of: {', '.join(sorted(KINDS))}")
    if how not in {None, *OUTAGES}:
        raise PageError(f"how must be one of: {', '.join(OUTAGES)}")
    if type(times) not in {int, type(None)} or (times is not None and times < 1):
        raise PageError("times must be a whole number from 1, or null for ever")
    if type(seconds) not in {int, float, type(None)} or (seconds is not None and seconds < 0):
        raise PageError("seconds must be a number from 0, or null")
    known: dict[str, Any] = {"times": times, "seconds": seconds, "channel": wanted.get("channel"), "how": how or "drop"}
    return Fault(id=fault_id, method=str(wanted.get("method", "*")), fault=str(name), **known)
