"""Running the product: all of it, or one kind of process."""

from __future__ import annotations

from typing import Annotated

import typer

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")]


def up(
    *,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Add a stand-in Slack workspace and its page.")] = False,
    demo: Annotated[bool, typer.Option("--demo", help="Send the alerts of `closeloop demo` once it runs.")] = False,
    host: Host = "127.0.0.1",
    port: Port = 8080,
    workers: Annotated[int, typer.Option(min=1, max=32, help="How many workers.")] = 2,
) -> None:
    """Run everything in one process group: web, workers, clock, and what is embedded.

    An SQLite database and a Valkey server are embedded unless
    CLOSELOOP_DATABASE_URL and CLOSELOOP_REDIS_URL say where others are.
    What ends is started again; Ctrl-C or SIGTERM stops all of it cleanly.
    """
    from bot.up import Options
    from bot.up import up as run

    raise typer.Exit(run(Options(host=host, port=port, workers=workers, sandbox=sandbox, demo=demo)))


def web(host: Host = "127.0.0.1", port: Port = 8080) -> None:
    """Run one web process: intake, API, and what Slack sends."""
    from bot import main

    main.run_web(host, port)


def worker() -> None:
    """Run one worker: it delivers cards and messages, and does what is due. Any number of workers may run."""
    from bot import main

    main.run_worker()


def clock() -> None:
    """Run one clock: it finds what is due, every second. Any number of clocks may run."""
    from bot import main

    main.run_clock()


def sandbox(port: Port = 8081) -> None:
    """Run the stand-in Slack workspace alone. `closeloop up --sandbox` does this and tells the bot of it."""
    from bot import main

    main.run_sandbox(port)


def add_to(app: typer.Typer) -> None:
    app.command(epilog="Example: closeloop up --sandbox --port 8080")(up)
    app.command(epilog="Example: closeloop web --host 127.0.0.1 --port 8080")(web)
    app.command(epilog="Example: closeloop worker")(worker)
    app.command(epilog="Example: closeloop clock")(clock)
    app.command(hidden=True, epilog="Example: closeloop sandbox --port 8081")(sandbox)
