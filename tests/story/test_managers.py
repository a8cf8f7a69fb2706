"""The chain of managers: cut where it turns in a circle, stepped over where somebody left."""

from __future__ import annotations

from story.town import Town


def test_a_circle_of_managers_ends_the_chain_and_the_alert_still_reaches_somebody(town: Town) -> None:
    town.joins("jan"), town.joins("kim")
    alert = town.raise_alert(owner="jan@acme.example")
    town.card(alert, shows="owner @U0JAN")
    for kinds in (["nudged"], ["nudged", "nudged"], ["nudged", "nudged", "escalated"]):
        town.forward(minutes=10)
        events = town.happened(alert, "raised", *kinds)
    assert events[-1]["data"]["asked"] == ["@kim@acme.example"]
    (told,) = town.dms("kim", alert, 1)
    assert told.kind == "escalation"

    # Above her it would be his turn again: instead it is the channel's.
    town.forward(minutes=15)
    town.happened(alert, "raised", *kinds, "nudged")
    town.forward(minutes=15)
    events = town.happened(alert, "raised", *kinds, "nudged", "exception")
    assert events[-1]["data"]["skipped"] == ["manager of manager: nobody in the directory"]
    exceptions = town.channel("#ai-exceptions")
    town.until(lambda: [said.kind for said in exceptions.said(alert)] == ["exception"])


def test_a_manager_who_left_is_stepped_over_and_the_trail_says_so(town: Town) -> None:
    town.joins("lou"), town.joins("mia")
    assert "Nothing is open here" in town.person("mia").type("/loop mine").says
    town.leaves("mia")
    town.forward(minutes=11)  # what is known of people is asked anew after ten minutes
    alert = town.raise_alert(owner="lou@acme.example")
    town.card(alert, shows="owner @U0LOU")
    for kinds in (["nudged"], ["nudged", "nudged"], ["nudged", "nudged", "escalated"]):
        town.forward(minutes=10)
        events = town.happened(alert, "raised", *kinds)

    assert events[-1]["data"]["skipped"] == ["manager: mia@acme.example is deactivated"]
    assert events[-1]["data"]["asked"] == ["@ben@acme.example"]
    (told,) = town.dms("ben", alert, 1)
    assert told.kind == "escalation"
    card = town.card(alert, shows="asked Ben Okafor")
    assert "stepped over manager: mia@acme.example is deactivated" in card.says
