"""Messages as Adaptive Cards: what the strict stand-in would refuse cannot be made, whatever anybody writes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.card import Button, Message, Picture, more
from bot.core.forms import FORMS
from bot.core.pages import Row, Sheet
from bot.core.people import Person
from bot.core.text import Link, Part, Quote, Text, Typed, When, Who, Words, sentence
from bot.ports import Answer
from connectors.chat.teams import text as shown_text
from connectors.chat.teams.cards import MOST, About, activity, message_card, size
from connectors.chat.teams.forms import confirmation, filled, form_card
from connectors.chat.teams.pages import answer_card, sheet_card
from sandbox.teams.texts import elements, mentioned, parsed_texts, run_texts
from tests.connectors.conftest import ALERT, NOW
from tests.connectors.conftest import card as slack_card
from tests.connectors.official import problems

GOLDEN = Path(__file__).parent / "golden" / "teams_card.json"
IDS = {name: f"00000000-0000-4000-8000-{number:012d}" for number, name in enumerate(("ana", "ben", "cleo", "dov"), 1)}
PEOPLE = {
    f"{name}@acme.example": Person(id=f"{name}@acme.example", name=name.capitalize(), chat={"teams": chat_id})
    for name, chat_id in IDS.items()
}
VIEWERS = ("29:ana", "29:cleo")

HOSTILE = (
    "<at>Ana</at>",
    "<at>everyone</at> {{DATE(2020-01-01T00:00:00Z, SHORT)}}",
    "[your bank](https://evil.example)",
    "**bold** _it_ ~~s~~ `c` # head",
    "# heading",
    "- item\n1. one",
    "https://evil.example www.evil.example mailto:x@evil.example",
    "&lt;at&gt;Ana&lt;/at&gt;",
    "\u202e\u200b\x00\ud800",
    "{{{{TIME(2020-01-01T00:00:00Z)}}}}",
    "x" * 120_000,
    "🔥" * 4_000,
    "\n" * 50,
    "",
)
anything = st.sampled_from(HOSTILE) | st.text(st.characters(exclude_categories=()), max_size=60)
parts: st.SearchStrategy[Part] = st.one_of(
    st.builds(Words, st.sampled_from(["Next: ", " is asked ", "."]), st.booleans()),
    st.builds(Quote, anything, st.booleans()),
    st.builds(Who, st.sampled_from(list(PEOPLE)) | anything, st.booleans()),
    st.builds(When, st.datetimes(timezones=st.just(UTC))),
    st.builds(Link, st.sampled_from(["https://a.example/", "https://[::1", "javascript:x"]) | anything, anything),
)
texts: st.SearchStrategy[Text] = st.lists(parts, max_size=6).map(tuple)
pressed = st.builds(Button, act=st.sampled_from(["acknowledge", "not_mine", "resolve", "history"]), label=anything)
messages = st.builds(
    Message,
    kind=st.sampled_from(["card", "nudge", "digest"]),
    alert_id=st.just(ALERT.id),
    generation=st.integers(1, 9),
    summary=texts,
    title=anything,
    lines=st.lists(texts, max_size=8).map(tuple),
    facts=st.lists(st.tuples(anything, texts), max_size=8).map(tuple),
    buttons=st.lists(pressed, max_size=12).map(tuple),
    more=st.lists(st.builds(Button, act=st.sampled_from(["escalate", "help"]), label=anything), max_size=9).map(tuple),
    pictures=st.lists(st.builds(Picture, ref=st.just("F"), title=anything, alt=anything), max_size=3).map(tuple),
    foot=texts,
    people=st.fixed_dictionaries(
        {"ana@acme.example": st.builds(Person, id=st.just("x"), name=anything, chat=st.just({"teams": IDS["ana"]}))}
    ),
)
# What our own dates and tags leave in a text that Teams reads.
OURS = re.compile(
    r"\{\{DATE\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ, SHORT\)\}\} \{\{TIME\(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\)\}\}"
    r"|<at>[^<>*_`\[\]{}]*</at>|\*\*[^*]+\*\*"
)


def card(**more_: Any) -> Message:
    return slack_card(people=PEOPLE, **more_)


@settings(max_examples=120, deadline=None)
@given(messages)
def test_any_message_is_one_that_teams_takes_and_notifies_only_whom_we_mean(message: Message) -> None:
    made = message_card(message, delivery="card:1", viewers=VIEWERS)
    assert problems(made) == []
    assert size(made) <= MOST
    assert set(mentioned(made)) <= {IDS["ana"]}
    for text in parsed_texts(made):
        left = OURS.sub("", text)
        assert not re.search(r"[*_~`\[\]<>{}\\]|://|www\.", left), text
    assert not any("{{" in text for text in run_texts(made))
    said = activity(made, said=shown_text.summary(message.summary, message.people))
    assert said["summary"] and "<" not in said["summary"] and "text" not in said
    json.dumps(made, ensure_ascii=False).encode()


@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(parts, max_size=60).map(tuple), min_size=30, max_size=60).map(tuple))
def test_however_many_lines_there_are_the_card_stays_small(lines: tuple[Text, ...]) -> None:
    made = message_card(card(lines=lines, facts=tuple(("f", line) for line in lines)))
    assert size(made) <= MOST
    assert problems(made) == []


def test_a_card_of_emoji_is_counted_as_teams_counts() -> None:
    made = message_card(card(lines=tuple((Quote("🔥" * 3000),) for _ in range(20))))
    assert size(made) <= MOST
    assert size({"a": "🔥"}) == 2 * len('{"a": "🔥"}') + 2, "an emoji is two units of sixteen bits"


def test_only_who_is_meant_is_mentioned() -> None:
    lines = ((Who("ana@acme.example", mention=True), Words(" and "), Who("dov@acme.example")),)
    made = message_card(card(lines=lines))
    assert mentioned(made) == [IDS["ana"]]
    assert "<at>Ana</at> and **Dov**" in list(parsed_texts(made))


def test_a_mention_beside_hostile_words_stands_apart_from_them() -> None:
    made = message_card(card(lines=((Who("ana@acme.example", mention=True), Quote(" <at>Ben</at> **x**")),)))
    assert "<at>Ana</at>" in list(parsed_texts(made))
    assert " <at>Ben</at> **x**" in list(run_texts(made))
    assert mentioned(made) == [IDS["ana"]]


def test_two_people_of_one_name_are_both_notified() -> None:
    twins = {one: Person(id=one, name="Ana", chat={"teams": IDS[who]}) for one, who in (("a@x", "ana"), ("b@x", "ben"))}
    message = replace(card(lines=((Who("a@x", mention=True), Words(" "), Who("b@x", mention=True)),)), people=twins)
    assert mentioned(message_card(message)) == [IDS["ana"], IDS["ben"]]


def test_a_name_cannot_close_its_tag() -> None:
    hostile = {"a@x": Person(id="a@x", name="Ana</at> <at>Ben", chat={"teams": IDS["ana"]})}
    made = message_card(replace(card(lines=((Who("a@x", mention=True),),)), people=hostile))
    assert next(iter(parsed_texts(made))) == "<at>Anaat atBen</at>"


def test_an_instant_is_shown_in_the_readers_own_zone() -> None:
    made = message_card(card(lines=((Words("Next: ", bold=True), When(datetime(2026, 1, 1, tzinfo=UTC))),)))
    wanted = "**Next:** {{DATE(2026-01-01T00:00:00Z, SHORT)}} {{TIME(2026-01-01T00:00:00Z)}}"
    assert wanted in list(parsed_texts(made))


def test_an_instant_beside_hostile_words_is_in_utc() -> None:
    made = message_card(card(lines=((Quote("**x** "), When(datetime(2026, 1, 1, tzinfo=UTC))),)))
    assert {"**x** ", "2026-01-01 00:00 UTC"} <= set(run_texts(made))


def test_what_can_be_typed_is_shown_as_it_is_typed_to_the_bot() -> None:
    text = sentence("Yours: ", Typed("mine", home="/loop mine or Home"), " · ", Typed("open #pay"), " ", When(NOW))
    shown = message_card(Message(kind="letter", alert_id="", generation=0, title="x", summary=text, foot=text))
    assert problems(shown) == []
    assert "**mine** · **open #pay**" in str(shown) and "/loop" not in str(shown) and "Home" not in str(shown)
    assert shown_text.summary(text, {}).startswith("Yours: mine · open #pay")


def test_a_button_carries_the_alert_the_generation_and_the_message_it_stands_on() -> None:
    made = message_card(card(more=more(ALERT)), delivery="card:7")
    actions = [action for element in elements(made) for action in element.get("actions", [])]
    want = {"alert": ALERT.id, "seen": 3, "kind": "card", "delivery": "card:7"}
    assert [action["data"] for action in actions] == [want] * len(actions)
    assert [action["verb"] for action in actions][:2] == ["acknowledge", "resolve"]
    assert all(one["fallback"]["data"] == {**want, "verb": one["verb"]} for one in actions)
    assert [one["verb"] for one in actions if one.get("mode") == "secondary"] == ["escalate", "add_responder"]


def test_owner_and_managers_are_asked_for_a_view_of_their_own_and_at_most_sixty() -> None:
    made = message_card(card(), delivery="card:7", viewers=[f"29:{n}" for n in range(99)])
    assert len(made["refresh"]["userIds"]) == 60
    assert made["refresh"]["action"]["verb"] == "card"
    assert "refresh" not in message_card(card(kind="nudge"), viewers=VIEWERS)


def test_the_host_of_evidence_stands_beside_its_label() -> None:
    made = message_card(card(facts=(("Evidence", (Link("https://x.example/1", "bank.example"),)),)))
    assert {"bank.example", " (x.example)"} <= set(run_texts(made))


@pytest.mark.parametrize("bad", ["https://evil.example\\.bank.example", "javascript:alert(1)", "https://a@b.example"])
def test_what_cannot_be_linked_safely_is_only_words(bad: str) -> None:
    assert "Action.OpenUrl" not in json.dumps(message_card(card(lines=((Link(bad, "click me"),),))))


def test_what_only_one_person_sees_stands_above_the_card_and_mentions_nobody() -> None:
    made = message_card(card(), note=sentence(Who("ben@acme.example"), " was first."))
    assert made["body"][0]["style"] == "accent"
    assert mentioned(made) == []


@pytest.mark.parametrize("form", FORMS.values(), ids=lambda form: form.act)
@pytest.mark.parametrize("dialog", [False, True])
def test_every_form_is_one_that_teams_takes(form: Any, dialog: bool) -> None:
    wrong = sentence("Choose ", Quote("**x**"))
    full = form.filled({field.name: HOSTILE[1] for field in form.fields if field.kind.endswith("text")})
    made = form_card(full, ALERT, About(alert_id=ALERT.id, generation=3), now=NOW, wrong=wrong, dialog=dialog)
    assert problems(made) == []
    assert "{{" not in json.dumps(made)


def test_a_filled_form_is_plain_fields_and_an_instant_is_meant_where_the_person_is() -> None:
    data = {"alert": "x", "field:what": "refunded", "field:link": "", "field:until:date": "2026-07-01"}
    got = filled({**data, "field:until:time": "09:30"}, time_zone="Europe/Amsterdam")
    assert got == {"what": "refunded", "until": str(int(datetime(2026, 7, 1, 7, 30, tzinfo=UTC).timestamp()))}


@pytest.mark.parametrize("bad", ["", "never", None, 7, "2026-13-01"])
def test_an_instant_that_is_none_is_empty(bad: Any) -> None:
    assert filled({"field:until:date": bad, "field:until:time": "09:30"}) == {"until": ""}


def test_not_mine_is_asked_once_more() -> None:
    made = confirmation(About(alert_id=ALERT.id, generation=3, kind="card"))
    assert problems(made) == []
    sure, keep = made["body"][-1]["actions"]
    assert (sure["verb"], sure["data"]["sure"], keep["verb"]) == ("not_mine", "yes", "card")


def test_a_long_page_shows_as_much_as_fits() -> None:
    row = Row(
        lines=((Quote("x" * 300),), (Words("Open"),)), alert_id=ALERT.id, generation=3, buttons=card().buttons[:4]
    )
    made = sheet_card(Sheet(title="Open alerts", rows=(row,) * 60, foot=sentence("40 more.")), PEOPLE)
    assert problems(made) == []
    assert size(made) <= MOST
    assert "40 more." in list(run_texts(made))


def test_a_page_in_place_of_a_card_leads_back_to_it() -> None:
    made = answer_card(Answer(ok=True, sheet=Sheet(title="History")), back=About(alert_id=ALERT.id, kind="card"))
    assert problems(made) == []
    assert made["body"][-1]["actions"][0]["verb"] == "card"


def golden_card() -> dict[str, Any]:
    """A card as it is first posted, with everything a card can have."""
    ana, cleo = "ana@acme.example", "cleo@acme.example"
    message = card(
        summary=(Words("CRITICAL: "), Quote("Invoice 4711 paid twice"), Words(" — Open · owner "), Who(ana)),
        lines=(
            (Words("Open", bold=True), Words(" · owner "), Who(ana, mention=True)),
            (Quote("Two transfers of the same amount to the same account, four minutes apart."),),
            (Words("Next: ", bold=True), Who(cleo), Words(" is asked "), When(NOW + timedelta(minutes=10)), Words(".")),
        ),
        facts=(
            ("Entity", (Link("https://ledger.acme.example/invoices/4711", "invoice 4711"),)),
            ("Expected", (Quote("12,400.00 EUR"),)),
            ("Observed", (Quote("24,800.00 EUR", bold=True),)),
            ("Model", (Quote("ap-duplicates 3.2"), Words(" · 97% confident"))),
        ),
        more=more(ALERT),
        foot=(Words("Raised by "), Quote("ap-auditor"), Words(" · "), When(NOW), Words(f" · #{ALERT.short}")),
    )
    made = message_card(message, delivery="card:1", viewers=VIEWERS)
    return activity(made, said=shown_text.summary(message.summary, message.people))


def test_a_card_looks_as_it_was_reviewed() -> None:
    """When it should look otherwise: write golden_card() to the file, and look at it in the sandbox."""
    made = golden_card()
    assert problems(made["attachments"][0]["content"]) == []
    assert made == json.loads(GOLDEN.read_text())
