"""`closeloop teams package`: the app that a Teams administrator uploads."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.commands.say import Failed, tell

app = typer.Typer(help="Microsoft Teams.", no_args_is_help=True, epilog="Example: closeloop teams package loop.zip")


@app.callback()
def teams() -> None:
    """Microsoft Teams."""


@app.command(epilog="Example: closeloop teams package closeloop-teams.zip")
def package(
    to: Annotated[Path, typer.Argument(help="The file to write.")] = Path("closeloop-teams.zip"),
    *,
    name: Annotated[str, typer.Option(help="How the app is called in Teams.")] = "Closeloop",
    force: Annotated[bool, typer.Option("--force", help="Replace the file where it is there already.")] = False,
) -> None:
    """Write the app's package: its manifest and icons.

    The bot's id is MICROSOFT_CLIENT_ID. Upload it in the Teams admin centre
    under Manage apps, then add it to the team whose channels get cards.
    """
    from bot.environment import environment
    from connectors.chat.teams.package import Package, written

    env = environment()
    if not env.microsoft_client_id:
        raise Failed("MICROSOFT_CLIENT_ID is not set: the package names the bot by it")
    if to.exists() and not force:
        raise Failed(f"{to} is there already; choose another name, or pass --force")
    try:
        to.write_bytes(written(Package(app_id=env.microsoft_client_id, url=env.url, name=name)))
    except (OSError, ValueError) as error:
        raise Failed(f"{to} was not written: {error}") from None
    tell(f"{to}: upload it in the Teams admin centre under Manage apps.")
