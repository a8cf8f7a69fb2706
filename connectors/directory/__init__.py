"""Directories: who somebody is, by e-mail or chat id, one file each.

Lives here: what turns an entry elsewhere into a Person.
Never here: whom an alert belongs to, what is remembered of people.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from bot.ports.directories import Directory

DIRECTORIES = {
    "file": "connectors.directory.file:FileDirectory",
    "graph": "connectors.directory.graph:GraphDirectory",
    "slack": "connectors.directory.slack:SlackDirectory",
}


def directory(name: str) -> Callable[..., Directory]:
    """What makes this directory, imported on first use. Raises KeyError for an unknown one."""
    module, _, maker = DIRECTORIES[name].partition(":")
    found: Callable[..., Directory] = getattr(import_module(module), maker)
    return found
