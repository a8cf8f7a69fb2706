"""Menus, boxes, fields and shortcuts: what is chosen is remembered, and arrives with the next press."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.signature import SignatureVerifier
from slack_sdk.webhook import WebhookClient

from tests.sandbox.conftest import SECRET

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def option(value: str) -> Json:
    return {"text": plain(value.title()), "value": value}


def asks(block_id: str, element: Json, **more: Any) -> Json:
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(block_id),
        "optional": True,
        "element": element,
        **more,
    }


SAVE = {"type": "button", "action_id": "save", "text": plain("Save"), "value": "v"}
CONTROLS: list[Json] = [
    {
        "type": "static_select",
        "action_id": "severity",
        "option_groups": [
            {"label": plain("Loud"), "options": [option("critical"), option("error")]},
            {"label": plain("Quiet"), "options": [option("info")]},
        ],
        "initial_option": option("error"),
    },
    {"type": "checkboxes", "action_id": "when", "options": [option("mornings"), option("nights"), option("weekends")]},
    {"type": "users_select", "action_id": "owner"},
    {"type": "datetimepicker", "action_id": "until", "initial_date_time": 1_800_000_000},
    {"type": "overflow", "action_id": "more", "options": [option("note"), option("history")]},
    SAVE,
]
ROW: Json = {"type": "actions", "block_id": "row", "elements": CONTROLS}
TEAM: Json = {
    "type": "section",
    "block_id": "team",
    "text": plain("Who is told"),
    "accessory": {"type": "multi_users_select", "action_id": "told", "max_selected_items": 2},
}
NOTE = {"type": "plain_text_input", "action_id": "text"}
HOME: list[Json] = [ROW, TEAM, asks("quiet", NOTE), asks("loud", NOTE, dispatch_action=True)]
START: Json = {
    "row": {
        "severity": {"type": "static_select", "selected_option": option("error")},
        "when": {"type": "checkboxes", "selected_options": []},
        "owner": {"type": "users_select", "selected_user": None},
        "until": {"type": "datetimepicker", "selected_date_time": 1_800_000_000},
    },
    "team": {"told": {"type": "multi_users_select", "selected_users": []}},
}
CHOSEN: list[tuple[str, Json]] = [
    ("severity", {"selected_option": option("info")}),
    ("when", {"selected_options": [option("mornings"), option("weekends")]}),
    ("owner", {"selected_user": "U0BEN"}),
    ("until", {"selected_date_time": 1_900_000_000}),
    ("told", {"selected_users": ["U0ANA", "U0CLEO"]}),
]
AFTER: Json = {
    "row": {name: {**START["row"][name], **given} for name, given in CHOSEN if name != "told"},
    "team": {"told": {"type": "multi_users_select", "selected_users": ["U0ANA", "U0CLEO"]}},
}


def in_message(slack: Any) -> Json:
    ts = slack.chat_postMessage(channel="C0ALERTS", text="x", blocks=[ROW, TEAM])["ts"]
    return {"type": "message", "channel": "C0ALERTS", "ts": ts}


def in_home(slack: Any) -> Json:
    view = slack.views_publish(user_id="U0ANA", view={"type": "home", "blocks": HOME})["view"]
    return {"type": "view", "view_id": view["id"]}


def act(box: Any, container: Json, action_id: str, who: str = "U0ANA", block_id: str = "", **given: Any) -> Any:
    action = {"action_id": action_id, "block_id": block_id or None, **given}
    return box.post("act", **{"as": who}, container=container, action=action)


def values(payload: Any) -> Any:
    return (payload.get("view") or payload)["state"]["values"]


@pytest.mark.parametrize("place", [in_message, in_home])
def test_whatever_was_chosen_arrives_with_the_press_of_a_button(box: Any, bot: Any, slack: Any, place: Any) -> None:
    container = place(slack)
    act(box, container, "save")
    assert values(bot.last).items() >= START.items()
    for action_id, given in CHOSEN:
        assert act(box, container, action_id, **given)["ok"] is True
        assert bot.last["actions"][0].items() >= given.items()
    act(box, container, "save")
    assert bot.last["actions"][0]["value"] == "v"
    assert values(bot.last).items() >= AFTER.items()
    assert "more" not in values(bot.last)["row"], "an overflow menu remembers nothing"


def test_what_one_person_chose_in_a_message_is_not_anothers(box: Any, bot: Any, slack: Any) -> None:
    container = in_message(slack)
    act(box, container, "owner", selected_user="U0BEN")
    act(box, container, "save", who="U0CLEO")
    assert values(bot.last)["row"]["owner"]["selected_user"] is None


def test_a_message_that_no_longer_offers_it_forgets_what_was_chosen(box: Any, bot: Any, slack: Any) -> None:
    container = in_message(slack)
    act(box, container, "when", selected_options=[option("nights")])
    boxes = {"type": "checkboxes", "action_id": "when", "options": [option("mornings")]}
    row = {"type": "actions", "block_id": "row", "elements": [boxes, SAVE]}
    slack.chat_update(channel="C0ALERTS", ts=container["ts"], text="x", blocks=[row])
    act(box, container, "save")
    assert values(bot.last) == {"row": {"when": {"type": "checkboxes", "selected_options": []}}}


def test_a_field_is_only_kept_unless_its_block_asks_to_be_told(box: Any, bot: Any, slack: Any) -> None:
    container = in_home(slack)
    kept = act(box, container, "text", block_id="quiet", value="hello")
    assert (kept["ok"], kept["sent"], bot.heard) == (True, False, [])
    act(box, container, "text", block_id="loud", value="now")
    assert bot.last["actions"][0]["value"] == "now"
    assert [values(bot.last)[block]["text"]["value"] for block in ("quiet", "loud")] == ["hello", "now"]


@pytest.mark.parametrize(
    ("action_id", "given"),
    [
        ("severity", {"selected_option": option("sleepy")}),
        ("when", {"selected_options": [option("mornings"), option("noons")]}),
        ("told", {"selected_users": ["U0ANA", "U0BEN", "U0CLEO"]}),
        ("more", {"selected_option": option("dance")}),
    ],
)
def test_nobody_chooses_what_is_not_offered(box: Any, bot: Any, slack: Any, action_id: str, given: Any) -> None:
    body = {"as": "U0ANA", "container": in_home(slack), "action": {"action_id": action_id, **given}}
    assert box.http.post(f"{box.url}/sandbox/api/act", json=body).status_code == 400
    assert bot.heard == []


def test_a_form_is_handed_in_with_what_was_chosen_before(box: Any, bot: Any, slack: Any) -> None:
    container = in_message(slack)
    act(box, container, "save")
    view = {"type": "modal", "title": plain("x"), "submit": plain("Save"), "blocks": [TEAM, asks("quiet", NOTE)]}
    modal = slack.views_open(trigger_id=bot.last["trigger_id"], view=view)["view"]["id"]
    act(box, {"type": "view", "view_id": modal}, "told", selected_users=["U0BEN"])
    act(box, {"type": "view", "view_id": modal}, "text", value="note")
    box.post("submit", **{"as": "U0ANA"}, view_id=modal)
    assert bot.last["type"] == "view_submission"
    assert values(bot.last)["team"]["told"]["selected_users"] == ["U0BEN"]
    assert values(bot.last)["quiet"]["text"]["value"] == "note"


# -- message shortcuts


def shortcut(box: Any, ts: str, callback_id: str = "raise_alert", who: str = "U0ANA", channel: str = "C0ALERTS") -> Any:
    body = {"as": who, "channel": channel, "ts": ts, "callback_id": callback_id}
    return box.http.post(f"{box.url}/sandbox/api/shortcut", json=body)


def test_a_shortcut_arrives_with_the_whole_message_really_signed(box: Any, bot: Any, slack: Any) -> None:
    ts = box.post("message", **{"as": "U0BEN"}, channel="C0ALERTS", text="The stock feed is late")["ts"]
    assert shortcut(box, ts).json() == {"ok": True, "status": 200, "error": None}
    heard, payload = bot.heard[-1], bot.last
    assert SignatureVerifier(SECRET).is_valid_request(heard.body, heard.headers)
    assert (payload["type"], payload["callback_id"], payload["message_ts"]) == ("message_action", "raise_alert", ts)
    assert payload["user"] == {"id": "U0ANA", "username": "ana", "name": "ana", "team_id": "T0ACME"}
    assert payload["channel"] == {"id": "C0ALERTS", "name": "ai-alerts"}
    assert payload["team"] == {"id": "T0ACME", "domain": "acme"}
    message = payload["message"]
    assert (message["text"], message["user"], message["ts"]) == ("The stock feed is late", "U0BEN", ts)
    assert {"action_ts", "token", "enterprise", "is_enterprise_install"} <= payload.keys()
    modal = {"type": "modal", "title": plain("Raise"), "blocks": [{"type": "divider"}]}
    slack.views_open(trigger_id=payload["trigger_id"], view=modal)
    assert len(box.state()["modals"]) == 1
    WebhookClient(payload["response_url"]).send(text="raised", replace_original=True)
    assert [(m["text"], m["ephemeral"]) for m in box.messages()] == [
        ("The stock feed is late", False),
        ("raised", True),
    ]


def test_a_shortcut_that_is_not_there_is_refused(box: Any, bot: Any, slack: Any) -> None:
    ts = slack.chat_postMessage(channel="C0PAY", text="x")["ts"]
    whisper = slack.chat_postEphemeral(channel="C0ALERTS", user="U0ANA", text="x")["message_ts"]
    assert shortcut(box, ts, "dance", channel="C0PAY").status_code == 400
    assert shortcut(box, ts, who="U0DOV", channel="C0PAY").status_code == 404
    assert shortcut(box, whisper).status_code == 400
    assert shortcut(box, "1.000001").status_code == 404
    assert bot.heard == []


def test_the_page_offers_the_shortcuts_the_app_declares(start: Any) -> None:
    from sandbox.config import Shortcut

    assert start().state()["shortcuts"] == [{"name": "Raise as alert", "callback_id": "raise_alert"}]
    declared = (Shortcut(name="One", callback_id="one"), Shortcut(name="Two", callback_id="two"))
    assert [s["callback_id"] for s in start(shortcuts=declared).state()["shortcuts"]] == ["one", "two"]
