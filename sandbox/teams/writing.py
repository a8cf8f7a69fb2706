"""What somebody writes in Teams, and raises or looks for there, as their client sends it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from sandbox.errors import Json
from sandbox.microsoft.tenant import object_id
from sandbox.people import Person
from sandbox.teams.rooms import Post, mri
from sandbox.teams.tenant import TeamsTenant

BOT_NAME = "Closeloop"
_AT = re.compile(r"(?<!\S)@([\w.-]+)")


def written(teams: TeamsTenant, people: Iterable[Person], text: str) -> Json:
    """`text` and `entities` of what is written in a channel: `@ben` and `@closeloop` are chosen from the list there."""
    bot = {"id": f"28:{teams.app_id}", "name": BOT_NAME}
    known = {BOT_NAME.lower(): bot} | {
        one.name: {"id": mri(one.id), "name": one.real_name, "aadObjectId": object_id(one.id)} for one in people
    }
    entities: list[Json] = []

    def chosen(found: re.Match[str]) -> str:
        who = known.get(found[1].lower())
        if who is None:
            return found[0]
        tag = f"<at>{who['name']}</at>"
        entities.append({"type": "mention", "text": tag, "mentioned": who})
        return tag

    return {"text": _AT.sub(chosen, html.escape(text, quote=False)), "entities": entities}


def names_the_bot(teams: TeamsTenant, said: Json) -> bool:
    """Whether the bot gets it: of a channel it gets only what mentions it."""
    return any(one["mentioned"]["id"] == f"28:{teams.app_id}" for one in said["entities"])


def message_payload(post: Post, author: Person | None) -> Json:
    """A message as the extension is told of it: HTML, with whoever wrote it."""
    content = "".join(f"<p>{html.escape(line)}</p>" for line in str(post.activity.get("text", "")).split("\n"))
    user = {"id": object_id(author.id), "displayName": author.real_name} if author else None
    return {
        "id": post.id,
        "body": {"contentType": "html", "content": content},
        "from": {"user": user},
        "linkToMessage": f"https://teams.microsoft.com/l/message/{post.conversation}/{post.id}",
    }
