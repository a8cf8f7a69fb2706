"""One Web API call as a method sees it: the workspace, the arguments, the scopes, and its line in the log."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.args import Args
from sandbox.channels import Channel
from sandbox.config import BOT_USER
from sandbox.errors import SlackError, invalid_arguments
from sandbox.log import Call as LogLine
from sandbox.people import Person
from sandbox.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Call:
    ws: Workspace
    args: Args
    line: LogLine
    base_url: str

    def need(self, scope: str) -> None:
        """Raises SlackError missing_scope."""
        provided = self.ws.config.scopes
        if scope not in provided:
            raise SlackError("missing_scope", needed=scope, provided=",".join(sorted(provided)))

    def has(self, scope: str) -> bool:
        return scope in self.ws.config.scopes

    def channel_by_id(self) -> Channel:
        """The channel the bot can see, for reading and editing. Raises SlackError channel_not_found."""
        wanted = self.args.text("channel")
        if wanted is None:
            raise invalid_arguments("missing required field: channel")
        channel = self.ws.channels.get(wanted)
        if channel is None or (channel.kind != "channel" and not channel.has_bot):
            raise SlackError("channel_not_found")
        self.line.channel = channel.id
        return channel

    def place_to_post(self) -> Channel:
        """By channel id, `#name`, or person id (their direct message).

        Raises SlackError channel_not_found, not_in_channel, is_archived, user_disabled.
        """
        return self.place(self._named(self.args.text("channel") or ""))

    def place(self, channel: Channel | None) -> Channel:
        """Raises the same where the bot may not post."""
        if channel is None or (channel.kind != "channel" and not channel.has_bot):
            raise SlackError("channel_not_found")
        self.line.channel = channel.id
        if channel.is_archived:
            raise SlackError("is_archived")
        if not channel.has_bot and not self.has("chat:write.public"):
            raise SlackError("not_in_channel")
        if channel.peer is not None and self.ws.people[channel.peer].deleted:
            raise SlackError("user_disabled")
        return channel

    def _named(self, wanted: str) -> Channel | None:
        if wanted.startswith(("U", "W")):
            return self.ws.channels.get(f"D{wanted}") if wanted != BOT_USER else None
        return self.ws.channels.get(wanted) or self.ws.named(wanted.removeprefix("#"))

    def person(self, name: str = "user", *, missing: str = "user_not_found") -> Person:
        """Raises SlackError `missing`."""
        person = self.ws.people.get(self.args.text(name) or "")
        if person is None:
            raise SlackError(missing)
        return person
