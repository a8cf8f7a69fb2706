"""Work grows with what is due, not with what is stored: 1,000 due among 1,000 open alerts, and among 1,000,000.

    python bench/due.py                       # SQLite: five minutes and 3 GB of disk, most of it for filling
    python bench/due.py --database postgres   # the same on a PostgreSQL of its own, fsync on
    python bench/due.py --open 100000         # smaller

Both databases stand side by side and take turns, fifty alerts at a time: find what is due with all that the clock asks
in one look, wake each as a worker does, in a transaction of its own. The reference is the same
work among 1,000. Then, with nothing due, how long the clock's whole look takes.

The alerts are copies of one that the product raised itself, made by SQL, over 40 channels, their cards shown. Their
first events are copies too, down to the ids inside, which nothing reads here.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from product import figure, folder, middle, note, percentile, postgres
from sqlalchemy import BigInteger, Connection, Table, Text, cast, func, insert, literal, select, text, true, update

from bot.acts import Arrival
from bot.clock import SystemClock
from bot.core.people import Person
from bot.core.policy import Policy, Step
from bot.core.routing import Owner, Plan, Rule
from bot.core.signal import Severity, Signal
from bot.ids import new_id
from bot.loop import Loop
from storage import migrate
from storage.models import alerts, deliveries, events
from storage.store import SqlStore

DUE = 1_000
BATCH = 500
"""as the clock asks"""
PIECE = 50
"""alerts that are woken before it is the other database's turn: a machine that gets slower is unfair to neither"""
CHANNELS = 40
AT_ONCE = 50_000
"""rows that one statement copies"""
GOAL, SCAN_GOAL = 1.2, 2.0
WEEK = timedelta(days=7)
PREFIX = "01BENCHS"
"""of ids: 18 digits follow"""


class NoQueue:
    """Hints go nowhere: what is hinted at is found here."""

    def hint(self, job: str, ids: Any, /) -> bool:
        return True

    def ping(self) -> bool:
        return True


