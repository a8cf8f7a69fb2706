"""The slash command: what was typed, what is answered. Everybody sees only what they may see."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass

from bot.attendance import Attendance
from bot.core import pages
from bot.core.help import USAGES, help_page
from bot.core.state import Alert
from bot.core.text import sentence
from bot.ports import Answer
from handlers import attendance, duty
from handlers.reader import Reader

FOUND = 20


@dataclass(frozen=True, kw_only=True)
class Typed:
    """One command: who typed it, what follows its first word, what may be asked."""

    reader: Reader
    rest: str
    attendance: Attendance
    draw: Callable[[], bool]
    """has the report drawn and sent to whoever asked; False where nobody can just now"""


Command = Callable[[Typed], Answer]


def run(text: str, typed: Callable[[str], Typed]) -> Answer:
    """The answer to `/loop <text>`; `typed` makes what a command gets of what follows its first word."""
    name, rest = _parted(text)
    command = COMMANDS.get(name)
    if command is None:
        return _suggested(name, text)
    return command(typed(rest))


def changes(text: str) -> bool:
    """Whether it may change something, so that a repeat of the same request must not do it again."""
    return _parted(text)[0] in CHANGING


def _parted(text: str) -> tuple[str, str]:
    """The command's name and what follows it."""
    word, _, rest = text.strip().partition(" ")
    name = word.lower() or "mine"
    return _ALSO.get(name, name), rest.strip()


def _suggested(name: str, text: str) -> Answer:
    near = difflib.get_close_matches(name, COMMANDS, n=1, cutoff=0.5)
    if near:
        example = next((usage for usage, _ in USAGES if usage.split()[0] == near[0]), near[0])
        return Answer(
            ok=False, said=sentence(f"There is no such command. Did you mean {near[0]}? Like this: {example}")
        )
    return Answer(ok=False, said=sentence("There is no such command. Type help to see what there is."))


def _listed(title: str, alerts: list[Alert], typed: Typed) -> Answer:
    return Answer(ok=True, sheet=pages.listing(title, alerts, now=typed.reader.now))


def _mine(typed: Typed) -> Answer:
    return _listed("My open alerts", typed.reader.mine(), typed)


def _open(typed: Typed) -> Answer:
    name = typed.rest.lower() if typed.rest.startswith("#") else ""
    place = f"{typed.reader.platform}:{name}" if name else None
    return _listed(f"Open alerts in {name}" if name else "Open alerts", typed.reader.open(place), typed)


def _exceptions(typed: Typed) -> Answer:
    return _listed("Exceptions", typed.reader.exceptions(), typed)


def _status(typed: Typed) -> Answer:
    short = typed.rest.lstrip("#").upper()
    if len(short) < 4 or not short.isalnum():
        return Answer(ok=False, said=sentence("Type the number on the card, for example: status 8F3K2Q"))
    reader = typed.reader
    found = reader.sees(reader.store.alerts_by_short(short))
    if not found:
        return Answer(ok=False, said=sentence("No alert that you can see has this number."))
    if len(found) > 1:
        return _listed(f"Alerts ending in {short}", found, typed)
    events = reader.store.events(found[0].id)
    return Answer(ok=True, sheet=pages.status(found[0], list(events), now=reader.now), alert=found[0])


def _find(typed: Typed) -> Answer:
    """By number, by entity, or by words."""
    wanted, reader = typed.rest.strip(), typed.reader
    if len(wanted) < 3:
        return Answer(ok=False, said=sentence("Type what to look for, three letters or more: find invoice 7731"))
    by_number = reader.store.alerts_by_short(wanted.lstrip("#").upper()) if wanted.lstrip("#").isalnum() else []
    found = {alert.id: alert for alert in (*by_number, *reader.store.search(wanted, limit=FOUND * 5))}
    seen = reader.sees(list(found.values()))[:FOUND]
    if not seen:
        return Answer(ok=False, said=sentence("Nothing that you can see was found among the newest alerts."))
    return _listed("Found", seen, typed)


def _report(typed: Typed) -> Answer:
    if not typed.reader.person.may_own:
        return Answer(ok=False, said=sentence("Only full members of this workspace can see the report."))
    if not typed.draw():
        return Answer(ok=False, said=sentence("The report cannot be drawn just now. Please try again in a minute."))
    return Answer(ok=True, said=sentence("The report is being drawn; you get it as a direct message in a moment."))


def _help(typed: Typed) -> Answer:
    return Answer(ok=True, sheet=help_page(typed.rest.lower()))


COMMANDS: dict[str, Command] = {
    "mine": _mine,
    "open": _open,
    "status": _status,
    "find": _find,
    "exceptions": _exceptions,
    "report": _report,
    "oncall": duty.oncall,
    "away": attendance.away,
    "back": attendance.back,
    "quiet": attendance.quiet,
    "prefer": attendance.prefer,
    "mute": duty.mute,
    "unmute": duty.unmute,
    "help": _help,
}
CHANGING = frozenset(("oncall", "away", "back", "quiet", "prefer", "mute", "unmute"))
_ALSO = {"search": "find", "on-call": "oncall", "show": "status", "?": "help"}
"""other words that people try"""
