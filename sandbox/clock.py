"""Business time: a clock that people and tests can move, shared with the bot through a small file."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Setting:
    """now = virtual + (machine - real) * rate; all unix seconds."""

    real: float = 0.0
    virtual: float = 0.0
    rate: float = 1.0

    def at(self, machine: float) -> float:
        return self.virtual + (machine - self.real) * self.rate


class BusinessClock:
    """The only writer of `file`. Without a file, or before the first move, business time is machine time."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._setting = _read(file) if file is not None and file.exists() else Setting()

    @property
    def rate(self) -> float:
        return self._setting.rate

    def now(self) -> float:
        return self._setting.at(time.time())

    def move(self, *, rate: float | None = None, advance: float = 0.0) -> None:
        """Raises ValueError: time never goes backwards."""
        wanted = self.rate if rate is None else rate
        if not 0 <= wanted <= 1_000_000 or not 0 <= advance <= 10 * 365 * 86_400:
            raise ValueError("rate must be 0..1,000,000 and advance 0..10 years: time never goes backwards")
        machine = time.time()
        self._setting = Setting(real=machine, virtual=self._setting.at(machine) + advance, rate=wanted)
        if self._file is not None:
            _write(self._file, self._setting)


def _read(file: Path) -> Setting:
    stored = json.loads(file.read_text())
    return Setting(real=float(stored["real"]), virtual=float(stored["virtual"]), rate=float(stored["rate"]))


def _write(file: Path, setting: Setting) -> None:
    # Readers poll this file: they must see the old or the new setting, never half of one.
    draft = file.with_suffix(f"{file.suffix}.{os.getpid()}.new")
    draft.write_text(json.dumps({"real": setting.real, "virtual": setting.virtual, "rate": setting.rate}))
    draft.replace(file)


class Stamps:
    """Message timestamps: unique in the workspace, strictly increasing, never backwards."""

    def __init__(self, clock: BusinessClock) -> None:
        self._clock = clock
        self._last = 0

    def next(self) -> str:
        self._last = max(int(self._clock.now() * 1_000_000), self._last + 1)
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"

    def seen(self, ts: str) -> None:
        self._last = max(self._last, micros(ts))


def micros(ts: str) -> int:
    """`1763680000.000100` as whole microseconds. Raises ValueError when it is no timestamp."""
    whole, _, part = ts.partition(".")
    if not whole.isdigit() or (part and not part.isdigit()):
        raise ValueError(f"no timestamp: {ts!r}")
    return int(whole) * 1_000_000 + int(part[:6].ljust(6, "0") or "0")
