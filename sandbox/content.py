"""What a message is made of: text, blocks and metadata, held to Slack's limits wherever they come from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sandbox.args import Args
from sandbox.blocks import Findings, check_message, with_ids
from sandbox.config import SandboxConfig
from sandbox.errors import Json, SlackError
from sandbox.files import Files, unknown_pictures

TEXT_CUT = 40_000
UPDATE_TEXT = 4_000


@dataclass(frozen=True, kw_only=True)
class Content:
    """`blocks` None: not given (which differs from an empty list only for chat.update)."""

    text: str
    blocks: list[Json] | None
    broadcast: bool
    mentions: list[str]


def read_content(args: Args, config: SandboxConfig, files: Files) -> Content:
    """Raises SlackError no_text, invalid_blocks_format, invalid_blocks, msg_blocks_too_long."""
    text = (args.text("text") or "")[:TEXT_CUT]
    blocks = args.structure("blocks", malformed="invalid_blocks_format")
    if blocks is not None and not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    if "attachments" in args:
        raise SlackError("invalid_attachments")  # nothing of ours sends them, so the stand-in knows none
    if not text and not blocks:
        raise SlackError("no_text")
    findings = check_message(blocks or [], text=text)
    refuse(findings, config.message_text_cap)
    refuse_pictures(files, blocks)
    parsed = args.flag("link_names") or args.text("parse") == "full"
    return Content(
        text=text,
        blocks=None if blocks is None else with_ids(blocks),
        broadcast=findings.broadcast or (parsed and "@" in text),
        mentions=findings.mentions,
    )


def refuse(findings: Findings, cap: int) -> None:
    if findings.errors:
        raise SlackError(
            "invalid_blocks",
            errors=[e.removeprefix("[ERROR] ") for e in findings.errors],
            response_metadata={"messages": findings.errors},
        )
    if findings.text_length > cap:
        raise SlackError("msg_blocks_too_long")


def refuse_pictures(files: Files, blocks: list[Json] | None) -> None:
    """Raises SlackError invalid_blocks for a picture that nobody uploaded."""
    unknown = unknown_pictures(files, blocks, "/blocks")
    if unknown:
        raise SlackError("invalid_blocks", errors=unknown, response_metadata={"messages": unknown})


def read_metadata(args: Args, config: SandboxConfig) -> Json | None:
    """None: not given; `{}`: given empty. Raises SlackError invalid_metadata_format, metadata_too_large."""
    metadata: Any = args.structure("metadata", malformed="invalid_metadata_format")
    if metadata is None or metadata == {}:
        return metadata  # type: ignore[no-any-return]
    if not isinstance(metadata, dict) or metadata.keys() - {"event_type", "event_payload", "entities"}:
        raise SlackError("invalid_metadata_format")
    kind, payload = metadata.get("event_type"), metadata.get("event_payload")
    if not isinstance(kind, str) or not kind or not isinstance(payload, dict):
        raise SlackError("invalid_metadata_format")
    if len(json.dumps(metadata)) > config.metadata_max_bytes:
        raise SlackError("metadata_too_large")
    return metadata
