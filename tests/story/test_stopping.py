"""Stopped while alerts come in: everything that was answered with 202 is stored. Told last: it ends the town."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import httpx2
from story.town import SOURCES, Town
from story.workspace import until


@dataclass(eq=False)
class Load(threading.Thread):
    """A source that sends as fast as it can until nobody answers any more."""

    town: Town
    source: str
    accepted: list[str] = field(default_factory=list)
    broke: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def run(self) -> None:
        headers = {"authorization": f"Bearer {self.town.keys[self.source]}"}
        with httpx2.Client(trust_env=False, timeout=20) as http:
            while True:
                try:
                    answer = http.post(
                        f"{self.town.url}/v1/alerts", json={"title": "Load", "severity": "info"}, headers=headers
                    )
                except httpx2.TransportError:
                    return
                if answer.status_code == 202:
                    self.accepted.append(answer.json()["id"])
                elif answer.status_code not in (429, 503):
                    self.broke.append(answer.text)


def test_sigterm_under_load_loses_nothing_that_was_accepted_and_ends_in_time(town: Town) -> None:
    senders = [Load(town, source) for source in SOURCES]
    for sender in senders:
        sender.start()
    until(lambda: all(len(sender.accepted) >= 10 for sender in senders), 20)

    town.close()

    for sender in senders:
        sender.join(20)
    accepted = [alert for sender in senders for alert in sender.accepted]
    assert [alert for alert in accepted if town.store.alert(alert) is None] == []
    assert [said for sender in senders for said in sender.broke] == []
    assert [alert for alert in accepted if len(town.store.events(alert)) == 0] == []
    town.store.close()
