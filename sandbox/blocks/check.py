"""The two questions asked of Block Kit: may this message be posted, may this view be shown."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import Any

from slackblocks import _limits as most

from sandbox.blocks.shapes import ON
from sandbox.blocks.text import notes_mentions, plain
from sandbox.blocks.walk import Check, Json, Walk, array, boolean, one_of, record, string

VIEW_BYTES = 250_000


@dataclass(frozen=True, kw_only=True)
class Findings:
    """`errors` as Slack words them, with JSON pointers; whom the text would notify."""

    errors: list[str]
    text_length: int
    broadcast: bool
    mentions: list[str]


def _found(walk: Walk) -> Findings:
    return Findings(
        errors=[f"[ERROR] {e}" for e in walk.errors],
        text_length=walk.text_length,
        broadcast=walk.broadcast,
        mentions=list(dict.fromkeys(walk.mentions)),
    )


_MESSAGE = array(ON["message"], most=most.MESSAGE_BLOCKS_MAX_ITEMS, least=0)


def check_message(blocks: Any, *, text: str = "") -> Findings:
    """`text` is the top-level one: it counts for mentions, not for the blocks' total."""
    walk = Walk(surface="message")
    _MESSAGE(walk, blocks, "/blocks")
    notes_mentions(walk, text, parses_bare=False)
    if isinstance(blocks, list) and sum(_is(b, "table") for b in blocks) > 1:
        walk.wrong("/blocks", "only one table is allowed in a message")
    return _found(walk)


def _is(block: Any, kind: str) -> bool:
    return isinstance(block, dict) and block.get("type") == kind


def _submittable(walk: Walk, value: Any, path: str) -> None:
    blocks = value.get("blocks")
    if isinstance(blocks, list) and any(_is(b, "input") for b in blocks) and "submit" not in value:
        walk.wrong(path, "submit is required when an input block is within blocks")


_COMMON: dict[str, Check] = {
    "private_metadata": string(most.VIEW_PRIVATE_METADATA_MAX_LENGTH, least=0),
    "callback_id": string(most.VIEW_CALLBACK_ID_MAX_LENGTH, least=0),
    "external_id": string(most.VIEW_EXTERNAL_ID_MAX_LENGTH, least=0),
}
_VIEWS = {
    "modal": record(
        {
            "type": one_of("modal"),
            "title": plain(most.VIEW_TITLE_MAX_LENGTH),
            "blocks": array(ON["modal"], most=most.VIEW_BLOCKS_MAX_ITEMS, least=0),
        },
        {
            **_COMMON,
            "submit": plain(most.VIEW_SUBMIT_MAX_LENGTH),
            "close": plain(most.VIEW_CLOSE_MAX_LENGTH),
            "clear_on_close": boolean,
            "notify_on_close": boolean,
            "submit_disabled": boolean,
        },
        then=_submittable,
    ),
    "home": record(
        {
            "type": one_of("home"),
            "blocks": array(ON["home"], most=most.VIEW_BLOCKS_MAX_ITEMS, least=0),
        },
        _COMMON,
    ),
}


def check_view(view: Any, kind: str) -> Findings:
    """`kind` is "modal" or "home"."""
    walk = Walk(surface=kind)
    _VIEWS[kind](walk, view, "/view")
    return _found(walk)


def is_too_large(view: Any) -> bool:
    return len(json.dumps(view, ensure_ascii=False).encode()) > VIEW_BYTES


def with_ids(blocks: list[Json]) -> list[Json]:
    """Slack makes up the block_id and action_id that were left out."""
    return [_named(block) for block in blocks]


def _named(block: Json) -> Json:
    named = {**block, "block_id": block.get("block_id") or secrets.token_urlsafe(4)}
    for key in ("accessory", "element"):
        if key in named:
            named[key] = _acting(named[key])
    if named["type"] == "actions":
        named["elements"] = [_acting(e) for e in named["elements"]]
    return named


def _acting(element: Json) -> Json:
    if element["type"] == "image":
        return element
    return {**element, "action_id": element.get("action_id") or secrets.token_urlsafe(4)}
