"""Pages and forms: the sandbox, as strict as Slack, takes every one of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core import pages
from bot.core.card import HISTORY
from bot.core.forms import FORMS
from bot.core.pages import Row, Sheet
from bot.core.text import Quote, Words, sentence
from bot.ports import Answer
from connectors.chat.slack import forms, views
from sandbox.blocks import check_message, check_view
from tests.connectors.conftest import ALERT, CAST, NOW
from tests.connectors.test_slack_blocks import anything, pressed, texts

rows = st.builds(
    Row,
    lines=st.lists(texts, max_size=3).map(tuple),
    alert_id=st.sampled_from([ALERT.id, ""]),
    generation=st.integers(1, 9),
    buttons=st.lists(pressed, max_size=5, unique_by=lambda button: button.act).map(tuple),
)
sheets = st.builds(Sheet, title=anything, intro=texts, rows=st.lists(rows, max_size=70).map(tuple), foot=texts)


@settings(max_examples=30, deadline=None)
@given(sheets)
def test_any_page_is_one_that_slack_takes(sheet: Sheet) -> None:
    assert check_view(views.home(sheet, CAST), "home").errors == []
    assert check_view(views.page(sheet, CAST, title=sheet.title), "modal").errors == []
    answer = views.answer(Answer(ok=True, sheet=sheet, people=CAST))
    found = check_message(answer["blocks"], text=answer["text"])
    assert found.errors == []
    assert found.text_length < 10_000
    assert not found.broadcast


def many(count: int) -> list[Any]:
    return [replace(ALERT, id=f"01JD{n:022d}") for n in range(count)]


def test_home_shows_the_alerts_with_what_can_be_done() -> None:
    view = views.home(pages.home(many(25), now=NOW), CAST)
    assert check_view(view, "home").errors == []
    assert sum(block["type"] == "actions" for block in view["blocks"]) == 20


def test_an_empty_home_says_so() -> None:
    assert "Nothing is open here" in str(views.home(pages.home([], now=NOW), CAST))


def test_a_page_too_long_for_slack_keeps_its_last_line() -> None:
    row = Row(lines=(sentence("a"), sentence("b")), alert_id=ALERT.id, generation=1, buttons=(HISTORY,))
    sheet = Sheet(title="t", rows=tuple(replace(row, alert_id=f"A{n}") for n in range(60)), foot=sentence("and more"))
    blocks = views.home(sheet, CAST)["blocks"]
    assert len(blocks) == 100
    assert blocks[-1]["elements"][0]["text"] == "and more"


@pytest.mark.parametrize("act", FORMS)
def test_every_form_is_one_that_slack_takes(act: str) -> None:
    view = forms.modal(FORMS[act], ALERT, metadata=f"{ALERT.id}:3:C0ALERTS", now=NOW)
    assert check_view(view, "modal").errors == []
    assert view["callback_id"] == f"form:{act}"
    assert all(len(view[key]["text"]) <= 24 for key in ("title", "submit", "close"))
    inputs = [block["block_id"] for block in view["blocks"] if block["type"] == "input"]
    assert inputs == [f"field:{field.name}" for field in FORMS[act].fields]


def test_a_snooze_is_offered_for_an_hour() -> None:
    view = forms.modal(FORMS["snooze"], ALERT, metadata="", now=NOW)
    assert view["blocks"][-1]["element"]["initial_date_time"] == int(NOW.timestamp()) + 3600


def test_a_form_says_what_it_is_about_without_obeying_it() -> None:
    hostile = replace(ALERT, signal=replace(ALERT.signal, title="<!channel> " + "x" * 9000))
    found = check_view(forms.modal(FORMS["note"], hostile, metadata="", now=NOW), "modal")
    assert (found.errors, found.broadcast) == ([], False)


FILLED: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"field:what": {"filled": {"type": "plain_text_input", "value": "done"}}}, {"what": "done"}),
    ({"field:link": {"filled": {"type": "url_text_input", "value": None}}}, {}),
    ({"field:person": {"filled": {"type": "users_select", "selected_user": "U0BEN"}}}, {"person": "U0BEN"}),
    (
        {"field:until": {"filled": {"type": "datetimepicker", "selected_date_time": 1795165200}}},
        {"until": "1795165200"},
    ),
    ({"other": {"x": {"type": "plain_text_input", "value": "not ours"}}}, {}),
]


@pytest.mark.parametrize(("values", "fields"), FILLED)
def test_what_was_filled_in_is_read_by_field(values: dict[str, Any], fields: dict[str, str]) -> None:
    assert forms.filled(values) == fields


def test_an_answer_without_a_page_is_a_sentence() -> None:
    answer = views.answer(Answer(ok=False, said=(Words("No "), Quote("<!here>"))))
    assert answer["text"] == "No &lt;!here&gt;"
    assert check_message(answer["blocks"], text=answer["text"]).errors == []
