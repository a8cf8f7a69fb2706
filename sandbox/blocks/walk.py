"""The small pieces that shapes are made of. A check looks at one value and notes each mistake at its pointer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(kw_only=True)
class Walk:
    """What one walk over one payload finds."""

    surface: str
    errors: list[str] = field(default_factory=list)
    text_length: int = 0
    broadcast: bool = False
    mentions: list[str] = field(default_factory=list)
    block_ids: set[str] = field(default_factory=set)
    action_ids: set[str] = field(default_factory=set)  # of the block we are in
    focused: int = 0
    verbatim: bool = False  # mrkdwn here is not parsed for bare @here

    def wrong(self, path: str, problem: str) -> None:
        self.errors.append(f"{problem} [json-pointer:{path}]")


Check = Callable[[Walk, Any, str], None]


def string(most: int, *, least: int = 1) -> Check:
    def check(walk: Walk, value: Any, path: str) -> None:
        if not isinstance(value, str):
            walk.wrong(path, "must provide a string")
        elif len(value) > most:
            walk.wrong(path, f"must be less than {most + 1} characters")
        elif len(value) < least:
            walk.wrong(path, f"must be more than {least - 1} characters")

    return check


def url(most: int) -> Check:
    limit = string(most)

    def check(walk: Walk, value: Any, path: str) -> None:
        limit(walk, value, path)
        if isinstance(value, str) and not value.startswith(("http://", "https://", "mailto:")):
            walk.wrong(path, "must be a valid URL")

    return check


def boolean(walk: Walk, value: Any, path: str) -> None:
    if not isinstance(value, bool):
        walk.wrong(path, "must provide a boolean")


def integer(least: int, most: int) -> Check:
    def check(walk: Walk, value: Any, path: str) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            walk.wrong(path, "must provide an integer")
        elif not least <= value <= most:
            walk.wrong(path, f"must be between {least} and {most}")

    return check


def one_of(*allowed: str) -> Check:
    def check(walk: Walk, value: Any, path: str) -> None:
        if value not in allowed:
            walk.wrong(path, f"must be a valid enum value: {', '.join(allowed)}")

    return check


def array(item: Check, *, most: int, least: int = 1) -> Check:
    def check(walk: Walk, value: Any, path: str) -> None:
        if not isinstance(value, list):
            walk.wrong(path, "must provide an array")
            return
        if len(value) > most:
            walk.wrong(path, f"no more than {most} items allowed")
        if len(value) < least:
            walk.wrong(path, f"no fewer than {least} items required")
        for index, one in enumerate(value):
            item(walk, one, f"{path}/{index}")

    return check


def record(
    required: Mapping[str, Check],
    optional: Mapping[str, Check] | None = None,
    *,
    then: Check | None = None,
) -> Check:
    """An object with exactly these keys; `then` looks at what ties them together. `type` was looked at before."""
    every = {"type": _anything, **required, **(optional or {})}

    def check(walk: Walk, value: Any, path: str) -> None:
        if not isinstance(value, dict):
            walk.wrong(path, "must provide an object")
            return
        for key in required:
            if key not in value:
                walk.wrong(path, f"missing required field: {key}")
        for key, inner in value.items():
            if key in every:
                every[key](walk, inner, f"{path}/{key}")
            else:
                walk.wrong(path, f"invalid additional property: {key}")
        if then is not None:
            then(walk, value, path)

    return check


def typed(kinds: Mapping[str, Check]) -> Check:
    """An object whose `type` names its shape."""

    def check(walk: Walk, value: Any, path: str) -> None:
        kind = value.get("type") if isinstance(value, dict) else None
        if not isinstance(kind, str):
            walk.wrong(path, "missing required field: type")
        elif kind not in kinds:
            walk.wrong(f"{path}/type", f"unsupported type: {kind}")
        else:
            kinds[kind](walk, value, path)

    return check


def both(*checks: Check) -> Check:
    def check(walk: Walk, value: Any, path: str) -> None:
        for one in checks:
            one(walk, value, path)

    return check


def _anything(walk: Walk, value: Any, path: str) -> None:
    return
