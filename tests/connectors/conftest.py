"""Two stands for Slack, the sandbox and a server that answers as it is told, and a desk that remembers."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode

import httpx2
import pytest
import uvicorn
from slack_sdk.signature import SignatureVerifier
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.core.card import Message, buttons
from bot.core.people import Person
from bot.core.signal import Severity, Signal
from bot.core.state import Alert, Status
from bot.core.text import sentence
from bot.ports import Answer, Gesture, Receipt
from connectors.chat.slack.client import SlackChat
from connectors.chat.slack.inbound import Access, Answered, SlackInbound
from sandbox.app import create_app
from sandbox.config import Limits, SandboxConfig
from tests.connectors.entra import Tenant

SECRET = "the signing secret of these tests"
TOKEN = "xoxb-of-these-tests"
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
CAST = {
    f"{name.lower()}@acme.example": Person(
        id=f"{name.lower()}@acme.example", name=name, chat={"slack": f"U0{name.upper()}"}
    )
    for name in ("Ana", "Ben", "Cleo", "Elsa", "Dov")
}
ALERT = Alert(
    id="01JD0000000000000000008F3K2Q",
    source="ap-auditor",
    dedup_key="k",
    signal=Signal(source="ap-auditor", title="Invoice 4711 paid twice", severity=Severity.CRITICAL),
    severity=Severity.CRITICAL,
    status=Status.OPEN,
    owner="ana@acme.example",
    place="slack:#ai-alerts",
    policy="default",
    policy_version=1,
    raised_at=NOW,
    last_raised_at=NOW,
    due_at=NOW,
    generation=3,
)


def until(condition: Callable[[], Any], *, seconds: float = 8.0) -> Any:
    """Polls until the condition holds, and returns what it said."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)
    return found


def card(**more: Any) -> Message:
    """A card with everything that can be pressed."""
    known: dict[str, Any] = {
        "kind": "card",
        "alert_id": ALERT.id,
        "generation": ALERT.generation,
        "title": "🔴 CRITICAL · Invoice 4711 paid twice",
        "summary": sentence("CRITICAL: Invoice 4711 paid twice"),
        "lines": (sentence("Open"),),
        "buttons": buttons(ALERT),
        "people": CAST,
    }
    return Message(**(known | more))


@dataclass
class FakeDesk:
    """Answers what it is told to answer, and remembers what it was handed."""

    taken: list[Gesture] = field(default_factory=list)
    answer: Callable[[Gesture], Answer] = lambda gesture: Answer(ok=True, said=sentence(f"{gesture.act}: done."))

    def take(self, gesture: Gesture, /) -> Answer:
        self.taken.append(gesture)
        return self.answer(gesture)


@dataclass
class FakeWays:
    """Keeps every address; each may be used as often as `uses` says."""

    kept: list[tuple[Receipt, str]] = field(default_factory=list)
    uses: int = 3

    def keep(self, receipt: Receipt, address: str, /) -> None:
        self.kept += [(receipt, address)] * self.uses

    def take(self, receipt: Receipt, /) -> str | None:
        found = next((way for way in self.kept if way[0] == receipt), None)
        if found is None:
            return None
        self.kept.remove(found)
        return found[1]

    def has(self, receipt: Receipt, /) -> bool:
        return any(way[0] == receipt for way in self.kept)


def signed(body: bytes, *, secret: str = SECRET, at: float | None = None, kind: str = "form") -> dict[str, str]:
    """The headers of a request that Slack signed at that instant (Unix seconds)."""
    stamp = str(int(time.time() if at is None else at))
    signature = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body)
    content = {"form": "application/x-www-form-urlencoded", "json": "application/json"}[kind]
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": str(signature), "Content-Type": content}


def interaction(payload: dict[str, Any]) -> bytes:
    return urlencode({"payload": json.dumps(payload)}).encode()


def click(act: str, **more: Any) -> dict[str, Any]:
    """A press on a card, as Slack sends it."""
    known: dict[str, Any] = {
        "type": "block_actions",
        "user": {"id": "U0ANA", "team_id": "T0ACME"},
        "team": {"id": "T0ACME"},
        "trigger_id": "1.2.3",
        "container": {"type": "message", "message_ts": "10.000001", "channel_id": "C0ALERTS"},
        "channel": {"id": "C0ALERTS"},
        "actions": [
            {
                "type": "button",
                "action_id": f"act:{act}",
                "action_ts": "11.5",
                "value": f"{ALERT.id}:3",
                "block_id": "r",
            }
        ],
    }
    return known | more


@dataclass
class Wire:
    """A Slack that answers as it is told: `script` holds (status, headers, body) or "drop" or "hang"."""

    url: str = ""
    heard: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    script: list[Any] = field(default_factory=list)

    def calls(self, method: str) -> list[dict[str, Any]]:
        return [arguments for name, arguments in self.heard if name == method]


def ok(**body: Any) -> tuple[int, dict[str, str], str]:
    return 200, {"content-type": "application/json"}, json.dumps({"ok": True, **body})


def refused(code: str, status: int = 200, **headers: str) -> tuple[int, dict[str, str], str]:
    return status, {"content-type": "application/json", **headers}, json.dumps({"ok": False, "error": code})


