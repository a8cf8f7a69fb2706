"""What stands in a channel or a thread, read back page by page until far enough."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

from bot.ports import Later, Refusal, Unknown
from connectors.chat.slack.channels import pages
from connectors.chat.slack.text import Json

BEFORE = 60.0
"""seconds that Slack's clock may be behind ours"""
MOST = 100
"""pages of 200 messages: at one a second in a channel over five hours"""
LONGEST = 12.0
"""seconds after which no further page is begun: whoever asks holds a lease"""
AGAIN = 30.0
_WHOLE = {"include_all_metadata": True, "limit": 200}


@dataclass(frozen=True, kw_only=True)
class ReadBack:
    web: WebClient
    channel: str
    root: str | None = None
    """the thread's first message, where a thread is read"""
    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic

    def messages(self, age: float) -> Iterator[Json]:
        """Everything since `age` seconds ago and some before it; of a thread all, because Slack lists the oldest first.

        Raises Refusal, Later or Unknown, also where it could not be read whole: what was not read may be there.
        """
        if self.root is None:
            yield from self._history(age)
            return
        try:
            for page in self._pages(self.web.conversations_replies, ts=self.root):
                yield from page["messages"]
        except Refusal as refusal:
            # Slack keeps the first message as a stub while there are replies: without it there are none.
            if refusal.code != "thread_not_found":
                raise

    def _history(self, age: float) -> Iterator[Json]:
        """Newest first.

        Without `oldest`: a workspace's clock need not be ours, and an empty window would look like a message lost. So
        it is counted back from the newest message, or from our own instant where that is earlier.
        """
        back_to: float | None = None
        for page in self._pages(self.web.conversations_history):
            for message in page["messages"]:
                if back_to is None:
                    back_to = min(self.wall(), float(message["ts"])) - age - BEFORE
                if float(message["ts"]) < back_to:
                    return
                yield message

    def _pages(self, method: Callable[..., SlackResponse], **where: str) -> Iterator[Json]:
        until = self.monotonic() + LONGEST
        page: Json = {}
        for page in pages(method, channel=self.channel, most=MOST, **where, **_WHOLE):
            yield page
            if _more(page) and self.monotonic() > until:
                raise Later("reading_took_too_long", AGAIN)
        if _more(page):
            raise Unknown("too_much_to_read")


def _more(page: Json) -> bool:
    return bool((page.get("response_metadata") or {}).get("next_cursor"))
