"""Chats: what is shown in them and what people do there. Connectors implement these; nothing here knows who does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from bot.core.card import Message
from bot.core.forms import Form
from bot.core.pages import Sheet
from bot.core.people import Person
from bot.core.state import Alert
from bot.core.text import Text
from bot.core.throttle import Call, Outcome, Room


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """Where the outside world put something: what an edit or a reply needs."""

    channel: str
    ts: str


class Refusal(Exception):
    """A chat's answer that nothing was shown: `code` is the platform's own word.

    `kind` says what is wrong: the `place` (archived, not invited, may not be written to), the `person` it is for (no
    account, no licence), the `workspace` as a whole (token revoked, uninstalled), the `content`, the message to edit is
    `missing` or `fixed` (nobody may change it any more), or something `other`.
    """

    def __init__(self, code: str, kind: str = "other") -> None:
        super().__init__(code)
        self.code, self.kind = code, kind


class Later(Exception):
    """Nothing was shown; ask again after `seconds`. `grows`: nobody named them, so every attempt waits longer."""

    def __init__(self, code: str, seconds: float, *, grows: bool = False) -> None:
        super().__init__(code)
        self.code, self.seconds, self.grows = code, seconds, grows


class Unknown(Exception):
    """Nobody can say whether it was shown: look before repeating, and not before `seconds` have passed."""

    def __init__(self, code: str, seconds: float = 0.0) -> None:
        super().__init__(code)
        self.code, self.seconds = code, seconds


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What every message carries so that it can be found again."""

    kind: str
    delivery: str
    """the delivery's unique key"""
    alert: str
    revision: int


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a message goes: a place, a thread in it, or a message to edit."""

    place: str
    person: Person | None = None
    """whose direct messages, where the place is a person; of a task the owner"""
    former: tuple[Person, ...] = ()
    """of a task: who owned it before, where one of unknown outcome may be theirs still"""
    root: Receipt | None = None
    edit: Receipt | None = None


class Chat(Protocol):
    """One chat platform. Calls take at most ten seconds and are never repeated inside."""

    platform: str

    def show(self, message: Message, target: Target, /, *, mark: Mark) -> Receipt:
        """Post or edit. Raises Refusal, Later or Unknown."""
        ...

    def look(self, target: Target, /, *, mark: Mark, age: float) -> list[Receipt]:
        """Every message that carries this mark, oldest first, read back from the place.

        `age`: seconds since the first attempt, as far back as it must reach. Raises Refusal, Later or Unknown.
        """
        ...

    def retract(self, receipt: Receipt, /) -> None:
        """Delete a message of ours; one that is gone already is no error. Raises Refusal, Later or Unknown."""
        ...

    def spares(self, receipt: Receipt, /) -> bool:
        """Whether an edit of this message costs nothing of the platform's limits just now (a click's answer)."""
        ...

    def is_member(self, channel: str, chat_id: str, /) -> bool: ...
    def permalink(self, receipt: Receipt, /) -> str | None:
        """The address at which people read this message; never raises."""
        ...


@dataclass(frozen=True, kw_only=True)
class Completion:
    """A task that was marked complete where it is, and not by us."""

    id: str
    """the same for as long as it stays complete"""
    by: str = ""
    """who did it: `teams:<id>`; empty where the tool does not say"""
    at: datetime | None = None
    """when (UTC); None where the tool does not say"""


@runtime_checkable
class WorkItems(Protocol):
    """A tool in which an alert's owner has a task for it; a Chat besides."""

    label: str
    """what people call it"""

    def completed(self, tasks: Sequence[Receipt], /) -> list[Completion | None]:
        """What is marked complete, in the order asked; None for what is not, is gone, or cannot be read now.

        Raises Unknown, where nothing can be read now.
        """
        ...


@runtime_checkable
class Costs(Protocol):
    def cost(self, place: str, /) -> int:
        """How many requests the next message there takes: more than one where something is to be asked before it."""
        ...


@runtime_checkable
class Pictures(Protocol):
    def picture(self, png: bytes, /, title: str, alt: str) -> str:
        """Hand a picture to the chat: the `ref` that a message shows it by. Nobody sees it before, so it may be
        repeated. Raises Refusal, Later or Unknown."""
        ...


class Throttle(Protocol):
    """A workspace's limits, shared by all workers. Never raises. An optimisation: losing it means at worst a 429."""

    def room(self, workspace: str, machine: float, /) -> Room: ...
    def take(self, workspace: str, call: Call, machine: float, /, *, cost: int = 1) -> float:
        """0.0: go ahead, and report with `learn`; else the machine second from which it may go.

        `cost`: how many requests it takes, where the platform counts all of them together.
        """
        ...

    def learn(self, workspace: str, call: Call, outcome: Outcome, /, *, machine: float, seconds: float = 0.0) -> None:
        """What became of a call that was let go. `seconds`: how long to wait, where the platform said so."""
        ...


class Ways(Protocol):
    """Addresses at which a message may be edited for a while without cost. Never raises; losing them costs a call."""

    def keep(self, receipt: Receipt, address: str, /) -> None: ...
    def take(self, receipt: Receipt, /) -> str | None: ...
    def has(self, receipt: Receipt, /) -> bool: ...


class Teller(Protocol):
    """A second way to the people who run Closeloop, beside the chat. Raises Refusal, Later or Unknown."""

    def tell(self, subject: str, text: str, /) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Gesture:
    """What somebody did in a chat: a click, a submission, a command. Platform-free."""

    id: str
    """unique for this one gesture: a repeat of it is answered, not done again"""
    platform: str
    chat_id: str
    """who, by their id in the chat"""
    act: str
    """an act of the loop (acknowledge, resolve …), or history | card | form | command | home | bulk | raise"""
    alert_id: str = ""
    seen: int | None = None
    """the alert's generation on the card it was made on"""
    channel: str = ""
    """the chat's id of the channel it was made in (of a form: in which it was asked for), empty in Home"""
    fields: Mapping[str, str] = field(default_factory=dict)
    """What a form was filled with (`until`: Unix seconds, `person`: a chat id); a command's `text`; a form's `for`.
    Of Home what is chosen (`tab`, `severity`, `source`); of a `bulk` act its name in `for` and `picked`, each
    `<alert id>:<generation>`, separated by blanks; of a message that is raised its `text`, `link` and `author`.
    """


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is said, privately, to whoever made a gesture. `card`: the alert's, as it is now and theirs to press."""

    ok: bool
    said: Text = ()
    sheet: Sheet | None = None
    form: Form | None = None
    """about `alert`, or about whatever the gesture's fields name"""
    alert: Alert | None = None
    card: Message | None = None
    wrong: str = ""
    """the form's field that is wrong, where one is"""
    people: Mapping[str, Person] = field(default_factory=dict)


class Desk(Protocol):
    """Where a chat hands in what people did. Never raises for what a person did wrong; raises Away."""

    def take(self, gesture: Gesture, /) -> Answer: ...
