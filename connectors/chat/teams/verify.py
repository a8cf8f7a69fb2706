"""Who may send activities: the Bot Connector alone, by a token that it signed for this bot and for this address.

There is no switch that turns this off. What counts as the Connector is the metadata document that is configured.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx2
import jwt
from jwt.types import Options

from connectors.chat.teams.text import Json

SKEW = 300.0
"""seconds by which the Connector's clock may differ from ours"""
FRESH = 24 * 3600.0
"""seconds after which keys are read anew"""
GOOD = 5 * 24 * 3600.0
"""seconds for which they count where they cannot be; Microsoft allows no more: facts/microsoft.md §4"""
COOL_DOWN = 30.0
"""seconds between two looks for a key that is not known, or at a document that did not come"""
ALGORITHM = "RS256"
_OPTIONS: Options = {
    "require": ["exp", "iss", "aud"],
    # Looked at by ourselves, by a clock that tests can move.
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
}


class Forbidden(Exception):
    """The request is not the Connector's: 401 where it has no token at all, else 403. The code is for the log."""

    def __init__(self, code: str, status: int = 403) -> None:
        super().__init__(code)
        self.code, self.status = code, status


class NoKeys(Exception):
    """The keys cannot be had just now: nobody can be let in, and whoever asks may come again (503)."""


@dataclass(frozen=True)
class _Key:
    key: Any
    endorsements: frozenset[str]


@dataclass
class Keys:
    """The keys that a metadata document names. One thread asks, and never more often than the cool-down says."""

    metadata: str
    client: httpx2.Client | None = None
    monotonic: Callable[[], float] = time.monotonic
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _known: Mapping[str, _Key] = field(default_factory=dict)
    _read_at: float = float("-inf")
    _asked_at: float = float("-inf")

    def key(self, kid: str) -> _Key:
        """Raises Forbidden for a key that is not among them, NoKeys where they cannot be had."""
        is_known = kid in self._known
        is_due = not is_known or self.monotonic() - self._read_at > FRESH
        # Whoever comes with a key that is known waits for nobody else's look at the document.
        if is_due and self._turn.acquire(blocking=not is_known):
            try:
                self._look(kid)
            finally:
                self._turn.release()
        if not self._known or self.monotonic() - self._read_at > GOOD:
            raise NoKeys
        found = self._known.get(kid)
        if found is None:
            raise Forbidden("unknown_key")
        return found

    def _look(self, kid: str) -> None:
        now = self.monotonic()
        is_due = kid not in self._known or now - self._read_at > FRESH
        # Whoever makes up key ids must not make us ask: an unknown one is looked for twice a minute at most.
        if is_due and now - self._asked_at > COOL_DOWN:
            self._asked_at = now
            self._read(now)

    def _read(self, now: float) -> None:
        """What was known stays where the new ones cannot be read."""
        try:
            document = self._get(self.metadata)
            listed = self._get(self._jwks_address(str(document["jwks_uri"])))["keys"]
            found = {str(one["kid"]): _made(one) for one in listed if one.get("kty") == "RSA"}
        except (httpx2.HTTPError, ValueError, KeyError, TypeError, AttributeError, jwt.PyJWTError):
            return
        if found:
            self._known, self._read_at = found, now

    def _jwks_address(self, address: str) -> str:
        """Where the document is https, so are the keys."""
        if urlsplit(address).scheme != "https" and urlsplit(self.metadata).scheme == "https":
            raise ValueError("keys without https")
        return address

    def _get(self, address: str) -> Json:
        if self.client is None:
            self.client = httpx2.Client(timeout=5.0, trust_env=self.metadata.startswith("https:"))
        answer = self.client.get(address, follow_redirects=False)
        answer.raise_for_status()
        body = answer.json()
        if not isinstance(body, dict):
            raise ValueError("no object")
        return body


def _made(raw: Json) -> _Key:
    key = jwt.PyJWK.from_dict({**raw, "alg": ALGORITHM}).key
    return _Key(key, frozenset(raw.get("endorsements", ())))


@dataclass(frozen=True, kw_only=True)
class Verifier:
    """Checks one request: form, signature, issuer, audience, times, address, channel."""

    app_id: str
    issuer: str
    keys: Keys
    seconds: Callable[[], float] = time.time

    def check_token(self, authorization: str) -> tuple[Json, _Key]:
        """The token's claims and the key that signed it, before the body is looked at. Raises Forbidden, NoKeys."""
        scheme, _, token = authorization.partition(" ")
        if not authorization:
            raise Forbidden("no_token", 401)
        if scheme.lower() != "bearer" or not token.strip():
            raise Forbidden("no_bearer", 401)
        key = self.keys.key(_kid(token.strip()))
        return self._claims(token.strip(), key), key

    def check_activity(self, claims: Json, key: _Key, activity: Json) -> None:
        """Whether this activity is the one the token is for. Raises Forbidden."""
        claimed, said = claims.get("serviceurl") or claims.get("serviceUrl"), activity.get("serviceUrl")
        if not claimed or not isinstance(said, str) or claimed != said:
            raise Forbidden("service_url")
        if activity.get("channelId") not in key.endorsements:
            raise Forbidden("endorsement")

    def _claims(self, token: str, key: _Key) -> Json:
        try:
            claims: Json = jwt.decode(
                token,
                key.key,
                algorithms=[ALGORITHM],
                audience=self.app_id,
                issuer=self.issuer,
                options=_OPTIONS,
            )
        except jwt.PyJWTError as error:
            raise Forbidden(type(error).__name__) from None
        now = self.seconds()
        if not _number(claims.get("exp")) > now - SKEW:
            raise Forbidden("expired")
        if _number(claims.get("nbf", 0)) > now + SKEW or _number(claims.get("iat", 0)) > now + SKEW:
            raise Forbidden("not_yet")
        return claims


def _kid(token: str) -> str:
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise Forbidden("malformed") from None
    if header.get("alg") != ALGORITHM or not isinstance(header.get("kid"), str):
        raise Forbidden("algorithm")
    return str(header["kid"])


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Forbidden("malformed")
    return float(value)
