"""Uploaded files: promised, filled with bytes, shared, and what Slack tells of them."""

from __future__ import annotations

import base64
import mimetypes
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from sandbox.channels import Channel
from sandbox.config import BOT_USER, TEAM_ID
from sandbox.errors import Json

PICTURES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}
PRETTY = {"image/png": "PNG", "image/jpeg": "JPEG", "image/gif": "GIF", "text/csv": "CSV", "application/pdf": "PDF"}


@dataclass(kw_only=True, eq=False)
class File:
    """`shares`: channel ▶ the messages it was shared in. `placed`: a block shows it, wherever that block stands."""

    id: str
    name: str
    length: int
    base_url: str
    title: str = ""
    alt_txt: str = ""
    created: int = 0
    complete: bool = False
    placed: bool = False
    shares: dict[str, list[str]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where the app reads it back, with its token."""
        return f"{self.base_url}/files-pri/{TEAM_ID}-{self.id}/{self.name}"

    @property
    def permalink(self) -> str:
        return f"{self.base_url}/files/{BOT_USER}/{self.id}/{self.name}"


class Files:
    def __init__(self) -> None:
        self._by_id: dict[str, File] = {}
        self._tickets: dict[str, File] = {}
        self._content: dict[str, bytes] = {}

    def promise(self, file: File) -> str:
        """The ticket its bytes are uploaded with."""
        ticket = secrets.token_urlsafe(24)
        self._by_id[file.id] = self._tickets[ticket] = file
        return ticket

    def promised(self, ticket: str) -> File | None:
        return self._tickets.get(ticket)

    def fill(self, ticket: str, content: bytes) -> File:
        """A ticket takes bytes once."""
        file = self._tickets.pop(ticket)
        self._content[file.id] = content
        return file

    def content(self, file: File) -> bytes | None:
        """None until it was uploaded."""
        return self._content.get(file.id)

    def find(self, file_id: str | None) -> File | None:
        """One whose upload was completed."""
        file = self._by_id.get(file_id or "")
        return file if file is not None and file.complete else None

    def waiting(self, file_id: str) -> File | None:
        """One that is uploaded and not completed yet."""
        file = self._by_id.get(file_id)
        return file if file is not None and file_id in self._content and not file.complete else None

    def named(self, reference: Any) -> File | None:
        """What a block's `slack_file` means: `{id}` or `{url}`, the private one or the permalink."""
        if not isinstance(reference, dict):
            return None
        url = reference.get("url")
        by_url = next((f for f in self._by_id.values() if f.complete and url in {f.url, f.permalink}), None)
        return self.find(reference.get("id")) or by_url

    def shared(self) -> Iterator[File]:
        return (file for file in self._by_id.values() if file.shares)

    def mimetype(self, file: File) -> str:
        """Of a picture by what it is, of anything else by its name."""
        content = self._content.get(file.id, b"")
        found = next((kind for start, kind in PICTURES.items() if content.startswith(start)), None)
        return found or _by_name(file.name)

    def is_picture(self, file: File) -> bool:
        return self.mimetype(file) in PICTURES.values()

    def size_of(self, file: File) -> Json:
        """Width and height, as far as the stand-in reads them: of a PNG."""
        content = self._content.get(file.id, b"")
        if self.mimetype(file) != "image/png" or len(content) < 24:
            return {}
        return {
            "original_w": int.from_bytes(content[16:20], "big"),
            "original_h": int.from_bytes(content[20:24], "big"),
        }

    # -- the journal

    def record(self, file: File) -> Json:
        return asdict(file)

    def record_content(self, file: File) -> Json:
        return {"id": file.id, "content": base64.b64encode(self._content[file.id]).decode()}

    def restore(self, record: Json) -> None:
        self._by_id[record["id"]] = File(**record)

    def restore_content(self, record: Json) -> None:
        self._content[record["id"]] = base64.b64decode(record["content"])


def _by_name(name: str) -> str:
    guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return "application/octet-stream" if guessed.startswith("image/") else guessed


def new_id() -> str:
    return f"F0{secrets.token_hex(5).upper()}"


def as_slack_file(files: Files, file: File, channels: dict[str, Channel], *, with_shares: bool = True) -> Json:
    """Slack's shape. Right after an upload it says nothing of the shares yet: they are made behind the answer."""
    mimetype = files.mimetype(file)
    shape: Json = {
        "id": file.id,
        "created": file.created,
        "timestamp": file.created,
        "name": file.name,
        "title": file.title,
        "mimetype": mimetype,
        "filetype": file.name.rpartition(".")[2].lower() if "." in file.name else "binary",
        "pretty_type": PRETTY.get(mimetype, "Binary"),
        "user": BOT_USER,
        "user_team": TEAM_ID,
        "editable": False,
        "size": file.length,
        "mode": "hosted",
        "is_external": False,
        "external_type": "",
        "is_public": False,
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "url_private": file.url,
        "url_private_download": f"{file.url}?download=1",
        "media_display_type": "unknown",
        "permalink": file.permalink,
        "comments_count": 0,
        "has_rich_preview": False,
        "file_access": "visible",
        "channels": [],
        "groups": [],
        "ims": [],
        "shares": {},
        **files.size_of(file),
    }
    if file.alt_txt:
        shape["alt_txt"] = file.alt_txt
    return shape | (_shares(file, channels) if with_shares else {})


def _shares(file: File, channels: dict[str, Channel]) -> Json:
    known = [(channels[c], stamps) for c, stamps in file.shares.items() if c in channels]
    by_kind = {kind: [c.id for c, _ in known if c.kind == kind] for kind in ("channel", "private", "im")}
    said: Json = {}
    for channel, stamps in known:
        where = said.setdefault("public" if channel.kind == "channel" else "private", {})
        where[channel.id] = [{"ts": ts, "channel_name": channel.name, "team_id": TEAM_ID} for ts in stamps]
    return {
        "is_public": bool(by_kind["channel"]),
        "channels": by_kind["channel"],
        "groups": by_kind["private"],
        "ims": by_kind["im"],
        "shares": said,
    }


def as_page_file(files: Files, file: File) -> Json:
    return {
        "id": file.id,
        "name": file.name,
        "title": file.title,
        "alt_txt": file.alt_txt,
        "size": file.length,
        "mimetype": files.mimetype(file),
        "is_picture": files.is_picture(file),
        "shares": file.shares,
        **files.size_of(file),
    }


def unknown_pictures(files: Files, node: Any, path: str) -> list[str]:
    """A complaint for every `slack_file` that is no picture of this workspace; the others are noted as shown."""
    if isinstance(node, list):
        return [wrong for n, one in enumerate(node) for wrong in unknown_pictures(files, one, f"{path}/{n}")]
    if not isinstance(node, dict):
        return []
    wrong = [w for key, inner in node.items() for w in unknown_pictures(files, inner, f"{path}/{key}")]
    if "slack_file" in node:
        file = files.named(node["slack_file"])
        if file is None or not files.is_picture(file):
            return [*wrong, f"[ERROR] invalid slack file [json-pointer:{path}/slack_file]"]
        file.placed = True
    return wrong
