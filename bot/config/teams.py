"""Teams in closeloop.yaml: its channels by the names that the rest of the file uses, and whose activities are taken."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from bot.config.notation import Channel, Shape, nothing, written

_CHANNEL = re.compile(r"19:[A-Za-z0-9_.-]{1,200}@thread\.(?:tacv2|skype)")
_OBJECT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def channel_id(text: str) -> str:
    """A channel's id in Teams, `19:…@thread.tacv2`."""
    if not _CHANNEL.fullmatch(text.strip()):
        raise ValueError("not a channel's id: it is in the channel's link, like 19:ab12@thread.tacv2 (%3A is a colon)")
    return text.strip()


def object_id(text: str) -> str:
    """An id in Entra: of a person, of a tenant."""
    if not _OBJECT.fullmatch(text.strip().lower()):
        raise ValueError("not an object id of Entra, like 8a7b0c1d-2e3f-4a5b-8c6d-7e8f9a0b1c2d")
    return text.strip().lower()


ObjectId = Annotated[str, written(object_id)]


class TeamsShape(Shape):
    """What only Teams needs: it has no names that a bot could look up."""

    channels: Annotated[dict[Channel, Annotated[str, written(channel_id)]], nothing({})] = Field(default_factory=dict)
    tenants: Annotated[tuple[ObjectId, ...], nothing(())] = ()
    """others than the bot's own whose activities are taken"""
    install: bool = False
    """whether the app is installed for whoever cannot be told by direct message without it"""
