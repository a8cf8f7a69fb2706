"""kill -9 and an emptied queue: what was accepted is shown all the same, once."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

import httpx2
import pytest
import redis
from story import promises
from story.town import SOURCES, Town
from story.workspace import until


@dataclass(eq=False)
class Sender(threading.Thread):
    """A source that tries again, with the same Idempotency-Key, until it hears a 202."""

    town: Town
    count: int
    accepted: dict[str, str] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def run(self) -> None:
        with httpx2.Client(trust_env=False, timeout=20) as http:
            for number in range(self.count):
                source = SOURCES[number % len(SOURCES)]
                self.accepted[self._insist(http, number, source)] = source

    def _insist(self, http: httpx2.Client, number: int, source: str) -> str:
        headers = {"authorization": f"Bearer {self.town.keys[source]}", "idempotency-key": f"{id(self)}-{number}"}
        body = {"title": f"Number {number}", "severity": "error"}
        for _ in range(600):
            try:
                answer = http.post(f"{self.town.url}/v1/alerts", json=body, headers=headers)
                if answer.status_code == 202:
                    return str(answer.json()["id"])
                self.refused.append(answer.text)
            except httpx2.TransportError as error:
                self.refused.append(type(error).__name__)
            time.sleep(0.05)
        raise AssertionError(f"never accepted: {self.refused[-1]}")

    def all(self) -> list[str]:
        self.join(60)
        assert not self.is_alive()
        self.town.raised |= self.accepted
        assert len(self.accepted) == self.count
        return list(self.accepted)


@pytest.mark.timeout(300)
def test_whatever_is_killed_is_started_again_and_every_accepted_alert_gets_one_card(town: Town) -> None:
    sender = Sender(town, 16)
    sender.start()
    for name in ("worker-1", "clock", "web", "valkey", "worker-2"):
        seen = len(sender.accepted)
        gone = town.product.kill(name)
        until(lambda: town.product.pid(name) != gone, 30, why=f"{name} was not started again")  # noqa: B023
        until(lambda: len(sender.accepted) > seen or not sender.is_alive(), 30)  # noqa: B023

    alerts = sender.all()
    until(town.ready, 60, why="it was never ready again")
    # Who was killed while sending left an unknown outcome: it is looked at when its lease is over, and settled.
    promises.everything_owed_is_settled(town, 100)
    for alert in alerts:
        assert f"Number {alerts.index(alert)}" in town.card(alert).says


def test_an_emptied_queue_loses_nothing(town: Town) -> None:
    sender = Sender(town, 12)
    with redis.Redis.from_url(town.valkey) as queue:
        sender.start()
        while sender.is_alive():
            queue.flushall()
        queue.flushall()
    for alert in sender.all():
        town.card(alert, seconds=20)
