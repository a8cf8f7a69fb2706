"""Graph as an app meets it: people and groups, one by one, in batches and as changes; Teams' apps; tasks and mail."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.errors import Json
from sandbox.microsoft import apps, mail, people, planner, todo
from sandbox.microsoft.delta import delta
from sandbox.microsoft.odata import GraphError, bad
from sandbox.microsoft.people import Asked
from sandbox.microsoft.serving import answered, broken, tenant_of
from sandbox.microsoft.tenant import Tenant
from sandbox.wire import Cut

ROOT = "/microsoft/graph"
MOST = 20
AT_ONCE = 4
"""requests to one mailbox"""


@dataclass(frozen=True, kw_only=True)
class Address:
    path: re.Pattern[str]
    roles: tuple[str, ...]
    """one of them is enough"""
    work: Callable[..., Json | None]
    denied: str = "Authorization_RequestDenied"
    method: str = "GET"
    status: int = 200
    """of an answer with a body; one without is 204"""
    empty: int = 204


_READ = ("User.Read.All", "User.ReadWrite.All", "Directory.Read.All")
_APPS = ("TeamsAppInstallation.ReadWriteSelfForUser.All", "TeamsAppInstallation.ReadWriteForUser.All")
_TASKS = ("Tasks.ReadWrite.All",)
_GROUPS = ("GroupMember.Read.All", "Group.Read.All", "Directory.Read.All")
_MADE = {"GET": 200, "POST": 201, "PATCH": 200, "DELETE": 200}
_LIST = r"/users/([^/]+)/todo/lists/([^/]+)"
# The first that fits: nobody's id is `delta`.
ADDRESSES = (
    Address(path=re.compile(r"/users"), roles=_READ, work=people.users),
    Address(path=re.compile(r"/users/delta"), roles=_READ, work=delta),
    Address(path=re.compile(r"/users/([^/]+)"), roles=_READ, work=people.user),
    Address(path=re.compile(r"/users/([^/]+)/manager"), roles=_READ, work=people.manager),
    Address(
        path=re.compile(r"/users/([^/]+)/mailboxSettings"),
        roles=("MailboxSettings.Read", "MailboxSettings.ReadWrite"),
        work=people.mailbox,
        denied="ErrorAccessDenied",
    ),
    Address(
        path=re.compile(r"/users/([^/]+)/presence"),
        roles=("Presence.Read.All", "Presence.ReadWrite.All"),
        work=people.presence,
        denied="Forbidden",
    ),
    Address(path=re.compile(r"/groups"), roles=_GROUPS, work=people.groups),
    Address(path=re.compile(r"/groups/([^/]+)/transitiveMembers"), roles=_GROUPS, work=people.members),
    Address(
        path=re.compile(r"/appCatalogs/teamsApps"),
        roles=("AppCatalog.Read.All", "AppCatalog.ReadWrite.All"),
        work=apps.catalogue,
        denied="Forbidden",
    ),
    *(
        Address(path=re.compile(path), roles=_APPS, work=work, denied="Forbidden", method=method, empty=201)
        for method, path, work in (
            ("GET", r"/users/([^/]+)/teamwork/installedApps", apps.installed),
            ("POST", r"/users/([^/]+)/teamwork/installedApps", apps.install),
            ("GET", r"/users/([^/]+)/teamwork/installedApps/([^/]+)/chat", apps.chat),
        )
    ),
    *(
        Address(path=re.compile(path), roles=_TASKS, work=work, denied="Forbidden", method=method, status=_MADE[method])
        for method, path, work in (
            ("GET", r"/planner/plans/([^/]+)", planner.plan),
            ("GET", r"/planner/plans/([^/]+)/tasks", planner.listed),
            ("GET", r"/planner/buckets/([^/]+)", planner.bucket),
            ("POST", r"/planner/tasks", planner.create),
            ("GET", r"/planner/tasks/([^/]+)", planner.task),
            ("PATCH", r"/planner/tasks/([^/]+)", planner.change),
            ("DELETE", r"/planner/tasks/([^/]+)", planner.remove),
            ("GET", r"/planner/tasks/([^/]+)/details", planner.details),
            ("PATCH", r"/planner/tasks/([^/]+)/details", planner.change_details),
            ("GET", r"/users/([^/]+)/todo/lists", todo.lists),
            ("POST", r"/users/([^/]+)/todo/lists", todo.create_list),
            ("GET", rf"{_LIST}/tasks", todo.tasks),
            ("POST", rf"{_LIST}/tasks", todo.create),
            ("GET", rf"{_LIST}/tasks/([^/]+)", todo.task),
            ("PATCH", rf"{_LIST}/tasks/([^/]+)", todo.change),
            ("DELETE", rf"{_LIST}/tasks/([^/]+)", todo.remove),
            ("PATCH", rf"{_LIST}/tasks/([^/]+)/linkedResources/([^/]+)", todo.change_link),
        )
    ),
    Address(
        path=re.compile(r"/users/([^/]+)/sendMail"),
        roles=("Mail.Send",),
        work=mail.send,
        denied="ErrorAccessDenied",
        method="POST",
        empty=202,
    ),
)


async def serve(request: Request) -> Response:
    tenant = tenant_of(request)
    asked = _asked(request, await request.body())
    gate = _mailbox(asked.path)
    tenant.busy[gate] += 1
    try:
        if gate and tenant.busy[gate] > AT_ONCE:
            return _limited()
        return await answered(request, tenant, partial(_answer, request, asked, tenant))
    finally:
        tenant.busy[gate] -= 1


async def batch(request: Request) -> Response:
    """Each request by itself, not in their order; a 200 around whatever became of them."""
    tenant, body = tenant_of(request), await request.body()
    return await answered(request, tenant, lambda: _batch(request, tenant, body))


_OUTLOOK = re.compile(r"(/users/[^/]+)/(?:mailboxSettings|todo|sendMail)(?:/.*)?")


def _mailbox(path: str) -> str:
    read = _OUTLOOK.fullmatch(path)
    return read[1] if read else ""


def _limited() -> Response:
    error = {"code": "ApplicationThrottled", "message": "Application is over its MailboxConcurrency limit."}
    return JSONResponse({"error": error}, status_code=429, headers={"Retry-After": "1"})


def _asked(request: Request, body: bytes = b"") -> Asked:
    base = f"{str(request.base_url).rstrip('/')}{ROOT}/v1.0"
    path = request.url.path.removeprefix(f"{ROOT}/v1.0")
    return Asked(
        path=unquote(path),
        query=request.url.query,
        headers=dict(request.headers),
        base=base,
        method=request.method,
        body=_json(body),
    )


def _answer(request: Request, asked: Asked, tenant: Tenant) -> Response:
    try:
        return _work(tenant, asked, request.headers.get("authorization", ""))
    except GraphError as refusal:
        return JSONResponse(refusal.body(), status_code=refusal.status)


def _work(tenant: Tenant, asked: Asked, authorization: str) -> Response:
    roles = _allowed(tenant, authorization)
    for address in ADDRESSES:
        if (read := address.path.fullmatch(asked.path)) and address.method == asked.method:
            if not roles & set(address.roles):
                raise GraphError(403, address.denied, "Insufficient privileges to complete the operation.")
            found = address.work(tenant, asked, *read.groups())
            return Response(status_code=address.empty) if found is None else JSONResponse(found, address.status)
    raise bad(f"Resource not found for the segment '{asked.path.strip('/').split('/')[0]}'.")


def _allowed(tenant: Tenant, authorization: str) -> set[str]:
    """What the token permits. Raises GraphError."""
    claims = tenant.keys.claims(authorization.removeprefix("Bearer "), tenant.config.graph)
    if claims is None or claims["tid"] != tenant.config.tenant_id:
        raise GraphError(
            401, "InvalidAuthenticationToken", "Lifetime validation failed, or the token is not for Graph."
        )
    return set(claims["roles"])


def _batch(request: Request, tenant: Tenant, body: bytes) -> Response:
    try:
        _allowed(tenant, request.headers.get("authorization", ""))
        requests = _requests(body)
    except GraphError as refusal:
        return JSONResponse(refusal.body(), status_code=refusal.status)
    return JSONResponse({"responses": [_one(request, tenant, one) for one in reversed(requests)]})


def _requests(body: bytes) -> list[Json]:
    try:
        found = json.loads(body)["requests"]
        ids = [one["id"] for one in found]
        wrong = any(one["method"] != "GET" or not one["url"].startswith("/") for one in found)
    except (ValueError, KeyError, TypeError):
        raise bad("Invalid batch payload format.") from None
    if wrong or not 0 < len(ids) <= MOST or len(set(ids)) < len(ids) or not all(isinstance(one, str) for one in ids):
        raise bad("A batch has 1 to 20 requests with ids of their own; the stand-in reads only.")
    return list(found)


def _one(request: Request, tenant: Tenant, one: Json) -> Json:
    path, _, query = str(one["url"]).partition("?")
    headers: Mapping[str, str] = {str(k).lower(): str(v) for k, v in (one.get("headers") or {}).items()}
    asked = Asked(path=unquote(path), query=query, headers=dict(headers), base=_asked(request).base)
    fault = tenant.faults.take(f"/graph/$batch{path}")
    answer = _answer(request, asked, tenant) if fault is None else broken(fault)
    status = 504 if isinstance(answer, Cut) else answer.status_code
    tenant.called("BATCH", f"/graph/v1.0{one['url']}", status)
    kept = {name.title(): value for name, value in answer.headers.items() if name in ("retry-after", "content-type")}
    return {"id": one["id"], "status": status, "headers": kept, "body": _json(bytes(answer.body))}


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
