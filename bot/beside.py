"""What runs beside a process's work, on threads of its own: its heartbeat, and what tells operators."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from bot.operators import Operators
from bot.ports import Away, Clock, Conflict, Store

log = structlog.get_logger()

BEAT = 5.0
"""seconds between two heartbeats of a process"""
TELL = 2.0
"""seconds between two looks at what operators were not told of"""


@contextmanager
def beating(kind: str, store: Store, clock: Clock) -> Iterator[None]:
    """Beats while the body runs, so that /readyz can tell what is missing."""
    name = f"{kind}@{socket.gethostname()}:{os.getpid()}"

    def beat(stop: threading.Event) -> None:
        while True:
            try:
                store.beat(kind, name, machine=clock.machine())
            except (Away, Conflict) as error:
                log.warning("no heartbeat: the database is away", action="no_heartbeat", reason=str(error))
            if stop.wait(BEAT):
                return

    with _thread("heartbeat", beat, patience=2):
        yield


@contextmanager
def telling(operators: Operators, *, haste: float) -> Iterator[None]:
    """Operators are told while the body runs: a way that hangs must not hold up a clock."""

    def tell(stop: threading.Event) -> None:
        while not stop.wait(TELL / haste):
            operators.tell()

    with _thread("operators", tell, patience=6):
        yield


@contextmanager
def _thread(name: str, run: Callable[[threading.Event], None], *, patience: float) -> Iterator[None]:
    """`run` on a thread while the body runs; at its end it is waited for, but not for ever."""
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(stop,), name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=patience)
