"""Another tool's log as a history: one line of CSV for each alert. docs/simulate.md has the columns.

A line with a mistake is left out and told by its number and column; the others count.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.core.events import Actor, Kind
from bot.core.signal import Severity, Signal
from bot.replay.history import UNASKED, Past, Reaction

COLUMNS = (
    "raised_at",
    "severity",
    "source",
    "owner",
    "acknowledged_at",
    "acknowledged_by",
    "closed_at",
    "closed_by",
    "title",
    "key",
    "channel",
    "policy",
)
"""what may stand in the first line, in any order; also `labels.<name>`"""
REQUIRED = ("raised_at", "owner")
_SEVERITIES = {
    "critical": Severity.CRITICAL,
    "fatal": Severity.CRITICAL,
    "high": Severity.ERROR,
    "error": Severity.ERROR,
    "major": Severity.ERROR,
    "warning": Severity.WARNING,
    "warn": Severity.WARNING,
    "medium": Severity.WARNING,
    "minor": Severity.WARNING,
    "info": Severity.INFO,
    "low": Severity.INFO,
}
_EARLIEST, _LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
LONGEST = 10_000
"""characters of a title or a label that are kept"""


@dataclass(frozen=True, kw_only=True)
class Table:
    """What was read: alerts in the order in which they were raised, and a sentence for each line left out."""

    pasts: tuple[Past, ...]
    mistakes: tuple[str, ...]


class Unreadable(ValueError):
    """Nothing of the table can be used; `str` says why."""


class _Wrong(ValueError):
    def __init__(self, column: str, what: str) -> None:
        super().__init__(f"{column}: {what}")


def read(text: str, name: str) -> Table:
    """The alerts of a table. Raises Unreadable where its first line is not understood."""
    text = text.removeprefix("\ufeff")
    header = text.partition("\n")[0]
    delimiter = ";" if header.count(";") > header.count(",") else ","
    rows = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    try:
        columns = _columns(next(rows, []), name)
    except csv.Error as error:
        raise Unreadable(f"{name}, line 1: {error}") from None
    pasts: list[Past] = []
    mistakes: list[str] = []
    for line, row in _lines(rows, name, mistakes):
        try:
            pasts.append(_past(columns, row, f"line-{line}"))
        except _Wrong as wrong:
            mistakes.append(f"{name}, line {line}, {wrong}")
    pasts.sort(key=lambda past: past.raised_at)
    return Table(pasts=tuple(pasts), mistakes=tuple(mistakes))


def _lines(rows: Any, name: str, mistakes: list[str]) -> Iterator[tuple[int, Sequence[str]]]:
    """(number of the line it begins in, its fields) of every line that is not empty."""
    while True:
        line = rows.line_num + 1
        try:
            row = next(rows, None)
        except csv.Error as error:
            mistakes.append(f"{name}, line {line}: {error}")
            continue
        if row is None:
            return
        if any(field.strip() for field in row):
            yield line, row


def _columns(header: Sequence[str], name: str) -> list[str]:
    columns = [column.strip().lower() for column in header]
    for required in REQUIRED:
        if required not in columns:
            raise Unreadable(f"{name}, line 1: there is no column {required}; it can have {', '.join(COLUMNS)}")
    twice = sorted({column for column in columns if column in COLUMNS and columns.count(column) > 1})
    if twice:
        raise Unreadable(f"{name}, line 1: the column {twice[0]} is there twice")
    return columns


def _past(columns: list[str], row: Sequence[str], id: str) -> Past:
    if len(row) > len(columns):
        raise _Wrong("fields", f"there are {len(row)}, and only {len(columns)} columns")
    cells = {column: field.strip()[:LONGEST] for column, field in zip(columns, row, strict=False)}
    raised = _instant(cells, "raised_at")
    if raised is None:
        raise _Wrong("raised_at", "empty")
    owner = _person(cells, "owner")
    if not owner:
        raise _Wrong("owner", "empty")
    channel = cells.get("channel") or "#history"
    reactions = tuple(_reactions(cells, raised, owner))
    return Past(
        id=id,
        signal=_signal(cells),
        raised_at=raised,
        owner=owner,
        place=f"slack:#{channel.removeprefix('#')}",
        policy=cells.get("policy") or "default",
        reactions=reactions,
        said=None,
        last=max((reaction.at for reaction in reactions), default=raised),
    )


def _signal(cells: dict[str, str]) -> Signal:
    named = cells.get("severity", "").lower() or "warning"
    severity = _SEVERITIES.get(named)
    if severity is None:
        raise _Wrong("severity", f"unknown value {named[:40]}; one of {', '.join(one.value for one in Severity)}")
    return Signal(
        source=cells.get("source") or "history",
        title=cells.get("title") or "An alert",
        severity=severity,
        dedup_key=cells.get("key") or None,
        labels={name.removeprefix("labels."): cell for name, cell in cells.items() if name.startswith("labels.")},
    )


def _reactions(cells: dict[str, str], raised: datetime, owner: str) -> Iterator[Reaction]:
    acknowledged, closed = _instant(cells, "acknowledged_at"), _instant(cells, "closed_at")
    by = _person(cells, "acknowledged_by") or owner
    ends = _person(cells, "closed_by") or by
    for column, at in (("acknowledged_at", acknowledged), ("closed_at", closed)):
        if at is not None and at < raised:
            raise _Wrong(column, "before raised_at")
    if acknowledged and closed and closed < acknowledged:
        raise _Wrong("closed_at", "before acknowledged_at")
    if acknowledged:
        yield _by(by, Kind.ACKNOWLEDGED, acknowledged, raised if by == owner else None)
    if closed:
        yield _by(ends, Kind.RESOLVED, closed, raised if ends == owner else None)


def _by(person: str, kind: Kind, at: datetime, asked: datetime | None) -> Reaction:
    """What somebody did; `asked`: when the card asked them, where it did."""
    actor = Actor(kind="person", id=person, name=person)
    data = {"reason": "as recorded"} if kind == Kind.RESOLVED else {}
    if asked is None:
        return Reaction(kind, at, actor, UNASKED, data=data)
    return Reaction(kind, at, actor, 0, at - asked, data)


def _person(cells: dict[str, str], column: str) -> str:
    return cells.get(column, "").lower()


def _instant(cells: dict[str, str], column: str) -> datetime | None:
    text = cells.get(column, "")
    if not text:
        return None
    for parse in _PARSERS:
        try:
            found = parse(text)
        except (ValueError, OverflowError, OSError):
            continue
        if _EARLIEST <= found <= _LATEST:
            return found
        raise _Wrong(column, f"{text[:40]} is not between 1990 and 2200")
    raise _Wrong(column, f"{text[:40]} is no instant; write 2026-11-20T14:30:00Z or seconds since 1970")


_SECONDS = re.compile(r"\d{9,13}(\.\d+)?")
"""of them ten digits, or thirteen for milliseconds; eight are a day written without dashes"""


def _epoch(text: str) -> datetime:
    if not _SECONDS.fullmatch(text):
        raise ValueError("not seconds since 1970")
    seconds = float(text)
    return datetime.fromtimestamp(seconds / 1000 if seconds > 1e11 else seconds, UTC)


def _iso(text: str) -> datetime:
    """Without a zone it is UTC."""
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


_PARSERS: tuple[Callable[[str], datetime], ...] = (_epoch, _iso)
