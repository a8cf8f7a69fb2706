"""Who owns what, asked of a service over real HTTP on loopback, which hangs, breaks and talks nonsense."""

from __future__ import annotations

import gzip
import json
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.ports import Unknown
from connectors.lookup import http
from connectors.lookup.http import HttpTable

ANA, BEN = "ana@acme.example", "ben@acme.example"
IN_TEAMS = "3f2a9c1e-0000-4000-8000-0000000000aa"
JSON, TEXT = {"content-type": "application/json"}, {"content-type": "text/plain; charset=utf-8"}


@dataclass
class Hands:
    """Seconds that are moved by hand."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Stand:
    """A service that answers as it is told: (status, headers, body), "drop", "hang", "drip" or "echo"."""

    url: str = ""
    answer: Any = (200, JSON, json.dumps({"owner": ANA}))
    heard: list[str] = field(default_factory=list)
    """paths as they were sent"""
    headers: list[dict[str, str]] = field(default_factory=list)
    let_go: threading.Event = field(default_factory=threading.Event)
    """ends every hanging answer"""


class Handler(BaseHTTPRequestHandler):
    stand: Stand
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.stand.heard.append(self.path)
        self.stand.headers.append({name.lower(): value for name, value in self.headers.items()})
        answer = self.stand.answer
        if answer == "echo":
            answer = (200, TEXT, f"{self.path.partition('?')[0].rpartition('/')[2]}@acme.example")
        if isinstance(answer, str):
            return self._misbehave(answer)
        status, headers, body = answer
        data = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("content-length", str(len(data)))
        self.end_headers()
        return self._say(data)

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:  # whoever asked has heard enough
            self.close_connection = True

    def _misbehave(self, how: str) -> None:
        self.close_connection = True
        if how == "hang":
            self.stand.let_go.wait(20)
        if how == "drip":
            self.send_response(200)
            self.send_header("content-type", "text/plain")
            self.end_headers()
            while not self.stand.let_go.wait(0.05) and self._say(b"a"):
                pass

    def _say(self, data: bytes) -> bool:
        try:
            self.wfile.write(data)
        except OSError:  # whoever asked has heard enough
            self.close_connection = True
            return False
        return True

    def log_message(self, *_: Any) -> None:
        """Tests say what they heard."""


def _answering(told: Stand) -> type[BaseHTTPRequestHandler]:
    class Answering(Handler):
        stand = told

    return Answering


@pytest.fixture
def stand() -> Iterator[Stand]:
    stand = Stand()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _answering(stand))
    server.daemon_threads = True
    stand.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield stand
    stand.let_go.set()
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.fixture
def now() -> Hands:
    return Hands()


@pytest.fixture
def table(stand: Stand, now: Hands) -> Iterator[HttpTable]:
    made = HttpTable(f"{stand.url}/owners/{{key}}?by=id", now=now, token="s3cret")
    yield made
    made.close()


def refused(table: HttpTable, key: str) -> str:
    with pytest.raises(Unknown) as caught:
        table.find(key)
    return caught.value.code


# ── what it says ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("status", "headers", "body", "owner"),
    [
        (200, JSON, '{"owner": "ana@acme.example", "more": [1]}', ANA),
        (200, {"content-type": "application/vnd.acme+json;v=1"}, '{"owner": " Ana@Acme.Example "}', ANA),
        (200, JSON, '"ana@acme.example"', ANA),
        (200, JSON, '{"owner": "slack:U0ANA"}', "slack:U0ANA"),
        (200, JSON, f'{{"owner": "teams:{IN_TEAMS}"}}', f"teams:{IN_TEAMS}"),
        (200, TEXT, "ana@acme.example\n", ANA),
        (200, {}, "ana@acme.example", ANA),
        (200, JSON, '{"owner": null}', None),
        (200, JSON, '{"owner": ""}', None),
        (200, JSON, "null", None),
        (200, TEXT, "", None),
        (200, TEXT, "null\n", None),
        (204, {}, "", None),
        (404, {"content-type": "text/html"}, "<h1>Not found</h1>", None),
    ],
)
def test_an_answer_names_an_owner_or_nobody(
    stand: Stand, table: HttpTable, status: int, headers: dict[str, str], body: str, owner: str | None
) -> None:
    stand.answer = (status, headers, body)
    assert table.find("acct-1") == owner
    assert stand.heard == ["/owners/acct-1?by=id"]
    assert stand.headers[0]["authorization"] == "Bearer s3cret"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((200, {"content-type": "text/html"}, "ana@acme.example"), "unreadable"),
        ((200, {"content-type": "text/html"}, "<html>Please sign in</html>"), "unreadable"),
        ((200, TEXT, "<html>ana@acme.example</html>"), "unreadable"),
        ((200, TEXT, "Ana"), "unreadable"),
        ((200, TEXT, b"\xff"), "unreadable"),
        ((200, JSON, "{"), "unreadable"),
        ((200, JSON, "[" * 60_000), "unreadable"),
        ((200, JSON, '{"error": "no such database"}'), "unreadable"),
        ((200, JSON, '{"owner": 7}'), "unreadable"),
        ((200, JSON, '{"owner": "Ana"}'), "unreadable"),
        ((200, JSON, '["ana@acme.example"]'), "unreadable"),
        ((200, TEXT, " " * 65_537), "too_long"),
        ((200, {**TEXT, "content-encoding": "gzip"}, gzip.compress(b" " * 10_000_000)), "packed"),
        ((202, TEXT, "ana@acme.example"), "http_202"),
        ((301, {"location": "/owners/x"}, ""), "http_301"),
        ((302, {"location": "http://127.0.0.1:9/"}, ""), "http_302"),
        ((400, TEXT, ""), "http_400"),
        ((401, TEXT, ""), "http_401"),
        ((429, TEXT, ""), "http_429"),
        ((500, TEXT, "ana@acme.example"), "http_500"),
        ((503, TEXT, ""), "http_503"),
        ("drop", "RemoteProtocolError"),
    ],
)
def test_anything_else_says_nothing(stand: Stand, table: HttpTable, answer: Any, code: str) -> None:
    stand.answer = answer
    assert refused(table, "acct-1") == code
    assert len(stand.heard) == 1  # neither repeated nor led on


@pytest.mark.parametrize("how", ["hang", "drip"])
def test_who_never_ends_is_not_waited_for(stand: Stand, how: str) -> None:
    stand.answer = how
    table = HttpTable(f"{stand.url}/{{key}}", timeout=0.2)
    began = time.monotonic()
    assert refused(table, "acct-1") in ("ReadTimeout", "too_slow")
    assert time.monotonic() - began < 10  # the server would go on for twenty seconds
    table.close()


def test_where_nobody_listens_the_address_is_not_repeated(free_port: Any) -> None:
    table = HttpTable(f"http://127.0.0.1:{free_port()}/s3cret/{{key}}")
    with pytest.raises(Unknown) as caught:
        table.find("acct-1")
    assert (caught.value.code, "s3cret" in repr(caught.value)) == ("ConnectError", False)
    table.close()


# ── a hostile key ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("key", "sent"),
    [
        ("a/b", "/owners/a%2Fb?by=id"),
        ("a?x=1&y=2#z", "/owners/a%3Fx%3D1%26y%3D2%23z?by=id"),
        ("%2e%2e", "/owners/%252e%252e?by=id"),
        ("a\r\nHost: evil", "/owners/a%0D%0AHost%3A%20evil?by=id"),
        ("@evil.example", "/owners/%40evil.example?by=id"),
        ("größe", "/owners/gr%C3%B6%C3%9Fe?by=id"),
        ("{key}", "/owners/%7Bkey%7D?by=id"),
        ("a..b/...", "/owners/a..b%2F...?by=id"),
    ],
)
def test_a_hostile_key_stays_in_its_place(stand: Stand, table: HttpTable, key: str, sent: str) -> None:
    assert table.find(key) == ANA
    assert stand.heard == [sent]


@pytest.mark.parametrize(
    "key", ["", " ", ".", "..", "../admin", "a/../../admin", "a\\..\\b", "a/.", "./a", "x" * 1001, "\ud800"]
)
def test_a_key_that_no_table_has_is_nobodys_and_not_asked(stand: Stand, table: HttpTable, key: str) -> None:
    assert table.find(key) is None
    assert stand.heard == []


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(min_size=1, max_size=50))
def test_whatever_is_asked_the_service_hears_that_and_nothing_else(stand: Stand, table: HttpTable, key: str) -> None:
    stand.heard.clear()
    table.find(key)
    for path in stand.heard:
        before, place, after = path.partition("?")[0].split("/")[1], path.split("/")[2].split("?")[0], path[-6:]
        assert (before, unquote(place), after, path.count("/")) == ("owners", key, "?by=id", 2)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://acme.example/{key}",
        "acme.example/{key}",
        "file:///{key}",
        "https:///{key}",
        "https://acme.example/owners",
        "https://{key}.acme.example/{key}",
        "https://{key}@acme.example/",
        "https://acme.example/#{key}",
        "https://acme.example:port/{key}",
        "https://[::1/{key}",
    ],
)
def test_an_address_that_cannot_be_used_is_told_at_the_start(url: str) -> None:
    with pytest.raises(ValueError):
        HttpTable(url)


# ── what it remembers ────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_owner_and_nobody_are_both_remembered_for_a_while(stand: Stand, table: HttpTable, now: Hands) -> None:
    assert table.find("a") == ANA
    stand.answer = (404, {}, "")
    assert table.find("b") is None
    stand.answer = (200, TEXT, BEN)
    now.seconds += 299
    assert (table.find("a"), table.find("b"), len(stand.heard)) == (ANA, None, 2)
    now.seconds += 1
    assert (table.find("a"), table.find("b"), len(stand.heard)) == (BEN, BEN, 4)


def test_an_old_answer_counts_while_there_is_no_new_one(stand: Stand, table: HttpTable, now: Hands) -> None:
    table.find("a")
    stand.answer = (404, {}, "")
    table.find("b")
    now.seconds += 86_400
    stand.answer = (500, {}, "")
    assert (table.find("a"), table.find("b")) == (ANA, None)
    assert refused(table, "c") == "http_500"
    assert (table.find("a"), table.find("b"), len(stand.heard)) == (ANA, None, 5)  # left alone by now


def test_it_remembers_only_so_many(stand: Stand, table: HttpTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "REMEMBERED", 2)
    for key in ("a", "b", "a", "c"):
        table.find(key)
    stand.heard.clear()
    for key in ("a", "c", "b"):
        table.find(key)
    assert stand.heard == ["/owners/b?by=id"]


# ── a service that is away ───────────────────────────────────────────────────────────────────────────────────────────


def test_after_three_failures_it_is_left_alone_for_half_a_minute(
    stand: Stand, table: HttpTable, now: Hands, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="connectors.lookup")
    stand.answer = "drop"
    assert [refused(table, key) for key in "abcde"] == ["RemoteProtocolError"] * 3 + ["left_alone"] * 2
    now.seconds += 29.9
    assert refused(table, "f") == "left_alone"
    now.seconds += 0.1
    assert [refused(table, key) for key in "gh"] == ["RemoteProtocolError", "left_alone"]
    now.seconds += 30
    stand.answer = (200, TEXT, ANA)
    assert [table.find(key) for key in "abc"] == [ANA] * 3
    assert len(stand.heard) == 7
    said = [record.message for record in caplog.records if record.name.startswith("connectors")]
    assert said == ["a lookup's service is away, it is left alone", "a lookup's service answers again"]
    assert "s3cret" not in caplog.text


def test_one_success_between_failures_starts_the_count_anew(stand: Stand, table: HttpTable) -> None:
    for key in "abcdefgh":
        stand.answer = (200, TEXT, ANA) if key in "cf" else (503, {}, "")
        if key in "cf":
            assert table.find(key) == ANA
        else:
            assert refused(table, key) == "http_503"
    assert len(stand.heard) == 8


def test_keys_that_the_service_refuses_do_not_silence_it(stand: Stand, table: HttpTable) -> None:
    stand.answer = (400, {}, "")
    assert {refused(table, key) for key in "abcdef"} == {"http_400"}
    stand.answer = (200, TEXT, ANA)
    assert table.find("g") == ANA


def test_a_clock_that_jumped_back_does_not_silence_it(stand: Stand, table: HttpTable, now: Hands) -> None:
    stand.answer = (500, {}, "")
    for key in "abc":
        refused(table, key)
    now.seconds -= 3600
    stand.answer = (200, TEXT, ANA)
    assert table.find("d") == ANA


def test_while_it_hangs_only_one_thread_goes_to_see_whether_it_is_back(stand: Stand) -> None:
    """However many alerts come, intake waits for the service at most once in half a minute."""
    now = Hands()
    hanging = HttpTable(f"{stand.url}/{{key}}", timeout=5.0, now=now)
    stand.answer = (500, {}, "")
    for key in "abc":
        refused(hanging, key)
    now.seconds += 30
    stand.answer = "hang"
    stand.heard.clear()
    codes: list[str] = []
    probe = threading.Thread(target=lambda: codes.append(refused(hanging, "probe")))
    probe.start()
    deadline = time.monotonic() + 8
    while not stand.heard:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    assert {refused(hanging, f"k{n}") for n in range(100)} == {"left_alone"}
    stand.let_go.set()
    probe.join(10)
    assert (codes, stand.heard) == (["RemoteProtocolError"], ["/probe"])
    hanging.close()


def test_many_threads_get_each_their_own_answer(
    stand: Stand, table: HttpTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "REMEMBERED", 5)
    stand.answer = "echo"
    right: list[bool] = []

    def ask() -> None:
        for n in range(40):
            right.append(table.find(f"k{n % 8}") == f"k{n % 8}@acme.example")

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert right == [True] * 320
