"""Who may do what: decided for each act, refused with a sentence that only they see."""

from __future__ import annotations

import pytest
from story.town import Town

ACTS = ("Acknowledge", "Resolve", "Not mine", "Reassign", "Snooze", "Dismiss", "Note", "History")


@pytest.mark.parametrize(("name", "said"), [("dov", "You may not"), ("gus", "Only full members")])
def test_whoever_is_not_in_the_channel_or_a_guest_is_refused_and_nothing_changes(
    town: Town, name: str, said: str
) -> None:
    alert = town.raise_alert("ap-auditor")
    card, person = town.card(alert), town.person(name)
    for act in ACTS:
        assert said in person.told(lambda: person.press(act, card))  # noqa: B023
    assert person.modals() == []
    town.happened(alert, "raised")
    assert town.place(alert).thread(card) == []


def test_a_member_of_the_channel_may_acknowledge_and_then_everything(town: Town) -> None:
    alert = town.raise_alert("ap-auditor")
    for act in ("Resolve", "Not mine", "Reassign", "Snooze", "Dismiss"):
        assert "You may not" in town.ben.told(lambda: town.ben.press(act, town.card(alert)))  # noqa: B023
    assert town.ben.press("Acknowledge", town.card(alert)).ok
    card = town.card(alert, shows="owner @U0BEN")
    assert town.ben.fill("Resolve", card, what="Booked.").ok
    town.happened(alert, "raised", "acknowledged", "resolved", "closed")


def test_a_manager_may_act_for_the_owner_and_an_admin_for_everybody(town: Town) -> None:
    alert = town.raise_alert("fraud-watch")
    assert town.cleo.fill("Reassign", town.cleo.type(f"/loop status {alert[-6:]}"), person=town.ben).ok
    town.card(alert, shows="owner @U0BEN")
    assert town.elsa.fill(
        "Resolve", town.elsa.type(f"/loop status {alert[-6:]}", channel="#ai-exceptions"), what="Known."
    ).ok
    town.happened(alert, "raised", "reassigned", "resolved", "closed")


def test_somebody_who_was_deactivated_may_nothing_even_with_a_good_signature(town: Town) -> None:
    alert = town.raise_alert("ap-auditor")
    town.joins("eve"), town.leaves("eve")
    for who in ("U0EVE", "U0NOBODY", "U0LOOP"):
        assert town.chat.click(town.card(alert), who=who) == 200
    town.happened(alert, "raised")


def test_who_must_see_nothing_sees_nothing(town: Town) -> None:
    alert = town.raise_alert("fraud-watch", title="Nine refunds to one card")
    town.card(alert)
    assert "Nine refunds" in town.ben.type("/loop open", channel="#payments").says

    for person, where in ((town.dov, "#general"), (town.gus, "#ai-alerts")):
        for typed in ("/loop open", "/loop open #payments", "/loop mine"):
            answer = person.type(typed, channel=where)
            assert "Nothing is open here" in answer.says and "Nine refunds" not in answer.text
        assert "No alert that you can see" in person.type(f"/loop status {alert[-6:]}", channel=where).says
        assert "Nothing is open here" in person.home().says
