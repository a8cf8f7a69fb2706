"""The same loop in Teams, over real HTTP: raised, shown, acknowledged, resolved, closed; chased in personal chats."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from story import house as houses
from story import town as towns
from story.town import Town
from story.workspace import until

ALERTS = "19:ai-alerts@thread.tacv2"
ROOMS = ("ai-alerts", "ai-exceptions", "payments", "models", "stock", "desk", "gate")


@dataclass
class Desk:
    """Teams as one person sees and uses it."""

    town: Town
    who: str

    def posts(self, alert: str = "", *, where: str = "") -> list[Any]:
        found = self.town.workspace.get("teams", **{"as": self.who})["posts"]
        return [one for one in found if alert in str(one["card"]) and (not where or one["conversation"] == where)]

    def card(self, alert: str, *, shows: str = "") -> Any:
        """The alert's one card in the channel, once it is there (and says `shows`)."""

        def there() -> Any:
            found = [one for one in self.posts(alert, where=ALERTS) if one["id"] == one["root"]]
            assert len(found) < 2, "two cards of one alert"
            return found[0] if found and shows in says(found[0]["card"]) else None

        return until(there, 15, why=lambda: f"no card shows {shows!r}: {[says(p['card']) for p in self.posts(alert)]}")

    def thread(self, card: Any) -> list[Any]:
        """What was said under a card."""
        return [one for one in self.posts() if one["root"] == card["id"] != one["id"]]

    def told(self, alert: str, count: int) -> list[Any]:
        """What they were told alone, once it is `count` messages."""
        own = f"a:{self.who}"
        until(lambda: len(self.posts(alert, where=own)) >= count, 15, why=f"{self.who} was not told {count} times")
        return self.posts(alert, where=own)

    def press(self, post: Any, label: str, **inputs: str) -> Any:
        """A button of the card as they see it, by its label."""
        (action,) = [one for one in actions(post["card"]) if one["title"] == label]
        body = {"conversation": post["conversation"], "id": post["id"], "verb": action["verb"], "data": action["data"]}
        filled = {f"field:{name}": value for name, value in inputs.items()}
        return self.town.workspace.post("teams/press", **{"as": self.who}, inputs=filled, **body)

    def look(self, post: Any) -> Any:
        return self.town.workspace.post(
            "teams/look", **{"as": self.who}, conversation=post["conversation"], id=post["id"]
        )

    def type(self, text: str, **where: str) -> Any:
        return self.town.workspace.post("teams/type", **{"as": self.who}, text=text, **where)


def elements(card: Any) -> Iterator[Any]:
    waiting = list(card["body"])
    while waiting:
        one = waiting.pop(0)
        yield one
        waiting = [*one.get("items", []), *waiting]


def says(card: Any) -> str:
    shown = []
    for one in elements(card):
        shown += [one["text"]] if one["type"] == "TextBlock" else [run["text"] for run in one.get("inlines", ())]
    return "\n".join(shown)


def actions(card: Any) -> list[Any]:
    return [action for one in elements(card) for action in one.get("actions", [])]


def titles(card: Any) -> list[str]:
    return [action["title"] for action in actions(card)]


@pytest.fixture(scope="module")
def town(tmp_path_factory: Any, http: httpx2.Client) -> Iterator[Town]:
    """The town of all stories, whose people are in Teams, and in which machine time passes ten times as fast."""
    config = yaml.safe_load(towns.CONFIG) | {"platform": "teams", "directory": ["file", "graph"]}
    config["teams"] = {"channels": {f"#{name}": f"19:{name}@thread.tacv2" for name in ROOMS}}
    folder: Path = tmp_path_factory.mktemp("teams")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(towns, "CONFIG", yaml.safe_dump(config))
        opened = Town.open(folder, database_url=houses.sqlite(folder), http=http, CLOSELOOP_HASTE="10")
    opened.workspace.post("teams/change", limited=False)
    yield opened
    opened.close()


@pytest.fixture
def ana(town: Town) -> Desk:
    return Desk(town, "U0ANA")


@pytest.fixture
def ben(town: Town) -> Desk:
    return Desk(town, "U0BEN")


@pytest.fixture
def cleo(town: Town) -> Desk:
    return Desk(town, "U0CLEO")


def test_an_alert_is_raised_shown_acknowledged_resolved_and_closed(town: Town, ana: Desk, ben: Desk) -> None:
    alert = town.raise_alert("ap-auditor", title="Invoice 4711 is above its order", severity="error")
    card = ana.card(alert)
    assert "<at>Ana Alvarez</at>" in says(card["card"])
    assert {"Acknowledge", "Resolve"} <= set(titles(card["card"]))
    assert set(card["card"]["refresh"]["userIds"]) == {"29:U0ANA", "29:U0CLEO"}, "Elsa is not in this channel"

    said = ana.press(card, "Acknowledge")
    assert said["status"] == 200 and said["answer"]["type"].endswith("card.adaptive")
    card = ana.card(alert, shows="Acknowledged")
    assert card["own"] and card["card"]["body"][0]["style"] == "accent", "what she is told, for her alone"
    assert "Acknowledged" in says(ben.card(alert, shows="Acknowledged")["card"])

    form = ana.press(card, "Resolve")["answer"]["value"]
    assert any(one["type"] == "Input.Text" for one in elements(form))
    assert "Input.Text" not in str(ben.card(alert)["card"]), "a form is for whoever asked for it"
    ana.press(ana.card(alert), "Resolve", what="Credit note 9 was booked.")
    card = ben.card(alert, shows="CLOSED")
    assert "Credit note 9 was booked." in says(card["card"])
    assert titles(card["card"]) == ["Reopen", "Note", "History"]
    assert card["card"]["refresh"]["userIds"] == []
    assert town.kinds(alert) == ["raised", "acknowledged", "resolved", "closed"]
    assert [event["actor"]["id"] for event in town.events(alert)] == ["ap-auditor", *["ana@acme.example"] * 3]


