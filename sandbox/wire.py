"""What happens to a connection: cut without an answer, and which callers are let in at all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class Cut(Response):
    """Closes the connection without a byte of answer, after `seconds` of silence."""

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__()
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(self._seconds)
        scope["sandbox.cut"]()
        while (await receive())["type"] != "http.disconnect":
            continue


class LoopbackOnly:
    """Outermost: refuses other hosts' names (DNS rebinding) and other sites' pages, and hands `Cut` the transport."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refusal = _refusal(scope)
        if refusal is not None and scope["type"] == "http":
            await PlainTextResponse(refusal, status_code=403)(scope, receive, send)
        elif refusal is not None:
            await send({"type": "websocket.close", "code": 1008})
        else:
            scope["sandbox.cut"] = _cutter(send)
            await self._app(scope, receive, send)


def _refusal(scope: Scope) -> str | None:
    headers = {k: v.decode("latin-1") for k, v in scope["headers"] if k in {b"host", b"origin"}}
    host = headers.get(b"host", "")
    if _hostname(host) not in LOOPBACK:
        return "the sandbox answers only to localhost"
    origin = headers.get(b"origin")
    if origin is not None and urlsplit(origin).netloc != host:
        return "the sandbox answers only to its own page"
    return None


def _hostname(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _cutter(send: Callable[[Any], Awaitable[None]]) -> Callable[[], None]:
    """uvicorn's `send` is a method of the request cycle, which holds the transport; ASGI itself has no way."""
    cycle: Any = getattr(send, "__self__", None)

    def cut() -> None:
        cycle.transport.close()

    return cut
