"""Messages as Block Kit: the card and everything said once, readable on a phone, within Slack's limits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count, islice

from bot.core.card import Button, Message
from bot.core.text import Text, Words, one_line
from connectors.chat.slack.text import Json, People, fitted, leaves, mrkdwn, top_level

ROOM = 7000
"""characters for sentences: with title, labels and buttons a message stays under the 10,000 that Slack surely takes"""
MESSAGE_BLOCKS = 50
PAGE_BLOCKS = 100
ROW = 5
"""buttons side by side: more do not fit on a phone"""

_NOT_MINE = {
    "title": "Not yours?",
    "text": "Somebody else becomes the owner and is asked in your place.",
    "confirm": "Not mine",
    "deny": "Keep it",
}


def plain_text(text: str, most: int) -> Json:
    """A plain_text object; `:emoji:` names in it stay words."""
    return {"type": "plain_text", "text": one_line(text, most) or "–", "emoji": False}


def message_text(message: Message) -> str:
    """The top-level text: all in one line, for whoever does not see the blocks. Never empty: Slack refuses that."""
    title = top_level((Words(message.title),), {})
    return top_level(message.summary, message.people) or title or message.kind


def message_blocks(message: Message, *, revision: int) -> list[Json]:
    """The message's blocks. `revision` makes the ids of its rows of buttons new with each edit."""
    lines, facts, people = message.lines[:40], message.facts[:40], message.people
    texts = fitted([*lines, *(value for _, value in facts), message.foot], people, room=ROOM)
    said, values, foot = texts[: len(lines)], texts[len(lines) : -1], texts[-1]
    labelled = [
        (Words(one_line(label, 40), bold=True), Words("  "), *v) for (label, _), v in zip(facts, values, strict=True)
    ]
    blocks = [
        *heading(message.title),
        *paragraphs(said, people),
        *_quoted(labelled, people),
        *actions(message.buttons, message.alert_id, message.generation, row_id=f"r{revision}"),
        *small(foot, people),
    ]
    return blocks[:MESSAGE_BLOCKS]


def heading(title: str) -> list[Json]:
    shown = one_line(title, 150)
    return [{"type": "header", "text": plain_text(shown, 150)}] if shown else []


def paragraphs(lines: Sequence[Text], people: People) -> list[Json]:
    """Lines one under the other. Breaks are part of the text: not every client breaks between two sections."""
    inline = _inline(lines, people)
    return [_rich("rich_text_section", inline)] if inline else []


def _quoted(lines: Sequence[Text], people: People) -> list[Json]:
    """Facts stand beside a bar, apart from what is said about them."""
    inline = _inline(lines, people)
    return [_rich("rich_text_quote", inline)] if inline else []


def _rich(kind: str, inline: list[Json]) -> Json:
    return {"type": "rich_text", "elements": [{"type": kind, "elements": inline}]}


def _inline(lines: Sequence[Text], people: People) -> list[Json]:
    shown = [line for text in lines if (line := leaves(text, people))]
    return [leaf for n, line in enumerate(shown) for leaf in ([{"type": "text", "text": "\n"}] if n else []) + line]


def small(foot: Text, people: People) -> list[Json]:
    """The last line, small and grey where it holds nothing that Slack could style, else as plain sentences are."""
    marked = mrkdwn(foot, people)
    if marked is None:
        return paragraphs([foot], people)
    return [{"type": "context", "elements": [{"type": "mrkdwn", "text": marked, "verbatim": True}]}]


def actions(buttons: Sequence[Button], alert_id: str, generation: int, *, row_id: str) -> list[Json]:
    """Rows of buttons, filled evenly. Each button carries only the alert and the generation it was shown for."""
    shown = list(buttons[: ROW * 4])
    if not shown:
        return []
    rows = -(-len(shown) // ROW)
    size = -(-len(shown) // rows)
    elements = (_button(button, alert_id, generation) for button in shown)
    return [
        {"type": "actions", "block_id": one_line(f"{row_id}:{n}:{alert_id}", 255), "elements": row}
        for n, row in zip(count(), iter(lambda: list(islice(elements, size)), []), strict=False)
    ]


def _button(button: Button, alert_id: str, generation: int) -> Json:
    shown: Json = {
        "type": "button",
        "action_id": f"act:{button.act}"[:255],
        "text": plain_text(button.label, 75),
        "value": f"{alert_id}:{generation}"[:2000],
        "accessibility_label": one_line(f"{button.label}: alert {alert_id[-6:]}", 75),
    }
    if button.style in ("primary", "danger"):
        shown["style"] = button.style
    if button.act == "not_mine":
        shown["confirm"] = {key: plain_text(words, 300) for key, words in _NOT_MINE.items()}
    return shown


def said_blocks(said: Text, people: People) -> list[Json]:
    """A private sentence."""
    return paragraphs(fitted([said], people, room=ROOM), people)
