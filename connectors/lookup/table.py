"""Who owns what, from a CSV file: `key,owner`, one line each; a key may be a pattern such as `inv-*`."""

from __future__ import annotations

import csv
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import translate
from pathlib import Path

from connectors.lookup.files import BadLine, Watched
from connectors.lookup.owner import owner as owner_in

MOST_ROWS = 1_000_000
MOST_PATTERNS = 10_000
"""of them: each that is longer than the one that matches is tried"""
MOST_BYTES = 256 << 20

Pattern = tuple[re.Pattern[str], str | None]


@dataclass(frozen=True, kw_only=True)
class _Rows:
    exact: dict[str, str | None]
    patterns: tuple[Pattern, ...]
    """longest first; of two as long the later line"""

    def find(self, key: str) -> str | None:
        if key in self.exact:
            return self.exact[key]
        return next((owner for pattern, owner in self.patterns if pattern.match(key)), None)


class CsvTable:
    """Implements `bot.ports.Lookup`. A row without an owner says: nobody. Of two rows with one key the later counts.

    `,` or `;`, UTF-8. More columns are left alone. `*` and `?` in a key make it a pattern; what is looked up never is.
    """

    def __init__(
        self, path: str | Path, /, *, key: str = "key", owner: str = "owner", now: Callable[[], float] = time.monotonic
    ) -> None:
        """`key`, `owner`: what the header calls the two columns. Raises ValueError with file and line."""
        self._file = Watched(
            Path(path), lambda lines: _table(lines, (key.strip(), owner.strip())), most=MOST_BYTES, now=now
        )

    @property
    def broken(self) -> int:
        """How many versions of the file could not be used since the start."""
        return self._file.broken

    def find(self, key: str, /) -> str | None:
        """By the key itself, else by the longest pattern that matches it. Never raises."""
        return self._file.value().find(key)


def _table(lines: Iterator[str], wanted: tuple[str, str]) -> _Rows:
    exact: dict[str, str | None] = {}
    owners: dict[str, str | None] = {}  # a few people own a million things: each address is kept once
    for line, key, written in _rows(lines, wanted):
        if written not in owners:
            owners[written] = _owner(line, written)
        exact.pop(key, None)  # the later line, also among patterns
        exact[key] = owners[written]
        if len(exact) > MOST_ROWS:
            raise BadLine(line, f"more than {MOST_ROWS:,} keys")
    patterns = [key for key in exact if "*" in key or "?" in key]
    if len(patterns) > MOST_PATTERNS:
        raise BadLine(1, f"{len(patterns):,} patterns, more than {MOST_PATTERNS:,}")
    longest_first = sorted(reversed(patterns), key=len, reverse=True)
    return _Rows(exact=exact, patterns=tuple((_compiled(key), exact[key]) for key in longest_first))


def _rows(lines: Iterator[str], wanted: tuple[str, str]) -> Iterator[tuple[int, str, str]]:
    """(line, key, owner) of every row that is not empty."""
    delimiter, at_key, at_owner = _header(next(lines, ""), wanted)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 2  # where the next row begins; a quoted cell may go over several lines
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise BadLine(line, f"not CSV: {error}") from None
        if row is None:
            return
        if not any(cell.strip() for cell in row):
            continue
        if len(row) <= max(at_key, at_owner):
            raise BadLine(line, f"has {len(row)} of at least {max(at_key, at_owner) + 1} columns")
        if not (key := row[at_key].strip()):
            raise BadLine(line, f"no {wanted[0]}")
        yield line, key, row[at_owner]


def _header(line: str, wanted: tuple[str, str]) -> tuple[str, int, int]:
    """The delimiter, and where the two columns are."""
    for delimiter in ",;":
        names = [name.strip().casefold() for name in _cells(line, delimiter)]
        if all(names.count(name.casefold()) == 1 for name in wanted):
            at_key, at_owner = (names.index(name.casefold()) for name in wanted)
            return delimiter, at_key, at_owner
    raise BadLine(1, f"the header must name the columns {wanted[0]} and {wanted[1]}, once each, with , or ; between")


def _cells(line: str, delimiter: str) -> Sequence[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def _owner(line: int, written: str) -> str | None:
    try:
        return owner_in(written)
    except ValueError as error:
        raise BadLine(line, str(error)) from None


def _compiled(key: str) -> re.Pattern[str]:
    # `[` stands for itself: ids have brackets. What `translate` makes never backtracks from one `*` into another.
    return re.compile(translate(key.replace("[", "[[]")))
