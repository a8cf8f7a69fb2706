"""Which address of the stand-in of Teams is answered by what, and what its page and tests do to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.bodies import body_of
from sandbox.errors import Json, PageError
from sandbox.microsoft.faults import order
from sandbox.microsoft.tenant import object_id
from sandbox.people import Person
from sandbox.teams.connector import serve, teams_of
from sandbox.teams.rooms import Post, channel_id
from sandbox.teams.texts import carried, handed_back
from sandbox.teams.writing import message_payload, names_the_bot, written

STATIC = Path(__file__).parents[1] / "static"
NO_CONTENT = {"cache-control": "no-cache"}
LOOKED_AT = 40
"""newest messages of a conversation that a look reads"""


def _person(request: Request, person_id: Any) -> Person:
    found = request.app.state.workspace.people.get(person_id)
    if found is None or not found.is_human:
        raise PageError("there is no such person", status=404)
    person: Person = found
    return person


async def _metadata(request: Request) -> Response:
    base = str(request.base_url).rstrip("/")
    return JSONResponse({"issuer": "https://api.botframework.com", "jwks_uri": f"{base}/teams/keys"})


async def _keys(request: Request) -> Response:
    return JSONResponse(teams_of(request).jwks())


async def _state(request: Request) -> Response:
    """What one person sees: the channels they are in, their chat with the bot, every message with their own view."""
    ws, teams = request.app.state.workspace, teams_of(request)
    me = _person(request, request.query_params.get("as", "U0ANA"))
    rooms = [{"id": channel_id(c), "name": c.name} for c in ws.channels.values() if c.name and me.id in c.members]
    return JSONResponse(
        {
            "me": {"id": me.id, "name": me.real_name},
            "people": [
                {"id": one.id, "name": one.real_name, "object_id": object_id(one.id)}
                for one in ws.people.values()
                if one.is_human
            ],
            "rooms": [*rooms, {"id": f"a:{me.id}", "name": "Closeloop"}],
            "posts": [_shown(post, me) for post in teams.rooms.seen_by(me.id)],
            "on": teams.bot_url is not None,
        }
    )


def _shown(post: Post, me: Person) -> Json:
    return {
        "id": post.id,
        "conversation": post.conversation,
        "root": post.root,
        "by": post.by,
        "text": post.activity.get("text", ""),
        "summary": post.activity.get("summary", ""),
        "card": post.views.get(me.id) or post.card,
        "shared": post.card,
        "own": me.id in post.views,
        "edits": post.edits,
    }


async def _posts(request: Request) -> Response:
    """The newest messages of one `conversation`, or all of the thread below `root`; everybody's `object_id` ▶ id."""
    ws, teams, query = request.app.state.workspace, teams_of(request), request.query_params
    me, where, root = _person(request, query.get("as", "U0ANA")), query.get("conversation", ""), query.get("root")
    found = [one for one in teams.rooms.posts.values() if where in ("", one.conversation)]
    found = [one for one in found if one.root == root] if root else found[-LOOKED_AT:]
    people = {object_id(one.id): one.id for one in ws.people.values()}
    return JSONResponse({"posts": [_shown(one, me) for one in found], "people": people})


async def _messages(request: Request) -> Response:
    """Every message of the bot that stands, oldest first: what its buttons hand back, who is listed on it.

    `carried` is of its first button, `carries` of all.
    """
    posts = [post for post in teams_of(request).rooms.posts.values() if post.by == "bot"]
    return JSONResponse({"messages": [_standing(post) for post in sorted(posts, key=lambda post: int(post.id))]})


def _standing(post: Post) -> Json:
    card = post.card or {}
    listed = (card.get("refresh") or {}).get("userIds") or []
    where = {"id": post.id, "conversation": post.conversation, "root": post.root, "edits": post.edits}
    return {**where, "carried": handed_back(card), "carries": carried(card), "listed": listed, "card": card}


def _post(request: Request, body: Json) -> Post:
    found = teams_of(request).rooms.posts.get((str(body.get("conversation")), str(body.get("id"))))
    if found is None:
        raise PageError("there is no such message", status=404)
    return found


async def _press(request: Request) -> Response:
    """A button of the card as this person sees it, with what they filled in."""
    body, teams = await body_of(request), teams_of(request)
    me, post = _person(request, body.get("as")), _post(request, body)
    data = {**(body.get("data") or {}), **(body.get("inputs") or {})}
    if body.get("submit"):
        where = (
            f"{post.conversation};messageid={post.root}" if post.conversation.startswith("19:") else post.conversation
        )
        said = {**data, "verb": body.get("verb")}
        sent = await teams.send(teams.activity(me, where, type="message", value=said, replyToId=post.id))
    else:
        sent = await teams.invoke(me, post, data, str(body.get("verb")))
    return JSONResponse({"status": sent.status, "answer": sent.body})


