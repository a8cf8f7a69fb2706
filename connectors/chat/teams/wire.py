"""Calls to the Bot Connector, and what a failed one means: refused, later, or nobody can say.

Each is asked once, but for one that no token of ours opened.
"""

from __future__ import annotations

import re
import time
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

import httpx2

from bot.ports import Later, Refusal, Unknown
from connectors.chat.teams.cloud import Service
from connectors.chat.teams.text import Json
from connectors.microsoft.waiting import seconds

TIMEOUT = httpx2.Timeout(6.0, connect=3.0)
"""seconds: a card may take a roster, a token and a post, all within the ten that a chat has"""
QUICK = httpx2.Timeout(2.0)
"""for what is asked while a person waits"""
PAUSE, SOON = 10.0, 2.0
"""seconds after a 429, and after a 412, that names none; more with every attempt"""
_CODE = re.compile(r"[A-Za-z0-9_.:/-]{1,100}")
_CONTENT = frozenset(("BadSyntax", "BadArgument", "MessageSizeTooBig", "InvalidCardFormat", "RequestEntityTooLarge"))
_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)


class Tokens(Protocol):
    """Whoever gives out the bot's bearer tokens. Raises Later or Refusal of kind `workspace`."""

    def token(self, scope: str, /) -> str: ...
    def forget(self, token: str, /) -> None:
        """It was not accepted: the next one is asked for anew."""
        ...


class _Call(NamedTuple):
    method: str
    address: str
    body: Json | None
    timeout: httpx2.Timeout


class Connector:
    """One bot's way to the Bot Connector. Safe in many threads."""

    def __init__(self, tokens: Tokens, at: Service, *, client: httpx2.Client | None = None) -> None:
        self._tokens, self.at = tokens, at
        # A redirect would carry the token to whoever is named in it.
        self._client = client or httpx2.Client(follow_redirects=False, trust_env=at.address.startswith("https:"))

    def ask(self, method: str, base: str, path: str, *, body: Json | None = None, quick: bool = False) -> Json:
        """The body of the answer to one call. Raises Refusal, Later or Unknown."""
        if not self.at.takes(base):
            raise Refusal("foreign_service", "workspace")
        call = _Call(method, f"{base.rstrip('/')}/{path}", body, QUICK if quick else TIMEOUT)
        token = self._tokens.token(self.at.cloud.bot_scope)
        answer = self._sent(call, token)
        if answer.status_code == 401:
            # It was revoked, or a clock was set back. Nothing was done, so a fresh one may try.
            self._tokens.forget(token)
            fresh = self._tokens.token(self.at.cloud.bot_scope)
            answer = self._sent(call, fresh) if fresh != token else answer
        if not answer.is_success:
            raise judged(answer)
        return _json(answer)

    def _sent(self, call: _Call, token: str) -> httpx2.Response:
        try:
            return self._client.request(
                call.method,
                call.address,
                json=call.body,
                headers={"authorization": f"Bearer {token}"},
                timeout=call.timeout,
            )
        except _NOT_SENT:
            raise Later("unreachable", 5) from None
        except httpx2.HTTPError as error:
            raise Unknown(type(error).__name__) from None

    def close(self) -> None:
        self._client.close()


def path(*parts: str) -> str:
    """`v3/conversations/…`; ids hold colons, semicolons and at signs."""
    return "/".join(("v3", "conversations", *(quote(part, safe="") for part in parts)))


def _json(answer: httpx2.Response) -> Json:
    if not answer.content:
        return {}
    try:
        body = answer.json()
    except ValueError:
        raise Unknown("not_json") from None
    if not isinstance(body, dict):
        raise Unknown("not_json")
    return body


def judged(answer: httpx2.Response) -> Refusal | Later | Unknown:
    """What an answer that is no success means."""
    status, code = answer.status_code, _code(answer)
    named = seconds(answer.headers.get("retry-after"), default=0.0, now=time.time())
    if status == 429:
        return Later("ratelimited", named or PAUSE, grows=not named)
    if status == 412:
        return Later("precondition_failed", named or SOON, grows=not named)
    if status >= 500 or status < 400:
        # 502 and 504 among them, which Teams wants repeated: a message in doubt only once it was looked for.
        return Unknown(f"http_{status}", named)
    return Refusal(code or f"http_{status}", _kind(status, code))


def _kind(status: int, code: str) -> str:
    if status == 401:
        return "workspace"
    if status == 413 or code in _CONTENT:
        return "content"
    if status == 404 and code == "ActivityNotFoundInConversation":
        return "missing"
    # 403: not installed for this person, blocked by them, or not in this team. 404: no such conversation any more.
    return "place" if status in (403, 404) else "other"


def _code(answer: httpx2.Response) -> str:
    try:
        body: Any = answer.json()
        code = body["error"]["code"]
    except (ValueError, KeyError, TypeError):
        return ""
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""
