"""Lookups: who owns what, from data outside, one file each.

Lives here: what turns a key (an entity's id, a path, a team) into somebody's e-mail.
Never here: which key is looked up for an alert, who that somebody is.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from bot.ports.directories import Lookup

LOOKUPS = {
    "csv": "connectors.lookup.table:CsvTable",
    "http": "connectors.lookup.http:HttpTable",
    "codeowners": "connectors.lookup.codeowners:CodeOwners",
}


def lookup(name: str) -> Callable[..., Lookup]:
    """What makes this kind of table, imported on first use. Raises KeyError for an unknown one."""
    module, _, maker = LOOKUPS[name].partition(":")
    found: Callable[..., Lookup] = getattr(import_module(module), maker)
    return found
