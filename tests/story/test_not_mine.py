"""Passed on three times: a human has to settle it."""

from __future__ import annotations

from story.town import Town


def test_what_three_people_say_is_not_theirs_is_an_exception_for_the_owner_of_last_resort(town: Town) -> None:
    alert = town.raise_alert("desk-watch", labels={"ask": "chain"}, title="Nobody's invoice")
    assert town.ana.press("Not mine", town.card(alert, shows="owner @U0ANA")).ok
    assert town.ben.press("Not mine", town.card(alert, shows="owner @U0BEN")).ok
    (told,) = town.dms("cleo", alert, 1)
    assert town.cleo.press("Not mine", told).ok

    card = town.card(alert, shows="owner @U0ELSA")
    assert "3 people said it is not theirs; asked #ai-exceptions" in card.says
    events = town.happened(alert, "raised", "declined", "declined", "declined", "exception")
    assert [event["data"]["hops"] for event in events[1:4]] == [1, 2, 3]
    assert [event["data"]["to"].partition("@")[0] for event in events[1:4]] == ["ben", "cleo", "elsa"]
    assert events[4]["reason"] == "3 people said it is not theirs"
    assert town.dms("elsa", alert, 1)[0].kind == "assigned"

    exceptions = town.channel("#ai-exceptions")
    (said,) = town.until(lambda: exceptions.said(alert), why="the channel was not told")
    assert said.kind == "exception" and "3 people said it is not theirs. Owner: @U0ELSA. Who takes this?" in said.says
    assert "Nobody's invoice" in town.cleo.type("/loop exceptions", channel="#desk").says

    assert town.cleo.press("Acknowledge", said).ok
    town.card(alert, shows="owner @U0CLEO")
    assert "Nobody's invoice" not in town.cleo.type("/loop exceptions", channel="#desk").says
