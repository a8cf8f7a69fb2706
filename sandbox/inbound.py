"""Requests to the bot: signed as Slack signs them, given three seconds, events tried again."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from typing import Any, Literal
from urllib.parse import urlencode

import httpx2

from sandbox.bot_answer import BotAnswer
from sandbox.errors import Json
from sandbox.log import Inbound
from sandbox.workspace import Workspace

Kind = Literal["interaction", "command", "event"]
REMEMBERED = 200
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


def sign(secret: str, timestamp: str, body: bytes) -> str:
    digest = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256)
    return f"v0={digest.hexdigest()}"


def encode(kind: Kind, payload: Json) -> tuple[str, bytes]:
    """(content type, body): interactions as a form field `payload`, commands as a form, events as JSON."""
    if kind == "event":
        return JSON, json.dumps(payload, separators=(",", ":")).encode()
    fields = payload if kind == "command" else {"payload": json.dumps(payload, separators=(",", ":"))}
    return FORM, urlencode(fields).encode()


class Bot:
    """The way to the bot. A connected socket goes before HTTP, as in an app with Socket Mode on."""

    def __init__(self, ws: Workspace, client: httpx2.AsyncClient) -> None:
        self._ws = ws
        self._client = client
        self.sent: dict[int, tuple[dict[str, str], bytes]] = {}  # by log line, for replays

    async def send(self, kind: Kind, payload: Json, *, extra: dict[str, str] | None = None) -> BotAnswer:
        line = self._ws.log.sent(_name(kind, payload))
        line.id = payload.get("event_id") or payload.get("trigger_id")
        line.retry_num = int((extra or {}).get("x-slack-retry-num", 0)) or None
        started = time.perf_counter()
        answer = await self._deliver(kind, payload, line, extra or {})
        line.ms = (time.perf_counter() - started) * 1000
        line.status, line.error = answer.status, answer.error
        return answer

    async def _deliver(self, kind: Kind, payload: Json, line: Inbound, extra: dict[str, str]) -> BotAnswer:
        sockets = self._ws.sockets
        if sockets.connected:
            line.via = "socket"
            return await sockets.send(kind, payload, extra, self._ws.config.deadline_seconds)
        content_type, body = encode(kind, payload)
        timestamp = str(int(time.time()))
        headers = {
            "content-type": content_type,
            "x-slack-request-timestamp": timestamp,
            "x-slack-signature": sign(self._ws.config.signing_secret, timestamp, body),
            **extra,
        }
        self.sent.pop(line.n, None)  # after a reset the lines are numbered anew
        self.sent[line.n] = (headers, body)
        if len(self.sent) > REMEMBERED:
            del self.sent[next(iter(self.sent))]
        return await self.post(headers, body)

    async def post(self, headers: dict[str, str], body: bytes) -> BotAnswer:
        if self._ws.config.bot_url is None:
            return BotAnswer(status=None, error="connection_failed")
        try:
            async with asyncio.timeout(self._ws.config.deadline_seconds):
                response = await self._client.post(self._ws.config.bot_url, headers=headers, content=body)
        except TimeoutError:
            return BotAnswer(status=None, error="http_timeout")
        except httpx2.HTTPError:
            return BotAnswer(status=None, error="connection_failed")
        return BotAnswer(
            status=response.status_code,
            body=response.content,
            content_type=response.headers.get("content-type", ""),
            headers=dict(response.headers),
            error=None if response.is_success else "http_error",
        )

    async def event(self, payload: Json) -> BotAnswer:
        """One attempt now; what fails is tried again behind the caller's back."""
        answer = await self.send("event", payload)
        if _again(answer):
            self._ws.later(self._retry(payload, answer))
        return answer

    async def _retry(self, payload: Json, answer: BotAnswer) -> None:
        for number, wait in enumerate(self._ws.config.event_retry_seconds, start=1):
            await asyncio.sleep(wait)
            extra = {"x-slack-retry-num": str(number), "x-slack-retry-reason": answer.error or "unknown_error"}
            answer = await self.send("event", payload, extra=extra)
            if not _again(answer):
                return


def _again(answer: BotAnswer) -> bool:
    return not answer.ok and answer.headers.get("x-slack-no-retry") != "1"


def _name(kind: Kind, payload: Json) -> str:
    detail: Any = {
        "interaction": payload.get("type"),
        "command": payload.get("command"),
        "event": payload.get("event", {}).get("type") or payload.get("type"),
    }[kind]
    return str(detail)
