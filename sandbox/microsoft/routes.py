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


async def _work(request: Request) -> Response:
    """Tasks and mails, all of them or (`as`) those of one person."""
    tenant = tenant_of(request)
    tasks, mails = tenant.work.shown(), tenant.work.mails
    if who := request.query_params.get("as"):
        account = tenant.account(who)
        tasks = [one for one in tasks if object_id(who) in one["owners"]]
        mails = [one for one in mails if account.mail in one["to"]]
    return JSONResponse({"tasks": tasks, "mails": mails})


async def _complete(request: Request) -> Response:
    """`{as, done}`: somebody marks a task complete, or takes that back."""
    body, work = await body_of(request), tenant_of(request).work
    by, is_complete = object_id(str(body.get("as", "U0ANA"))), bool(body.get("done", True))
    return JSONResponse(work.complete(request.path_params["task"], by=by, is_complete=is_complete))


async def _plan(request: Request) -> Response:
    """Somebody deletes a plan, with its tasks."""
    work, plan = tenant_of(request).work, request.path_params["plan"]
    work.plans.pop(plan, None)
    for task_id in [one["id"] for one in work.tasks.values() if one["planId"] == plan]:
        del work.tasks[task_id], work.details[task_id]
    return JSONResponse({"ok": True})


async def _lists(request: Request) -> Response:
    """People delete their lists of To Do, with what is in them."""
    tenant_of(request).work.lists.clear()
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
        Route("/sandbox/api/microsoft/work", _work),
        Route("/sandbox/api/microsoft/tasks/{task}", _complete, methods=["POST"]),
        Route("/sandbox/api/microsoft/plans/{plan}", _plan, methods=["DELETE"]),
        Route("/sandbox/api/microsoft/lists", _lists, methods=["DELETE"]),
    ]
