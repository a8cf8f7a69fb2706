"""What happened, for tests and benches: every Web API call and every request sent to the bot."""

from __future__ import annotations

import time
from bisect import bisect_right
from dataclasses import dataclass, field, fields
from typing import TypeVar

from sandbox.errors import Json

KEEP = 500_000


@dataclass(kw_only=True, slots=True)
class Call:
    """`ok` says whether the call took effect, `status` what the caller was told (None: cut off)."""

    n: int
    at: float
    method: str
    channel: str | None = None
    ts: str | None = None
    thread_ts: str | None = None
    ok: bool = False
    error: str | None = None
    status: int | None = 200
    delivery: str | None = None
    event_type: str | None = None
    fault: str | None = None
    broadcast: bool = False  # it would have notified a whole channel
    mentions: list[str] = field(default_factory=list)
    retry_after: int | None = None
    ms: float = 0.0
    late: float | None = None  # it took effect only so many seconds after its caller was cut off

    def note_mark(self, metadata: Json | None) -> None:
        """The kind of message and the delivery, as its metadata says."""
        if metadata:
            self.event_type = metadata["event_type"]
            delivery = metadata["event_payload"].get("delivery")
            self.delivery = None if delivery is None else str(delivery)


@dataclass(kw_only=True, slots=True)
class Inbound:
    """One attempt to reach the bot; `error` is what the person would be told."""

    n: int
    at: float
    kind: str
    status: int | None = None
    ms: float = 0.0
    error: str | None = None
    retry_num: int | None = None
    id: str | None = None  # event id, or trigger id of an interaction
    via: str = "http"


Entry = TypeVar("Entry", Call, Inbound)


class Log:
    """Numbered from 1 across both kinds, so that `since` is one number."""

    def __init__(self) -> None:
        self._n = 0
        self.calls: list[Call] = []
        self.inbound: list[Inbound] = []
        self.limited = 0

    def call(self, method: str) -> Call:
        self._n += 1
        entry = Call(n=self._n, at=time.time(), method=method)
        self.calls.append(entry)
        if len(self.calls) > KEEP:
            del self.calls[: KEEP // 2]
        return entry

    def sent(self, kind: str) -> Inbound:
        self._n += 1
        entry = Inbound(n=self._n, at=time.time(), kind=kind)
        self.inbound.append(entry)
        if len(self.inbound) > KEEP:
            del self.inbound[: KEEP // 2]
        return entry

    def since(self, n: int) -> Json:
        return {
            "calls": [_shape(c) for c in _after(self.calls, n)],
            "inbound": [_shape(i) for i in _after(self.inbound, n)],
            "last": self._n,
            "limited": self.limited,
        }


def _shape(entry: Call | Inbound) -> Json:
    # Not asdict: it copies every value deeply, which a log of a storm pays for with seconds.
    return {field.name: getattr(entry, field.name) for field in fields(entry)}


def _after(entries: list[Entry], n: int) -> list[Entry]:
    """The new ones are a tail: both lists are sorted by n."""
    return entries[bisect_right(entries, n, key=lambda entry: entry.n) :]
