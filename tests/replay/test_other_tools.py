"""Logs of other tools, and what-ifs: what is read, and what is said of the rest."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.events import Kind
from bot.core.signal import Severity
from bot.replay.table import Unreadable, read
from bot.replay.whatif import WhatIf
from bot.replay.whatif import read as what_if

HEAD = "raised_at,severity,source,owner,acknowledged_at,acknowledged_by,closed_at,title,key\n"


def test_a_line_is_an_alert_with_its_reactions() -> None:
    line = (
        "2026-11-20T14:30:00+01:00,high,grafana,Ana@acme.example,1795182000,ben@acme.example,2026-11-20 16:00,Disk,k\n"
    )
    (past,) = read(HEAD + line, "h.csv").pasts
    assert past.raised_at == datetime(2026, 11, 20, 13, 30, tzinfo=UTC)
    assert (past.owner, past.signal.severity, past.signal.source) == ("ana@acme.example", Severity.ERROR, "grafana")
    assert past.said is None and past.signal.dedup_key == "k"
    assert read(HEAD + line.replace("1795182000", "2025-01-01"), "h.csv").mistakes == (
        "h.csv, line 2, acknowledged_at: before raised_at",
    )


def test_the_owner_reacts_to_the_card_and_somebody_else_of_their_own_accord() -> None:
    rows = HEAD + "2026-11-20,,,ana@a.example,2026-11-20T00:10,,2026-11-20T01:00,,\n"
    rows += "2026-11-21,,,ana@a.example,2026-11-21T00:10,ben@a.example,,,\n"
    own, other = read(rows, "h.csv").pasts
    assert [(r.kind, r.by.id, r.ask, r.delay) for r in own.reactions] == [
        (Kind.ACKNOWLEDGED, "ana@a.example", 0, timedelta(minutes=10)),
        (Kind.RESOLVED, "ana@a.example", 0, timedelta(hours=1)),
    ]
    assert [(r.by.id, r.ask) for r in other.reactions] == [("ben@a.example", -1)]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("yesterday,error,s,a@b.example", "line 2, raised_at: yesterday is no instant"),
        (",error,s,a@b.example", "line 2, raised_at: empty"),
        ("2026-11-20,error,s,", "line 2, owner: empty"),
        ("2026-11-20,dire,s,a@b.example", "line 2, severity: unknown value dire"),
        ("0999-01-01,error,s,a@b.example", "line 2, raised_at: 0999-01-01 is not between"),
        ("2026-11-20,error,s,a@b.example,2026-11-21,,2026-11-20T12:00", "line 2, closed_at: before acknowledged_at"),
        ("2026-11-20,error,s,a@b.example,,,,t,k,too,many", "line 2, fields: there are 11"),
    ],
)
def test_a_line_with_a_mistake_is_told_and_loses_nothing_else(line: str, what: str) -> None:
    found = read(f"{HEAD}{line}\n2026-11-22,error,s,ana@a.example\n", "h.csv")
    assert len(found.pasts) == 1 and len(found.mistakes) == 1 and what in found.mistakes[0], found.mistakes


def test_a_mark_at_the_beginning_semicolons_lines_of_windows_and_lines_within_a_field_are_understood() -> None:
    text = '\ufeffraised_at;owner;title;labels.team\r\n2026-11-20;a@b.example;"two\r\nlines; one field";ap\r\n'
    text += "\r\nx;b@b.example;;\r\n"
    found = read(text, "h.csv")
    assert found.pasts[0].signal.title == "two\r\nlines; one field" and found.pasts[0].signal.labels == {"team": "ap"}
    assert found.mistakes[0].startswith("h.csv, line 5, raised_at")


@pytest.mark.parametrize("head", ["", "severity,owner\n", "raised_at,title\n", "raised_at,owner,owner\n"])
def test_a_table_without_its_columns_is_refused_as_a_whole(head: str) -> None:
    with pytest.raises(Unreadable, match="line 1"):
        read(head + "2026-11-20,a@b.example\n", "h.csv")


@given(st.text(max_size=300))
def test_whatever_stands_in_a_table_is_read_or_told(text: str) -> None:
    found = read("raised_at,owner,acknowledged_at,title\n" + text, "h.csv")
    assert all(mistake.startswith("h.csv, line ") for mistake in found.mistakes)


def test_what_if_is_written_in_three_ways() -> None:
    start, known = datetime(2026, 11, 1, tzinfo=UTC), ["ana@acme.example", "ben@acme.example"]
    assert what_if("Ana away 2w") == WhatIf(person="ana", length=timedelta(weeks=2))
    who, away = what_if("ana away 2026-12-24..2027-01-02 delegate ben").away(start, known)
    assert (who, away.delegate) == ("ana@acme.example", "ben@acme.example")
    assert (away.start, away.until) == (datetime(2026, 12, 24, tzinfo=UTC), datetime(2027, 1, 3, tzinfo=UTC))
    assert what_if("x@y.example away 3d12h").days is None
    assert what_if("ana away 2026-12-24..2026-12-24").days == (date(2026, 12, 24), date(2026, 12, 24))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("ana", "not understood"),
        ("ana away", "not understood"),
        ("ana away soon", "not a duration"),
        ("ana away 0d", "no time at all"),
        ("ana away 2026-12-24..2026-12-01", "ends before it begins"),
        ("ana away 2026-02-30..2026-03-01", "day is out of range"),
        ("zoe away 2w", "nobody called zoe"),
        ("ben away 2w", "ben@a.example or ben@b.example"),
        ("ana away 2w delegate ana", "cannot stand in for themselves"),
    ],
)
def test_a_what_if_that_means_nothing_says_why(text: str, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        what_if(text).away(datetime(2026, 11, 1, tzinfo=UTC), ["ana@a.example", "ben@a.example", "ben@b.example"])
