"""Faults on order: what Entra or Graph answers instead, how late, and with which wish to be left alone."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from itertools import count

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.bodies import body_of
from sandbox.errors import Json, PageError

STATUSES = frozenset((200, 400, 401, 403, 404, 409, 412, 413, 429, 500, 502, 503, 504, 507))


@dataclass(kw_only=True)
class Fault:
    """`path`: a regular expression found in the path. `status` 0: the connection is cut. `times` None: for ever.

    `body`: said instead of a JSON error; `after`: the call takes effect first, and only its answer is lost.
    """

    id: str
    path: str
    status: int = 429
    times: int | None = 1
    retry_after: str | None = None
    body: str | None = None
    method: str = ""  # one method alone
    slow: float = 0.0  # seconds before the answer, which is then the real one

    @property
    def is_late(self) -> bool:
        return self.body == "after"


class Faults:
    def __init__(self) -> None:
        self._faults: dict[str, Fault] = {}
        self._ids = count(1)

    def add(self, wanted: Json) -> Json:
        """Raises PageError when there is no such fault."""
        try:
            fault = Fault(id=f"m{next(self._ids)}", **wanted)
            re.compile(fault.path)
        except (TypeError, re.error) as error:
            raise PageError(f"no such fault: {error}") from None
        if fault.status not in {0, *STATUSES}:
            raise PageError(f"status must be 0 or one of {sorted(STATUSES)}")
        self._faults[fault.id] = fault
        return asdict(fault)

    def clear(self) -> None:
        self._faults.clear()

    def take(self, path: str, method: str = "") -> Fault | None:
        """The oldest fault ordered for this path; uses one of its times up."""
        meant = (one for one in self._faults.values() if one.method in ("", method) and re.search(one.path, path))
        found = next(meant, None)
        if found is not None and found.times is not None:
            found.times -= 1
            if found.times <= 0:
                del self._faults[found.id]
        return found


async def order(request: Request, faults: Faults) -> Response:
    """POST orders one, DELETE takes all of them back."""
    if request.method == "DELETE":
        faults.clear()
        return JSONResponse({"ok": True})
    return JSONResponse(faults.add(await body_of(request)))
