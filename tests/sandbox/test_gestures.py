"""The gestures the stories are told with, held against a bare stand-in."""

from __future__ import annotations

from typing import Any

import pytest
from story.workspace import Person, Shown, Workspace

from tests.sandbox.test_choices import HOME, ROW, TEAM, option, values
from tests.sandbox.test_files import PNG


@pytest.fixture
def workspace(box: Any) -> Workspace:
    return Workspace(box.url, box.http)


@pytest.fixture
def ana(workspace: Workspace) -> Person:
    return Person(workspace, "ana")


def card(workspace: Workspace, slack: Any) -> Shown:
    slack.chat_postMessage(channel="C0ALERTS", text="x", blocks=[ROW, TEAM])
    return workspace.messages("C0ALERTS")[-1]


def test_menus_boxes_and_people_are_chosen_by_what_one_reads(
    workspace: Workspace, ana: Person, slack: Any, bot: Any
) -> None:
    shown, ben = card(workspace, slack), Person(workspace, "ben")
    assert ana.select("severity", "Critical", shown).ok
    assert ana.check("when", "Nights", "Mornings", on=shown).ok
    assert ana.select("owner", ben, shown).ok
    assert ana.select("Who is told", [ben, ana], shown).ok
    assert ana.select("until", 1_900_000_000.0, shown).ok
    assert ana.overflow("History", shown).ok
    assert bot.last["actions"][0]["selected_option"] == option("history")
    assert ana.press("Save", shown).ok
    said = values(bot.last)
    assert said["row"]["severity"]["selected_option"] == option("critical")
    assert said["row"]["when"]["selected_options"] == [option("nights"), option("mornings")]
    assert (said["row"]["owner"]["selected_user"], said["row"]["until"]["selected_date_time"]) == (
        "U0BEN",
        1_900_000_000,
    )
    assert said["team"]["told"]["selected_users"] == ["U0BEN", "U0ANA"]


def test_fields_of_home_are_written_into(workspace: Workspace, ana: Person, slack: Any, bot: Any) -> None:
    slack.views_publish(user_id="U0ANA", view={"type": "home", "blocks": HOME})
    home = ana.home_now()
    assert ana.enter("quiet", "not yet", home).ok
    assert bot.heard == []
    assert ana.enter("loud", "now", home).ok
    assert values(bot.last)["quiet"]["text"]["value"] == "not yet"


def test_what_is_not_there_fails_with_what_is(workspace: Workspace, ana: Person, slack: Any) -> None:
    shown = card(workspace, slack)
    with pytest.raises(AssertionError, match="severity"):
        ana.select("colour", "Red", shown)
    with pytest.raises(AssertionError, match="Critical"):
        ana.select("severity", "Red", shown)
    with pytest.raises(AssertionError):
        ana.overflow("Dance", shown)


def test_a_shortcut_a_status_and_the_files_one_sees(workspace: Workspace, ana: Person, slack: Any, bot: Any) -> None:
    said = Person(workspace, "ben").say("The stock feed is late")
    assert ana.shortcut(said).ok
    assert bot.last["message"]["text"] == "The stock feed is late"
    ana.set_status("Vacationing", ":palm_tree:", until=9_000_000_000)
    profile = slack.users_profile_get(user="U0ANA")["profile"]
    assert (profile["status_text"], profile["status_expiration"]) == ("Vacationing", 9_000_000_000)
    slack.files_upload_v2(channel="C0PAY", filename="chart.png", content=PNG, title="Chart", alt_txt="Two bars")
    (file,) = ana.files()
    assert (file.title, file.alt_text, file.content, file.channels) == ("Chart", "Two bars", PNG, ["C0PAY"])
    assert Person(workspace, "dov").files() == []
    assert [f["title"] for f in workspace.messages("C0PAY")[-1].files] == ["Chart"]
