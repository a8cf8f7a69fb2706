"""Nobody reacts: asked again, louder, higher, and never left alone."""

from __future__ import annotations

from datetime import datetime, timedelta

from story.town import Town

BUTTONS = ["Acknowledge", "Resolve", "Not mine", "Reassign", "Snooze", "Dismiss", "Note", "History"]


def test_an_alert_that_nobody_takes_goes_from_its_owner_up_to_the_exceptions_channel_and_keeps_asking(
    town: Town,
) -> None:
    alert = town.raise_alert(title="The churn model drifts")
    assert town.place(alert).thread(town.card(alert)) == []

    the_owner_is_nudged_in_the_thread_and_then_by_direct_message(town, alert)
    the_managers_are_told_one_after_the_other(town, alert)
    the_exceptions_channel_is_asked_again_and_again(town, alert)

    trail = ["raised", "nudged", "nudged", "escalated", "nudged", "escalated", "exception", "nudged", "nudged"]
    events = town.happened(alert, *trail)
    assert {event["actor"]["kind"] for event in events[1:]} == {"clock"}
    asked = [event["data"]["asked"] for event in events[1:]]
    ana, cleo, elsa, channel = ["@ana@acme.example"], ["@cleo@acme.example"], ["@elsa@acme.example"], ["#ai-exceptions"]
    assert asked == [ana, ana, cleo, cleo, elsa, channel, channel, channel]

    # Whoever takes it from there owns it, and the asking ends.
    assert town.cleo.press("Acknowledge", town.channel("#ai-exceptions").said(alert)[-1]).ok
    assert "Cleo Laurent acknowledged" in town.card(alert, shows="Acknowledged").says
    assert town.alert(alert)["owner"] == "cleo@acme.example"


def the_owner_is_nudged_in_the_thread_and_then_by_direct_message(town: Town, alert: str) -> None:
    town.forward(minutes=10)
    (nudge,) = town.thread(alert, 1)
    assert nudge.kind == "nudge" and nudge.mentions == {"U0ANA"}
    assert "this has been open for 10 minutes" in nudge.says
    assert town.dms("ana", alert) == []

    town.forward(minutes=10)
    assert town.thread(alert, 2)[1].mentions == {"U0ANA"}
    (direct,) = town.dms("ana", alert, 1)
    assert direct.kind == "nudge" and direct.buttons == BUTTONS and "The churn model drifts" in direct.says
    assert town.dms("cleo", alert) == []


def the_managers_are_told_one_after_the_other(town: Town, alert: str) -> None:
    town.forward(minutes=10)
    (told,) = town.dms("cleo", alert, 1)
    assert told.kind == "escalation" and told.buttons == BUTTONS
    assert "Ana Alvarez has not dealt with this for 30 minutes" in told.says
    assert "Cleo Laurent is asked again" in town.card(alert, shows="asked Cleo Laurent").says

    town.forward(minutes=15)
    assert "Still no reaction" in town.dms("cleo", alert, 2)[1].says
    assert town.dms("elsa", alert) == []

    town.forward(minutes=15)
    (told,) = town.dms("elsa", alert, 1)
    assert told.kind == "escalation" and told.buttons == BUTTONS
    assert town.channel("#ai-exceptions").said(alert) == []


def the_exceptions_channel_is_asked_again_and_again(town: Town, alert: str) -> None:
    exceptions = town.channel("#ai-exceptions")
    for count, hours in ((1, 0.5), (2, 4), (3, 4)):
        town.forward(hours=hours)
        town.until(lambda: len(exceptions.said(alert)) == count, why=f"#ai-exceptions was not asked {count} times")  # noqa: B023
        said = exceptions.said(alert)[-1]
        assert said.kind == "exception" and said.buttons == BUTTONS and said.mentions == {"U0ANA"}
    assert "Nobody has reacted for 90 minutes" in exceptions.said(alert)[0].says
    # A thread is not the place for what goes to others: it still has the two nudges.
    assert len(town.thread(alert)) == 2


def test_whoever_has_no_manager_is_stepped_over_and_the_trail_says_so(town: Town) -> None:
    alert = town.raise_alert(owner="elsa@acme.example")
    town.card(alert)
    for kinds in (["raised", "nudged"], ["raised", "nudged", "nudged"], ["raised", "nudged", "nudged", "exception"]):
        town.forward(minutes=10)
        events = town.happened(alert, *kinds)

    skipped = ["manager: nobody in the directory", "manager of manager: nobody in the directory"]
    assert events[-1]["data"]["skipped"] == skipped
    assert "stepped over manager: nobody in the directory" in town.card(alert, shows="Nobody reacted").says
    exceptions = town.channel("#ai-exceptions")
    town.until(lambda: [said.kind for said in exceptions.said(alert)] == ["exception"])


def test_after_two_days_of_silence_one_step_is_taken_not_all_at_once(town: Town) -> None:
    alert = town.raise_alert()
    town.card(alert)
    town.forward(days=2)
    (nudge,) = town.thread(alert, 1)
    assert "this has been open for 2 days" in nudge.says
    assert town.alert(alert)["due_at"] > town.events(alert)[-1]["at"]

    # The next one comes after its ten minutes: the clock looked often enough in between to have been too early.
    town.forward(minutes=10)
    town.thread(alert, 2)
    _, first, second = town.happened(alert, "raised", "nudged", "nudged")
    between = datetime.fromisoformat(second["at"]) - datetime.fromisoformat(first["at"])
    assert between >= timedelta(minutes=10)
