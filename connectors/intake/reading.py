"""Body ▶ JSON value that every reader and both databases take alike: what all formats share.

JSON lets through what breaks later: NaN, duplicate keys, integers beyond a double, NUL (which PostgreSQL refuses),
lone surrogates (which no driver can encode), nesting that exhausts a stack. All of it is settled here, at the door.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NoReturn

from bot.ports import BadPayload

DEPTH = 32
TOLD = 50
"""how many mistakes one answer names"""
SAFE = 2**53 - 1
"""the largest integer that every JSON reader keeps exactly (RFC 7493)"""

_BROKEN = re.compile("[\x00\ud800-\udfff]")
_ESCAPED = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")


def read(body: bytes) -> Any:
    """The value; NUL and lone surrogates in its texts become visible escapes. Raises BadPayload (malformed)."""
    text = _text(body)
    value = _value(text)
    if text.count("{") + text.count("[") > DEPTH:
        _refuse_depth(value)
    return _clean(value) if "\\u" in text and _ESCAPED.search(text) else value


def pointer(path: Sequence[str | int]) -> str:
    """JSON pointer (RFC 6901) of a path; long keys, which a sender chose, are cut."""
    return "".join("/" + _clean(str(part)[:100]).replace("~", "~0").replace("/", "~1") for part in path)


class _Suspect(ValueError):
    """Something JSON lets through and we do not; the second, slower reading finds out where."""


@dataclass(frozen=True)
class _Bad:
    """Stands where the second reading found something."""

    why: str
    tail: tuple[str, ...] = ()


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _malformed("", f"not UTF-8 at byte {error.start}") from None


def _value(text: str) -> Any:
    try:
        return _decoded(text)
    except json.JSONDecodeError as error:
        raise _malformed("", f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise _malformed("", f"nested deeper than {DEPTH}") from None


def _decoded(text: str) -> Any:
    try:
        return _QUICK.decode(text)
    except _Suspect:
        found = islice(_found(_MARKING.decode(text), ()), TOLD)
        raise BadPayload(tuple(found), malformed=True) from None


def _malformed(where: str, why: str) -> BadPayload:
    return BadPayload([(where, why)], malformed=True)


def _refuse_depth(value: Any) -> None:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    deep = [(pointer([key]), f"nested deeper than {DEPTH}") for key, item in inner if _too_deep(item)]
    if deep:
        raise BadPayload(deep, malformed=True)


def _too_deep(value: Any) -> bool:
    """Level by level, so that the check itself needs no stack; the body around `value` is the first level."""
    level = [value]
    for _ in range(DEPTH - 1):
        level = [inner for item in level for inner in _inside(item)]
    return any(isinstance(item, dict | list) for item in level)


def _inside(value: Any) -> Any:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _BROKEN.sub(lambda found: f"\\u{ord(found[0]):04x}", value)
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    return [_clean(item) for item in value] if isinstance(value, list) else value


# ── the hooks: judge what JSON lets through ──────────────────────────────────────────────────────────────────────────


def _object(pairs: list[tuple[str, Any]]) -> Any:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    names = [name for name, _ in pairs]
    twice = next(name for name in names if names.count(name) > 1)
    return _Bad("this key is there twice", (twice,))


def _integer(text: str) -> Any:
    # By length first: Python refuses to read thousands of digits, and reading them takes quadratic time.
    if len(text) > 17 or abs(int(text)) > SAFE:
        return _Bad("not every reader keeps an integer beyond 2^53 exactly; send it as text")
    return int(text)


def _float(text: str) -> Any:
    value = float(text)
    return value if math.isfinite(value) else _Bad("this number is too large; send it as text")


def _constant(text: str) -> Any:
    return _Bad(f"{text} is not JSON")


def _refuse(_: _Bad) -> NoReturn:
    raise _Suspect


def _quick_object(pairs: list[tuple[str, Any]]) -> Any:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _refuse(_object(pairs))


def _quick_integer(text: str) -> Any:
    return int(text) if len(text) < 16 else _passed(_integer(text))


def _quick_float(text: str) -> Any:
    return _passed(_float(text))


def _quick_constant(text: str) -> Any:
    return _refuse(_constant(text))


def _passed(value: Any) -> Any:
    return _refuse(value) if isinstance(value, _Bad) else value


_QUICK = json.JSONDecoder(
    object_pairs_hook=_quick_object,
    parse_int=_quick_integer,
    parse_float=_quick_float,
    parse_constant=_quick_constant,
)
_MARKING = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant)


def _found(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str, str]]:
    """Every marked place. Nesting that the decoder could read is shallow enough to walk."""
    if isinstance(value, _Bad):
        yield pointer((*path, *value.tail)), value.why
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from _found(item, (*path, key))
