"""The stand-in's own checker against Microsoft's schema: it lets nothing through that the schema refuses."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from bot.core.forms import FORMS
from bot.core.pages import Row, Sheet
from bot.core.text import Words
from connectors.chat.teams.cards import About, whole
from connectors.chat.teams.forms import confirmation, form_card
from connectors.chat.teams.pages import sheet_card
from sandbox.teams.cards import ACTIONS, ELEMENTS, problems
from sandbox.teams.texts import elements
from tests.connectors.conftest import ALERT, NOW
from tests.connectors.official import FILE, refused
from tests.connectors.test_teams_cards import PEOPLE, card, golden_card

WHAT = About(alert_id=ALERT.id, generation=3)
ROW = Row(lines=((Words("Open"),),), alert_id=ALERT.id, generation=3, buttons=card().buttons)
LINK = {"type": "ActionSet", "actions": [{"type": "Action.OpenUrl", "url": "https://a.example", "tooltip": "A"}]}
GOLDEN = golden_card()["attachments"][0]["content"]
CARDS = (
    GOLDEN,
    confirmation(WHAT),
    sheet_card(Sheet(title="Open alerts", rows=(ROW,)), PEOPLE, back=WHAT),
    *(form_card(form, ALERT, WHAT, now=NOW) for form in FORMS.values()),
    whole([LINK], about="A link"),
)


def kinds() -> dict[str, Any]:
    """Every kind of element that our cards have, each in a small card of its own, and a card with nothing in it."""
    found = {"nothing": {**GOLDEN, "body": [], "msteams": {"width": "Full"}}}
    for element in (element for made in CARDS for element in elements(made)):
        small = {name: value[:1] if isinstance(value, list) else value for name, value in element.items()}
        found.setdefault(f"{element['type']}: {', '.join(element)}", whole([small], about="x"))
    return found


SMALL = kinds()
Way = tuple[str | int, ...]


def ways(shape: Any, way: Way = ()) -> Iterator[Way]:
    """Every place in a card, but what a press carries: that is ours to fill."""
    inner = shape.items() if isinstance(shape, dict) else enumerate(shape) if isinstance(shape, list) else ()
    for name, value in inner:
        yield (*way, name)
        if name not in ("data", "msteams"):
            yield from ways(value, (*way, name))


def changed(shape: Any, way: Way, value: Any = None, *, gone: bool = False) -> Any:
    made = here = copy.deepcopy(shape)
    for step in way[:-1]:
        here = here[step]
    if gone:
        del here[way[-1]]
    else:
        here[way[-1]] = value
    return made


def slips(shape: Any) -> Iterator[tuple[str, Any]]:
    """The card with one thing in it gone, misspelt, unknown, or of another kind."""
    yield "/unknown", {**shape, "unknown": 1}
    for way in ways(shape):
        at = "/".join(map(str, way))
        yield f"{at} gone", changed(shape, way, gone=True)
        for value in ("Wrong", 7, True, None, [], ["x"], {"type": "Wrong"}):
            yield f"{at} = {json.dumps(value)}", changed(shape, way, value)
        here: Any = shape
        for step in way:
            here = here[step]
        if isinstance(here, dict) and way[-1] not in ("data", "msteams"):
            yield f"{at}/colour unknown", changed(shape, (*way, "colour"), "good")


@pytest.mark.parametrize("name", SMALL)
def test_what_the_schema_refuses_the_stand_in_refuses_too(name: str) -> None:
    assert refused(SMALL[name]) == problems(SMALL[name]) == []
    wrong = [(at, made) for at, made in slips(SMALL[name]) if refused(made)]
    assert len(wrong) > 20
    assert [at for at, made in wrong if not problems(made)] == []


def test_the_schema_is_the_one_of_version_1_5() -> None:
    schema = json.loads(FILE.read_text())
    jsonschema.Draft6Validator.check_schema(schema)
    assert schema["id"] == "http://adaptivecards.io/schemas/adaptive-card.json"
    assert schema["definitions"]["AdaptiveCard"]["properties"]["rtl"]["version"] == "1.5"
    assert {"Action.Execute", "Refresh", "Table"} <= schema["definitions"].keys()


def test_the_stand_in_knows_no_element_that_the_schema_does_not_know() -> None:
    known = json.loads(FILE.read_text())["definitions"]
    assert {*ACTIONS, *ELEMENTS} <= known.keys()


def test_without_what_teams_adds_the_schema_would_take_the_card_all_the_same() -> None:
    """Nothing but `msteams` is let through that 1.5.0 does not know, where no person is chosen."""
    plain = jsonschema.Draft6Validator(json.loads(FILE.read_text()))
    stripped = {name: value for name, value in GOLDEN.items() if name != "msteams"}
    assert list(plain.iter_errors(stripped)) == []
    assert list(plain.iter_errors(GOLDEN)) != []
