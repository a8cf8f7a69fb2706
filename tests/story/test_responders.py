"""More people on one alert: somebody who helps, and the next step at once."""

from __future__ import annotations

from story.town import Town


def test_a_responder_is_asked_to_help_and_may_act_while_the_owner_stays_who_it_is(town: Town) -> None:
    alert = town.raise_alert("ap-auditor")
    assert "You may not" in town.ben.told(lambda: town.ben.press("Resolve", town.card(alert)))
    form = town.ana.opened(lambda: town.ana.overflow("Add a responder", town.card(alert)))
    assert town.ana.submit(form, person=town.ben).ok

    (told,) = town.dms("ben", alert, 1)
    assert told.kind == "responder" and "Ana Alvarez asks you to help with this." in told.says
    card = town.card(alert, shows="With: Ben Okafor")
    assert "owner @U0ANA" in card.says and "Ana Alvarez asked Ben Okafor to help" in card.says
    assert town.ben.fill("Resolve", card, what="Booked twice by the bank; recalled.").ok
    town.card(alert, shows="CLOSED")
    town.happened(alert, "raised", "responder_added", "resolved", "closed")


def test_who_is_on_it_already_or_cannot_help_is_no_responder(town: Town) -> None:
    alert = town.raise_alert("ap-auditor")
    card = town.card(alert)
    form = town.ana.opened(lambda: town.ana.overflow("Add a responder", card))
    assert "cannot help with alerts: guest" in town.ana.submit(form, person=town.gus).why
    assert "is on this already" in town.ana.submit(form, person=town.ana).answer
    town.ana.close_modals()
    town.happened(alert, "raised")


def test_escalate_now_asks_the_next_step_at_once(town: Town) -> None:
    alert = town.raise_alert("desk-watch")
    assert town.ana.overflow("Escalate now", town.card(alert)).ok
    (told,) = town.dms("cleo", alert, 1)
    assert told.kind == "escalation"
    card = town.card(alert, shows="Ana Alvarez escalated this; asked Cleo Laurent")
    events = town.happened(alert, "raised", "escalated")
    assert (events[1]["actor"]["id"], events[1]["reason"]) == ("ana@acme.example", "by hand")

    # Up to the channel at the top; there it ends.
    assert town.cleo.overflow("Escalate now", card).ok
    town.dms("elsa", alert, 1)
    assert town.cleo.overflow("Escalate now", town.card(alert, shows="asked Elsa Berg")).ok
    exceptions = town.channel("#ai-exceptions")
    town.until(lambda: [said.kind for said in exceptions.said(alert)] == ["exception"])
    card = town.card(alert, shows="asked #ai-exceptions")
    said = town.cleo.told(lambda: town.cleo.overflow("Escalate now", card), "#desk")
    assert "Everybody whom the policy names was asked already." in said
