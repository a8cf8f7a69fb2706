"""What people type, and their Home."""

from __future__ import annotations

from story.town import Town


def test_what_is_typed_is_answered_privately(town: Town) -> None:
    mine = town.raise_alert("fraud-watch", title="Refund ring")
    hers = town.raise_alert("model-watch", title="Model drift", owner="cleo@acme.example")
    town.card(mine), town.card(hers)

    said = town.ana.type("/loop mine")
    assert said.ephemeral and "1 open." in said.says and "Refund ring" in said.says and "Model drift" not in said.says
    assert town.ana.type("/loop").says == said.says

    said = town.ana.type("/loop open")
    assert "Refund ring" in said.says and "Model drift" in said.says
    said = town.ana.type("/loop open #models")
    assert "Refund ring" not in said.says and "Model drift" in said.says

    said = town.ana.type(f"/loop status {mine[-6:]}")
    assert "Refund ring" in said.says and "Raised by fraud-watch" in said.says
    assert said.buttons[:2] == ["Acknowledge", "Resolve"]
    assert town.ana.press("Acknowledge", said).ok
    town.card(mine, shows="Acknowledged")


def test_help_and_mistakes_are_answered_too(town: Town) -> None:
    said = town.ana.type("/loop help").says
    assert all(
        f"{town.chat.command}{word}" in said for word in ("mine", "open", "open #ai-alerts", "status", "find", "help")
    )
    assert town.chat.command or "/loop" not in said
    assert "Did you mean mine?" in town.ana.type("/loop mien").says
    assert "Type help" in town.ana.type("/loop zzzzzz").says
    assert "No alert that you can see has this number." in town.ana.type("/loop status ZZZZZZ").says
    assert "Type the number on the card" in town.ana.type("/loop status 1").says


def test_home_shows_my_open_alerts_overdue_first_and_its_buttons_work(town: Town) -> None:
    late = town.raise_alert("fraud-watch", title="Forgotten since the morning")
    town.card(late)
    town.forward(minutes=10)
    town.thread(late, 1)
    fresh = town.raise_alert("model-watch", title="Raised just now", severity="critical")
    town.raise_alert("stock-watch", title="Not mine at all", owner="ben@acme.example")
    town.card(fresh)

    home = town.ana.home()
    assert "2 open, 1 overdue." in home.says and "Not mine at all" not in home.says
    assert home.says.index("Forgotten since the morning") < home.says.index("Raised just now")
    assert home.buttons_about(late) == ["Acknowledge", "Resolve", "Not mine", "Reassign"]

    assert town.ana.press("Acknowledge", home, about=late).ok
    town.until(lambda: "Acknowledged" in town.ana.home_now().says, why="Home was not drawn anew")
    town.card(late, shows="Acknowledged")

    assert town.ana.fill("Resolve", town.ana.home_now(), about=fresh, what="Retrained.").ok
    town.until(lambda: "Raised just now" not in town.ana.home_now().says, why="Home was not drawn anew")
    town.card(fresh, shows="CLOSED")
    assert "1 open" in town.ana.home_now().says


def test_a_home_without_alerts_says_so(town: Town) -> None:
    assert "Nothing is open here" in town.ben.home().says
