"""Acknowledged, then forgotten: the second clock."""

from __future__ import annotations

from story.town import Town


def acknowledged(town: Town, **fields: str) -> str:
    alert = town.raise_alert("stock-watch" if not fields else "model-watch", title="Stock of part 88 is off", **fields)
    assert town.ana.press("Acknowledge", town.card(alert)).ok
    town.card(alert, shows="Acknowledged")
    return alert


def test_an_acknowledged_alert_that_is_forgotten_opens_again_and_goes_up(town: Town) -> None:
    alert = acknowledged(town, severity="error")

    town.forward(hours=2)
    (check_in,) = town.thread(alert, 1)
    assert check_in.kind == "check_in" and check_in.mentions == {"U0ANA"}
    assert "you acknowledged this 2 hours ago. Still on it?" in check_in.says
    assert check_in.buttons == ["Yes", "Done", "Help"]

    town.forward(hours=2)
    town.thread(alert, 2)
    (direct,) = town.dms("ana", alert, 1)
    assert direct.kind == "check_in" and direct.buttons == ["Yes", "Done", "Help", "Snooze", "History"]

    town.forward(hours=2)
    events = town.happened(alert, "raised", "acknowledged", "check_in", "check_in", "expired", "escalated")
    assert events[4]["reason"] == "2 check-ins went unanswered"
    card = town.card(alert, shows="asked Cleo Laurent")
    assert "Open" in card.says and "not acknowledged yet" in card.says
    (told,) = town.dms("cleo", alert, 1)
    assert told.kind == "escalation"
    assert town.alert(alert)["owner"] == "ana@acme.example"


def test_an_answered_check_in_keeps_it_with_its_owner_until_its_time_is_up(town: Town) -> None:
    alert = acknowledged(town, severity="critical")

    town.forward(hours=2)
    (check_in,) = town.thread(alert, 1)
    assert town.ana.press("Yes", check_in).ok
    town.happened(alert, "raised", "acknowledged", "check_in", "still_on_it")
    # The answer stands where they pressed: in the thread, for them alone.
    where = town.card(alert)
    town.until(lambda: "still on it" in str(town.ana.private(where.channel, root=where.ts)), why="nothing was said")
    assert "Ana Alvarez is still on it." in town.ana.private(where.channel, root=where.ts)[-1].says
    card = town.card(alert, shows="Ana Alvarez is still on it")
    assert "Acknowledged" in card.says and card.buttons[0] == "Resolve"

    # Three hours are what the policy gives a critical alert, whatever its owner answers.
    town.forward(hours=1)
    events = town.happened(alert, "raised", "acknowledged", "check_in", "still_on_it", "expired", "escalated")
    assert events[4]["reason"] == "the time to resolve it is up"
    town.dms("cleo", alert, 1)


def test_where_nobody_stands_between_owner_and_channel_the_channel_is_asked(town: Town) -> None:
    alert = acknowledged(town)
    for _ in range(3):
        events = len(town.events(alert))
        town.forward(hours=2)
        town.until(lambda: len(town.events(alert)) > events, why="the clock did nothing")  # noqa: B023
    town.happened(alert, "raised", "acknowledged", "check_in", "check_in", "expired", "exception")
    exceptions = town.channel("#ai-exceptions")
    town.until(lambda: [said.kind for said in exceptions.said(alert)] == ["exception"])
