"""Adaptive Cards as strict as the official 1.5.0 schema: unknown elements and properties are refused, not skipped.

Only what a card in Teams can use is known; `msteams` and the choice of people are Teams' own additions to the schema.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from sandbox.teams.texts import parsed_texts

Json = dict[str, Any]
Check = Callable[[Any, str], Iterator[str]]

MOST = 28 * 1024
"""bytes in UTF-16 that one message may have"""
VIEWERS = 60
SIZES = ("default", "small", "medium", "large", "extraLarge")
WEIGHTS = ("default", "lighter", "bolder")
COLORS = ("default", "dark", "light", "accent", "good", "warning", "attention")
STYLES = ("default", "emphasis", "good", "attention", "warning", "accent")
SPACINGS = ("default", "none", "small", "medium", "large", "extraLarge", "padding")


def problems(card: Any) -> list[str]:
    """Everything that Teams or the schema would not take."""
    found = list(_whole(card, ""))
    if size(card) > MOST:
        found.append(f"the card has {size(card)} bytes")
    return found or list(_mentions(card))


def size(card: Any) -> int:
    return len(json.dumps(card, ensure_ascii=False).encode("utf-16-le", "surrogatepass"))


# ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _text(value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"{at}: not a text"


def _said(value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, str) or not value:
        yield f"{at}: not a text that says something"


def _flag(value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, bool):
        yield f"{at}: neither true nor false"


def _number(value: Any, at: str) -> Iterator[str]:
    if type(value) not in (int, float):
        yield f"{at}: not a number"


def _anything(value: Any, at: str) -> Iterator[str]:
    yield from ()


def _data(value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, str | dict):
        yield f"{at}: neither a text nor an object"


def _address(value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, str) or urlsplit(value).scheme not in ("http", "https"):
        yield f"{at}: not an http address"


def one_of(*known: str) -> Check:
    lower = {name.lower() for name in known}

    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, str) or value.lower() not in lower:
            yield f"{at}: not one of {', '.join(known)}"

    return check


def exactly(name: str) -> Check:
    def check(value: Any, at: str) -> Iterator[str]:
        if value != name:
            yield f"{at}: not {name}"

    return check


def many(each: Check) -> Check:
    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{at}: not a list"
            return
        for number, one in enumerate(value):
            yield from each(one, f"{at}/{number}")

    return check


def shape(properties: dict[str, Check], *required: str) -> Check:
    """An object with these properties and no others."""

    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{at}: not an object"
            return
        yield from (f"{at}/{name}: missing" for name in required if name not in value)
        for name, inner in value.items():
            yield from properties[name](inner, f"{at}/{name}") if name in properties else [f"{at}/{name}: unknown"]

    return check


def typed(table: dict[str, Check]) -> Check:
    """An object whose `type` says which shape it has."""

    def check(value: Any, at: str) -> Iterator[str]:
        kind = value.get("type") if isinstance(value, dict) else None
        known = table.get(str(kind))
        yield from known(value, at) if known else [f"{at}: no such element: {kind!r}"]

    return check


# ── the elements ─────────────────────────────────────────────────────────────────────────────────────────────────


def _element(value: Any, at: str) -> Iterator[str]:
    yield from typed(ELEMENTS)(value, at)


def _action(value: Any, at: str) -> Iterator[str]:
    yield from typed(ACTIONS)(value, at)


def _actions(value: Any, at: str) -> Iterator[str]:
    yield from many(_action)(value, at)
    shown = [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
    if len([one for one in shown if one.get("mode") != "secondary"]) > 6:
        yield f"{at}: more than six actions"
    if value == []:
        yield f"{at}: no actions"


def _run(value: Any, at: str) -> Iterator[str]:
    yield from _text(value, at) if isinstance(value, str) else typed({"TextRun": RUN})(value, at)


def _select(value: Any, at: str) -> Iterator[str]:
    yield from typed({name: ACTIONS[name] for name in ("Action.OpenUrl", "Action.Execute", "Action.Submit")})(value, at)


def _fallback(value: Any, at: str) -> Iterator[str]:
    if value != "drop":
        yield from _action(value, at)


_OF_ALL: dict[str, Check] = {
    "type": _text,
    "id": _said,
    "height": one_of("auto", "stretch"),
    "separator": _flag,
    "spacing": one_of(*SPACINGS),
    "isVisible": _flag,
    "requires": _anything,
}
_OF_TEXT: dict[str, Check] = {
    "text": _said,
    "color": one_of(*COLORS),
    "fontType": one_of("default", "monospace"),
    "isSubtle": _flag,
    "size": one_of(*SIZES),
    "weight": one_of(*WEIGHTS),
}
_OF_INPUT: dict[str, Check] = _OF_ALL | {"label": _said, "isRequired": _flag, "errorMessage": _said}
_OF_ACTION: dict[str, Check] = {
    "type": _text,
    "title": _said,
    "iconUrl": _address,
    "id": _said,
    "style": one_of("default", "positive", "destructive"),
    "fallback": _fallback,
    "tooltip": _text,
    "isEnabled": _flag,
    "mode": one_of("primary", "secondary"),
    "requires": _anything,
}
_QUERY = shape({"type": exactly("Data.Query"), "dataset": _said}, "type", "dataset")
_CHOICE = shape({"title": _said, "value": _text}, "title", "value")
RUN = shape(
    _OF_TEXT
    | {"type": _text, "highlight": _flag, "italic": _flag, "selectAction": _select}
    | {"strikethrough": _flag, "underline": _flag},
    "text",
)
_INPUTS = one_of("auto", "none")
ACTIONS: dict[str, Check] = {
    "Action.Execute": shape(_OF_ACTION | {"verb": _text, "data": _data, "associatedInputs": _INPUTS}, "title", "verb"),
    "Action.Submit": shape(_OF_ACTION | {"data": _data, "associatedInputs": _INPUTS, "msteams": _anything}, "title"),
    "Action.OpenUrl": shape(_OF_ACTION | {"url": _address}, "url"),
}
ELEMENTS: dict[str, Check] = {
    "TextBlock": shape(
        _OF_ALL
        | _OF_TEXT
        | {"horizontalAlignment": one_of("left", "center", "right"), "maxLines": _number, "wrap": _flag}
        | {"style": one_of("default", "heading")},
        "text",
    ),
    "RichTextBlock": shape(_OF_ALL | {"inlines": many(_run), "horizontalAlignment": _text}, "inlines"),
    "Container": shape(
        _OF_ALL | {"items": many(_element), "style": one_of(*STYLES), "bleed": _flag, "selectAction": _select}, "items"
    ),
    "ActionSet": shape(_OF_ALL | {"actions": _actions}, "actions"),
    "Input.Text": shape(
        _OF_INPUT
        | {"isMultiline": _flag, "maxLength": _number, "placeholder": _text, "regex": _text, "value": _text}
        | {"style": one_of("text", "tel", "url", "email", "password"), "inlineAction": _select},
        "id",
    ),
    "Input.Date": shape(_OF_INPUT | {"max": _text, "min": _text, "placeholder": _text, "value": _text}, "id"),
    "Input.Time": shape(_OF_INPUT | {"max": _text, "min": _text, "placeholder": _text, "value": _text}, "id"),
    "Input.ChoiceSet": shape(
        _OF_INPUT
        | {"choices": many(_CHOICE), "isMultiSelect": _flag, "style": one_of("compact", "expanded", "filtered")}
        | {"value": _text, "placeholder": _text, "wrap": _flag, "choices.data": _QUERY},
        "id",
    ),
}


def _viewers(value: Any, at: str) -> Iterator[str]:
    yield from many(_said)(value, at)
    if isinstance(value, list) and len(value) > VIEWERS:
        yield f"{at}: more than {VIEWERS}"


_MENTION = shape(
    {
        "type": exactly("mention"),
        "text": _said,
        "mentioned": shape({"id": _said, "name": _said}, "id", "name"),
    },
    "type",
    "text",
    "mentioned",
)
_whole = shape(
    {
        "type": exactly("AdaptiveCard"),
        "version": exactly("1.5"),
        "$schema": _address,
        "fallbackText": _text,
        "body": many(_element),
        "actions": _actions,
        "speak": _text,
        "lang": _text,
        "refresh": shape({"action": typed(ACTIONS), "userIds": _viewers}, "action"),
        "msteams": shape({"width": one_of("full"), "entities": many(_MENTION)}),
    },
    "type",
    "version",
    "body",
)


# ── mentions ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _mentions(card: Json) -> Iterator[str]:
    """Teams refuses a card that names an entity which stands nowhere in it."""
    texts = "\n".join(parsed_texts(card))
    for entity in card.get("msteams", {}).get("entities", []):
        if entity["text"] not in texts:
            yield f"/msteams/entities: {entity['text']!r} is mentioned nowhere"
