"""People, and who sends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, delete, select

from bot.core.people import Away, Person
from bot.ports import Source
from bot.ports.rota import Wishes
from storage import rows
from storage.models import sources
from storage.owing import insert_into
from storage.rota_models import ONGOING, absences, chat_ids, people, wishes

Found = tuple[Person, datetime]

RECENT = timedelta(days=1)
"""how long an absence that is over is still told of"""


def complete(person: Person, declared: Iterable[Away], wished: Wishes, at: datetime) -> Person:
    """A person as a directory knows them, with what they say themselves; absences that are long over are left out."""
    away = tuple(sorted({one for one in (*person.away, *declared) if one.until > at - RECENT}, key=_order))
    prefers = person.prefers if wished.prefers is None else wished.prefers
    quiet = person.quiet if wished.quiet is None else wished.quiet
    if (away, prefers, quiet) == (person.away, person.prefers, person.quiet):
        return person
    return replace(person, away=away, prefers=prefers, quiet=quiet)


def undeclared(person: Person, declared: Iterable[Away]) -> Person:
    """Less what they declared themselves: whoever read it with the rest hands it back with the rest."""
    known = set(declared)
    return replace(person, away=tuple(one for one in person.away if one not in known)) if person.away else person


def _order(away: Away) -> tuple[datetime, datetime, str, str]:
    return away.start, away.until, away.delegate or "", away.why


def _asked() -> Select[Any]:
    """With their wishes and each of their absences in one row: a decision asks for a person in one trip."""
    theirs = and_(absences.c.person == people.c.id, ONGOING, absences.c.until > bindparam("recent"))
    return select(
        people,
        wishes.c.prefers.label("wished_prefers"),
        wishes.c.quiet.label("wished_quiet"),
        absences.c.start,
        absences.c.until,
        absences.c.delegate,
        absences.c.why,
    ).select_from(people.outerjoin(wishes, wishes.c.person == people.c.id).outerjoin(absences, theirs))


# Made once: to make a statement costs several times what SQLite needs to run it.
_BY_ID = _asked().where(people.c.id.in_(bindparam("ids", expanding=True))).order_by(people.c.id)
_handle = and_(chat_ids.c.platform == bindparam("platform"), chat_ids.c.chat_id.in_(bindparam("asked", expanding=True)))
_BY_CHAT = (
    _asked().add_columns(chat_ids.c.chat_id).join(chat_ids, chat_ids.c.person == people.c.id).where(_handle)
).order_by(people.c.id, chat_ids.c.chat_id)


def known(connection: Connection, refs: Iterable[str], at: datetime) -> dict[str, Found]:
    """People by id or by `<platform>:<chat id>`, each under the name they were asked for."""
    wanted = sorted(set(refs))
    if not wanted:
        return {}
    stored = connection.execute(_BY_ID, {"ids": wanted, "recent": at - RECENT}).mappings().all()
    found = {name: _person(list(theirs), at) for name, theirs in groupby(stored, itemgetter("id"))}
    handles = {ref: tuple(ref.split(":", 1)) for ref in wanted if ref not in found and ":" in ref}
    if handles:
        others = _by_chat(connection, list(handles.values()), at)
        found |= {ref: others[handle] for ref, handle in handles.items() if handle in others}
    return found


def by_chat(connection: Connection, platform: str, chat_id: str, at: datetime) -> Found | None:
    return _by_chat(connection, [(platform, chat_id)], at).get((platform, chat_id))


def _by_chat(connection: Connection, handles: Sequence[tuple[str, ...]], at: datetime) -> dict[tuple[str, ...], Found]:
    found: dict[tuple[str, ...], Found] = {}
    for platform in {platform for platform, _ in handles}:
        asked = [chat_id for where, chat_id in handles if where == platform]
        given = {"platform": platform, "asked": asked, "recent": at - RECENT}
        stored = connection.execute(_BY_CHAT, given).mappings().all()
        for chat_id, theirs in groupby(stored, itemgetter("chat_id")):
            found[platform, chat_id] = _person(list(theirs), at)
    return found


def _person(theirs: Sequence[Mapping[Any, Any]], at: datetime) -> Found:
    """One person, from a row for each of their absences (or one without any)."""
    person, asked_at = rows.person(theirs[0])
    declared = [
        Away(start=row["start"], until=row["until"], delegate=row["delegate"], why=row["why"])
        for row in theirs
        if row["start"] is not None
    ]
    wished = Wishes(prefers=theirs[0]["wished_prefers"], quiet=theirs[0]["wished_quiet"])
    return complete(person, declared, wished, at), asked_at


def save(connection: Connection, wanted: Iterable[Person], at: datetime) -> None:
    """Keep what a directory said at `at`. A chat id belongs to one person: the last who was said to have it."""
    by_id = {person.id: person for person in wanted}
    if not by_id:
        return
    ordered = _undeclared(connection, [by_id[person_id] for person_id in sorted(by_id)])
    upsert = insert_into(connection.dialect.name)(people)
    given = {column.name: upsert.excluded[column.name] for column in people.c if column.name != "id"}
    connection.execute(
        upsert.on_conflict_do_update(index_elements=["id"], set_=given),
        [rows.person_row(person, at) for person in ordered],
    )
    connection.execute(delete(chat_ids).where(chat_ids.c.person.in_(by_id)))
    handles = {handle: person.id for person in ordered for handle in person.chat.items()}
    if handles:
        upsert = insert_into(connection.dialect.name)(chat_ids)
        upsert = upsert.on_conflict_do_update(
            index_elements=["platform", "chat_id"], set_={"person": upsert.excluded.person}
        )
        connection.execute(upsert, [{"platform": p, "chat_id": c, "person": who} for (p, c), who in handles.items()])


def _undeclared(connection: Connection, some: Sequence[Person]) -> list[Person]:
    declared: dict[str, list[Away]] = {person.id: [] for person in some if person.away}
    if declared:
        query = select(absences).where(absences.c.person.in_(declared))
        for one in map(rows.declared, connection.execute(query)):
            declared[one.person].append(one.away)
    return [undeclared(person, declared.get(person.id, ())) for person in some]


def all_sources(connection: Connection) -> list[Source]:
    return [rows.source(row) for row in connection.execute(select(sources).order_by(sources.c.name))]


def save_source(connection: Connection, source: Source) -> None:
    upsert = insert_into(connection.dialect.name)(sources)
    given = {name: upsert.excluded[name] for name in ("name", "kind", "keys")}
    connection.execute(upsert.on_conflict_do_update(index_elements=["id"], set_=given), rows.source_row(source))