async def _look(request: Request) -> Response:
    """Somebody scrolls to a card: their client asks for their view, where they are listed."""
    body, teams = await body_of(request), teams_of(request)
    sent = await teams.ask(_person(request, body.get("as")), _post(request, body))
    return JSONResponse({"status": sent.status if sent else None, "answer": sent.body if sent else {}})


async def _type(request: Request) -> Response:
    """Something is written: to the bot, or in a channel, of which it gets what mentions it (`@closeloop mine`)."""
    body, teams = await body_of(request), teams_of(request)
    me = _person(request, body.get("as"))
    where, text = str(body.get("conversation") or f"a:{me.id}"), str(body.get("text", ""))
    said: Json = {"text": text, "entities": []}
    if not where.startswith("a:"):
        said = written(teams, teams.rooms.members(where) or (), text)
    post = teams.rooms.add(where, {"type": "message", "text": text}, by=me.id)
    teams.changed()
    if not where.startswith("a:") and not names_the_bot(teams, said):
        return JSONResponse({"id": post.id, "status": None, "answer": {}})
    thread = where if where.startswith("a:") else f"{where};messageid={post.root}"
    sent = await teams.send(teams.activity(me, thread, type="message", id=post.id, **said))
    return JSONResponse({"id": post.id, "status": sent.status, "answer": sent.body})


async def _extension(request: Request) -> Response:
    """The message extension: `name` of its invoke, with `value`; `id` and `conversation` of a message to be raised."""
    body, teams = await body_of(request), teams_of(request)
    me, value = _person(request, body.get("as")), dict(body.get("value") or {})
    where = str(body.get("conversation") or f"a:{me.id}")
    if body.get("id"):
        post = _post(request, body)
        value["messagePayload"] = message_payload(post, request.app.state.workspace.people.get(post.by))
    name = f"composeExtension/{body.get('name')}"
    sent = await teams.send(teams.activity(me, where, type="invoke", name=name, value=value))
    return JSONResponse({"status": sent.status, "answer": sent.body})


async def _raw(request: Request) -> Response:
    """An activity made by hand; `claims` of its token are changed, `token` takes its place."""
    body, teams = await body_of(request), teams_of(request)
    me = _person(request, body.get("as", "U0ANA"))
    activity = teams.activity(me, str(body.get("conversation") or f"a:{me.id}"), **(body.get("activity") or {}))
    token = body.get("token")
    if token is None and body.get("claims"):
        token = teams.token(**body["claims"])
    sent = await teams.send(activity, token=token)
    return JSONResponse({"status": sent.status, "answer": sent.body})


async def _change(request: Request) -> Response:
    """`limited`: whether the limits hold; `installed`: {person: whether they have the app}, `channels` alike.

    `uploaded`: ids of apps in the organisation's catalogue; `service_url`: the Connector's own address.
    """
    body, teams = await body_of(request), teams_of(request)
    teams.service_url, rooms = str(body.get("service_url", teams.service_url)), teams.rooms
    rooms.limited = bool(body.get("limited", rooms.limited))
    for person_id, there in (body.get("installed") or {}).items():
        (rooms.installed.add if there else rooms.installed.discard)(_person(request, person_id).id)
    for channel, there in (body.get("channels") or {}).items():
        (rooms.strange.discard if there else rooms.strange.add)(channel)
    if "uploaded" in body:
        request.app.state.workspace.tenant.apps.uploaded = set(body["uploaded"])
    return JSONResponse({"ok": True})


async def _faults(request: Request) -> Response:
    return await order(request, teams_of(request).faults)


async def _index(request: Request) -> Response:
    return FileResponse(STATIC / "teams.html", headers=NO_CONTENT)


async def _link(request: Request) -> Response:
    """Where a link to a message leads: the page, at its channel."""
    return RedirectResponse(f"/teams?room={quote(request.path_params['conversation'], safe='')}")


def routes() -> list[BaseRoute]:
    return [
        Route("/teams/v1/.well-known/openidconfiguration", _metadata),
        Route("/teams/keys", _keys),
        Route("/teams/v3/conversations", _first, methods=["POST"]),
        Route("/teams/v3/conversations/{path:path}", serve, methods=["GET", "POST", "PUT", "DELETE"]),
        Route("/sandbox/api/teams", _state),
        Route("/sandbox/api/teams/posts", _posts),
        Route("/sandbox/api/teams/extension", _extension, methods=["POST"]),
        Route("/sandbox/api/teams/messages", _messages),
        Route("/sandbox/api/teams/press", _press, methods=["POST"]),
        Route("/sandbox/api/teams/look", _look, methods=["POST"]),
        Route("/sandbox/api/teams/type", _type, methods=["POST"]),
        Route("/sandbox/api/teams/raw", _raw, methods=["POST"]),
        Route("/sandbox/api/teams/change", _change, methods=["POST"]),
        Route("/sandbox/api/teams/faults", _faults, methods=["POST", "DELETE"]),
        Route("/teams/l/message/{conversation}/{id}", _link),
        Route("/teams", _index),
    ]


async def _first(request: Request) -> Response:
    request.scope["path_params"] = {"path": ""}
    return await serve(request)
