"""How long people wait: accepted to shown, and due to said, through real processes and the stand-in workspace.

    python bench/latency.py                       # both, with 10,000 and 100,000 open alerts stored
    python bench/latency.py --stored 10000 --alerts 100
    python bench/latency.py --platform teams      # the same in Teams

`closeloop up --sandbox` runs with SQLite and the embedded Valkey in a folder of its own. Alerts come at 5 a second,
spread over so many channels that a channel's own limit (in Slack one message a second, in Teams 60 in half a minute) is
not what is measured. Beside it stands a reference of the same minute: one bare message to the stand-in, which nobody
can be faster than.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from product import PLATFORMS, POSTS, Product, alert, call, conversation, processes, up, wait_until

from bot.acts import Arrival
from bot.clock import SystemClock
from bot.core.policy import Policy, Step
from bot.core.routing import Plan, Rule
from bot.core.signal import Severity, Signal
from bot.ids import new_id
from bot.loop import Loop
from storage.store import SqlStore

CHANNELS = 40
NAMES = tuple(f"bench-{number}" for number in range(CHANNELS))
PER_SECOND = 5.0
NUDGE_AFTER = 30
"""seconds of the bench's policy until the owner is nudged"""


class NoQueue:
    """Nobody is hinted at while the database is filled."""

    def hint(self, job: str, ids: Any, /) -> bool:
        return True

    def ping(self) -> bool:
        return True


def database(product: Product) -> Path:
    return product.place / "sandbox" / "closeloop.db"


@contextmanager
def running(stored: int, platform: str) -> Iterator[Product]:
    """The product with `stored` open alerts that nobody is asked about for days."""
    with up("latency", channels=NAMES, nudge_every=f"{NUDGE_AFTER}s", platform=platform) as product:
        product.limits(tier_scale=0)
        fill(database(product), stored, platform)
        yield product


def fill(database: Path, count: int, platform: str = "slack") -> None:
    """Open alerts as the product itself stores them, their cards shown, due in a week."""
    # The product's own transaction; their cards count as shown, so that nothing waits for the chat.
    store = SqlStore(f"sqlite:///{database}")
    week = timedelta(days=7)
    step = Step(who=("owner",), nudge_every=week)
    calm = Policy(name="calm", steps=(step,), within=dict.fromkeys(Severity, week), check_in_every=week)
    store.save_policies([calm], at=SystemClock().now())
    rule = Rule(channel="#filled", policy="calm")
    plan = Plan(last_resort="elsa@acme.example", fallback_channel="#filled", platform=platform, rules=(rule,))
    loop = Loop(store=store, queue=NoQueue(), clock=SystemClock(), plan=plan, new_id=new_id)
    for start in range(0, count, 500):
        signals = (
            Signal(source="filled", title=f"Filled {n}", severity=Severity.INFO) for n in range(start, start + 500)
        )
        loop.receive([Arrival(signal=signal) for signal in signals])
        with sqlite3.connect(database, timeout=30) as direct:
            shown = "UPDATE deliveries SET state = 'shown', shown = seq WHERE place = ?"
            direct.execute(shown, (f"{platform}:#filled",))


def measure(product: Product, alerts: int) -> tuple[list[float], list[float], list[float]]:
    """Milliseconds: accepted to shown, due to said, and the reference's bare post."""
    accepted: dict[str, float] = {}
    bare: list[float] = []
    started = time.time()
    for n in range(alerts):
        wait = started + n / PER_SECOND - time.time()
        if wait > 0:
            time.sleep(wait)
        accepted |= product.send([alert(n, NAMES[n % CHANNELS])], connections=1)
        if n % 5 == 0:
            bare.append(post_bare(product, f"bench-ref-{n}"))
    wait_until(lambda: accepted.keys() <= shown(product, "card").keys(), what="the last card")
    cards = shown(product, "card")
    wait_until(lambda: accepted.keys() <= shown(product, "nudge").keys(), NUDGE_AFTER + 60, what="the last nudge")
    nudges = shown(product, "nudge")
    due = due_instants(product)
    return (
        [(cards[name] - at) * 1000 for name, at in accepted.items()],
        [(nudges[name] - due[name]) * 1000 for name in accepted],
        bare,
    )


