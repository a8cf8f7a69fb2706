"""One alert in Slack and in Teams, over real HTTP: two cards, one owner, and a press in either counts in both."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import yaml
from story import house as houses
from story import town as towns
from story.teams_town import ALERTS, Desk, says
from story.town import Town
from story.workspace import Channel, Person, until

FINANCE = "teams:#finance"


@pytest.fixture(scope="module")
def town(tmp_path_factory: Any, http: httpx2.Client) -> Iterator[Town]:
    config = yaml.safe_load(towns.CONFIG) | {"directory": ["file", "graph", "slack"]}
    config["teams"] = {"channels": {"#finance": ALERTS}}
    config["sources"]["ap-auditor"]["channel"] = ["#ai-alerts", FINANCE]
    config["people"]["cleo@acme.example"]["chat"] = "teams"
    folder = tmp_path_factory.mktemp("both")
    written, database_url = yaml.safe_dump(config), houses.sqlite(folder)
    opened = Town.open(folder, database_url=database_url, http=http, config=written, CLOSELOOP_HASTE="10")
    opened.workspace.post("teams/change", limited=False)
    yield opened
    opened.close()


def in_slack(town: Town, alert: str, *, shows: str = "") -> Any:
    def there() -> Any:
        found = Channel(town.workspace, "C0ALERTS").cards(alert)
        assert len(found) < 2, "two cards of one alert in one channel"
        return found[0] if found and shows in found[0].says else None

    return until(there, 15, why=f"no card shows {shows!r}")


def test_taken_in_teams_and_resolved_in_slack(town: Town) -> None:
    alert = town.raise_alert("ap-auditor", title="Paid twice")
    ana, ben = Person(town.workspace, "ana"), Desk(town, "U0BEN")
    in_slack(town, alert)
    card = ben.card(alert)
    assert ben.press(card, "Acknowledge")["status"] == 200
    ben.card(alert, shows="Acknowledged")
    card = in_slack(town, alert, shows="Acknowledged")
    assert "Ben Okafor" in card.says
    assert "Ben Okafor" in ana.told(lambda: ana.press("Not mine", card)), "she may not: it is his now"
    assert Person(town.workspace, "ben").fill("Resolve", card, what="The second payment was stopped.").ok
    assert "The second payment was stopped." in says(ben.card(alert, shows="CLOSED")["card"])
    in_slack(town, alert, shows="The second payment was stopped.")
    assert town.kinds(alert) == ["raised", "acknowledged", "resolved", "closed"]
    assert [one["actor"]["id"] for one in town.events(alert)][1:] == ["ben@acme.example"] * 3


def test_a_manager_who_chose_teams_is_told_there_and_a_note_stands_under_both(town: Town) -> None:
    alert = town.raise_alert("ap-auditor", title="Nobody looks")
    ana, cleo = Person(town.workspace, "ana"), Desk(town, "U0CLEO")
    shown, card = in_slack(town, alert), cleo.card(alert)
    assert ana.fill("Note", shown, text="Waiting for the bank.").ok
    until(lambda: any("Waiting for the bank." in says(one["card"]) for one in cleo.thread(card)), 15)
    channel = Channel(town.workspace, "C0ALERTS")
    until(lambda: any("Waiting for the bank." in one.says for one in channel.thread(shown)), 15)
    for kind, count in (("nudged", 1), ("nudged", 2), ("escalated", 1)):
        town.forward(minutes=10)
        until(lambda kind=kind, count=count: town.kinds(alert).count(kind) == count, 15, why=kind)
    told = cleo.told(alert, 1)
    assert "Nobody looks" in says(told[-1]["card"])
    assert not [one for one in Person(town.workspace, "cleo").dms() if alert in str(one)]
