"""What a person sees, what the page is told, who is let in, and what survives a restart."""

from __future__ import annotations

import json
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from tests.sandbox.conftest import until


@pytest.mark.parametrize(
    ("who", "channels"),
    [
        ("U0ANA", ["ai-alerts", "payments", "ai-exceptions", "general", "old-alerts", "Closeloop"]),
        ("U0DOV", ["ai-alerts", "ai-exceptions", "general", "old-alerts", "Closeloop"]),
        ("U0GUS", ["ai-alerts", "Closeloop"]),
    ],
)
def test_people_see_public_channels_their_private_ones_and_their_own_direct_message(
    box: Any, who: str, channels: list[str]
) -> None:
    assert [c["name"] for c in box.state(who)["channels"]] == channels


@pytest.mark.parametrize(
    ("who", "channel"), [("U0DOV", "C0PAY"), ("U0ELSA", "C0PAY"), ("U0BEN", "DU0ANA"), ("U0GUS", "C0GEN")]
)
def test_nobody_reads_or_writes_where_they_may_not_see(box: Any, who: str, channel: str) -> None:
    query = {"as": who, "channel": channel}
    assert box.http.get(f"{box.url}/sandbox/api/messages", params=query).status_code == 404
    assert box.http.post(f"{box.url}/sandbox/api/message", json=query | {"text": "x"}).status_code == 404


def test_a_visitor_may_read_a_public_channel_and_must_join_to_write(box: Any) -> None:
    body = {"as": "U0DOV", "channel": "C0ALERTS", "text": "hi"}
    assert box.http.post(f"{box.url}/sandbox/api/message", json=body).status_code == 403
    box.post("channels/C0ALERTS", add=["U0DOV"])
    assert box.post("message", **body)["ok"] is True


def test_a_new_channel_and_its_members(box: Any, slack: Any) -> None:
    made = box.post("channels", name="fraud", is_private=True, members=["U0BEN", "U0LOOP"])["channel"]
    slack.chat_postMessage(channel=made["id"], text="x")
    assert len(box.messages(made["id"], who="U0BEN")) == 1
    box.post(f"channels/{made['id']}", remove=["U0BEN"])
    assert made["id"] not in [c["id"] for c in box.state("U0BEN")["channels"]]


def test_the_page_is_told_of_every_change_it_may_see(box: Any, slack: Any) -> None:
    told: list[Any] = []
    ready = threading.Event()

    def listen() -> None:
        with box.http.stream("GET", f"{box.url}/sandbox/api/stream", params={"as": "U0DOV"}) as stream:
            for line in stream.iter_lines():
                ready.set()
                if line.startswith("data:"):
                    told.append(json.loads(line[5:]))
                if {"what": "channel", "channel": "C0GEN"} in told:
                    return

    listener = threading.Thread(target=listen)
    listener.start()
    assert ready.wait(5)
    slack.chat_postMessage(channel="C0PAY", text="private")
    slack.chat_postMessage(channel="C0ALERTS", text="public")
    box.post("read", **{"as": "U0DOV"}, channel="C0GEN")
    listener.join(5)
    assert not listener.is_alive()
    assert told == [{"what": "message", "channel": "C0ALERTS"}, {"what": "channel", "channel": "C0GEN"}]


def test_business_time_moves_and_is_shared_through_a_file(start: Any, tmp_path: Path) -> None:
    file = tmp_path / "clock.json"
    box = start(clock_file=file)
    assert not file.exists()
    assert box.state()["clock"]["now"] == pytest.approx(time.time(), abs=2)
    answer = box.post("clock", rate=60, advance=3600)
    assert (answer["rate"], answer["now"]) == (60, pytest.approx(time.time() + 3600, abs=10))
    setting = json.loads(file.read_text())
    now = setting["virtual"] + (time.time() - setting["real"]) * setting["rate"]
    assert now == pytest.approx(box.state()["clock"]["now"], abs=10)
    assert float(box.client().chat_postMessage(channel="C0ALERTS", text="x")["ts"]) == pytest.approx(now, abs=20)
    assert start(clock_file=file).state()["clock"]["rate"] == 60
    assert box.http.post(f"{box.url}/sandbox/api/clock", json={"advance": -1}).status_code == 400


