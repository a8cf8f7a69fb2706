"""Where people are reached in a chat that tells it only by what it sends (`bot.ports.conversations.Conversations`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import Table, bindparam, case, delete, select

from bot.ports.conversations import Conversation
from storage.engine import Database
from storage.owing import insert_into
from storage.shapes import chars, metadata

conversations = Table(
    "conversations",
    metadata,
    chars("platform", primary_key=True),
    chars("chat_id", primary_key=True),
    chars("address"),
    chars("channel"),
    chars("member"),
)
_KNOWN = ("address", "channel", "member")


class SqlConversations:
    """In SQLite or PostgreSQL; the database is whoever inherits this one's."""

    database: Database

    def keep_conversation(self, one: Conversation, /) -> None:
        with self.database.writing() as connection:
            connection.execute(_keep(connection.dialect.name), asdict(one))

    def forget_conversation(self, platform: str, chat_id: str, /) -> None:
        with self.database.writing() as connection:
            connection.execute(_FORGET, {"of": platform, "whom": chat_id})

    def conversations(self, platform: str, chat_ids: Iterable[str], /) -> dict[str, Conversation]:
        with self.database.reading() as connection:
            rows = connection.execute(_FIND, {"of": platform, "whom": sorted(set(chat_ids))})
            return {row.chat_id: Conversation(**row._mapping) for row in rows}


_FORGET = delete(conversations).where(
    conversations.c.platform == bindparam("of"), conversations.c.chat_id == bindparam("whom")
)
_FIND = select(conversations).where(
    conversations.c.platform == bindparam("of"), conversations.c.chat_id.in_(bindparam("whom", expanding=True))
)


@lru_cache
def _keep(dialect: str) -> Any:
    new = insert_into(dialect)(conversations)
    said = {name: case((new.excluded[name] == "", conversations.c[name]), else_=new.excluded[name]) for name in _KNOWN}
    return new.on_conflict_do_update(index_elements=["platform", "chat_id"], set_=said)


class MemoryConversations:
    """The same on a plain dict."""

    def __init__(self) -> None:
        super().__init__()
        self._conversations: dict[tuple[str, str], Conversation] = {}

    def keep_conversation(self, one: Conversation, /) -> None:
        known = self._conversations.get((one.platform, one.chat_id), one)
        said = {name: value for name in _KNOWN if (value := getattr(one, name))}
        self._conversations[one.platform, one.chat_id] = replace(known, **said)

    def forget_conversation(self, platform: str, chat_id: str, /) -> None:
        self._conversations.pop((platform, chat_id), None)

    def conversations(self, platform: str, chat_ids: Iterable[str], /) -> dict[str, Conversation]:
        wanted = set(chat_ids)
        return {whom: one for (of, whom), one in self._conversations.items() if of == platform and whom in wanted}
