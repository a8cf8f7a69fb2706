"""How the command line talks: data on stdout, everything else as one line on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from bot.core.text import Text

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]

URL = "http://127.0.0.1:8080"
Url = Annotated[str, typer.Option(envvar="CLOSELOOP_URL", help="Where the bot runs.")]
Key = Annotated[str, typer.Option(envvar="CLOSELOOP_KEY", show_default=False, help="A source's or operator's key.")]


class Failed(Exception):
    """A command that could not do its work; `str` is what is said."""


def fail(text: str, *, code: int = 1) -> NoReturn:
    """Say why, and end with an exit code."""
    tell(f"closeloop: {text}")
    raise typer.Exit(code)


def tell(text: str) -> None:
    """A line for the person at the terminal, out of the way of data."""
    print(text, file=sys.stderr)  # noqa: T201  this is where the command line speaks


def out(text: str) -> None:
    """A line of data."""
    print(text)  # noqa: T201  this is where the command line answers


def as_json(data: Any) -> None:
    out(json.dumps(data, indent=2, ensure_ascii=False))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Rows under their columns, as wide as they need where nobody watches. What a source wrote is never markup."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in rows:
        shown.add_row(*(Text(cell) for cell in row))
    console = Console()
    console.print(shown) if console.is_terminal else Console(width=1000).print(shown)


def plain(text: Text) -> str:
    """A sentence of the product, for a terminal: people by their id, instants as UTC."""
    from bot.core.text import Link, When, Who

    shown = []
    for part in text:
        if isinstance(part, Who):
            shown.append(part.person)
        elif isinstance(part, When):
            shown.append(f"{part.at:%Y-%m-%d %H:%M} UTC")
        else:
            shown.append(part.label if isinstance(part, Link) else part.text)
    return clean("".join(shown), 1000)


def clean(text: object, limit: int = 200) -> str:
    """What a source wrote, for a terminal: no control characters, which could rewrite the screen."""
    from bot.core.text import one_line

    return one_line(str(text), limit) if text is not None else ""


def installed() -> str:
    """The product's version; empty where it runs from its folder and was never installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("closeloop")
    except PackageNotFoundError:
        return ""
