"""What those share who put something into Microsoft 365: who somebody is there, how long it may take, what a no means.

A read that fails changed nothing, so it is asked again later; of what was sent nobody may be sure.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bot.core.people import Person
from bot.ports import Later, Receipt, Refusal, Unknown
from connectors.microsoft.rest import Denied, Graph, Json, Stale, literal

TIMEOUT = 3.0
"""seconds of one call: one thing that is shown takes several, and ten together"""
ENOUGH = 6.5
"""seconds after which no further call is begun"""
SLOW = "reading_took_too_long"
"""what a list that is too long to be read is called: it says nothing of the tenant"""
KNOWN = 3600.0
"""seconds for which it is remembered who somebody is"""
_OBJECT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_LIMITED = frozenset(("throttled", "TooManyRequests", "ApplicationThrottled", "mailbox_busy", "http_429"))


class Span:
    """The time that one thing may take."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic, *, limited: str = "ratelimited") -> None:
        """`limited`: what a wish to be left alone is called, by whom it concerns: everybody, or one mailbox."""
        self._monotonic, self._end, self.limited = monotonic, monotonic() + ENOUGH, limited

    def check(self, code: str = "took_too_long") -> None:
        """Raises Later where too little is left for another call."""
        if self._monotonic() > self._end:
            raise Later(code, 5.0)


@contextmanager
def reading(span: Span) -> Iterator[None]:
    """Around what changes nothing: where it fails, nothing was done. Raises Refusal and Later."""
    with sending(span):
        try:
            yield
        except Unknown as error:
            raise Later(error.code, 5.0) from None


@contextmanager
def sending(span: Span) -> Iterator[None]:
    """Around what changes something: a denial means this place; a wish to be left alone is called what it is."""
    span.check()
    try:
        yield
    except Denied as denied:
        raise Refusal(denied.code, "place") from None
    except Later as later:
        raise Later(span.limited if later.code in _LIMITED else later.code, later.seconds) from None


@contextmanager
def unread() -> Iterator[None]:
    """Around what is read for nobody who waits: whatever fails, nothing can be said now. Raises Unknown."""
    try:
        yield
    except (Refusal, Later) as error:
        raise Unknown(error.code) from None


def twice(work: Callable[[], Json]) -> Json:
    """What has to be read anew where somebody else was first, once. Raises Later where they were so again."""
    for _ in range(2):
        try:
            return work()
        except Stale:
            continue
    raise Later("changed_meanwhile", 2.0)


class Written:
    """A place in Microsoft 365 that is written to and in which nobody acts: that much of `bot.ports.Chat`."""

    def spares(self, receipt: Receipt, /) -> bool:
        """Every change counts."""
        return False

    def is_member(self, channel: str, chat_id: str, /) -> bool:
        return False


class Accounts:
    """Who people are in Entra: as a directory said it, or else looked up by their e-mail."""

    def __init__(self, graph: Graph, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._graph, self._monotonic = graph, monotonic
        self._turn = threading.Lock()
        self._found: dict[str, tuple[float, str]] = {}

    def id(self, person: Person | None, span: Span) -> str:
        """Their object id. Raises Refusal of kind `person` where they have none, and Later."""
        if person is None:
            raise Refusal("nobody", "person")
        if _OBJECT.fullmatch(known := person.chat.get("teams", "")):
            return known.lower()
        found = self._kept(person.id) or self._looked_up(person.id, span)
        if not found:
            raise Refusal("no_account", "person")
        return found

    def _kept(self, email: str) -> str:
        with self._turn:
            at, found = self._found.get(email, (float("-inf"), ""))
        return found if self._monotonic() - at < KNOWN else ""

    def _looked_up(self, email: str, span: Span) -> str:
        wanted = f"mail eq {literal(email)} or userPrincipalName eq {literal(email)}"
        with reading(span):
            page = next(self._graph.pages("/users", select="id", filter=wanted), {})
        found = next((str(one["id"]).lower() for one in page.get("value") or ()), "")
        if found:
            with self._turn:
                self._found[email] = (self._monotonic(), found)
        return found
