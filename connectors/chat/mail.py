"""Mail through Graph: the way to somebody whom no direct message reaches.

It cannot be read back: the one permission that sends mail reads none. So what nobody is sure of is sent once more, and
after that it counts as not said.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from bot.core.card import Message
from bot.core.fitting import People, unlinked
from bot.core.text import Link, Part, Text, one_line
from bot.ports import Mark, Receipt, Refusal, Target
from connectors.microsoft.asking import Span, Written, sending
from connectors.microsoft.rest import Graph, part

HEADER = "x-closeloop-delivery"
ONCE = 75.0
"""seconds since the first attempt in which a mail in doubt is sent once more"""
SUBJECT = 200


class Mail(Written):
    """One mailbox that sends, as `bot.ports.Chat` wants it. A place is `mail:@<person>`."""

    platform = "mail"

    def __init__(self, graph: Graph, *, mailbox: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._graph, self._mailbox, self._monotonic = graph, mailbox, monotonic

    def show(self, message: Message, target: Target, /, *, mark: Mark) -> Receipt:
        """Send it. Raises Refusal, Later or Unknown."""
        if target.edit is not None:
            raise Refusal("sent_already", "fixed")
        if target.person is None or "@" not in target.person.id:
            raise Refusal("no_address", "place")
        body = {"message": _mail(message, target.person.id, mark), "saveToSentItems": False}
        with sending(Span(self._monotonic)):
            if self._graph.send("POST", f"/users/{part(self._mailbox)}/sendMail", body) is None:
                raise Refusal("mailbox_missing", "place")
        return Receipt(channel=target.person.id, ts=mark.delivery)

    def look(self, target: Target, /, *, mark: Mark, age: float) -> list[Receipt]:
        """Never finds anything: at first it counts as not sent, then it is given up. Raises Refusal."""
        if age >= ONCE:
            raise Refusal("cannot_be_read_back", "place")
        return []

    def retract(self, receipt: Receipt, /) -> None:
        """What was sent is sent. Raises Refusal."""
        raise Refusal("sent_already", "fixed")

    def permalink(self, receipt: Receipt, /) -> str | None:
        """Nobody knows where it is read."""
        return None


def _mail(message: Message, address: str, mark: Mark) -> dict[str, object]:
    return {
        "subject": one_line(unlinked(message.summary, message.people), SUBJECT),
        "body": {"contentType": "Text", "content": _text(message)},
        "toRecipients": [{"emailAddress": {"address": address}}],
        "internetMessageHeaders": [{"name": HEADER, "value": mark.delivery}],
    }


def _text(message: Message) -> str:
    lines = [_line(line, message.people) for line in (*message.lines, message.foot)]
    return "\n\n".join([*filter(None, lines), "This mailbox is not read: act on the card."])


def _line(line: Text, people: People) -> str:
    return "".join(_said(part, people) for part in line)


def _said(one: Part, people: People) -> str:
    """Plain words; a link to a card of ours with its address, which a mail has no other way to show."""
    return f"{one.label} {one.url}" if isinstance(one, Link) and one.ours else unlinked((one,), people)
