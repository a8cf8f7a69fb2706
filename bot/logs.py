"""Log lines: one sentence with fields, as text or JSON, on standard error; never a secret."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Literal

import structlog

# Tokens of Slack, source keys, bearer tokens and passwords in URLs: a net under the rule that none is ever logged.
_SECRET = re.compile(r"xox[a-z]-[\w-]+|xapp-[\w-]+|cl_\w+_\w+|(?<=[Bb]earer )\S+|(?<=://)[^\s/@:]*:[^\s/@]+(?=@)")

Line = MutableMapping[str, Any]


def configure(style: Literal["text", "json"]) -> None:
    """Send every line of this process, ours and the libraries', through one shape. Instants are UTC."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redacted,
    ]
    last = structlog.processors.JSONRenderer() if style == "json" else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    # Connectors log with the standard library: their fields, too, belong to the line.
    foreign = [structlog.stdlib.ExtraAdder(), *shared]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=foreign, processors=[_plainly, last]))
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    for chatty in ("rq", "alembic", "httpx2", "httpcore2", "slack_bolt", "slack_sdk"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def redacted(logger: Any, method: str, line: Line) -> Line:
    """Every text of a line with what looks like a secret taken out."""
    return {name: _SECRET.sub("[secret]", value) if isinstance(value, str) else value for name, value in line.items()}


def _plainly(logger: Any, method: str, line: Line) -> Line:
    return structlog.stdlib.ProcessorFormatter.remove_processors_meta(logger, method, dict(line))
