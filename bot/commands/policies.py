"""Policies: explained, tried on the past, compared with what is stored, and applied. Each command has its own file."""

from __future__ import annotations

import typer

from bot.commands import policy_apply, policy_check, policy_diff, simulate

app = typer.Typer(help="Who is asked, and when.", no_args_is_help=True, epilog="Example: closeloop policy check")
app.command(epilog="Example: closeloop policy check --alert alert.json --source ap-auditor")(policy_check.check)
simulate.add_to(app)
app.command(epilog="Example: closeloop policy diff --config new.yaml")(policy_diff.diff)
app.command(epilog="Example: closeloop policy apply --open --by elsa@acme.example")(policy_apply.apply)
