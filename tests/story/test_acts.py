"""Everything else that people and sources do to an alert."""

from __future__ import annotations

from story.seen import Shown
from story.town import Town


def test_not_mine_asks_the_next_one_of_the_route(town: Town) -> None:
    alert = town.raise_alert()
    assert town.ana.press("Not mine", town.card(alert)).ok

    card = town.card(alert, shows="owner @U0CLEO")
    assert "Ana Alvarez said it is not theirs; now asked: Cleo Laurent" in card.says
    (told,) = town.dms("cleo", alert, 1)
    assert told.kind == "assigned" and "This is yours now." in told.says
    assert town.cleo.press("Not mine", told).ok
    town.card(alert, shows="owner @U0ELSA")
    town.happened(alert, "raised", "declined", "declined")


def test_reassign_gives_it_to_somebody_with_a_reason(town: Town) -> None:
    alert = town.raise_alert("fraud-watch")
    assert town.ana.fill("Reassign", town.card(alert), person=town.ben, reason="He knows this supplier.").ok

    assert "Ana Alvarez gave this to Ben Okafor: He knows this supplier." in town.card(alert, shows="owner @U0BEN").says
    (told,) = town.dms("ben", alert, 1)
    assert told.kind == "assigned" and "He knows this supplier." in told.says
    assert town.ben.press("Acknowledge", told).ok
    town.happened(alert, "raised", "reassigned", "acknowledged")


def test_nobody_who_cannot_own_alerts_is_given_one(town: Town) -> None:
    alert = town.raise_alert("fraud-watch")
    refused = town.ana.fill("Reassign", town.card(alert), person=town.gus)
    assert not refused.ok and "cannot own alerts" in refused.why
    town.happened(alert, "raised")


def test_a_snooze_is_quiet_until_it_ends_and_then_asks(town: Town) -> None:
    alert = town.raise_alert()
    card = town.card(alert)
    too_long = town.ana.fill("Snooze", card, until=int(town.now()) + 3 * 86400)
    assert not too_long.ok and "at the latest" in too_long.why
    assert town.ana.fill("Snooze", card, until=int(town.now()) + 3600).ok
    card = town.card(alert, shows="Snoozed until")
    assert town.place(alert).thread(card) == []

    town.forward(minutes=50)
    # What is due now would be nudged within a second: another alert, raised later, is the clock's witness.
    witness = town.raise_alert("stock-watch")
    town.card(witness)
    town.forward(minutes=10)
    (nudge,) = town.thread(alert, 1)
    assert "the snooze is over and this is still open" in nudge.says and nudge.mentions == {"U0ANA"}
    town.happened(alert, "raised", "snoozed", "snooze_ended")


def test_a_dismissed_alert_has_its_reason_and_can_be_reopened(town: Town) -> None:
    alert = town.raise_alert()
    assert town.ana.fill("Dismiss", town.card(alert), reason="It is a test invoice.").ok
    card = town.card(alert, shows="DISMISSED")
    assert "Ana Alvarez dismissed this: It is a test invoice." in card.says
    assert card.buttons == ["Reopen", "Note", "History"]

    assert town.ana.fill("Reopen", card, reason="It was none after all.").ok
    card = town.card(alert, shows="not acknowledged yet")
    assert "Ana Alvarez reopened this: It was none after all." in card.says
    town.dms("ana", alert, 1)
    town.happened(alert, "raised", "dismissed", "reopened")


def test_a_note_stands_in_the_thread_and_mentions_nobody(town: Town) -> None:
    alert = town.raise_alert("fraud-watch")
    assert town.ben.fill("Note", town.card(alert), text="The bank confirms both payments.").ok
    (note,) = town.thread(alert, 1)
    assert note.kind == "note" and "Ben Okafor noted: The bank confirms both payments." in note.says
    assert note.mentions == set()
    assert town.happened(alert, "raised", "noted")[1]["reason"] == "The bank confirms both payments."


def resolved(town: Town, alert: str) -> Shown:
    assert town.ana.fill("Resolve", town.card(alert), what="The second payment was recalled.").ok
    return town.card(alert, shows="CLOSED")


def test_the_same_alert_after_the_fix_opens_the_old_one_again_with_the_same_owner(town: Town) -> None:
    alert = town.raise_alert("model-watch", dedup_key="drift:churn")
    resolved(town, alert)

    again = town.accepted("model-watch", dedup_key="drift:churn")
    assert (again["id"], again["status"], again["duplicate"]) == (alert, "open", True)
    card = town.card(alert, shows="not acknowledged yet")
    assert "Came back after the fix" in card.says and "came back 1 time" in card.says
    assert "owner @U0ANA" in card.says
    assert town.dms("ana", alert, 1)[0].kind == "assigned"
    events = town.happened(alert, "raised", "resolved", "closed", "came_back")
    assert events[3]["data"]["resolution"] == "The second payment was recalled."


def test_raised_again_is_counted_on_the_same_card_and_a_higher_severity_is_told(town: Town) -> None:
    alert = town.raise_alert("fraud-watch", dedup_key="ring:7", severity="warning")
    town.card(alert)
    assert town.accepted("fraud-watch", dedup_key="ring:7", severity="warning")["duplicate"]
    assert "WARNING" in town.card(alert, shows="raised 2 times").says
    assert town.place(alert).thread(town.card(alert)) == []

    assert town.accepted("fraud-watch", dedup_key="ring:7", severity="critical")["id"] == alert
    card = town.card(alert, shows="raised 3 times")
    assert "CRITICAL" in card.says
    (nudge,) = town.thread(alert, 1)
    assert "this got worse" in nudge.says and nudge.mentions == {"U0ANA"}
    town.happened(alert, "raised", "raised_again", "raised_again")


def test_a_source_that_says_it_is_over_closes_it(town: Town) -> None:
    alert = town.raise_alert()
    town.card(alert)
    assert town.cleared(alert).status_code == 202
    card = town.card(alert, shows="CLOSED")
    assert "The source reports that it is over." in card.says
    events = town.happened(alert, "raised", "cleared", "closed")
    assert {event["actor"]["kind"] for event in events} == {"source"}
    assert town.cleared(alert).status_code == 409


def test_where_the_policy_says_so_the_owner_is_asked_whether_it_is_over(town: Town) -> None:
    alert = town.raise_alert("stock-watch")
    town.card(alert)
    assert town.cleared(alert).json()["status"] == "open"
    (nudge,) = town.thread(alert, 1)
    assert "the source reports that this is over" in nudge.says and nudge.mentions == {"U0ANA"}
    resolved(town, alert)
    town.happened(alert, "raised", "cleared", "resolved", "closed")
