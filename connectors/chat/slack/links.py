"""Where messages are read: the workspace's own addresses, as Slack makes them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from slack_sdk import WebClient

from bot.ports import Later, Refusal, Unknown
from connectors.chat.slack.web import ask


@dataclass
class Links:
    """One workspace's. Its address is asked once; while Slack does not answer there are none."""

    web: WebClient

    def to(self, channel: str, ts: str, *, thread: str = "") -> str | None:
        """A message's address; `thread`: of the message whose reply it is. Never raises."""
        try:
            base = self._address
        except (Refusal, Later, Unknown):
            return None
        reply = f"?thread_ts={thread}&cid={channel}" if thread and thread != ts else ""
        return f"{base.rstrip('/')}/archives/{channel}/p{ts.replace('.', '')}{reply}"

    @cached_property
    def _address(self) -> str:
        return str(ask(self.web.auth_test)["url"])
