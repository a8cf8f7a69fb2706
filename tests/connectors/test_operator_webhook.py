"""Operators told by a webhook, over real HTTP on loopback."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from bot.ports import Later, Refusal, Unknown
from connectors.operator import operator


@dataclass
class Stand:
    """A webhook that answers as it is told and keeps what it heard."""

    url: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    heard: list[tuple[str, str, Any]] = field(default_factory=list)
    """(method, content type, JSON)"""


@pytest.fixture
def stand() -> Iterator[Stand]:
    stand = Stand()

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            stand.heard.append((self.command, self.headers["content-type"], body))
            self.send_response(stand.status)
            for name, value in stand.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Tests say what they heard."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    stand.url = f"http://127.0.0.1:{server.server_port}/hook/s3cret"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield stand
    server.shutdown()
    thread.join(10)
    server.server_close()


def tell(url: str, text: str = "Closeloop cannot speak to slack.") -> None:
    told: Any = operator("webhook")(url)
    told.tell("Closeloop: slack", text, kind="workspace", since="2026-11-20T09:00:00+00:00")


def test_one_post_of_json_says_what_and_since_when(stand: Stand) -> None:
    tell(stand.url, "Ünïcode & <b>")
    assert stand.heard == [
        (
            "POST",
            "application/json",
            {
                "text": "Ünïcode & <b>",
                "subject": "Closeloop: slack",
                "kind": "workspace",
                "since": "2026-11-20T09:00:00+00:00",
            },
        )
    ]


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_every_answer_of_success_is_taken(stand: Stand, status: int) -> None:
    stand.status = status
    tell(stand.url)
    assert len(stand.heard) == 1


@pytest.mark.parametrize(
    ("status", "headers", "raised", "seconds"),
    [
        (301, {"Location": "/elsewhere"}, Refusal, None),  # never followed: nobody configured that address
        (307, {"Location": "/elsewhere"}, Refusal, None),
        (400, {}, Refusal, None),
        (404, {}, Refusal, None),
        (410, {}, Refusal, None),
        (429, {"Retry-After": "7"}, Later, 7.0),
        (429, {"Retry-After": "Fri, 20 Nov 2026 09:00:00 GMT"}, Later, 30.0),
        (503, {}, Later, 30.0),
        (500, {}, Unknown, None),  # it may have told somebody before it broke
        (502, {}, Unknown, None),
        (504, {}, Unknown, None),
    ],
)
def test_each_answer_is_judged(
    stand: Stand, status: int, headers: dict[str, str], raised: type[Exception], seconds: float | None
) -> None:
    stand.status, stand.headers = status, headers
    with pytest.raises(raised) as caught:
        tell(stand.url)
    assert getattr(caught.value, "code", None) == f"http_{status}"
    assert (getattr(caught.value, "seconds", 0.0) or None) == seconds
    assert len(stand.heard) == 1


def test_where_nobody_listens_nothing_was_told_and_the_address_is_not_repeated(free_port: Any) -> None:
    with pytest.raises(Later) as caught:
        tell(f"http://127.0.0.1:{free_port()}/hook/s3cret")
    assert (caught.value.code, "s3cret" in repr(caught.value)) == ("unreachable", False)


def test_whoever_hears_and_does_not_answer_may_have_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.operator.webhook._PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unknown) as caught:
        tell(f"http://127.0.0.1:{silent.getsockname()[1]}/")
    assert caught.value.code == "ReadTimeout"


def test_whoever_hangs_up_may_have_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            connection, _ = server.accept()
            connection.recv(1)
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(Unknown):
            tell(f"http://127.0.0.1:{server.getsockname()[1]}/")
        thread.join(10)
