"""The demo: a day of alerts, sent to the running bot as their sources would send them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from bot.demo_alerts import DAY, Arrival
from bot.keys import digest, split
from bot.ports import Store
from bot.sources import LIVE, add, rotate


class Sender(Protocol):
    """Sends what one source says, with its key."""

    def post(self, path: str, body: Any = None) -> Any: ...


class KeysTaken(Exception):
    """A source of the demo's name has all the keys it can have, and none of them is ours."""


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One arrival and what the bot answered."""

    arrival: Arrival
    alert_id: str
    duplicate: bool


def send(
    senders: Mapping[str, Sender], *, day: Iterable[Arrival] = DAY, wait: Callable[[float], None]
) -> Iterator[Sent]:
    """Send a day, waiting between arrivals as it says. Raises what a sender raises."""
    ids: dict[str, str] = {}
    for arrival in day:
        wait(arrival.pause)
        sender, key = senders[arrival.source], str(arrival.body["dedup_key"])
        if arrival.over:
            sender.post(f"/v1/alerts/{ids[key]}/cleared")
            yield Sent(arrival=arrival, alert_id=ids[key], duplicate=True)
            continue
        answer = sender.post("/v1/alerts", arrival.body)
        ids[key] = str(answer["id"])
        yield Sent(arrival=arrival, alert_id=ids[key], duplicate=bool(answer["duplicate"]))


def sources(day: Iterable[Arrival] = DAY) -> tuple[str, ...]:
    """The names of all sources of a day."""
    return tuple(dict.fromkeys(arrival.source for arrival in day))


def keys(store: Store, folder: Path) -> dict[str, str]:
    """A working key for each source of the demo: those kept in `folder` from before, else new ones.

    A key that somebody else may use is never pushed out. Raises KeysTaken, Away.
    """
    path = folder / "demo-keys.json"
    kept = _kept(path)
    known = {source.name: source for source in store.sources()}
    found: dict[str, str] = {}
    for name in sources():
        live = dict(known[name].keys) if name in known else {}
        ours = split(kept.get(name, ""))
        if ours and live.get(ours[0]) == digest(ours[1]):
            found[name] = kept[name]
        elif len(live) >= LIVE:
            raise KeysTaken(f"source {name} has {LIVE} live keys that are not the demo's; revoke one of them first")
        else:
            found[name] = (rotate(store, name) if name in known else add(store, name)).key.full
    _keep(path, found)
    return found


def _kept(path: Path) -> dict[str, str]:
    """What an earlier demo wrote; nothing where that cannot be read any more."""
    with suppress(OSError, ValueError):
        found = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(found, dict):
            return {str(name): str(key) for name, key in found.items()}
    return {}


def _keep(path: Path, found: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Readable by its owner alone from the first byte: these are keys.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(found, file)
