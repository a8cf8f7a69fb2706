"""The app under a real uvicorn: what only shows over real sockets."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
import uvicorn

BODY = {"title": "Invoice INV-1 is too high", "severity": "error"}


class Served:
    """A running server; `end()` is what SIGTERM does."""

    def __init__(self, app: Any) -> None:
        config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", access_log=False, server_header=False)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run)

    @property
    def port(self) -> int:
        port: int = self.server.servers[0].sockets[0].getsockname()[1]
        return port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def end(self) -> None:
        self.server.should_exit = True


@contextmanager
def served(app: Any) -> Iterator[Served]:
    running = Served(app)
    running.thread.start()
    try:
        until(lambda: running.server.started)
        yield running
    finally:
        running.end()
        running.thread.join(30)
    assert not running.thread.is_alive()


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def raised(url: str, headers: dict[str, str]) -> tuple[int, Any]:
    answer = httpx2.post(f"{url}/v1/alerts", json=BODY, headers=headers, timeout=30)
    return answer.status_code, answer.json()


def test_many_senders_at_once_get_one_stored_alert_each(world: Any) -> None:
    with served(world.app()) as running, ThreadPoolExecutor(32) as senders:
        asked = [senders.submit(raised, running.url, world.as_("auditor")) for _ in range(200)]
        answers = [one.result() for one in asked]

    assert {status for status, _ in answers} == {202}
    ids = {body["id"] for _, body in answers}
    assert len(ids) == 200
    assert all(world.store.alert(alert_id) for alert_id in ids)


def test_one_request_sent_many_times_at_once_is_one_alert(world: Any) -> None:
    headers = world.as_("auditor", **{"Idempotency-Key": "8f14e45f"})
    with served(world.app()) as running, ThreadPoolExecutor(16) as senders:
        answers = list(senders.map(lambda _: raised(running.url, headers), range(40)))

    assert {status for status, _ in answers} == {202}
    assert len({body["id"] for _, body in answers}) == 1
    assert world.store.counts()["open"] == 1


def test_shutting_down_answers_everything_that_was_accepted(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    began, may_go = threading.Event(), threading.Event()
    real = world.store.real.transaction

    def slow() -> Any:
        began.set()
        assert may_go.wait(20)
        return real()

    monkeypatch.setattr(world.store.real, "transaction", slow)
    with served(world.app()) as running, ThreadPoolExecutor(24) as senders:
        asked = [senders.submit(raised, running.url, world.as_("auditor")) for _ in range(24)]
        assert began.wait(10)
        until(lambda: len(running.server.server_state.tasks) == 24)
        running.end()
        may_go.set()
        answers = [one.result() for one in asked]

    assert {status for status, _ in answers} == {202}
    assert {body["id"] for _, body in answers} == {alert.id for alert in all_alerts(world)}


def all_alerts(world: Any) -> Any:
    from bot.ports import AlertFilter

    return world.store.alerts(AlertFilter(limit=200)).items


def test_a_chunked_body_is_refused_while_it_is_still_arriving(world: Any) -> None:
    with served(world.app()) as running, socket.create_connection(("127.0.0.1", running.port), 10) as sender:
        head = f"POST /v1/alerts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {world.keys['auditor']}\r\n"
        sender.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        for _ in range(5):  # 320 KiB, and no end in sight
            sender.sendall(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        answer = sender.recv(65_536)

    assert answer.startswith(b"HTTP/1.1 413")
    assert b'"too_large"' in answer
    assert b"connection: close" in answer.lower()


def test_a_body_that_never_ends_is_given_up(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handlers.intake.PATIENCE", 0.1)
    with served(world.app()) as running, socket.create_connection(("127.0.0.1", running.port), 10) as sender:
        head = f"POST /v1/alerts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {world.keys['auditor']}\r\n"
        sender.sendall(f"{head}Content-Length: 100\r\n\r\n{{".encode())
        answer = sender.recv(65_536)

    assert answer.startswith(b"HTTP/1.1 408")


def test_a_sender_that_hangs_up_breaks_nothing(world: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with served(world.app()) as running:
        with socket.create_connection(("127.0.0.1", running.port), 10) as sender:
            head = f"POST /v1/alerts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {world.keys['auditor']}\r\n"
            sender.sendall(f"{head}Content-Length: 100\r\n\r\n{{".encode())
        assert raised(running.url, world.as_("auditor"))[0] == 202

    assert "Traceback" not in "".join(capsys.readouterr())


def test_no_answer_names_the_server(world: Any) -> None:
    with served(world.app()) as running:
        assert "server" not in httpx2.get(f"{running.url}/healthz").headers
