"""Pages as Slack's Home, modals and answers to a command."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from bot.core.pages import Row, Sheet
from bot.core.text import Text, Words
from bot.ports import Answer
from connectors.chat.slack.blocks import (
    MESSAGE_BLOCKS,
    PAGE_BLOCKS,
    ROOM,
    actions,
    heading,
    paragraphs,
    plain_text,
    said_blocks,
    small,
)
from connectors.chat.slack.text import Json, People, fitted, top_level

TITLE = 24
NO_PREVIEWS = {"unfurl_links": False, "unfurl_media": False}
ROWS = 60


def home(sheet: Sheet, people: People) -> Json:
    """Somebody's Home tab."""
    return {"type": "home", "blocks": _page(sheet, people, PAGE_BLOCKS)}


def page(sheet: Sheet, people: People, *, title: str) -> Json:
    """A page to read, as a modal."""
    blocks = _page(sheet, people, PAGE_BLOCKS)
    return {"type": "modal", "title": plain_text(title, TITLE), "close": plain_text("Close", TITLE), "blocks": blocks}


def notice(said: Text, people: People) -> Json:
    """A sentence as a modal, for where no private message can be shown."""
    blocks = said_blocks(said, people) or paragraphs([(Words("Nothing was done."),)], {})
    return {
        "type": "modal",
        "title": plain_text("Closeloop", TITLE),
        "close": plain_text("Close", 24),
        "blocks": blocks,
    }


def answer(given: Answer) -> Json:
    """What a command is answered with, seen by whoever typed it alone."""
    sheet, people = given.sheet, given.people
    if sheet is None:
        text, blocks = top_level(given.said, people), said_blocks(given.said, people)
    else:
        text = top_level((Words(f"{sheet.title}. "), *sheet.intro, *_joined(sheet.rows)), {**people, **sheet.people})
        blocks = _page(sheet, people, MESSAGE_BLOCKS)
    return {"response_type": "ephemeral", "text": text or "Done.", "blocks": blocks, **NO_PREVIEWS}


def _joined(rows: Sequence[Row]) -> Text:
    """All lines of all rows as one, for screen readers."""
    return tuple(part for row in rows for line in row.lines for part in (Words(" "), *line))


def _page(sheet: Sheet, people: People, most: int) -> list[Json]:
    people = {**people, **sheet.people}
    rows = sheet.rows[:ROWS]
    flat = [sheet.intro, *(line for row in rows for line in row.lines), sheet.foot]
    intro, *lines, foot = fitted(flat, people, room=ROOM)
    blocks = [*heading(sheet.title), *paragraphs([intro], people), *_rows(rows, iter(lines), people)]
    ending = small(foot, people)
    return [*blocks[: most - len(ending)], *ending]


def _rows(rows: Sequence[Row], lines: Iterator[Text], people: People) -> list[Json]:
    """An entry with buttons stands by itself, above a divider; single lines stand together."""
    blocks: list[Json] = []
    numbered = [(n, row, [next(lines) for _ in row.lines]) for n, row in enumerate(rows)]
    for together, group in groupby(numbered, key=lambda one: len(one[1].lines) == 1 and not one[1].buttons):
        if together:
            blocks += paragraphs([line for _, _, (line,) in group], people)
            continue
        for n, row, said in group:
            blocks += [*paragraphs(said, people), *_pressed(n, row)]
    return blocks


def _pressed(n: int, row: Row) -> list[Json]:
    if not row.buttons:
        return []
    shown = actions(row.buttons, row.alert_id, row.generation, row_id=f"p{n}.{row.generation}")
    return [*shown, {"type": "divider"}]
