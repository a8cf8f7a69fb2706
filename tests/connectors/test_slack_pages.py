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
from bot.core.pages import Choice, Row, Sheet
from bot.core.text import Quote, Words, sentence
from bot.ports import Answer
from connectors.chat.slack import forms, views
from connectors.chat.slack.choices import Kept
from sandbox.blocks import check_message, check_view, is_too_large
from tests.connectors.conftest import ALERT, CAST, NOW
from tests.connectors.test_slack_blocks import anything, pressed, texts

rows = st.builds(
    Row,
    lines=st.lists(texts, max_size=3).map(tuple),
    alert_id=st.sampled_from([ALERT.id, ""]),
    generation=st.integers(1, 9),
    buttons=st.lists(pressed, max_size=5, unique_by=lambda button: button.act).map(tuple),
    pick=st.booleans(),
)
named = st.sampled_from(["tab", "severity", "source"])
chosen = st.builds(Choice, name=named, value=anything, label=anything, chosen=st.booleans())
tabs = st.lists(chosen, max_size=6, unique_by=lambda choice: (choice.name, choice.value[:240])).map(tuple)
filtered = st.lists(st.tuples(anything, tabs), max_size=3, unique_by=lambda one: one[1][:1] and one[1][0].name)
sheets = st.builds(
    Sheet,
    title=anything,
    intro=texts,
    rows=st.lists(rows, max_size=70).map(tuple),
    foot=texts,
    tabs=tabs,
    filters=filtered.map(tuple),
    bulk=st.lists(pressed, max_size=4, unique_by=lambda button: button.act).map(tuple),
    state=st.dictionaries(named, st.text(max_size=64)),
)


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


def home_of(count: int, kept: Kept | None = None, **state: str) -> Any:
    alerts = many(count) if count else []
    return views.home(pages.home(alerts, now=NOW, state=state, total={"mine": count}), CAST, kept)


def rows_of(view: Any, start: str) -> list[Any]:
    """The rows of buttons whose id starts so."""
    return [b for b in view["blocks"] if b["type"] == "actions" and b["block_id"].startswith(start)]


def test_home_shows_the_alerts_with_what_can_be_done() -> None:
    view = home_of(25)
    assert check_view(view, "home").errors == []
    assert not is_too_large(view)
    rows = rows_of(view, "p")
    assert len(rows) == 20
    assert [element["type"] for element in rows[0]["elements"]] == ["checkboxes"] + ["button"] * 4
    (option,) = rows[0]["elements"][0]["options"]
    assert option["value"].endswith(":3")
    assert option["text"]["text"] == f"Pick #{option['value'][:-2][-6:]}", "a screen reader says which"


def test_tabs_say_how_many_they_hold_and_which_is_shown() -> None:
    (row,) = rows_of(home_of(3, tab="mine"), "tabs:")
    assert [button["text"]["text"] for button in row["elements"]] == [
        "Mine (3)",
        "My team's (0)",
        "Overdue (0)",
        "Exceptions (0)",
    ]
    assert [button.get("style") for button in row["elements"]] == ["primary", None, None, None]
    assert row["elements"][0]["accessibility_label"] == "Mine (3), shown now"


def test_a_filter_shows_what_is_chosen_and_can_be_taken_back() -> None:
    ((menu,),) = [row["elements"] for row in rows_of(home_of(3, severity="critical"), "filters:")]
    assert menu["placeholder"]["text"] == "Severity"
    assert [option["text"]["text"] for option in menu["options"]] == ["Every severity", "critical"]
    assert menu["initial_option"] == menu["options"][1]


def test_of_too_many_sources_the_chosen_one_is_offered_all_the_same() -> None:
    sources = [Choice(name="source", value=f"s{n}", label=f"s{n}", chosen=n == 149) for n in range(150)]
    sheet = Sheet(title="t", filters=(("Source", (*sources, Choice(name="source", value="x" * 200, label="x"))),))
    view = views.home(sheet, CAST)
    assert check_view(view, "home").errors == []
    (menu,) = rows_of(view, "filters:")[0]["elements"]
    assert len(menu["options"]) == 100
    assert menu["initial_option"]["value"] == "=s149"


def ids_of(view: Any) -> set[str]:
    return {block["block_id"] for block in view["blocks"] if block["type"] == "actions"}


def test_what_is_picked_stays_picked_while_the_page_is_the_same() -> None:
    assert ids_of(home_of(3)) == ids_of(home_of(3, Kept(state={"tab": "mine"})))
    alerts = many(3)
    without_the_first = views.home(pages.home(alerts[1:], now=NOW, state={}, total={}), CAST)
    assert {i for i in ids_of(without_the_first) if i.startswith("p")} < ids_of(home_of(3))


