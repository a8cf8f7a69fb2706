"""Text: plain and mrkdwn objects, and whom a text would notify."""

from __future__ import annotations

import re
from typing import Any

from sandbox.blocks.walk import Check, Walk, boolean, record, string, typed

_BROADCAST = re.compile(r"<!(?:channel|here|everyone)(?:\||>)")
_BARE_BROADCAST = re.compile(r"(?<![\w`])@(?:channel|here|everyone)\b")
_MENTION = re.compile(r"<(?:@|!subteam\^)([SUW][A-Z0-9]+)(?:\|[^>]*)?>")


def notes_mentions(walk: Walk, text: str, *, parses_bare: bool) -> None:
    """Slack parses `<!here>` in any mrkdwn; a bare `@here` only where links and names are looked for."""
    if _BROADCAST.search(text) or (parses_bare and _BARE_BROADCAST.search(text)):
        walk.broadcast = True
    walk.mentions.extend(_MENTION.findall(text))


def plain(most: int, *, least: int = 1) -> Check:
    return typed({"plain_text": _plain(most, least)})


def mrkdwn(most: int, *, least: int = 1) -> Check:
    return typed({"mrkdwn": _mrkdwn(most, least)})


def either(most: int, *, least: int = 1) -> Check:
    return typed({"plain_text": _plain(most, least), "mrkdwn": _mrkdwn(most, least)})


def _plain(most: int, least: int) -> Check:
    return record({"text": string(most, least=least)}, {"emoji": boolean}, then=_counts)


def _mrkdwn(most: int, least: int) -> Check:
    return record({"text": string(most, least=least)}, {"verbatim": boolean}, then=_reads)


def _counts(walk: Walk, value: Any, path: str) -> None:
    if isinstance(value.get("text"), str):
        walk.text_length += len(value["text"])


def _reads(walk: Walk, value: Any, path: str) -> None:
    _counts(walk, value, path)
    if isinstance(value.get("text"), str):
        notes_mentions(walk, value["text"], parses_bare=not value.get("verbatim", False))
