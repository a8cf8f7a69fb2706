"""Somebody's own list, which is their Home here: its tabs and filters, and what can be done with several at once.

Teams sends every input of a card along with any button on it, so what is chosen stays whatever is pressed; what a form
takes the place of is carried by the form.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.core.fitting import People
from bot.core.pages import Row, Sheet
from connectors.chat.teams.cards import HOME, About, execute
from connectors.chat.teams.text import Json, choice, inert

TURN, PICK, PICKED, BULK = "turn:", "pick", "picked", "bulk"
_LONGEST = 4000
"""characters of what is carried"""


def carried(data: Mapping[str, Any]) -> Json:
    """What a press in a list carries besides its alert: the filters, and where it is for several what was picked."""
    kept = {name: value for name, value in data.items() if name.startswith(TURN) or name == PICKED}
    if data.get(BULK):
        kept[PICKED] = " ".join(str(data.get(PICK) or "").split(","))
    return {name: value for name, value in kept.items() if isinstance(value, str) and len(value) <= _LONGEST}


def filters(what: About) -> Json:
    """What is chosen in the list's filters, to be carried on."""
    return {name: value for name, value in what.more.items() if name.startswith(TURN)}


def state(what: About) -> dict[str, str]:
    """Tab and filters as Home knows them."""
    chosen = {name.removeprefix(TURN): value for name, value in filters(what).items() if value}
    return {**chosen, "tab": what.tab}


def kind(sheet: Sheet) -> str:
    """What a press in this page is of: a list at one of its tabs, or a mere row."""
    return f"{HOME}{_tab(sheet)}" if sheet.tabs else "row"


def _tab(sheet: Sheet) -> str:
    return next((one.value for one in sheet.tabs if one.chosen), "mine")


def above(sheet: Sheet) -> list[Json]:
    """Its tabs, then its filters."""
    tabs = [execute(one.label, "home", About(kind=f"{HOME}{one.value}"), old=False) for one in sheet.tabs]
    return [*_actions(tabs), *_filters(sheet)]


def _filters(sheet: Sheet) -> list[Json]:
    if not sheet.filters:
        return []
    menus = [
        {
            "type": "Input.ChoiceSet",
            "id": f"{TURN}{choices[0].name}",
            "label": label,
            "choices": [{"title": inert(one.label), "value": one.value} for one in choices],
            "value": next((one.value for one in choices if one.chosen), ""),
        }
        for label, choices in sheet.filters
    ]
    return [*menus, *_actions([execute("Show", "home", About(kind=kind(sheet)), old=False)])]


def below(sheet: Sheet, rows: tuple[Row, ...], people: People) -> list[Json]:
    """A box to tick for each entry, and what can be done with all that are ticked."""
    if not sheet.bulk or not rows:
        return []
    choices = [
        {"title": choice(row.lines[0], people, limit=50) or "–", "value": f"{row.alert_id}:{row.generation}"}
        for row in rows
    ]
    boxes = {"type": "Input.ChoiceSet", "id": PICK, "label": "Several at once", "isMultiSelect": True}
    acts = [
        execute(one.label, one.act, About(kind=kind(sheet), more={BULK: one.act}), style=one.style, old=False)
        for one in sheet.bulk
    ]
    return [{**boxes, "style": "expanded", "choices": choices}, *_actions(acts)]


def _actions(actions: list[Json]) -> list[Json]:
    return [{"type": "ActionSet", "actions": actions}] if actions else []
