"""`closeloop teams`: the app that an administrator uploads, and installing it for people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.say import AsJson, Failed, as_json, installed, table, tell

if TYPE_CHECKING:
    from bot.installing import Installed

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
    app_package = Package(app_id=env.microsoft_client_id, url=env.url, name=name, product=installed())
    try:
        to.write_bytes(written(app_package))
    except (OSError, ValueError) as error:
        raise Failed(f"{to} was not written: {error}") from None
    tell(f"{to}: upload it in the Teams admin centre under Manage apps.")


@app.command(epilog="Example: closeloop teams install --for ana@acme.example --for cleo@acme.example")
def install(
    *,
    whom: Annotated[list[str] | None, typer.Option("--for", help="Somebody's e-mail; may be repeated.")] = None,
    everybody: Annotated[
        bool, typer.Option("--everybody", help="Everybody whom closeloop.yaml names, and their managers.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Install the app for people, so that direct messages reach them.

    The app has to be in the organisation's catalogue, and Graph has to permit
    AppCatalog.Read.All and TeamsAppInstallation.ReadWriteSelfForUser.All.
    Who has it keeps it. Exits with 1 where somebody has none in the end.
    """
    if not (whom or everybody):
        raise Failed("for whom? --for ana@acme.example, or --everybody")
    found = _installed(whom or [], everybody=everybody)
    if json:
        from dataclasses import asdict

        as_json([asdict(one) for one in found])
    else:
        rows = [(one.person, one.state, one.error or one.conversation) for one in found]
        table(("PERSON", "APP", "CONVERSATION"), rows)
    counts = {state: sum(one.state == state for one in found) for state in ("installed", "there", "failed")}
    tell(f"{counts['installed']} installed, {counts['there']} had it, {counts['failed']} failed")
    raise typer.Exit(1 if counts["failed"] else 0)


def _installed(whom: list[str], *, everybody: bool) -> list[Installed]:
    """Raises Failed, Away, ConfigError."""
    from bot import installing, microsoft, teams
    from bot.parts import parts

    made = parts()
    if missing := made.env.microsoft_missing:
        raise Failed(f"{', '.join(missing)} not set: docs/microsoft.md tells how the app is registered")
    people = teams.ids([one.strip().lower() for one in whom], made.people)
    if everybody:
        people |= teams.everybody(made.config, made.people)
    tokens = microsoft.fresh(made.env)
    try:
        return list(installing.install(teams.installer(made.env, tokens), tokens.app, people=people, known=made.store))
    except installing.CannotInstall as error:
        raise Failed(str(error)) from None
