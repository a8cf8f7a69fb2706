"""What stands in an Adaptive Card: what Teams reads Markdown in, what it does not, and whom it notifies."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.errors import Json


def parsed_texts(card: Json) -> Iterator[str]:
    """Everything that Teams reads Markdown, dates and mentions in; what can be chosen some of its clients read too."""
    for element in _walk(card.get("body", [])):
        if element.get("type") == "TextBlock":
            yield element["text"]
        yield from (str(choice.get("title", "")) for choice in element.get("choices", ()))


def run_texts(card: Json) -> Iterator[str]:
    for element in _walk(card.get("body", [])):
        if element.get("type") == "RichTextBlock":
            yield from (run if isinstance(run, str) else run["text"] for run in element["inlines"])


def elements(card: Json) -> Iterator[Json]:
    yield from _walk(card.get("body", []))


def handed_back(card: Json) -> Json:
    """What its first button, or its request for a view, hands back to the bot."""
    return next((data for data in carried(card) if data), {})


def _walk(body: list[Json]) -> Iterator[Json]:
    for element in body:
        yield element
        yield from _walk(element.get("items", []))


def mentioned(card: Json) -> list[str]:
    """Whom Teams notifies: ids of entities whose text stands where it is read."""
    texts = "\n".join(parsed_texts(card))
    known = card.get("msteams", {}).get("entities", [])
    return [entity["mentioned"]["id"] for entity in known if entity["text"] in texts]


def carried(card: Json) -> list[Json]:
    """What the card's buttons carry, and what its readers' clients ask with."""
    actions = [action for element in _walk(card.get("body", [])) for action in element.get("actions", [])]
    asked = (card.get("refresh") or {}).get("action")
    return [action.get("data") or {} for action in [*actions, *([asked] if asked else [])]]
