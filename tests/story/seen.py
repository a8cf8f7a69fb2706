"""The words of every story, whichever chat it is told in: story/workspace.py answers them for Slack, story/teams.py for
Teams."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class Shown(Protocol):
    """One message, form or page as somebody sees it at one moment."""

    @property
    def channel(self) -> str: ...
    @property
    def ts(self) -> str:
        """its id; of two the later one is the greater"""

    @property
    def text(self) -> str:
        """what notifications and screen readers get"""

    @property
    def says(self) -> str:
        """every word that can be read in it, buttons aside; a mention reads as `@U0ANA`"""

    @property
    def kind(self) -> str: ...
    @property
    def about(self) -> dict[str, Any]:
        """`alert` and `delivery` of what was owed"""

    @property
    def buttons(self) -> list[str]: ...
    @property
    def mentions(self) -> set[str]:
        """everybody whom it notifies"""

    @property
    def ephemeral(self) -> bool:
        """whether one person alone sees it"""

    @property
    def filled(self) -> dict[str, Any]:
        """a form's fields ▶ what stands in them"""

    def buttons_about(self, alert_id: str, /) -> list[str]: ...
    def leads_to(self, card: Any, /) -> bool:
        """whether a link of it opens this card"""

    def harm(self) -> list[str]:
        """what the chat would read as anything but words where foreign words stand, and what hides"""


class Pressed(Protocol):
    """What the chat shows at once after a gesture."""

    @property
    def ok(self) -> bool: ...
    @property
    def error(self) -> str | None: ...
    @property
    def why(self) -> str:
        """what is wrong with the form, which stays"""

    @property
    def answer(self) -> str:
        """what is said to a form that was handed in in vain: it stays, or the alert's own state takes its place"""


class Person(Protocol):
    """Somebody in the chat."""

    @property
    def name(self) -> str: ...
    @property
    def id(self) -> str:
        """`U0ANA`: what the stand-in calls them, on any platform"""

    @property
    def chat_id(self) -> str:
        """who they are in this chat"""

    @property
    def email(self) -> str: ...
    def press(self, label: str, on: Any, /, *, about: str = "") -> Any: ...
    def overflow(self, choice: str, on: Any, /, *, about: str = "") -> Any: ...
    def fill(self, label: str, on: Any, /, *, about: str = "", **fields: Any) -> Any: ...
    def form(self, label: str, on: Any, /, *, about: str = "") -> Any: ...
    def opened(self, gesture: Callable[[], Any], /) -> Any: ...
    def submit(self, form: Any, /, **fields: Any) -> Any: ...
    def modals(self) -> list[Any]: ...
    def close_modals(self) -> None: ...
    def told(self, gesture: Callable[[], Any], channel: str = "#ai-alerts", /) -> str:
        """the sentence that answers a gesture, for them alone"""

    def private(self, channel: str = "#ai-alerts", /, *, root: str = "") -> list[Any]:
        """every such sentence in a channel, or in a thread of it"""

    def type(self, text: str, /, *, channel: str = "#ai-alerts") -> Any: ...
    def home(self) -> Any:
        """what is theirs, in one place: Slack's Home, and what `mine` answers in Teams"""

    def home_now(self) -> Any: ...
    def dms(self) -> list[Any]: ...
    def say(self, text: str, /, *, channel: str = "#ai-alerts") -> Any: ...
    def shortcut(self, message: Any, /) -> Any:
        """raise an alert from a message"""

    def set_status(self, text: str, emoji: str = "", until: float = 0, /) -> None:
        """away, as the chat itself shows it, until an instant in Unix seconds"""


class Channel(Protocol):
    def cards(self, alert_id: str = "", /) -> list[Any]: ...
    def thread(self, card: Any, /) -> list[Any]: ...
    def said(self, alert_id: str, /) -> list[Any]:
        """everything about an alert that is no card and in no thread"""


class Chat(Protocol):
    """A platform with its people."""

    @property
    def platform(self) -> str: ...
    @property
    def command(self) -> str:
        """how what is typed to the bot begins, in the words of the help page"""

    def person(self, name: str, /) -> Person: ...
    def channel(self, name: str, /) -> Channel: ...
    def letters(self, name: str, /) -> list[Any]:
        """everything that somebody (`ana`), or a channel (`#ai-exceptions`), was told unasked"""

    def joined(self, name: str, /) -> None: ...
    def left(self, name: str, /) -> None: ...
    def click(self, card: Any, /, *, who: str, act: str = "acknowledge") -> int:
        """the status of what the chat would send of somebody's press, whoever they are"""

    def said_once(self) -> None:
        """Raises AssertionError for a delivery with two effects."""