# ── filling ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Filled:
    """A database with `open` alerts that nobody is asked about for a week."""

    store: SqlStore
    loop: Loop
    open: int

    @classmethod
    def of(cls, url: str, count: int) -> Filled:
        migrate.upgrade(url)
        store = SqlStore(url)
        now = SystemClock().now()
        steps = (Step(who=("owner",), nudge_every=WEEK, nudges=2), Step(who=("manager",), nudge_every=WEEK))
        policy = Policy(name="default", steps=steps, within=dict.fromkeys(Severity, WEEK), check_in_every=WEEK)
        store.save_policies([policy], at=now)
        chain = (("ana", "cleo"), ("cleo", "elsa"), ("elsa", ""))
        store.save_people([Person(id=_mail(a), name=a.title(), manager=_mail(b) or None) for a, b in chain], at=now)
        plan = Plan(
            last_resort=_mail("elsa"),
            fallback_channel="#due-0",
            rules=(Rule(owners=(Owner(_mail("ana")),), channel="#due-0"),),
        )
        loop = Loop(store=store, queue=NoQueue(), clock=SystemClock(), plan=plan, new_id=new_id)
        filled = cls(store=store, loop=loop, open=count)
        filled._fill()
        return filled

    def _fill(self) -> None:
        signal = Signal(source="bench", title="Invoice 4711 does not match its purchase order", severity=Severity.ERROR)
        (first,) = self.loop.receive([Arrival(signal=signal)])
        for start in range(0, self.open - 1, AT_ONCE):
            with self.store.database.writing() as connection:
                _copy(connection, first.alert_id, start, min(AT_ONCE, self.open - 1 - start))
        with self.store.database.writing() as connection:
            connection.execute(update(deliveries).values(state="shown", shown=1))
            connection.execute(update(alerts).values(due_at=datetime.now(UTC) + WEEK))
        if not self.store.database.is_sqlite:
            with self.store.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("VACUUM ANALYZE"))

    def make_due(self) -> None:
        """A thousand of them are due now, spread evenly; what earlier rounds owe is settled."""
        every = max(self.open // DUE, 1)
        ids = [f"{PREFIX}{number:018d}" for number in range(1, self.open, every)][:DUE]
        with self.store.database.writing() as connection:
            connection.execute(
                update(deliveries).where(deliveries.c.state.in_(["pending", "held"])).values(state="shown")
            )
            due = {"due_at": datetime.now(UTC) - timedelta(minutes=1), "step": 0, "asked": 0}
            for start in range(0, len(ids), BATCH):
                connection.execute(update(alerts).where(alerts.c.id.in_(ids[start : start + BATCH])).values(due))


def _mail(name: str) -> str:
    return f"{name}@acme.example" if name else ""


def _copy(connection: Connection, first: str, start: int, count: int) -> None:
    """`count` more of the first alert, its event and its card."""
    one = select(literal(start + 1).label("i")).cte("numbers", recursive=True)
    numbers = one.union_all(select(one.c.i + 1).where(one.c.i < start + count))
    number = cast(literal(10**18, BigInteger) + numbers.c.i, Text)
    new = literal(PREFIX).concat(func.substr(number, 2))
    place = literal("slack:#due-").concat(cast(numbers.c.i % CHANNELS, Text))
    tail = func.substr(number, 19, 1)
    for at in range(18, 13, -1):
        tail = tail.concat(func.substr(number, at, 1))
    _more(connection, alerts, alerts.c.id == first, numbers, id=new, tail=tail, dedup_key=new, place=place)
    _more(connection, events, events.c.alert_id == first, numbers, id=None, alert_id=new)
    key = literal("card:").concat(new).concat(":").concat(place)
    _more(connection, deliveries, deliveries.c.alert_id == first, numbers, id=None, alert_id=new, key=key, place=place)


def _more(connection: Connection, table: Table, which: Any, numbers: Any, **other: Any) -> None:
    """Copies of a row, one for each number, with other values in some columns; None leaves a column out."""
    columns = {column.name: other.get(column.name, column) for column in table.c}
    columns = {name: value for name, value in columns.items() if value is not None}
    copies = (
        select(*(value.label(name) for name, value in columns.items()))
        .select_from(table.join(numbers, true()))
        .where(which)
    )
    connection.execute(insert(table).from_select(list(columns), copies))


# ── measuring ────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Served:
    """One database's work, done in small pieces so that two of them can take turns."""

    filled: Filled
    seconds: float = 0.0
    woken: int = 0

    def piece(self) -> bool:
        """One look, and a wake for some of what it found. False: nothing is due any more."""
        begun = time.perf_counter()
        due = _look(self.filled.store, self.filled.loop.clock)
        for alert_id, _ in due[:PIECE]:
            self.woken += self.filled.loop.wake(alert_id) is not None
        self.seconds += time.perf_counter() - begun
        return bool(due)


def serve(*databases: Filled) -> list[float]:
    """Seconds to find and wake all that is due, of each. Ends the program where it is not exactly a thousand."""
    served = [Served(filled) for filled in databases]
    for filled in databases:
        filled.make_due()
    while [one for one in served if one.piece()]:
        pass
    if [one for one in served if one.woken != DUE]:
        raise SystemExit(f"{[one.woken for one in served]} were woken: the numbers would mean nothing")
    return [one.seconds for one in served]


def _look(store: SqlStore, clock: Any) -> list[tuple[str, datetime]]:
    """What the clock asks at each look."""
    store.waiting(clock.machine())
    due = store.due_alerts(clock.now(), limit=BATCH)
    store.next_due(clock.now())
    return due


def scans(filled: Filled, times: int = 200) -> dict[str, list[float]]:
    """Milliseconds of the clock's questions where nothing is due: what ▶ each time."""
    with filled.store.database.writing() as connection:
        connection.execute(update(deliveries).where(deliveries.c.state.in_(["pending", "held"])).values(state="shown"))
    store, clock = filled.store, filled.loop.clock
    asked: dict[str, Callable[[], object]] = {
        "lanes that wait": lambda: store.waiting(clock.machine()),
        "alerts that are due": lambda: store.due_alerts(clock.now(), limit=BATCH),
        "the next due": lambda: store.next_due(clock.now()),
        "all of it": lambda: _look(store, clock),
    }
    found: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(times):
        for name, ask in asked.items():
            begun = time.perf_counter()
            ask()
            found[name].append((time.perf_counter() - begun) * 1000)
    return found


@contextmanager
def urls(kind: str) -> Iterator[Callable[[str], str]]:
    """A name ▶ the URL of an empty database."""
    with folder("due") as place, postgres() if kind == "postgres" else nullcontext() as server:
        yield lambda name: server() if server else f"sqlite:///{place / f'{name}.db'}"


def report(rounds: list[list[float]], scanned: dict[str, list[float]], wanted: int) -> bool:
    small, large = (middle(found) * 1000 / DUE for found in zip(*rounds, strict=True))
    met = figure(
        f"one due among {wanted:,}: found and woken",
        f"{large:.3f} ms",
        reference=f"{small:.3f} ms among {DUE:,}",
        ratio=large / small,
        goal=f"<= {GOAL:.2f}x",
        met=large <= GOAL * small,
    )
    for name in ("lanes that wait", "alerts that are due", "the next due"):
        note(f"nothing due among {wanted:,}: {name}", f"{middle(scanned[name]):.3f} ms")
    look = middle(scanned["all of it"])
    p99 = f"p99 {percentile(scanned['all of it'], 0.99):.3f} ms"
    name = f"nothing due among {wanted:,}: the clock's look"
    return met & figure(name, f"{look:.3f} ms", reference=p99, goal=f"<= {SCAN_GOAL:g} ms", met=look <= SCAN_GOAL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--open", type=int, default=1_000_000, dest="wanted")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    with urls(asked.database) as url:
        begun = time.monotonic()
        small, large = Filled.of(url("small"), DUE + 1), Filled.of(url("large"), asked.wanted)
        note(f"{asked.database}: filled in", f"{time.monotonic() - begun:.0f} s")
        serve(small, large)  # what is asked for the first time is prepared once
        rounds = [serve(small, large) for _ in range(asked.rounds)]
        met = report(rounds, scans(large), asked.wanted)
        small.store.close()
        large.store.close()
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
