"""Every place of closeloop.yaml where a person is named."""

from __future__ import annotations

from collections.abc import Iterator

from bot.config.humans import Human
from bot.config.lines import Document, Path
from bot.config.names import mapping
from bot.config.owners import OwnerShape
from bot.config.policies import PolicyShape, every_ladder
from bot.config.schedules import ScheduleShape
from bot.config.shapes import File, Raiser

Mention = tuple[Path, str]
"""where somebody is named, and who"""


def people_named(file: File, document: Document) -> Iterator[Mention]:
    """Everybody who is named, the people's own entries aside. A path may be more exact than what was written."""
    yield ("fallback", "owner"), file.fallback.owner
    for email, human in file.people.items():
        yield from _of_human(email, human, document)
    for name, source in file.sources.items():
        yield from _of_source(("sources", name), source)
    for n, rule in enumerate(file.routing):
        yield from _of_owners(("routing", n, "owner"), rule.owner)
    yield from ((("admins", n), email) for n, email in enumerate(file.admins))
    for name, schedule in file.schedules.items():
        yield from _of_schedule(("schedules", name), schedule)
    for name, policy in file.policies.items():
        yield from _of_policy(("policies", name, "acknowledge"), policy)
    for name, table in file.tables.items():
        yield from ((("tables", name, "names", user), email) for user, email in table.names.items())
    yield from ((("maintenance", n, "owner"), window.owner) for n, window in enumerate(file.maintenance))


def _of_human(email: str, human: Human, document: Document) -> Iterator[Mention]:
    if human.manager:
        yield written(document, "people", email, "manager"), human.manager
    for n, absence in enumerate(human.away):
        if absence.delegate:
            yield (*written(document, "people", email, "away"), n, "delegate"), absence.delegate


def _of_source(path: Path, source: Raiser) -> Iterator[Mention]:
    yield from _of_owners((*path, "owner"), source.owner)
    for role in ("steward", "data_owner", "sponsor"):
        if email := getattr(source, role):
            yield (*path, role), email


def _of_owners(path: Path, owners: tuple[OwnerShape, ...]) -> Iterator[Mention]:
    several = len(owners) > 1
    for n, owner in enumerate(owners):
        if owner.person:
            yield (*path, n) if several else path, owner.person


def _of_schedule(path: Path, schedule: ScheduleShape) -> Iterator[Mention]:
    for n, rotation in enumerate(schedule.rotations):
        yield from (((*path, "rotations", n, "people", m), email) for m, email in enumerate(rotation.people))
    yield from (((*path, "people", name), email) for name, email in schedule.people.items())


def _of_policy(path: Path, policy: PolicyShape) -> Iterator[Mention]:
    for around, steps in every_ladder(policy):
        for n, step in enumerate(steps):
            named = (who for who in step.who if "@" in who and not who.startswith(("#", "group: ", "on call: ")))
            yield from (((*path, *around, n, "who"), who) for who in named)


def written(document: Document, section: str, name: str, key: str) -> Path:
    """The path of an entry whose name was lowered when it was read."""
    keys = mapping(document.data, section)
    return (section, next((key for key in keys if key.strip().lower() == name), name), key)
