"""Faults on order: what the network and Slack do to a call, before or after it took effect."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import count
from typing import Any

from sandbox.errors import Json, PageError

#: the call never took effect (`late`: it does, but only after `seconds`, long after the caller was cut off)
BEFORE = frozenset({"drop_before", "http_500_before", "rate_limited", "late"})
#: the call took effect, and the caller does not learn it
AFTER = frozenset({"drop_after", "hang_after", "http_500_after", "html_after", "internal_error_after"})


@dataclass(kw_only=True)
class Fault:
    """`times` None is for ever; `seconds` is Retry-After, the hang, or the lateness."""

    id: str
    method: str
    fault: str
    times: int | None = None
    channel: str | None = None
    seconds: float | None = None

    def fits(self, method: str, channels: set[str]) -> bool:
        return self.method in {"*", method} and (self.channel is None or self.channel in channels)


class Faults:
    def __init__(self) -> None:
        self._faults: dict[str, Fault] = {}
        self._ids = count(1)

    def add(self, wanted: Json) -> Fault:
        """Raises PageError when there is no such fault."""
        if wanted.get("fault") not in BEFORE | AFTER:
            raise PageError(f"fault must be one of: {', '.join(sorted(BEFORE | AFTER))}")
        known: dict[str, Any] = {k: wanted.get(k) for k in ("times", "channel", "seconds")}
        fault = Fault(
            id=f"f{next(self._ids)}", method=str(wanted.get("method", "*")), fault=str(wanted["fault"]), **known
        )
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

    def as_json(self) -> list[Json]:
        return [asdict(f) for f in self._faults.values()]
