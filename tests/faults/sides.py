"""A platform's side of a village: what the product is told of it, what people see and press there, what it can do.

The rest of the village asks here and does not know which platform it is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx2
import yaml
from faults.standin import SECRET, SIGNING, TOKEN, StandIn
from sqlalchemy import text
from story.workspace import Channel, Person, channel_id

from sandbox.microsoft.config import CLIENT, TENANT
from storage.store import SqlStore

CONFIG = Path(__file__).parent / "closeloop.yaml"
ROOMS = ("ai-alerts", "payments", "ai-exceptions", "general", "desk")
BREAKS = (
    *("drop_before", "drop_after", "http_500_before", "http_500_after", "html_after"),
    *("hang_after", "rate_limited"),
)
AGAIN = 60.0
"""machine seconds after which somebody's client asks for its view of a card again, at the soonest"""


class Card(Protocol):
    """An alert's card as people see it."""

    @property
    def buttons(self) -> list[str]: ...


class Side(Protocol):
    platform: str
    post: str
    """the log's word for a new message"""
    edit: str
    """of a change to one"""
    breaks: tuple[str, ...]
    """kinds of faults that a call to it can meet"""
    timeout: str
    """`module:NAME` of the seconds after which a call is given up"""
    secrets: tuple[str, ...]
    """may stand in no log"""

    def config(self, folder: Path) -> Path: ...
    def env(self) -> dict[str, str]: ...
    def constants(self) -> dict[str, float]:
        """`module:NAME` ▶ seconds that are no machine seconds, as fast as those."""
        ...

    def through(self, port: int) -> dict[str, str]:
        """The environment of a machine that reaches the platform by a proxy on this port."""
        ...

    def channel(self, name: str) -> str:
        """What the platform calls `#ai-alerts`."""
        ...

    def card(self, alert: str, place: str) -> Any: ...
    def click(self, who: str, label: str, card: Any) -> bool:
        """One press of what they saw. False where the bot was not there, or the button was gone by then."""
        ...

    def messages(self, store: SqlStore) -> dict[str, list[Any]]:
        """delivery key ▶ its messages that can be seen now: `ts`, `channel`, and `revision` or `generation`."""
        ...

    @contextmanager
    def watched(self) -> Iterator[None]:
        """While people have their channels open."""
        ...

    def unseen(self) -> list[str]:
        """What people who have their channels open have not been shown yet, where anything depends on it."""
        ...


@dataclass(frozen=True, kw_only=True)
class Slack:
    standin: StandIn
    platform: str = "slack"
    post: str = "chat.postMessage"
    edit: str = "chat.update"
    breaks: tuple[str, ...] = (*BREAKS, "internal_error_after")
    timeout: str = "connectors.chat.slack.web:client.__kwdefaults__.timeout"
    secrets: tuple[str, ...] = (TOKEN, SIGNING)

    def config(self, folder: Path) -> Path:
        return CONFIG

    def env(self) -> dict[str, str]:
        tokens = {"SLACK_BOT_TOKEN": TOKEN, "SLACK_SIGNING_SECRET": SIGNING}
        return {"SLACK_API_URL": f"{self.standin.url}/api/", **tokens}

    def constants(self) -> dict[str, float]:
        return {}

    def through(self, port: int) -> dict[str, str]:
        return {"SLACK_API_URL": f"http://127.0.0.1:{port}/api/"}

    def channel(self, name: str) -> str:
        return channel_id(name)

    def card(self, alert: str, place: str) -> Any:
        person = f"D{self._person(place[1:].partition('@')[0]).id}" if place.startswith("@") else ""
        cards = Channel(self.standin.workspace, person or channel_id(place)).cards(alert)
        return cards[0] if cards else None

    def click(self, who: str, label: str, card: Any) -> bool:
        try:
            return label in card.buttons and self._person(who).press(label, card).ok
        except AssertionError:
            return False  # the stand-in: the card was changed between the look and the press

    def messages(self, store: SqlStore) -> dict[str, list[Any]]:
        return self.standin.messages_by_delivery()

    @contextmanager
    def watched(self) -> Iterator[None]:
        yield  # nothing depends on it: Slack is read back

    def unseen(self) -> list[str]:
        return []

    def _person(self, name: str) -> Person:
        return Person(self.standin.workspace, name)


