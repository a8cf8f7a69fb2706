"""POST or GET /api/<method>: who calls, may they, is it too often; then the method."""

from __future__ import annotations

from functools import partial

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from sandbox.args import Args, read_args
from sandbox.breaking import Asked, answer, limited
from sandbox.call import Call
from sandbox.errors import Json, RateLimited, SlackError
from sandbox.methods import METHODS, Method
from sandbox.workspace import Workspace


async def serve(request: Request) -> Response:
    ws: Workspace = request.app.state.workspace
    line = ws.log.call(request.path_params["method"])
    try:
        args = await read_args(request)
    except SlackError as refusal:
        line.error = refusal.code
        return JSONResponse(refusal.body())
    except ClientDisconnect:
        line.status = None
        return Response()  # nobody is left to answer
    call = Call(ws=ws, args=args, line=line, base_url=str(request.base_url).rstrip("/"))
    token = _token(request, args)
    return await answer(Asked(ws=ws, line=line, channels=_channels(call), run=partial(run, call, token)))


def _token(request: Request, args: Args) -> str | None:
    header = request.headers.get("authorization", "")
    return header.removeprefix("Bearer ").strip() or args.text("token")


def _channels(call: Call) -> set[str]:
    """What a fault's `channel` is held against: as the caller wrote it, and the channels it means."""
    try:
        given = [call.args.text(name) or "" for name in ("channel", "channel_id", "channels")]
    except SlackError:
        return set()  # the method refuses what is no text
    return {one for wanted in ",".join(given).split(",") for one in _meant(call.ws, wanted.strip())}


def _meant(ws: Workspace, wanted: str) -> set[str]:
    named = ws.named(wanted.removeprefix("#"))
    return {wanted, f"D{wanted}", named.id if named else wanted}


def run(call: Call, token: str | None) -> Response:
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
        return JSONResponse(refusal.body(), headers=scopes)
    except RateLimited as wait:
        return limited(call.ws, line, wait.retry_after)
    line.ok, line.error = True, None
    return JSONResponse(body, headers=scopes)


def _allow(call: Call, method: Method, token: str | None) -> None:
    """Raises SlackError not_authed, invalid_auth, token_revoked, not_allowed_token_type, missing_scope."""
    config = call.ws.config
    if not token:
        raise SlackError("not_authed")
    if token not in {config.bot_token, config.app_token}:
        raise SlackError("invalid_auth")
    if call.ws.revoked and token == config.bot_token:
        raise SlackError("token_revoked")
    if (token == config.app_token) != method.app_token:
        raise SlackError("not_allowed_token_type")
    for scope in method.scopes:
        call.need(scope)
