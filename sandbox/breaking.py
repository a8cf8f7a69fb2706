"""Every call on its way through the faults that are on order: broken before it takes effect, after it, or only slow."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from sandbox.faults import AFTER, BEFORE, SLOW, Fault
from sandbox.log import Call as LogLine
from sandbox.wire import Cut
from sandbox.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One call: `run` carries it out, notes in `line` what became of it and gives the answer."""

    ws: Workspace
    line: LogLine
    channels: set[str]
    """what a fault's `channel` is held against"""
    run: Callable[[], Response]


async def answer(asked: Asked) -> Response:
    started = time.perf_counter()
    response = _through(asked)
    slow = asked.ws.faults.take(asked.line.method, asked.channels, SLOW)
    if slow is not None:
        asked.line.fault = asked.line.fault or slow.fault
        await asyncio.sleep(slow.seconds or 0.0)
    asked.line.ms = (time.perf_counter() - started) * 1000
    return response


def _through(asked: Asked) -> Response:
    line, faults = asked.line, asked.ws.faults
    before = faults.take(line.method, asked.channels, BEFORE)
    if before is not None:
        return _broken_before(asked, before)
    response = asked.run()
    if line.ok:
        after = faults.take(line.method, asked.channels, AFTER)
        if after is not None:
            return _broken_after(line, after)
    return response


def _broken_before(asked: Asked, fault: Fault) -> Response:
    line = asked.line
    line.fault = line.error = fault.fault
    if fault.fault == "rate_limited":
        return limited(asked.ws, line, max(1, int(fault.seconds or 1)))
    if fault.fault == "down":
        return _down(line, fault.how)
    if fault.fault == "http_500_before":
        return _unavailable(line, 500)
    line.status = None
    if fault.fault == "late":
        asked.ws.later(_commit_late(asked, fault.seconds or 5.0))
    return Cut()


def _down(line: LogLine, how: str) -> Response:
    if how == "503":
        return _unavailable(line, 503)
    if how == "html":
        return HTMLResponse("<html><body><h1>Slack is down for maintenance</h1></body></html>")
    line.status = None
    return Cut()


def _unavailable(line: LogLine, status: int) -> Response:
    line.status = status
    return PlainTextResponse("upstream connect error", status_code=status)


async def _commit_late(asked: Asked, seconds: float) -> None:
    """What was taken in is past its limits: nothing that was said meanwhile keeps it back."""
    await asyncio.sleep(seconds)
    with asked.ws.throttle.lifted(), asked.ws.teams.rooms.lifted():
        asked.run()
    asked.line.status = None
    asked.line.late = seconds if asked.line.ok else None


def _broken_after(line: LogLine, fault: Fault) -> Response:
    line.fault = fault.fault
    if fault.fault in {"drop_after", "hang_after"}:
        line.status = None
        return Cut((fault.seconds or 60.0) if fault.fault == "hang_after" else 0.0)
    if fault.fault == "internal_error_after":
        return JSONResponse({"ok": False, "error": "internal_error"})
    if fault.fault == "html_after":
        return HTMLResponse("<html><body><h1>Server Error</h1></body></html>")
    return _unavailable(line, 500)


def limited(ws: Workspace, line: LogLine, retry_after: int) -> Response:
    """HTTP 429, noted; seconds."""
    line.error, line.status, line.retry_after = "ratelimited", 429, retry_after
    ws.log.limited += 1
    headers = {"Retry-After": str(retry_after)}
    return JSONResponse({"ok": False, "error": "ratelimited"}, status_code=429, headers=headers)
