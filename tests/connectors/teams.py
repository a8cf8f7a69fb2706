"""A Connector that answers as it is told, and what a bot of Teams is made of in tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2

from bot.core.card import Message
from bot.core.people import Person
from bot.ports import Receipt
from connectors.chat.teams.client import TeamsChat, Tenant
from connectors.chat.teams.cloud import service
from connectors.chat.teams.wire import Connector
from storage.memory import MemoryStore
from storage.sightings import MemorySightings
from tests.connectors import official
from tests.connectors.conftest import card as slack_card

APP, TENANT = "11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002"
IDS = {name: f"00000000-0000-4000-8000-{number:012d}" for number, name in enumerate(("ana", "ben", "cleo", "dov"), 1)}
PEOPLE = {
    f"{name}@acme.example": Person(
        id=f"{name}@acme.example",
        name=name.capitalize(),
        chat={"teams": chat_id},
        manager="cleo@acme.example" if name == "ana" else None,
    )
    for name, chat_id in IDS.items()
}
CHANNEL = "19:alerts@thread.tacv2"
THREAD = f"{CHANNEL};messageid=1795000000001"
ROOT = Receipt(channel=THREAD, ts="1795000000001")
SERVICE = "https://smba.trafficmanager.net/emea"


def card(**more: Any) -> Message:
    return slack_card(**{"people": PEOPLE} | more)


@dataclass
class FakeTokens:
    """Gives out tokens by number; a forgotten one is followed by the next."""

    number: int = 1
    failing: list[Exception] = field(default_factory=list)
    scopes: list[str] = field(default_factory=list)

    def token(self, scope: str, /) -> str:
        self.scopes.append(scope)
        if self.failing:
            raise self.failing.pop(0)
        return f"token-{self.number}"

    def forget(self, token: str, /) -> None:
        if token == f"token-{self.number}":
            self.number += 1


@dataclass
class FakeConnector:
    """Remembers what it heard and answers from its script; else as Teams would."""

    heard: list[tuple[str, str, Any]] = field(default_factory=list)
    tokens_heard: list[str] = field(default_factory=list)
    script: list[Any] = field(default_factory=list)
    """answers, or exceptions to raise"""
    roster: dict[str, str] | None = field(default_factory=dict)
    """None: there is no such channel just now"""
    silent: bool = False
    """no roster is told"""

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content) if request.content else None
        official.check(body)
        self.heard.append((request.method, str(request.url), body))
        self.tokens_heard.append(request.headers["authorization"])
        if "pagedmembers" in str(request.url):
            if self.silent:
                return httpx2.Response(503)
            if self.roster is None:
                return httpx2.Response(404, json={"error": {"code": "ConversationNotFound"}})
            members = [{"id": mri, "aadObjectId": one} for one, mri in self.roster.items()]
            return httpx2.Response(200, json={"members": members})
        if self.script:
            told = self.script.pop(0)
            if isinstance(told, Exception):
                raise told
            return told  # type: ignore[no-any-return]
        if request.method == "POST" and str(request.url).endswith("/v3/conversations"):
            thread = {"id": THREAD, "activityId": ROOT.ts}
            return httpx2.Response(201, json=thread if body["isGroup"] else {"id": "a:personal"})
        return httpx2.Response(200, json={"id": "1795000000002"})

    def calls(self, method: str) -> list[tuple[str, Any]]:
        return [(url, body) for verb, url, body in self.heard if verb == method and "pagedmembers" not in url]


@dataclass
class Bot:
    """A chat with everything around it."""

    wire: FakeConnector
    tokens: FakeTokens
    chat: TeamsChat
    store: MemoryStore
    sightings: MemorySightings


def bot(monotonic: Callable[[], float] = lambda: 0.0) -> Bot:
    wire, tokens, store, sightings = FakeConnector(), FakeTokens(), MemoryStore(), MemorySightings()
    tenant = Tenant(id=TENANT, app_id=APP, at=service(), channels={"#ai-alerts": CHANNEL})
    chat = TeamsChat(tenant, tokens, known=store, sightings=sightings, monotonic=monotonic)
    chat.connector = Connector(tokens, tenant.at, client=httpx2.Client(transport=httpx2.MockTransport(wire.answer)))
    chat.members.connector = chat.connector
    return Bot(wire=wire, tokens=tokens, chat=chat, store=store, sightings=sightings)
