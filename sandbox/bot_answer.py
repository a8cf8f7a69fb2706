"""What came back from the bot, by whatever way it was asked."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class BotAnswer:
    """`status` None: no answer in time, or none at all; `error` says which, in Slack's words for retries."""

    status: int | None
    body: bytes = b""
    content_type: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    error: str | None = None

    @property
    def ok(self) -> bool:
        return self.status is not None and 200 <= self.status < 300
