"""What is chosen on a page rather than done to one alert: tabs, filters, and the rows that an act is for.

A view has no memory beside itself, so what it shows is kept in it (`Kept`), and each drawing reads it back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from bot.core.card import Button
from bot.core.pages import Choice, Row, Sheet
from bot.core.text import one_line
from connectors.chat.slack.blocks import plain_text
from connectors.chat.slack.text import Json

TURN, BULK, PICK = "turn:", "bulk:", "pick"
OPTIONS = 100


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What a Home knows of itself from one drawing to the next."""

    state: Mapping[str, str] = field(default_factory=dict)
    """what is chosen: `tab`, `severity`, `source`"""
    round: str = ""
    """another one after each act on what was picked: the boxes are empty again"""

    @classmethod
    def of(cls, metadata: str) -> Kept:
        """What a view carries; the first page where it carries nothing of the kind."""
        try:
            known = json.loads(metadata)
            state = {str(name): str(value) for name, value in known["state"].items()}
            return cls(state=state, round=str(known["round"]))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return cls()

    @property
    def metadata(self) -> str:
        return json.dumps({"state": dict(self.state), "round": self.round}, ensure_ascii=False)

    @property
    def key(self) -> str:
        """The same for the same page: while it stays, Slack keeps what is picked, and what a menu shows."""
        return sha256(json.dumps([sorted(self.state.items()), self.round]).encode()).hexdigest()[:8]

    def after(self, gesture_id: str) -> Kept:
        """Once something was done with what was picked."""
        return Kept(state=self.state, round=sha256(gesture_id.encode()).hexdigest()[:8])


def tabs(sheet: Sheet, *, key: str) -> list[Json]:
    """One button each, with how many entries it has; the one that is shown says so to screen readers too."""
    return _row(f"tabs:{key}", [_tab(choice) for choice in sheet.tabs])


def _tab(choice: Choice) -> Json:
    shown: Json = {
        "type": "button",
        "action_id": f"{TURN}{choice.name}:{choice.value}"[:255],
        "text": plain_text(choice.label, 75),
        "value": _packed(choice)[:2000],
    }
    if choice.chosen:
        shown |= {"style": "primary", "accessibility_label": f"{one_line(choice.label, 60)}, shown now"}
    return shown


def filters(sheet: Sheet, *, key: str) -> list[Json]:
    """One menu each."""
    return _row(f"filters:{key}", [menu for label, choices in sheet.filters if (menu := _filter(label, choices))])


def _filter(label: str, choices: Sequence[Choice]) -> Json | None:
    offered = [choice for choice in choices if len(_packed(choice)) <= 150]
    # What is chosen is offered in any case: without it the menu would say something else.
    few = sorted(offered, key=lambda choice: not choice.chosen)[:OPTIONS]
    options = {choice.value: _option(choice) for choice in offered if choice in few}
    if not options:
        return None
    shown: Json = {
        "type": "static_select",
        "action_id": f"{TURN}{choices[0].name}"[:255],
        "placeholder": plain_text(label, 150),
        "options": list(options.values()),
    }
    chosen = next((options[choice.value] for choice in offered if choice.chosen and choice.value in options), None)
    return shown | ({"initial_option": chosen} if chosen else {})


def _option(choice: Choice) -> Json:
    return {"text": plain_text(choice.label, 75), "value": _packed(choice)}


def _packed(choice: Choice) -> str:
    """Slack takes no empty value."""
    return f"={choice.value}"


def turned(action: Mapping[str, Any]) -> tuple[str, str]:
    """(name, value) of the tab or filter that was chosen."""
    packed = action.get("value") or (action.get("selected_option") or {}).get("value") or "="
    return action["action_id"].removeprefix(TURN).partition(":")[0], packed[1:]


def bulk(buttons: Sequence[Button], *, key: str) -> list[Json]:
    """What can be done with everything that is picked."""
    return _row(f"bulk:{key}", [_all(button) for button in buttons])


def _all(button: Button) -> Json:
    shown: Json = {
        "type": "button",
        "action_id": f"{BULK}{button.act}"[:255],
        "text": plain_text(button.label, 75),
        "value": "picked",
    }
    return shown | ({"style": button.style} if button.style in ("primary", "danger") else {})


def box(row: Row) -> Json:
    """The box by which a row is picked. It says of which alert it is."""
    option = {
        "text": plain_text(f"Pick #{row.alert_id[-6:]}", 75),
        "value": f"{row.alert_id}:{row.generation}"[:150],
    }
    return {"type": "checkboxes", "action_id": PICK, "options": [option]}


def picked(values: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """A view's `state.values` as what is picked: `<alert id>:<generation>`, separated by blanks."""
    ticked = (elements.get(PICK, {}).get("selected_options") or () for elements in values.values())
    return " ".join(dict.fromkeys(option["value"] for options in ticked for option in options))


def _row(block_id: str, elements: list[Json]) -> list[Json]:
    return [{"type": "actions", "block_id": block_id, "elements": elements[:25]}] if elements else []
