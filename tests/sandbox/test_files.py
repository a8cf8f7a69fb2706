"""Files: promised, uploaded, shared where Slack would share them, and seen by whoever may."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackRequestError

Json = dict[str, Any]


def png(width: int = 4, height: int = 3) -> bytes:
    """A whole picture, all white."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = (b"\x00" + b"\xff" * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


PNG = png()


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(SlackApiError) as error:
        call(**arguments)
    return str(error.value.response["error"])


def uploaded(box: Any, slack: WebClient, content: bytes = PNG, name: str = "chart.png") -> str:
    """A file whose bytes are there and which nobody has shared yet."""
    promised = slack.files_getUploadURLExternal(filename=name, length=len(content))
    assert box.http.post(promised["upload_url"], content=content).text == f"OK - {len(content)}"
    return str(promised["file_id"])


def image(**more: Any) -> Json:
    return {"type": "image", "alt_text": "Ages of open alerts", **more}


def seen(box: Any, file_id: str, who: str) -> Any:
    return box.http.get(f"{box.url}/sandbox/api/files/{file_id}", params={"as": who})


def test_the_client_of_slack_uploads_and_shares_a_picture(box: Any, slack: WebClient) -> None:
    answer = slack.files_upload_v2(
        channel="C0ALERTS", filename="chart.png", content=PNG, title="This week", alt_txt="Two bars",
        initial_comment="Here is <@U0ANA>'s week",
    )  # fmt: skip
    (shown,) = box.messages()
    assert (shown["text"], shown["user"]) == ("Here is <@U0ANA>'s week", "U0LOOP")
    (file,) = shown["files"]
    assert (file["title"], file["alt_txt"], file["is_picture"]) == ("This week", "Two bars", True)
    assert (file["original_w"], file["original_h"]) == (4, 3)
    assert answer["files"][0]["id"] == file["id"]
    assert answer["files"][0]["shares"] == {}, "the shares are made behind the answer"
    got = seen(box, file["id"], "U0BEN")
    assert (got.content, got.headers["content-type"]) == (PNG, "image/png")
    assert [f["id"] for f in box.get("files", **{"as": "U0BEN"})["files"]] == [file["id"]]


def test_info_tells_where_a_file_was_shared_and_the_bot_reads_it_back(box: Any, slack: WebClient) -> None:
    root = slack.chat_postMessage(channel="C0PAY", text="root")["ts"]
    slack.files_completeUploadExternal(
        files=[{"id": (file_id := uploaded(box, slack)), "title": "Chart"}], channel_id="C0PAY", thread_ts=root
    )
    info = slack.files_info(file=file_id)["file"]
    assert (info["title"], info["mimetype"], info["size"], info["groups"]) == (
        "Chart",
        "image/png",
        len(PNG),
        ["C0PAY"],
    )
    (share,) = info["shares"]["private"]["C0PAY"]
    (reply,) = slack.conversations_replies(channel="C0PAY", ts=root)["messages"][1:]
    assert (reply["ts"], reply["files"][0]["id"], reply["thread_ts"]) == (share["ts"], file_id, root)
    bearer = {"authorization": "Bearer xoxb-sandbox"}
    assert box.http.get(info["url_private"], headers=bearer).content == PNG
    assert box.http.get(info["url_private"]).status_code == 403


def test_a_multipart_body_is_an_upload_too(box: Any, slack: WebClient) -> None:
    promised = slack.files_getUploadURLExternal(filename="a.csv", length=3)
    assert box.http.post(promised["upload_url"], files={"filename": ("a.csv", b"a,b")}).status_code == 200
    slack.files_completeUploadExternal(files=[{"id": promised["file_id"]}], channel_id="DU0ANA")
    got = seen(box, promised["file_id"], "U0ANA")
    assert (got.content, got.headers["content-disposition"]) == (b"a,b", "attachment")


