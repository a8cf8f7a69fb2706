"""Cursors of the list methods."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from sandbox.args import Args
from sandbox.errors import Json, SlackError


def page(args: Args, name: str, items: list[Any]) -> Json:
    """`{name: [...], response_metadata: {next_cursor}}`; the cursor is "" on the last page."""
    start = _start(args.text("cursor"))
    limit = args.number("limit", 200, most=1000)
    more = start + limit < len(items)
    cursor = base64.b64encode(f"offset:{start + limit}".encode()).decode() if more else ""
    return {name: items[start : start + limit], "response_metadata": {"next_cursor": cursor}}


def _start(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        return int(base64.b64decode(cursor, validate=True).decode().removeprefix("offset:"))
    except (ValueError, binascii.Error):
        raise SlackError("invalid_cursor") from None
