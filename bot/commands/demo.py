"""`closeloop demo`: see it work, with alerts that could be real."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Annotated

import typer

from bot.commands.database import InSandbox, opened, sandbox_database
from bot.commands.say import URL, Failed, Url, out, tell


def demo(
    *,
    fast: Annotated[bool, typer.Option("--fast", help="No pauses between the alerts.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait up to a minute for the bot to answer.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Send to a real Slack workspace, too.")] = False,
    sandbox: InSandbox = False,
    url: Url = URL,
) -> None:
    """Send a believable day of alerts to the bot that runs on this machine.

    Each comes from a source of its own; the sources and their keys are made
    in the bot's database. Leave the cards alone for two minutes to watch the
    owner being nudged, their manager being told, and so on up to the channel.
    """
    _not_by_accident(yes=yes)
    if wait:
        _wait_for(url)
    keys = _keys(url, sandbox=sandbox)
    for line in _sent(url, keys, pace=0.0 if fast else 1.0):
        out(line)
    tell("That was the day. The sources and their keys stay: closeloop source list")


def _not_by_accident(*, yes: bool) -> None:
    """Real people are asked by a real workspace: only where somebody means it."""
    from bot.environment import environment

    env = environment()
    if env.slack_bot_token.get_secret_value() and not env.is_sandbox and not yes:
        raise Failed("this would ask real people in your Slack workspace; pass --yes if you mean it")


def _wait_for(url: str) -> None:
    import httpx2

    deadline = time.monotonic() + 60.0
    while True:
        try:
            if httpx2.get(f"{url.rstrip('/')}/healthz", timeout=2.0).is_success:
                return
        except httpx2.TransportError:
            pass  # not there yet: that is what is waited for
        if time.monotonic() >= deadline:
            raise Failed(f"no answer from {url} for a minute; is closeloop up running there?")
        time.sleep(0.2)


def _keys(url: str, *, sandbox: bool) -> dict[str, str]:
    """Keys that the bot at `url` takes, made in whichever database is its own."""
    from bot import demo as day
    from bot.environment import environment

    for choice in _databases(sandbox=sandbox):
        try:
            found = day.keys(opened(sandbox=choice), environment().data)
        except day.KeysTaken as error:
            raise Failed(str(error)) from None
        if _taken(url, list(found.values())[-1]):
            return found
    raise Failed(f"the bot at {url} runs on another database: set CLOSELOOP_DATABASE_URL to the one it uses")


def _databases(*, sandbox: bool) -> Iterator[bool]:
    """Whether to use the sandbox's database: first choice first. A sandbox that is there is tried before real data."""
    named = "CLOSELOOP_DATABASE_URL" in os.environ
    if sandbox or (not named and sandbox_database()):
        yield True
    if not sandbox:
        yield False


def _taken(url: str, key: str) -> bool:
    """Whether the bot knows a key made just now. It reads the keys anew once a second."""
    from bot.commands.http import Bot, Refused

    deadline = time.monotonic() + 3.0
    while True:
        try:
            Bot(url, key).get("/v1/alerts", limit=1)
        except Refused as error:
            if error.status != 401:
                raise
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.2)
        else:
            return True


def _sent(url: str, keys: dict[str, str], *, pace: float) -> Iterator[str]:
    from bot import demo as day
    from bot.commands.http import Bot

    bots = {source: Bot(url, key) for source, key in keys.items()}
    for sent in day.send(bots, wait=lambda seconds: time.sleep(seconds * pace)):
        what = "over" if sent.arrival.over else "again" if sent.duplicate else sent.arrival.body["severity"]
        yield f"{what:<9} {sent.arrival.source:<20} {sent.arrival.body['title']}"


def add_to(app: typer.Typer) -> None:
    app.command(epilog="Example: closeloop demo --fast")(demo)
