"""Socket Mode: the same loop where Slack cannot reach the bot."""

from __future__ import annotations

import pytest
from story.town import Town


@pytest.mark.parametrize("house", ["socket"], indirect=True, scope="session")
def test_a_card_is_acknowledged_and_resolved_over_the_socket(town: Town) -> None:
    town.until(lambda: connections(town) == 2, why="it never connected")
    alert = town.raise_alert()
    assert town.ana.press("Acknowledge", town.card(alert)).ok
    card = town.card(alert, shows="Acknowledged")
    assert town.ana.fill("Resolve", card, what="Booked.").ok
    town.card(alert, shows="CLOSED")
    assert "Nothing is open here" in town.ana.type("/loop mine").says
    town.happened(alert, "raised", "acknowledged", "resolved", "closed")

    assert {line["via"] for line in town.log()["inbound"]} == {"socket"}
    answers_again_after_slack_closed_the_sockets(town)


def answers_again_after_slack_closed_the_sockets(town: Town) -> None:
    """Slack does it every few hours: the bot comes back by itself."""
    before = connections(town)
    town.workspace.post("disconnect")
    town.until(lambda: connections(town) >= before + 2, 30, why="it never came back")
    # Being let in is not being there yet; until then the stand-in goes the other way.
    town.until(lambda: asked(town)["via"] == "socket", why="nothing went over the new socket")


def asked(town: Town) -> dict[str, object]:
    """What the stand-in noted of a command that was answered as it should be."""
    assert "Nothing is open here" in town.ana.type("/loop mine").says
    return dict(town.log()["inbound"][-1])


def connections(town: Town) -> int:
    """How often the bot was let in."""
    return sum(call["method"] == "apps.connections.open" and call["ok"] for call in town.log()["calls"])
