"""Which database a command works on: the environment's, or that of a running `closeloop up --sandbox`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.say import Failed

if TYPE_CHECKING:
    from pathlib import Path

    from bot.ports import Clock, Store

InSandbox = Annotated[bool, typer.Option("--sandbox", help="Use the database of a running closeloop up --sandbox.")]


def opened(*, sandbox: bool = False) -> Store:
    """The database, with its tables brought up to date. Raises Away, or Failed where no sandbox was started."""
    from bot import parts
    from bot.environment import environment

    if sandbox:
        path = sandbox_database()
        if path is None:
            raise Failed("no sandbox was started from this folder: closeloop up --sandbox")
        os.environ["CLOSELOOP_DATABASE_URL"] = f"sqlite:///{path}"
        os.environ["CLOSELOOP_DATA"] = str(path.parent)
    return parts.open_store(environment())


def clock(store: Store, *, sandbox: bool = False) -> Clock:
    """The business clock that the processes on this database go by."""
    from bot.clock import MovedClock, SystemClock
    from bot.environment import environment

    moved = environment().clock_file
    if sandbox and (path := sandbox_database()):
        moved = path.parent / "clock.json"
    return MovedClock(path=moved) if moved else SystemClock(ask=store.seconds)


def sandbox_database() -> Path | None:
    """The SQLite file that `closeloop up --sandbox` made in this folder, if it did."""
    from bot.environment import environment

    path = environment().data / "sandbox" / "closeloop.db"
    return path.resolve() if path.is_file() else None
