"""A real sandbox on a real port, a real Slack client, and a tiny HTTP server in the bot's place."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import httpx2
import pytest
from slack_sdk import WebClient

from sandbox.app import create_server
from sandbox.config import Limits, SandboxConfig

SECRET = "the signing secret of the tests"
OFF = Limits(enabled=False)


def until(condition: Callable[[], Any], *, seconds: float = 5.0) -> Any:
    """Polls until the condition holds, and returns what it said."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)
    return found


@dataclass
class Heard:
    """One request that reached the bot."""

    headers: dict[str, str]
    body: bytes

    @property
    def payload(self) -> Any:
        """The JSON of an interaction or event, the form of a command."""
        if self.headers["content-type"] == "application/json":
            return json.loads(self.body)
        form = {k: v[0] for k, v in parse_qs(self.body.decode(), keep_blank_values=True).items()}
        return json.loads(form["payload"]) if "payload" in form else form


@dataclass
class FakeBot:
    """Answers each request with `answer(heard)`: (status, body, content type)."""

    url: str = ""
    heard: list[Heard] = field(default_factory=list)
    answer: Callable[[Heard], tuple[int, bytes, str]] = lambda heard: (200, b"", "text/plain")
    headers: dict[str, str] = field(default_factory=dict)

    def says(self, body: Any, *, status: int = 200) -> None:
        text = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        kind = "text/plain" if isinstance(body, str) else "application/json"
        self.answer = lambda heard: (status, text, kind)

    @property
    def last(self) -> Any:
        return self.heard[-1].payload


@dataclass
class Box:
    """The running sandbox, as a test drives it."""

    url: str
    http: httpx2.Client

    def client(self, token: str = "xoxb-sandbox", **options: Any) -> WebClient:
        return WebClient(token=token, base_url=f"{self.url}/api/", retry_handlers=[], timeout=5, **options)

    def get(self, path: str, **query: Any) -> Any:
        return self.http.get(f"{self.url}/sandbox/api/{path}", params=query).json()

    def post(self, path: str, **body: Any) -> Any:
        return self.http.post(f"{self.url}/sandbox/api/{path}", json=body).json()

    def state(self, who: str = "U0ANA") -> Any:
        return self.get("state", **{"as": who})

    def messages(self, channel: str = "C0ALERTS", *, who: str = "U0ANA", **query: Any) -> Any:
        return self.get("messages", channel=channel, **{"as": who}, **query)["messages"]

    def calls(self, method: str | None = None) -> list[Any]:
        return [c for c in self.get("log")["calls"] if method in {None, c["method"]}]

    def press(self, ts: str, action_id: str, *, who: str = "U0ANA", channel: str = "C0ALERTS", **more: Any) -> Any:
        container = {"type": "message", "channel": channel, "ts": ts}
        return self.post("act", **{"as": who}, container=container, action={"action_id": action_id, **more})


@pytest.fixture(scope="session")
def bot_server() -> Iterator[FakeBot]:
    bot = FakeBot()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            heard = Heard(headers={k.lower(): v for k, v in self.headers.items()}, body=body)
            bot.heard.append(heard)
            status, answer, kind = bot.answer(heard)
            try:
                self.send_response(status)
                for name, value in {"content-type": kind, "content-length": str(len(answer)), **bot.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)
            except ConnectionError:
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    bot.url = f"http://127.0.0.1:{server.server_port}/slack/events"
    yield bot
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def bot(bot_server: FakeBot) -> FakeBot:
    bot_server.heard.clear()
    bot_server.headers.clear()
    bot_server.answer = lambda heard: (200, b"", "text/plain")
    return bot_server


@pytest.fixture(scope="session")
def http() -> Iterator[httpx2.Client]:
    with httpx2.Client(trust_env=False, timeout=10) as client:
        yield client


Start = Callable[..., Box]


def run(url: str, http: httpx2.Client, settings: dict[str, Any]) -> tuple[Box, Callable[[], None]]:
    """A sandbox on a free port, and how to stop it."""
    known: dict[str, Any] = {
        "signing_secret": SECRET,
        "bot_token": "xoxb-sandbox",
        "app_token": "xapp-sandbox",
        "bot_url": url,
        "limits": OFF,
    }
    server = create_server(SandboxConfig(**(known | settings)), port=0)
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]

    def stop() -> None:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()

    return Box(url=f"http://127.0.0.1:{port}", http=http), stop


@pytest.fixture
def start(bot: FakeBot, http: httpx2.Client) -> Iterator[Start]:
    """Starts a sandbox with settings of its own, or a clock that may be moved."""
    stops: list[Callable[[], None]] = []

    def begin(**settings: Any) -> Box:
        box, stop = run(bot.url, http, settings)
        stops.append(stop)
        return box

    yield begin
    for stop in stops:
        stop()


@pytest.fixture(scope="session")
def shared(bot_server: FakeBot, http: httpx2.Client) -> Iterator[Box]:
    box, stop = run(bot_server.url, http, {"event_retry_seconds": (0.0, 0.1, 0.2)})
    yield box
    stop()


@pytest.fixture
def box(shared: Box, bot: FakeBot) -> Box:
    shared.post("reset")
    return shared


@pytest.fixture
def slack(box: Box) -> WebClient:
    return box.client()
