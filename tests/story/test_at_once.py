"""Clicks that meet: twice, at once, too late. One has its effect, everybody gets an answer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from story.seen import Person, Pressed, Shown
from story.town import Town


def both(first: Person, second: Person, card: Shown) -> list[Pressed]:
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda person: person.press("Acknowledge", card), (first, second)))


def test_a_double_click_acknowledges_once_and_is_answered(town: Town) -> None:
    alert = town.raise_alert("fraud-watch")
    card = town.card(alert)

    said = town.ana.told(lambda: _all_well(both(town.ana, town.ana, card)), "#payments")
    town.until(lambda: len(_new(town, alert)) == 2, why="not both clicks were answered")
    answers = " ".join(_new(town, alert)) + said
    assert "Ana Alvarez acknowledged" in answers and "You have this since" in answers
    town.happened(alert, "raised", "acknowledged")


def test_of_two_people_who_click_at_once_one_wins_and_the_other_is_told_who(town: Town) -> None:
    alert = town.raise_alert("fraud-watch")
    card = town.card(alert)
    _all_well(both(town.ana, town.ben, card))

    (_, won) = town.happened(alert, "raised", "acknowledged")
    winner, loser = (town.ana, town.ben) if won["actor"]["id"] == town.ana.email else (town.ben, town.ana)
    name = {"ana": "Ana Alvarez", "ben": "Ben Okafor"}[winner.name]
    town.until(lambda: f"{name} acknowledged this" in _heard(loser), why="the loser was not told")
    assert f"{name} acknowledged." in _heard(winner)
    assert town.alert(alert)["owner"] == winner.email
    assert f"owner @{winner.id}" in town.card(alert, shows="Acknowledged").says


def test_a_button_on_a_message_that_is_out_of_date_changes_nothing_and_says_what_happened_since(town: Town) -> None:
    alert = town.raise_alert()
    town.card(alert)
    for _ in range(3):
        events = len(town.events(alert))
        town.forward(minutes=10)
        town.until(lambda: len(town.events(alert)) > events, why="the clock did nothing")  # noqa: B023
    (told,) = town.dms("cleo", alert, 1)

    assert town.ben.press("Acknowledge", town.card(alert)).ok
    town.card(alert, shows="Acknowledged")
    before = town.events(alert)
    said = town.cleo.told(lambda: town.cleo.press("Not mine", told), told.channel)
    assert "This changed meanwhile" in said and "Ben Okafor acknowledged" in said and "Nothing was done." in said
    said = town.cleo.told(lambda: town.cleo.press("Acknowledge", told), told.channel)
    assert "Ben Okafor acknowledged this" in said
    assert town.events(alert) == before


def test_a_form_that_was_filled_in_too_long_changes_nothing_and_says_why(town: Town) -> None:
    alert = town.raise_alert()
    form = town.ana.form("Dismiss", town.card(alert))
    assert town.ben.press("Acknowledge", town.card(alert)).ok
    town.card(alert, shows="Acknowledged")

    refused = town.ana.submit(form, reason="It is a test invoice.")
    assert "You may not dismiss this alert. Ask Ben Okafor, who owns it" in refused.answer
    town.happened(alert, "raised", "acknowledged")


def _all_well(pressed: list[Pressed]) -> Pressed:
    assert all(one.ok for one in pressed)
    return pressed[0]


def _new(town: Town, alert: str) -> list[str]:
    """What Ana was told since the card of this alert was posted."""
    card = town.card(alert)
    return [said.says for said in town.ana.private("#payments") if said.ts > card.ts]


def _heard(person: Person) -> str:
    return " ".join(said.says for said in person.private("#payments"))
