"""Graph's REST as we need it: one answer, a list page by page, twenty answers at once; what is made or changed there.

Nothing is repeated and nobody sleeps: what asks to be left alone is left alone, and the caller is told for how long.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode

import httpx2

from bot.ports import Later, Refusal, Unknown
from connectors.microsoft.tokens import Tokens
from connectors.microsoft.waiting import Pauses, seconds

Json = dict[str, Any]

MOST = 20
"""requests in one batch"""
AT_ONCE = 4
"""requests to one mailbox"""
GATES = 64
PAUSE = 10.0
"""seconds after a 429 that names none"""
LONGEST_CODE = 60
NO_HEADERS: Mapping[str, str] = {}
_OUTLOOK = re.compile(r"(/users/[^/]+)/(?:mailboxSettings|todo|sendMail)(?:/.*)?")
"""what is kept in a mailbox: its settings, its tasks, what it sends"""


class Denied(Refusal):
    """403: not granted, not licensed, or beyond a limit of the service."""

    def __init__(self, code: str) -> None:
        super().__init__(code, "workspace")


class Stale(Refusal):
    """It was changed since it was read: read it again, then decide anew."""

    def __init__(self, code: str) -> None:
        super().__init__(code, "other")


class Graph:
    """One tenant's Graph. Any number of threads may ask.

    Everything raises Refusal with Graph's own code, Later (429, 503; or no token can be had now), or Unknown where
    there was no answer that can be read. A 404 is None.
    """

    def __init__(
        self,
        tokens: Tokens,
        *,
        base_url: str = "",
        timeout: float = 5.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`base_url`: without the version and without a slash at its end; else the cloud's."""
        self._tokens, self._timeout = tokens, timeout
        self._scope = tokens.app.cloud.graph_scope
        self._root = f"{base_url or tokens.app.cloud.graph}/v1.0"
        # A redirect would carry the token to an address nobody configured; a proxy would not find a stand-in.
        patience = httpx2.Timeout(timeout, connect=timeout / 2)
        self._http = httpx2.Client(timeout=patience, follow_redirects=False, trust_env=not base_url)
        self._pauses = Pauses(monotonic)
        # Mailboxes are many: some share a gate, which is stricter than it has to be.
        self._gates = [threading.BoundedSemaphore(AT_ONCE) for _ in range(GATES)]

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, /, **query: str) -> Json | None:
        """`path` begins with a slash; names in it went through `part`. An option's name is given without its `$`."""
        return self._read("GET", self._address(path, query))

    def pages(self, path: str, /, **query: str) -> Iterator[Json]:
        """Every page of a list; the last one may say where to go on (`@odata.deltaLink`)."""
        yield from self.following(self._address(path, query))

    def following(self, link: str, /) -> Iterator[Json]:
        """The same from a link that Graph gave. Raises Refusal for one that leads elsewhere."""
        following: str | None = link
        while following:
            if not following.startswith(f"{self._root}/"):
                raise Refusal("foreign_link", "other")
            page = self._read("GET", following)
            if page is None:
                raise Refusal("page_missing", "other")
            yield page
            found = page.get("@odata.nextLink")
            following = found if isinstance(found, str) else None

    def batch(self, paths: Sequence[str], /) -> list[Json | Exception | None]:
        """The answers in the order of the paths: a body, None for a 404, or what became of this one alone."""
        found: list[Json | Exception | None] = []
        for start in range(0, len(paths), MOST):
            found += self._batch(paths[start : start + MOST])
        return found

    def send(self, method: str, path: str, body: Json | None = None, /, *, etag: str = "") -> Json | None:
        """POST, PATCH or DELETE, once: what Graph says of it, `{}` where it has nothing to say; None for a 404.

        `etag`: of what was read, where it must not have changed since: raises Stale where it has. Raises Unknown where
        nobody can say whether it was done, and that is also what a 503 means.
        """
        headers = {"if-match": etag} if etag else {}
        address = self._address(path, {})
        with self._turn(path):
            answer = self._sent(method, address, body, headers)
        if answer.status_code in (409, 412):
            raise Stale(_code(_json(answer)) or f"http_{answer.status_code}")
        if 200 <= answer.status_code < 300 and not answer.content:
            return {}
        try:
            return self._judged(path, answer.status_code, answer.headers, _json(answer))
        except Later as error:
            if answer.status_code == 503:
                raise Unknown(error.code) from None
            raise

    def whole(self, path: str) -> str:
        """The address of a path, by which a body names it."""
        return self._address(path, {})

    # ── one request ──────────────────────────────────────────────────────────────────────────────────────────────

    def _address(self, path: str, query: Mapping[str, str]) -> str:
        options = urlencode({f"${name}": value for name, value in query.items()}, quote_via=quote, safe="$,()'=;")
        return f"{self._root}{path}" + (f"?{options}" if options else "")

    def _read(self, method: str, address: str, body: Json | None = None) -> Json | None:
        path = address.removeprefix(self._root).partition("?")[0]
        with self._turn(path):
            answer = self._sent(method, address, body)
        return self._judged(path, answer.status_code, answer.headers, _json(answer))

    def _sent(
        self, method: str, address: str, body: Json | None, headers: Mapping[str, str] = NO_HEADERS
    ) -> httpx2.Response:
        """With a new token where the first is not accepted: it was revoked, or a clock was set back."""
        token = self._tokens.token(self._scope)
        answer = self._once(method, address, body, {**headers, "authorization": f"Bearer {token}"})
        if answer.status_code != 401:
            return answer
        self._tokens.forget(token)
        fresh = self._tokens.token(self._scope)
        if fresh == token:
            return answer
        return self._once(method, address, body, {**headers, "authorization": f"Bearer {fresh}"})

    def _once(self, method: str, address: str, body: Json | None, headers: Mapping[str, str]) -> httpx2.Response:
        try:
            return self._http.request(method, address, json=body, headers={**headers, "accept": "application/json"})
        except (httpx2.ConnectError, httpx2.ConnectTimeout):
            raise Later("unreachable", 5.0) from None
        except httpx2.HTTPError as error:
            raise Unknown(type(error).__name__) from None

    @contextmanager
    def _turn(self, path: str) -> Iterator[None]:
        """Never while we are asked to wait, and never more than four at once to one mailbox."""
        if wait := self._wait(path):
            raise Later("throttled", wait)
        mailbox = _limited(path)
        if not mailbox:
            yield
            return
        gate = self._gates[hash(mailbox) % GATES]
        if not gate.acquire(timeout=self._timeout):
            raise Later("mailbox_busy", 1.0)
        try:
            yield
        finally:
            gate.release()

    def _wait(self, path: str) -> float:
        return max(self._pauses.left(""), self._pauses.left(_limited(path)))

    def _judged(self, path: str, status: int, headers: Mapping[str, str], body: Json | None) -> Json | None:
        if 200 <= status < 300 and body is not None:
            return body
        if status in (429, 503):
            wait = seconds(headers.get("retry-after"), default=PAUSE, now=time.time())
            self._pauses.pause(_limited(path), wait)
            raise Later(_code(body) or f"http_{status}", wait)
        if status == 404 and body is not None:
            return None
        if status == 410:
            raise Refusal(_code(body) or "gone", "other")
        if status >= 500 or body is None:
            raise Unknown(f"http_{status}")
        if status == 403:
            raise Denied(_code(body) or "http_403")
        raise Refusal(_code(body) or f"http_{status}", {400: "content", 401: "workspace"}.get(status, "other"))

    # ── many ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _batch(self, paths: Sequence[str]) -> list[Json | Exception | None]:
        waits = [self._wait(path) for path in paths]
        wanted = [
            {"id": str(number), "method": "GET", "url": path} for number, path in enumerate(paths) if not waits[number]
        ]
        answer = (self._read("POST", f"{self._root}/$batch", {"requests": wanted}) or {}) if wanted else {}
        found = {str(one.get("id")): one for one in answer.get("responses") or () if isinstance(one, dict)}
        return [
            Later("throttled", waits[number]) if waits[number] else self._inner(path, found.get(str(number)))
            for number, path in enumerate(paths)
        ]

    def _inner(self, path: str, answer: Json | None) -> Json | Exception | None:
        if answer is None or not isinstance(answer.get("status"), int):
            return Unknown("no_answer")
        headers = {str(name).lower(): str(value) for name, value in (answer.get("headers") or {}).items()}
        body = answer.get("body")
        try:
            return self._judged(path, answer["status"], headers, body if isinstance(body, dict) else None)
        except (Refusal, Later, Unknown) as error:
            return error


def part(text: str) -> str:
    """What somebody else named, as one part of a path."""
    return quote(text, safe="@")


def literal(text: str) -> str:
    """The same as a literal of a filter."""
    return "'" + text.replace("'", "''") + "'"


def _limited(path: str) -> str:
    """What a limit counts besides everything: one mailbox."""
    read = _OUTLOOK.fullmatch(path.partition("?")[0])
    return read[1] if read else ""


def _json(answer: httpx2.Response) -> Json | None:
    try:
        body = answer.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _code(body: Json | None) -> str:
    error = (body or {}).get("error")
    code = str(error.get("code") or "") if isinstance(error, dict) else ""
    return code if code.replace("_", "").isalnum() and len(code) < LONGEST_CODE else ""
