"""Pages as Slack's Home, modals and answers to a command."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from bot.core.fitting import People, fitted
from bot.core.pages import Row, Sheet
from bot.core.text import Text, Words
from bot.ports import Answer
from connectors.chat.slack import choices
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
from connectors.chat.slack.choices import Kept
from connectors.chat.slack.text import Json, top_level

TITLE = 24
NO_PREVIEWS = {"unfurl_links": False, "unfurl_media": False}
ROWS = 60


def home(sheet: Sheet, people: People, kept: Kept | None = None) -> Json:
    """Somebody's Home tab, the only page on which anything can be chosen. `kept`: what it was before."""
    now = Kept(state=sheet.state, round=kept.round if kept else "")
    blocks = _page(sheet, people, PAGE_BLOCKS, key=now.key)
    return {"type": "home", "private_metadata": now.metadata, "blocks": blocks}


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


def _page(sheet: Sheet, people: People, most: int, *, key: str = "") -> list[Json]:
    """`key`: of a page on which something can be chosen."""
    people = {**people, **sheet.people}
    rows = sheet.rows[:ROWS]
    flat = [sheet.intro, *(line for row in rows for line in row.lines), sheet.foot]
    intro, *lines, foot = fitted(flat, people, room=ROOM)
    above = [*choices.tabs(sheet, key=key), *choices.filters(sheet, key=key)] if key else []
    below = choices.bulk(sheet.bulk, key=key) if key else []
    head = [*heading(sheet.title), *above, *paragraphs([intro], people), *below]
    blocks = [*head, *_rows(rows, iter(lines), people, key=key)]
    ending = small(foot, people)
    return [*blocks[: most - len(ending)], *ending]


def _rows(rows: Sequence[Row], lines: Iterator[Text], people: People, *, key: str) -> list[Json]:
    """An entry with buttons stands by itself, above a divider; single lines stand together."""
    blocks: list[Json] = []
    seen: Counter[tuple[str, int]] = Counter()
    said = [(row, [next(lines) for _ in row.lines]) for row in rows]
    for together, group in groupby(said, key=lambda one: len(one[0].lines) == 1 and not one[0].buttons):
        if together:
            blocks += paragraphs([line for _, (line,) in group], people)
            continue
        for row, shown in group:
            seen[row.alert_id, row.generation] += 1
            # Of the alert, not of its place on the page: it keeps its box when one above it is gone.
            row_id = f"p{key}.{row.generation}.{seen[row.alert_id, row.generation]}"
            blocks += [*paragraphs(shown, people), *_pressed(row, row_id, pick=bool(key) and row.pick)]
    return blocks


def _pressed(row: Row, row_id: str, *, pick: bool) -> list[Json]:
    """The box first, then what can be pressed."""
    if not (row.buttons or pick):
        return []
    shown = actions(row, row_id=row_id)
    if pick and shown:
        shown[0]["elements"].insert(0, choices.box(row))
    elif pick:
        shown = [{"type": "actions", "block_id": f"{row_id}:{row.alert_id}"[:255], "elements": [choices.box(row)]}]
    return [*shown, {"type": "divider"}]
