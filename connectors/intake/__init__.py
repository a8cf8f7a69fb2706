"""What senders send: payload ▶ Signal, one file a format.

Lives here: the shapes of foreign payloads and their checks.
Never here: HTTP, routing, anything of the loop.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from bot.ports import Format

FORMATS = {
    "native": "connectors.intake.native",
}


def format_named(name: str) -> Format:
    """The format of this name, imported on first use. Raises KeyError."""
    module: Any = import_module(FORMATS[name])
    found: Format = module
    return found
