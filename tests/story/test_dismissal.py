"""Who may say that an alert should not have been raised, and whom it takes."""

from __future__ import annotations

from story.town import Town

GUARDED = {"labels": {"ask": "guarded"}}


def test_a_critical_alert_is_dismissed_by_two_people(town: Town) -> None:
    alert = town.raise_alert("desk-watch", severity="critical", **GUARDED)
    assert town.ana.fill("Dismiss", town.card(alert), reason="It is a test invoice.").ok
    card = town.card(alert, shows="which takes a second person")
    assert "Ana Alvarez asks to dismiss this, which takes a second person: It is a test invoice." in card.says
    assert "Agree to dismiss" in card.buttons and "Dismiss" not in card.buttons
    (asked,) = town.thread(alert, 1)
    assert asked.kind == "second_person" and "Does somebody agree?" in asked.says
    assert asked.buttons == ["Agree to dismiss", "History"]

    def refused(name: str) -> str:
        person = town.person(name)
        return person.told(lambda: person.press("Agree to dismiss", card), "#desk")

    assert "a second person has to agree" in refused("ana")
    assert "You may not dismiss this alert." in refused("ben")
    town.happened(alert, "raised", "dismissal_asked")

    assert town.cleo.press("Agree to dismiss", asked).ok
    assert "Cleo Laurent dismissed this together with Ana Alvarez" in town.card(alert, shows="DISMISSED").says
    events = town.happened(alert, "raised", "dismissal_asked", "dismissed")
    assert events[2]["data"]["asked_by"] == "ana@acme.example" and events[2]["reason"] == "It is a test invoice."


def test_whoever_takes_it_instead_ends_the_wish_to_dismiss_it(town: Town) -> None:
    alert = town.raise_alert("desk-watch", severity="critical", **GUARDED)
    assert town.ana.fill("Dismiss", town.card(alert), reason="It is a test invoice.").ok
    card = town.card(alert, shows="which takes a second person")
    assert town.ben.press("Acknowledge", card).ok
    card = town.card(alert, shows="Acknowledged")
    assert "second person" not in card.says and "Dismiss" in card.buttons


def test_where_the_policy_says_so_only_a_manager_dismisses(town: Town) -> None:
    alert = town.raise_alert("desk-watch", severity="error", **GUARDED)
    said = town.ana.told(lambda: town.ana.press("Dismiss", town.card(alert)), "#desk")
    assert "Only a manager of its owner or whoever answers for its source may dismiss" in said
    assert town.ana.modals() == []
    assert town.cleo.fill("Dismiss", town.card(alert), reason="A test.").ok
    town.card(alert, shows="DISMISSED")
    town.happened(alert, "raised", "dismissed")


def test_whoever_is_not_concerned_may_nothing_of_it(town: Town) -> None:
    alert = town.raise_alert("ap-auditor", severity="critical", **GUARDED)
    assert town.ana.fill("Dismiss", town.card(alert), reason="It is a test invoice.").ok
    card = town.card(alert, shows="which takes a second person")
    for act in ("Agree to dismiss", "Resolve", "Not mine", "Snooze", "Reassign"):
        assert "You may not" in town.dov.told(lambda: town.dov.press(act, card))  # noqa: B023
    for act in ("Escalate now", "Add a responder"):
        assert "You may not" in town.dov.told(lambda: town.dov.overflow(act, card))  # noqa: B023
    assert town.dov.modals() == []
    town.happened(alert, "raised", "dismissal_asked")
