"""What the workspace remembers across a restart: one JSON line for each change, replayed at start."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import IO

from sandbox.errors import Json


class Journal:
    """Without a file it remembers nothing."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._out: IO[str] | None = None

    def replay(self, restore: Callable[[str, Json], None]) -> None:
        if self._file is None:
            return
        for kind, record in _whole_lines(self._file):
            restore(kind, record)
        self._out = self._file.open("a", buffering=1)

    def write(self, kind: str, record: Json) -> None:
        if self._out is not None:
            self._out.write(json.dumps([kind, record], separators=(",", ":")) + "\n")

    def forget(self) -> None:
        if self._out is not None:
            self._out.truncate(0)

    def close(self) -> None:
        if self._out is not None:
            self._out.close()
            self._out = None


def _whole_lines(file: Path) -> list[tuple[str, Json]]:
    """Cuts off the half line that a killed process leaves at the end."""
    content = file.read_bytes() if file.exists() else b""
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) != len(content):
        file.write_bytes(whole)
    return [json.loads(line) for line in whole.splitlines()]
