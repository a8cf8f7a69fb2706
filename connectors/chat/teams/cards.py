"""Messages as Adaptive Cards 1.5: the card and everything said once, readable on a phone, within Teams' limits.

A press is an `Action.Execute`, answered with what that one person is to see next; old clients send `Action.Submit`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.core.card import Button, Message
from bot.core.fitting import People, fitted
from bot.core.pages import Row
from bot.core.text import Quote, Text, Words, one_line
from connectors.chat.teams.text import Json, Mentions, line, lines, title

CARD = "application/vnd.microsoft.card.adaptive"
SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"
MOST = 25_000
"""bytes of a card in UTF-16, in which Teams counts; it refuses somewhere above 28 KB"""
ROOM = 6000
"""characters for sentences, halved until the card is small enough"""
LINES = 40
ROW = 4
"""buttons side by side: more do not fit on a phone"""
BUTTONS = 16
MORE = 5
HOME = "home:"
"""begins the kind of what stands in somebody's own list, before the tab's name"""
VIEWERS = 60
"""people who may have a view of their own of one card"""
_STYLES = {"primary": "positive", "danger": "destructive"}


@dataclass(frozen=True, kw_only=True)
class About:
    """What a press carries: the alert, the generation it was shown for, and on which message."""

    alert_id: str = ""
    generation: int | None = None
    kind: str = ""
    delivery: str = ""
    more: Json = field(default_factory=dict)

    @property
    def tab(self) -> str:
        """The tab of somebody's own list on which it stands; empty anywhere else."""
        return self.kind.removeprefix(HOME) if self.kind.startswith(HOME) else ""

    @property
    def data(self) -> Json:
        known = {"alert": self.alert_id, "seen": self.generation, "kind": self.kind, "delivery": self.delivery}
        return {name: value for name, value in known.items() if value not in ("", None)} | self.more


def about(message: Message, delivery: str = "") -> About:
    return About(alert_id=message.alert_id, generation=message.generation, kind=message.kind, delivery=delivery)


def message_card(message: Message, *, delivery: str = "", viewers: Sequence[str] = (), note: Text = ()) -> Json:
    """The message as a card. `viewers` (MRIs) are asked for a view of their own; `note`: told to one of them alone."""
    room = ROOM
    card = _card(message, delivery, viewers, note, room)
    while size(card) > MOST and room > 100:
        room //= 2
        card = _card(message, delivery, viewers, note, room)
    return card


def size(card: Any) -> int:
    """Bytes as Teams counts them."""
    return len(json.dumps(card, ensure_ascii=False).encode("utf-16-le", "surrogatepass"))


def _card(message: Message, delivery: str, viewers: Sequence[str], note: Text, room: int) -> Json:
    said, people, mentions = (*message.lines, *_pictures(message))[:LINES], message.people, Mentions()
    facts = message.facts[:LINES]
    texts = fitted([note, *said, *(value for _, value in facts), message.foot], people, room=room)
    told, sentences, values, foot = texts[0], texts[1 : len(said) + 1], texts[len(said) + 1 : -1], texts[-1]
    labelled = [(Words(f"{one_line(label, 40)}  ", bold=True), *v) for (label, _), v in zip(facts, values, strict=True)]
    body = [
        *marked(told, people),
        *title(message.title, people),
        *lines(sentences, people, mentions),
        *_quoted(labelled, people),
        *buttons(message, about(message, delivery)),
        *line(foot, people, mentions, size="Small", isSubtle=True),
    ]
    shown = whole(body, about=f"Alert {message.alert_id[-6:]}" if message.alert_id else "A message of Closeloop")
    if mentions.entities:
        shown["msteams"]["entities"] = mentions.entities
    return shown | _refresh(message, delivery, viewers)


def whole(body: list[Json], *, about: str) -> Json:
    """A card of these elements. `about`: our own words for a client that cannot show it, which reads Markdown."""
    return {
        "type": "AdaptiveCard",
        "$schema": SCHEMA,
        "version": "1.5",
        "fallbackText": f"{about}: this Teams is too old to show it.",
        "body": body or [{"type": "TextBlock", "text": "–", "wrap": True}],
        "msteams": {"width": "Full"},
    }


def marked(note: Text, people: People) -> list[Json]:
    """What only whoever pressed sees. It mentions nobody: it is said by an answer, which notifies no one."""
    said = line(note, people, Mentions())
    return [{"type": "Container", "style": "accent", "items": said}] if said else []


def _quoted(facts: Sequence[Text], people: People) -> list[Json]:
    """Facts stand in a box, apart from what is said about them. No FactSet: Teams would read their values."""
    shown = lines(facts, people, Mentions(), spacing="Small")
    return [{"type": "Container", "style": "emphasis", "items": shown}] if shown else []


def _pictures(message: Message) -> tuple[Text, ...]:
    """Pictures in words: Teams takes none from us."""
    return tuple((Quote(one_line(picture.alt, 2000)),) for picture in message.pictures)


def _refresh(message: Message, delivery: str, viewers: Sequence[str]) -> Json:
    """A closed alert's card is the same for everybody, and nobody is listed."""
    if message.kind != "card" or not message.alert_id:
        return {}
    action = {"type": "Action.Execute", "title": "Refresh", "verb": "card", "data": about(message, delivery).data}
    return {"refresh": {"action": action, "userIds": list(viewers)[:VIEWERS]}}


def buttons(shown: Message | Row, what: About) -> list[Json]:
    """Rows of buttons, filled evenly; a message's seldom pressed ones wait behind its last row's `…`."""
    old = isinstance(shown, Message)
    rows = _evenly([execute(one.label, one.act, what, style=one.style, old=old) for one in shown.buttons[:BUTTONS]])
    if isinstance(shown, Message) and shown.more:
        seldom = [execute(one.label, one.act, what) | {"mode": "secondary"} for one in shown.more[:MORE]]
        rows = [*rows[:-1], [*(rows[-1] if rows else []), *seldom]]
    return [{"type": "ActionSet", "actions": row} for row in rows]


def _evenly(elements: Sequence[Json]) -> list[list[Json]]:
    if not elements:
        return []
    rows = -(-len(elements) // ROW)
    each = -(-len(elements) // rows)
    return [list(elements[n : n + each]) for n in range(0, len(elements), each)]


def execute(label: str, act: str, what: About, *, style: str = "", old: bool = True) -> Json:
    """A button. An `old` client that knows no `Action.Execute` sends the same as `Action.Submit`; in a list, where
    buttons are many, there is no room for that."""
    shown = one_line(label, 75) or "–"
    pressed: Json = {"type": "Action.Execute", "title": shown, "verb": act, "data": what.data}
    if old:
        pressed["fallback"] = {"type": "Action.Submit", "title": shown, "data": {**what.data, "verb": act}}
    return pressed | ({"style": _STYLES[style]} if style in _STYLES else {})


def press(button: Button, what: About) -> Json:
    return execute(button.label, button.act, what, style=button.style)


def attachment(card: Json) -> Json:
    return {"contentType": CARD, "content": card}


def activity(card: Json, *, said: str) -> Json:
    """One message: a card and what notifications say of it. Never with a text: Teams would make two messages of it."""
    return {"type": "message", "summary": said or "Closeloop", "attachments": [attachment(card)]}
