"""The blocks themselves, and on which surface each may stand."""

from __future__ import annotations

from typing import Any

from slackblocks import _limits as most
from slackblocks._surfaces import _BLOCK_TYPES_BY_SURFACE

from sandbox.blocks.elements import IN_ACTIONS, IN_INPUT, IN_SECTION
from sandbox.blocks.rich import RICH_TEXT_PARTS
from sandbox.blocks.text import either, notes_mentions, plain
from sandbox.blocks.walk import Check, Walk, array, boolean, one_of, record, string, typed, url


def _block_id(walk: Walk, value: Any, path: str) -> None:
    string(most.BLOCK_ID_MAX_LENGTH)(walk, value, path)
    if value in walk.block_ids:
        walk.wrong(path, f"duplicate block_id: {value}")
    if isinstance(value, str):
        walk.block_ids.add(value)


def _block(required: dict[str, Check], optional: dict[str, Check] | None = None, *, then: Check | None = None) -> Check:
    return record(required, {"block_id": _block_id, **(optional or {})}, then=then)


def _pictured(walk: Walk, value: Any, path: str) -> None:
    if ("image_url" in value) == ("slack_file" in value):
        walk.wrong(path, "must have either image_url or slack_file")


def _says_something(walk: Walk, value: Any, path: str) -> None:
    if "text" not in value and "fields" not in value:
        walk.wrong(path, "missing required field: text or fields")


def _markdown_counts(walk: Walk, value: Any, path: str) -> None:
    if isinstance(value.get("text"), str):
        walk.text_length += len(value["text"])
        notes_mentions(walk, value["text"], parses_bare=True)


def _one_reference(walk: Walk, value: Any, path: str) -> None:
    if ("id" in value) == ("url" in value):
        walk.wrong(path, "must have either id or url")


_FILE = record({}, {"id": string(255), "url": url(3000)}, then=_one_reference)
_PICTURE: dict[str, Check] = {"image_url": url(most.IMAGE_IMAGE_URL_MAX_LENGTH), "slack_file": _FILE}
_ALT: dict[str, Check] = {"alt_text": string(most.IMAGE_ALT_TEXT_MAX_LENGTH)}
_IMAGE_ELEMENT = record(_ALT, _PICTURE, then=_pictured)
_TEXTS = {"plain_text": either(most.TEXT_MAX_LENGTH), "mrkdwn": either(most.TEXT_MAX_LENGTH)}
_CELL = typed(
    {
        "raw_text": record({"text": string(most.TEXT_MAX_LENGTH)}),
        "raw_number": record({"value": lambda walk, value, path: None}, {"text": string(255)}),
        "rich_text": _block({"elements": array(RICH_TEXT_PARTS, most=10_000)}),
    }
)
_COLUMN = record({}, {"align": one_of("left", "center", "right"), "is_wrapped": boolean})

SHAPES: dict[str, Check] = {
    "section": _block(
        {},
        {
            "text": either(most.SECTION_TEXT_MAX_LENGTH),
            "fields": array(either(most.SECTION_FIELDS_ITEM_MAX_LENGTH), most=most.SECTION_FIELDS_MAX_ITEMS),
            "accessory": typed({**IN_SECTION, "image": _IMAGE_ELEMENT}),
            "expand": boolean,
        },
        then=_says_something,
    ),
    "header": _block({"text": plain(most.HEADER_TEXT_MAX_LENGTH)}),
    "divider": _block({}),
    "actions": _block({"elements": array(IN_ACTIONS, most=most.ACTIONS_ELEMENTS_MAX_ITEMS)}),
    "context": _block(
        {"elements": array(typed({**_TEXTS, "image": _IMAGE_ELEMENT}), most=most.CONTEXT_ELEMENTS_MAX_ITEMS)}
    ),
    "image": _block(_ALT, {**_PICTURE, "title": plain(most.IMAGE_TITLE_MAX_LENGTH)}, then=_pictured),
    "input": _block(
        {"label": plain(most.INPUT_LABEL_MAX_LENGTH), "element": IN_INPUT},
        {"hint": plain(most.INPUT_HINT_MAX_LENGTH), "optional": boolean, "dispatch_action": boolean},
    ),
    "rich_text": _block({"elements": array(RICH_TEXT_PARTS, most=10_000)}),
    "markdown": _block({"text": string(most.MARKDOWN_TEXT_MAX_LENGTH)}, then=_markdown_counts),
    "table": _block(
        {"rows": array(array(_CELL, most=most.TABLE_COLUMNS_MAX_ITEMS), most=most.TABLE_ROWS_MAX_ITEMS)},
        {"column_settings": array(_COLUMN, most=most.TABLE_COLUMN_SETTINGS_MAX_ITEMS)},
    ),
    "alert": _block(
        {"text": either(most.ALERT_TEXT_MAX_LENGTH)},
        {"level": one_of("default", "info", "warning", "error", "success")},
    ),
}


def shape_on(surface: str) -> Check:
    """One block of the kinds that this surface ("message", "modal" or "home") takes and we know."""
    allowed = {t for s, types in _BLOCK_TYPES_BY_SURFACE.items() if s == surface for t in types}
    kinds = typed({kind: shape for kind, shape in SHAPES.items() if kind in allowed})

    def check(walk: Walk, value: Any, path: str) -> None:
        walk.action_ids.clear()  # an action_id is unique in its block, not in the message
        kinds(walk, value, path)

    return check


ON = {surface: shape_on(surface) for surface in ("message", "modal", "home")}
