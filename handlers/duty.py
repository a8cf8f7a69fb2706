"""What people type about who is on call, and about what is muted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.core import oncall as rota
from bot.core.pages import Row, Sheet
from bot.core.phrases import EXAMPLES, instant
from bot.core.text import Quote, Text, When, Who, Words, one_line, sentence
from bot.ports import Answer
from handlers.attendance import parts, person, told, wrong

if TYPE_CHECKING:
    from handlers.commands import Typed

AHEAD = timedelta(days=14)
"""shifts that begin within it are shown"""
LOOK = timedelta(days=28)
"""how far their ends are looked for"""
PIECES = 6
"""shifts of a schedule that are shown"""


def oncall(typed: Typed) -> Answer:
    """Alone: who is on call now and next; `swap payments @ben until friday`: somebody else is."""
    word, _, rest = typed.rest.partition(" ")
    if not typed.reader.person.may_own:
        return wrong("Only full members of this workspace can see who is on call.")
    if word.lower() == "swap":
        return _swap(typed, rest)
    schedules = typed.attendance.plan.schedules
    wanted = [word.lower()] if word else sorted(schedules)
    if unknown := [name for name in wanted if name not in schedules]:
        known = ", ".join(sorted(schedules)) or "none is configured"
        return wrong(f"There is no schedule {one_line(unknown[0], 60)}. There are: {known}.")
    rows = tuple(row for name in wanted for row in _rows(name, typed))
    intro = () if rows else sentence("No schedule is configured.")
    people = {part.person for row in rows for line in row.lines for part in line if isinstance(part, Who)}
    return Answer(
        ok=True, sheet=Sheet(title="On call", intro=intro, rows=rows, people=typed.reader.people.known(people))
    )


def _rows(name: str, typed: Typed) -> Iterator[Row]:
    schedule, now = typed.attendance.plan.schedules[name], typed.reader.now
    end = now + LOOK
    pieces = rota.timeline(schedule, now, end, typed.reader.store.shifts_between(name, now, end))
    near = [piece for piece in pieces if piece.start < now + AHEAD]
    yield Row(lines=((Words(one_line(name, 80), bold=True),),))
    for piece in near[:PIECES]:
        yield Row(lines=(_piece(piece, now=piece.start <= now, open_end=piece.until >= end),))


def _piece(piece: rota.Piece, *, now: bool, open_end: bool) -> Text:
    """`open_end`: it lasts as far as was looked, and nobody knows here when it is over."""
    lead = "Now: " if now else "From "
    start = () if now else (When(piece.start), ": ")
    until = () if open_end else (" until ", When(piece.until))
    if isinstance(piece, rota.Gap):
        return sentence(lead, *start, Words("nobody", bold=True), *until)
    swapped = (" (swapped by ", Who(piece.by), ")") if piece.override and piece.by else ()
    return sentence(lead, *start, Who(piece.person), *until, *swapped)


def _swap(typed: Typed, rest: str) -> Answer:
    what, named = parts(rest)
    name, _, who = what.partition(" ")
    to = person(who, typed.reader) if who else typed.reader.person
    until = instant(
        named.get("until") or named.get("for", ""), now=typed.reader.now, time_zone=typed.reader.person.time_zone
    )
    if not name or to is None or until is None:
        return wrong(f"Say it like this: oncall swap payments @ben until friday 9:00. Times: {EXAMPLES}.")
    return told(typed.attendance.swap(name.lower(), to, until, by=typed.reader.person))


def mute(typed: Typed) -> Answer:
    """Alone: what is muted; `drift-watch until 17:00 because migration`: hold it back."""
    what, named = parts(typed.rest)
    if not typed.reader.person.may_own:
        return wrong("Only full members of this workspace can see what is muted.")
    if not what:
        return Answer(ok=True, sheet=_muted(typed))
    until = instant(
        named.get("until") or named.get("for", ""), now=typed.reader.now, time_zone=typed.reader.person.time_zone
    )
    if until is None:
        return wrong(f"A mute always ends: mute {one_line(what, 60)} until 17:00. Times: {EXAMPLES}.")
    return told(typed.attendance.mute(what, until, by=typed.reader.person, why=named.get("because", "")))


def unmute(typed: Typed) -> Answer:
    if not typed.rest:
        return wrong("Say what: unmute drift-watch")
    return told(typed.attendance.unmute(typed.rest, by=typed.reader.person))


def _muted(typed: Typed) -> Sheet:
    muted = typed.attendance.muted()
    rows = []
    for one in muted:
        what = f"rule {one.rule}" if one.rule else one.source or "everything"
        why = (": ", Quote(one_line(one.why, 100))) if one.why else ()
        lead = (Quote(one_line(what, 80), bold=True), " until ", When(one.until), " · ", Who(one.owner), *why)
        rows.append(Row(lines=(sentence(*lead),)))
    people = typed.reader.people.known({one.owner for one in muted})
    intro = sentence("Nothing is muted." if not rows else f"{len(rows)} muted.")
    return Sheet(title="Muted", intro=intro, rows=tuple(rows), people=people)
