"""The whole way round in the sandbox: press, fill in, submit, type, look at Home."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from bot.core import pages
from bot.core.card import more
from bot.core.forms import FORMS
from bot.core.signal import Severity
from bot.core.text import sentence
from bot.ports import Answer, Gesture, Mark, Target
from tests.connectors.conftest import ALERT, CAST, NOW, Workspace, card, until

TOTAL = {"mine": 3, "team": 0, "overdue": 3, "exceptions": 0}
MANY = [replace(ALERT, id=f"01JD{n:022d}", severity=severity) for n, severity in enumerate(list(Severity)[:3])]


def answered(gesture: Gesture) -> Answer:
    if gesture.act == "form" and "picked" in gesture.fields:
        return Answer(ok=bool(gesture.fields["picked"]), form=FORMS[gesture.fields["for"]])
    if gesture.act == "form" and gesture.fields["for"] == "raise":
        return Answer(ok=True, form=FORMS["raise"].filled({"title": gesture.fields["text"]}))
    if gesture.act == "form":
        return Answer(ok=True, form=FORMS[gesture.fields["for"]], alert=ALERT, people=CAST)
    if gesture.act == "command":
        return Answer(ok=True, sheet=pages.listing("Open alerts", [ALERT], now=NOW), people=CAST)
    if gesture.act == "home":
        return Answer(ok=True, sheet=pages.home(MANY, now=NOW, state=gesture.fields, total=TOTAL), people=CAST)
    return Answer(ok=True, said=sentence(f"{gesture.act}: done."), people=CAST)


def shown(workspace: Workspace) -> str:
    mark = Mark(kind="card", delivery="card:1", alert=ALERT.id, revision=1)
    return workspace.chat().show(card(more=more(ALERT)), Target(place="slack:#ai-alerts"), mark=mark).ts


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
    assert "Invoice 4711" in json.dumps(home(workspace))


def home(workspace: Workspace) -> Any:
    """Ana's Home as it is shown when she opens it."""
    workspace.post("home", **{"as": "U0ANA"})
    return until(lambda: workspace.state()["home"])


def operate(workspace: Workspace, view: Any, **action: Any) -> Any:
    container = {"type": "view", "view_id": view["id"]}
    told = workspace.post("act", **{"as": "U0ANA"}, container=container, action=action)
    assert told["ok"], told
    return told


def drawn_after(workspace: Workspace, before: Any) -> Any:
    """Home once it was drawn anew."""
    return until(lambda: (now := workspace.state()["home"])["hash"] != before["hash"] and now)


def boxes(view: Any) -> list[tuple[Any, Any]]:
    return [(b, e) for b in view["blocks"] for e in b.get("elements", []) if e["type"] == "checkboxes"]


def pick(workspace: Workspace, view: Any, *places: int) -> None:
    for place in places:
        block, box = boxes(view)[place]
        operate(workspace, view, action_id="pick", block_id=block["block_id"], selected_options=box["options"])


def test_the_menu_of_a_card_escalates_and_asks_for_a_responder(workspace: Workspace) -> None:
    workspace.desk.answer = answered
    container = {"type": "message", "channel": "C0ALERTS", "ts": shown(workspace)}
    for act in ("escalate", "add_responder"):
        action = {"action_id": "more", "selected_option": {"value": f"{act}:{ALERT.id}:3"}}
        assert workspace.post("act", **{"as": "U0ANA"}, container=container, action=action)["ok"]
    assert [(gesture.act, gesture.fields) for gesture in workspace.desk.taken] == [
        ("escalate", {}),
        ("form", {"for": "add_responder"}),
    ]
    assert until(lambda: workspace.state()["modals"])[0]["callback_id"] == "form:add_responder"


def test_home_turns_and_stays_turned(workspace: Workspace) -> None:
    workspace.desk.answer = answered
    first = home(workspace)
    operate(workspace, first, action_id="turn:tab:overdue")
    second = drawn_after(workspace, first)
    operate(workspace, second, action_id="turn:severity", selected_option={"value": "=error"})
    third = drawn_after(workspace, second)
    assert workspace.desk.taken[-1].fields == {"tab": "overdue", "severity": "error"}
    chosen = [
        button["text"]["text"]
        for b in third["blocks"]
        for button in b.get("elements", [])
        if b["type"] == "actions" and button.get("style") == "primary" and button["action_id"].startswith("turn:")
    ]
    assert chosen == ["Overdue (3)"]
    operate(workspace, third, action_id=f"act:{boxed_act(third)}")
    drawn_after(workspace, third)
    assert workspace.desk.taken[-1].fields == {"tab": "overdue", "severity": "error"}, (
        "after an act it is the same page"
    )


