"""The stand-in of Slack as the stories use it: whom they meet there, and what it counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from story import forging
from story.workspace import Channel, Person, Shown, Workspace, channel_id


@dataclass(frozen=True)
class Slack:
    workspace: Workspace

    platform = "slack"
    command = "/loop "

    def person(self, name: str) -> Person:
        return Person(self.workspace, name)

    def channel(self, name: str) -> Channel:
        return Channel(self.workspace, channel_id(name))

    def letters(self, name: str) -> list[Shown]:
        return self.workspace.messages(channel_id(name)) if name.startswith("#") else self.person(name).dms()

    def joined(self, name: str) -> None:
        """Whoever is in the workspace can be written to."""

    def left(self, name: str) -> None:
        self.workspace.post(f"users/U0{name.upper()}", deleted=True)

    def click(self, card: Shown, *, who: str, act: str = "acknowledge") -> int:
        """The status of what Slack would send of somebody's press."""
        body = forging.pressed(card, act, who=who)
        return int(self.workspace.post("raw", kind="interaction", body=body, sign="good", headers={})["status"])

    def said_once(self) -> None:
        """Every delivery has one effect, nothing is limited, nobody is shouted at."""
        log = self.workspace.get("log", since=0)
        posts = [call for call in log["calls"] if call["method"] == "chat.postMessage" and call["ok"]]
        twice = {key: count for key, count in Counter(call["delivery"] for call in posts).items() if count > 1}
        assert twice == {}
        assert log["limited"] == 0, [call for call in log["calls"] if call["status"] == 429]
        assert [call for call in log["calls"] if call["broadcast"]] == []
