"""Seeded rounds of everything at once: load, kill -9, an emptied and a stopped Redis, and a chat that misbehaves.

A round opens a village with every process of its own, lets people, sources and the monkey loose on it, heals
everything, waits for calm and asks the checker. What it did follows from its seed, what happened then also from the
machine's own timing.
"""

from __future__ import annotations

import random
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path

import httpx2
import psycopg
from faults.checker import Finding
from faults.machine import Zygote
from faults.monkey import Monkey, Supervisor, Valkey
from faults.village import Ground, Village, village
from sqlalchemy import text

HASTE = {"slack": 40.0, "teams": 20.0}
"""platform ▶ machine seconds in a second: where people have to look in time, they need some"""
SOURCES = ("ap-auditor", "fraud-watch", "model-watch")
LASTS = 3.0
"""seconds for which the monkey is loose"""


@dataclass(kw_only=True)
class Told:
    """What a round (or all of them) came to."""

    accepted: int = 0
    owed: int = 0
    seen: int = 0
    lost: int = 0
    twins: int = 0
    removed: int = 0
    """twins that arrived, and were found and removed"""
    limited: int = 0
    """429s nobody ordered"""
    killed: int = 0
    broken: int = 0
    """calls that the stand-in broke"""
    lateness: float = 0.0
    """machine seconds from accepted to shown, at the worst"""
    findings: list[Finding] = field(default_factory=list)

    def add(self, other: Told) -> None:
        for one in fields(self):
            mine, theirs = getattr(self, one.name), getattr(other, one.name)
            setattr(self, one.name, max(mine, theirs) if one.name == "lateness" else mine + theirs)

    def __str__(self) -> str:
        return (
            f"{self.accepted} alerts accepted, {self.owed} messages owed, {self.seen} seen, {self.lost} lost, "
            f"{self.twins} twins left ({self.removed} removed), {self.limited} 429s provoked, "
            f"{self.killed} processes killed, {self.broken} calls broken, worst lateness {self.lateness:.0f} s"
        )


