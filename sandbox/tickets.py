"""What a click hands out and machine time takes back: trigger ids (3 s, once), response urls (30 min, 5 uses)."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.errors import SlackError

TRIGGER_SECONDS = 3.0
RESPONSE_SECONDS = 30 * 60.0
RESPONSE_USES = 5
KEEP = 5_000


@dataclass(kw_only=True)
class Trigger:
    """`view_id`: the modal it was clicked in, for views.push."""

    user: str
    issued: float
    view_id: str | None = None
    used: bool = False


@dataclass(kw_only=True)
class ResponsePlace:
    """Where a response url leads: a channel, the person who caused it, and the message clicked, if any."""

    user: str
    channel: str
    issued: float
    message_ts: str | None = None
    thread_ts: str | None = None
    uses: int = 0


class Tickets:
    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._triggers: dict[str, Trigger] = {}
        self._places: dict[str, ResponsePlace] = {}

    def trigger(self, user: str, *, view_id: str | None = None) -> str:
        ticket = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        _forget_oldest(self._triggers)
        self._triggers[ticket] = Trigger(user=user, issued=self._monotonic(), view_id=view_id)
        return ticket

    def redeem(self, ticket: str) -> Trigger:
        """Raises SlackError invalid_, exchanged_ or expired_trigger_id."""
        trigger = self._triggers.get(ticket)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if self._monotonic() - trigger.issued > TRIGGER_SECONDS:
            raise SlackError("expired_trigger_id")
        return trigger

    def response_token(
        self, user: str, channel: str, *, message_ts: str | None = None, thread_ts: str | None = None
    ) -> str:
        token = secrets.token_urlsafe(24)
        _forget_oldest(self._places)
        self._places[token] = ResponsePlace(
            user=user, channel=channel, issued=self._monotonic(), message_ts=message_ts, thread_ts=thread_ts
        )
        return token

    def place(self, token: str) -> ResponsePlace | None:
        """Where a response url leads, without using it."""
        return self._places.get(token)

    def response_place(self, token: str) -> ResponsePlace:
        """Uses one of its five uses up. Raises SlackError invalid_url, used_url, expired_url."""
        place = self._places.get(token)
        if place is None:
            raise SlackError("invalid_url")
        if place.uses >= RESPONSE_USES:
            raise SlackError("used_url")
        if self._monotonic() - place.issued > RESPONSE_SECONDS:
            raise SlackError("expired_url")
        place.uses += 1
        return place


def _forget_oldest(tickets: dict[str, Trigger] | dict[str, ResponsePlace]) -> None:
    if len(tickets) >= KEEP:
        del tickets[next(iter(tickets))]