def step(town: Town, alert: str, kind: str, count: int) -> None:
    """Ten minutes on, by which the alert fires one step."""
    town.forward(minutes=10)
    until(lambda: town.kinds(alert).count(kind) == count, 15, why=lambda: f"{town.kinds(alert)}")


def test_nobody_reacts_and_owner_and_manager_are_told_in_their_own_chats(town: Town, ana: Desk, cleo: Desk) -> None:
    alert = town.raise_alert("ap-auditor", title="Nobody looks at this")
    card = ana.card(alert)
    step(town, alert, "nudged", 1)
    (nudge,) = until(lambda: ana.thread(card), 15, why="she was not reminded")
    assert "<at>Ana Alvarez</at>" in says(nudge["card"]), "a mention notifies her"
    step(town, alert, "nudged", 2)
    step(town, alert, "escalated", 1)
    told = cleo.told(alert, 1)[-1]
    assert "Nobody looks at this" in says(told["card"])
    assert cleo.press(told, "Acknowledge")["status"] == 200
    until(lambda: town.alert(alert)["owner"] == "cleo@acme.example", 15)


def test_who_may_not_is_told_so_and_nothing_changes(town: Town, ana: Desk, ben: Desk) -> None:
    alert = town.raise_alert("ap-auditor", title="Not for everybody")
    card = ben.card(alert)
    said = ben.press(card, "Snooze")
    assert "may not" in str(said["answer"]["value"])
    assert town.kinds(alert) == ["raised"]
    ben.look(card)
    until(
        lambda: not ben.card(alert)["own"] or titles(ben.card(alert)["card"]) == ["Acknowledge", "Note", "History"], 10
    )


def test_what_is_typed_is_answered_in_the_persons_own_chat(town: Town, ana: Desk) -> None:
    alert = town.raise_alert("ap-auditor", title="Find me by my name")
    ana.card(alert)
    before = len(ana.posts(where="a:U0ANA"))
    ana.type(f"status {alert[-6:]}")
    until(lambda: len(ana.posts(where="a:U0ANA")) > before, 10, why="no answer")
    until(lambda: "Find me by my name" in says(ana.posts(where="a:U0ANA")[-1]["card"] or {"body": []}), 10)


def test_a_card_whose_answer_was_lost_is_found_by_whoever_sees_it(town: Town, ana: Desk) -> None:
    """Teams commits the post and the connection breaks: her client's own request says that it is there."""
    fault = {"path": "^POST $", "status": 0, "body": "after", "times": 1}
    assert town.http.post(f"{town.workspace.url}/sandbox/api/teams/faults", json=fault).is_success
    alert = town.raise_alert("ap-auditor", title="Committed, then cut")
    card = ana.card(alert)
    ana.look(card)
    assert ana.press(card, "Acknowledge")["status"] == 200
    card = ana.card(alert, shows="Acknowledged")
    until(lambda: ana.card(alert)["edits"] > 0, 30, why="the card was never adopted")
    assert len([one for one in ana.posts(alert, where=ALERTS) if one["id"] == one["root"]]) == 1


REFUSED: list[tuple[str, dict[str, Any], int]] = [
    ("no token", {"token": ""}, 401),
    ("of another bot", {"claims": {"aud": "11111111-0000-4000-8000-00000000dead"}}, 403),
    ("expired", {"claims": {"exp": 1}}, 403),
    ("for another address", {"claims": {"serviceurl": "https://smba.trafficmanager.net/emea"}}, 403),
    ("of another tenant", {"activity": {"channelData": {"tenant": {"id": "x"}}}}, 403),
]


@pytest.mark.parametrize(("why", "body", "status"), REFUSED, ids=[why for why, *_ in REFUSED])
def test_who_is_not_the_connector_is_refused(town: Town, why: str, body: dict[str, Any], status: int) -> None:
    assert (
        town.workspace.post("teams/raw", **{"activity": {"type": "message", "text": "mine"}} | body)["status"] == status
    )


def test_what_is_of_no_kind_we_know_is_taken(town: Town) -> None:
    assert town.workspace.post("teams/raw", activity={"type": "somethingNew"})["status"] == 200


def test_somebody_without_the_app_is_passed_over_for_the_next_route(town: Town, ana: Desk, cleo: Desk) -> None:
    town.workspace.post("teams/change", installed={"U0CLEO": False})
    alert = town.raise_alert("ap-auditor", title="She has no app")
    ana.card(alert)
    step(town, alert, "nudged", 1)
    step(town, alert, "nudged", 2)
    step(town, alert, "escalated", 1)
    until(lambda: "rerouted" in town.kinds(alert), 20, why=lambda: f"{town.kinds(alert)}")
    town.workspace.post("teams/change", installed={"U0CLEO": True})
    assert cleo.posts(alert, where="a:U0CLEO") == []
