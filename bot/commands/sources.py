"""Sources and their keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from bot.commands.database import InSandbox, opened
from bot.commands.say import AsJson, Failed, as_json, out, table, tell

if TYPE_CHECKING:
    from bot.ports import Store
    from bot.sources import Issued

Outcome = TypeVar("Outcome")

app = typer.Typer(
    help="AI systems that raise alerts, and their keys.",
    no_args_is_help=True,
    epilog="Example: closeloop source add ap-auditor",
)
Name = Annotated[str, typer.Argument(help="The source's name, as in closeloop.yaml: lower case, digits, . _ -")]


@app.command(epilog="Example: closeloop source add ap-auditor --json")
def add(
    name: Name,
    *,
    operator: Annotated[bool, typer.Option("--operator", help="A key that reads all alerts and raises none.")] = False,
    sandbox: InSandbox = False,
    json: AsJson = False,
) -> None:
    """Make a source and print its key. The key is shown this once; only a hash of it is kept."""
    from bot import sources

    kind = "operator" if operator else "source"
    _print(_tried(lambda store: sources.add(store, name, kind=kind), sandbox=sandbox), json=json)


@app.command(epilog="Example: closeloop source rotate ap-auditor")
def rotate(name: Name, *, sandbox: InSandbox = False, json: AsJson = False) -> None:
    """Print another key. The key before it goes on working; the one before that stops."""
    from bot import sources

    _print(_tried(lambda store: sources.rotate(store, name), sandbox=sandbox), json=json)


@app.command(epilog="Example: closeloop source revoke ap-auditor --key 3f9c0a71bd22")
def revoke(
    name: Name,
    *,
    key: Annotated[str, typer.Option(help="Only the key with this id; default: all of them.")] = "",
    sandbox: InSandbox = False,
    json: AsJson = False,
) -> None:
    """Stop keys from working. Without --key the source can raise nothing any more."""
    from bot import sources

    left = _tried(lambda store: sources.revoke(store, name, key_id=key or None), sandbox=sandbox)
    if json:
        as_json({"id": left.id, "name": left.name, "keys": [key_id for key_id, _ in left.keys]})
    tell(f"{left.name} has {len(left.keys)} live key{'' if len(left.keys) == 1 else 's'} now.")


@app.command("list", epilog="Example: closeloop source list --json")
def list_(*, sandbox: InSandbox = False, json: AsJson = False) -> None:
    """Every source with the ids of its live keys."""
    known = sorted(opened(sandbox=sandbox).sources(), key=lambda source: source.name)
    if json:
        rows = [{"id": s.id, "name": s.name, "kind": s.kind, "keys": [key for key, _ in s.keys]} for s in known]
        as_json(rows)
    elif known:
        table(("name", "kind", "live keys", "id"), ((s.name, s.kind, ", ".join(dict(s.keys)), s.id) for s in known))
    else:
        tell("There are no sources yet: closeloop source add NAME makes one.")


def _tried(do: Callable[[Store], Outcome], *, sandbox: bool) -> Outcome:
    """`do` with the store; what a person got wrong becomes one line."""
    from bot.sources import SourceExists, UnknownSource

    try:
        return do(opened(sandbox=sandbox))
    except (SourceExists, UnknownSource, ValueError) as error:
        raise Failed(str(error)) from None


def _print(issued: Issued, *, json: bool) -> None:
    source, key = issued.source, issued.key.full
    if json:
        as_json({"id": source.id, "name": source.name, "key": key})
        return
    tell(f"The key of {source.name}. It is shown this once, so keep it safe:")
    out(key)
