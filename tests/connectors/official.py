"""Microsoft's own schema of Adaptive Cards 1.5.0 as the oracle for every card that tests make."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema

from sandbox.teams import cards

FILE = Path(__file__).parent / "fixtures/teams/adaptive-card-1.5.0.schema.json"
ACTIONS = ("Action.Execute", "Action.OpenUrl", "Action.ShowCard", "Action.Submit", "Action.ToggleVisibility")


def _with_what_teams_adds() -> Any:
    """The schema knows no host's additions and takes no property that it does not know.

    `msteams` is Teams' own, on cards and actions; `choices.data`, with which it lets choose people, is of 1.6.
    """
    schema = json.loads(FILE.read_text())
    definitions = schema["definitions"]
    for name in ("AdaptiveCard", *ACTIONS):
        definitions[name]["properties"]["msteams"] = {"type": "object"}
    query = {"type": "object", "properties": {"type": {"enum": ["Data.Query"]}, "dataset": {"type": "string"}}}
    definitions["Input.ChoiceSet"]["properties"]["choices.data"] = query | {"required": ["type", "dataset"]}
    # Of a card it requires neither; Teams does, of one that stands alone.
    schema["required"] = ["type", "version"]
    return schema


_VALIDATOR = jsonschema.Draft6Validator(_with_what_teams_adds())


def refused(card: Any) -> list[str]:
    """Where the schema does not take the card."""
    return ["/".join(map(str, error.absolute_path)) or "/" for error in _VALIDATOR.iter_errors(card)]


def problems(card: Any) -> list[str]:
    """What the schema or the stand-in has against a card."""
    return [*refused(card), *cards.problems(card)]


def check(said: Any) -> None:
    """Every card in an activity, or in an answer to one, is a card. Raises AssertionError."""
    if isinstance(said, dict) and said.get("type") == "AdaptiveCard":
        assert problems(said) == [], said
    for inner in said.values() if isinstance(said, dict) else said if isinstance(said, list) else ():
        check(inner)
