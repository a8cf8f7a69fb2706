"""The stand-in workspace, served from a thread of the test's own process."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from story.workspace import Workspace

from sandbox.app import create_server
from sandbox.config import Limits, SandboxConfig
from sandbox.microsoft.config import MicrosoftConfig

TOKEN = "xoxb-canary-of-the-fault-tests"
SIGNING = "canary-signing-secret-of-the-fault-tests"
SECRET = "canary-client-secret-of-the-fault-tests"


@dataclass(frozen=True, kw_only=True)
class StandIn:
    """Where it is, and the workspace as tests use it."""

    url: str
    workspace: Workspace
    clock_file: Path

    def messages_by_delivery(self) -> dict[str, list[Any]]:
        """delivery key ▶ its messages that can be seen now, in every channel and thread."""
        return {key: found["visible"] for key, found in self.workspace.get("messages_by_delivery").items()}


def limits(haste: float) -> Limits:
    """Slack's own, as fast as machine seconds pass; forgiving by what two busy cores may delay a request."""
    return Limits(
        posts_per_second=haste,
        jitter=0.05 / haste,
        workspace_per_minute=int(600 * haste),
        tier_scale=haste,
    )


@contextmanager
def stand_in(folder: Path, *, bot_port: int, haste: float, http: httpx2.Client) -> Iterator[StandIn]:
    clock_file = folder / "clock.json"
    config = SandboxConfig(
        signing_secret=SIGNING,
        bot_token=TOKEN,
        bot_url=f"http://127.0.0.1:{bot_port}/slack/events",
        clock_file=clock_file,
        limits=limits(haste),
        microsoft=MicrosoftConfig(client_secret=SECRET),
        teams_bot_url=f"http://127.0.0.1:{bot_port}/teams/messages",
        teams_speed=haste,
    )
    server = create_server(config, port=0)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + 10
        while not server.started:
            assert time.monotonic() < deadline, "the stand-in never started"
            time.sleep(0.005)
        url = f"http://127.0.0.1:{port}"
        try:
            yield StandIn(url=url, workspace=Workspace(url, http), clock_file=clock_file)
        finally:
            server.should_exit = True
            thread.join(10)
            assert not thread.is_alive()
