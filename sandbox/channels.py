"""Channels and direct messages, in Slack's shape, and who may see them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from sandbox.config import BOT_USER, TEAM_ID
from sandbox.errors import Json
from sandbox.people import Person

Kind = Literal["channel", "private", "im"]
TYPES: dict[str, Kind] = {"public_channel": "channel", "private_channel": "private", "im": "im"}
READ_SCOPE: dict[Kind, str] = {"channel": "channels:read", "private": "groups:read", "im": "im:read"}
HISTORY_SCOPE: dict[Kind, str] = {"channel": "channels:history", "private": "groups:history", "im": "im:history"}


@dataclass(kw_only=True)
class Channel:
    id: str
    name: str
    kind: Kind = "channel"
    members: list[str] = field(default_factory=list)
    topic: str = ""
    is_archived: bool = False
    created: int = 0

    @property
    def has_bot(self) -> bool:
        return BOT_USER in self.members

    @property
    def peer(self) -> str | None:
        """The person on the other side of a direct message."""
        return self.members[0] if self.kind == "im" else None

    def visible_to(self, person: Person) -> bool:
        if person.id in self.members:
            return True
        return self.kind == "channel" and not person.is_restricted


def first_channels(created: int) -> list[Channel]:
    everyone = ["U0ANA", "U0BEN", "U0CLEO", "U0ELSA", "U0DOV"]
    return [
        Channel(
            id="C0ALERTS",
            name="ai-alerts",
            members=["U0ANA", "U0BEN", "U0CLEO", "U0GUS", BOT_USER],
            topic="What our AI systems found, and who has it",
            created=created,
        ),
        Channel(
            id="C0PAY",
            name="payments",
            kind="private",
            members=["U0ANA", "U0BEN", BOT_USER],
            topic="Payment runs and their oddities",
            created=created,
        ),
        Channel(
            id="C0EXC",
            name="ai-exceptions",
            members=["U0CLEO", "U0ELSA", BOT_USER],
            topic="What only a human can settle",
            created=created,
        ),
        Channel(id="C0GEN", name="general", members=everyone, topic="Everybody", created=created),
        Channel(id="C0OLD", name="old-alerts", members=["U0ANA", BOT_USER], is_archived=True, created=created),
    ]


def direct(person_id: str, created: int) -> Channel:
    return Channel(id=f"D{person_id}", name="", kind="im", members=[person_id, BOT_USER], created=created)


def as_slack_channel(channel: Channel, *, peer_deleted: bool = False) -> Json:
    if channel.kind == "im":
        return {
            "id": channel.id,
            "created": channel.created,
            "is_im": True,
            "is_archived": channel.is_archived,
            "is_org_shared": False,
            "context_team_id": TEAM_ID,
            "user": channel.peer,
            "is_user_deleted": peer_deleted,
            "priority": 0,
        }
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": channel.kind == "channel",
        "is_group": channel.kind == "private",
        "is_im": False,
        "is_mpim": False,
        "is_private": channel.kind == "private",
        "is_archived": channel.is_archived,
        "is_general": channel.id == "C0GEN",
        "is_shared": False,
        "is_ext_shared": False,
        "is_org_shared": False,
        "is_member": channel.has_bot,
        "num_members": len(channel.members),
        "created": channel.created,
        "creator": "U0ELSA",
        "context_team_id": TEAM_ID,
        "topic": {"value": channel.topic, "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
    }
