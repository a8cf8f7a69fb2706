"""From the text of closeloop.yaml to its shape, or to every mistake in it at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bot.config import meaning, names
from bot.config.lines import HINT, Document, Path, read
from bot.config.mistakes import ConfigError, Mistake, did_you_mean
from bot.config.shapes import File


def parse(text: str, file: str) -> tuple[File, Document]:
    """The shape of the file and its lines. Raises ConfigError with every mistake, in the order of the lines."""
    document = read(text, file)
    if document.data is None:
        what = 'the file is empty; at least fallback is needed: fallback: {owner: you@company, channel: "#ai-alerts"}'
        raise ConfigError([Mistake(file=file, line=1, field="", what=what)])
    mistakes = [*document.mistakes, *names.mistakes(document)]
    shape = None
    try:
        shape = File.model_validate(document.data)
    except ValidationError as error:
        mistakes += _readable(error, document)
    if shape is not None:
        mistakes += meaning.contradictions(shape, document)
    if mistakes or shape is None:
        mistakes.sort(key=lambda mistake: mistake.line)
        raise ConfigError(mistakes)
    return shape, document


def _readable(error: ValidationError, document: Document) -> Iterator[Mistake]:
    told: set[Path] = set()
    for detail in error.errors(include_url=False, include_context=True):
        full = tuple(part for part in detail["loc"] if part != "[key]")
        path = _as_written(full, document.data)
        # What is wrong with its entries also makes a list too short, and a wrong key often has a wrong value.
        if path in told or (detail["type"] == "too_short" and detail["input"]):
            continue
        told.add(path)
        eaten = detail["input"] is None and document.comment_took(path)
        yield document.mistake(path, HINT if eaten else _what(detail, full))


def _as_written(path: Path, data: Any) -> Path:
    """A path without the parts that nobody wrote: of one value that stands for a list or for every severity."""
    found: list[str | int] = []
    for part in path:
        if isinstance(data, list) and isinstance(part, int):
            data = data[part]
        elif isinstance(data, dict) and isinstance(part, str):
            data = data.get(part, {})
        else:
            continue
        found.append(part)
    return tuple(found)


def _what(detail: ErrorDetails, path: Path) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return f"unknown key; {did_you_mean(str(path[-1]), _keys(File, path[:-1]))}"
    if kind in ("literal_error", "enum"):
        known = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        return f"unknown value; {did_you_mean(str(detail['input']), known)}"
    if kind == "value_error":
        return str(context["error"])
    if kind in ("greater_than_equal", "less_than_equal"):
        return f"must be at least {context['ge']}" if "ge" in context else f"must be at most {context['le']}"
    return _PLAIN.get(kind, detail["msg"].removeprefix("Input ").lower())


_PLAIN: Mapping[str, str] = {
    "missing": "required, but not there",
    "model_type": "must be a mapping, key: value",
    "dict_type": "must be a mapping, key: value",
    "tuple_type": "must be a list",
    "too_short": "must have at least one entry",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
}


def _keys(shape: Any, path: Path) -> list[str]:
    """The keys that a place in the file may have."""
    inner = _unwrapped(shape)
    if isinstance(inner, type) and issubclass(inner, BaseModel):
        fields = {field.alias or name: field for name, field in inner.model_fields.items()}
        field = fields.get(str(path[0])) if path else None
        return list(fields) if not path else _keys(field.annotation, path[1:]) if field else []
    # A dict's or a tuple's entries all have one shape: dict[key, shape] and tuple[shape, ...].
    parts = get_args(inner)
    entry = parts[1] if get_origin(inner) is dict else parts[0] if parts else None
    return _keys(entry, path[1:]) if entry is not None and path else []


def _unwrapped(annotation: Any) -> Any:
    """`X | None` and annotated X as X."""
    if get_origin(annotation) is Annotated:
        return _unwrapped(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return _unwrapped(next(part for part in get_args(annotation) if part is not type(None)))
    return annotation
