"""What stands in Teams: threads in channels, people's own chats with the bot, and what each person sees of a card."""

from __future__ import annotations

import itertools
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from sandbox.channels import Channel
from sandbox.errors import Json
from sandbox.microsoft.tenant import object_id
from sandbox.people import Person

_GRAPHS = re.compile(r"19:([0-9a-f-]{36})_[0-9a-f-]{36}@unq\.gbl\.spaces")
LIMITS = ((1.0, 7), (2.0, 8), (30.0, 60), (3600.0, 1800))
"""(seconds, messages that a bot may send to one conversation in them); edits count: no page says that they do not"""
TENANT = ((1.0, 30),)
"""the same of all that a bot asks in the tenant"""
BOT = "U0LOOP"


@dataclass(kw_only=True)
class Post:
    """One message. `views`: person ▶ the card that only they see."""

    id: str
    conversation: str
    root: str
    by: str
    activity: Json
    edits: int = 0
    views: dict[str, Json] = field(default_factory=dict)
    asked: dict[str, float] = field(default_factory=dict)

    @property
    def card(self) -> Json | None:
        found = [one["content"] for one in self.activity.get("attachments", ())]
        return found[0] if found else None


class Rooms:
    """`channels` and `people` are the workspace's. Everything runs on one event loop."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        people: Mapping[str, Person],
        *,
        now: Callable[[], float],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._channels, self._people, self._now, self.monotonic = channels, people, now, monotonic
        self.posts: dict[tuple[str, str], Post] = {}
        self.installed = {one.id for one in people.values() if one.is_human}
        self.strange: set[str] = set()
        """channels in whose team the app is not"""
        self.limited = True
        self._sent: dict[str, deque[float]] = {}
        self._last = 0

    def add(self, conversation: str, activity: Json, *, by: str, root: str = "") -> Post:
        """A new message; without a root it begins a thread of its own."""
        self._last = max(int(self._now() * 1000), self._last + 1)
        number = str(self._last)
        made = Post(id=number, conversation=conversation, root=root or number, by=by, activity=activity)
        self.posts[conversation, number] = made
        return made

    def full(self, conversation: str = "") -> bool:
        """Whether the limits of this conversation (or the tenant's) are used up; else it counts as one more."""
        if not self.limited:
            return False
        now, sent = self.monotonic(), self._sent.setdefault(conversation, deque(maxlen=1800))
        if any(_count(sent, now - seconds) >= most for seconds, most in (LIMITS if conversation else TENANT)):
            return True
        sent.append(now)
        return False

    @contextmanager
    def lifted(self) -> Iterator[None]:
        """For what was let in before and only takes effect now. Nothing else runs meanwhile: no await inside."""
        limited, self.limited = self.limited, False
        try:
            yield
        finally:
            self.limited = limited

    def has_bot(self, conversation: str) -> bool:
        """Whether the app is there: in the channel's team, as far as there are channels alone."""
        channel = self.channel(conversation)
        return channel is None or BOT in channel.members

    def channel(self, conversation: str) -> Channel | None:
        """The channel of `19:<name>@thread.tacv2`."""
        name = conversation.removeprefix("19:").removesuffix("@thread.tacv2")
        found = (one for one in self._channels.values() if channel_id(one) == conversation and one.name == name)
        return next((one for one in found if not one.is_archived), None)

    def members(self, conversation: str) -> list[Person] | None:
        """Who is in a conversation; None where it is not there."""
        if conversation.startswith("a:"):
            person = self._people.get(conversation[2:])
            return [person] if person else None
        channel = self.channel(conversation)
        if channel is None:
            return None
        return [self._people[one] for one in channel.members if one in self._people and self._people[one].is_human]

    def person(self, named: str) -> Person | None:
        """By object id or by what Teams calls them."""
        known = (one for one in self._people.values() if one.is_human)
        return next((one for one in known if named in (object_id(one.id), mri(one.id))), None)

    def own(self, conversation: str) -> str:
        """`a:<person>` for somebody's chat with the bot as Graph names it; anything else as it is."""
        read = _GRAPHS.fullmatch(conversation)
        person = self.person(read[1]) if read else None
        return f"a:{person.id}" if person else conversation

    def seen_by(self, person_id: str) -> list[Post]:
        """Everything that somebody can read, oldest first."""
        mine = {f"a:{person_id}"} | {channel_id(c) for c in self._channels.values() if person_id in c.members}
        return sorted(
            (post for post in self.posts.values() if post.conversation in mine), key=lambda post: int(post.id)
        )


def _count(times: deque[float], since: float) -> int:
    """How many are later; the newest stand at the end."""
    return sum(1 for _ in itertools.takewhile(lambda at: at > since, reversed(times)))


def channel_id(channel: Channel) -> str:
    return f"19:{channel.name}@thread.tacv2"


def mri(person_id: str) -> str:
    """What Teams calls somebody."""
    return f"29:{person_id}"
