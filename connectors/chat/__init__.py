"""Chats: where people see alerts and act on them, one folder each; and mail, in which they are only told.

Lives here: what turns a message into a platform's own blocks, and a click into a gesture.
Never here: who may do what, when to say it again, anything stored.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from bot.ports import Chat

PLATFORMS = {
    "slack": "connectors.chat.slack.client:SlackChat",
    "mail": "connectors.chat.mail:Mail",
    "teams": "connectors.chat.teams.client:TeamsChat",
}


def platform(name: str) -> Callable[..., Chat]:
    """What makes this platform's Chat, imported on first use. Raises KeyError for an unknown platform."""
    module, _, maker = PLATFORMS[name].partition(":")
    found: Callable[..., Chat] = getattr(import_module(module), maker)
    return found
