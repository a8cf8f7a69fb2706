"""Messages as Block Kit: the card and everything said once, readable on a phone, within Slack's limits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from bot.core.card import Button, Message, Picture
from bot.core.fitting import People, fitted
from bot.core.pages import Row
from bot.core.text import Quote, Text, Words, one_line
from connectors.chat.slack.text import Json, leaves, mrkdwn, top_level

ROOM = 7000
"""characters for sentences: with title, labels and buttons a message stays under the 10,000 that Slack surely takes"""
MESSAGE_BLOCKS = 50
PAGE_BLOCKS = 100
ROW = 5
"""buttons side by side: more do not fit on a phone"""
MORE = 5
"""what one menu can offer"""
PICTURES = 6
SAID_OF_PICTURES = 3600
"""characters for what is said of all of them; sentences get what is left"""

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
    images = _images(message.pictures)
    room = ROOM - sum(len(json.dumps(image, ensure_ascii=False)) for image in images)
    texts = fitted([*lines, *(value for _, value in facts), message.foot], people, room=room)
    said, values, foot = texts[: len(lines)], texts[len(lines) : -1], texts[-1]
    labelled = [
        (Words(one_line(label, 40), bold=True), Words("  "), *v) for (label, _), v in zip(facts, values, strict=True)
    ]
    blocks = [
        *heading(message.title),
        *paragraphs(said, people, apart=not message.alert_id),
        *_quoted(labelled, people),
        *images,
        *actions(message, row_id=f"r{revision}"),
        *small(foot, people),
    ]
    return blocks[:MESSAGE_BLOCKS]


def heading(title: str) -> list[Json]:
    shown = one_line(title, 150)
    return [{"type": "header", "text": plain_text(shown, 150)}] if shown else []


def paragraphs(lines: Sequence[Text], people: People, *, apart: bool = False) -> list[Json]:
    """Lines one under the other; `apart`: with an empty one between, as in a list of alerts that a phone breaks anyway.

    Breaks are part of the text: not every client breaks between two sections.
    """
    inline = _inline(lines, people, between="\n\n" if apart else "\n")
    return [_rich("rich_text_section", inline)] if inline else []


def _quoted(lines: Sequence[Text], people: People) -> list[Json]:
    """Facts stand beside a bar, apart from what is said about them."""
    inline = _inline(lines, people)
    return [_rich("rich_text_quote", inline)] if inline else []


def _rich(kind: str, inline: list[Json]) -> Json:
    return {"type": "rich_text", "elements": [{"type": kind, "elements": inline}]}


def _inline(lines: Sequence[Text], people: People, *, between: str = "\n") -> list[Json]:
    shown = [line for text in lines if (line := leaves(text, people))]
    return [leaf for n, line in enumerate(shown) for leaf in ([{"type": "text", "text": between}] if n else []) + line]


def small(foot: Text, people: People) -> list[Json]:
    """The last line, small and grey where it holds nothing that Slack could style, else as plain sentences are."""
    marked = mrkdwn(foot, people)
    if marked is None:
        return paragraphs([foot], people)
    return [{"type": "context", "elements": [{"type": "mrkdwn", "text": marked, "verbatim": True}]}]


def _images(pictures: Sequence[Picture]) -> list[Json]:
    shown = pictures[:PICTURES]
    return [_image(picture, most=min(SAID_OF_PICTURES // len(shown), 2000) - 200) for picture in shown]


def _image(picture: Picture, *, most: int) -> Json:
    """`most`: characters for those who cannot see it."""
    image = {"type": "image", "slack_file": {"id": picture.ref}, "alt_text": one_line(picture.alt, most) or "A picture"}
    return image | ({"title": plain_text(picture.title, 90)} if one_line(picture.title, 90) else {})


def in_words(message: Message) -> Message:
    """The same without its pictures: what they say stands among its lines."""
    said = tuple((Quote(one_line(picture.alt, 2000)),) for picture in message.pictures[:PICTURES])
    return replace(message, pictures=(), lines=(*message.lines, *said))


def actions(shown: Message | Row, *, row_id: str) -> list[Json]:
    """Rows of buttons, filled evenly; a message's seldom pressed ones stand in a menu behind the last of them.

    Each carries only the alert and the generation it was shown for.
    """
    rows = _evenly([_button(button, shown) for button in shown.buttons[: ROW * 4]])
    if isinstance(shown, Message) and shown.more:
        rows = [*rows[:-1], [*(rows[-1] if rows else []), _menu(shown)]]
    return [
        {"type": "actions", "block_id": one_line(f"{row_id}:{n}:{shown.alert_id}", 255), "elements": row}
        for n, row in enumerate(rows)
    ]


def _evenly(elements: Sequence[Json]) -> list[list[Json]]:
    if not elements:
        return []
    rows = -(-len(elements) // ROW)
    size = -(-len(elements) // rows)
    return [list(elements[n : n + size]) for n in range(0, len(elements), size)]


def _menu(message: Message) -> Json:
    """A menu has no label for screen readers, so each of its entries says which alert it is about."""
    about = plain_text(f"Alert {message.alert_id[-6:]}", 75)
    options = [
        {
            "text": plain_text(button.label, 75),
            "value": f"{button.act}:{message.alert_id}:{message.generation}"[:150],
            "description": about,
        }
        for button in message.more[:MORE]
    ]
    return {"type": "overflow", "action_id": "more", "options": options}


def _button(button: Button, about: Message | Row) -> Json:
    alert_id, generation = about.alert_id, about.generation
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
