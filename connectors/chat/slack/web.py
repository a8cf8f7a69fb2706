"""Calls to Slack's Web API, and what a failed one means: refused, later, or nobody can say."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from http.client import HTTPException
from typing import Any
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from bot.ports import Later, Refusal, Unknown
from connectors.chat.slack.refusals import refused
from connectors.chat.slack.text import Json

SLACK = "https://slack.com/api/"

# Nothing was done, and it is worth asking again. The seconds are for where Slack names none.
_LATER = {
    "ratelimited": 30.0,
    "rate_limited": 30.0,
    "message_limit_exceeded": 60.0,
    "request_timeout": 5.0,
    "team_added_to_org": 60.0,
    "org_login_required": 60.0,
    "external_channel_migrating": 60.0,
}
# Slack says itself that part of the work may have been done; the last two speak of a message it has already.
_UNKNOWN = frozenset(
    (
        "internal_error",
        "fatal_error",
        "service_unavailable",
        "update_failed",
        "duplicate_message_not_found",
        "duplicate_channel_not_found",
    )
)
_CODE = re.compile(r"[a-z0-9_.:/-]{1,100}", re.IGNORECASE)
# The request may have been written whole before the connection broke.
_BROKEN = (ConnectionResetError, ConnectionAbortedError, BrokenPipeError, ssl.SSLEOFError, ssl.SSLZeroReturnError)


def client(token: str | None, base_url: str = SLACK, *, timeout: int = 10) -> WebClient:
    """A Web API client that asks once. Its own retries would post a message twice when a connection drops."""
    made = WebClient(token=token, base_url=base_url, timeout=timeout, retry_handlers=[])
    # The SDK reads HTTPS_PROXY but not NO_PROXY; urllib, which sends the request, reads both by itself.
    made.proxy = None
    return made


def ask(method: Callable[..., SlackResponse], **arguments: Any) -> Json:
    """The body of the answer to one call. Raises Refusal, Later or Unknown."""
    body = answered(method, **arguments).data
    return body if isinstance(body, dict) else {}


def answered(method: Callable[..., SlackResponse], **arguments: Any) -> SlackResponse:
    """The answer to one call, with its headers. Raises Refusal, Later or Unknown."""
    try:
        return method(**arguments)
    except SlackApiError as error:
        raise judged(error.response) from None
    except URLError as error:
        raise Unknown("connection_broken") if isinstance(error.reason, _BROKEN) else Later("unreachable", 5) from None
    except (OSError, HTTPException) as error:
        raise Unknown(type(error).__name__) from None
    except (ValueError, AttributeError):
        # Bytes that are no text, or JSON that is no object: not Slack's own words.
        raise Unknown("not_json") from None


def judged(response: SlackResponse) -> Refusal | Later | Unknown:
    """What an answer without `ok` means."""
    body = response.data if isinstance(response.data, dict) else {}
    code = str(body.get("error", ""))
    if response.status_code == 429 or code in _LATER:
        return Later(code if code in _LATER else "ratelimited", _seconds(response, _LATER.get(code, 30.0)))
    if response.status_code >= 500 or code in _UNKNOWN:
        return Unknown(code if code in _UNKNOWN else f"http_{response.status_code}")
    if not _CODE.fullmatch(code):
        return Unknown("not_json")
    return refused(code)


def _seconds(response: SlackResponse, otherwise: float) -> float:
    named = {name.lower(): value for name, value in response.headers.items()}.get("retry-after", "")
    return float(named) if str(named).isdigit() else otherwise
