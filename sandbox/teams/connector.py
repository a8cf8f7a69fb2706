"""The Bot Connector as a bot calls it: `v3/conversations`, as strict as it, with faults on order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.breaking import Asked, answer
from sandbox.errors import Json
from sandbox.log import Call
from sandbox.microsoft.faults import Fault
from sandbox.microsoft.tenant import object_id
from sandbox.teams.cards import problems, size
from sandbox.teams.rooms import Post, mri
from sandbox.teams.tenant import TeamsTenant
from sandbox.teams.texts import handed_back
from sandbox.wire import Cut

BOT = "https://api.botframework.com"
MOST = 40 * 1024
PAGE, LARGEST = 3, 500
"""members on a page where nobody says how many, and at most"""


class Refused(Exception):
    def __init__(self, status: int, code: str, message: str = "") -> None:
        super().__init__(code)
        self.answer = JSONResponse({"error": {"code": code, "message": message or code}}, status_code=status)


def teams_of(request: Request) -> TeamsTenant:
    found: TeamsTenant = request.app.state.workspace.teams
    found.service_url = found.service_url or f"{str(request.base_url).rstrip('/')}/teams"
    return found


async def serve(request: Request) -> Response:
    """One call, through the faults on order: those of all chats (`sandbox.breaking`), then those of this one.

    Of the latter one before the call keeps it from taking effect; one after it (`body: after`) only hides that it did.
    """
    ws, teams, raw = request.app.state.workspace, teams_of(request), await request.body()
    call = f"{request.method} {request.path_params['path']}"
    fault = teams.faults.take(call)
    if fault is not None and fault.slow:
        await asyncio.sleep(fault.slow)
        fault = None
    line = ws.log.call(f"teams.{_kind(request, raw)}")
    line.channel = _channel(request, raw)
    if fault is not None and not teams.is_late(fault):
        return _noted(line, _broken(fault), ws)

    def run() -> Response:
        found = _noted(line, _answered(ws, request, raw), ws)
        line.delivery = _delivery(raw) if line.ok else None
        return found

    response = await answer(Asked(ws=ws, line=line, channels={line.channel}, run=run))
    return _broken(fault) if fault is not None else response


def _kind(request: Request, raw: bytes) -> str:
    """What the log calls it."""
    if request.method == "POST":
        begins_chat = request.path_params["path"] == "" and not _loose(raw).get("isGroup")
        return "direct" if begins_chat else "post"
    return {"PUT": "edit", "DELETE": "delete"}.get(request.method, "members")


def _channel(request: Request, raw: bytes) -> str:
    """The conversation that it is about, without its thread."""
    named: str = request.path_params["path"].partition("/")[0]
    begun = (_loose(raw).get("channelData") or {}).get("channel") or {}
    return (named or str(begun.get("id", ""))).partition(";")[0]


def _delivery(raw: bytes) -> str | None:
    """The mark that the card of what was taken hands back, as far as it has one."""
    body = _loose(raw)
    attached = (body.get("activity") or body).get("attachments") or [{}]
    found = handed_back(attached[0].get("content") or {}).get("delivery")
    return None if found is None else str(found)


def _loose(raw: bytes) -> Json:
    try:
        return _object(raw)
    except Refused:
        return {}


def _noted(line: Call, response: Response, ws: Any) -> Response:
    """What became of it, for the log: whatever broke afterwards only hides it."""
    line.status = None if isinstance(response, Cut) else response.status_code
    line.ok = not isinstance(response, Cut) and response.status_code < 300
    if line.ok and response.body:
        made = json.loads(bytes(response.body))
        line.ts = made.get("activityId") or made.get("id")
    if line.status == 429:
        line.error = "TooManyRequests"
        ws.log.limited += 1
    return response


def _broken(fault: Fault) -> Response:
    if fault.status == 0:
        return Cut()
    headers = {"retry-after": fault.retry_after} if fault.retry_after else {}
    return JSONResponse({"error": {"code": "Fault", "message": "on order"}}, status_code=fault.status, headers=headers)


def _answered(ws: Any, request: Request, raw: bytes) -> Response:
    try:
        if ws.revoked:
            raise Refused(401, "Unauthorized", "the app was taken back")
        _check_token(ws.teams, request.headers.get("authorization", ""))
        if ws.teams.rooms.full():
            raise Refused(429, "TooManyRequests", "the tenant")
        body = _object(raw) if request.method in ("POST", "PUT") else {}
        first, *rest = request.path_params["path"].split("/")
        return _route(ws.teams, request, [ws.teams.rooms.own(first), *rest], body)
    except Refused as refused:
        return refused.answer


def _check_token(teams: TeamsTenant, authorization: str) -> None:
    token = authorization.removeprefix("Bearer ")
    claims = teams.tokens.claims(token, BOT) if token != authorization else None
    if claims is None or claims.get("appid") != teams.app_id:
        raise Refused(401, "Unauthorized")


def _object(raw: bytes) -> Json:
    try:
        body = json.loads(raw)
    except ValueError:
        raise Refused(400, "BadSyntax", "no JSON") from None
    if not isinstance(body, dict):
        raise Refused(400, "BadSyntax", "no object")
    return body


def _route(teams: TeamsTenant, request: Request, parts: list[str], body: Json) -> Response:
    method = request.method
    match (method, parts):
        case ("POST", [""]):
            return _begin(teams, body)
        case ("POST", [conversation, "activities"]):
            return _post(teams, conversation, body)
        case ("PUT" | "DELETE", [conversation, "activities", activity_id]):
            return _change(teams, method, conversation, activity_id, body)
        case ("GET", [conversation, "pagedmembers"]):
            return _members(teams, conversation, request.query_params)
    raise Refused(404, "NotFound")


def _begin(teams: TeamsTenant, body: Json) -> Response:
    if body.get("tenantId") != teams.tenant_id:
        raise Refused(403, "ForbiddenOperationException", "another tenant")
    if body.get("isGroup"):
        channel = str(body.get("channelData", {}).get("channel", {}).get("id", ""))
        if teams.rooms.channel(channel) is None:
            raise Refused(404, "ConversationNotFound")
        _check_rostered(teams, channel)
        made = _said(teams, channel, body.get("activity"), "")
        if made is None:
            return Response(status_code=202)
        return JSONResponse({"id": f"{channel};messageid={made.id}", "activityId": made.id}, status_code=201)
    members = body.get("members") or [{}]
    person = teams.rooms.person(str(members[0].get("id", "")))
    if person is None:
        raise Refused(400, "BadArgument", "nobody of that id")
    _check_installed(teams, person.id)
    return JSONResponse({"id": f"a:{person.id}"}, status_code=201)


def _check_installed(teams: TeamsTenant, person_id: str) -> None:
    if person_id not in teams.rooms.installed:
        raise Refused(403, "BotNotInstalledForUser")


def _check_rostered(teams: TeamsTenant, conversation: str) -> None:
    if conversation in teams.rooms.strange:
        raise Refused(403, "BotNotInConversationRoster")


def _post(teams: TeamsTenant, where: str, activity: Any) -> Response:
    conversation, _, root = where.partition(";messageid=")
    if conversation.startswith("a:"):
        _check_installed(teams, conversation[2:])
    if teams.rooms.members(conversation) is None:
        raise Refused(404, "ConversationNotFound")
    _check_rostered(teams, conversation)
    if root and (conversation, root) not in teams.rooms.posts:
        raise Refused(404, "ConversationNotFound", "no such thread")
    made = _said(teams, conversation, activity, root)
    return Response(status_code=202) if made is None else JSONResponse({"id": made.id}, status_code=201)


def _said(teams: TeamsTenant, conversation: str, activity: Any, root: str) -> Post | None:
    """None: a text beside a card is two messages, and no id comes back."""
    _check_activity(activity)
    _check_room(teams, conversation)
    made = teams.rooms.add(conversation, activity, by="bot", root=root)
    teams.changed()
    return None if activity.get("text") and activity.get("attachments") else made


def _check_room(teams: TeamsTenant, conversation: str) -> None:
    if not teams.rooms.has_bot(conversation):
        raise Refused(403, "BotNotInConversationRoster")
    if teams.rooms.full(conversation):
        raise Refused(429, "TooManyRequests")


def _check_activity(activity: Any) -> None:
    if not isinstance(activity, dict) or activity.get("type") != "message":
        raise Refused(400, "BadSyntax", "no message")
    if size(activity) > MOST:
        raise Refused(413, "MessageSizeTooBig")
    attachments = activity.get("attachments", [])
    if not isinstance(attachments, list) or len(attachments) > 1 or not (attachments or activity.get("text")):
        raise Refused(400, "BadSyntax", "one card, or a text")
    for one in attachments:
        if one.get("contentType") != "application/vnd.microsoft.card.adaptive":
            raise Refused(400, "BadSyntax", "not an Adaptive Card")
        if found := problems(one.get("content")):
            raise Refused(400, "InvalidCardFormat", "; ".join(found)[:500])


def _change(teams: TeamsTenant, method: str, where: str, activity_id: str, activity: Json) -> Response:
    conversation = where.partition(";")[0]
    post = teams.rooms.posts.get((conversation, activity_id))
    if post is None or post.by != "bot":
        raise Refused(404, "ActivityNotFoundInConversation")
    if method == "DELETE":
        del teams.rooms.posts[conversation, activity_id]
        teams.changed()
        return Response(status_code=200)
    _check_activity(activity)
    _check_room(teams, conversation)
    post.activity, post.views, post.edits = activity, {}, post.edits + 1
    teams.changed()
    teams.refresh(post)
    return JSONResponse({"id": activity_id})


def _members(teams: TeamsTenant, where: str, asked: Mapping[str, str]) -> Response:
    conversation = where.partition(";")[0]
    found = teams.rooms.members(conversation)
    if found is None:
        raise Refused(404, "ConversationNotFound")
    _check_rostered(teams, conversation)
    token, wanted = asked.get("continuationToken", ""), asked.get("pageSize", "")
    first, size = int(token) if token.isdigit() else 0, min(int(wanted) if wanted.isdigit() else PAGE, LARGEST)
    page = [_member(one.id, one.real_name, one.email) for one in found[first : first + size]]
    more = {"continuationToken": str(first + size)} if first + size < len(found) else {}
    return JSONResponse({"members": page, **more})


def _member(person_id: str, name: str, email: str) -> Json:
    ids = {"id": mri(person_id), "aadObjectId": object_id(person_id), "tenantId": ""}
    return {**ids, "name": name, "email": email, "userPrincipalName": email}
