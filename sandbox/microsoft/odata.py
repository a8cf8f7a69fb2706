"""The part of OData that Graph's readers use: `$select`, `$filter`, `$expand`; what is not known is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl

from sandbox.errors import Json
from sandbox.microsoft import csdl

_EQUALS = re.compile(r"(\w+) eq '((?:[^']|'')*)'")
_FILTER = re.compile(rf"{_EQUALS.pattern}(?: or {_EQUALS.pattern})*")
_EXPAND = re.compile(r"manager(?:\((.*)\))?")
FILTERED = {
    "user": ("id", "mail", "userPrincipalName", "displayName", "mailNickname"),
    "group": ("displayName", "mailNickname"),
    "teamsApp": ("id", "externalId", "displayName"),
}


class GraphError(Exception):
    """An answer `{"error": {"code", "message"}}`."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status, self.code, self.message = status, code, message

    def body(self) -> Json:
        return {"error": {"code": self.code, "message": self.message, "innerError": {"date": "", "request-id": ""}}}


def bad(message: str) -> GraphError:
    return GraphError(400, "Request_BadRequest", message)


def missing(key: str) -> GraphError:
    return GraphError(404, "Request_ResourceNotFound", f"Resource '{key}' does not exist.")


def options(query: str, allowed: Iterable[str]) -> dict[str, str]:
    """The query's options. Raises GraphError for one that this address does not have."""
    found = dict(parse_qsl(query, keep_blank_values=True))
    for name in found.keys() - set(allowed):
        raise bad(f"The query parameter '{name}' is not supported.")
    return found


def selected(kind: str, options: Mapping[str, str], usual: Iterable[str]) -> list[str]:
    """The names to answer with. Raises GraphError for one that the type does not have."""
    names = [name.strip() for name in options["$select"].split(",")] if "$select" in options else list(usual)
    if stranger := csdl.unknown(kind, names):
        raise bad(f"Could not find a property named '{stranger}' on type 'microsoft.graph.{kind}'.")
    return ["id", *(name for name in names if name != "id")]


def matches(kind: str, text: str) -> list[tuple[str, str]]:
    """The alternatives of a filter: `mail eq 'a' or mail eq 'b'`. Raises GraphError for anything else."""
    if not _FILTER.fullmatch(text):
        raise bad("Invalid filter clause.")
    found = [(name, value.replace("''", "'")) for name, value in _EQUALS.findall(text)]
    if any(name not in FILTERED[kind] for name, _ in found):
        raise bad("Unsupported or invalid query filter clause.")
    return found


def expanded(options: Mapping[str, str], headers: Mapping[str, str]) -> tuple[list[str], int] | None:
    """(names, levels) of `$expand=manager(…)`; None where nothing is expanded. Raises GraphError."""
    if "$expand" not in options:
        return None
    read = _EXPAND.fullmatch(options["$expand"])
    if read is None:
        raise bad("Parsing OData Select and Expand failed.")
    inner = dict(part.split("=", 1) for part in (read[1] or "").split(";") if "=" in part)
    levels = inner.get("$levels", "1")
    if levels != "1" and not (headers.get("consistencylevel") == "eventual" and options.get("$count") == "true"):
        raise bad("$levels needs $count=true and the header ConsistencyLevel: eventual.")
    if levels != "max" and not levels.isdigit():
        raise bad("Parsing OData Select and Expand failed.")
    return selected("user", inner, ("displayName", "mail", "userPrincipalName")), 1000 if levels == "max" else int(
        levels
    )
