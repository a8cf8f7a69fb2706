"""What people type about their own time: away, back, quiet hours, how they want to be told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bot.core.pages import Row, Sheet
from bot.core.people import Person
from bot.core.phrases import EXAMPLES, instant
from bot.core.text import Quote, Text, When, Who, one_line, sentence
from bot.ports import Answer
from handlers.reader import Reader

if TYPE_CHECKING:
    from bot.attendance import Said
    from handlers.commands import Typed

SHOWN = 30
_BECAUSE = re.compile(r"(?:^|\s)because(?:\s|$)", re.IGNORECASE)
_WORDS = re.compile(r"(?:^|(?<=\s))(until|till|for|delegate)(?:\s+|$)", re.IGNORECASE)
# `@U0BEN` of Slack, `@` and an Entra object id of Teams.
_MENTION = re.compile(r"@?([UW][A-Z0-9]{2,20}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})")


def parts(text: str) -> tuple[str, dict[str, str]]:
    """What stands before the first keyword, and keyword ▶ what follows it: `ben until friday because trip`.

    Whatever follows `because` is the reason, with all its words.
    """
    text, *why = _BECAUSE.split(text, maxsplit=1)
    first, *pieces = _WORDS.split(text)
    named = {word.lower(): rest.strip() for word, rest in zip(pieces[::2], pieces[1::2], strict=True)}
    if "till" in named:
        named.setdefault("until", named["till"])
    if why:
        named["because"] = why[0].strip()
    return first.strip(), named


def person(ref: str, reader: Reader) -> Person | None:
    """Whoever is meant by a mention, as their chat names them, or by an e-mail."""
    wanted = ref.strip().rstrip(",.")
    email, found = wanted.lower(), None
    if mention := _MENTION.fullmatch(wanted):
        found = reader.people.by_chat(reader.platform, mention[1])
    elif "@" in email.strip("@"):
        found = reader.people.known([email]).get(email)
    return found if found and found.kind != "unknown" else None


def told(said: Said) -> Answer:
    return Answer(ok=said.ok, said=said.text)


def wrong(why: str) -> Answer:
    return Answer(ok=False, said=sentence(why))


def away(typed: Typed) -> Answer:
    """`until friday delegate @ben because trip`, also for somebody who reports to them; alone: who is away."""
    reader = typed.reader
    who, named = parts(typed.rest)
    if not typed.rest:
        return Answer(ok=True, sheet=_absences(reader))
    whose = person(who, reader) if who else reader.person
    if whose is None:
        return wrong(f"Say it like this: away until friday delegate @ben. {one_line(who, 60)} is nobody I know.")
    until = instant(named.get("until") or named.get("for", ""), now=reader.now, time_zone=reader.person.time_zone)
    if until is None:
        return wrong(f"Say until when, for example: {EXAMPLES}.")
    delegate = person(named["delegate"], reader) if "delegate" in named else None
    if "delegate" in named and delegate is None:
        return wrong("Whoever stands in is nobody I know: name them with @ or by their e-mail.")
    why = named.get("because", "")
    return told(typed.attendance.away(whose, until, by=reader.person, delegate=delegate, why=why))


def back(typed: Typed) -> Answer:
    whose = person(typed.rest, typed.reader) if typed.rest else typed.reader.person
    if whose is None:
        return wrong("Type back alone, or back @ben for somebody who reports to you.")
    return told(typed.attendance.back(whose, by=typed.reader.person))


def quiet(typed: Typed) -> Answer:
    if not typed.rest:
        mine = typed.reader.person.quiet
        return Answer(
            ok=True, said=sentence(f"Your quiet hours: {one_line(mine, 80)}." if mine else "You have no quiet hours.")
        )
    return told(typed.attendance.quiet(typed.reader.person, typed.rest))


def prefer(typed: Typed) -> Answer:
    return told(typed.attendance.prefer(typed.reader.person, typed.rest.lower()))


def _absences(reader: Reader) -> Sheet:
    """Whoever is away among the owners of what this reader may see, themselves first."""
    known = reader.people.known({reader.person.id, *(alert.owner for alert in reader.open())})
    rows = tuple(Row(lines=(line,)) for line in _lines(known.values(), reader))
    intro = sentence("Nobody who concerns you is away." if not rows else f"{len(rows)} away.")
    return Sheet(title="Away", intro=intro, rows=rows[:SHOWN], people=known)


def _lines(people: object, reader: Reader) -> Iterator[Text]:
    everybody = sorted(people, key=lambda one: (one.id != reader.person.id, one.name))  # type: ignore[call-overload]
    for one in everybody:
        if absence := one.absence(reader.now):
            instead = ("; ", Who(absence.delegate), " stands in") if absence.delegate else ()
            why = (": ", Quote(one_line(absence.why, 100))) if absence.why else ()
            yield sentence(Who(one.id), " until ", When(absence.until), *instead, *why)
