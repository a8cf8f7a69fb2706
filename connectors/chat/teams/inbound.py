"""Activities from Teams: verified, made into gestures, handed to the desk, and answered with what the person sees next.

Teams waits some fifteen seconds for the answer to a press. What is typed is answered by a message of its own, which
goes out after the answer, on a thread of its own.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.ports import Away, Desk
from bot.ports.conversations import Conversation
from connectors.chat.teams import gestures
from connectors.chat.teams.answers import Answers, error
from connectors.chat.teams.client import PLATFORM, TeamsChat
from connectors.chat.teams.extension import Extension
from connectors.chat.teams.gestures import Said
from connectors.chat.teams.text import Json
from connectors.chat.teams.verify import Forbidden, NoKeys, Verifier
from connectors.chat.teams.writing import Writing

log = logging.getLogger(__name__)

Answered = tuple[int, dict[str, str], str]
"""HTTP status, headers, body"""
REMEMBERED = 10_000
"""conversations of which it is known that they are kept as they are"""
_JSON = {"content-type": "application/json"}


@dataclass(frozen=True, kw_only=True)
class Access:
    """Whose activities are taken: the Connector's, from these tenants."""

    verifier: Verifier
    tenants: frozenset[str]


class TeamsInbound:
    """One bot's activities."""

    def __init__(self, access: Access, desk: Desk, chat: TeamsChat, *, now: Callable[[], datetime]) -> None:
        self._access, self._chat = access, chat
        self._pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="teams-reply")
        self._known = Known(chat)
        answers = Answers(desk=desk, sightings=chat.sightings, now=now)
        self._writing = Writing(desk=desk, chat=chat, later=self._pool, answers=answers)
        extension = Extension(desk=desk, now=now)
        self._invokes: dict[str, Callable[[Said, Json], Json]] = {
            "adaptiveCard/action": answers.pressed,
            "composeExtension/query": extension.search,
            "composeExtension/fetchTask": extension.ask,
            "composeExtension/submitAction": extension.submit,
        }

    def dispatch(self, body: bytes, headers: Mapping[str, str]) -> Answered:
        """One HTTP request. Blocks for as long as the desk takes: not for an event loop."""
        try:
            activity = self._verified(body, {name.lower(): value for name, value in headers.items()})
        except Forbidden as refused:
            log.warning("an activity was refused", extra={"code": refused.code})
            return refused.status, _JSON, '{"error": "invalid request"}'
        except NoKeys:
            return 503, {**_JSON, "retry-after": "30"}, '{"error": "the keys of Teams cannot be read just now"}'
        except (ValueError, RecursionError):
            return 400, _JSON, '{"error": "malformed body"}'
        answer = self._taken(activity)
        return 200, _JSON, json.dumps(answer, ensure_ascii=False) if answer is not None else ""

    def _verified(self, body: bytes, headers: Mapping[str, str]) -> Json:
        """Raises Forbidden, NoKeys; ValueError for a body that is no object. A stranger's body is not even read."""
        claims, key = self._access.verifier.check_token(headers.get("authorization", ""))
        activity = json.loads(body)
        if not isinstance(activity, dict):
            raise ValueError("no object")
        self._access.verifier.check_activity(claims, key, activity)
        if _tenant(activity) not in self._access.tenants:
            raise Forbidden("tenant")
        if not self._chat.tenant.at.takes(str(activity["serviceUrl"])):
            raise Forbidden("foreign_service")
        return activity

    def _taken(self, activity: Json) -> Json | None:
        """The answer's body. What is of no kind that we know is taken all the same: Teams would stop sending."""
        one = gestures.said(activity)
        kind = activity.get("type")
        self._known.learn(one, activity)
        if kind == "invoke":
            return self._invoked(one, str(activity.get("name") or ""), activity.get("value"))
        if kind == "message" and one.chat_id:
            self._writing.take(one)
        return None

    def _invoked(self, one: Said, name: str, value: Any) -> Json:
        invoke = self._invokes.get(name)
        if invoke is None or not isinstance(value, dict):
            return {}
        if not one.chat_id:
            return error("BadRequest", "Closeloop does not know you, so nothing was done.")
        return invoke(one, value)

    def close(self) -> None:
        """Waits for what is still to be said."""
        self._pool.shutdown(wait=True)


def _tenant(activity: Json) -> str:
    """Both places that name a tenant have to agree where both are there."""
    channel, place = activity.get("channelData"), activity.get("conversation")
    inner = channel.get("tenant") if isinstance(channel, dict) else None
    said = {
        str(named).lower()
        for named in (
            inner.get("id") if isinstance(inner, dict) else None,
            place.get("tenantId") if isinstance(place, dict) else None,
        )
        if named
    }
    return said.pop() if len(said) == 1 else ""


@dataclass
class Known:
    """What activities tell of where people are reached; written down where it is new."""

    chat: TeamsChat
    _seen: dict[str, Conversation] = field(default_factory=dict)

    def learn(self, one: Said, activity: Json) -> None:
        try:
            self._learn(one, activity)
        except Away:
            log.warning("where somebody is reached was not stored: the database is away")

    def _learn(self, one: Said, activity: Json) -> None:
        address = str(activity["serviceUrl"])
        if _tenant(activity) == self.chat.tenant.id.lower():
            # A guest tenant may lie in another region: what is sent first goes where our own one is.
            self._keep(Conversation(platform=PLATFORM, address=address))
        if not one.chat_id:
            return
        if one.kind == "personal" and self._is_removal(activity):
            self._seen.pop(one.chat_id, None)
            self.chat.known.forget_conversation(PLATFORM, one.chat_id)
            return
        own = one.conversation if one.kind == "personal" else ""
        self._keep(
            Conversation(platform=PLATFORM, chat_id=one.chat_id, address=address, channel=own, member=one.member)
        )

    def _keep(self, one: Conversation) -> None:
        if self._seen.get(one.chat_id) == one:
            return
        self.chat.known.keep_conversation(one)
        if len(self._seen) > REMEMBERED:
            self._seen = {}
        self._seen[one.chat_id] = one

    def _is_removal(self, activity: Json) -> bool:
        if activity.get("type") == "installationUpdate":
            return str(activity.get("action") or "").startswith("remove")
        removed = activity.get("membersRemoved") if activity.get("type") == "conversationUpdate" else None
        listed = removed if isinstance(removed, list) else []
        return any(isinstance(who, dict) and who.get("id") == self.chat.tenant.bot_id for who in listed)
