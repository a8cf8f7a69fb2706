"""files.*: an upload in three steps. A promise, the bytes (sandbox/upload.py), and the sharing."""

from __future__ import annotations

import re

from sandbox.blocks import check_message, with_ids
from sandbox.call import Call
from sandbox.channels import Channel
from sandbox.config import BOT_USER
from sandbox.content import refuse, refuse_pictures
from sandbox.errors import Json, SlackError, invalid_arguments
from sandbox.files import File, as_slack_file, new_id
from sandbox.messages import Message

MOST_BYTES = 100_000_000  # a stand-in's own; Slack takes 1 GB
SNIPPET_BYTES = 1_000_000
ALT_TEXT = 1_000
CHANNEL_ID = re.compile(r"[CGDZ][A-Z0-9_]{2,}")  # a person's id is none here, unlike in chat.postMessage


def get_upload_url(call: Call) -> Json:
    """Raises SlackError missing_argument, alt_txt_too_large, snippet_too_large, file_upload_size_restricted."""
    length, alt_txt = _length(call), call.args.text("alt_txt") or ""
    if len(alt_txt) > ALT_TEXT:
        raise SlackError("alt_txt_too_large")
    if "snippet_type" in call.args and length > SNIPPET_BYTES:
        raise SlackError("snippet_too_large")
    if length > MOST_BYTES:
        raise SlackError("file_upload_size_restricted")
    name = call.args.required("filename").replace("/", "_")
    file = File(
        id=new_id(),
        name=name,
        title=name,
        length=length,
        base_url=call.base_url,
        alt_txt=alt_txt,
        created=int(call.ws.clock.now()),
    )
    return {"upload_url": f"{call.base_url}/upload/v1/{call.ws.files.promise(file)}", "file_id": file.id}


def _length(call: Call) -> int:
    given = call.args.required("length")
    if not given.isdigit():
        raise invalid_arguments("must provide an integer [json-pointer:/length]")
    if int(given) == 0:
        raise SlackError("missing_argument")
    return int(given)


def complete_upload(call: Call) -> Json:
    """Shares what was uploaded as one message a channel; without a channel it stays private.

    Raises SlackError file_not_found for a file that is unknown, without bytes or completed before,
    channel_not_found, not_in_channel, is_archived, user_disabled, thread_not_found, invalid_blocks; RateLimited.
    """
    wanted, channels = _wanted(call), _channels(call)
    thread_ts = _root(call, channels)
    message = _said(call)
    for channel in channels:
        call.ws.throttle.post(channel.id)
    for file, title in wanted:
        file.title, file.complete = title or file.title, True
        call.ws.save_file(file)
    for channel in channels:
        _share(call, channel, [file for file, _ in wanted], {**message, "thread_ts": thread_ts})
    return {"files": [_shape(call, file, with_shares=False) for file, _ in wanted]}


def _wanted(call: Call) -> list[tuple[File, str]]:
    """(file, title). A file completed before is not found: Slack documents no other answer for a used ticket."""
    given = call.args.structure("files", malformed="invalid_arguments")
    if not isinstance(given, list) or not given:
        raise invalid_arguments("missing required field: files")
    found: list[tuple[File, str]] = []
    for index, one in enumerate(given):
        if not isinstance(one, dict) or not isinstance(one.get("id"), str):
            raise invalid_arguments(f"missing required field: id [json-pointer:/files/{index}]")
        unknown = one.keys() - {"id", "title", "highlight_type"}
        if unknown or not isinstance(one.get("title", ""), str):
            raise invalid_arguments(f"invalid additional property: {unknown} [json-pointer:/files/{index}]")
        file = call.ws.files.waiting(one["id"])
        if file is None:
            raise SlackError("file_not_found")
        found.append((file, one.get("title", "")))
    return found


def _channels(call: Call) -> list[Channel]:
    """`channel_id` takes the id of a channel or direct message only, `channels` people's ids too."""
    one, many = call.args.text("channel_id"), call.args.text("channels")
    if one is not None and not CHANNEL_ID.fullmatch(one):
        pattern = "^[CGDZ][A-Z0-9]{8,}$"
        raise invalid_arguments(f"input must match regex pattern: {pattern} [json-pointer:/channel_id]")
    wanted = [one] if one is not None else [name.strip() for name in (many or "").split(",") if name.strip()]
    return [call.place(call.ws.channels.get(f"D{name}" if name[0] in "UW" else name)) for name in wanted]


def _root(call: Call, channels: list[Channel]) -> str | None:
    wanted = call.args.text("thread_ts")
    if wanted is None:
        return None
    if len(channels) != 1:
        raise invalid_arguments("thread_ts needs exactly one channel")
    root = call.ws.rooms[channels[0].id].find(wanted)
    call.line.thread_ts = wanted
    if root is None or root.is_reply:
        raise SlackError("thread_not_found")
    return wanted


def _said(call: Call) -> Json:
    """The message around the files. Blocks are ignored where there is a comment."""
    text = call.args.text("initial_comment") or ""
    blocks = None if text else call.args.structure("blocks", malformed="invalid_blocks_format")
    if blocks is not None and not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    findings = check_message(blocks or [], text=text)
    refuse(findings, call.ws.config.message_text_cap)
    refuse_pictures(call.ws.files, blocks)
    call.line.broadcast, call.line.mentions = findings.broadcast, findings.mentions
    return {"text": text, "blocks": with_ids(blocks or []), "mentions": findings.mentions}


def _share(call: Call, channel: Channel, files: list[File], said: Json) -> None:
    message = Message(
        ts=call.ws.stamps.next(), channel=channel.id, user=BOT_USER, files=[file.id for file in files], **said
    )
    for file in files:
        call.ws.share(file, message)
    call.line.ts = call.ws.add(message).ts


def _shape(call: Call, file: File, *, with_shares: bool = True) -> Json:
    return as_slack_file(call.ws.files, file, call.ws.channels, with_shares=with_shares)


def info(call: Call) -> Json:
    file = call.ws.files.find(call.args.required("file"))
    if file is None:
        raise SlackError("file_not_found")
    return {"file": _shape(call, file), "comments": [], "response_metadata": {"next_cursor": ""}}