def post_bare(product: Product, name: str) -> float:
    """One message to the stand-in with a client of no product, in a channel of its own."""
    channel = call(f"{product.box}/channels", {"name": name, "is_private": False, "members": ["U0LOOP"]})
    channel_id = channel.get("id") or channel["channel"]["id"]
    request = _bare_in_teams(product, name) if product.platform == "teams" else _bare_in_slack(product, channel_id)
    start = time.perf_counter()
    with urllib.request.urlopen(request, timeout=10) as answer:
        json.load(answer)
    return (time.perf_counter() - start) * 1000


def _bare_in_slack(product: Product, channel_id: str) -> urllib.request.Request:
    data = urlencode({"channel": channel_id, "text": "bare"}).encode()
    address = product.box.replace("/sandbox/api", "/api/chat.postMessage")
    return urllib.request.Request(address, data=data, headers=_bearer(secret(product, "SLACK_BOT_TOKEN")))


def _bare_in_teams(product: Product, name: str) -> urllib.request.Request:
    address = product.box.replace("/sandbox/api", f"/teams/v3/conversations/{conversation(name)}/activities")
    data = json.dumps({"type": "message", "text": "bare"}).encode()
    return urllib.request.Request(address, data=data, headers=_bearer(teams_token(product)))


@cache
def _entra(login: str, client: str, proof: str) -> str:
    form = {"grant_type": "client_credentials", "client_id": client, "client_secret": proof}
    form |= {"scope": "https://api.botframework.com/.default"}
    with urllib.request.urlopen(login, data=urlencode(form).encode(), timeout=10) as answer:
        return str(json.load(answer)["access_token"])


def teams_token(product: Product) -> str:
    """One that the stand-in's Entra gives out, asked for once: the product's own is remembered as well."""
    login = f"{secret(product, 'MICROSOFT_LOGIN_URL')}/{secret(product, 'MICROSOFT_TENANT_ID')}/oauth2/v2.0/token"
    return _entra(login, secret(product, "MICROSOFT_CLIENT_ID"), secret(product, "MICROSOFT_CLIENT_SECRET"))


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def secret(product: Product, name: str) -> str:
    """What this run made for itself, from the environment of the stand-in's process (Linux)."""
    environ = Path(f"/proc/{dict(processes(product.place))['sandbox']}/environ").read_bytes().split(b"\0")
    return next(line.partition(b"=")[2].decode() for line in environ if line.startswith(f"{name}=".encode()))


def shown(product: Product, kind: str) -> dict[str, float]:
    """alert id ▶ machine second at which the stand-in took its first message of this kind."""
    found: dict[str, float] = {}
    known = receipts(product)
    for entry in call(f"{product.box}/log")["calls"]:
        # In Teams what has nothing to press carries no mark: the row knows its message.
        delivery = entry.get("delivery") or known.get(entry["ts"], "")
        if entry["method"] in POSTS and entry["ok"] and delivery.startswith(f"{kind}:"):
            found.setdefault(delivery.split(":")[1], entry["at"])
    return found


def receipts(product: Product) -> dict[str, str]:
    """message ▶ the key of the delivery that knows it"""
    with sqlite3.connect(f"file:{database(product)}?mode=ro", uri=True) as direct:
        return dict(direct.execute("SELECT receipt_ts, key FROM deliveries WHERE receipt_ts IS NOT NULL").fetchall())


def due_instants(product: Product) -> dict[str, float]:
    """alert id ▶ machine second at which its owner was to be nudged: the raise, and the policy's wait."""
    with sqlite3.connect(f"file:{database(product)}?mode=ro", uri=True) as direct:
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
    parser.add_argument("--platform", choices=PLATFORMS, default="slack")
    asked = parser.parse_args()
    for stored in asked.stored:
        with running(stored, asked.platform) as product:
            cards, nudges, bare = measure(product, asked.alerts)
            limited = call(f"{product.box}/log")["limited"]
        done = f"{asked.alerts} raised, {PER_SECOND:g} a second, {limited} times 429"
        print(f"\nin {asked.platform}: {stored:,} open alerts stored, {done}")
        print(row("accepted to shown", cards))
        print(row("due to nudge said", nudges))
        print(row("reference: one bare post", bare))
        print(f"accepted to shown is {statistics.median(cards) / statistics.median(bare):.1f} times one bare post")


if __name__ == "__main__":
    main()