# ── Teams ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True)
class Posted:
    """A message of the bot in Teams, as everybody sees it."""

    id: str
    conversation: str
    card: Any = field(repr=False)

    @property
    def actions(self) -> list[Any]:
        return [action for one in _elements(self.card["body"]) for action in one.get("actions", ())]

    @property
    def buttons(self) -> list[str]:
        return [str(action["title"]) for action in self.actions]


def _elements(body: list[Any]) -> Iterator[Any]:
    for one in body:
        yield one
        yield from _elements(one.get("items", []))


@dataclass(kw_only=True)
class Teams:
    standin: StandIn
    haste: float
    onlookers: Onlookers | None = None
    platform: str = "teams"
    post: str = "teams.post"
    edit: str = "teams.edit"
    breaks: tuple[str, ...] = BREAKS
    timeout: str = "connectors.chat.teams.wire:TIMEOUT"
    secrets: tuple[str, ...] = (SECRET,)

    def config(self, folder: Path) -> Path:
        wanted = yaml.safe_load(CONFIG.read_text()) | {"platform": "teams", "directory": ["file", "graph"]}
        wanted["teams"] = {"channels": {f"#{name}": self.channel(f"#{name}") for name in ROOMS}}
        written = folder / "closeloop.yaml"
        written.write_text(yaml.safe_dump(wanted))
        return written

    def env(self) -> dict[str, str]:
        url = self.standin.url
        return {
            "SLACK_API_URL": f"{url}/api/",  # no token goes there: it says that all of this is a stand-in
            "MICROSOFT_TENANT_ID": TENANT,
            "MICROSOFT_CLIENT_ID": CLIENT,
            "MICROSOFT_CLIENT_SECRET": SECRET,
            "MICROSOFT_LOGIN_URL": f"{url}/microsoft/login",
            "GRAPH_API_URL": f"{url}/microsoft/graph",
            "TEAMS_SERVICE_URL": f"{url}/teams",
            "TEAMS_METADATA_URL": f"{url}/teams/v1/.well-known/openidconfiguration",
            "TEAMS_WEB_URL": f"{url}/teams",
        }

    def constants(self) -> dict[str, float]:
        spans = {"FRESH": 60.0, "KNOWN": 600.0, "BLIND": 5.0, "PATIENCE": 60.0}
        return {f"connectors.chat.teams.members:{name}": span / self.haste for name, span in spans.items()}

    def through(self, port: int) -> dict[str, str]:
        address = f"http://127.0.0.1:{port}/teams"
        self.standin.workspace.post("teams/change", service_url=address)
        return {"TEAMS_SERVICE_URL": address}

    def channel(self, name: str) -> str:
        return f"19:{name.removeprefix('#')}@thread.tacv2"

    def card(self, alert: str, place: str) -> Any:
        who = place[1:].partition("@")[0]
        where = f"a:U0{who.upper()}" if place.startswith("@") else self.channel(place)
        for one in self._standing():
            if str(one["carried"].get("delivery", "")).startswith(f"card:{alert}:") and one["conversation"] == where:
                return Posted(id=one["id"], conversation=where, card=one["card"])
        return None

    def click(self, who: str, label: str, card: Any) -> bool:
        found = [action for action in card.actions if action["title"] == label]
        if not found:
            return False
        body = {"conversation": card.conversation, "id": card.id, "verb": found[0]["verb"], "data": found[0]["data"]}
        try:
            said = self.standin.workspace.post("teams/press", **{"as": f"U0{who.upper()}"}, **body)
        except AssertionError:
            return False  # the stand-in: the message was removed between the look and the press
        return bool(said["status"] == 200 and said["answer"].get("statusCode", 200) == 200)

    def messages(self, store: SqlStore) -> dict[str, list[Any]]:
        """By the mark that a card hands back; what has nothing to press, by the row that knows it.

        What nobody knows is left out as far as an answer to a post of something without a mark may have been lost.
        """
        receipts, found, unheard = _receipts(store), dict[str, list[Any]](), _unheard(store)
        for one in self._standing():
            key = str(one["carried"].get("delivery") or receipts.get(one["id"]) or "")
            if not key and unheard > 0:
                unheard -= 1
                continue
            key = key or f"unmarked:{one['id']}"
            seen = {"ts": one["id"], "channel": one["conversation"], "generation": one["carried"].get("seen")}
            # Only a card asks for a view: of anything else nobody can tell whether it arrived.
            found.setdefault(key, []).append({**seen, "can_be_found": key.startswith("card:")})
        return found

    def _standing(self) -> list[Any]:
        return list(self.standin.workspace.get("teams/messages")["messages"])

    @contextmanager
    def watched(self) -> Iterator[None]:
        self.onlookers = Onlookers(self)
        self.onlookers.start()
        try:
            yield
        finally:
            self.onlookers.stop()
            self.onlookers = None

    def unseen(self) -> list[str]:
        looked = self.onlookers.looked if self.onlookers else None
        if looked is None:
            return []
        return [f"nobody saw {one['id']}" for one in self._standing() if one["listed"] and one["id"] not in looked]


