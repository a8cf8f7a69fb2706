"""The stand-in as one ASGI application: which address is answered by what."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from sandbox import commands, control, gestures, page, people_control, respond, upload, webapi
from sandbox.bodies import body_of
from sandbox.config import SandboxConfig
from sandbox.desk import Desk
from sandbox.errors import Json, PageError
from sandbox.inbound import Bot
from sandbox.microsoft.routes import routes as microsoft
from sandbox.page import person_of, workspace_of
from sandbox.teams.routes import routes as teams
from sandbox.wire import LoopbackOnly
from sandbox.workspace import Workspace

STATIC = Path(__file__).parent / "static"
USER_AGENT = "Slackbot 1.0 (+https://api.slack.com/robots)"
Gesture = Callable[[Desk, Json], Awaitable[Json]]


def create_app(config: SandboxConfig) -> ASGIApp:
    return _assemble(Workspace(config))


def _assemble(workspace: Workspace) -> ASGIApp:
    # A kept connection may be one that a restarting bot has just closed: a person's click must not fail for that.
    limits = httpx2.Limits(max_keepalive_connections=0)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with httpx2.AsyncClient(
            trust_env=False, limits=limits, timeout=None, headers={"user-agent": USER_AGENT}
        ) as client:
            app.state.bot = Bot(workspace, client)
            workspace.http = workspace.teams.client = client
            yield
            await workspace.close()

    app = Starlette(routes=_routes(), lifespan=lifespan, exception_handlers={PageError: _refuse})
    app.state.workspace = workspace
    return LoopbackOnly(app)


class Server(uvicorn.Server):
    """Open pages hold a stream that never ends: it is closed first, or the server would wait for them."""

    def __init__(self, config: uvicorn.Config, workspace: Workspace) -> None:
        super().__init__(config)
        self._workspace = workspace

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._workspace.hub.close()
        await super().shutdown(sockets)


def create_server(config: SandboxConfig, *, port: int) -> Server:
    workspace = Workspace(config)
    settings = uvicorn.Config(
        _assemble(workspace),
        host="127.0.0.1",
        port=port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    return Server(settings, workspace)


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, PageError)
    return JSONResponse({"ok": False, "error": error.message}, status_code=error.status)


GESTURES: dict[str, Gesture] = {
    "act": gestures.press,
    "submit": gestures.submit,
    "close": gestures.close,
    "command": commands.command,
    "home": gestures.home,
    "message": gestures.write,
    "shortcut": gestures.shortcut,
    "read": gestures.read,
}


def _gesture(name: str, act: Gesture) -> Route:
    async def endpoint(request: Request) -> Response:
        body, ws = await body_of(request), workspace_of(request)
        base_url = str(request.base_url).rstrip("/")
        person = person_of(ws, body.get("as"))
        desk = Desk(ws=ws, bot=request.app.state.bot, base_url=base_url, person=person)
        try:
            return JSONResponse(await act(desk, body))
        except KeyError as missing:
            raise PageError(f"missing: {missing}") from None

    return Route(f"/sandbox/api/{name}", endpoint, methods=["POST"])


async def _clock(request: Request) -> Response:
    return JSONResponse(control.move_clock(workspace_of(request), await body_of(request)))


async def _limits(request: Request) -> Response:
    return JSONResponse(control.change_limits(workspace_of(request), await body_of(request)))


async def _person(request: Request) -> Response:
    ws, bot = workspace_of(request), request.app.state.bot
    return JSONResponse(people_control.change_person(ws, bot, request.path_params["id"], await body_of(request)))


async def _new_group(request: Request) -> Response:
    ws, bot = workspace_of(request), request.app.state.bot
    return JSONResponse(people_control.new_group(ws, bot, await body_of(request)))


async def _group(request: Request) -> Response:
    ws, bot = workspace_of(request), request.app.state.bot
    return JSONResponse(people_control.change_group(ws, bot, request.path_params["id"], await body_of(request)))


async def _new_channel(request: Request) -> Response:
    return JSONResponse(control.new_channel(workspace_of(request), await body_of(request)))


async def _channel(request: Request) -> Response:
    ws, bot, channel_id = workspace_of(request), request.app.state.bot, request.path_params["id"]
    if request.method == "DELETE":
        return JSONResponse(control.delete_channel(ws, bot, channel_id))
    return JSONResponse(control.change_channel(ws, bot, channel_id, await body_of(request)))


async def _install(request: Request) -> Response:
    return JSONResponse(control.install(workspace_of(request), request.app.state.bot, await body_of(request)))


async def _raw(request: Request) -> Response:
    return JSONResponse(await control.raw(workspace_of(request), request.app.state.bot, await body_of(request)))


async def _replay(request: Request) -> Response:
    return JSONResponse(await control.replay(workspace_of(request), request.app.state.bot, await body_of(request)))


async def _disconnect(request: Request) -> Response:
    await workspace_of(request).sockets.disconnect()
    return JSONResponse({"ok": True})


async def _verify(request: Request) -> Response:
    return JSONResponse(await control.verify(request.app.state.bot))


async def _reset(request: Request) -> Response:
    workspace_of(request).reset()
    return JSONResponse({"ok": True})


async def _faults(request: Request) -> Response:
    faults = workspace_of(request).faults
    if request.method == "POST":
        return JSONResponse(asdict(faults.add(await body_of(request))))
    if request.method == "DELETE":
        faults.remove(request.query_params.get("id") or (await body_of(request)).get("id"))
    return JSONResponse(faults.as_json())


async def _index(request: Request) -> Response:
    return FileResponse(STATIC / "index.html", headers={"cache-control": "no-cache"})


async def _home(request: Request) -> Response:
    return RedirectResponse("/sandbox")


async def _link(link: WebSocket) -> None:
    await link.app.state.workspace.sockets.serve(link)


def _routes() -> list[BaseRoute]:
    return [
        Route("/api/{method}", webapi.serve, methods=["GET", "POST"]),
        Route("/sandbox/response/{token}", respond.serve, methods=["POST"]),
        Route("/sandbox/api/state", page.state),
        Route("/sandbox/api/messages", page.messages),
        Route("/sandbox/api/messages_by_delivery", page.messages_by_delivery),
        Route("/sandbox/api/stream", page.stream),
        Route("/sandbox/api/files", upload.listing),
        Route("/sandbox/api/files/{id}", upload.shown),
        Route("/upload/v1/{ticket}", upload.serve, methods=["POST"]),
        Route("/files-pri/{which}/{name}", upload.private),
        Route("/sandbox/api/log", page.log),
        *(_gesture(name, act) for name, act in GESTURES.items()),
        Route("/sandbox/api/clock", _clock, methods=["POST"]),
        Route("/sandbox/api/faults", _faults, methods=["GET", "POST", "DELETE"]),
        Route("/sandbox/api/limits", _limits, methods=["POST"]),
        Route("/sandbox/api/users/{id}", _person, methods=["POST"]),
        Route("/sandbox/api/usergroups", _new_group, methods=["POST"]),
        Route("/sandbox/api/usergroups/{id}", _group, methods=["POST"]),
        Route("/sandbox/api/channels", _new_channel, methods=["POST"]),
        Route("/sandbox/api/channels/{id}", _channel, methods=["POST", "DELETE"]),
        Route("/sandbox/api/install", _install, methods=["POST"]),
        Route("/sandbox/api/raw", _raw, methods=["POST"]),
        Route("/sandbox/api/replay", _replay, methods=["POST"]),
        Route("/sandbox/api/disconnect", _disconnect, methods=["POST"]),
        Route("/sandbox/api/verify", _verify, methods=["POST"]),
        Route("/sandbox/api/reset", _reset, methods=["POST"]),
        WebSocketRoute("/sandbox/link", _link),
        *microsoft(),
        *teams(),
        Route("/sandbox", _index),
        Mount("/sandbox/static", StaticFiles(directory=STATIC)),
        Route("/archives/{channel}/{name}", page.permalink),
        Route("/healthz", page.health),
        Route("/", _home),
    ]
