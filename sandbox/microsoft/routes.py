"""Which address of the stand-in is answered by what, and what tests do to it."""

from __future__ import annotations

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.bodies import body_of
from sandbox.microsoft import entra, graph
from sandbox.microsoft.faults import order
from sandbox.microsoft.serving import tenant_of
from sandbox.microsoft.tenant import object_id

LOGIN = "/microsoft/login"


async def _state(request: Request) -> Response:
    """The app and its tenant, what was asked of them, and how often a token was."""
    tenant = tenant_of(request)
    tokens = sum(call["path"].endswith("/oauth2/v2.0/token") for call in tenant.calls)
    accounts = {one.person: {"id": object_id(one.person), **asdict(one)} for one in tenant.accounts()}
    return JSONResponse({"calls": tenant.calls, "tokens": tokens, "accounts": accounts})


async def _account(request: Request) -> Response:
    changed = tenant_of(request).change(request.path_params["person"], await body_of(request))
    return JSONResponse({"ok": True, "account": asdict(changed)})


async def _app(request: Request) -> Response:
    tenant_of(request).change_app(await body_of(request))
    return JSONResponse({"ok": True})


async def _faults(request: Request) -> Response:
    return await order(request, tenant_of(request).faults)


async def _expire(request: Request) -> Response:
    tenant_of(request).expire()
    return JSONResponse({"ok": True})


def routes() -> list[BaseRoute]:
    return [
        Route(f"{LOGIN}/common/discovery/instance", entra.instances),
        Route(f"{LOGIN}/{{tenant}}/v2.0/.well-known/openid-configuration", entra.discovery),
        Route(f"{LOGIN}/{{tenant}}/discovery/v2.0/keys", entra.keys),
        Route(f"{LOGIN}/{{tenant}}/oauth2/v2.0/token", entra.token, methods=["POST"]),
        Route("/microsoft/managed/token", entra.managed),
        Route(f"{graph.ROOT}/v1.0/$batch", graph.batch, methods=["POST"]),
        Route(f"{graph.ROOT}/v1.0/{{path:path}}", graph.serve, methods=["GET", "POST", "PATCH", "DELETE"]),
        Route("/sandbox/api/microsoft", _state),
        Route("/sandbox/api/microsoft/app", _app, methods=["POST"]),
        Route("/sandbox/api/microsoft/faults", _faults, methods=["POST", "DELETE"]),
        Route("/sandbox/api/microsoft/expire", _expire, methods=["POST"]),
        Route("/sandbox/api/microsoft/users/{person}", _account, methods=["POST"]),
    ]
