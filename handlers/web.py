"""The web process: every way in over HTTP, in one app."""

from __future__ import annotations

import gc
import sys
from collections.abc import AsyncIterator, Callable, Mapping, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import anyio
import structlog
import uvicorn
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from prometheus_client import CONTENT_TYPE_LATEST, Counter
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot import health
from bot.health import Check
from bot.loop import Loop
from bot.ports import Format, Store
from handlers import api, front, intake, problems
from handlers.intake import Door, Intake, raw_body
from handlers.keys import Keys
from handlers.limits import Limits
from handlers.meters import SLACK_REQUESTS, TEAMS_REQUESTS, exposition
from handlers.problems import Problem
from handlers.writer import Writer

log = structlog.get_logger(__name__)

CHAT_BYTES = 1024 * 1024
CHAT_THREADS = 16
READY_SECONDS = 5.0

Dispatch = Callable[[bytes, Mapping[str, str]], tuple[int, dict[str, str], str]]


@dataclass(frozen=True, kw_only=True)
class WebParts:
    """What the web process is made of."""

    loop: Loop
    store: Store
    native: Format
    """what the body of `POST /v1/alerts` is read with"""
    base_url: str
    """where others reach it, without a slash at the end"""
    per_source: str = "1200/minute"
    body_bytes: int = 256 * 1024
    may_name_owner: Callable[[str], bool] = field(default=lambda name: True)
    slack: Dispatch | None = None
    """(raw body, headers in lower case) ▶ (status, headers, body)"""
    teams: Dispatch | None = None
    ready: Callable[[], list[Check]] = field(default=list)
    """(name, whether it is there, what is missing); without `database` nothing is accepted"""
    sandbox_url: str | None = None
    door: Door | None = None
    """where raises go instead of a Writer of its own"""


