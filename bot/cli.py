"""The command line: `closeloop`. Each command is in bot/commands; what they share is here."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from bot.commands import alerts, check, demo, policies, run, sources, status, teams
from bot.commands.say import Failed, fail, installed, out


class Commands(TyperGroup):
    """Turns what can go wrong anywhere into one line and a non-zero exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        # Evaluated only once something went wrong: what it imports would make every --help slower.
        except _known() as error:
            fail(_said(error))
        except KeyboardInterrupt:
            raise typer.Exit(130) from None


def _known() -> tuple[type[Exception], ...]:
    from bot.config.mistakes import ConfigError
    from bot.ports import Away

    return (ConfigError, Away, Failed)


def _said(error: Exception) -> str:
    from bot.config.mistakes import ConfigError, without_passwords
    from bot.ports import Away

    if isinstance(error, Away):
        return f"the database cannot be reached: {without_passwords(str(error))}"
    many = isinstance(error, ConfigError) and len(error.mistakes) > 1
    return f"mistakes in the configuration:\n{error}" if many else str(error)


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog="Example: closeloop up --sandbox",
)


def _version(wanted: bool) -> None:
    if wanted:
        out(f"closeloop {installed() or '(run from its folder, not installed)'}")
        raise typer.Exit


@app.callback()
def closeloop(
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """The accountability layer for AI alerts: one named owner, chased until the loop is closed."""


run.add_to(app)
check.add_to(app)
status.add_to(app)
app.add_typer(sources.app, name="source")
app.add_typer(alerts.app, name="alert")
app.add_typer(policies.app, name="policy")
app.add_typer(teams.app, name="teams")
demo.add_to(app)


def main() -> None:
    app(prog_name="closeloop")


if __name__ == "__main__":
    main()