@pytest.mark.parametrize(
    ("where", "who"),
    [
        ({"channel_id": "C0PAY"}, "U0DOV"),
        ({"channel_id": "DU0ANA"}, "U0BEN"),
        ({"channels": ["U0ANA"]}, "U0BEN"),
        ({}, "U0ANA"),
    ],
)
def test_only_who_sees_the_place_sees_the_file(box: Any, slack: WebClient, where: Json, who: str) -> None:
    file_id = uploaded(box, slack)
    slack.files_completeUploadExternal(files=[{"id": file_id}], **where)
    assert seen(box, file_id, who).status_code == 404
    assert box.get("files", **{"as": who})["files"] == []
    if where:
        assert seen(box, file_id, "U0ANA").status_code == 200


@pytest.mark.parametrize(
    ("where", "error"),
    [
        ({"channel_id": "C0NOWHERE"}, "channel_not_found"),
        ({"channel_id": "C0GEN"}, "not_in_channel"),
        ({"channel_id": "C0OLD"}, "is_archived"),
        ({"channel_id": "U0ANA"}, "invalid_arguments"),
        ({"channel_id": "#ai-alerts"}, "invalid_arguments"),
        ({"channels": ["C0ALERTS", "U0NOBODY"]}, "channel_not_found"),
        ({"channel_id": "C0ALERTS", "thread_ts": "1.000001"}, "thread_not_found"),
        ({"channels": ["C0ALERTS", "U0ANA"], "thread_ts": "1.000001"}, "invalid_arguments"),
    ],
)
def test_a_share_that_slack_would_refuse_leaves_the_file_as_it_was(
    box: Any, slack: WebClient, where: Json, error: str
) -> None:
    files: Any = [{"id": uploaded(box, slack)}]
    assert refused(slack.files_completeUploadExternal, files=files, **where) == error
    assert box.messages() == []
    slack.files_completeUploadExternal(files=files, channel_id="C0ALERTS")
    assert refused(slack.files_completeUploadExternal, files=files, channel_id="C0ALERTS") == "file_not_found"


def test_a_file_without_its_bytes_is_not_found(box: Any, slack: WebClient) -> None:
    promised = slack.files_getUploadURLExternal(filename="a.png", length=5)
    assert box.http.post(promised["upload_url"], content=b"four").status_code == 400
    assert box.http.post(f"{box.url}/upload/v1/guessed", content=b"x").status_code == 400
    for file_id in (promised["file_id"], "F0NOBODY"):
        assert refused(slack.files_completeUploadExternal, files=[{"id": file_id}]) == "file_not_found"
        assert refused(slack.files_info, file=file_id) == "file_not_found"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"filename": "a.png", "length": 0}, "missing_argument"),
        ({"filename": "a.png", "length": -1}, "invalid_arguments"),
        ({"filename": "", "length": 1}, "invalid_arguments"),
        ({"filename": "a.png", "length": 1, "alt_txt": "x" * 1001}, "alt_txt_too_large"),
        ({"filename": "a.py", "length": 1_000_001, "snippet_type": "python"}, "snippet_too_large"),
        ({"filename": "a.png", "length": 10**9}, "file_upload_size_restricted"),
    ],
)
def test_a_promise_that_slack_would_not_make(slack: WebClient, arguments: Json, error: str) -> None:
    assert refused(slack.files_getUploadURLExternal, **arguments) == error


def test_each_step_needs_its_scope(start: Any) -> None:
    slack = start(scopes=frozenset({"chat:write"})).client()
    assert refused(slack.files_getUploadURLExternal, filename="a", length=1) == "missing_scope"
    assert refused(slack.files_completeUploadExternal, files=[]) == "missing_scope"
    assert refused(slack.files_info, file="F1") == "missing_scope"


def test_a_share_counts_as_a_message_of_its_channel(start: Any) -> None:
    from sandbox.config import Limits

    box = start(limits=Limits())
    slack = box.client()
    files: Any = [{"id": uploaded(box, slack)}]
    slack.chat_postMessage(channel="C0ALERTS", text="x")
    assert refused(slack.files_completeUploadExternal, files=files, channel_id="C0ALERTS") == "ratelimited"
    slack.files_completeUploadExternal(files=files, channel_id="C0PAY")


