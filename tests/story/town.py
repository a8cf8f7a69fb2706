"""A town: the whole product with its stand-in workspace, running, and everything a story does in it."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import tempfile
import time as pause
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
from story.processes import CLOSELOOP, Product, own_environment, two_free_ports
from story.seen import Channel, Chat, Person, Shown
from story.slack import Slack
from story.teams import Teams
from story.workspace import Workspace, until

from bot import sources
from bot.core.events import QUIET
from storage.store import SqlStore

SOURCES = ("ap-auditor", "fraud-watch", "model-watch", "stock-watch", "desk-watch", "gate-watch")
ROOMS = ("models", "stock", "desk", "gate")
ANY = ("desk-watch", "gate-watch", "model-watch")
"""sources of equal rights, for stories that do not care"""
MEMBERS = ["U0ANA", "U0BEN", "U0CLEO", "U0GUS", "U0LOOP"]
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
LOOKED = 0.11
"""seconds in which every process of the product looks at the moved clock (`bot.clock.MovedClock`)"""
CONFIG = (Path(__file__).parent / "closeloop.yaml").read_text()
_IN_TEAMS = ", ".join(
    f'"#{name}": "19:{name}@thread.tacv2"' for name in ("ai-alerts", "ai-exceptions", "payments", "general", *ROOMS)
)
CONFIGS = {
    "slack": CONFIG,
    "teams": CONFIG.replace(
        "directory: [file, slack]\n",
        f"platform: teams\ndirectory: [file, graph]\nteams: {{channels: {{{_IN_TEAMS}}}}}\n",
    ),
}
"""platform ▶ the configuration of its stories: the same people, rules and policies"""
HURRIED = {"slack": {}, "teams": {"CLOSELOOP_HASTE": "5"}}
"""platform ▶ environment: in Teams nobody can look for what is in doubt, and waiting takes the place of looking"""


@dataclass(kw_only=True)
class Town:
    """One running product. `raised` are the alerts of the story that is told now."""

    url: str
    folder: Path
    env: dict[str, str]
    product: Product
    http: httpx2.Client
    workspace: Workspace
    store: SqlStore
    chat: Chat
    keys: dict[str, str] = field(default_factory=dict)
    raised: dict[str, str] = field(default_factory=dict)
    """alert ▶ its source"""
    unreachable: set[str] = field(default_factory=set)
    """alerts of stories in which somebody cannot be reached: what was owed to them took another route"""
    turns: Iterator[str] = field(default_factory=lambda: itertools.cycle(ANY))

    # ── opening and closing ──────────────────────────────────────────────────────────────────────────────────────

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        database_url: str,
        http: httpx2.Client,
        config: str = "",
        platform: str = "slack",
        **more: str,
    ) -> Town:
        """Starts it and waits until everything is there that an alert needs."""
        (folder / "closeloop.yaml").write_text(config or CONFIGS[platform])
        port = two_free_ports()
        url = f"http://127.0.0.1:{port}"
        env = own_environment(
            CLOSELOOP_DATA=str(folder / "data"),
            CLOSELOOP_DATABASE_URL=database_url,
            CLOSELOOP_CONFIG=str(folder / "closeloop.yaml"),
            # The embedded Valkey's socket stands in it: a path that is too long is no socket's.
            TMPDIR=tempfile.mkdtemp(prefix="town-"),
            **{**HURRIED[platform], **more},
        )
        workspace, store = Workspace(f"http://127.0.0.1:{port + 1}", http), SqlStore(database_url)
        product = Product.start(port, folder=folder, env=env)
        town = cls(
            url=url,
            folder=folder,
            # What the command line needs to go by the town's clock.
            env={
                **env,
                "CLOSELOOP_URL": url,
                "CLOSELOOP_CLOCK_FILE": str(folder / "data" / "sandbox" / "clock.json"),
                "SLACK_API_URL": f"http://127.0.0.1:{port + 1}/api/",
            },
            product=product,
            http=http,
            workspace=workspace,
            store=store,
            chat=Slack(workspace) if platform == "slack" else Teams(workspace, store),
        )
        try:
            until(town.ready, 90, why=lambda: f"it was never ready: {product.said.read_text()[-2000:]}")
            town._furnish()
        except BaseException:
            product.stop()
            raise
        return town

    def ready(self) -> bool:
        assert self.product.running, self.product.said.read_text()
        try:
            answer = self.http.get(f"{self.url}/readyz")
            box = self.http.get(f"{self.workspace.url}/healthz")
        except httpx2.TransportError:
            return False
        return box.is_success and answer.is_success and answer.json()["status"] == "ready"

    def _furnish(self) -> None:
        """A channel for each kind of story, so that none waits for another's one message a second; then the keys.

        The methods' own limits are lifted: they allow fifty edits a minute, which is about people, not about tests.
        """
        self.workspace.post("limits", tier_scale=0)
        self.workspace.post("teams/change", limited=False)
        for room in ROOMS:
            self.workspace.post("channels", name=room, members=MEMBERS)
        made = json.loads(self.cli("source", "add", SOURCES[0], "--json"))
        # The others as the command does it, without a new process for each.
        others = {name: sources.add(self.store, name).key.full for name in SOURCES[1:]}
        self.keys = {made["name"]: made["key"], **others}
        self.keys["auditor"] = sources.add(self.store, "auditor", kind="operator").key.full
        # The web process reads the keys anew once a second.
        until(lambda: self._get("/v1/alerts?limit=1").is_success, why="the keys never worked")

    def close(self) -> None:
        """SIGTERM: out in time, with nothing left behind."""
        self.store.close()
        took = self.product.stop()
        assert self.product.process.returncode == 0, self.product.said.read_text()[-4000:]
        assert took < 20
        assert self.product.left_behind() == []
        shutil.rmtree(self.env["TMPDIR"])

    @property
    def valkey(self) -> str:
        """The URL of the embedded Valkey."""
        return f"unix://{next(Path(self.env['TMPDIR']).glob('*/valkey.sock'))}"

    def cli(self, *arguments: str, key: str = "", check: bool = True) -> str:
        """What `closeloop …` prints."""
        env = {**self.env, **({"CLOSELOOP_KEY": key} if key else {})}
        done = subprocess.run([CLOSELOOP, *arguments], env=env, cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout

    # ── sources ──────────────────────────────────────────────────────────────────────────────────────────────────

    def raise_alert(self, source: str = "", **fields: Any) -> str:
        """The id of an alert that was accepted."""
        return str(self.accepted(source, **fields)["id"])

    def accepted(self, source: str = "", **fields: Any) -> Any:
        """The 202's body. Without a source the next in turn: a channel takes one message a second."""
        source = source or next(self.turns)
        body = {"title": "Invoice 4711 does not match its order", "severity": "error"} | fields
        answer = self.http.post(f"{self.url}/v1/alerts", json=body, headers=self._key(source))
        assert answer.status_code == 202, answer.text
        received = answer.json()
        self.raised[received["id"]] = source
        return received

    def cleared(self, alert_id: str) -> httpx2.Response:
        """The source says that it is over."""
        return self.http.post(f"{self.url}/v1/alerts/{alert_id}/cleared", headers=self._key(self.raised[alert_id]))

    def _key(self, name: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.keys[name]}"}

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _get(self, path: str) -> httpx2.Response:
        return self.http.get(f"{self.url}{path}", headers=self._key("auditor"))

    def alerts(self) -> list[Any]:
        """The newest 200, whoever raised them."""
        return list(self._get("/v1/alerts?limit=200").json()["items"])

    def alert(self, alert_id: str) -> Any:
        return self._get(f"/v1/alerts/{alert_id}").json()

    def events(self, alert_id: str) -> list[Any]:
        """The trail, as the API tells it, without what only deliveries wrote into it, which may come at any moment."""
        found = self._get(f"/v1/alerts/{alert_id}/events?limit=500").json()["items"]
        return [event for event in found if event["kind"] not in QUIET]

    def kinds(self, alert_id: str) -> list[str]:
        return [event["kind"] for event in self.events(alert_id)]

    def metric(self, name: str) -> float:
        """One number of /metrics; 0 where nothing was counted yet."""
        lines = self.http.get(f"{self.url}/metrics").text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name} "))

    # ── the workspace ────────────────────────────────────────────────────────────────────────────────────────────

    def person(self, name: str) -> Person:
        return self.chat.person(name)

    @property
    def ana(self) -> Person:
        return self.person("ana")

    @property
    def ben(self) -> Person:
        return self.person("ben")

    @property
    def cleo(self) -> Person:
        return self.person("cleo")

    @property
    def elsa(self) -> Person:
        return self.person("elsa")

    @property
    def dov(self) -> Person:
        return self.person("dov")

    @property
    def gus(self) -> Person:
        return self.person("gus")

    def channel(self, name: str) -> Channel:
        return self.chat.channel(name)

    def place(self, alert_id: str) -> Channel:
        """The channel of an alert's card."""
        return self.channel(self.alert(alert_id)["channel"])

    def card(self, alert_id: str, *, shows: str = "", seconds: float = 15) -> Shown:
        """The alert's one card, once it is there (and says `shows`)."""
        place = self.place(alert_id)

        def there() -> Shown | None:
            cards = place.cards(alert_id)
            assert len(cards) < 2, "two cards of one alert"
            return next((card for card in cards if shows in card.says), None)

        return until(there, seconds, why=lambda: f"no card shows {shows!r}: {[c.says for c in place.cards(alert_id)]}")  # type: ignore[no-any-return]

    def thread(self, alert_id: str, count: int = 0) -> list[Shown]:
        """What was said under the alert's card, once it is `count` messages."""
        place, card = self.place(alert_id), self.card(alert_id)
        until(lambda: len(place.thread(card)) >= count, why=f"no {count} replies in the thread")
        return place.thread(card)

    def dms(self, name: str, alert_id: str, count: int = 0) -> list[Shown]:
        """What somebody was told alone about an alert, once it is `count` messages."""

        def about() -> list[Shown]:
            return [shown for shown in self.person(name).dms() if shown.about.get("alert") == alert_id]

        until(lambda: len(about()) >= count, why=f"{name} was not told {count} times")
        return about()

    def forward(self, *, days: float = 0, hours: float = 0, minutes: float = 0) -> None:
        """Business time goes on by so much at once, for everybody: no process looks at its clock less often."""
        self.workspace.post("clock", advance=days * 86400 + hours * 3600 + minutes * 60 + 1)
        pause.sleep(LOOKED)

    def to(self, weekday: str, wall: str, zone: str = "Europe/Amsterdam") -> None:
        """Business time goes on to a moment after the next such time there: `to("Fri", "18:30")`."""
        where, (hour, minute) = ZoneInfo(zone), map(int, wall.split(":"))
        now = datetime.fromtimestamp(self.now(), UTC).astimezone(where)
        day = now.date() + timedelta(days=(WEEKDAYS.index(weekday) - now.weekday()) % 7)
        then = datetime.combine(day, time(hour, minute), where)
        if then <= now:
            then = datetime.combine(day + timedelta(days=7), time(hour, minute), where)
        self.forward(minutes=(then.timestamp() - now.timestamp()) / 60)

    def joins(self, name: str, **fields: Any) -> Person:
        """Somebody new in the workspace. Who reports to whom stands in the configuration."""
        who = {"name": name, "real_name": f"{name.capitalize()} Roy", "email": f"{name}@acme.example"}
        self.workspace.post(f"users/U0{name.upper()}", **who | fields)
        self.chat.joined(name)
        return self.person(name)

    def leaves(self, name: str) -> None:
        self.chat.left(name)

    def letters(self, name: str, *, about: str = "") -> list[Shown]:
        """What somebody (`ana`), or a channel (`#ai-exceptions`), was told that is about no single alert."""
        return [one for one in self.chat.letters(name) if one.kind in ("letter", "digest") and about in one.says]

    def now(self) -> float:
        """Business time, Unix seconds."""
        return float(self.workspace.get("state", **{"as": "U0ANA"})["clock"]["now"])

    def until(self, condition: Any, seconds: float = 15, *, why: str = "it never happened") -> Any:
        return until(condition, seconds, why=why)

    def happened(self, alert_id: str, *kinds: str, seconds: float = 15) -> list[Any]:
        """The trail, once it is exactly these kinds of events."""
        until(
            lambda: self.kinds(alert_id) == list(kinds), seconds, why=lambda: f"{self.kinds(alert_id)} is not {kinds}"
        )
        return self.events(alert_id)

    def raw(self, kind: str, body: Any, *, sign: str = "good", **headers: str) -> Any:
        """A hand-made request to the bot: signed as Slack signs, or not."""
        return self.workspace.post("raw", kind=kind, body=body, sign=sign, headers=headers)

    def log(self, since: int = 0) -> Any:
        """Every call of the bot and every request sent to it, as the stand-in counted them."""
        return self.workspace.get("log", since=since)
