"""Whoever is on call: gaps told of beforehand, and swaps."""

from __future__ import annotations

from story.town import Town

ON_CALL = {"ask": "duty"}


def now_on_call(town: Town) -> str:
    """What `/loop oncall duty` says of this very moment."""
    said = town.ben.type("/loop oncall duty").says
    return next(line for line in said.splitlines() if line.startswith("Now: "))


def test_whoever_is_on_call_owns_it_and_in_a_gap_that_was_told_of_the_next_in_the_rule(town: Town) -> None:
    town.to("Thu", "10:00")
    town.until(lambda: town.letters("#ai-exceptions", about="Nobody is on call for duty"), why="nobody was told")
    (letter, *_) = town.letters("#ai-exceptions", about="Nobody is on call for duty")[-1:]
    assert "Alerts then go to the next in their routing rule." in letter.says
    assert f"Fill it: {town.chat.command}oncall swap duty @somebody until" in letter.says and letter.buttons == []

    name = next(one for one in ("Ana Alvarez", "Cleo Laurent") if one in now_on_call(town))
    alert = town.raise_alert(labels=ON_CALL)
    town.card(alert, shows=f"owner @U0{name.split()[0].upper()}")
    assert "routing rule 1 (duty) (on call for duty)" in town.happened(alert, "raised")[0]["reason"]

    told = len(town.letters("#ai-exceptions", about="Nobody is on call for duty"))
    town.to("Sat", "12:30")
    assert "nobody" in now_on_call(town)
    alert = town.raise_alert(labels=ON_CALL)
    town.card(alert, shows="owner @U0BEN")
    assert "nobody is on call for duty; routing rule 1 (duty)" in town.happened(alert, "raised")[0]["reason"]
    # Once it has begun it is told of by its end; what was told before is not said again.
    assert len(town.letters("#ai-exceptions", about="Nobody is on call for duty")) <= told + 1


def test_a_swap_makes_somebody_else_the_owner_until_exactly_the_handover(town: Town) -> None:
    town.to("Tue", "11:00")
    first = town.raise_alert(labels=ON_CALL)
    town.card(first)
    before = town.alert(first)["owner"]
    (after,) = {"ana@acme.example", "cleo@acme.example"} - {before}

    said = town.cleo.type("/loop oncall swap duty @ben until 12:00").says
    assert "Ben Okafor is on call for duty" in said and "until" in said
    swapped = town.raise_alert(labels=ON_CALL)
    town.card(swapped, shows="owner @U0BEN")
    assert "Ben Okafor" in now_on_call(town) and "swapped by Cleo Laurent" in now_on_call(town)

    town.to("Tue", "12:00")
    handed_over = town.raise_alert(labels=ON_CALL)
    town.card(handed_over)
    assert town.alert(handed_over)["owner"] == after
    assert "swapped" not in now_on_call(town) and "nobody" not in now_on_call(town)
    # What was his stays his.
    assert town.alert(swapped)["owner"] == "ben@acme.example"


def test_a_swap_that_begins_at_the_handover_and_one_that_fills_a_gap(town: Town) -> None:
    town.to("Wed", "12:00")
    town.cleo.type("/loop oncall swap duty @ben until thursday 12:00")
    alert = town.raise_alert(labels=ON_CALL)
    town.card(alert, shows="owner @U0BEN")
    town.to("Thu", "12:00")
    assert "Ben Okafor" not in now_on_call(town)

    town.to("Sat", "10:00")
    assert "nobody" in now_on_call(town)
    assert "Ana Alvarez is on call for duty until" in town.ana.type("/loop oncall swap duty @ana until 18:00").says
    alert = town.raise_alert(labels=ON_CALL)
    town.card(alert, shows="owner @U0ANA")


def test_what_cannot_be_swapped_is_said(town: Town) -> None:
    town.to("Tue", "11:00")
    assert "There is no schedule nights. There are: duty." in town.ana.type("/loop oncall swap nights @ben for 2h").says
    assert "There is no schedule nights" in town.ana.type("/loop oncall nights").says
    assert "cannot be on call: guest." in town.ana.type("/loop oncall swap duty @gus for 2h").says
    assert (
        "Only who is in this schedule" in town.dov.type("/loop oncall swap duty @dov for 2h", channel="#general").says
    )
    assert "Say it like this" in town.ana.type("/loop oncall swap duty @ben").says
