"""The running bot, asked over HTTP as any sender asks it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx2

from bot.commands.say import URL, Failed, clean


class Unreachable(Failed):
    """Nobody answers at the URL."""


class Refused(Failed):
    """The bot answered, and said no."""

    def __init__(self, said: str, *, status: int, retry_after: float) -> None:
        super().__init__(said)
        self.status = status
        self.retry_after = retry_after
        """seconds"""


@dataclass(frozen=True)
class Bot:
    """One running bot and the key it is asked with."""

    url: str
    key: str

    def get(self, path: str, **query: str | int) -> Any:
        """The JSON of the answer. Raises Unreachable or Refused."""
        return self._ask("GET", path, params=query)

    def post(self, path: str, body: Any = None, *, idempotency_key: str = "") -> Any:
        """As `get`; a body that is None is left out."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return self._ask("POST", path, json=body, headers=headers)

    def _ask(self, method: str, path: str, **request: Any) -> Any:
        if not self.key:
            raise Failed("no key: pass --key or set CLOSELOOP_KEY (closeloop source add NAME prints one)")
        headers = {"Authorization": f"Bearer {self.key}", **request.pop("headers", {})}
        try:
            answer = httpx2.request(method, self.url.rstrip("/") + path, headers=headers, timeout=10.0, **request)
        except httpx2.InvalidURL:
            raise Failed(f"{self.url} is not an address: write it like {URL}") from None
        except httpx2.TransportError as error:
            raise Unreachable(f"no answer from {self.url} ({_why(error)}); is closeloop up running there?") from None
        if not answer.is_success:
            raise _refused(answer)
        try:
            return answer.json()
        except ValueError:
            raise Failed(f"{self.url} does not answer as Closeloop does; is it another server?") from None


def _why(error: httpx2.TransportError) -> str:
    return "timed out" if isinstance(error, httpx2.TimeoutException) else str(error) or "refused"


def _refused(answer: httpx2.Response) -> Refused:
    """RFC 9457 problem JSON as one line, the pointers of bad fields at its end."""
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    problem = problem if isinstance(problem, dict) else {}
    said = clean(problem.get("detail") or problem.get("title") or answer.reason_phrase)
    fields = [f"{e.get('pointer', '')} {e.get('detail', '')}" for e in problem.get("errors", ()) if isinstance(e, dict)]
    listed = f" ({'; '.join(clean(field) for field in fields)})" if fields else ""
    after = answer.headers.get("Retry-After", "")
    seconds = float(after) if after.isdigit() else 1.0
    return Refused(f"{answer.status_code} {said}{listed}", status=answer.status_code, retry_after=seconds)
