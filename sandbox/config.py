"""What one stand-in workspace is told when it starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sandbox.microsoft.config import MicrosoftConfig

TEAM_ID = "T0ACME"
TEAM_NAME = "Acme"
TEAM_DOMAIN = "acme"
APP_ID = "A0LOOP"
BOT_ID = "B0LOOP"
BOT_USER = "U0LOOP"
BOT_NAME = "Closeloop"
VERIFICATION_TOKEN = "sandbox-verification-token"  # noqa: S105 -- the deprecated field of every payload; it guards nothing

SCOPES = frozenset(
    {
        "channels:history",
        "channels:read",
        "chat:write",
        "commands",
        "dnd:read",
        "files:read",
        "files:write",
        "groups:history",
        "groups:read",
        "im:history",
        "im:read",
        "im:write",
        "usergroups:read",
        "users.profile:read",
        "users:read",
        "users:read.email",
    }
)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Slack's limits on machine time. Slack publishes no burst, so the default is the strict reading.

    `jitter` (seconds) forgives a caller that keeps to one post a second by its own clock: two requests
    sent 1.000 s apart can arrive 0.99 s apart.
    """

    enabled: bool = True
    posts_per_second: float = 1.0  # of one channel; a thread shares its channel's budget
    post_burst: int = 1
    jitter: float = 0.05
    workspace_per_minute: int = 600
    workspace_burst: int = 60
    tier_scale: float = 1.0  # 0 turns the method tiers off, 10 makes them ten times as wide
    history_restricted: bool = False  # history and replies 1 a minute, 15 items: unlisted vendor apps


@dataclass(frozen=True, kw_only=True)
class Shortcut:
    """One entry of the manifest's `features.shortcuts`, of type message."""

    name: str
    callback_id: str


@dataclass(frozen=True, kw_only=True)
class SandboxConfig:
    """`bot_url` is where signed requests go (the bot's /slack/events); `clock_file` is shared with the bot."""

    signing_secret: str = field(repr=False)
    bot_token: str = field(repr=False)
    app_token: str | None = field(default=None, repr=False)
    bot_url: str | None = None
    clock_file: Path | None = None
    data_file: Path | None = None  # journal: read at start, appended to on every change
    limits: Limits = field(default_factory=Limits)
    scopes: frozenset[str] = SCOPES
    commands: tuple[str, ...] = ("/loop",)
    commands_escape: bool = True  # the manifest's should_escape: `@ben` reaches the bot as `<@U0BEN|ben>`
    shortcuts: tuple[Shortcut, ...] = (Shortcut(name="Raise as alert", callback_id="raise_alert"),)
    events: frozenset[str] = frozenset({"app_home_opened", "user_change"})
    event_retry_seconds: tuple[float, ...] = (0.0, 60.0, 300.0)
    deadline_seconds: float = 3.0
    metadata_max_bytes: int = 1024  # Slack's own number is unpublished
    message_text_cap: int = 12_000  # all block text of one message together
    duplicate_client_msg_id: str | None = None  # e.g. "duplicate_message_not_found": answered to a repeated id
    alerts_hint: str = ""
    microsoft: MicrosoftConfig = field(default_factory=MicrosoftConfig)
    teams_bot_url: str | None = None  # where activities go: the bot's /teams/messages
    teams_service_url: str = ""  # the Connector's own address, as the bot is told it
    teams_speed: float = 1.0  # how many times as fast Teams' own times pass: its limits, and when a client asks again
