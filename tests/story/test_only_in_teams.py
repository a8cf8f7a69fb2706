"""The same loop in Teams, over real HTTP: raised, shown, acknowledged, resolved, closed; chased in personal chats."""

from __future__ import annotations

from typing import Any

import pytest
from story.teams_town import ALERTS, Desk, actions, elements, says, titles
from story.town import Town
from story.workspace import until


def test_an_alert_is_raised_shown_acknowledged_resolved_and_closed(town: Town, ana: Desk, ben: Desk) -> None:
    alert = town.raise_alert("ap-auditor", title="Invoice 4711 is above its order", severity="error")
    card = ana.card(alert)
    assert "<at>Ana Alvarez</at>" in says(card["card"])
    assert {"Acknowledge", "Resolve"} <= set(titles(card["card"]))
    assert set(card["card"]["refresh"]["userIds"]) == {"29:U0ANA", "29:U0CLEO"}, "Elsa is not in this channel"

    said = ana.press(card, "Acknowledge")
    assert said["status"] == 200 and said["answer"]["type"].endswith("card.adaptive")
    assert said["answer"]["value"]["body"][0]["style"] == "accent", "what she is told, for her alone"
    # Everybody's card takes the place of her own view once it is edited.
    assert "accent" not in str(ben.card(alert, shows="Acknowledged")["card"])
    card = ana.card(alert, shows="Acknowledged")

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
    until(lambda: town.kinds(alert).count(kind) >= count, 15, why=lambda: f"{town.kinds(alert)}")


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


def test_the_report_comes_in_words_to_whoever_asked(town: Town, cleo: Desk) -> None:
    alert = town.raise_alert("fraud-watch")
    assert town.ana.fill("Resolve", town.card(alert), what="Booked.").ok
    town.card(alert, shows="CLOSED")
    assert "The report is being drawn" in town.cleo.type("/loop report").says
    report = town.until(lambda: town.letters("cleo", about="Four weeks"), 60, why="no report came")[-1]
    assert "Image" not in str(report.card) and "Ana" not in report.says, "no pictures, and nobody is ranked"
    assert len(report.says) > 400, "what the pictures show is said"


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


def test_what_is_replayed_is_answered_and_changes_nothing(town: Town, ana: Desk) -> None:
    """The Connector itself sends again what it thinks was not heard, also when somebody did something else since."""
    alert = town.raise_alert("ap-auditor", title="Replayed")
    card = ana.card(alert)
    (button,) = [one for one in actions(card["card"]) if one["title"] == "Acknowledge"]
    action = {"type": "Action.Execute", "verb": button["verb"], "data": button["data"]}
    invoke = {"type": "invoke", "name": "adaptiveCard/action", "value": {"action": action, "trigger": "manual"}}
    pressed = {"id": "f:acknowledged", "replyToId": card["id"], **invoke}
    where = f"{ALERTS};messageid={card['id']}"
    for _ in range(3):
        assert town.workspace.post("teams/raw", conversation=where, activity=pressed)["status"] == 200
    town.happened(alert, "raised", "acknowledged")

    def hears(words: str) -> bool:
        return any(words in says(one["card"]) for one in ana.posts(where="a:U0ANA") if one["card"])

    away = {"type": "message", "id": "f:away", "text": "away for 3 days"}
    assert town.workspace.post("teams/raw", activity=away)["status"] == 200
    until(lambda: hears("Nobody stands in"), 15, why="she was not told that she is away")
    assert "Welcome back" in town.ana.type("/loop back").says
    assert town.workspace.post("teams/raw", activity=away)["status"] == 200
    until(lambda: hears("answered already"), 15, why="the repeat was not answered")
    assert "Ana" not in town.ana.type("/loop away").says


def test_what_is_of_no_kind_we_know_is_taken(town: Town) -> None:
    assert town.workspace.post("teams/raw", activity={"type": "somethingNew"})["status"] == 200


def test_somebody_without_the_app_is_passed_over_for_the_next_route(town: Town, ana: Desk, cleo: Desk) -> None:
    town.workspace.post("teams/change", installed={"U0CLEO": False})
    alert = town.raise_alert("ap-auditor", title="She has no app")
    town.unreachable.add(alert)
    ana.card(alert)
    step(town, alert, "nudged", 1)
    step(town, alert, "nudged", 2)
    step(town, alert, "escalated", 1)
    until(lambda: "rerouted" in town.kinds(alert), 20, why=lambda: f"{town.kinds(alert)}")
    town.workspace.post("teams/change", installed={"U0CLEO": True})
    assert cleo.posts(alert, where="a:U0CLEO") == []
