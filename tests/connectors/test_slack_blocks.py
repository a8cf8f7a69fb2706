"""Messages as blocks: what the sandbox (as strict as Slack) would refuse cannot be made, whatever anybody writes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.core.card import ADD_RESPONDER, ESCALATE, HELP, Button, Message, Picture, more
from bot.core.people import Person
from bot.core.text import Link, Part, Quote, Text, When, Who, Words
from connectors.chat.slack.blocks import message_blocks, message_text
from sandbox.blocks import check_message
from tests.connectors.conftest import ALERT, CAST, NOW, card

GOLDEN = Path(__file__).parent / "golden" / "card.json"

HOSTILE = (
    "<!channel>",
    "<!here|here>",
    "<@U0DOV>",
    "<!subteam^S0FINANCE>",
    "<https://evil.example|your bank>",
    "@channel @here #general",
    "&lt;!channel&gt;",
    "\u202e\u200b\x00\ud800",
    "*b* _i_ ~s~ `c` > q :tada:",
    "x" * 120_000,
    "🔥" * 4_000,
    "",
    "\n" * 50,
)
anything = st.sampled_from(HOSTILE) | st.text(st.characters(exclude_categories=()), max_size=60)
links = st.sampled_from(
    ["https://a.example/", "https://[::1", "javascript:x", "https://x@y.example", "http://ü.example"]
)
instants = st.datetimes(timezones=st.just(UTC))
parts: st.SearchStrategy[Part] = st.one_of(
    st.builds(Words, anything, st.booleans()),
    st.builds(Quote, anything, st.booleans()),
    st.builds(Who, st.sampled_from(list(CAST)) | anything, st.booleans()),
    st.builds(When, instants),
    st.builds(Link, links | anything, anything),
)
texts: st.SearchStrategy[Text] = st.lists(parts, max_size=6).map(tuple)
pressed = st.builds(Button, act=st.sampled_from(["acknowledge", "not_mine", "resolve", "history"]), label=anything)
people = st.fixed_dictionaries(
    {"ana@acme.example": st.builds(Person, id=st.just("x"), name=anything, chat=st.just({"slack": "U0ANA"}))}
)
pictures = st.builds(Picture, ref=st.sampled_from(["F0ONE", "F0TWO"]), title=anything, alt=anything)
messages = st.builds(
    Message,
    kind=st.sampled_from(["card", "nudge"]),
    alert_id=st.just(ALERT.id),
    generation=st.integers(1, 9),
    summary=texts,
    title=anything,
    lines=st.lists(texts, max_size=8).map(tuple),
    facts=st.lists(st.tuples(anything, texts), max_size=8).map(tuple),
    buttons=st.lists(pressed, max_size=12, unique_by=lambda button: button.act).map(tuple),
    more=st.lists(st.builds(Button, act=st.sampled_from(["escalate", "help"]), label=anything), max_size=9).map(tuple),
    pictures=st.lists(pictures, max_size=9).map(tuple),
    foot=texts,
    people=people,
)


# A title of hidden characters alone, with nothing else to say.
HIDDEN = Message(
    kind="card", alert_id="01JD0000000000000000008F3K2Q", generation=1, summary=(), title="\u202e\u200b\x00"
)


@settings(max_examples=100, deadline=None)
@given(messages)
@example(HIDDEN)
def test_any_message_is_one_that_slack_takes_and_notifies_only_whom_we_mean(message: Message) -> None:
    blocks, text = message_blocks(message, revision=7), message_text(message)
    found = check_message(blocks, text=text)
    assert found.errors == []
    assert found.text_length < 10_000
    assert len(blocks) <= 50
    assert not found.broadcast
    assert set(found.mentions) <= {"U0ANA"}
    assert text
    assert len(text) <= 3000
    assert "<@" not in text.replace("&lt;@", "")
    json.dumps(blocks, ensure_ascii=False).encode()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(parts, max_size=80).map(tuple), min_size=30, max_size=80).map(tuple))
def test_however_many_lines_there_are_the_message_stays_small(lines: tuple[Text, ...]) -> None:
    found = check_message(message_blocks(card(lines=lines, facts=tuple(("f", line) for line in lines)), revision=1))
    assert found.errors == []
    assert found.text_length < 10_000


def test_only_who_is_meant_is_mentioned() -> None:
    lines = ((Who("ana@acme.example", mention=True), Words(" and "), Who("dov@acme.example"), Quote(" <@U0DOV>")),)
    assert check_message(message_blocks(card(lines=lines), revision=1)).mentions == ["U0ANA"]


def test_a_button_carries_the_alert_and_the_generation_it_was_shown_for() -> None:
    rows = [block for block in message_blocks(card(), revision=4) if block["type"] == "actions"]
    shown = [element for row in rows for element in row["elements"] if element["type"] == "button"]
    assert {element["value"] for element in shown} == {f"{ALERT.id}:3"}
    assert [element["action_id"] for element in shown][:2] == ["act:acknowledge", "act:resolve"]
    assert all(len(row["elements"]) <= 5 for row in rows)
    assert [element["action_id"] for element in shown if "confirm" in element] == ["act:not_mine"]


def test_what_is_seldom_pressed_stands_in_a_menu_after_the_last_button() -> None:
    plain = [block for block in message_blocks(card(), revision=1) if block["type"] == "actions"]
    rows = [block for block in message_blocks(card(more=more(ALERT)), revision=1) if block["type"] == "actions"]
    assert [row["elements"] for row in plain] == [rows[0]["elements"], rows[1]["elements"][:-1]], "the others stay"
    menu = rows[-1]["elements"][-1]
    assert (menu["type"], menu["action_id"]) == ("overflow", "more")
    assert [(option["text"]["text"], option["value"]) for option in menu["options"]] == [
        ("Escalate now", f"escalate:{ALERT.id}:3"),
        ("Add a responder", f"add_responder:{ALERT.id}:3"),
    ]
    assert {option["description"]["text"] for option in menu["options"]} == {"Alert 8F3K2Q"}


def test_a_menu_alone_is_a_row_of_its_own() -> None:
    blocks = message_blocks(card(buttons=(), more=(ESCALATE, ADD_RESPONDER, HELP)), revision=1)
    assert check_message(blocks).errors == []
    assert [block["elements"][0]["type"] for block in blocks if block["type"] == "actions"] == ["overflow"]


def test_pictures_are_shown_with_what_they_say() -> None:
    shown = Picture(ref="F0REPORT", title="Open by age", alt="Open by age. Under an hour: 3; a day: 1.")
    (block,) = [b for b in message_blocks(card(pictures=(shown,)), revision=1) if b["type"] == "image"]
    assert block["slack_file"] == {"id": "F0REPORT"}
    assert (block["title"]["text"], block["alt_text"]) == (shown.title, shown.alt)


def test_many_pictures_leave_room_for_the_sentences() -> None:
    many = (Picture(ref="F0REPORT", title="t" * 3000, alt="a" * 9000),) * 9
    blocks = message_blocks(card(pictures=many, lines=((Quote("x" * 9000),),)), revision=1)
    size = sum(len(b["alt_text"]) + len(b["title"]["text"]) for b in blocks if b["type"] == "image")
    assert check_message(blocks).text_length + size < 10_000
    assert "x" * 2000 in json.dumps(blocks)


def test_each_revision_has_row_ids_of_its_own() -> None:
    ids = [
        {block["block_id"] for block in message_blocks(card(), revision=n) if block["type"] == "actions"}
        for n in (1, 2)
    ]
    assert not ids[0] & ids[1]


def test_the_host_of_evidence_stands_beside_its_label() -> None:
    shown = json.dumps(
        message_blocks(card(facts=(("Evidence", (Link("https://x.example/1", "bank.example"),)),)), revision=1)
    )
    assert "(x.example)" in shown


def golden_card() -> dict[str, Any]:
    """A card as it is first posted, with everything a card can have."""
    message = card(
        summary=(
            Words("CRITICAL: "),
            Quote("Invoice 4711 paid twice"),
            Words(" — Open · owner "),
            Who("ana@acme.example"),
            Words(". Next: asked again at "),
            When(NOW + timedelta(minutes=10)),
        ),
        lines=(
            (Words("Open", bold=True), Words(" · owner "), Who("ana@acme.example", mention=True)),
            (Quote("Two transfers of the same amount to the same account, four minutes apart."),),
            (Words("Next: ", bold=True), Who("cleo@acme.example"), Words(" at "), When(NOW + timedelta(minutes=10))),
        ),
        facts=(
            ("Entity", (Link("https://ledger.acme.example/invoices/4711", "invoice 4711"),)),
            ("Expected", (Quote("12,400.00 EUR"),)),
            ("Observed", (Quote("24,800.00 EUR", bold=True),)),
            ("Evidence", (Link("https://bank.acme.example/s/88", "Bank statement, line 88"),)),
            ("Model", (Quote("ap-duplicates 3.2"), Words(" · 97% confident"))),
        ),
        more=more(ALERT),
        foot=(Words("Raised by "), Quote("ap-auditor"), Words(" · "), When(NOW), Words(f" · #{ALERT.short}")),
    )
    return {"text": message_text(message), "blocks": message_blocks(message, revision=1)}


def test_a_card_looks_as_it_was_reviewed() -> None:
    """When it should look otherwise: write golden_card() to the file, and look at it in the sandbox."""
    assert golden_card() == json.loads(GOLDEN.read_text())


@pytest.mark.parametrize("bad", ["https://evil.example\\.bank.example", "javascript:alert(1)", "https://a@b.example"])
def test_what_cannot_be_linked_safely_is_only_words(bad: str) -> None:
    blocks = message_blocks(card(lines=((Link(bad, "click me"),),)), revision=1)
    assert '"link"' not in json.dumps(blocks)


def test_instants_are_shown_in_the_readers_own_zone() -> None:
    blocks = message_blocks(card(lines=((When(datetime(2026, 1, 1, tzinfo=UTC)),),)), revision=1)
    assert '"type": "date"' in json.dumps(blocks)
