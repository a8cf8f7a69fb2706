"""Policies: explained, compared with what is stored, and applied. Each command has a file of its own."""

from __future__ import annotations

import typer

from bot.commands import policy_apply, policy_check, policy_diff

app = typer.Typer(help="Who is asked, and when.", no_args_is_help=True, epilog="Example: closeloop policy check")
app.command(epilog="Example: closeloop policy check --alert alert.json --source ap-auditor")(policy_check.check)
app.command(epilog="Example: closeloop policy diff --config new.yaml")(policy_diff.diff)
app.command(epilog="Example: closeloop policy apply --open --by elsa@acme.example")(policy_apply.apply)
