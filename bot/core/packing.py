"""A message as plain data and back, for what is said later in the words of now.

`people` is left out: whoever shows it looks them up again. Nothing else is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from bot.core.card import Button, Message, Picture
from bot.core.text import Link, Part, Quote, Ref, Text, Typed, When, Who, Words


def packed(message: Message) -> dict[str, Any]:
    """The message as JSON-able data; `unpacked` is its inverse."""
    return {
        "kind": message.kind,
        "alert_id": message.alert_id,
        "generation": message.generation,
        "summary": _text(message.summary),
        "title": message.title,
        "lines": [_text(line) for line in message.lines],
        "facts": [[label, _text(fact)] for label, fact in message.facts],
        "buttons": [dict(vars(button)) for button in message.buttons],
        "more": [dict(vars(button)) for button in message.more],
        "pictures": [dict(vars(picture)) for picture in message.pictures],
        "foot": _text(message.foot),
    }


def unpacked(data: dict[str, Any]) -> Message:
    """The message that `packed` was made of, without its people. Raises LookupError for a part of another kind."""
    read: dict[str, Any] = {
        **data,
        "summary": _as_text(data["summary"]),
        "lines": tuple(_as_text(line) for line in data["lines"]),
        "facts": tuple((label, _as_text(fact)) for label, fact in data["facts"]),
        "buttons": tuple(Button(**button) for button in data["buttons"]),
        "more": tuple(Button(**button) for button in data["more"]),
        "pictures": tuple(Picture(**picture) for picture in data.get("pictures", ())),
        "foot": _as_text(data["foot"]),
    }
    return Message(**read)


def named(message: Message) -> set[str]:
    """The ids of everybody whom its texts name."""
    facts = (fact for _, fact in message.facts)
    texts: Iterable[Text] = (message.summary, message.foot, *message.lines, *facts)
    return {part.person for text in texts for part in text if isinstance(part, Who)}


def _text(text: Text) -> list[list[Any]]:
    return [_part(part) for part in text]


def _as_text(data: list[list[Any]]) -> Text:
    return tuple(_PARTS[kind](*values) for kind, *values in data)


def _part(part: Part) -> list[Any]:
    if isinstance(part, When):
        return ["when", part.at.isoformat()]
    return [_NAMES[type(part)], *vars(part).values()]


def _when(at: str) -> When:
    return When(datetime.fromisoformat(at))


_NAMES: dict[type, str] = {Words: "words", Quote: "quote", Who: "who", Link: "link", Ref: "ref", Typed: "typed"}
_PARTS: dict[str, Callable[..., Part]] = {"when": _when, **{name: part for part, name in _NAMES.items()}}
