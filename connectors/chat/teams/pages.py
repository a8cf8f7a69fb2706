"""Pages and sentences as cards: the answer to a command, a list, the history of an alert."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bot.core.fitting import People, fitted
from bot.core.pages import Row, Sheet
from bot.core.text import Text, Words, sentence
from bot.ports import Answer
from connectors.chat.teams import lists
from connectors.chat.teams.cards import MOST, ROOM, About, buttons, execute, marked, size, whole
from connectors.chat.teams.text import Json, Mentions, line, lines, title

ROWS = 40
FEWEST = 4
"""entries that keep their buttons however long the list is: the first ones, which are the most urgent"""


def answer_card(given: Answer, *, back: About | None = None, note: Text = ()) -> Json:
    """What somebody is told: a page, or a sentence. `back`: the alert whose card it stands in place of; `note`: what
    is said above a page."""
    if given.sheet is not None:
        return sheet_card(given.sheet, given.people, back=back, note=note)
    body = [*line(given.said, given.people, Mentions()), *_back(back)]
    return whole(body, about="An answer of Closeloop")


def sheet_card(sheet: Sheet, people: People, *, back: About | None = None, note: Text = ()) -> Json:
    """A page to read, with what can be pressed beside each of its entries; of a long one as much as fits."""
    people, rows, room = {**people, **sheet.people}, sheet.rows[:ROWS], ROOM
    ends = (marked(note, people), _back(back))
    card = _page(sheet, rows, people, room, ends)
    while size(card) > MOST and sum(1 for row in rows if row.buttons) > FEWEST:
        # Buttons weigh most: entries without them, from the last one on, rather than fewer entries.
        rows = _bare(rows)
        card = _page(sheet, rows, people, room, ends)
    while size(card) > MOST and rows:
        rows, room = rows[: len(rows) * 3 // 4], max(room * 3 // 4, 500)
        card = _page(sheet, rows, people, room, ends)
    return card


Ends = tuple[list[Json], list[Json]]
"""what stands above a page and at its end"""


def _page(sheet: Sheet, rows: tuple[Row, ...], people: People, room: int, ends: Ends) -> Json:
    flat = [sheet.intro, *(text for row in rows for text in row.lines), sheet.foot]
    intro, *said, foot = fitted(flat, people, room=room)
    above, back = ends
    body = [
        *above,
        *title(sheet.title, people, size="Medium"),
        *line(intro, people, Mentions()),
        *lists.above(sheet),
        *_rows(rows, iter(said), people, kind=lists.kind(sheet)),
        *lines(_missing(sheet, rows), people, Mentions()),
        *lists.below(sheet, rows, people),
        *line(foot, people, Mentions(), size="Small", isSubtle=True),
        *back,
    ]
    return whole(body, about="A page of Closeloop")


def _bare(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Without the buttons of a quarter of those that still have them, the last ones."""
    kept = sum(1 for row in rows if row.buttons) * 3 // 4
    having = [number for number, row in enumerate(rows) if row.buttons][:kept]
    return tuple(row if number in having else replace(row, buttons=()) for number, row in enumerate(rows))


def _missing(sheet: Sheet, rows: tuple[Row, ...]) -> list[Text]:
    """What there was no room for."""
    left, bare = len(sheet.rows) - len(rows), sum(1 for a, b in zip(sheet.rows, rows, strict=False) if a != b)
    told = sentence(f"The buttons of {bare} did not fit here. Type ", Words("status", bold=True), " and a number.")
    return [*([told] if bare else []), *([sentence(f"{left} more did not fit here.")] if left else [])]


def _rows(rows: tuple[Row, ...], said: Iterator[Text], people: People, *, kind: str) -> list[Json]:
    blocks: list[Json] = []
    for row in rows:
        entry = lines([next(said) for _ in row.lines], people, Mentions(), spacing="Small")
        what = About(alert_id=row.alert_id, generation=row.generation, kind=kind)
        items = [*entry, *buttons(row, what)]
        if items:
            blocks.append({"type": "Container", "separator": bool(row.buttons), "items": items})
    return blocks


def _back(back: About | None) -> list[Json]:
    return [{"type": "ActionSet", "actions": [execute("Back", "card", back)]}] if back else []
