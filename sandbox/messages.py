"""The messages of one channel: kept in order, found by timestamp, read back in windows."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import Any

from sandbox.clock import micros
from sandbox.config import APP_ID, BOT_ID, BOT_NAME, BOT_USER, TEAM_ID
from sandbox.errors import Json


@dataclass(kw_only=True, eq=False)
class Message:
    """`seen_by` is set on an ephemeral one: only that person sees it and no history has it."""

    ts: str
    channel: str
    user: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    thread_ts: str | None = None
    broadcast: bool = False
    metadata: Json | None = None
    client_msg_id: str | None = None
    edited_ts: str | None = None
    mentions: list[str] = field(default_factory=list)
    seen_by: str | None = None
    tombstone: bool = False
    files: list[str] = field(default_factory=list)

    @property
    def by_bot(self) -> bool:
        return self.user == BOT_USER

    @property
    def is_reply(self) -> bool:
        return self.thread_ts is not None and self.thread_ts != self.ts


@dataclass(kw_only=True)
class Thread:
    """What a root knows about its replies."""

    count: int
    users: list[str]
    latest: str


class Room:
    """One channel's messages, oldest first. A reply sent to the channel too is in both lists."""

    def __init__(self) -> None:
        self._by_ts: dict[str, Message] = {}
        self._top: list[Message] = []
        self._top_keys: list[int] = []
        self._replies: dict[str, list[Message]] = {}
        self.recent: list[Message] = []  # everything in order, for unread counts
        self._recent_keys: list[int] = []
        self.ephemeral: list[Message] = []

    def add(self, message: Message) -> None:
        if message.seen_by is not None:
            self.ephemeral = [*self.ephemeral[-499:], message]
            return
        self._by_ts[message.ts] = message
        self.recent.append(message)
        self._recent_keys.append(micros(message.ts))
        if message.is_reply:
            self._replies.setdefault(str(message.thread_ts), []).append(message)
        if not message.is_reply or message.broadcast:
            self._top.append(message)
            self._top_keys.append(micros(message.ts))

    def find(self, ts: str | None) -> Message | None:
        return self._by_ts.get(ts or "")

    def find_ephemeral(self, ts: str) -> Message | None:
        return next((m for m in self.ephemeral if m.ts == ts), None)

    def remove(self, message: Message) -> None:
        """A root that has replies stays as a tombstone, as in Slack."""
        if message.seen_by is not None:
            self.ephemeral.remove(message)
            return
        if self._replies.get(message.ts):
            message.tombstone, message.text, message.blocks = True, "This message was deleted.", []
            message.metadata, message.files = None, []
            return
        del self._by_ts[message.ts]
        key = micros(message.ts)
        _take_out(self.recent, self._recent_keys, key)
        if message.is_reply:
            self._replies[str(message.thread_ts)].remove(message)
        if not message.is_reply or message.broadcast:
            _take_out(self._top, self._top_keys, key)

    def replies(self, root_ts: str) -> list[Message]:
        return self._replies.get(root_ts, [])

    def thread(self, root: Message) -> Thread | None:
        replies = self._replies.get(root.ts)
        if root.is_reply or not replies:
            return None
        users = list(dict.fromkeys(r.user for r in replies))
        return Thread(count=len(replies), users=users, latest=replies[-1].ts)

    def window(
        self, *, oldest: int | None = None, latest: int | None = None, inclusive: bool = True, newest: int | None = None
    ) -> list[Message]:
        """Top-level messages between two instants (microseconds), oldest first; only the `newest` so many of them."""
        keys = self._top_keys
        start = 0 if oldest is None else (bisect_left if inclusive else bisect_right)(keys, oldest)
        end = len(keys) if latest is None else (bisect_right if inclusive else bisect_left)(keys, latest)
        if newest is not None:
            start = max(start, end - newest)
        return self._top[start:end]

    def newer(self, after: int, *, most: int) -> list[Message]:
        """Everything after an instant (microseconds), oldest first, of the newest `most`."""
        start = max(bisect_right(self._recent_keys, after), len(self.recent) - most)
        return self.recent[start:]

    def unread(self, after: int) -> int:
        return len(self._top_keys) - bisect_right(self._top_keys, after)

    def everything(self) -> list[Message]:
        return [*self._by_ts.values(), *self.ephemeral]


def _take_out(messages: list[Message], keys: list[int], key: int) -> None:
    at = bisect_left(keys, key)
    del messages[at], keys[at]


def as_slack_message(message: Message, thread: Thread | None, *, with_payload: bool) -> Json:
    shape: Json = {"type": "message", "user": message.user, "text": message.text, "ts": message.ts, "team": TEAM_ID}
    if message.by_bot:
        shape |= {"bot_id": BOT_ID, "app_id": APP_ID, "bot_profile": _BOT_PROFILE}
    if message.client_msg_id:
        shape["client_msg_id"] = message.client_msg_id
    if message.blocks:
        shape["blocks"] = message.blocks
    if message.tombstone:
        shape |= {"subtype": "tombstone", "hidden": True}
    elif message.broadcast:
        shape["subtype"] = "thread_broadcast"
    if message.edited_ts:
        shape["edited"] = {"user": message.user, "ts": message.edited_ts}
    if message.metadata:
        shape["metadata"] = _metadata(message.metadata, whole=with_payload)
    return shape | _thread(message, thread)


def _metadata(metadata: Json, *, whole: bool) -> Json:
    return metadata if whole else {"event_type": metadata["event_type"]}


def _thread(message: Message, thread: Thread | None) -> dict[str, Any]:
    if message.is_reply:
        return {"thread_ts": message.thread_ts}
    if thread is None:
        return {}
    return {
        "thread_ts": message.ts,
        "reply_count": thread.count,
        "reply_users_count": len(thread.users),
        "reply_users": thread.users,
        "latest_reply": thread.latest,
        "is_locked": False,
        "subscribed": False,
    }


_BOT_PROFILE = {
    "id": BOT_ID,
    "app_id": APP_ID,
    "name": BOT_NAME,
    "deleted": False,
    "updated": 0,
    "team_id": TEAM_ID,
}
