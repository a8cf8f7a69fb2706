"""The address that Slack sends along with a click: what is said there costs nothing of the Web API's limits."""

from __future__ import annotations

import json
import logging
from http.client import HTTPException
from urllib.parse import urlsplit

from slack_sdk.webhook import WebhookClient, WebhookResponse

from bot.ports import Unknown
from connectors.chat.slack.text import Json

WAIT = 3
"""seconds for one call"""
_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))


def trusted(address: str, base_url: str) -> bool:
    """Whether it may be called at all: https, or where the workspace itself stands on this machine."""
    try:
        asked, own = urlsplit(address), urlsplit(base_url)
        if asked.scheme == "https":
            return bool(asked.hostname)
        return asked.scheme == "http" and asked.hostname in _LOOPBACK and asked.hostname == own.hostname
    except ValueError:
        return False


def _quiet() -> logging.Logger:
    """The SDK would write down the address, at which anybody can answer in our name."""
    logger = logging.getLogger("slack_sdk.closeloop")
    logger.setLevel(logging.ERROR)
    return logger


def respond(address: str, content: Json) -> None:
    """One call. Raises Unknown where Slack did not say that it took it."""
    webhook = WebhookClient(address, timeout=WAIT, retry_handlers=[], logger=_quiet())
    # As for the Web API: urllib reads NO_PROXY by itself, the SDK does not.
    webhook.proxy = None
    try:
        answer = webhook.send_dict(content)
    except (OSError, HTTPException, ValueError) as error:
        raise Unknown(type(error).__name__) from None
    if answer.status_code != 200:
        raise Unknown(f"http_{answer.status_code}")
    if not _taken(answer):
        raise Unknown("not_taken")


def _taken(answer: WebhookResponse) -> bool:
    """Slack says `ok` or `{"ok": true}`; an HTML page with status 200 is somebody else's answer."""
    said = str(answer.body).strip()
    if said in ("", "ok"):
        return True
    try:
        body = json.loads(said)
    except ValueError:
        return False
    return isinstance(body, dict) and body.get("ok") is True
