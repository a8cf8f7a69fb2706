"""People, and who sends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, select

from bot.core.people import Person
from bot.ports import Source
from storage import rows
from storage.models import chat_ids, people, sources
from storage.owing import insert_into

Found = tuple[Person, datetime]

# Made once: to make a statement costs several times what SQLite needs to run it.
_BY_ID = select(people).where(people.c.id.in_(bindparam("ids", expanding=True)))


def known(connection: Connection, refs: Iterable[str]) -> dict[str, Found]:
    """People by id or by `<platform>:<chat id>`, each under the name they were asked for."""
    wanted = sorted(set(refs))
    if not wanted:
        return {}
    stored = [rows.person(row) for row in connection.execute(_BY_ID, {"ids": wanted}).mappings()]
    found = {person.id: (person, at) for person, at in stored}
    handles = {ref: tuple(ref.split(":", 1)) for ref in wanted if ref not in found and ":" in ref}
    if handles:
        others = _by_chat(connection, list(handles.values()))
        found |= {ref: others[handle] for ref, handle in handles.items() if handle in others}
    return found


def by_chat(connection: Connection, platform: str, chat_id: str) -> Found | None:
    return _by_chat(connection, [(platform, chat_id)]).get((platform, chat_id))


def save(connection: Connection, wanted: Iterable[Person], at: datetime) -> None:
    """Keep what a directory said at `at`. A chat id belongs to one person: the last who was said to have it."""
    by_id = {person.id: person for person in wanted}
    if not by_id:
        return
    ordered = [by_id[person_id] for person_id in sorted(by_id)]
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


def all_sources(connection: Connection) -> list[Source]:
    return [rows.source(row) for row in connection.execute(select(sources).order_by(sources.c.name))]


def save_source(connection: Connection, source: Source) -> None:
    upsert = insert_into(connection.dialect.name)(sources)
    given = {name: upsert.excluded[name] for name in ("name", "kind", "keys")}
    connection.execute(upsert.on_conflict_do_update(index_elements=["id"], set_=given), rows.source_row(source))


def _by_chat(connection: Connection, handles: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], Found]:
    found: dict[tuple[str, ...], Found] = {}
    for platform in {platform for platform, _ in handles}:
        query = select(chat_ids.c.chat_id, people).join_from(chat_ids, people)
        asked = [chat_id for where, chat_id in handles if where == platform]
        query = query.where(chat_ids.c.platform == platform, chat_ids.c.chat_id.in_(asked))
        for row in connection.execute(query).mappings():
            person = {column.name: row[column] for column in people.c}
            found[platform, row[chat_ids.c.chat_id]] = rows.person(person)
    return found
