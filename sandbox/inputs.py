"""What a person enters: the elements of a message or view, what was chosen in them, and what is still missing."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from sandbox.blocks.elements import offered
from sandbox.errors import Json, PageError

#: element type -> (the key of what is chosen, the key of what it starts with)
_CHOSEN = {
    "static_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "overflow": ("selected_option", ""),
    "checkboxes": ("selected_options", "initial_options"),
    "multi_static_select": ("selected_options", "initial_options"),
    "users_select": ("selected_user", "initial_user"),
    "multi_users_select": ("selected_users", "initial_users"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "channels_select": ("selected_channel", "initial_channel"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "plain_text_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
}
_STATELESS = {"button", "overflow", "image"}
_LISTS = {"selected_options", "selected_users"}


@dataclass(frozen=True, kw_only=True)
class Operated:
    """One gesture on an element: its entry in `actions`, the state of everything around it, and whether it is sent."""

    action: Json
    values: Json
    sent: bool


def operate(blocks: list[Json], given: Json, *, entered: Json, known: Json) -> Operated:
    """Raises PageError for an element that is not there and for what it never offered."""
    block, element = find(blocks, str(given["action_id"]), given.get("block_id"))
    done = action(block, element, given, action_ts=f"{time.time():.6f}")
    if element["type"] not in _STATELESS:
        block_id, action_id = block["block_id"], element["action_id"]
        entered = {**entered, block_id: {**entered.get(block_id, {}), action_id: chosen(element, given)}}
    sent = block["type"] != "input" or block.get("dispatch_action") is True
    return Operated(action=done, values=state(blocks, entered, known), sent=sent)


def elements(blocks: list[Json]) -> list[tuple[Json, Json]]:
    """(block, element) for everything a person can press or fill in."""
    found: list[tuple[Json, Json]] = []
    for block in blocks:
        if block["type"] == "actions":
            found += [(block, element) for element in block["elements"]]
        for key in ("accessory", "element"):
            if key in block and block[key]["type"] != "image":
                found.append((block, block[key]))
    return found


def find(blocks: list[Json], action_id: str, block_id: str | None) -> tuple[Json, Json]:
    """Raises PageError: nobody can press what is not there."""
    for block, element in elements(blocks):
        if element["action_id"] == action_id and block_id in {None, "", block["block_id"]}:
            return block, element
    raise PageError(f"there is no element {action_id!r} to press")


def chosen(element: Json, given: Json) -> Json:
    """`{key: value}` of what was chosen, or what the element starts with.

    Raises PageError for what it never offered.
    """
    key, initial = _CHOSEN[element["type"]]
    value: Any = given.get(key, element.get(initial))
    if value is None:
        value = [] if key in _LISTS else None
    if key == "selected_option" and value is not None:
        value = _option(element, value)
    if key == "selected_options":
        value = [_option(element, one) for one in value]
    if key in _LISTS and len(value) > element.get("max_selected_items", len(value)):
        raise PageError(f"{element['action_id']!r} takes at most {element['max_selected_items']}")
    return {key: None if value == "" else value}  # Slack sends null for an empty text


def _option(element: Json, wanted: Any) -> Json:
    value = wanted.get("value") if isinstance(wanted, dict) else wanted
    for option in offered(element):
        if option["value"] == value:
            return dict(option)
    raise PageError(f"{element['action_id']!r} does not offer {value!r}")


def action(block: Json, element: Json, given: Json, *, action_ts: str) -> Json:
    """The one entry of `actions`."""
    shape: Json = {
        "type": element["type"],
        "block_id": block["block_id"],
        "action_id": element["action_id"],
        "action_ts": action_ts,
    }
    if element["type"] == "button":
        return shape | {k: element[k] for k in ("text", "value", "style") if k in element}
    if "placeholder" in element:
        shape["placeholder"] = element["placeholder"]
    return shape | chosen(element, given)


def state(blocks: list[Json], given: Json, known: Json) -> Json:
    """`{block_id: {action_id: {type, …}}}` of every field: given now, else known before, else its start."""
    values: Json = {}
    for block, element in elements(blocks):
        if element["type"] in _STATELESS:
            continue
        block_id, action_id = block["block_id"], element["action_id"]
        entered = given.get(block_id, {}).get(action_id)
        value = chosen(element, entered) if entered else _kept(element, known.get(block_id, {}).get(action_id))
        values.setdefault(block_id, {})[action_id] = {"type": element["type"], **value}
    return values


def _kept(element: Json, known: Json | None) -> Json:
    """What was chosen before, as long as it is still offered."""
    try:
        return chosen(element, known or {})
    except PageError:
        return chosen(element, {})


def missing(blocks: list[Json], values: Json) -> dict[str, str]:
    """`{block_id: what to tell the person}` for each input block that Slack would not submit."""
    problems: dict[str, str] = {}
    for block in blocks:
        if block["type"] == "input":
            entered = values[block["block_id"]][block["element"]["action_id"]]
            problem = _problem(block, entered[_CHOSEN[entered["type"]][0]])
            if problem is not None:
                problems[block["block_id"]] = problem
    return problems


def _problem(block: Json, value: Any) -> str | None:
    element = block["element"]
    if value in (None, "", []):
        return None if block.get("optional") else "Please complete this required field."
    if element["type"] == "plain_text_input":
        if len(value) < element.get("min_length", 0):
            return f"Please enter at least {element['min_length']} characters."
        if len(value) > element.get("max_length", 3000):
            return f"Please enter at most {element.get('max_length', 3000)} characters."
    return None
