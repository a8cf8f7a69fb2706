"""An app's tokens: asked of Entra through msal, shared by all processes through a vault.

What msal does that is easily missed: building a client already asks the network; it has no timeout of its own; a 400 is
answered from memory for a minute, so that what was mended in Entra may look broken for that long. A 429, a 5xx and a
broken connection reach it as failures of the connection, because only after those does it fall back to a token that is
due for renewal and still good.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msal
import requests

from bot.ports import Later, Refusal
from bot.ports.vault import Vault
from connectors.microsoft.clouds import Cloud
from connectors.microsoft.credentials import Credential, Managed
from connectors.microsoft.waiting import Pauses, seconds

TIMEOUT = 10.0
PAUSE = 5.0
"""seconds after a failure that names none"""
REFUSED = 60.0
"""seconds for which a refusal stands, as msal's own memory of a 400 does"""
SHARED = 3600
"""seconds in the vault at most"""
HELD = 60.0
"""seconds for which a token is handed out without another look; msal renews five minutes before the end"""
_CODE = re.compile(r"AADSTS\d+")
_LATER = frozenset(("temporarily_unavailable", "server_error", "slow_down", "request_timeout"))


@dataclass(frozen=True, kw_only=True)
class App:
    """Who asks: a registered app in its home tenant. Several credentials while one takes another's place."""

    cloud: Cloud
    tenant: str
    client_id: str
    credentials: tuple[Credential, ...]
    """the next is tried where one is refused"""
    login_url: str = ""
    """where Entra's stand-in is, for the sandbox and tests; the authority stays the cloud's"""

    @property
    def authority(self) -> str:
        return f"{self.cloud.login}/{self.tenant}"

    @property
    def name(self) -> str:
        return f"{self.cloud.name}:{self.tenant}:{self.client_id}"


