"""What a page or a test sends to a stand-in: an object in JSON, or nothing."""

from __future__ import annotations

import json

from starlette.requests import Request

from sandbox.errors import Json, PageError


async def body_of(request: Request) -> Json:
    """Raises PageError where it is anything else."""
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError:
        raise PageError("the body must be JSON") from None
    if not isinstance(body, dict):
        raise PageError("the body must be a JSON object")
    return body
