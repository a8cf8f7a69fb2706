"""Somebody is away: whoever stands in is asked, or the next in line, and both names stay in the trail."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from story.town import Town


@pytest.fixture(autouse=True)
def everybody_is_back(town: Town) -> Iterator[None]:
    yield
    for person in (town.ana, town.ben):
        person.type("/loop back")


def test_new_alerts_of_somebody_who_is_away_go_to_whoever_stands_in_and_open_ones_when_they_are_due(
    town: Town,
) -> None:
    before = town.raise_alert(title="Raised before she left")
    town.card(before, shows="owner @U0ANA")

    said = town.ana.type("/loop away until tomorrow 12:00 delegate @ben because trip")
    assert "Ana Alvarez is away until" in said.says and "Ben Okafor stands in" in said.says

    fresh = town.raise_alert(title="Raised while she is away")
    assert town.card(fresh, shows="owner @U0BEN").mentions == {"U0BEN"}
    (raised,) = town.happened(fresh, "raised")
    assert "stands in for ana@acme.example, away until" in raised["reason"]
    assert town.alert(fresh)["owner"] == "ben@acme.example"

    # Nothing moves by itself: what she had is asked of him when it is due.
    assert town.alert(before)["owner"] == "ana@acme.example"
    town.forward(minutes=10)
    delegated = town.happened(before, "raised", "delegated")[1]
    assert delegated["actor"]["id"] == "clock" and delegated["reason"].startswith("away until ")
    assert delegated["data"] == delegated["data"] | {"from": "ana@acme.example", "to": "ben@acme.example"}
    card = town.card(before, shows="owner @U0BEN")
    assert "Ana Alvarez is away until" in card.says and "Ben Okafor stands in" in card.says
    (told,) = town.dms("ben", before, 1)
    assert told.kind == "assigned" and "This is yours now." in told.says
    assert town.ben.press("Acknowledge", told).ok
    town.card(before, shows="Acknowledged")
    assert town.dms("ana", before) == []


def test_who_is_away_is_listed_until_they_are_back(town: Town) -> None:
    town.ana.type("/loop away for 2d delegate ben@acme.example because a wedding in Porto")
    listed = town.ana.type("/loop away").says
    assert "1 away." in listed and "Ana Alvarez until" in listed
    assert "Ben Okafor stands in" in listed and "a wedding in Porto" in listed

    assert "Welcome back, Ana Alvarez." in town.ana.type("/loop back").says
    assert "Nobody who concerns you is away." in town.ana.type("/loop away").says
    alert = town.raise_alert()
    town.card(alert, shows="owner @U0ANA")
    assert "is not marked as away here" in town.ana.type("/loop back").says


def test_nothing_is_delegated_to_somebody_who_cannot_take_it(town: Town) -> None:
    town.ben.type("/loop away for 2d")
    said = town.ana.type("/loop away for 1d delegate @ben").says
    assert "Ben Okafor is away too, until" in said
    assert "Name somebody else to stand in." in town.ana.type("/loop away for 1d delegate @ana").says
    assert "cannot stand in: guest." in town.ana.type("/loop away for 1d delegate @gus").says
    assert "Say until when" in town.ana.type("/loop away delegate @cleo").says
    assert "can say this" in town.ben.type("/loop away @ana for 1d").says
    alert = town.raise_alert()
    town.card(alert, shows="owner @U0ANA")


def test_a_manager_says_it_for_somebody_who_fell_ill(town: Town) -> None:
    assert "Ana Alvarez is away until" in town.cleo.type("/loop away @ana for 3d delegate @ben because ill").says
    alert = town.raise_alert()
    town.card(alert, shows="owner @U0BEN")
    assert "Welcome back, Ana Alvarez." in town.cleo.type("/loop back @ana").says


def test_without_anybody_who_stands_in_the_next_in_line_is_asked_and_the_trail_says_so(town: Town) -> None:
    before = town.raise_alert(title="Raised before she left")
    town.card(before)
    assert "Nobody stands in" in town.ana.type("/loop away for 2d").says

    fresh = town.raise_alert(title="Raised while she is away")
    town.card(fresh, shows="owner @U0CLEO")
    (raised,) = town.happened(fresh, "raised")
    assert raised["reason"].startswith("ana@acme.example is away until ")
    assert raised["reason"].endswith("manager of ana@acme.example")

    # The open one stays hers; her manager is asked at once instead of her.
    town.forward(minutes=10)
    escalated = town.happened(before, "raised", "escalated")[1]
    assert escalated["data"]["asked"] == ["@cleo@acme.example"]
    (over,) = escalated["data"]["skipped"]
    assert over.startswith("owner: ana@acme.example is away until ")
    (told,) = town.dms("cleo", before, 1)
    assert told.kind == "escalation"
    assert "stepped over owner: ana@acme.example is away until" in town.card(before, shows="stepped over").says
    assert town.alert(before)["owner"] == "ana@acme.example"


def test_a_status_in_the_chat_counts_as_an_absence_until_it_is_cleared(town: Town) -> None:
    before = town.raise_alert(title="Raised before she left")
    town.card(before)
    town.ana.set_status("Vacationing", ":palm_tree:", until=town.now() + 3 * 86400)
    town.forward(minutes=11)  # what is known of people is asked anew after ten minutes
    assert "Ana Alvarez until" in town.cleo.type("/loop away", channel="#desk").says
    fresh = town.raise_alert(title="Raised while she is away")
    town.card(fresh, shows="owner @U0CLEO")
    assert "ana@acme.example is away until" in town.happened(fresh, "raised")[0]["reason"]

    town.ana.set_status("")
    town.forward(minutes=11)
    assert "Ana Alvarez until" not in town.ana.type("/loop away").says
    alert = town.raise_alert()
    town.card(alert, shows="owner @U0ANA")
