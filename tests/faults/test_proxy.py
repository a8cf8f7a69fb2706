"""The fault proxy itself: each fault does what its name says, else the tests that use it prove nothing."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Iterator

import pytest
from faults.proxy import Fault, Line, proxy


class _Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        try:
            while data := self.request.recv(1024):
                self.server.heard.append(data)  # type: ignore[attr-defined]
                self.request.sendall(data)
        except OSError:
            return


@pytest.fixture
def echo() -> Iterator[socketserver.ThreadingTCPServer]:
    socketserver.ThreadingTCPServer.daemon_threads = True
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Echo) as server:
        server.heard = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def line(echo: socketserver.ThreadingTCPServer) -> Iterator[Line]:
    with proxy(("127.0.0.1", echo.server_address[1])) as opened:
        yield opened


def call(line: Line, timeout: float = 5.0) -> socket.socket:
    return socket.create_connection(("127.0.0.1", line.port), timeout=timeout)


def test_without_a_fault_it_is_a_wire(line: Line) -> None:
    with call(line) as client:
        client.sendall(b"hello")
        assert client.recv(10) == b"hello"


def test_it_delays(line: Line) -> None:
    line.set(Fault(delay=0.1))
    with call(line) as client:
        begun = time.monotonic()
        client.sendall(b"hello")
        assert client.recv(10) == b"hello"
        assert time.monotonic() - begun >= 0.2


def test_a_blackhole_swallows_and_stays_open(line: Line, echo: socketserver.ThreadingTCPServer) -> None:
    line.set(Fault(blackhole=True))
    with call(line, timeout=0.2) as client:
        client.sendall(b"hello")
        with pytest.raises(TimeoutError):
            client.recv(10)
    assert echo.heard == []  # type: ignore[attr-defined]


def test_a_half_open_line_delivers_and_never_answers(line: Line, echo: socketserver.ThreadingTCPServer) -> None:
    line.set(Fault(half_open=True))
    with call(line, timeout=0.2) as client:
        client.sendall(b"hello")
        with pytest.raises(TimeoutError):
            client.recv(10)
    assert echo.heard == [b"hello"]  # type: ignore[attr-defined]


def test_a_refused_line_is_reset(line: Line) -> None:
    line.set(Fault(refuse=True))
    with pytest.raises(ConnectionResetError), call(line) as client:
        client.sendall(b"hello")
        client.recv(10)


@pytest.mark.parametrize("count", [0, 3])
def test_it_cuts_after_so_many_bytes(line: Line, echo: socketserver.ThreadingTCPServer, count: int) -> None:
    line.set(Fault(cut_after=count))
    got = b""
    with pytest.raises(ConnectionResetError), call(line) as client:
        client.sendall(b"hello")
        while True:
            got += client.recv(1) or pytest.fail("closed, not reset")
    assert len(got) <= count  # a reset may overtake what was sent before it
    assert echo.heard == [b"hello"]  # type: ignore[attr-defined]


def test_it_resets_open_lines(line: Line) -> None:
    with call(line) as client:
        client.sendall(b"hello")
        assert client.recv(10) == b"hello"
        assert line.cut() == 1
        with pytest.raises(ConnectionResetError):
            client.recv(10)
