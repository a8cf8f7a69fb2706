"""Pictures: handed to Slack first, shown by messages then, and said in words where Slack never shows them."""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any

import pytest

from bot.core.card import Picture
from bot.ports import Later, Mark, Pictures, Refusal, Target, Unknown
from connectors.chat.slack.client import RIPE, SlackChat
from tests.connectors.conftest import TOKEN, Wire, Workspace, card, ok, refused

ALERTS = Target(place="slack:#ai-alerts")
MARK = Mark(kind="letter", delivery="report:1", alert="", revision=1)


def png(width: int = 2, height: int = 1) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x20\x60\x50" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_a_picture_is_handed_over_and_shown_with_what_it_says(workspace: Workspace) -> None:
    chat = workspace.chat()
    assert isinstance(chat, Pictures)
    ref = chat.picture(png(), title="Open by age", alt="Open by age. A day: 1.")
    assert workspace.messages() == [], "handing it over shows it to nobody"
    chat.show(card(pictures=(Picture(ref=ref, title="Open by age", alt="A day: 1."),)), ALERTS, mark=MARK)
    (shown,) = workspace.messages()
    (image,) = [block for block in shown["blocks"] if block["type"] == "image"]
    assert (image["slack_file"], image["alt_text"]) == ({"id": ref}, "A day: 1.")
    page = workspace.http.get(f"{workspace.url}/sandbox/api/files/{ref}", params={"as": "U0ANA"})
    assert page.content == png(), "the bytes are those that were handed over"


HOSTILE = ["<!channel> ../../etc/passwd\x00", "", "\u202e" * 400, "é" * 4000, "a/b?c#d"]


@pytest.mark.parametrize("title", HOSTILE)
def test_whatever_it_is_called_it_is_taken(workspace: Workspace, title: str) -> None:
    chat = workspace.chat()
    ref = chat.picture(png(), title, title)
    chat.show(card(pictures=(Picture(ref=ref, title=title, alt=title),)), ALERTS, mark=MARK)
    assert "image" in [block["type"] for block in workspace.messages()[0]["blocks"]]


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "upload_url", "files.completeUploadExternal"])
@pytest.mark.parametrize(
    ("fault", "raised"), [("drop_before", Unknown), ("http_500_before", Unknown), ("rate_limited", Later)]
)
def test_what_fails_on_the_way_is_told_apart_and_asked_once(
    workspace: Workspace, method: str, fault: str, raised: type[Exception]
) -> None:
    workspace.post("faults", method=method, fault=fault, times=1)
    with pytest.raises(raised):
        workspace.chat().picture(png(), "t", "a")
    assert len(workspace.calls(method)) == 1
    assert workspace.chat().picture(png(), "t", "a"), "and again does no harm"


def promised(wire: Wire, address: str) -> None:
    wire.script.append(ok(upload_url=address, file_id="F0ONE"))


def test_an_app_without_the_scope_is_refused(wire: Wire) -> None:
    wire.script.append(refused("missing_scope"))
    with pytest.raises(Refusal, match="missing_scope"):
        SlackChat(TOKEN, base_url=wire.url).picture(png(), "t", "a")


@pytest.mark.parametrize("address", ["", "http://files.example/x", "file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_bytes_go_to_no_address_that_is_not_safe(wire: Wire, address: str) -> None:
    promised(wire, address)
    with pytest.raises(Unknown):
        SlackChat(TOKEN, base_url=wire.url).picture(png(), "t", "a")
    assert len(wire.heard) == 1


SENT: list[tuple[Any, type[Exception]]] = [
    ((302, {"location": "http://127.0.0.1:9/"}, ""), Refusal),
    ((400, {}, "length mismatch"), Refusal),
    ((503, {}, "<html>"), Unknown),
    ((429, {"Retry-After": "7"}, ""), Later),
    ("drop", Unknown),
]


@pytest.mark.parametrize(("answer", "raised"), SENT)
def test_bytes_that_are_not_taken_are_not_called_complete(wire: Wire, answer: Any, raised: type[Exception]) -> None:
    promised(wire, f"{wire.url}upload")
    wire.script.append(answer)
    with pytest.raises(raised):
        SlackChat(TOKEN, base_url=wire.url).picture(png(), "t", "a")
    assert wire.calls("files.completeUploadExternal") == []


def test_slack_takes_a_moment_before_it_shows_a_picture_and_is_given_it(workspace: Workspace) -> None:
    seconds = [1000.0]
    chat = SlackChat(TOKEN, base_url=workspace.api, monotonic=lambda: seconds[0])
    message = card(pictures=(Picture(ref="F0NOTTHERE", title="Open by age", alt="Open by age. A day: 1 <!here>."),))
    for _ in range(2):
        with pytest.raises(Later, match="picture_not_ready"):
            chat.show(message, ALERTS, mark=MARK)
        seconds[0] += RIPE / 2 - 1
    assert workspace.messages() == []
    seconds[0] += 5
    chat.show(message, ALERTS, mark=MARK)
    (shown,) = workspace.messages()
    said = json.dumps(shown["blocks"])
    assert "Open by age. A day: 1 <!here>." in said, "what it would have said is said in words"
    assert "image" not in [block["type"] for block in shown["blocks"]]


def test_other_content_that_slack_refuses_is_refused_at_once(wire: Wire) -> None:
    wire.script += [ok(channels=[{"id": "C0ALERTS", "name": "ai-alerts"}]), refused("invalid_blocks")]
    with pytest.raises(Refusal, match="invalid_blocks"):
        SlackChat(TOKEN, base_url=wire.url).show(card(), ALERTS, mark=MARK)