# ── people and sources ───────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(kw_only=True)
class Crowd:
    """Sources that insist, and people who press whatever they see."""

    village: Village
    chooser: random.Random
    alerts: int
    enough: threading.Event = field(default_factory=threading.Event)
    accepted_at: dict[str, float] = field(default_factory=dict)
    failed: list[BaseException] = field(default_factory=list)

    def begin(self) -> list[threading.Thread]:
        shares = [self.alerts // 3 + (n < self.alerts % 3) for n in range(3)]
        sources = [
            threading.Thread(target=self._safely, args=(lambda n=n, s=s: self._raise(SOURCES[n], s),), daemon=True)
            for n, s in enumerate(shares)
        ]
        people = threading.Thread(target=self._safely, args=(self._press,), daemon=True)
        for thread in (*sources, people):
            thread.start()
        return [*sources, people]

    def _safely(self, run: Callable[[], None]) -> None:
        try:
            run()
        except BaseException as error:  # noqa: BLE001  told by the round
            self.failed.append(error)

    def _raise(self, source: str, count: int) -> None:
        chooser = random.Random(f"{source}{self.chooser.random()}")
        for _ in range(count):
            severity = chooser.choice(("critical", "error", "warning", "info"))
            alert = self.village.raise_alert(source=source, severity=severity, seconds=90)
            self.accepted_at[alert] = time.time()
            time.sleep(chooser.uniform(0, LASTS / max(count, 1)))

    def _press(self) -> None:
        """One click after another on a card that is there; whether it was heard shows later."""
        chooser = random.Random(self.chooser.random())
        while not self.enough.wait(chooser.uniform(0.02, 0.2)):
            alerts = list(self.village.accepted)
            if not alerts:
                continue
            card = self.village.card(chooser.choice(alerts))
            if card is not None:
                self.village.click(chooser.choice(("ana", "ben")), "Acknowledge", card)


# ── a round ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True)
class Arena:
    """What all rounds share."""

    on: Ground
    zygote: Zygote
    http: httpx2.Client
    queue: Valkey
    folder: Path
    """of all rounds; one that failed keeps its own"""


def play(arena: Arena, *, seed: int, alerts: int, platform: str = "slack") -> Told:
    """One round. Never raises for what the product does: everything wrong is a finding."""
    chooser = random.Random(seed)
    folder = arena.folder / f"round-{seed}"
    folder.mkdir(parents=True)
    arena.queue.ensure()
    arena.queue.flush()
    told = Told()
    with village(
        folder,
        on=arena.on,
        zygote=arena.zygote,
        http=arena.http,
        haste=HASTE[platform],
        platform=platform,
        CLOSELOOP_REDIS_URL=arena.queue.url,
    ) as place:
        try:
            with place.side.watched():
                _play(place, arena, chooser, alerts, told)
        except AssertionError as error:
            told.findings.append(Finding("stuck", f"seed {seed}", str(error)))
        place.stop()
        _count(place, told)
        if told.findings:
            _keep(place, folder)
    if not told.findings:
        shutil.rmtree(folder)
    return told


def _play(place: Village, arena: Arena, chooser: random.Random, alerts: int, told: Told) -> None:
    supervisor = Supervisor(place)
    supervisor.start()
    monkey = Monkey(village=place, queue=arena.queue, supervisor=supervisor, chooser=chooser)
    monkey.very_late = chooser.random() < 0.1
    crowd = Crowd(village=place, chooser=chooser, alerts=alerts)
    try:
        place.until(lambda: supervisor.running[0].up, 30, why="the web process never came up")
        threads = crowd.begin()
        monkey.play(LASTS)
        monkey.heal()
        for thread in threads[:-1]:
            thread.join(100)
        crowd.enough.set()
        threads[-1].join(30)
        if crowd.failed:
            raise AssertionError(f"not everybody was heard: {crowd.failed[0]}")
        # A digest may wait for the end of its hour.
        place.calm(max(90, 3700 / place.haste), wait_for_all_looks=monkey.very_late)
    finally:
        monkey.heal()
        crowd.enough.set()
        supervisor.stop()
        told.killed += monkey.killed
        told.lateness = _lateness(place, crowd.accepted_at)
    told.findings += place.lasting_findings()


def _keep(place: Village, folder: Path) -> None:
    """The database, beside the logs; SQLite's lies there already."""
    if place.database_url.startswith("sqlite"):
        return
    name = place.database_url.partition("?")[0].rpartition("/")[2]
    place.store.close()
    with psycopg.connect(place.database_url.replace(name, "postgres", 1), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE kept_{name} TEMPLATE {name}")
    (folder / "database.txt").write_text(place.database_url.replace(name, f"kept_{name}"))


def _lateness(place: Village, accepted_at: dict[str, float]) -> float:
    """Machine seconds from the 202 to the first message of the card that took effect, at the worst."""
    first: dict[str, float] = {}
    for call in place.log()["calls"]:
        delivery = call["delivery"] or ""
        if call["method"] == place.side.post and call["ok"] and delivery.startswith("card:"):
            first.setdefault(delivery.split(":")[1], call["at"])
    waited = [first[alert] - at for alert, at in accepted_at.items() if alert in first]
    return max(waited, default=0.0) * place.haste


def _count(place: Village, told: Told) -> None:
    with place.store.database.reading() as connection:
        told.owed += connection.execute(text("SELECT count(*) FROM deliveries")).scalar_one()
        told.removed += connection.execute(text("SELECT count(*) FROM events WHERE kind = 'twin_removed'")).scalar_one()
    told.accepted += len(place.accepted)
    told.seen += sum(map(len, place.side.messages(place.store).values()))
    told.lost += sum(finding.rule in ("lost", "unseen", "unsettled") for finding in told.findings)
    told.twins += sum(finding.rule == "twin" for finding in told.findings)
    calls = place.log()["calls"]
    told.limited += sum(call["status"] == 429 and call["fault"] != "rate_limited" for call in calls)
    told.broken += sum(call["fault"] is not None for call in calls)