@pytest.mark.parametrize("other", [home_of(3, tab="overdue"), home_of(3, Kept().after("a bulk act"))])
def test_another_page_and_the_page_after_a_bulk_act_have_nothing_picked(other: Any) -> None:
    assert not ids_of(home_of(3)) & ids_of(other)


def test_home_carries_what_it_shows() -> None:
    kept = Kept.of(home_of(3, Kept(round="again"), tab="mine", source="ap-auditor")["private_metadata"])
    assert kept == Kept(state={"tab": "mine", "source": "ap-auditor"}, round="again")


@pytest.mark.parametrize("text", ["", "x", "[]", "{}", '{"state": 1, "round": ""}', "null", "[" * 9000])
def test_a_home_of_another_version_is_drawn_from_the_start(text: str) -> None:
    assert Kept.of(text) == Kept()


def test_only_home_has_tabs_and_boxes() -> None:
    """Nothing would answer them elsewhere."""
    sheet = pages.home(many(3), now=NOW, state={"severity": "critical"}, total={})
    shown = [views.page(sheet, CAST, title="x"), views.answer(Answer(ok=True, sheet=sheet))]
    assert not any(word in str(shown) for word in ("checkboxes", "static_select", "turn:", "bulk:"))


def test_an_empty_home_says_so() -> None:
    assert "Nothing is open here" in str(views.home(pages.home([], now=NOW, state={}, total={}), CAST))


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
    assert forms.modal(FORMS["snooze"], None, metadata="", now=NOW)["blocks"][0]["type"] == "input"
    view = forms.modal(FORMS["snooze"], ALERT, metadata="", now=NOW)
    assert view["blocks"][-1]["element"]["initial_date_time"] == int(NOW.timestamp()) + 3600


def test_a_form_says_what_it_is_about_without_obeying_it() -> None:
    hostile = replace(ALERT, signal=replace(ALERT.signal, title="<!channel> " + "x" * 9000))
    found = check_view(forms.modal(FORMS["note"], hostile, metadata="", now=NOW), "modal")
    assert (found.errors, found.broadcast) == ([], False)


def test_a_form_is_filled_in_with_what_is_known_already() -> None:
    form = FORMS["raise"].filled(
        {"title": "a\nb <!here> " + "x" * 900, "severity": "critical", "person": "U0BEN", "summary": "c\nd"}
    )
    view = forms.modal(form, None, metadata="", now=NOW)
    assert check_view(view, "modal").errors == []
    title, severity, person, summary = (block["element"] for block in view["blocks"])
    assert title["initial_value"].startswith("a b <!here> xx")
    assert len(title["initial_value"]) == title["max_length"] == 200
    assert severity["initial_option"] in severity["options"]
    assert (severity["initial_option"]["value"], person["initial_user"]) == ("critical", "U0BEN")
    assert summary["initial_value"] == "c\nd"


def test_what_nobody_offers_is_not_chosen() -> None:
    form = FORMS["raise"].filled({"severity": "dreadful", "person": "<!here>", "title": ""})
    elements = [block["element"] for block in forms.modal(form, None, metadata="", now=NOW)["blocks"]]
    assert not any(key.startswith("initial") for element in elements for key in element)


FILLED: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"field:what": {"filled": {"type": "plain_text_input", "value": "done"}}}, {"what": "done"}),
    ({"field:link": {"filled": {"type": "url_text_input", "value": None}}}, {}),
    ({"field:person": {"filled": {"type": "users_select", "selected_user": "U0BEN"}}}, {"person": "U0BEN"}),
    (
        {"field:until": {"filled": {"type": "datetimepicker", "selected_date_time": 1795165200}}},
        {"until": "1795165200"},
    ),
    ({"field:severity": {"filled": {"selected_option": {"value": "error", "text": {}}}}}, {"severity": "error"}),
    ({"field:severity": {"filled": {"type": "static_select", "selected_option": None}}}, {}),
    ({"other": {"x": {"type": "plain_text_input", "value": "not ours"}}}, {}),
]


@pytest.mark.parametrize(("values", "fields"), FILLED)
def test_what_was_filled_in_is_read_by_field(values: dict[str, Any], fields: dict[str, str]) -> None:
    assert forms.filled(values) == fields


def test_an_answer_without_a_page_is_a_sentence() -> None:
    answer = views.answer(Answer(ok=False, said=(Words("No "), Quote("<!here>"))))
    assert answer["text"] == "No &lt;!here&gt;"
    assert check_message(answer["blocks"], text=answer["text"]).errors == []
