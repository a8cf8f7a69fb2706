"""Every error as RFC 9457 problem JSON with a code that stays."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from bot.ports import Away, BadPayload, Conflict

MEDIA_TYPE = "application/problem+json"
RETRY_SOON = {"Retry-After": "1"}

# code ▶ (status, title): other programs depend on the codes; a title is for people.
CODES = {
    "malformed": (400, "The body cannot be read."),
    "unauthorized": (401, "A valid key is required."),
    "forbidden": (403, "This key may not do that."),
    "not_found": (404, "There is no such thing here."),
    "method_not_allowed": (405, "This cannot be done here."),
    "too_slow": (408, "The body did not arrive in time."),
    "finished": (409, "The alert is finished."),
    "too_large": (413, "The body is too large."),
    "not_json": (415, "The body should be JSON."),
    "invalid": (422, "The request has mistakes."),
    "idempotency_key_reused": (422, "This Idempotency-Key was used with another body."),
    "too_many_requests": (429, "Too many requests."),
    "internal": (500, "Something broke on our side."),
    "unavailable": (503, "Not possible right now; try again."),
}


class Mistake(BaseModel):
    """One thing that is wrong with a request."""

    pointer: str = Field(description="JSON pointer to the field in the body; empty: the whole body")
    detail: str
    parameter: str | None = Field(default=None, description="the query or header parameter, where it is not the body")


class ProblemBody(BaseModel):
    """RFC 9457."""

    type: str = Field(examples=["urn:closeloop:problem:invalid"])
    title: str
    status: int
    detail: str
    code: str = Field(description="stays the same for ever", examples=sorted(CODES))
    errors: list[Mistake] = []


@dataclass
class Problem(Exception):
    """An answer that is an error; raised anywhere below a handler."""

    code: str
    detail: str = ""
    errors: Iterable[Mapping[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def answer(problem: Problem) -> Response:
    """The problem as HTTP has it."""
    status, title = CODES[problem.code]
    return _response(problem, status, title)


def _response(problem: Problem, status: int, title: str) -> Response:
    body: dict[str, Any] = {
        "type": f"urn:closeloop:problem:{problem.code}",
        "title": title,
        "status": status,
        "detail": problem.detail or title,
        "code": problem.code,
        "errors": list(problem.errors),
    }
    # Escaped to ASCII: what a sender wrote into a key may not be encodable at all.
    return Response(json.dumps(body), status, {**problem.headers}, MEDIA_TYPE)


def busy(why: str) -> Problem:
    """503: the sender keeps what it has and comes back."""
    return Problem("unavailable", why, headers=RETRY_SOON)


def bad_payload(error: BadPayload) -> Problem:
    errors = [{"pointer": pointer, "detail": detail} for pointer, detail in error.errors]
    code = "malformed" if error.malformed else "invalid"
    return Problem(code, "Nothing was stored.", errors)


def documented(*codes: str) -> dict[int | str, dict[str, Any]]:
    """These problems as OpenAPI has them."""
    schema = {"$ref": "#/components/schemas/ProblemBody"}
    by_status: dict[int | str, list[str]] = {}
    for code in codes:
        by_status.setdefault(CODES[code][0], []).append(code)
    return {
        status: {"description": " ".join(CODES[code][1] for code in same), "content": {MEDIA_TYPE: {"schema": schema}}}
        for status, same in by_status.items()
    }


def install(app: FastAPI) -> None:
    """Turn every error of the app, the framework's own too, into a problem. The last resort is `web.Shield`."""
    app.exception_handler(Problem)(_on_problem)
    app.exception_handler(Away)(_on_away)
    app.exception_handler(Conflict)(_on_away)
    app.exception_handler(HTTPException)(_on_http)
    app.exception_handler(RequestValidationError)(_on_parameters)


async def _on_problem(request: Request, error: Problem) -> Response:
    return answer(error)


async def _on_away(request: Request, error: Away | Conflict) -> Response:
    # The error's own words may hold a database URL: they go to the log of whoever raised it, not to a stranger.
    return answer(busy("The database is away or busy."))


async def _on_http(request: Request, error: HTTPException) -> Response:
    code = next((code for code, (status, _) in CODES.items() if status == error.status_code), "")
    if code:
        return answer(Problem(code, headers=error.headers or {}))
    phrase = HTTPStatus(error.status_code).phrase
    problem = Problem(phrase.lower().replace(" ", "_"), headers=error.headers or {})
    return _response(problem, error.status_code, phrase)


async def _on_parameters(request: Request, error: RequestValidationError) -> Response:
    """Wrong query, path or header parameters; what was sent is not repeated."""
    errors = [_parameter(found["loc"], found["msg"]) for found in error.errors()]
    return answer(Problem("invalid", "A parameter is wrong.", errors))


def _parameter(where: tuple[str | int, ...], message: str) -> dict[str, str]:
    name = str(where[1]) if len(where) > 1 else str(where[0])
    return {"pointer": "", "parameter": name, "detail": message}
