"""What closeloop.yaml means as a whole: what contradicts itself, and what is not what it seems."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from bot.config import windows, workitems
from bot.config.humans import away, person
from bot.config.lines import Document
from bot.config.mentions import people_named, written
from bot.config.mistakes import Mistake, nearest
from bot.config.policies import PolicyShape, every_ladder
from bot.config.shapes import File
from bot.core.mutes import Mute
from bot.core.oncall import Schedule, gaps
from bot.core.people import Nobody, Person, managers

AHEAD = timedelta(days=14)
"""how far gaps in schedules are looked for"""

# ── mistakes that show only where everything is read ─────────────────────────────────────────────────────────────────


def contradictions(file: File, document: Document) -> Iterator[Mistake]:
    """Spans of time that end before they start, or last too long; a tool that cannot be used so."""
    yield from (document.mistake(("work_items", key), what) for key, what in workitems.mistakes(file.work_items))
    yield from _spans(file, document)


def _spans(file: File, document: Document) -> Iterator[Mistake]:
    for email, human in file.people.items():
        for n, absence in enumerate(human.away):
            path = (*written(document, "people", email, "away"), n, "until")
            span = away(absence, human.zone)
            if span.until <= span.start:
                yield document.mistake(path, "ends before it starts")
            if span.delegate == email:
                yield document.mistake((*path[:-1], "delegate"), "nobody stands in for themselves; leave it out")
    for n, window in enumerate(mutes(file)):
        if window.until <= window.start:
            yield document.mistake(("maintenance", n, "until"), "ends before it starts")
        elif window.until - window.start > windows.LONGEST:
            what = f"lasts longer than {windows.LONGEST.days} days; write one window after the other"
            yield document.mistake(("maintenance", n, "until"), what)


def mutes(file: File) -> tuple[Mute, ...]:
    return tuple(windows.mute(window, _zone(file, window.owner)) for window in file.maintenance)


def _zone(file: File, email: str) -> str:
    human = file.people.get(email)
    return human.zone if human else "UTC"


# ── warnings: the file can be used, but not all of it does what its writer may think ─────────────────────────────────


def warnings(file: File, document: Document) -> Iterator[Mistake]:
    yield from _cycles(file, document)
    yield from _tops(file, document)
    yield from _strangers(file, document)
    yield from _zones(file, document)
    yield from _windows(file, document)
    yield from _not_yet(file, document)


def ahead(schedules: Iterable[Schedule], document: Document, now: datetime) -> Iterator[Mistake]:
    """Gaps that lie ahead in schedules without a calendar: what a calendar says is not in the file."""
    for schedule in schedules:
        if not schedule.calendar and (found := gaps(schedule, now, now + AHEAD, ())):
            start, until = found[0]
            times = "" if len(found) == 1 else f", and {len(found) - 1} more times in {AHEAD.days} days"
            what = f"nobody is on call from {start:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC{times}"
            yield document.mistake(("schedules", schedule.name), f"{what}: who is named next is asked then")


class _Chart(Nobody):
    """The people of the file as a Roster."""

    def __init__(self, file: File) -> None:
        self._people = {email: person(email, human) for email, human in file.people.items()}

    def person(self, person_id: str, /) -> Person | None:
        return self._people.get(person_id)


def _cycles(file: File, document: Document) -> Iterator[Mistake]:
    chart, told = _Chart(file), set[str]()
    for email in file.people:
        chain = [email, *managers(email, chart)]
        last = chart.person(chain[-1])
        back = last.manager if last else None
        if back in chain and not told & set(chain):
            told |= set(chain)
            loop = chain[chain.index(back) :]
            what = f"a cycle of managers, {' ▶ '.join((*loop, back))}: it ends the chain of who is asked"
            yield document.mistake(written(document, "people", email, "manager"), what)


def _tops(file: File, document: Document) -> Iterator[Mistake]:
    for name, policy in file.policies.items():
        for around, steps in every_ladder(policy):
            if not steps[-1].who[0].startswith("#"):
                who = ", ".join(steps[-1].who)
                what = f"the last step asks {who} for ever; let it be a channel, where anyone can take it"
                yield document.mistake(("policies", name, "acknowledge", *around, len(steps) - 1, "who"), what)


def _strangers(file: File, document: Document) -> Iterator[Mistake]:
    """People named somewhere whom nobody can know, or who are probably somebody else."""
    for path, email in people_named(file, document):
        if email in file.people:
            continue
        match = nearest(email, file.people, cutoff=0.9)
        hint = f"did you mean {match}?" if match else "add them, or add slack to directory"
        if match or not _asks_others(file):
            yield document.mistake(path, f"{email} is not among people; {hint}")


def _asks_others(file: File) -> bool:
    """Whether anybody but the file knows people."""
    return any(name != "file" for name in file.directory)


def _zones(file: File, document: Document) -> Iterator[Mistake]:
    """Hours of people whose time zone nobody can know."""
    for email, human in file.people.items():
        key = next((key for key in ("hours", "quiet") if getattr(human, key)), None)
        if key and not human.time_zone and not _asks_others(file):
            yield document.mistake(written(document, "people", email, key), "read as UTC: give them a time_zone")


def _windows(file: File, document: Document) -> Iterator[Mistake]:
    for n, window in enumerate(file.maintenance):
        human = file.people.get(window.owner)
        for key, at in (("from", window.start), ("until", window.until)):
            if at.tzinfo is None and not (human and human.time_zone):
                what = f"read as UTC: {window.owner} has no time_zone here; give them one, or write an offset, +01:00"
                yield document.mistake(("maintenance", n, key), what)
        source = window.source or ""
        if source not in file.sources and (match := nearest(source, file.sources, cutoff=0.8)):
            what = f"{source} is not among sources; did you mean {match}?"
            yield document.mistake(("maintenance", n, "source"), what)


def _not_yet(file: File, document: Document) -> Iterator[Mistake]:
    """What the file may say already and this version does not do yet, at its first place."""
    policies = {"default": PolicyShape(), **file.policies}
    path = next((("policies", name, "verify") for name, policy in policies.items() if policy.verify != "never"), None)
    if path:
        what = "resolutions are not verified yet: they close at once in this version"
        yield document.mistake(path, what)
