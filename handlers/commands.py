"""The slash command: what was typed, what is answered. Everybody sees only what they may see."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core import pages
from bot.core.people import Person
from bot.core.state import Alert
from bot.core.text import sentence
from bot.ports import AlertFilter, Answer, Store

UNFINISHED = ("open", "acknowledged", "resolved")
LOOKED_AT = 200


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Somebody who wants to see alerts."""

    person: Person
    store: Store
    now: datetime
    concerns: Callable[[Person, Sequence[Alert]], set[str]]
    """ids of those that are theirs to see without being in the channel"""
    is_member: Callable[[str], bool]
    """in the channel of this place"""

    def sees(self, alerts: Sequence[Alert]) -> list[Alert]:
        """Those of `alerts` that they may see: theirs, and what stands in channels they are in."""
        theirs = self.concerns(self.person, alerts)
        places = {alert.place for alert in alerts if alert.id not in theirs} if self.person.may_own else set()
        open_to_them = {place for place in places if self.is_member(place)}
        return [alert for alert in alerts if alert.id in theirs or alert.place in open_to_them]

    def mine(self) -> list[Alert]:
        which = AlertFilter(owner=self.person.id, status=UNFINISHED, order="due", limit=LOOKED_AT)
        return list(self.store.alerts(which).items)

    def open(self, place: str | None = None) -> list[Alert]:
        which = AlertFilter(status=UNFINISHED, place=place, order="due", limit=LOOKED_AT)
        return self.sees(self.store.alerts(which).items)


def run(typed: str, reader: Reader) -> Answer:
    """The answer to `/loop <typed>`."""
    word, _, rest = typed.strip().partition(" ")
    command = _COMMANDS.get(word.lower() or "mine")
    if command is None:
        near = difflib.get_close_matches(word.lower(), _COMMANDS, n=1)
        hint = f" Did you mean {near[0]}?" if near else " Type help to see what there is."
        return Answer(ok=False, said=sentence(f"There is no such command.{hint}"))
    return command(rest.strip(), reader)


def _mine(rest: str, reader: Reader) -> Answer:
    return Answer(ok=True, sheet=pages.listing("My open alerts", reader.mine(), now=reader.now))


def _open(rest: str, reader: Reader) -> Answer:
    name = rest.lower() if rest.startswith("#") else ""
    place = f"slack:{name}" if name else None
    title = f"Open alerts in {name}" if name else "Open alerts"
    return Answer(ok=True, sheet=pages.listing(title, reader.open(place), now=reader.now))


def _status(rest: str, reader: Reader) -> Answer:
    short = rest.lstrip("#").upper()
    if len(short) < 4 or not short.isalnum():
        return Answer(ok=False, said=sentence("Type the number on the card, for example: status 8F3K2Q"))
    found = reader.sees(reader.store.alerts_by_short(short))
    if not found:
        return Answer(ok=False, said=sentence("No alert that you can see has this number."))
    if len(found) > 1:
        return Answer(ok=True, sheet=pages.listing(f"Alerts ending in {short}", found, now=reader.now))
    events = reader.store.events(found[0].id)
    return Answer(ok=True, sheet=pages.status(found[0], list(events), now=reader.now), alert=found[0])


def _help(rest: str, reader: Reader) -> Answer:
    return Answer(ok=True, sheet=pages.help_page())


_COMMANDS: dict[str, Callable[[str, Reader], Answer]] = {
    "mine": _mine,
    "open": _open,
    "status": _status,
    "help": _help,
}
