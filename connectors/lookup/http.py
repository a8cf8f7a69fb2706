"""Who owns what, asked of a service by GET, remembered for a while, and left alone while it is away."""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

import httpx2

from bot.ports import Unknown
from connectors.lookup.owner import owner

log = logging.getLogger(__name__)

REMEMBERED = 10_000
"""answers, those asked for most recently"""
FAILURES = 3
"""failures in a row after which it is left alone"""
ALONE = 30.0
"""seconds for which it is; then one call goes to see whether it is back"""
MOST_BYTES = 64 << 10
LONGEST_KEY = 1_000

_ABOUT_THE_KEY = ("http_400", "http_414", "http_422")
_STEPS = re.compile(r"(?:^|[/\\])\.{1,2}(?:[/\\]|$)")


@dataclass(kw_only=True)
class _Breaker:
    """Whether the service may be asked. Seconds are those of `now`."""

    failed: int = 0
    until: float = 0.0
    turn: threading.Lock = field(default_factory=threading.Lock)

    def lets(self, now: float) -> bool:
        """While it is open, one call in `ALONE` seconds goes."""
        with self.turn:
            if self.failed < FAILURES:
                return True
            if self.until - ALONE <= now < self.until:
                return False
            self.until = now + ALONE
            return True

    def works(self) -> bool:
        """Whether it did not before."""
        with self.turn:
            was, self.failed = self.failed, 0
        return was >= FAILURES

    def fails(self, now: float) -> bool:
        """Whether that opens it."""
        with self.turn:
            self.failed += 1
            self.until = now + ALONE
            return self.failed == FAILURES


@dataclass(kw_only=True)
class _Memory:
    """key ▶ (owner, second of the answer), bounded."""

    kept: OrderedDict[str, tuple[str | None, float]] = field(default_factory=OrderedDict)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: str) -> tuple[str | None, float] | None:
        with self.turn:
            if key in self.kept:
                self.kept.move_to_end(key)
            return self.kept.get(key)

    def keep(self, key: str, found: str | None, now: float) -> None:
        with self.turn:
            self.kept[key] = found, now
            self.kept.move_to_end(key)
            if len(self.kept) > REMEMBERED:
                self.kept.popitem(last=False)


class HttpTable:
    """Implements `bot.ports.Lookup`; any number of threads may ask at once. The address and the token are secrets.

    `{key}` in the address is where the key goes. 200 with `{"owner": "ana@acme.example"}` or a bare e-mail names the
    owner; 404, 204, an empty one or `null` says nobody. An old answer counts while no new one can be had.
    """

    def __init__(
        self,
        url: str,
        /,
        *,
        timeout: float = 2.0,
        ttl: float = 300,
        token: str = "",
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`timeout`: seconds for the answer; reaching the service may take half of that besides. Raises ValueError."""
        _check(url)
        self._url, self._ttl, self._timeout, self._now = url, ttl, timeout, now
        self._memory, self._breaker = _Memory(), _Breaker()
        # Not compressed: the limit of what is read is one of what arrives.
        headers = {"accept": "application/json, text/plain", "accept-encoding": "identity"}
        if token:
            headers["authorization"] = f"Bearer {token.strip()}"
        patience = httpx2.Timeout(connect=timeout / 2, write=timeout / 4, pool=timeout / 4, read=timeout)
        # A redirect would carry the token to an address nobody configured.
        self._http = httpx2.Client(headers=headers, timeout=patience, follow_redirects=False)

    def close(self) -> None:
        self._http.close()

    def find(self, key: str, /) -> str | None:
        """Raises Unknown where the service cannot say and never has said."""
        address = _address(self._url, key)
        if address is None:
            return None
        known, now = self._memory.get(key), self._now()
        if known and 0 <= now - known[1] < self._ttl:
            return known[0]
        try:
            found = self._ask(address)
        except Unknown:
            if known:
                return known[0]
            raise
        self._memory.keep(key, found, now)
        return found

    def _ask(self, address: str) -> str | None:
        if not self._breaker.lets(self._now()):
            raise Unknown("left_alone")
        try:
            found = self._call(address)
        except Unknown as error:
            self._learn(error.code)
            raise
        self._learn("")
        return found

    def _learn(self, code: str) -> None:
        # What it refuses because of the key says that it works: a sender's keys must not silence it for all.
        if not code or code in _ABOUT_THE_KEY:
            if self._breaker.works():
                log.info("a lookup's service answers again", extra={"host": _host(self._url)})
        elif self._breaker.fails(self._now()):
            log.warning("a lookup's service is away, it is left alone", extra={"host": _host(self._url), "code": code})

    def _call(self, address: str) -> str | None:
        """Raises Unknown."""
        ends = time.monotonic() + self._timeout * 2
        try:
            with self._http.stream("GET", address) as answer:
                if answer.status_code in (404, 204):
                    return None
                if answer.status_code != 200:
                    raise Unknown(f"http_{answer.status_code}")
                return _owner(_body(answer, ends), answer.headers.get("content-type", ""))
        except (httpx2.RequestError, httpx2.InvalidURL) as error:
            raise Unknown(type(error).__name__) from None


def _check(url: str) -> None:
    parts = urlsplit(url)
    where = f"{parts.path}?{parts.query}"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("not an http or https address")
    if "{key}" not in where or url.count("{key}") != where.count("{key}"):
        raise ValueError("the address needs {key} in its path or query, and nowhere else")
    try:
        httpx2.URL(url.replace("{key}", "key"))
    except httpx2.InvalidURL as error:
        raise ValueError(f"not an address: {error}") from None


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _address(url: str, key: str) -> str | None:
    """The address of this key, or None for a key that no table has: an encoded `..` is still a way out of its place."""
    if not key.strip() or len(key) > LONGEST_KEY or _STEPS.search(key):
        return None
    try:
        return url.replace("{key}", quote(key, safe=""))
    except UnicodeEncodeError:  # half a character
        return None


def _body(answer: httpx2.Response, ends: float) -> bytes:
    """Raises Unknown for one that is too long, packed, or comes too slowly."""
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        raise Unknown("packed")
    body = b""
    for piece in answer.iter_raw():
        body += piece
        if len(body) > MOST_BYTES:
            raise Unknown("too_long")
        if time.monotonic() > ends:
            raise Unknown("too_slow")
    return body


def _owner(body: bytes, content_type: str) -> str | None:
    """Raises Unknown for what names neither an owner nor nobody."""
    kind = content_type.partition(";")[0].strip().lower()
    try:
        text = body.decode("utf-8-sig")
        if kind == "application/json" or kind.endswith("+json"):
            return _in_json(json.loads(text))
        if kind in ("text/plain", ""):
            return None if text.strip() == "null" else owner(text)
    except (ValueError, RecursionError):
        raise Unknown("unreadable") from None
    raise Unknown("unreadable")


def _in_json(found: object) -> str | None:
    """Raises ValueError."""
    if isinstance(found, dict) and "owner" in found:
        found = found["owner"]
    if found is None:
        return None
    if not isinstance(found, str):
        raise ValueError("no owner in it")
    return owner(found)
