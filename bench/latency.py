"""How long people wait: accepted to shown, and due to said, through real processes and the stand-in workspace.

    python bench/latency.py                       # both, with 10,000 and 100,000 open alerts stored
    python bench/latency.py --stored 10000 --alerts 100

`closeloop up --sandbox` runs with SQLite and the embedded Valkey in a folder of its own. Alerts come at 5 a second,
spread over so many channels that Slack's one message a second a channel is not what is measured. Beside it stands a
reference of the same minute: one bare `chat.postMessage` to the stand-in, which nobody can be faster than.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bot.acts import Arrival
from bot.clock import SystemClock
from bot.core.policy import Policy, Step
from bot.core.routing import Plan, Rule
from bot.core.signal import Severity, Signal
from bot.ids import new_id
from bot.loop import Loop
from storage.store import SqlStore

ROOT = Path(__file__).resolve().parent.parent
CHANNELS = 40
PER_SECOND = 5.0
NUDGE_AFTER = 30
"""seconds of the bench's policy until the owner is nudged"""


@dataclass(frozen=True)
class Town:
    """A running product."""

    url: str
    sandbox: str
    folder: Path
    env: dict[str, str]
    key: str


def free_ports() -> int:
    """A port with a free one above it."""
    for _ in range(50):
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise SystemExit("no two free ports beside each other")


class NoQueue:
    """Nobody is hinted at while the database is filled."""

    def hint(self, job: str, ids: Any, /) -> bool:
        return True

    def ping(self) -> bool:
        return True


def call(url: str, body: Any = None, **headers: str) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"content-type": "application/json", **headers})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def config() -> str:
    sources = "".join(f'  bench-{n}: {{channel: "#bench-{n}", owner: ana@acme.example}}\n' for n in range(CHANNELS))
    return (
        f"""
fallback: {{owner: elsa@acme.example, channel: "#ai-exceptions"}}
people:
  ana@acme.example: {{manager: cleo@acme.example}}
  cleo@acme.example: {{manager: elsa@acme.example}}
sources:
{sources}
routing:
"""
        + "".join(
            f'  - {{when: {{labels.bench: "{n}"}}, owner: ana@acme.example, channel: "#bench-{n}", policy: default}}\n'
            for n in range(CHANNELS)
        )
        + f"""
limits: {{per_source: 100000/minute}}
policies:
  default:
    acknowledge:
      steps:
        - {{who: owner, nudge_every: {NUDGE_AFTER}s, nudges: 1}}
        - {{who: "#ai-exceptions", nudge_every: 4h}}
"""
    )


@contextmanager
def running(stored: int) -> Iterator[Town]:
    """The product with `stored` open alerts that nobody is asked about for days."""
    port = free_ports()
    folder = Path(tempfile.mkdtemp(prefix=".latency-", dir=Path.cwd()))
    (folder / "closeloop.yaml").write_text(config())
    env = {**os.environ, "CLOSELOOP_DATA": str(folder), "CLOSELOOP_CONFIG": str(folder / "closeloop.yaml")}
    command = [sys.executable, "-m", "bot.cli"]
    process = subprocess.Popen(
        [*command, "up", "--sandbox", "--port", str(port)],
        cwd=ROOT,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        url, sandbox = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}/sandbox/api"
        wait_until(lambda: call(f"{url}/readyz")["status"] == "ready")
        made = subprocess.run(
            [*command, "source", "add", "bench", "--sandbox", "--json"],
            cwd=ROOT,
            env=env,
            capture_output=True,
            check=True,
        )
        town = Town(url, sandbox, folder, env, json.loads(made.stdout)["key"])
        call(f"{sandbox}/limits", {"tier_scale": 0})
        for n in range(CHANNELS):
            call(f"{sandbox}/channels", {"name": f"bench-{n}", "is_private": False, "members": ["U0ANA", "U0LOOP"]})
        fill(folder / "sandbox" / "closeloop.db", stored)
        yield town
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


