"""What every address of the stand-in has in common: faults come first, and what was asked is remembered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from sandbox.microsoft.faults import Fault
from sandbox.microsoft.tenant import Tenant
from sandbox.wire import Cut

CODES = {
    400: "BadRequest",
    401: "InvalidAuthenticationToken",
    403: "Authorization_RequestDenied",
    404: "Request_ResourceNotFound",
    409: "Conflict",
    412: "PreconditionFailed",
    429: "TooManyRequests",
    500: "InternalServerError",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
    507: "InsufficientStorage",
}


def tenant_of(request: Request) -> Tenant:
    found: Tenant = request.app.state.workspace.tenant
    return found


async def answered(request: Request, tenant: Tenant, work: Callable[[], Response]) -> Response:
    path = request.url.path.removeprefix("/microsoft")
    fault = tenant.faults.take(path, request.method)
    if fault is not None and fault.slow:
        await asyncio.sleep(fault.slow)
        fault = None
    answer = work() if fault is None or fault.is_late else broken(fault)
    query = f"?{request.url.query}" if request.url.query else ""
    tenant.called(request.method, f"{path}{query}", 0 if isinstance(answer, Cut) else answer.status_code)
    return answer if fault is None else broken(fault)


def broken(fault: Fault) -> Response:
    if fault.status == 0:
        return Cut()
    headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
    if fault.body is not None and not fault.is_late:
        return PlainTextResponse(fault.body, status_code=fault.status, headers=headers)
    code = CODES.get(fault.status, "Fault")
    error = {"code": code, "message": "A fault on order.", "innerError": {"code": code}}
    return JSONResponse({"error": error}, status_code=fault.status, headers=headers)
