"""How is it? What waits, what is late, what an operator has to mend."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from bot.commands.say import AsJson, Failed, as_json, out, table, tell

Only = Annotated[list[str] | None, typer.Option("--only", help="Judge by this check alone; may be given many times.")]


def status(*, only: Only = None, json: AsJson = False) -> None:
    """Tell what waits and what is wrong, read from the database and the queue. Exits with 1 unless all is well.

    It says what /readyz says, without a web process, and names incidents with what to do about each.
    The Valkey of `closeloop up` is seen by that alone.
    """
    found = _document(only or [])
    as_json(found) if json else _print(found)
    tell(f"It is {found['status']}.")
    raise typer.Exit(0 if found["status"] == "ready" else 1)


def _document(only: list[str]) -> dict[str, Any]:
    from bot import health
    from bot.config.mistakes import did_you_mean
    from bot.parts import parts

    for name in only:
        if name not in health.NAMES:
            raise Failed(f"there is no check {name}; {did_you_mean(name, health.NAMES)}")
    return health.document(health.look(parts().senses), only=only)


def _print(found: dict[str, Any]) -> None:
    table(
        ("check", "", "what is wrong"),
        [(one["name"], "ok" if one["ok"] else "WRONG", one["detail"]) for one in found["checks"]],
    )
    for name in ("alerts", "deliveries"):
        out(f"\n{name}: {', '.join(f'{count} {state}' for state, count in found[name].items()) or 'none'}")
    waiting = sorted(found["oldest_waiting_seconds"].items(), key=lambda lane: -lane[1])
    if waiting:
        out("\nwaiting:")
        table(("lane", "seconds"), [(lane, f"{seconds:.0f}") for lane, seconds in waiting])
    for one in found["incidents"]:
        out(f"\n{one['kind']} {one['subject']}: {one['detail']}, since {one['since']}, {one['count']} times")
        out(f"  {one['to_do']}.")


def add_to(app: typer.Typer) -> None:
    app.command(epilog="Example: closeloop status --json")(status)