def wait_until(ready: Any, seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if ready():
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit("it did not happen in time")


def fill(database: Path, count: int) -> None:
    """Open alerts as the product itself stores them, their cards shown, due in a week."""
    # The product's own transaction; their cards count as shown, so that nothing waits for the chat.
    store = SqlStore(f"sqlite:///{database}")
    week = timedelta(days=7)
    step = Step(who="owner", nudge_every=week)
    calm = Policy(name="calm", steps=(step,), within=dict.fromkeys(Severity, week), check_in_every=week)
    store.save_policies([calm], at=SystemClock().now())
    rule = Rule(channel="#filled", policy="calm")
    plan = Plan(last_resort="elsa@acme.example", fallback_channel="#filled", rules=(rule,))
    loop = Loop(store=store, queue=NoQueue(), clock=SystemClock(), plan=plan, new_id=new_id)
    for start in range(0, count, 500):
        signals = (
            Signal(source="filled", title=f"Filled {n}", severity=Severity.INFO) for n in range(start, start + 500)
        )
        loop.receive([Arrival(signal=signal) for signal in signals])
        with sqlite3.connect(database, timeout=30) as direct:
            direct.execute("UPDATE deliveries SET state = 'shown', shown = seq WHERE place = 'slack:#filled'")


def measure(town: Town, alerts: int) -> tuple[list[float], list[float], list[float]]:
    """Milliseconds: accepted to shown, due to said, and the reference's bare post."""
    accepted: dict[str, float] = {}
    bare: list[float] = []
    started = time.time()
    for n in range(alerts):
        wait = started + n / PER_SECOND - time.time()
        if wait > 0:
            time.sleep(wait)
        body = {"title": f"Invoice {n} does not match", "severity": "error", "labels": {"bench": str(n % CHANNELS)}}
        answer = call(f"{town.url}/v1/alerts", body, authorization=f"Bearer {town.key}")
        accepted[answer["id"]] = time.time()
        if n % 5 == 0:
            bare.append(post_bare(town, f"bench-ref-{n}"))
    wait_until(lambda: len(shown(town, "card")) >= alerts)
    cards = shown(town, "card")
    wait_until(lambda: len(shown(town, "nudge")) >= alerts, NUDGE_AFTER + 60)
    nudges = shown(town, "nudge")
    due = due_instants(town)
    return (
        [(cards[alert] - at) * 1000 for alert, at in accepted.items()],
        [(nudges[alert] - due[alert]) * 1000 for alert in accepted],
        bare,
    )


def post_bare(town: Town, name: str) -> float:
    """One message to the stand-in with a client of no product, in a channel of its own."""
    token = bot_token(town)
    channel = call(f"{town.sandbox}/channels", {"name": name, "is_private": False, "members": ["U0LOOP"]})
    channel_id = channel.get("id") or channel["channel"]["id"]
    data = urlencode({"channel": channel_id, "text": "bare"}).encode()
    request = urllib.request.Request(
        town.sandbox.replace("/sandbox/api", "/api/chat.postMessage"),
        data=data,
        headers={"authorization": f"Bearer {token}"},
    )
    start = time.perf_counter()
    with urllib.request.urlopen(request, timeout=10) as answer:
        json.load(answer)
    return (time.perf_counter() - start) * 1000


def bot_token(town: Town) -> str:
    """The token that this run made for itself, from the environment of its web process (Linux)."""
    with sqlite3.connect(f"file:{town.folder / 'sandbox' / 'closeloop.db'}?mode=ro", uri=True) as direct:
        (name,) = direct.execute("SELECT process FROM processes WHERE kind = 'web'").fetchone()
    environ = Path(f"/proc/{name.rpartition(':')[2]}/environ").read_bytes().split(b"\0")
    return next(line.partition(b"=")[2].decode() for line in environ if line.startswith(b"SLACK_BOT_TOKEN="))


def shown(town: Town, kind: str) -> dict[str, float]:
    """alert id ▶ machine second at which the stand-in took its first message of this kind."""
    found: dict[str, float] = {}
    for entry in call(f"{town.sandbox}/log")["calls"]:
        delivery = entry.get("delivery") or ""
        if entry["method"] == "chat.postMessage" and entry["ok"] and delivery.startswith(f"{kind}:"):
            found.setdefault(delivery.split(":")[1], entry["at"])
    return found


def due_instants(town: Town) -> dict[str, float]:
    """alert id ▶ machine second at which its owner was to be nudged: the raise, and the policy's wait."""
    database = town.folder / "sandbox" / "closeloop.db"
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as direct:
        rows = direct.execute("SELECT alert_id, data FROM events WHERE kind = 'raised' AND seq = 1").fetchall()
    due: dict[str, float] = {}
    for alert_id, data in rows:
        due[alert_id] = datetime.fromisoformat(json.loads(data)["set"]["due_at"]).timestamp()
    return due


def row(name: str, found: list[float]) -> str:
    ordered = sorted(found)
    p99 = ordered[min(int(len(ordered) * 0.99), len(ordered) - 1)]
    return f"{name:<34} p50 {statistics.median(ordered):8.1f} ms   p99 {p99:8.1f} ms   worst {ordered[-1]:8.1f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stored", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--alerts", type=int, default=200)
    asked = parser.parse_args()
    for stored in asked.stored:
        with running(stored) as town:
            cards, nudges, bare = measure(town, asked.alerts)
            limited = call(f"{town.sandbox}/log")["limited"]
        print(f"\n{stored:,} open alerts stored, {asked.alerts} raised, {PER_SECOND:g} a second, {limited} times 429")
        print(row("accepted to shown", cards))
        print(row("due to nudge said", nudges))
        print(row("reference: one bare post", bare))
        print(f"accepted to shown is {statistics.median(cards) / statistics.median(bare):.1f} times one bare post")


if __name__ == "__main__":
    main()
