"""Still on it? Yes, Done, Help, or no answer."""

from __future__ import annotations

from story.seen import Shown
from story.town import Town


def asked_whether_it_is_done(town: Town) -> tuple[str, Shown]:
    """An alert that Ana has since two hours, and the question under its card."""
    alert = town.raise_alert("desk-watch")
    assert town.ana.press("Acknowledge", town.card(alert)).ok
    town.card(alert, shows="Acknowledged")
    town.forward(hours=2)
    (check_in,) = town.thread(alert, 1)
    assert check_in.kind == "check_in" and check_in.buttons == ["Yes", "Done", "Help"]
    return alert, check_in


def test_yes_keeps_it_with_its_owner_and_asks_again_later(town: Town) -> None:
    alert, check_in = asked_whether_it_is_done(town)
    assert town.ana.press("Yes", check_in).ok
    town.happened(alert, "raised", "acknowledged", "check_in", "still_on_it")
    town.forward(hours=2)
    town.happened(alert, "raised", "acknowledged", "check_in", "still_on_it", "check_in")
    assert town.thread(alert, 2)[1].kind == "check_in"


def test_done_asks_what_was_done_and_closes_it(town: Town) -> None:
    alert, check_in = asked_whether_it_is_done(town)
    assert town.ana.fill("Done", check_in, what="The second payment was recalled.").ok
    assert "The second payment was recalled." in town.card(alert, shows="CLOSED").says
    town.happened(alert, "raised", "acknowledged", "check_in", "resolved", "closed")


def test_help_tells_the_next_step_and_leaves_the_owner_who_it_is(town: Town) -> None:
    alert, check_in = asked_whether_it_is_done(town)
    assert town.ana.press("Help", check_in).ok
    (told,) = town.dms("cleo", alert, 1)
    assert told.kind == "help" and "Ana Alvarez has this and needs help." in told.says
    events = town.happened(alert, "raised", "acknowledged", "check_in", "help_asked")
    assert events[3]["data"]["asked"] == ["@cleo@acme.example"]
    card = town.card(alert, shows="needs help with this")
    assert "owner @U0ANA" in card.says and "Acknowledged" in card.says
    # It is an answer: she is asked again at the usual pace, not taken for somebody who forgot.
    town.forward(hours=2)
    town.happened(alert, "raised", "acknowledged", "check_in", "help_asked", "check_in")


def test_without_an_answer_it_is_open_again_and_the_next_step_is_asked(town: Town) -> None:
    alert, _ = asked_whether_it_is_done(town)
    town.forward(hours=2)
    (direct,) = town.dms("ana", alert, 1)
    assert direct.buttons == ["Yes", "Done", "Help", "Snooze", "History"]
    town.forward(hours=2)
    events = town.happened(alert, "raised", "acknowledged", "check_in", "check_in", "expired", "escalated")
    assert events[4]["reason"] == "2 check-ins went unanswered"
    town.dms("cleo", alert, 1)
    # A late answer to the question is an answer all the same: it is said what happened since.
    said = town.ana.told(lambda: town.ana.press("Yes", direct), direct.channel)
    assert "This changed meanwhile" in said
