"""Home with its tabs, several alerts at once, alerts that people raise, searching, and the report."""

from __future__ import annotations

from story.seen import Person, Shown
from story.town import Town
from story.workspace import until


def tab(person: Person, home: Shown, label: str) -> Shown:
    """Home with another tab in front."""
    name = next(button for button in home.buttons if button.startswith(label))
    before = home.says
    assert person.press(name, home).ok
    until(lambda: person.home_now().says != before, why="Home was not drawn anew")
    return person.home_now()


def some_of_her_line(town: Town) -> None:
    """An alert of Cleo's, one that Ana forgot, and one that Ben has since a moment."""
    mine = town.raise_alert("model-watch", owner="cleo@acme.example", title="Hers alone", severity="critical")
    late = town.raise_alert("fraud-watch", title="Ana forgot this", severity="error")
    town.card(late)
    town.forward(minutes=10)
    town.thread(late, 1)
    fresh = town.raise_alert(
        "desk-watch", title="Ben has this since a moment", owner="ben@acme.example", severity="warning"
    )
    town.card(mine), town.card(fresh)


def test_home_shows_mine_my_team_s_what_is_overdue_and_exceptions(town: Town) -> None:
    some_of_her_line(town)
    home = town.cleo.home()
    assert [button.rpartition(" ")[0] for button in home.buttons[:4]] == ["Mine", "My team's", "Overdue", "Exceptions"]
    assert "Hers alone" in home.says and "Ana forgot this" not in home.says

    team = tab(town.cleo, home, "My team's")
    assert "Ana forgot this" in team.says and "Ben has this" in team.says and "Hers alone" not in team.says
    overdue = tab(town.cleo, team, "Overdue")
    assert "Ana forgot this" in overdue.says and "Ben has this" not in overdue.says
    assert "Nothing waits for an exception" in tab(town.cleo, overdue, "Exceptions").says
    tab(town.cleo, town.cleo.home_now(), "Mine")


def test_home_has_filters_that_stay(town: Town) -> None:
    some_of_her_line(town)
    team = tab(town.cleo, town.cleo.home(), "My team's")
    assert town.cleo.select("Severity", "warning", team).ok
    town.until(lambda: "Ana forgot this" not in town.cleo.home_now().says, why="the filter does nothing")
    filtered = town.cleo.home_now()
    assert "Ben has this" in filtered.says and "1 more does not pass the filters." in filtered.says
    assert town.cleo.select("Severity", "Every severity", filtered).ok
    town.until(lambda: "Ana forgot this" in town.cleo.home_now().says, why="the filter stays")
    tab(town.cleo, town.cleo.home_now(), "Mine")


def test_several_alerts_are_picked_and_acknowledged_at_once(town: Town) -> None:
    alerts = [
        town.raise_alert(source, title=f"Drift of {source}") for source in ("model-watch", "desk-watch", "gate-watch")
    ]
    for alert in alerts:
        town.card(alert)
    home = town.ana.home()
    for alert in alerts[:2]:
        assert town.ana.check("pick", f"Pick #{alert[-6:]}", on=home, about=alert).ok
    assert town.ana.press("Acknowledge picked", home).ok
    for alert in alerts[:2]:
        town.card(alert, shows="Acknowledged")
        town.happened(alert, "raised", "acknowledged")
    town.happened(alerts[2], "raised")

    home = town.ana.home()
    for alert in alerts:
        assert town.ana.check("pick", f"Pick #{alert[-6:]}", on=home, about=alert).ok
    assert town.ana.fill("Resolve picked", home, what="Retrained on November.").ok
    for alert in alerts:
        assert "Retrained on November." in town.card(alert, shows="CLOSED").says
    town.until(lambda: "Nothing is open here" in town.ana.home_now().says, why="Home was not drawn anew")


def test_a_message_becomes_an_alert_of_whoever_raises_it(town: Town) -> None:
    message = town.ben.say("Supplier 88 billed us twice\nInvoice 12 and 13 are the same.", channel="#ai-alerts")
    form = town.ben.opened(lambda: town.ben.shortcut(message))
    assert "Supplier 88 billed us twice" in str(form.filled), "what the message says is filled in"
    assert town.ben.submit(form, severity="error", person=town.ana).ok
    town.until(lambda: [one for one in town.alerts() if one["title"] == "Supplier 88 billed us twice"])
    alert = next(one["id"] for one in town.alerts() if one["title"] == "Supplier 88 billed us twice")

    card = town.card(alert, shows="owner @U0ANA")
    assert "ERROR" in card.says and "Invoice 12 and 13 are the same." in card.says
    (raised,) = town.happened(alert, "raised")
    assert raised["actor"] == raised["actor"] | {"kind": "person", "id": "ben@acme.example"}
    assert card.leads_to(message), "the card links to the message"
    assert town.ana.fill("Resolve", card, what="The second is cancelled.").ok
    town.card(alert, shows="CLOSED")


def test_alerts_are_found_by_number_entity_and_words_and_their_numbers_open_their_cards(town: Town) -> None:
    entity = {"type": "invoice", "id": "INV-90417"}
    alert = town.raise_alert(
        "fraud-watch",
        title="Refund ring in Antwerp",
        discrepancy={"entity": entity, "expected": 1, "observed": 2},
    )
    card = town.card(alert)
    for wanted in (alert[-6:], f"#{alert[-6:]}", "INV-90417", "antwerp"):
        found = town.ana.type(f"/loop find {wanted}", channel="#payments")
        assert "Refund ring in Antwerp" in found.says, wanted
        assert found.leads_to(card), "its number is no link to its card"
        assert "Refund ring" not in town.dov.type(f"/loop find {wanted}", channel="#general").says
    assert "Nothing that you can see was found" in town.ana.type("/loop find zeppelin").says
    assert town.ana.type("/loop mine").leads_to(card) and town.ana.home().leads_to(card)
    assert town.ana.type(f"/loop status {alert[-6:]}").leads_to(card)


def test_a_mistyped_command_suggests_what_was_meant(town: Town) -> None:
    for typed, meant in (
        ("mien", "mine"),
        ("awya", "away"),
        ("repot", "report"),
        ("on-cal", "oncall"),
        ("mutes", "mute"),
    ):
        assert f"Did you mean {meant}?" in town.ana.type(f"/loop {typed}").says
    assert "Type help to see what there is." in town.ana.type("/loop xyz").says
    assert f"{town.chat.command}away until monday delegate @ben" in town.ana.type("/loop help away").says


def test_the_report_comes_as_pictures_in_a_direct_message_to_whoever_asked(town: Town) -> None:
    alert = town.raise_alert("fraud-watch")
    assert town.ana.press("Acknowledge", town.card(alert)).ok
    assert town.ana.fill("Resolve", town.card(alert, shows="Acknowledged"), what="Booked.").ok
    town.card(alert, shows="CLOSED")
    assert "The report is being drawn" in town.cleo.type("/loop report").says

    shown = town.until(lambda: town.letters("cleo", about="Four weeks"), 60, why="no report came")[-1]
    pictures = [block for block in shown.blocks if block["type"] == "image"]
    assert len(pictures) >= 3
    for picture in pictures:
        assert town.workspace.content(picture["slack_file"]["id"], "U0CLEO").startswith(b"\x89PNG")
        assert len(picture["alt_text"]) > 20, "nobody who cannot see it is left out"
    assert "Ana" not in shown.says, "nobody is ranked"
    assert "Only full members" in town.gus.type("/loop report").says
