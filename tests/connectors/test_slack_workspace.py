"""The whole way round in the sandbox: press, fill in, submit, type, look at Home."""

from __future__ import annotations

import json

from bot.core import pages
from bot.core.forms import FORMS
from bot.core.text import sentence
from bot.ports import Answer, Gesture, Mark, Target
from tests.connectors.conftest import ALERT, CAST, NOW, Workspace, card, until


def answered(gesture: Gesture) -> Answer:
    if gesture.act == "form":
        return Answer(ok=True, form=FORMS[gesture.fields["for"]], alert=ALERT, people=CAST)
    if gesture.act in ("home", "command"):
        return Answer(ok=True, sheet=pages.home([ALERT], now=NOW), people=CAST)
    return Answer(ok=True, said=sentence(f"{gesture.act}: done."), people=CAST)


def shown(workspace: Workspace) -> str:
    mark = Mark(kind="card", delivery="card:1", alert=ALERT.id, revision=1)
    return workspace.chat().show(card(), Target(place="slack:#ai-alerts"), mark=mark).ts


def test_acknowledge_is_taken_and_answered_to_ana_alone(workspace: Workspace) -> None:
    assert workspace.press(shown(workspace), "acknowledge")["ok"]
    assert workspace.desk.taken[0].act == "acknowledge"
    said = until(lambda: [m for m in workspace.messages() if m.get("ephemeral")])
    assert said[0]["text"] == "acknowledge: done."
    assert not [m for m in workspace.messages(who="U0BEN") if m.get("ephemeral")]


def test_resolve_opens_a_form_that_comes_back_filled_in(workspace: Workspace) -> None:
    workspace.desk.answer = answered
    workspace.press(shown(workspace), "resolve")
    view = until(lambda: workspace.state()["modals"])[0]
    values = {"field:what": {"filled": {"type": "plain_text_input", "value": "refunded"}}}
    told = workspace.post("submit", **{"as": "U0ANA"}, view_id=view["id"], values=values)
    assert told["ok"], told
    assert workspace.desk.taken[-1].fields["what"] == "refunded"
    assert until(lambda: [m for m in workspace.messages() if m.get("ephemeral")])[0]["text"] == "resolve: done."


def test_the_command_and_home_show_the_alerts(workspace: Workspace) -> None:
    workspace.desk.answer = answered
    told = workspace.post("command", **{"as": "U0ANA"}, channel="C0ALERTS", command="/loop", text="open #payments")
    assert told["ok"], told
    assert workspace.desk.taken[-1].fields == {"text": "open #payments"}
    workspace.post("home", **{"as": "U0ANA"})
    until(lambda: workspace.state()["home"])
    assert "Invoice 4711" in json.dumps(workspace.state()["home"])