def _receipts(store: SqlStore) -> dict[str, str]:
    """message ▶ the key of the delivery that knows it"""
    known = text("SELECT receipt_ts, key FROM deliveries WHERE receipt_ts IS NOT NULL")
    with store.database.reading() as connection:
        return {row.receipt_ts: row.key for row in connection.execute(known)}


def _unheard(store: SqlStore) -> int:
    """Posts without an answer, of what Teams cannot be asked about."""
    posted = text("SELECT posts, receipt_ts FROM deliveries WHERE kind <> 'card' AND posts > 0")
    with store.database.reading() as connection:
        return sum(row.posts - (row.receipt_ts is not None) for row in connection.execute(posted))


class Onlookers(threading.Thread):
    """People who have their channels open: each listed one's client asks for its view of each card, once a minute."""

    def __init__(self, side: Teams) -> None:
        super().__init__(name="onlookers", daemon=True)
        self._side = side
        self._enough = threading.Event()
        self.looked: dict[str, float] = {}
        """message ▶ the monotonic second at which its view was last given out"""

    def run(self) -> None:
        while not self._enough.wait(0.05):
            try:
                self._look()
            except (AssertionError, httpx2.HTTPError):
                continue  # a message was removed meanwhile, or the stand-in is closing

    def _look(self) -> None:
        workspace = self._side.standin.workspace
        # The newest first: what is in doubt is new.
        for one in reversed(workspace.get("teams/messages")["messages"]):
            waited = time.monotonic() - self.looked.get(one["id"], float("-inf"))
            if one["listed"] and waited > AGAIN / self._side.haste:
                who = one["listed"][0].removeprefix("29:")
                said = workspace.post("teams/look", **{"as": who}, conversation=one["conversation"], id=one["id"])
                if said["status"] == 200:
                    self.looked[one["id"]] = time.monotonic()

    def stop(self) -> None:
        self._enough.set()
        self.join(30)


def side(platform: str, standin: StandIn, *, haste: float) -> Side:
    return Teams(standin=standin, haste=haste) if platform == "teams" else Slack(standin=standin)


def address(standin: StandIn) -> tuple[str, int]:
    """Where a proxy finds it."""
    parts = urlsplit(standin.url)
    return str(parts.hostname), int(parts.port or 0)