def test_the_upload_itself_can_break(box: Any, slack: WebClient) -> None:
    box.post("faults", method="upload_url", fault="http_500_before", times=1)
    with pytest.raises((SlackRequestError, OSError)):
        slack.files_upload_v2(channel="C0ALERTS", filename="a.png", content=PNG)
    assert [c["status"] for c in box.calls("upload_url")] == [500]
    assert box.messages() == []


# -- pictures in blocks


def test_a_block_shows_an_uploaded_picture_by_id_or_url(box: Any, slack: WebClient) -> None:
    file_id = uploaded(box, slack)
    slack.files_completeUploadExternal(files=[{"id": file_id}])
    url = slack.files_info(file=file_id)["file"]["url_private"]
    assert seen(box, file_id, "U0BEN").status_code == 404
    for picture in ({"id": file_id}, {"url": url}):
        slack.chat_postMessage(channel="C0ALERTS", text="x", blocks=[image(slack_file=picture)])
    slack.views_publish(user_id="U0ANA", view={"type": "home", "blocks": [image(slack_file={"id": file_id})]})
    assert seen(box, file_id, "U0BEN").content == PNG


def test_a_picture_that_nobody_uploaded_is_refused_with_a_pointer(box: Any, slack: WebClient) -> None:
    text = uploaded(box, slack, b"a,b", "a.csv")
    slack.files_completeUploadExternal(files=[{"id": text}])
    for picture in ({"id": "F0NOBODY"}, {"id": text}, {"url": "https://x.example/a.png"}, {"id": uploaded(box, slack)}):
        block = image(slack_file=picture)
        accessory = {"type": "section", "text": {"type": "plain_text", "text": "x"}, "accessory": block}
        with pytest.raises(SlackApiError) as error:
            slack.chat_postMessage(channel="C0ALERTS", text="x", blocks=[accessory])
        assert error.value.response["errors"] == [
            "[ERROR] invalid slack file [json-pointer:/blocks/0/accessory/slack_file]"
        ]
        view = {"type": "home", "blocks": [block]}
        assert refused(slack.views_publish, user_id="U0ANA", view=view) == "invalid_arguments"


@pytest.mark.parametrize("picture", [{}, {"id": "F1", "url": "https://x.example/a.png"}, {"id": "F1", "name": "a"}])
def test_a_slack_file_is_named_by_its_id_or_its_url(slack: WebClient, picture: Json) -> None:
    assert refused(slack.blocks_validate, blocks=[image(slack_file=picture)]) == "invalid_blocks"


def test_files_and_where_they_are_shown_outlive_a_restart(start: Any, tmp_path: Path) -> None:
    journal = tmp_path / "workspace.jsonl"
    box = start(data_file=journal)
    slack = box.client()
    shared, placed = uploaded(box, slack), uploaded(box, slack)
    slack.files_completeUploadExternal(files=[{"id": shared, "title": "Chart"}], channel_id="C0PAY")
    slack.files_completeUploadExternal(files=[{"id": placed}])
    slack.chat_postMessage(channel="C0ALERTS", text="x", blocks=[image(slack_file={"id": placed})])
    again = start(data_file=journal)
    assert [f["title"] for f in again.messages("C0PAY")[0]["files"]] == ["Chart"]
    assert (seen(again, shared, "U0BEN").content, seen(again, placed, "U0DOV").content) == (PNG, PNG)
    assert seen(again, shared, "U0DOV").status_code == 404


def test_a_deleted_share_is_seen_by_nobody(box: Any, slack: WebClient) -> None:
    file_id = uploaded(box, slack)
    slack.files_completeUploadExternal(files=[{"id": file_id}], channel_id="C0ALERTS")
    slack.chat_delete(channel="C0ALERTS", ts=box.messages()[0]["ts"])
    assert seen(box, file_id, "U0ANA").status_code == 404


def test_a_channel_that_is_no_text_is_refused(box: Any) -> None:
    headers = {"authorization": "Bearer xoxb-sandbox"}
    for method in ("chat.postMessage", "files.completeUploadExternal"):
        answer = box.http.post(f"{box.url}/api/{method}", json={"channel": ["C0ALERTS"], "files": []}, headers=headers)
        assert answer.json()["error"] == "invalid_arguments"
