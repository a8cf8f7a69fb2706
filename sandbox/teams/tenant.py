"""One organisation in Teams: its rooms, the Connector's keys, and the way to the bot."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import httpx2

from sandbox.errors import Json
from sandbox.microsoft.faults import Fault, Faults
from sandbox.microsoft.keys import Keys
from sandbox.microsoft.tenant import object_id
from sandbox.people import Person
from sandbox.teams.rooms import Post, Rooms, mri

ISSUER = "https://api.botframework.com"
AGAIN = 60.0
"""seconds after somebody's last request for a view in which their client does not ask by itself"""
DEADLINE = 15.0


@dataclass(kw_only=True)
class Sent:
    """What became of one activity."""

    status: int | None
    body: Json


class TeamsTenant:
    def __init__(self, rooms: Rooms, *, tenant_id: str, app_id: str, tokens: Keys, bot_url: str | None) -> None:
        self.rooms, self.tenant_id, self.app_id, self.bot_url = rooms, tenant_id, app_id, bot_url
        self.tokens = tokens
        """Entra's: those of what the bot sends"""
        self.keys = Keys()
        """the Connector's: those of what the bot gets"""
        self.faults = Faults()
        self.service_url = ""
        self.client: httpx2.AsyncClient | None = None
        self.later: Callable[[Coroutine[Any, Any, Any]], None] | None = None
        self.changed: Callable[[], None] = lambda: None

    def is_late(self, fault: Fault) -> bool:
        """Ordered to strike after the call took effect: `body` says `after`."""
        return fault.body == "after"

    def jwks(self) -> Json:
        (key,) = self.keys.jwks()["keys"]
        return {"keys": [{**key, "endorsements": ["msteams"]}]}

    def token(self, **claims: Any) -> str:
        """What the Connector sends along, but for `claims`."""
        now = int(time.time())
        known = {"iss": ISSUER, "aud": self.app_id, "iat": now, "nbf": now, "exp": now + 3600}
        return self.keys.sign({**known, "serviceurl": self.service_url, **claims})

    # ── to the bot ───────────────────────────────────────────────────────────────────────────────────────────────

    def activity(self, person: Person, conversation: str, **more: Any) -> Json:
        kind = "personal" if conversation.startswith("a:") else "channel"
        return {
            "id": f"f:{uuid.uuid4()}",
            "channelId": "msteams",
            "serviceUrl": self.service_url,
            "from": {"id": mri(person.id), "aadObjectId": object_id(person.id), "name": person.real_name},
            "recipient": {"id": f"28:{self.app_id}", "name": "Closeloop"},
            "conversation": {"id": conversation, "conversationType": kind, "tenantId": self.tenant_id},
            "channelData": {"tenant": {"id": self.tenant_id}},
            "localTimezone": person.tz,
            **more,
        }

    async def send(self, activity: Json, *, token: str | None = None) -> Sent:
        """Signed as the Connector signs; `token` in place of that."""
        if self.client is None or self.bot_url is None:
            return Sent(status=None, body={})
        signed = self.token() if token is None else token
        headers = {"authorization": f"Bearer {signed}"} if signed else {}
        try:
            async with asyncio.timeout(DEADLINE):
                answer = await self.client.post(self.bot_url, json=activity, headers=headers)
        except (TimeoutError, httpx2.HTTPError):
            return Sent(status=None, body={})
        try:
            body = answer.json() if answer.content else {}
        except ValueError:
            body = {}
        return Sent(status=answer.status_code, body=body if isinstance(body, dict) else {})

    def installed(self, person: Person) -> None:
        """Somebody has the app now: the bot is told, in their chat with it."""
        if self.later is not None:
            said = self.activity(person, f"a:{person.id}", type="installationUpdate", action="add")
            self.later(self.send(said))

    async def invoke(self, person: Person, post: Post, data: Json, verb: str, *, trigger: str = "manual") -> Sent:
        """A press. What comes back as a card is what this person sees from now on."""
        post.asked[person.id] = self.rooms.monotonic()
        thread = (
            post.conversation if post.conversation.startswith("a:") else f"{post.conversation};messageid={post.root}"
        )
        value = {"action": {"type": "Action.Execute", "verb": verb, "data": data}, "trigger": trigger}
        sent = await self.send(
            self.activity(person, thread, type="invoke", name="adaptiveCard/action", value=value, replyToId=post.id)
        )
        card = sent.body.get("value")
        if isinstance(card, dict) and card.get("type") == "AdaptiveCard":
            post.views[person.id] = card
            self.changed()
        return sent

    def refresh(self, post: Post) -> None:
        """After an edit the clients of those who are listed ask for their view, each at most once a minute."""
        listed = ((post.card or {}).get("refresh") or {}).get("userIds") or ()
        for person in filter(None, (self.rooms.person(one) for one in listed)):
            if self.rooms.monotonic() - post.asked.get(person.id, float("-inf")) > AGAIN and self.later is not None:
                self.later(self.ask(person, post))

    async def ask(self, person: Person, post: Post) -> Sent | None:
        """One client asks for its person's view of a card."""
        action = ((post.card or {}).get("refresh") or {}).get("action")
        if not action:
            return None
        return await self.invoke(person, post, action.get("data", {}), action["verb"], trigger="automatic")