def create_app(parts: WebParts) -> FastAPI:
    """The app; its lifespan starts the writer and, at the end, stores and answers everything that was accepted."""
    writer = Writer(parts.loop.receive)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        writer.start()
        yield
        await writer.stop()

    app = FastAPI(
        title="Closeloop",
        summary="The accountability layer for AI alerts.",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    problems.install(app)
    app.add_middleware(Shield)
    for router in _routers(parts, writer):
        app.include_router(router)
    described = app.openapi
    app.openapi = lambda: _with_problems(described())  # type: ignore[method-assign]
    return app


def serve(app: FastAPI, *, host: str, port: int) -> None:
    """Answer requests until SIGTERM; what was accepted by then is stored and answered, within ten seconds."""
    # What is loaded now stays: else every full collection walks through all of it, and every request waits for that.
    gc.collect()
    gc.freeze()
    # The writer lets go of the interpreter at each statement; at Python's usual 5 ms it may wait longer to get it back
    # than the statement takes.
    sys.setswitchinterval(0.001)
    uvicorn.run(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )


def _routers(parts: WebParts, writer: Writer) -> list[APIRouter]:
    base_url = parts.base_url.rstrip("/")
    keys, limits = Keys(store=parts.store), Limits(parts.per_source)
    way_in = Intake(
        keys=keys,
        limits=limits,
        door=parts.door or writer,
        loop=parts.loop,
        native=parts.native,
        base_url=base_url,
        body_bytes=parts.body_bytes,
        may_name_owner=parts.may_name_owner,
    )
    reader = api.Reader(store=parts.store, keys=keys, limits=limits, base_url=base_url)
    return [intake.routes(way_in), api.routes(reader), _chats(parts), _operations(parts, writer), _pages(parts)]


def _chats(parts: WebParts) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    # Threads of its own: clicks wait for the database, and must neither hold up intake nor be held up by it.
    threads = anyio.CapacityLimiter(CHAT_THREADS)

    async def taken(request: Request, dispatch: Dispatch | None, name: str, counted: Counter) -> Response:
        if dispatch is None:
            raise Problem("not_found", f"This Closeloop is not connected to {name}.")
        body = await raw_body(request, limit=CHAT_BYTES)
        headers = dict(request.headers)
        status, answer, said = await anyio.to_thread.run_sync(dispatch, body, headers, limiter=threads)
        counted.labels(result=_result(status)).inc()
        return Response(said, status, answer)

    @router.post("/slack/events")
    async def slack(request: Request) -> Response:
        return await taken(request, parts.slack, "Slack", SLACK_REQUESTS)

    @router.post("/teams/messages")
    async def teams(request: Request) -> Response:
        return await taken(request, parts.teams, "Teams", TEAMS_REQUESTS)

    return router


def _result(status: int) -> str:
    return "refused" if status in (401, 403) else "failed" if status >= 400 else "answered"


# ── for whoever runs it ──────────────────────────────────────────────────────────────────────────────────────────────


class CheckView(BaseModel):
    name: str
    ok: bool
    detail: str


class Readiness(BaseModel):
    """`degraded`: alerts are accepted, something on their way is missing; `unready`: nothing is accepted."""

    status: Literal["ready", "degraded", "unready"]
    checks: list[CheckView]


def _operations(parts: WebParts, writer: Writer) -> APIRouter:
    router = APIRouter(tags=["operations"])
    threads = anyio.CapacityLimiter(4)

    @router.get("/healthz", response_class=PlainTextResponse, summary="The process answers")
    async def healthz() -> str:
        return "ok\n"

    @router.get("/readyz", responses={503: {"model": Readiness}}, summary="What is missing")
    async def readyz(response: Response) -> Readiness:
        checks = [("intake", writer.accepting, "" if writer.accepting else "Shutting down.")]
        try:
            with anyio.fail_after(READY_SECONDS):
                checks += await anyio.to_thread.run_sync(parts.ready, limiter=threads, abandon_on_cancel=True)
        except TimeoutError:
            checks.append(("database", False, f"No answer within {READY_SECONDS:.0f} seconds."))
        readiness = _readiness(checks)
        response.status_code = 503 if readiness.status == "unready" else 200
        return readiness

    @router.get("/metrics", response_class=PlainTextResponse, summary="Prometheus metrics")
    async def metrics() -> Response:
        text = await run_in_threadpool(exposition, parts.store, parts.loop.clock)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    return router


def _readiness(checks: list[Check]) -> Readiness:
    return Readiness(
        status=health.status(checks), checks=[CheckView(name=name, ok=ok, detail=why) for name, ok, why in checks]
    )


def _pages(parts: WebParts) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def root() -> Response:
        return HTMLResponse(front.page(sandbox=parts.sandbox_url is not None), headers=front.HEADERS)

    @router.get("/sandbox")
    async def sandbox() -> Response:
        if parts.sandbox_url is None:
            raise Problem("not_found", "There is no sandbox here: closeloop up --sandbox starts one.")
        return RedirectResponse(parts.sandbox_url, 307)

    return router


# ── around everything ────────────────────────────────────────────────────────────────────────────────────────────────

_SAFE = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)


class Shield:
    """Safe headers on every answer; what broke is logged and becomes a problem without details."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def send_safe(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                _make_safe(message)
            await send(message)

        try:
            await self._app(scope, receive, send_safe)
        except ClientDisconnect:
            return  # nobody is left to answer
        except Exception:
            log.exception("request broke", action="broke", method=scope["method"], route=_route(scope))
            if begun:
                raise
            await problems.answer(Problem("internal"))(scope, receive, send_safe)


def _make_safe(message: MutableMapping[str, Any]) -> None:
    headers = list(message.get("headers", ()))
    there = {name for name, _ in headers}
    message["headers"] = headers + [header for header in _SAFE if header[0] not in there]


def _route(scope: Scope) -> str:
    """The route's own pattern: what was sent may hold anything."""
    return str(getattr(scope.get("route"), "path", "unknown"))


def _with_problems(described: dict[str, Any]) -> dict[str, Any]:
    schemas = described.setdefault("components", {}).setdefault("schemas", {})
    if "ProblemBody" not in schemas:
        whole = problems.ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= whole.pop("$defs") | {"ProblemBody": whole}
    return described
