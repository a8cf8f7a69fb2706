"""The store in memory: the same contract on plain dicts, for tests and for trying things out. Forgets at exit."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from bot.core.events import Event
from bot.core.people import Person
from bot.core.policy import Policy
from bot.core.state import Alert, Change
from bot.ports import AlertFilter, Claimed, Clock, Conflict, Interaction, Page, Settled, Source
from storage.memory_lanes import MemoryLanes
from storage.reading import cursor, position
from storage.rows import policy_data

Key = tuple[str, str]
Found = tuple[Person, datetime]


class MemoryStore:
    """Implements `bot.ports.Store`. One writer at a time; readers see whole transactions only."""

    def __init__(self, *, clock: Clock | None = None) -> None:
        self._machine = clock.machine if clock else time.time
        self._turn = threading.RLock()
        self._data = threading.RLock()
        self._alerts: dict[str, Alert] = {}
        self._events: dict[str, list[Event]] = {}
        self._policies: dict[str, list[Policy]] = {}
        self._people: dict[str, Found] = {}
        self._sources: dict[str, Source] = {}
        self._interactions: dict[Key, Interaction] = {}
        self._beats: dict[Key, float] = {}
        self._lanes = MemoryLanes(self._alerts, self._events)

    @contextmanager
    def transaction(self) -> Iterator[MemoryTx]:
        with self._turn:
            tx = MemoryTx(self)
            yield tx
            with self._data:
                tx.apply()

    def ping(self) -> None:
        """Memory is always there."""

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

    def stuck(self, *, limit: int) -> list[tuple[str, str]]:
        with self._data:
            return self._lanes.stuck()[:limit]

    def counts(self) -> dict[str, int]:
        with self._data:
            names = [alert.status.value for alert in self._alerts.values() if not alert.finished]
            names += [f"delivery.{state}" for state in self._lanes.unsettled()]
        return {name: names.count(name) for name in set(names)}

    def _newest(self) -> list[Alert]:
        with self._data:
            return sorted(self._alerts.values(), key=_raised, reverse=True)

    # ── people, sources, policies ────────────────────────────────────────────────────────────────────────────────

    def people(self, ids: Iterable[str], /) -> dict[str, Found]:
        """Known people by id or by `<platform>:<chat id>`, under the name they were asked for."""
        with self._data:
            found = {ref: self._people.get(ref) or self.person_by_chat(*ref.partition(":")[::2]) for ref in ids}
        return {ref: person for ref, person in found.items() if person}

    def person_by_chat(self, platform: str, chat_id: str, /) -> Found | None:
        with self._data:
            return next((found for found in self._people.values() if found[0].chat.get(platform) == chat_id), None)

    def save_people(self, wanted: Iterable[Person], /, *, at: datetime) -> None:
        with self._turn, self._data:
            for person in wanted:
                # Put last again: a chat id belongs to the last who was said to have it.
                self._people.pop(person.id, None)
                self._people = {person.id: (person, at), **self._people}

    def sources(self) -> list[Source]:
        with self._data:
            return sorted(self._sources.values(), key=lambda source: source.name)

    def save_source(self, source: Source, /) -> None:
        with self._turn, self._data:
            if any(other.name == source.name and other.id != source.id for other in self._sources.values()):
                raise Conflict(f"there is a source {source.name} already")
            self._sources[source.id] = source

    def save_policies(self, policies: Iterable[Policy], /, *, at: datetime) -> None:
        with self._turn, self._data:
            for policy in policies:
                versions = self._policies.setdefault(policy.name, [])
                if not versions or policy_data(versions[-1]) != policy_data(policy):
                    versions.append(replace(policy, version=len(versions) + 1))

    # ── deliveries and processes ─────────────────────────────────────────────────────────────────────────────────

    def due_lanes(self, machine: float, /, *, limit: int) -> list[tuple[str, int]]:
        with self._turn, self._data:
            return self._lanes.due(machine)[:limit]

    def next_lane_at(self, machine: float, /) -> float | None:
        with self._data:
            return self._lanes.next_at(machine)

    def lane_of(self, delivery_id: int, /) -> str | None:
        with self._data:
            return self._lanes.lane_of(delivery_id)

    def claim(self, lane: str, machine: float, /, *, lease: float) -> Claimed | None:
        with self._turn, self._data:
            return self._lanes.claim(lane, machine, lease=lease)

    def settle(self, claimed: Claimed, settled: Settled, /) -> int | None:
        with self._turn, self._data:
            return self._lanes.settle(claimed, settled, machine=self._machine())

    def beat(self, kind: str, process: str, /, *, machine: float) -> None:
        with self._turn, self._data:
            self._beats[kind, process] = machine

    def beats(self) -> dict[str, float]:
        with self._data:
            newest = sorted(self._beats.items(), key=lambda beat: beat[1])
        return {kind: at for (kind, _), at in newest}


class MemoryTx:
    """A transaction: what is put is kept aside until its end."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._put: dict[str, tuple[Alert | None, Alert]] = {}
        self._changes: list[Change] = []
        self._remembered: dict[Key, Interaction] = {}
        self._hints: Sequence[int] = ()

    def alert(self, alert_id: str, /) -> Alert | None:
        return self._put[alert_id][1] if alert_id in self._put else self._store.alert(alert_id)

    def by_keys(self, keys: Iterable[Key], /) -> dict[Key, Alert]:
        wanted = set(keys)
        alerts = {**self._store._alerts, **{alert_id: after for alert_id, (_, after) in self._put.items()}}
        found: dict[Key, Alert] = {}
        for alert in sorted(alerts.values(), key=_finished):
            if (alert.source, alert.dedup_key) in wanted:
                found[alert.source, alert.dedup_key] = alert
        return found

    def last_events(self, alert_id: str, count: int, /) -> list[Event]:
        mine = [event for change in self._changes for event in change.events if event.alert_id == alert_id]
        return [*self._store._events.get(alert_id, ()), *mine][-count:]

    def person(self, person_id: str, /) -> Person | None:
        found = self._store.people([person_id]).get(person_id)
        return found[0] if found else None

    def policy(self, name: str, version: int | None = None, /) -> Policy:
        return self._store.policy(name, version)

    def interactions(self, keys: Iterable[Key], /) -> dict[Key, Interaction]:
        known = {**self._store._interactions, **self._remembered}
        return {key: known[key] for key in keys if key in known}

    def remember(self, interaction: Interaction, /) -> None:
        key = interaction.source, interaction.id
        if self.interactions([key]):
            raise Conflict(f"{interaction.source} {interaction.id} is answered already")
        self._remembered[key] = interaction

    def put(self, change: Change, /, *, before: Alert | None) -> None:
        known = self.alert(change.alert.id)
        if _version(known) != _version(before):
            raise Conflict(f"{change.alert.id} is in another revision")
        first = self._put[change.alert.id][0] if change.alert.id in self._put else before
        self._put[change.alert.id] = first, change.alert
        self._changes.append(change)

    @property
    def hints(self) -> Sequence[int]:
        return self._hints

    def apply(self) -> None:
        """All of it, or Conflict and nothing."""
        store = self._store
        alerts = {**store._alerts, **{alert_id: after for alert_id, (_, after) in self._put.items()}}
        unfinished = [(a.source, a.dedup_key) for a in alerts.values() if not a.finished]
        if len(unfinished) != len(set(unfinished)):
            raise Conflict("an unfinished alert has this dedup key already")
        store._alerts.update((alert_id, after) for alert_id, (_, after) in self._put.items())
        store._interactions.update(self._remembered)
        lanes: dict[str, int] = {}
        for change in self._changes:
            store._events.setdefault(change.alert.id, []).extend(change.events)
            for owed in change.owed:
                lanes.setdefault(owed.place, store._lanes.owe(owed, change.events[-1].at))
        self._hints = tuple(lanes.values())


def _version(alert: Alert | None) -> tuple[int, int] | None:
    return (alert.generation, alert.revision) if alert else None


def _raised(alert: Alert) -> tuple[datetime, str]:
    return alert.raised_at, alert.id


def _due(alert: Alert) -> tuple[datetime, str]:
    return alert.due_at or alert.raised_at, alert.id


def _finished(alert: Alert) -> tuple[bool, datetime]:
    return not alert.finished, alert.finished_at or alert.raised_at


def _wanted(alert: Alert, which: AlertFilter) -> bool:
    said = ((which.source, alert.source), (which.owner, alert.owner), (which.place, alert.place))
    return all(not wanted or wanted == is_ for wanted, is_ in said) and (
        not which.status or alert.status in which.status
    )
