"""Muted: what a source raises waits in silence, until an end, and is listed then."""

from __future__ import annotations

from story.town import Town


def silent(town: Town, alert: str) -> None:
    """It has no card: an alert raised after it, elsewhere, is the witness."""
    town.card(town.raise_alert("stock-watch"))
    assert town.place(alert).cards(alert) == []


def test_what_a_mute_holds_back_has_no_card_until_its_end_and_is_listed_then(town: Town) -> None:
    said = town.ana.type("/loop mute gate-watch for 2h because the gate is rebuilt").says
    assert "gate-watch is muted until" in said and "What is critical comes all the same." in said
    listed = town.ben.type("/loop mute").says
    assert "1 muted." in listed and "gate-watch until" in listed and "the gate is rebuilt" in listed

    held = town.raise_alert("gate-watch", title="The gate counts twice", severity="error")
    over = town.raise_alert("gate-watch", title="The gate counted wrong", severity="warning")
    grave = town.raise_alert("gate-watch", title="The gate is on fire", severity="critical")
    town.card(grave, shows="owner @U0ANA")
    silent(town, held)
    assert town.cleared(over).json()["status"] == "closed"
    town.forward(hours=1)
    silent(town, held)
    town.happened(held, "raised")
    assert "Muted" in town.ana.type(f"/loop status {held[-6:]}").says

    town.forward(hours=1)
    card = town.card(held, shows="The mute that held this back ended")
    assert card.mentions == {"U0ANA"} and "not acknowledged yet" in card.says
    town.happened(held, "raised", "snooze_ended")
    letter = town.until(lambda: town.letters("ana", about="the mute of gate-watch is over"), why="no list came")[-1]
    assert "It held back 2 alerts; still open: 1." in letter.says
    assert "The gate counts twice" in letter.says and "The gate counted wrong" in letter.says
    assert "on fire" not in letter.says
    assert "Nothing is muted." in town.ana.type("/loop mute").says

    # Its clock begins where the mute ends.
    town.forward(minutes=10)
    town.happened(held, "raised", "snooze_ended", "nudged")


def test_a_mute_that_is_ended_by_hand_shows_what_it_held_back(town: Town) -> None:
    town.ana.type("/loop mute gate-watch for 2h")
    held = town.raise_alert("gate-watch", title="The gate counts twice")
    silent(town, held)
    assert "1 alert that it held back is shown now." in town.ana.type("/loop unmute gate-watch").says
    town.card(held, shows="owner @U0ANA")
    alert = town.raise_alert("gate-watch")
    town.card(alert)


def test_only_who_answers_for_it_mutes_it_and_always_with_an_end(town: Town) -> None:
    assert (
        "Only who answers for it, its owner or an admin can mute" in town.ben.type("/loop mute gate-watch for 2h").says
    )
    assert "A mute always ends" in town.ana.type("/loop mute gate-watch").says
    assert "A mute ends within 30 days" in town.ana.type("/loop mute gate-watch for 60d").says
    assert "Nothing of this name is muted." in town.ana.type("/loop unmute gate-watch").says
    town.card(town.raise_alert("gate-watch"))
