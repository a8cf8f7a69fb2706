"""Raising alerts over HTTP: who is it, how much, what; then the writer; then 202."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from bot.acts import Arrival, Done, Received
from bot.core.lookedup import NOTHING, LookedUp
from bot.core.signal import Signal
from bot.core.state import Refused, Status
from bot.loop import Loop
from bot.ports import Away, BadPayload, Conflict, Format, Interaction, Source
from handlers.keys import Keys
from handlers.limits import Limits
from handlers.meters import INTAKE
from handlers.problems import Problem, bad_payload, busy, documented

PATIENCE = 30.0
"""seconds for a body to arrive"""
AlertId = Annotated[str, Path(pattern="^[0-9A-Za-z]{1,64}$", description="an alert's id")]


class Door(Protocol):
    """Where a checked raise goes; it is stored when `submit` returns."""

    async def submit(self, arrival: Arrival, /) -> Received | Refused: ...


@dataclass(frozen=True, kw_only=True)
class Intake:
    """What the way in needs. `may_name_owner(source name)`: whether its alerts may name their owner themselves."""

    keys: Keys
    limits: Limits
    door: Door
    loop: Loop
    native: Format
    base_url: str
    body_bytes: int = 256 * 1024
    may_name_owner: Callable[[str], bool] = field(default=lambda name: True)

    async def raised(self, request: Request) -> Response:
        """One raise, from bytes to its 202."""
        source = await self._sender(request)
        body = await body_of(request, limit=self.body_bytes)
        signal = self._signal(body, source)
        looked = await self._look_up(signal)
        arrival = Arrival(signal=signal, interaction=_interaction(request, source, body), looked=looked)
        received = await self.door.submit(arrival)
        if isinstance(received, Refused):
            raise Problem("idempotency_key_reused", "Use a new key for a new request.")
        INTAKE.labels(result="duplicate" if received.duplicate else "accepted").inc()
        return self._accepted(received)

    async def _look_up(self, signal: Signal) -> LookedUp:
        """Tables outside may take seconds: the others go on meanwhile. Most signals need none."""
        return await run_in_threadpool(self.loop.look_up, signal) if self.loop.needs_looking_up(signal) else NOTHING

    async def cleared(self, request: Request, alert_id: str) -> Response:
        """The source says that it is over."""
        source = await self._sender(request)
        done = await run_in_threadpool(self._clear, alert_id, source.name)
        if done.code == "unknown" or done.alert is None:
            raise Problem("not_found", "This source has no such alert.")
        if not done.ok:
            raise Problem("finished", f"The alert is {done.alert.status} already.")
        answer = {"id": done.alert.id, "status": done.alert.status.value, "url": self._url(done.alert.id)}
        return _json(202, answer)

    async def _sender(self, request: Request) -> Source:
        source = await self.keys.source(request.headers.get("authorization"))
        self.limits.take(source)
        if source.kind == "operator":
            raise Problem("forbidden", "An operator key reads everything and raises nothing.")
        return source

    def _signal(self, body: bytes, source: Source) -> Signal:
        try:
            signal = self.native.parse(body, source.name)
        except BadPayload as error:
            raise bad_payload(error) from None
        if signal.owner and not self.may_name_owner(source.name):
            raise bad_payload(BadPayload([("/owner", "this source may not name the owner; its configuration does")]))
        return signal

    def _clear(self, alert_id: str, source: str) -> Done:
        for _ in range(5):
            try:
                return self.loop.cleared(alert_id, source=source)
            except Conflict:
                continue  # somebody acted at this very moment; decide again on what is there now
        raise busy("The alert is changing.")

    def _accepted(self, received: Received) -> Response:
        answer = {
            "id": received.alert_id,
            "status": received.status,
            "duplicate": received.duplicate,
            "url": self._url(received.alert_id),
        }
        return _json(202, answer, {"Idempotent-Replayed": "true"} if received.replayed else None)

    def _url(self, alert_id: str) -> str:
        return f"{self.base_url}/v1/alerts/{alert_id}"


async def body_of(request: Request, *, limit: int) -> bytes:
    """The body, counted while it arrives. Raises Problem (408, 413, 415)."""
    kind = request.headers.get("content-type", "")
    if kind and "json" not in kind and not kind.startswith(("text/plain", "application/x-www-form-urlencoded")):
        raise Problem("not_json", "Send Content-Type: application/json.")
    return await raw_body(request, limit=limit)


async def raw_body(request: Request, *, limit: int) -> bytes:
    """The body as it is, counted while it arrives. Raises Problem (408, 413)."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > limit:
        raise _too_large(limit)
    try:
        async with asyncio.timeout(PATIENCE):
            return await _counted(request, limit)
    except TimeoutError:
        raise Problem("too_slow", headers={"Connection": "close"}) from None


async def _counted(request: Request, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        chunks.append(chunk)
    return b"".join(chunks)


def _too_large(limit: int) -> Problem:
    # Closing spares both sides the rest of the body.
    return Problem("too_large", f"At most {limit} bytes are taken.", headers={"Connection": "close"})


def _interaction(request: Request, source: Source, body: bytes) -> Interaction | None:
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not 1 <= len(key) <= 255 or not all("!" <= c <= "~" for c in key):
        error = {"pointer": "", "parameter": "Idempotency-Key", "detail": "should be 1 to 255 visible characters"}
        raise Problem("invalid", "A header is wrong.", [error])
    return Interaction(source=f"intake:{source.id}", id=key, digest=sha256(body).hexdigest())


def _json(status: int, content: Any, headers: dict[str, str] | None = None) -> Response:
    return Response(json.dumps(content), status, headers, "application/json")


# ── what the API's description says ──────────────────────────────────────────────────────────────────────────────────


class Accepted(BaseModel):
    """The alert is stored, with its first event and what is owed because of it."""

    id: str
    status: Status
    duplicate: bool
    url: str


class Cleared(BaseModel):
    """Where the alert stands after its source said that it is over."""

    id: str
    status: Status
    url: str


_EVERYWHERE = ("unauthorized", "forbidden", "too_many_requests", "internal", "unavailable")
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key with the same body is answered as it was the first time.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}


def routes(intake: Intake) -> APIRouter:
    router = APIRouter(tags=["intake"])
    body = {"required": True, "content": {"application/json": {"schema": intake.native.schema()}}}
    raising = ("malformed", "too_slow", "too_large", "not_json", "invalid", "idempotency_key_reused")

    @router.post(
        "/v1/alerts",
        status_code=202,
        response_model=Accepted,
        responses=documented(*raising, *_EVERYWHERE),
        openapi_extra={"requestBody": body, "parameters": [_KEY]},
        summary="Raise an alert",
    )
    async def raise_alert(request: Request) -> Response:
        return await _told(intake.raised(request))

    @router.post(
        "/v1/alerts/{alert_id}/cleared",
        status_code=202,
        response_model=Cleared,
        responses=documented("not_found", "finished", "invalid", *_EVERYWHERE),
        summary="Say that it is over",
    )
    async def cleared(request: Request, alert_id: AlertId) -> Response:
        return await intake.cleared(request, alert_id)

    return router


async def _told(raised: Awaitable[Response]) -> Response:
    """Count what is refused, by its code."""
    try:
        return await raised
    except Problem as problem:
        INTAKE.labels(result=problem.code).inc()
        raise
    except (Away, Conflict):
        INTAKE.labels(result="unavailable").inc()
        raise
