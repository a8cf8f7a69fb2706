"""POST or GET /api/<method>: who calls, may they, is it too often, what breaks on the way; then the method."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from sandbox.args import Args, read_args
from sandbox.call import Call
from sandbox.errors import Json, RateLimited, SlackError
from sandbox.faults import AFTER, BEFORE, Fault
from sandbox.log import Call as LogLine
from sandbox.methods import METHODS, Method
from sandbox.wire import Cut
from sandbox.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Answer:
    body: Json
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        return JSONResponse(self.body, status_code=self.status, headers=self.headers)


async def serve(request: Request) -> Response:
    started = time.perf_counter()
    ws: Workspace = request.app.state.workspace
    line = ws.log.call(request.path_params["method"])
    try:
        args = await read_args(request)
    except SlackError as refusal:
        line.error = refusal.code
        return JSONResponse(refusal.body())
    call = Call(ws=ws, args=args, line=line, base_url=str(request.base_url).rstrip("/"))
    token = _token(request, args)
    response = _through_faults(call, token)
    line.ms = (time.perf_counter() - started) * 1000
    return response


def _token(request: Request, args: Args) -> str | None:
    header = request.headers.get("authorization", "")
    return header.removeprefix("Bearer ").strip() or args.text("token")


def _channels(call: Call) -> set[str]:
    """What a fault's `channel` is held against: as the caller wrote it, and the channel it means."""
    wanted = call.args.text("channel") or ""
    named = call.ws.named(wanted.removeprefix("#"))
    return {wanted, f"D{wanted}", named.id if named else wanted}


def _through_faults(call: Call, token: str | None) -> Response:
    line, faults = call.line, call.ws.faults
    before = faults.take(line.method, _channels(call), BEFORE)
    if before is not None:
        return _broken_before(call, token, before)
    answer = run(call, token)
    if answer.body["ok"]:
        after = faults.take(line.method, _channels(call), AFTER)
        if after is not None:
            return _broken_after(line, after)
    return answer.response()


def _broken_before(call: Call, token: str | None, fault: Fault) -> Response:
    line = call.line
    line.fault = line.error = fault.fault
    if fault.fault == "rate_limited":
        return _limited(call, RateLimited(max(1, int(fault.seconds or 1)))).response()
    if fault.fault == "http_500_before":
        line.status = 500
        return PlainTextResponse("upstream connect error", status_code=500)
    line.status = None
    if fault.fault == "late":
        call.ws.later(_commit_late(call, token, fault.seconds or 5.0))
    return Cut()


async def _commit_late(call: Call, token: str | None, seconds: float) -> None:
    await asyncio.sleep(seconds)
    run(call, token)
    call.line.status = None


def _broken_after(line: LogLine, fault: Fault) -> Response:
    line.fault = fault.fault
    if fault.fault in {"drop_after", "hang_after"}:
        line.status = None
        return Cut((fault.seconds or 60.0) if fault.fault == "hang_after" else 0.0)
    if fault.fault == "internal_error_after":
        return JSONResponse({"ok": False, "error": "internal_error"})
    if fault.fault == "html_after":
        return HTMLResponse("<html><body><h1>Server Error</h1></body></html>")
    line.status = 500
    return PlainTextResponse("upstream connect error", status_code=500)


def run(call: Call, token: str | None) -> Answer:
    """The call as Slack would answer it when nothing breaks."""
    line = call.line
    method = METHODS.get(line.method)
    scopes = {"x-oauth-scopes": ",".join(sorted(call.ws.config.scopes)), "x-slack-req-id": f"sandbox{line.n}"}
    try:
        if method is None:
            raise SlackError("unknown_method", req_method=line.method)
        _allow(call, method, token)
        call.ws.throttle.method(line.method, method.tier)
        body: Json = {"ok": True, **method.run(call)}
    except SlackError as refusal:
        line.error = refusal.code
        return Answer(body=refusal.body(), headers=scopes)
    except RateLimited as limited:
        return _limited(call, limited)
    line.ok, line.error = True, None
    return Answer(body=body, headers=scopes)


def _limited(call: Call, limited: RateLimited) -> Answer:
    line = call.line
    line.error, line.status, line.retry_after = "ratelimited", 429, limited.retry_after
    call.ws.log.limited += 1
    headers = {"Retry-After": str(limited.retry_after)}
    return Answer(body={"ok": False, "error": "ratelimited"}, status=429, headers=headers)


def _allow(call: Call, method: Method, token: str | None) -> None:
    """Raises SlackError not_authed, invalid_auth, not_allowed_token_type, missing_scope."""
    config = call.ws.config
    if not token:
        raise SlackError("not_authed")
    if token not in {config.bot_token, config.app_token}:
        raise SlackError("invalid_auth")
    if (token == config.app_token) != method.app_token:
        raise SlackError("not_allowed_token_type")
    for scope in method.scopes:
        call.need(scope)
