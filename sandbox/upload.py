"""/upload/v1/<ticket> takes the bytes of a promised file; /files-pri and the page's own address give them back."""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from sandbox.breaking import Asked, answer
from sandbox.errors import PageError
from sandbox.files import File, as_page_file
from sandbox.log import Call as LogLine
from sandbox.page import person_of, workspace_of
from sandbox.people import Person
from sandbox.workspace import Workspace


async def serve(request: Request) -> Response:
    """Raw bytes whatever the content type says (slack_sdk says it is a form), or the file part of a multipart body."""
    ws = workspace_of(request)
    line = ws.log.call("upload_url")
    try:
        body = await request.body()
    except ClientDisconnect:
        line.status = None
        return Response()
    ticket, kind = request.path_params["ticket"], request.headers.get("content-type", "")
    content = _file_part(body, kind) if kind.startswith("multipart/form-data") else body
    return await answer(Asked(ws=ws, line=line, channels=set(), run=lambda: _fill(ws, line, ticket, content)))


def _file_part(body: bytes, content_type: str) -> bytes:
    """The first part that has a file name; nothing where there is none."""
    message = BytesParser(policy=HTTP).parsebytes(f"content-type: {content_type}\r\n\r\n".encode() + body)
    parts = (part for part in message.walk() if part.get_filename())
    found = next(parts, None)
    content = found.get_payload(decode=True) if found is not None else b""
    return content if isinstance(content, bytes) else b""


def _fill(ws: Workspace, line: LogLine, ticket: str, content: bytes) -> Response:
    """Slack promises 200 for a good upload and something else for any other, without saying what."""
    file = ws.files.promised(ticket)
    problem = "unknown ticket" if file is None else None
    if file is not None and len(content) != file.length:
        problem = f"length mismatch: {file.length} bytes promised, {len(content)} received"
    if problem is not None:
        line.error, line.status = problem, 400
        return PlainTextResponse(problem, status_code=400)
    ws.save_file(ws.files.fill(ticket, content), new=True)
    line.ok, line.error = True, None
    return PlainTextResponse(f"OK - {len(content)}")


async def private(request: Request) -> Response:
    """`url_private`: for the app, with its token and files:read. Slack answers a stranger with its sign-in page."""
    ws, which = workspace_of(request), request.path_params["which"]
    token = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    file = ws.files.find(which.rpartition("-")[2])
    allowed = token == ws.config.bot_token and not ws.revoked and "files:read" in ws.config.scopes
    if file is None or not allowed:
        return PlainTextResponse("sign in", status_code=404 if allowed else 403)
    return _bytes(ws, file)


async def shown(request: Request) -> Response:
    """What the page shows one person: only where they can see it."""
    ws = workspace_of(request)
    me = person_of(ws, request.query_params.get("as", "U0ANA"))
    file = ws.files.find(request.path_params["id"])
    if file is None or not (file.placed or _sees(ws, me, file)):
        raise PageError("there is no such file for you", status=404)
    return _bytes(ws, file)


async def listing(request: Request) -> Response:
    """Everything shared where this person can see it, oldest first."""
    ws = workspace_of(request)
    me = person_of(ws, request.query_params.get("as", "U0ANA"))
    return JSONResponse({"files": [as_page_file(ws.files, file) for file in ws.files.shared() if _sees(ws, me, file)]})


def _sees(ws: Workspace, person: Person, file: File) -> bool:
    places = [(ws.channels[c], stamps) for c, stamps in file.shares.items() if c in ws.channels]
    return any(c.visible_to(person) and any(map(ws.rooms[c.id].find, stamps)) for c, stamps in places)


def _bytes(ws: Workspace, file: File) -> Response:
    """A picture is shown; anything else is only ever downloaded, never run in the page."""
    picture = ws.files.is_picture(file)
    headers = {
        "x-content-type-options": "nosniff",
        "content-security-policy": "sandbox; default-src 'none'",
        "content-disposition": "inline" if picture else "attachment",
        "cache-control": "private, max-age=3600",
    }
    kind = ws.files.mimetype(file) if picture else "application/octet-stream"
    return Response(ws.files.content(file) or b"", media_type=kind, headers=headers)
