"""A message as data: what is said later is said as it was meant, whatever its words are."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.card import Button, Message
from bot.core.packing import named, packed, unpacked
from bot.core.people import Person
from bot.core.text import Link, Quote, When, Who, Words

ANY = st.text(st.characters(exclude_categories=()), max_size=30)
YES_NO = st.booleans()
PART = st.one_of(
    st.builds(Words, ANY, YES_NO),
    st.builds(Quote, ANY, YES_NO),
    st.builds(Who, ANY, YES_NO),
    st.builds(When, st.datetimes(timezones=st.just(UTC))),
    st.builds(Link, ANY, ANY),
)
TEXT = st.lists(PART, max_size=4).map(tuple)
BUTTONS = st.lists(st.builds(Button, act=ANY, label=ANY, style=ANY), max_size=3).map(tuple)
MESSAGE = st.builds(
    Message,
    kind=ANY,
    alert_id=ANY,
    generation=st.integers(0, 9),
    summary=TEXT,
    title=ANY,
    lines=st.lists(TEXT, max_size=3).map(tuple),
    facts=st.lists(st.tuples(ANY, TEXT), max_size=3).map(tuple),
    buttons=BUTTONS,
    more=BUTTONS,
    foot=TEXT,
)


@given(MESSAGE)
def test_nothing_of_a_message_is_lost_on_its_way_through_json(message: Message) -> None:
    assert unpacked(json.loads(json.dumps(packed(message)))) == message


def message(**said: Any) -> Message:
    return Message(**{"kind": "letter", "alert_id": "", "generation": 0, "summary": (), **said})


def test_people_are_not_packed_as_they_are_looked_up_when_it_is_shown() -> None:
    ana = Person(id="ana@acme.example", name="Ana")
    assert unpacked(packed(message(people={ana.id: ana}))) == message()


def test_everybody_whom_its_texts_name_is_known() -> None:
    said = message(
        summary=(Who("a"), Words("ana")),
        lines=((Who("b", mention=True),), (Quote("c"), Who("a"))),
        facts=(("Next", (Who("d"),)),),
        foot=(Who("e"),),
    )
    assert named(said) == {"a", "b", "d", "e"}


def test_a_part_that_this_version_does_not_know_is_refused() -> None:
    data = packed(message()) | {"foot": [["picture", "x"]]}
    with pytest.raises(LookupError):
        unpacked(data)
