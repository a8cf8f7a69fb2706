"""kill -9 and an emptied queue: what was accepted is shown all the same, once."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import httpx2
import pytest
import redis
from story import promises
from story.town import SOURCES, Town
from story.workspace import until


@dataclass(eq=False)
class Sender(threading.Thread):
    """Sources that raise four alerts a second, each again with the same Idempotency-Key until they hear a 202."""

    town: Town
    accepted: dict[str, str] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    enough: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def run(self) -> None:
        with httpx2.Client(trust_env=False, timeout=20) as http:
            while not self.enough.wait(0.25):
                source = SOURCES[len(self.accepted) % len(SOURCES)]
                self.accepted[self._insist(http, len(self.accepted), source)] = source

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
            self.enough.wait(0.1)
        raise AssertionError(f"never accepted: {self.refused[-1]}")

    def more(self, count: int) -> None:
        """Once so many more were accepted."""
        wanted = len(self.accepted) + count
        until(lambda: len(self.accepted) >= wanted, 60, why=f"too few were accepted: {self.refused[-3:]}")

    def all(self) -> list[str]:
        """Every alert that was accepted, in its order; none comes after them."""
        self.enough.set()
        self.join(60)
        assert not self.is_alive()
        self.town.raised |= self.accepted
        return list(self.accepted)


@pytest.mark.timeout(300)
def test_whatever_is_killed_is_started_again_and_every_accepted_alert_gets_one_card(town: Town) -> None:
    sender = Sender(town)
    sender.start()
    for name in ("worker-1", "clock", "web", "valkey", "worker-2"):
        sender.more(3)
        gone = town.product.kill(name)
        until(lambda: town.product.pid(name) != gone, 30, why=f"{name} was not started again")  # noqa: B023
    sender.more(1)

    alerts = sender.all()
    until(town.ready, 60, why="it was never ready again")
    # Who was killed while sending left an unknown outcome: it is looked at when its lease is over, and settled.
    promises.everything_owed_is_settled(town, 120)
    for number, alert in enumerate(alerts):
        assert f"Number {number}" in town.card(alert).says


def test_an_emptied_queue_loses_nothing(town: Town) -> None:
    sender = Sender(town)
    sender.start()
    with redis.Redis.from_url(town.valkey) as queue:
        until(lambda: queue.flushall() and len(sender.accepted) >= 10, 60, why="too few were accepted")
        alerts = sender.all()
        queue.flushall()
    for alert in alerts:
        town.card(alert, seconds=20)