def _arguments(body: bytes, content_type: str) -> dict[str, Any]:
    if "json" in content_type and body:
        found: dict[str, Any] = json.loads(body)
        return found
    return {name: values[0] for name, values in parse_qs(body.decode(errors="replace")).items()}


def _handler(wire: Wire) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            wire.heard.append((self.path.rsplit("/", 1)[-1], _arguments(body, self.headers.get("content-type", ""))))
            answer = wire.script.pop(0) if wire.script else ok(channel="C0ALERTS", ts="1.000001")
            if answer == "drop":
                self.close_connection = True
                return
            if answer == "hang":
                time.sleep(1.5)
                return
            status, headers, text = answer
            data = text if isinstance(text, bytes) else text.encode()
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            return

    return Handler


@pytest.fixture
def wire() -> Iterator[Wire]:
    told = Wire()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(told))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_port}/api/"
    yield told
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


@pytest.fixture
def ways() -> FakeWays:
    return FakeWays()


@pytest.fixture
def inbound(wire: Wire, desk: FakeDesk, ways: FakeWays) -> Iterator[SlackInbound]:
    access = Access(token=TOKEN, signing_secret=SECRET, base_url=wire.url)
    made = SlackInbound(access, desk, now=lambda: NOW, ways=ways)
    yield made
    made.close()


def send(inbound: SlackInbound, payload: dict[str, Any]) -> Answered:
    body = interaction(payload)
    return inbound.dispatch(body, signed(body))


def _serve(app: Any) -> tuple[uvicorn.Server, threading.Thread, int]:
    settings = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(settings)
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    return server, thread, server.servers[0].sockets[0].getsockname()[1]


@dataclass
class Workspace:
    """The running sandbox with the connector behind it, as a test drives them."""

    url: str
    http: httpx2.Client
    desk: FakeDesk
    ways: FakeWays

    @property
    def api(self) -> str:
        return f"{self.url}/api/"

    def chat(self) -> SlackChat:
        return SlackChat(TOKEN, base_url=self.api, ways=self.ways)

    def post(self, path: str, **body: Any) -> Any:
        return self.http.post(f"{self.url}/sandbox/api/{path}", json=body).json()

    def get(self, path: str, **query: Any) -> Any:
        return self.http.get(f"{self.url}/sandbox/api/{path}", params=query).json()

    def state(self, who: str = "U0ANA") -> Any:
        return self.get("state", **{"as": who})

    def messages(self, channel: str = "C0ALERTS", *, who: str = "U0ANA") -> Any:
        return self.get("messages", channel=channel, **{"as": who})["messages"]

    def calls(self, method: str) -> list[Any]:
        return [call for call in self.get("log")["calls"] if call["method"] == method]

    def permalink(self, channel: str, ts: str) -> str:
        """As Slack itself says it."""
        auth = {"Authorization": f"Bearer {TOKEN}"}
        asked = self.http.post(
            f"{self.api}chat.getPermalink", data={"channel": channel, "message_ts": ts}, headers=auth
        )
        return str(asked.json()["permalink"])

    def press(self, ts: str, act: str, *, who: str = "U0ANA", channel: str = "C0ALERTS") -> Any:
        container = {"type": "message", "channel": channel, "ts": ts}
        return self.post("act", **{"as": who}, container=container, action={"action_id": f"act:{act}"})


@dataclass
class Servers:
    """The sandbox and an address for its requests, each on a port of its own; a test puts its connector behind it."""

    url: str = ""
    inbound: SlackInbound | None = None


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    both = Servers()

    async def events(request: Request) -> Response:
        assert both.inbound is not None
        status, headers, body = await run_in_threadpool(both.inbound.dispatch, await request.body(), request.headers)
        return Response(body, status, headers)

    bot, bot_thread, bot_port = _serve(Starlette(routes=[Route("/slack/events", events, methods=["POST"])]))
    config = SandboxConfig(
        signing_secret=SECRET,
        bot_token=TOKEN,
        app_token="xapp-of-these-tests",
        bot_url=f"http://127.0.0.1:{bot_port}/slack/events",
        limits=Limits(enabled=False),
    )
    slack, slack_thread, slack_port = _serve(create_app(config))
    both.url = f"http://127.0.0.1:{slack_port}"
    yield both
    for server, thread in ((bot, bot_thread), (slack, slack_thread)):
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture
def workspace(servers: Servers, desk: FakeDesk, ways: FakeWays) -> Iterator[Workspace]:
    """A fresh workspace and the connector, each asking the other over HTTP."""
    access = Access(token=TOKEN, signing_secret=SECRET, base_url=f"{servers.url}/api/")
    servers.inbound = SlackInbound(access, desk, now=lambda: NOW, ways=ways)
    with httpx2.Client(trust_env=False, timeout=10) as http:
        fresh = Workspace(url=servers.url, http=http, desk=desk, ways=ways)
        fresh.post("reset")
        yield fresh
    servers.inbound.close()


@pytest.fixture
def tenant(servers: Servers) -> Iterator[Tenant]:
    """A fresh tenant of Microsoft's stand-in."""
    with httpx2.Client(trust_env=False, timeout=10) as http:
        http.post(f"{servers.url}/sandbox/api/reset").raise_for_status()
        found = Tenant(url=servers.url, http=http)
        yield found
    for graph in found.made:
        graph.close()
