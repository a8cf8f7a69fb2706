"""What keeps Closeloop from working in this workspace, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from slack_sdk import WebClient

from bot.ports import Later, Refusal, Unknown
from connectors.chat.slack.channels import PAGE, pages
from connectors.chat.slack.text import Json
from connectors.chat.slack.web import SLACK, answered, client

SCOPES = {
    "chat:write": "posts cards, nudges and private answers, and edits the cards",
    "commands": "answers /loop",
    "users:read": "knows time zones, guests and who was deactivated",
    "users:read.email": "finds owners by their e-mail",
    "channels:read": "finds public channels by name and knows who is in them",
    "groups:read": "the same for private channels it was invited to",
    "im:read": "finds its own direct messages again",
    "channels:history": "reads a public channel back when it is unsure whether a message arrived",
    "groups:history": "the same for private channels",
    "im:history": "the same for its own direct messages",
    "files:write": "uploads the pictures of /loop report",
    "usergroups:read": "knows who is in a user group that rules and policies name",
    "users.profile:read": "reads people's managers in their profiles",
}
"""scope ▶ what Closeloop does with it; manifest.yaml asks for exactly these"""
OPTIONAL = frozenset(("files:write", "usergroups:read", "users.profile:read"))
"""without these everything else works"""


class Problem(NamedTuple):
    id: str
    """one that ends in `.optional` keeps nothing else from working"""
    what: str
    do: str


def problems(token: str, *, base_url: str = SLACK, channels: Iterable[str] = ()) -> list[Problem]:
    """Everything wrong with the token, its scopes and these channels (`#name`). Empty where all is well."""
    web = client(token, base_url)
    found = _token(web)
    if found and found[0].id in ("slack.token", "slack.unreachable"):
        return found
    return found + _channels(web, sorted(set(channels)))


def _token(web: WebClient) -> list[Problem]:
    try:
        granted = answered(web.auth_test).headers
    except Refusal as refusal:
        return [_refused(refusal.code)]
    except (Later, Unknown):
        return [_unreachable(web)]
    named = {name.lower(): value for name, value in granted.items()}.get("x-oauth-scopes")
    missing = sorted(SCOPES.keys() - {scope.strip() for scope in named.split(",")}) if named else []
    return [_missing(scope) for scope in missing]


def _refused(code: str) -> Problem:
    do = "Copy the Bot User OAuth Token (xoxb-…) of the installed app into SLACK_BOT_TOKEN."
    return Problem("slack.token", f"Slack refuses the bot token: {code}.", do)


def _unreachable(web: WebClient) -> Problem:
    do = "Check the network, a proxy (HTTPS_PROXY, NO_PROXY) and SLACK_API_URL."
    return Problem("slack.unreachable", f"Slack does not answer at {web.base_url}.", do)


def _missing(scope: str) -> Problem:
    do = "Add it under OAuth & Permissions (manifest.yaml has it) and install the app again."
    if scope in OPTIONAL:
        do += " Without it everything else works."
        return Problem("slack.scope.optional", f"The app lacks an optional scope, {scope}: it {SCOPES[scope]}.", do)
    return Problem("slack.scope", f"The app lacks the scope {scope}: it {SCOPES[scope]}.", do)


def _channels(web: WebClient, wanted: list[str]) -> list[Problem]:
    kinds = "public_channel,private_channel"
    try:
        listed = pages(web.conversations_list, types=kinds, exclude_archived=False, limit=PAGE)
        known = {c["name"]: c for page in listed for c in page["channels"]} if wanted else {}
    except Refusal as refusal:
        do = "Check the scopes channels:read and groups:read."
        return [Problem("slack.channels", f"Slack refuses the list of channels: {refusal.code}.", do)]
    except (Later, Unknown):
        return [_unreachable(web)]
    return [problem for name in wanted if (problem := _channel(name, known.get(name.removeprefix("#").lower())))]


def _channel(name: str, channel: Json | None) -> Problem | None:
    invite = f"Type /invite @Closeloop in {name}."
    if channel is None:
        what = f"There is no channel {name} that the app can see."
        return Problem("slack.channel.missing", what, f"Create it, or mend its name. If it is private: {invite}")
    if channel.get("is_archived"):
        return Problem("slack.channel.archived", f"{name} is archived.", "Unarchive it, or choose another channel.")
    if not channel.get("is_member"):
        return Problem("slack.channel.not_in", f"The app is not in {name}, so it cannot post there.", invite)
    return None
