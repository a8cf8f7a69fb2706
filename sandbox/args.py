"""The arguments of one Web API call, from query, form or JSON body, read as Slack reads them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from sandbox.clock import micros
from sandbox.errors import Json, SlackError, invalid_arguments


class Args:
    """Values are strings when they came from a form, anything when they came from JSON."""

    def __init__(self, values: Json) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def text(self, name: str) -> str | None:
        value = self._values.get(name)
        if value is None or isinstance(value, str):
            return value or None
        if isinstance(value, bool | int | float):
            return str(value)
        raise invalid_arguments(f"must provide a string [json-pointer:/{name}]")

    def required(self, name: str) -> str:
        value = self.text(name)
        if value is None:
            raise invalid_arguments(f"missing required field: {name}")
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self._values.get(name)
        if value is None or value == "":
            return default
        return str(value).lower() in {"1", "true"}

    def number(self, name: str, default: int, *, most: int) -> int:
        value = self.text(name)
        if value is None:
            return default
        if not value.isdigit() or int(value) == 0:
            raise SlackError("invalid_limit")
        return min(int(value), most)

    def instant(self, name: str) -> int | None:
        """A message timestamp in microseconds."""
        value = self.text(name)
        if value is None:
            return None
        try:
            return micros(value)
        except ValueError:
            raise SlackError(f"invalid_ts_{name}") from None

    def structure(self, name: str, *, malformed: str) -> Any:
        """A list or object: as it is in a JSON body, as a JSON string in a form."""
        value = self._values.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise SlackError(malformed) from None


async def read_args(request: Request) -> Args:
    """Raises SlackError `invalid_json`, `json_not_object`, `invalid_form_data`."""
    values: Json = dict(request.query_params)
    body = await request.body()
    if not body:
        return Args(values)
    if request.headers.get("content-type", "").startswith("application/json"):
        values.update(_json_object(body))
    else:
        values.update(_form(body))
    return Args(values)


def _json_object(body: bytes) -> Json:
    try:
        value = json.loads(body)
    except ValueError:
        raise SlackError("invalid_json") from None
    if not isinstance(value, dict):
        raise SlackError("json_not_object")
    return value


def _form(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, errors="strict"))
    except UnicodeDecodeError:
        raise SlackError("invalid_form_data") from None
