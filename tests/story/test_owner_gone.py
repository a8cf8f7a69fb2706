"""An owner who cannot be asked: the next one up is, and the trail says so."""

from __future__ import annotations

import pytest
from story.town import Town


@pytest.mark.parametrize("name", ["fay", "gil"], ids=["never seen before", "seen before"])
def test_an_owner_who_left_before_the_raise_is_replaced_by_the_next_one_up(town: Town, name: str) -> None:
    town.joins(name)
    if name == "gil":
        assert "Nothing is open here" in town.person(name).type("/loop mine").says
        town.forward(minutes=11)  # what is known of people is asked anew after ten minutes
    town.leaves(name)

    alert = town.raise_alert(owner=f"{name}@acme.example")

    card = town.card(alert, shows="owner @U0CLEO")
    assert card.mentions == {"U0CLEO"}
    town.dms("cleo", alert, 1)
    (moved,) = [event for event in town.events(alert) if event["kind"] == "reassigned"]
    assert moved["actor"]["id"] == "clock" and moved["reason"].startswith(f"{name}@acme.example is ")


def test_an_owner_who_leaves_while_it_is_open_is_replaced_when_the_clock_asks(town: Town) -> None:
    town.joins("ida", deleted=False)
    alert = town.raise_alert(owner="ida@acme.example")
    assert "owner @U0IDA" in town.card(alert).says
    town.leaves("ida")

    town.forward(minutes=10)

    events = town.happened(alert, "raised", "reassigned")
    assert events[1]["reason"] == "ida@acme.example is deactivated"
    assert events[1]["data"] == events[1]["data"] | {"from": "ida@acme.example", "to": "ben@acme.example"}
    card = town.card(alert, shows="owner @U0BEN")
    assert "The clock gave this to Ben Okafor: ida@acme.example is deactivated" in card.says
    (told,) = town.dms("ben", alert, 1)
    assert told.kind == "assigned"


def test_an_owner_whom_nobody_knows_makes_it_the_owner_of_last_resort_s(town: Town) -> None:
    alert = town.raise_alert(owner="nobody@acme.example")

    assert town.card(alert, shows="owner @U0ELSA").mentions == {"U0ELSA"}
    events = town.happened(alert, "raised", "reassigned")
    assert events[1]["reason"] == "nobody@acme.example is unknown"
    town.dms("elsa", alert, 1)


def test_an_owner_may_be_named_by_their_chat_id(town: Town) -> None:
    alert = town.raise_alert(owner=town.ben.chat_id)
    assert town.card(alert, shows="owner @U0BEN").mentions == {"U0BEN"}
    assert town.ben.press("Acknowledge", town.card(alert)).ok
    town.card(alert, shows="Acknowledged")
    assert town.alert(alert)["owner"] == "ben@acme.example"