def boxed_act(view: Any) -> str:
    """An act without a form that can be pressed in the first row."""
    block, _ = boxes(view)[0]
    return next(e["action_id"] for e in block["elements"] if e["action_id"] == "act:acknowledge").removeprefix("act:")


def test_two_are_picked_and_acknowledged_and_nothing_is_picked_any_more(workspace: Workspace) -> None:
    workspace.desk.answer = answered
    view = home(workspace)
    pick(workspace, view, 0, 2)
    assert [gesture.act for gesture in workspace.desk.taken] == ["home"], "a ticked box asks nobody"
    ids = [alert.id for alert in (MANY[0], MANY[2])]
    operate(workspace, view, action_id="bulk:acknowledge")
    asked = next(gesture for gesture in workspace.desk.taken if gesture.act == "bulk")
    assert asked.fields == {"for": "acknowledge", "picked": " ".join(f"{one}:3" for one in ids)}
    now = drawn_after(workspace, view)
    assert "bulk: done." in json.dumps(until(lambda: workspace.state()["modals"]))
    operate(workspace, now, action_id="bulk:acknowledge")
    assert [g for g in workspace.desk.taken if g.act == "bulk"][-1].fields["picked"] == ""


def test_what_is_picked_stays_while_one_of_them_is_dealt_with(workspace: Workspace) -> None:
    workspace.desk.answer = answered
    view = home(workspace)
    pick(workspace, view, 1)
    operate(workspace, view, action_id="act:acknowledge", block_id=boxes(view)[0][0]["block_id"])
    now = drawn_after(workspace, view)
    operate(workspace, now, action_id="bulk:acknowledge")
    asked = next(gesture for gesture in workspace.desk.taken if gesture.act == "bulk")
    assert asked.fields["picked"] == f"{MANY[1].id}:3"


def test_many_are_resolved_by_one_form(workspace: Workspace) -> None:
    workspace.desk.answer = answered
    view = home(workspace)
    pick(workspace, view, 0, 1)
    operate(workspace, view, action_id="bulk:resolve")
    modal = until(lambda: workspace.state()["modals"])[0]
    values = {"field:what": {"filled": {"type": "plain_text_input", "value": "refunded"}}}
    told = workspace.post("submit", **{"as": "U0ANA"}, view_id=modal["id"], values=values)
    assert told["ok"], told
    asked = next(gesture for gesture in workspace.desk.taken if gesture.act == "bulk")
    assert asked.fields == {
        "for": "resolve",
        "picked": f"{MANY[0].id}:3 {MANY[1].id}:3",
        "what": "refunded",
    }
    assert "bulk: done." in json.dumps(workspace.state()["modals"]), "the form became what is said of it"
    drawn_after(workspace, view)


def test_a_message_of_bens_is_raised_as_an_alert(workspace: Workspace) -> None:
    workspace.desk.answer = answered
    text = "Northwind was paid twice &amp; nobody saw it"
    ts = workspace.post("message", **{"as": "U0BEN"}, channel="C0ALERTS", text=text)["ts"]
    told = workspace.post("shortcut", **{"as": "U0ANA"}, channel="C0ALERTS", ts=ts, callback_id="raise_alert")
    assert told["ok"], told
    modal = until(lambda: workspace.state()["modals"])[0]
    assert modal["blocks"][0]["element"]["initial_value"] == "Northwind was paid twice & nobody saw it"
    values = {"field:title": {"filled": {"type": "plain_text_input", "value": "Paid twice"}}}
    told = workspace.post("submit", **{"as": "U0ANA"}, view_id=modal["id"], values=values)
    assert told["ok"], told
    asked = workspace.desk.taken[-1]
    assert (asked.act, asked.chat_id, asked.fields["author"]) == ("raise", "U0ANA", "U0BEN")
    assert (asked.fields["title"], asked.fields["severity"]) == ("Paid twice", "warning")
    assert asked.fields["link"] == workspace.permalink("C0ALERTS", ts)
    assert "raise: done." in json.dumps(workspace.state()["modals"])
