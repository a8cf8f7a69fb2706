"""Block Kit as Slack checks it: each limit at its edge, each surface, every unknown key."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.blocks import check_message, check_view

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def button(**more: Any) -> Json:
    return {"type": "button", "action_id": "go", "text": plain("Go"), **more}


def option(text: str = "A", value: str = "a", **more: Any) -> Json:
    return {"text": plain(text), "value": value, **more}


def options(count: int) -> list[Json]:
    return [option(value=str(n)) for n in range(count)]


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def section(**more: Any) -> Json:
    return {"type": "section", **more}


def asks(element: Json, **more: Any) -> Json:
    return {"type": "input", "label": plain("What"), "element": element, **more}


def rich(*elements: Json) -> Json:
    return {"type": "rich_text", "elements": list(elements)}


def line(*leaves: Json) -> Json:
    return {"type": "rich_text_section", "elements": list(leaves)}


def text_field(**more: Any) -> Json:
    return {"type": "plain_text_input", "action_id": "t", **more}


def select(**more: Any) -> Json:
    return {"type": "static_select", "action_id": "s", "options": options(2), **more}


CONFIRM = {"title": plain("Sure?"), "text": plain("Really?"), "confirm": plain("Yes"), "deny": plain("No")}

GOOD = {
    "section text at its limit": section(text=mrkdwn("x" * 3000)),
    "ten fields": section(fields=[mrkdwn("x" * 1000)] * 10),
    "a section with a menu": section(text=plain("x"), accessory=select(placeholder=plain("x" * 150))),
    "a section with a picture": section(
        text=plain("x"), accessory={"type": "image", "image_url": "https://x.example/a.png", "alt_text": "a"}
    ),
    "header at its limit": {"type": "header", "text": plain("x" * 150)},
    "divider": {"type": "divider", "block_id": "x" * 255},
    "25 buttons": actions(*[button(action_id=str(n)) for n in range(25)]),
    "a full button": actions(
        button(text=plain("x" * 75), value="x" * 2000, style="danger", confirm=CONFIRM, accessibility_label="x" * 75)
    ),
    "a link button": actions(button(url="https://x.example/")),
    "overflow of five": actions({"type": "overflow", "action_id": "o", "options": options(5)}),
    "a hundred options": actions(select(options=options(100))),
    "groups": actions(select(options=None, option_groups=[{"label": plain("G"), "options": options(3)}])),
    "people picker": actions({"type": "users_select", "action_id": "u", "initial_user": "U0ANA"}),
    "date and time": actions({"type": "datetimepicker", "action_id": "d", "initial_date_time": 1_763_680_000}),
    "date": actions({"type": "datepicker", "action_id": "d", "initial_date": "2026-11-20"}),
    "radio": actions({"type": "radio_buttons", "action_id": "r", "options": options(10)}),
    "ten context elements": {"type": "context", "elements": [mrkdwn("x")] * 10},
    "image": {"type": "image", "image_url": "https://x.example/a.png", "alt_text": "a", "title": plain("A")},
    "rich text": rich(
        line(
            {"type": "text", "text": "<!here>", "style": {"bold": True, "code": True}},
            {"type": "link", "url": "https://x.example", "text": "x.example"},
            {"type": "user", "user_id": "U0ANA"},
            {"type": "channel", "channel_id": "C0ALERTS"},
            {"type": "usergroup", "usergroup_id": "S0FINANCE"},
            {"type": "emoji", "name": "wave"},
            {"type": "date", "timestamp": 1_763_680_000, "format": "{date_short}", "fallback": "then"},
        ),
        {"type": "rich_text_list", "style": "bullet", "indent": 8, "elements": [line({"type": "text", "text": "a"})]},
        {"type": "rich_text_quote", "elements": [{"type": "text", "text": "a"}]},
        {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "a"}], "border": 1},
    ),
    "table": {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}] * 20] * 100},
    "markdown": {"type": "markdown", "text": "x" * 12_000},
}
GOOD["groups"]["elements"][0].pop("options")


@pytest.mark.parametrize("name", GOOD)
def test_what_slack_takes_is_taken(name: str) -> None:
    assert check_message([GOOD[name]]).errors == []


BAD: dict[str, tuple[Json, str]] = {
    "unknown block": ({"type": "sparkle"}, "unsupported type: sparkle"),
    "no type": ({"text": plain("x")}, "missing required field: type"),
    "not an object": ("x", "missing required field: type"),  # type: ignore[dict-item]
    "unknown key": (section(text=plain("x"), color="red"), "invalid additional property: color"),
    "unknown key in text": (section(text={**plain("x"), "bold": True}), "invalid additional property: bold"),
    "verbatim on plain text": (section(text={**plain("x"), "verbatim": True}), "invalid additional property: verbatim"),
    "emoji on mrkdwn": (section(text={**mrkdwn("x"), "emoji": True}), "invalid additional property: emoji"),
    "empty section": (section(), "text or fields"),
    "section too long": (section(text=mrkdwn("x" * 3001)), "less than 3001"),
    "section empty text": (section(text=mrkdwn("")), "more than 0"),
    "field too long": (section(fields=[mrkdwn("x" * 2001)]), "less than 2001"),
    "eleven fields": (section(fields=[mrkdwn("x")] * 11), "no more than 10"),
    "no fields": (section(fields=[]), "no fewer than 1"),
    "text field as accessory": (section(text=plain("x"), accessory=text_field()), "unsupported type: plain_text_input"),
    "date-time as accessory": (
        section(text=plain("x"), accessory={"type": "datetimepicker", "action_id": "d"}),
        "unsupported type: datetimepicker",
    ),
    "mrkdwn header": ({"type": "header", "text": mrkdwn("x")}, "unsupported type: mrkdwn"),
    "header too long": ({"type": "header", "text": plain("x" * 151)}, "less than 151"),
    "26 buttons": (actions(*[button(action_id=str(n)) for n in range(26)]), "no more than 25"),
    "no buttons": (actions(), "no fewer than 1"),
    "twin action ids": (actions(button(), button()), "duplicate action_id"),
    "long action id": (actions(button(action_id="x" * 256)), "less than 256"),
    "long block id": ({"type": "divider", "block_id": "x" * 256}, "less than 256"),
    "button label too long": (actions(button(text=plain("x" * 76))), "less than 76"),
    "mrkdwn button": (actions(button(text=mrkdwn("x"))), "unsupported type: mrkdwn"),
    "button value too long": (actions(button(value="x" * 2001)), "less than 2001"),
    "button value empty": (actions(button(value="")), "more than 0"),
    "button value a number": (actions(button(value=7)), "must provide a string"),
    "button style": (actions(button(style="default")), "valid enum value"),
    "button url": (actions(button(url="javascript:alert(1)")), "valid URL"),
    "button url too long": (actions(button(url="https://x.example/" + "x" * 3000)), "less than 3001"),
    "accessibility label": (actions(button(accessibility_label="x" * 76)), "less than 76"),
    "confirm title": (actions(button(confirm={**CONFIRM, "title": plain("x" * 101)})), "less than 101"),
    "confirm text": (actions(button(confirm={**CONFIRM, "text": plain("x" * 301)})), "less than 301"),
    "confirm button": (actions(button(confirm={**CONFIRM, "confirm": plain("x" * 31)})), "less than 31"),
    "confirm without deny": (
        actions(button(confirm={k: v for k, v in CONFIRM.items() if k != "deny"})),
        "missing required field: deny",
    ),
    "overflow of six": (actions({"type": "overflow", "action_id": "o", "options": options(6)}), "no more than 5"),
    "overflow of none": (actions({"type": "overflow", "action_id": "o", "options": []}), "no fewer than 1"),
    "option text": (actions(select(options=[option(text="x" * 76)])), "less than 76"),
    "option value": (actions(select(options=[option(value="x" * 151)])), "less than 151"),
    "option description": (actions(select(options=[option(description=plain("x" * 76))])), "less than 76"),
    "url in a menu option": (actions(select(options=[option(url="https://x.example")])), "additional property: url"),
    "101 options": (actions(select(options=options(101))), "no more than 100"),
    "options and groups": (
        actions(select(option_groups=[{"label": plain("g"), "options": options(1)}])),
        "either options",
    ),
    "initial option not offered": (actions(select(initial_option=option(value="z"))), "match one of the options"),
    "placeholder": (actions(select(placeholder=plain("x" * 151))), "less than 151"),
    "placeholder on date-time": (
        actions({"type": "datetimepicker", "action_id": "d", "placeholder": plain("when")}),
        "additional property: placeholder",
    ),
    "date-time as text": (
        actions({"type": "datetimepicker", "action_id": "d", "initial_date_time": "1"}),
        "an integer",
    ),
    "date-time in milliseconds": (
        actions({"type": "datetimepicker", "action_id": "d", "initial_date_time": 1_763_680_000_000}),
        "must be between",
    ),
    "date": (actions({"type": "datepicker", "action_id": "d", "initial_date": "20.11.2026"}), "YYYY-MM-DD"),
    "user id": (actions({"type": "users_select", "action_id": "u", "initial_user": "ana"}), "valid user id"),
    "eleven radio buttons": (
        actions({"type": "radio_buttons", "action_id": "r", "options": options(11)}),
        "no more than 10",
    ),
    "text field in actions": (actions(text_field()), "unsupported type: plain_text_input"),
    "eleven context elements": ({"type": "context", "elements": [plain("x")] * 11}, "no more than 10"),
    "button in context": ({"type": "context", "elements": [button()]}, "unsupported type: button"),
    "image without alt text": (
        {"type": "image", "image_url": "https://x.example/a.png"},
        "missing required field: alt_text",
    ),
    "image without picture": ({"type": "image", "alt_text": "a"}, "either image_url or slack_file"),
    "button in input": (asks(button()), "unsupported type: button"),
    "input label": (asks(text_field(), label=plain("x" * 2001)), "less than 2001"),
    "input without element": ({"type": "input", "label": plain("x")}, "missing required field: element"),
    "text field lengths": (asks(text_field(min_length=5, max_length=4)), "min_length must not be greater"),
    "text field maximum": (asks(text_field(max_length=3001)), "must be between 1 and 3000"),
    "rich text leaf": (rich(line({"type": "blink", "text": "x"})), "unsupported type: blink"),
    "rich text leaf outside": (rich({"type": "text", "text": "x"}), "unsupported type: text"),
    "rich text style": (
        rich(line({"type": "text", "text": "x", "style": {"blink": True}})),
        "additional property: blink",
    ),
    "empty rich text leaf": (rich(line({"type": "text", "text": ""})), "more than 0"),
    "list indent": (
        rich({"type": "rich_text_list", "style": "bullet", "indent": 9, "elements": [line()]}),
        "between 0 and 8",
    ),
    "mention in preformatted": (
        rich({"type": "rich_text_preformatted", "elements": [{"type": "user", "user_id": "U0ANA"}]}),
        "unsupported type: user",
    ),
    "link in rich text": (rich(line({"type": "link", "url": "javascript:x"})), "valid URL"),
    "alert in a message": ({"type": "alert", "text": plain("x")}, "unsupported type: alert"),
    "table too long": ({"type": "table", "rows": [[{"type": "raw_text", "text": "a"}]] * 101}, "no more than 100"),
    "markdown too long": ({"type": "markdown", "text": "x" * 12_001}, "less than 12001"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_slack_refuses_is_refused_with_a_pointer(name: str) -> None:
    block, problem = BAD[name]
    errors = check_message([block]).errors
    assert any(problem in e and "[json-pointer:/blocks" in e for e in errors), errors


def test_a_message_holds_fifty_blocks() -> None:
    assert check_message([{"type": "divider"}] * 50).errors == []
    assert "no more than 50" in check_message([{"type": "divider"}] * 51).errors[0]


def test_block_ids_are_unique_in_a_message_and_action_ids_only_in_their_block() -> None:
    assert check_message([actions(button()), actions(button())]).errors == []
    twins = [{"type": "divider", "block_id": "x"}, {"type": "divider", "block_id": "x"}]
    assert "duplicate block_id" in check_message(twins).errors[0]


def test_a_message_has_one_table() -> None:
    table = {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}]]}
    assert "only one table" in check_message([table, table]).errors[0]


def modal(**more: Any) -> Json:
    return {"type": "modal", "title": plain("T"), "blocks": [{"type": "divider"}], **more}


def home(**more: Any) -> Json:
    return {"type": "home", "blocks": [{"type": "divider"}], **more}


@pytest.mark.parametrize(
    ("kind", "view"),
    [
        ("modal", modal(submit=plain("x" * 24), close=plain("x" * 24), private_metadata="x" * 3000)),
        ("modal", modal(blocks=[asks(text_field())], submit=plain("Save"), notify_on_close=True)),
        ("modal", modal(blocks=[{"type": "alert", "text": plain("x"), "level": "error"}])),
        ("modal", modal(blocks=[{"type": "divider"}] * 100)),
        ("home", home(callback_id="h", external_id="e")),
    ],
)
def test_a_view_that_slack_takes_is_taken(kind: str, view: Json) -> None:
    assert check_view(view, kind).errors == []


@pytest.mark.parametrize(
    ("kind", "view", "problem"),
    [
        ("modal", modal(title=plain("x" * 25)), "less than 25"),
        ("modal", modal(title=mrkdwn("x")), "unsupported type: mrkdwn"),
        ("modal", modal(submit=plain("x" * 25)), "less than 25"),
        ("modal", modal(blocks=[asks(text_field())]), "submit is required"),
        ("modal", modal(blocks=[{"type": "divider"}] * 101), "no more than 100"),
        ("modal", modal(private_metadata="x" * 3001), "less than 3001"),
        ("modal", modal(callback_id="x" * 256), "less than 256"),
        ("modal", modal(colour="red"), "additional property: colour"),
        ("modal", modal(blocks=[{"type": "markdown", "text": "x"}]), "unsupported type: markdown"),
        ("modal", home(), "missing required field: title"),
        ("modal", modal(blocks=[asks(text_field(focus_on_load=True)), asks(text_field(focus_on_load=True))],
                        submit=plain("S")), "focus_on_load"),
        ("home", home(title=plain("T")), "additional property: title"),
        ("home", home(submit=plain("T")), "additional property: submit"),
        ("home", modal(), "valid enum value"),
    ],
)  # fmt: skip
def test_a_view_that_slack_refuses_is_refused(kind: str, view: Json, problem: str) -> None:
    errors = check_view(view, kind).errors
    assert any(problem in e for e in errors), errors


def test_all_text_of_the_blocks_is_counted() -> None:
    blocks = [section(text=mrkdwn("x" * 10)), {"type": "header", "text": plain("y" * 5)}, actions(button())]
    assert check_message(blocks).text_length == 17
