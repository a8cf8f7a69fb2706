"""Operators told by a webhook: one POST of JSON, to whatever reads it."""

from __future__ import annotations

import httpx2

from bot.ports import Later, Refusal, Unknown

# Five seconds in all: whoever tells has other things to do.
_PATIENCE = httpx2.Timeout(connect=2.0, write=0.5, read=2.0, pool=0.5)
_PAUSE = 30.0
_BUSY = (408, 425, 429, 503)


class Webhook:
    """Implements `bot.ports.Teller`. The address is a secret: whoever has it can write to the operators."""

    def __init__(self, url: str) -> None:
        self._url = url

    def tell(self, subject: str, text: str, /, *, kind: str = "", since: str = "") -> None:
        """`kind` and `since` (ISO 8601, UTC) are for programs that read it."""
        told = {"text": text, "subject": subject, "kind": kind, "since": since}
        try:
            # A redirect would carry the sentence to an address nobody configured; a body nobody reads may be endless.
            with httpx2.stream("POST", self._url, json=told, timeout=_PATIENCE, follow_redirects=False) as answer:
                _judge(answer)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout):
            raise Later("unreachable", _PAUSE) from None
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol):
            raise Refusal("not an address") from None
        except httpx2.TransportError as error:
            raise Unknown(type(error).__name__) from None


def _judge(answer: httpx2.Response) -> None:
    status = answer.status_code
    if answer.is_success:
        return
    if status in _BUSY:
        asked = answer.headers.get("retry-after", "")
        raise Later(f"http_{status}", float(asked) if asked.isascii() and asked.isdigit() else _PAUSE)
    if status >= 500:
        raise Unknown(f"http_{status}")
    raise Refusal(f"http_{status}")
