"""Is everything in order? And the tables of the database."""

from __future__ import annotations

from dataclasses import asdict

import typer

from bot.commands.say import AsJson, as_json, out, tell

db = typer.Typer(help="The database.", no_args_is_help=True, epilog="Example: closeloop db upgrade")


def check(*, json: AsJson = False) -> None:
    """Look at the environment, closeloop.yaml, the database, Redis, Slack and Microsoft; say what to do about problems.

    Exits with 1 where something keeps the product from its work; warnings alone exit with 0.
    """
    from bot import main

    found = main.checks()
    if json:
        as_json([asdict(problem) for problem in found])
    else:
        for problem in found:
            out(f"{problem.level.upper():7} {problem.id}  {problem.what}\n               {problem.to_do}")
    errors = sum(problem.level == "error" for problem in found)
    tell(f"{errors} errors, {len(found) - errors} warnings" if found else "Everything is in order.")
    raise typer.Exit(1 if errors else 0)


@db.command(epilog="Example: closeloop db upgrade")
def upgrade() -> None:
    """Bring the database's tables to this version. Safe to run again; every process does it as it starts."""
    from bot import parts

    parts.open_store()  # brings the tables up to date before it opens anything
    tell("The database is at this version.")


def add_to(app: typer.Typer) -> None:
    app.command(epilog="Example: closeloop check --json")(check)
    app.add_typer(db, name="db")