def test_a_restart_forgets_nothing_that_was_written_down(start: Any, tmp_path: Path) -> None:
    file = tmp_path / "workspace.jsonl"
    slack = start(data_file=file).client()
    root = slack.chat_postMessage(channel="C0ALERTS", text="one")["ts"]
    gone = slack.chat_postMessage(channel="C0ALERTS", text="gone")["ts"]
    slack.chat_postMessage(channel="C0ALERTS", text="reply", thread_ts=root)
    slack.chat_update(channel="C0ALERTS", ts=root, text="two")
    slack.chat_delete(channel="C0ALERTS", ts=gone)
    slack.views_publish(user_id="U0ANA", view={"type": "home", "blocks": [{"type": "divider"}]})
    with file.open("a") as journal:
        journal.write('["message", {"half a line')
    again = start(data_file=file)
    assert [(m["text"], m["reply_count"]) for m in again.messages()] == [("two", 1)]
    assert again.state()["home"]["blocks"][0]["type"] == "divider"
    assert again.client().chat_postMessage(channel="C0ALERTS", text="three")["ts"] > gone


def test_a_reset_is_the_first_day_again(box: Any, slack: Any) -> None:
    slack.chat_postMessage(channel="C0ALERTS", text="x")
    box.post("users/U0BEN", deleted=True)
    box.post("faults", method="*", fault="http_500_before")
    box.post("reset")
    assert (box.messages(), box.state()["faults"], box.get("log")["calls"]) == ([], [], [])
    assert box.state("U0BEN")["me"]["deleted"] is False


def test_the_log_can_be_read_from_where_one_left_off(box: Any, slack: Any) -> None:
    slack.auth_test()
    last = box.get("log")["last"]
    slack.chat_postMessage(channel="C0ALERTS", text="x")
    assert [c["method"] for c in box.get("log", since=last)["calls"]] == ["chat.postMessage"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"host": "localhost:3000"}, 200),
        ({"host": "evil.example"}, 403),
        ({"host": "127.0.0.1.evil.example"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
    ],
)
def test_only_this_machine_and_its_own_page_are_let_in(box: Any, headers: Any, status: int) -> None:
    assert box.http.get(f"{box.url}/healthz", headers=headers).status_code == status


def test_the_page_and_its_parts_are_served(box: Any) -> None:
    page = box.http.get(f"{box.url}/sandbox")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert box.http.get(f"{box.url}/sandbox/static/index.html").status_code == 200
    assert box.http.get(f"{box.url}/").headers["location"] == "/sandbox"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("act", b"{"), ("act", b"[]"), ("act", b'{"as":"U0ANA"}'), ("act", b'{"as":"U0ANA","container":1,"action":{}}'),
        ("submit", b'{"as":"U0ANA"}'), ("raw", b'{"kind":"x"}'), ("users/U0ANA", b'{"colour":1}'),
        ("users/U0ANA", b'{"tz":"Mars/Olympus"}'), ("channels", b"{}"),
    ],
)  # fmt: skip
def test_nonsense_is_refused_with_a_sentence(box: Any, path: str, body: bytes) -> None:
    answer = box.http.post(f"{box.url}/sandbox/api/{path}", content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_socket_mode_carries_the_same_payloads_and_takes_the_same_answers(box: Any, bot: Any) -> None:
    heard: list[SocketModeRequest] = []

    def listener(client: Any, request: SocketModeRequest) -> None:
        heard.append(request)
        payload = {"text": "from the socket"} if request.type == "slash_commands" else None
        client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id, payload=payload))

    client = SocketModeClient(app_token="xapp-sandbox", web_client=box.client(), ping_interval=1)
    client.socket_mode_request_listeners.append(listener)
    client.connect()
    try:
        answer = until(lambda: box.post("command", **{"as": "U0ANA"}, channel="C0ALERTS", command="/loop", text="mine"))
        assert answer["ok"] is True
        assert [(r.type, r.payload["text"]) for r in heard] == [("slash_commands", "mine")]
        assert [m["text"] for m in box.messages()] == ["from the socket"]
        assert bot.heard == []
        assert box.get("log")["inbound"][0]["via"] == "socket"
        box.post("disconnect")
        command = {"as": "U0ANA", "channel": "C0ALERTS", "command": "/loop", "text": "again"}
        until(lambda: box.post("command", **command) and len(heard) > 1)
        assert heard[-1].payload["text"] == "again"
    finally:
        client.close()


def test_a_port_is_free_again_after_a_stop_with_open_pages(start: Any) -> None:
    box = start()
    port = int(box.url.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port)) as page:
        page.sendall(b"GET /sandbox/api/stream?as=U0ANA HTTP/1.1\r\nhost: localhost\r\n\r\n")
        assert page.recv(4096).startswith(b"HTTP/1.1 200")