class Tokens:
    """The tokens of one app. Any number of threads may ask; one of them asks Entra."""

    def __init__(self, app: App, *, vault: Vault, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Asks nobody yet."""
        self.app = app
        self._vault, self._monotonic = vault, monotonic
        self._line = _Line(app, monotonic)
        self._turn = threading.Lock()
        self._cache = msal.SerializableTokenCache()
        self._clients: dict[int, Any] = {}
        self._seen: str | None = None
        self._held: dict[str, tuple[str, float]] = {}
        self._refused: dict[str, tuple[Refusal, float]] = {}

    def token(self, scope: str) -> str:
        """A bearer token for a scope that ends in `/.default`.

        Raises Later where Entra is away or asks to wait, and Refusal of kind `workspace`, whose code is Entra's own
        (`AADSTS7000215`), where a person has to mend something. Never Unknown: asking shows nobody anything.
        """
        with self._turn:
            now = self._monotonic()
            token, until = self._held.get(scope, ("", 0.0))
            if now < until:
                return token
            refusal, until = self._refused.get(scope, (None, 0.0))
            if refusal and now < until:
                raise refusal
            return self._asked(scope, now)

    def forget(self, token: str) -> None:
        """A token that was not accepted (revoked, or a clock was set back) is asked for anew, here and by others."""
        with self._turn:
            self._held = {scope: held for scope, held in self._held.items() if held[0] != token}
            self._look()
            for entry in list(self._cache.search(msal.TokenCache.CredentialType.ACCESS_TOKEN, query={})):
                if entry.get("secret") == token:
                    self._cache.remove_at(entry)
            self._share()

    def _asked(self, scope: str, now: float) -> str:
        self._look()
        try:
            token = self._of_the_first_that_is_accepted(scope)
        except Refusal as refusal:
            self._refused[scope] = refusal, now + REFUSED
            raise
        self._held[scope] = token, now + HELD
        self._share()
        return token

    def _look(self) -> None:
        """What another process has put into the vault since."""
        blob = self._vault.get(f"microsoft:{self.app.name}")
        if blob and blob != self._seen:
            self._seen = blob
            self._cache.deserialize(blob if _is_cache(blob) else None)

    def _share(self) -> None:
        if self._cache.has_state_changed:
            self._seen = self._cache.serialize()
            self._vault.put(f"microsoft:{self.app.name}", self._seen, seconds=SHARED)

    def _of_the_first_that_is_accepted(self, scope: str) -> str:
        first: Refusal | None = None
        for number, credential in enumerate(self.app.credentials):
            try:
                return self._answer(number, credential, scope)
            except Refusal as refusal:
                first = first or refusal
        raise first or Refusal("no_credential", "workspace")

    def _answer(self, number: int, credential: Credential, scope: str) -> str:
        try:
            if number not in self._clients:
                self._clients[number] = _client(self.app, credential, self._line, self._cache)
            self._line.status = 0
            answer = _ask(self._clients[number], scope)
        except requests.RequestException as error:
            wait = error.seconds if isinstance(error, _Waits) else PAUSE
            raise Later("entra_away", wait) from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise self._nonsense(built=number in self._clients) from None
        if "access_token" in answer:
            return str(answer["access_token"])
        raise _refused(answer)

    def _nonsense(self, *, built: bool) -> Later | Refusal:
        """What msal could not make sense of: our credential, a tenant that is not there, or a page in between."""
        if not self._line.status:
            return Refusal("credential_unreadable", "workspace")
        if not built and 400 <= self._line.status < 500:
            return Refusal("tenant_unknown", "workspace")
        return Later("entra_away", PAUSE)


def _is_cache(blob: str) -> bool:
    """Whether this is what msal wrote, and not what another version of it might."""
    try:
        found = json.loads(blob)
    except ValueError:
        return False
    return isinstance(found, dict) and all(isinstance(kind, dict) for kind in found.values())


def _client(app: App, credential: Credential, line: _Line, cache: Any) -> Any:
    line.status = 0
    if isinstance(credential, Managed):
        identity = (
            msal.UserAssignedManagedIdentity(client_id=credential.client_id)
            if credential.client_id
            else msal.SystemAssignedManagedIdentity()
        )
        return msal.ManagedIdentityClient(identity, http_client=line, token_cache=cache)
    return msal.ConfidentialClientApplication(
        app.client_id,
        client_credential=credential.for_msal(),
        authority=app.authority,
        token_cache=cache,
        http_client=line,
    )


def _ask(client: Any, scope: str) -> dict[str, Any]:
    if isinstance(client, msal.ManagedIdentityClient):
        # It takes the resource, not what is asked of it.
        found = client.acquire_token_for_client(resource=scope.removesuffix("/.default"))
    else:
        found = client.acquire_token_for_client(scopes=[scope])
    return dict(found or {})


def _refused(answer: dict[str, Any]) -> Later | Refusal:
    named, described = str(answer.get("error") or ""), str(answer.get("error_description") or "")
    if named in _LATER:
        return Later(named, PAUSE)
    code = _CODE.search(described)
    return Refusal(code[0] if code else named if named.isidentifier() else "refused", "workspace")


class _Waits(requests.RequestException):
    """Entra asks to wait, or is away."""

    def __init__(self, wait: float) -> None:
        super().__init__("wait")
        self.seconds = wait


class _Line:
    """msal's way out: requests, with a timeout, and nothing sent while Entra asks to be left alone."""

    def __init__(self, app: App, monotonic: Callable[[], float]) -> None:
        self._from, self._to = app.cloud.login, app.login_url.rstrip("/")
        self._pauses = Pauses(monotonic)
        self._session = requests.Session()
        # A stand-in is on this machine; a proxy would not find it.
        self._session.trust_env = not self._to
        self.status = 0
        """of the last answer; 0: there was none since a client was made"""

    def get(self, url: str, **more: Any) -> requests.Response:
        return self._sent("GET", url, more)

    def post(self, url: str, **more: Any) -> requests.Response:
        return self._sent("POST", url, more)

    def close(self) -> None:
        self._session.close()

    def _sent(self, method: str, url: str, more: dict[str, Any]) -> requests.Response:
        if wait := self._pauses.left(""):
            raise _Waits(wait)
        if self._to and url.startswith(f"{self._from}/"):
            url = self._to + url.removeprefix(self._from)
        answer = self._session.request(method, url, **{"timeout": TIMEOUT, "allow_redirects": False} | more)
        self.status = answer.status_code
        if answer.status_code == 429 or answer.status_code >= 500:
            wait = seconds(answer.headers.get("Retry-After"), default=PAUSE, now=time.time())
            self._pauses.pause("", wait)
            raise _Waits(wait)
        return answer
