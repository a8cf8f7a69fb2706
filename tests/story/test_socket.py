"""Socket Mode: the same loop where Slack cannot reach the bot."""

from __future__ import annotations

import pytest
from story.town import Town


@pytest.mark.parametrize("house", ["socket"], indirect=True, scope="session")
def test_a_card_is_acknowledged_and_resolved_over_the_socket(town: Town) -> None:
    opened = "apps.connections.open"
    town.until(lambda: [c for c in town.log()["calls"] if c["method"] == opened and c["ok"]], why="it never connected")
    alert = town.raise_alert()
    assert town.ana.press("Acknowledge", town.card(alert)).ok
    card = town.card(alert, shows="Acknowledged")
    assert town.ana.fill("Resolve", card, what="Booked.").ok
    town.card(alert, shows="CLOSED")
    assert "Nothing is open here" in town.ana.type("/loop mine").says
    town.happened(alert, "raised", "acknowledged", "resolved", "closed")

    ways = {line["via"] for line in town.log()["inbound"]}
    assert ways == {"socket"}
