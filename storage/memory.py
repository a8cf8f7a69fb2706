"""The store in memory: the same contract on plain dicts, for tests and for trying things out. Forgets at exit."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from bot.core.events import Event
from bot.core.people import Person
from bot.core.policy import Policy
from bot.core.state import Alert, card_key
from bot.ports import (
    AlertFilter,
    Claimed,
    Clock,
    Conflict,
    Delivery,
    Incident,
    Interaction,
    Page,
    Receipt,
    Settled,
    Source,
    Waiting,
)
from storage import memory_folding, memory_waiting
from storage.conversations import MemoryConversations
from storage.crowds import Moment
from storage.finding import NEWEST, mentions
from storage.lanes import Wanted
from storage.memory_incidents import MemoryIncidents
from storage.memory_lanes import MemoryLanes
from storage.memory_rota import MemoryRota
from storage.memory_tx import MemoryTx
from storage.policy_rows import policy_data
from storage.reading import cursor, position
from storage.waiting import AHEAD

Key = tuple[str, str]
Found = tuple[Person, datetime]


class MemoryStore(MemoryConversations, MemoryRota):
    """Implements `bot.ports.Store`. One writer at a time; readers see whole transactions only."""

    def __init__(self, *, clock: Clock | None = None) -> None:
        super().__init__()
        self._machine = clock.machine if clock else time.time
        self._now = clock.now if clock else _now
        self._seconds_until = clock.seconds_until if clock else None
        self._alerts: dict[str, Alert] = {}
        self._events: dict[str, list[Event]] = {}
        self._policies: dict[str, list[Policy]] = {}
        self._people: dict[str, Found] = {}
        self._sources: dict[str, Source] = {}
        self._interactions: dict[Key, Interaction] = {}
        self._beats: dict[Key, float] = {}
        self._lanes = MemoryLanes(self._alerts, self._events)
        self._incidents = MemoryIncidents()

    @contextmanager
    def transaction(self) -> Iterator[MemoryTx]:
        with self._turn:
            moment = Moment(machine=self._machine(), now=self._now(), seconds_until=self._seconds_until)
            tx = MemoryTx(self, moment)
            yield tx
            with self._data:
                tx.apply()

    def ping(self) -> None:
        """Memory is always there."""

    def seconds(self) -> float:
        return time.time()

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────

    def alert(self, alert_id: str, /) -> Alert | None:
        with self._data:
            return self._alerts.get(alert_id)

    def policy(self, name: str, version: int | None = None, /) -> Policy:
        with self._data:
            versions = self._policies.get(name) or self._policies.get("default")
        if not versions:
            raise LookupError("no policy `default` is stored")
        pinned = [policy for policy in versions if policy.name == name and policy.version == version]
        return pinned[0] if pinned else versions[-1]

    def alerts_by_short(self, short: str, /) -> list[Alert]:
        if len(short) < 4:
            return []
        return [alert for alert in self._newest() if alert.id.endswith(short)][:10]

    def search(self, words: str, /, *, limit: int) -> list[Alert]:
        wanted = words.casefold().split()
        return [alert for alert in self._newest()[:NEWEST] if wanted and mentions(alert, wanted)][:limit]

    def cards(self, places: Mapping[str, str], /) -> dict[str, Receipt]:
        with self._data:
            shown = {row.key: row.receipt for row in self._lanes.rows.values() if row.receipt}
        keys = {alert_id: card_key(alert_id, place) for alert_id, place in places.items()}
        return {alert_id: shown[key] for alert_id, key in keys.items() if key in shown}

    def alerts(self, which: AlertFilter, /) -> Page:
        """Raises ValueError for a cursor that is not one of ours."""
        due = which.order == "due"
        found = [alert for alert in self._newest() if _wanted(alert, which)]
        if due:
            found = sorted((alert for alert in found if not alert.finished), key=_due)
        if which.cursor:
            here = position(which.cursor)
            found = [alert for alert in found if (_due(alert) > here if due else _raised(alert) < here)]
        items = found[: which.limit]
        return Page(items=tuple(items), next=cursor(items[-1], due=due) if len(found) > which.limit else None)

    def events(self, alert_id: str, /, *, after: int = 0, limit: int = 500) -> tuple[Event, ...]:
        with self._data:
            return tuple(event for event in self._events.get(alert_id, ()) if event.seq > after)[:limit]

    def due_alerts(self, now: datetime, /, *, limit: int) -> list[tuple[str, datetime]]:
        with self._data:
            due = [(a.due_at, a.id) for a in self._alerts.values() if a.due_at and not a.finished and a.due_at <= now]
        return [(alert_id, due_at) for due_at, alert_id in sorted(due)[:limit]]

    def next_due(self, after: datetime, /) -> datetime | None:
        with self._data:
            waiting = (alert.due_at for alert in self._alerts.values() if not alert.finished)
            return min((due for due in waiting if due and due > after), default=None)

    def counts(self) -> dict[str, int]:
        with self._data:
            names = [alert.status.value for alert in self._alerts.values() if not alert.finished]
            names += [f"delivery.{state}" for state in memory_waiting.unsettled(self._lanes)]
        return {name: names.count(name) for name in set(names)}

    def _newest(self) -> list[Alert]:
        with self._data:
            return sorted(self._alerts.values(), key=_raised, reverse=True)

    # ── people, sources, policies ────────────────────────────────────────────────────────────────────────────────

    def people(self, ids: Iterable[str], /) -> dict[str, Found]:
        """Known people by id or by `<platform>:<chat id>`, under the name they were asked for."""
        with self._data:
            found = {ref: self._people.get(ref) or self._by_chat(*ref.partition(":")[::2]) for ref in ids}
            return {ref: self._whole(known) for ref, known in found.items() if known}

    def person_by_chat(self, platform: str, chat_id: str, /) -> Found | None:
        with self._data:
            found = self._by_chat(platform, chat_id)
            return self._whole(found) if found else None

    def _by_chat(self, platform: str, chat_id: str) -> Found | None:
        return next((found for found in self._people.values() if found[0].chat.get(platform) == chat_id), None)

    def _whole(self, found: Found) -> Found:
        return self._complete(found[0], self._now()), found[1]

    def save_people(self, wanted: Iterable[Person], /, *, at: datetime) -> None:
        with self._turn, self._data:
            for person in wanted:
                # Put last again: a chat id belongs to the last who was said to have it.
                self._people.pop(person.id, None)
                self._people = {person.id: (self._undeclared(person), at), **self._people}

    def sources(self) -> list[Source]:
        with self._data:
            return sorted(self._sources.values(), key=lambda source: source.name)

    def save_source(self, source: Source, /) -> None:
        with self._turn, self._data:
            if any(other.name == source.name and other.id != source.id for other in self._sources.values()):
                raise Conflict(f"there is a source {source.name} already")
            self._sources[source.id] = source

    def newest_policies(self) -> list[Policy]:
        with self._data:
            return [versions[-1] for _, versions in sorted(self._policies.items())]

    def save_policies(self, policies: Iterable[Policy], /, *, at: datetime) -> None:
        with self._turn, self._data:
            for policy in policies:
                versions = self._policies.setdefault(policy.name, [])
                if not versions or policy_data(versions[-1]) != policy_data(policy):
                    versions.append(replace(policy, version=len(versions) + 1))

    # ── deliveries and processes ─────────────────────────────────────────────────────────────────────────────────

    def waiting(self, machine: float, /) -> list[Waiting]:
        with self._turn, self._data:
            self._lanes.lose(machine)
            return memory_waiting.waiting(self._lanes)

    def stuck(self, *, limit: int) -> list[tuple[str, str]]:
        with self._data:
            return memory_waiting.stuck(self._lanes)[:limit]

    def due(self, delivery_id: int, /) -> Delivery | None:
        with self._data:
            return self._lanes.rows.get(delivery_id)

    def claim(  # noqa: PLR0913  each is a reason of its own to leave something alone
        self, lane: str, machine: float, /, *, lease: float, posts: bool = True, edits: bool = True, only: int = 0
    ) -> Claimed | None:
        wanted = Wanted(lane=lane, machine=machine, lease=lease, posts=posts, edits=edits, only=only)
        with self._turn, self._data:
            return self._lanes.claim(wanted)

    def settle(self, claimed: Claimed, settled: Settled, /) -> int | None:
        with self._turn, self._data:
            return self._lanes.settle(claimed, settled, machine=self._machine())[1]

    def behind(self, *, limit: int) -> list[str]:
        with self._data:
            return memory_folding.behind(self._lanes)[:limit]

    def due_sweeps(self, machine: float, /, *, limit: int) -> list[int]:
        with self._data:
            return memory_folding.due_sweeps(self._lanes, machine)[:limit]

    def sweepable(self, delivery_id: int, /) -> tuple[Claimed, float] | None:
        with self._data:
            return memory_folding.sweepable(self._lanes, delivery_id)

    def oldest(self, machine: float, /) -> dict[str, float]:
        with self._data:
            return memory_waiting.oldest(self._lanes, machine, self._now())

    def unknown_for(self, machine: float, /) -> float:
        with self._data:
            rows = self._lanes.rows.values()
            first = min((row.attempted_at or machine for row in rows if row.state == "unknown"), default=machine)
        return max(machine - first, 0.0)

    @contextmanager
    def alone(self, task: str, /) -> Iterator[bool]:
        yield True

    def realign(self, machine: float, /, *, ahead: float = AHEAD) -> int:
        with self._turn, self._data:
            return memory_waiting.realign(self._lanes, machine, ahead)

    def moved_on(self, machine: float, /) -> int:
        with self._turn, self._data:
            return memory_waiting.hasten(self._lanes, machine, self._now())

    def incident(self, kind: str, subject: str, /, *, detail: str, at: float) -> None:
        with self._turn, self._data:
            self._incidents.incident(kind, subject, detail=detail, at=at)

    def mended(self, kind: str, subject: str, /, *, at: float) -> None:
        with self._turn, self._data:
            self._incidents.mended(kind, subject, at=at)

    def incidents(self, *, untold: bool = False) -> list[Incident]:
        with self._data:
            return self._incidents.known(untold=untold)

    def told(self, incident_id: int, /, *, at: float) -> None:
        with self._turn, self._data:
            self._incidents.told(incident_id, at=at)

    def beat(self, kind: str, process: str, /, *, machine: float) -> None:
        with self._turn, self._data:
            self._beats[kind, process] = machine

    def beats(self) -> dict[str, float]:
        with self._data:
            newest = sorted(self._beats.items(), key=lambda beat: beat[1])
        return {kind: at for (kind, _), at in newest}


def _raised(alert: Alert) -> tuple[datetime, str]:
    return alert.raised_at, alert.id


def _due(alert: Alert) -> tuple[datetime, str]:
    return alert.due_at or alert.raised_at, alert.id


def _wanted(alert: Alert, which: AlertFilter) -> bool:
    said = ((which.source, alert.source), (which.owner, alert.owner))
    return (
        all(not wanted or wanted == is_ for wanted, is_ in said)
        and (not which.status or alert.status in which.status)
        and (not which.place or which.place in alert.places)
    )


def _now() -> datetime:
    return datetime.now(UTC)
