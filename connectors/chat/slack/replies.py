"""What is said or shown to one person after their request was acknowledged. Best effort: nothing depends on it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass

from slack_sdk import WebClient

from bot.core.fitting import People
from bot.core.text import Text, sentence
from bot.ports import Later, Refusal, Unknown
from connectors.chat.slack import views
from connectors.chat.slack.blocks import said_blocks
from connectors.chat.slack.choices import Kept
from connectors.chat.slack.gestures import home_of
from connectors.chat.slack.links import Links
from connectors.chat.slack.response_url import respond
from connectors.chat.slack.text import Json, top_level
from connectors.chat.slack.web import ask

log = logging.getLogger(__name__)

NOT_OPENED = sentence("Slack did not open the window in time. Nothing was done; please press again.")


@dataclass(frozen=True, kw_only=True)
class Asker:
    """Who made a request, and the ways to answer them privately."""

    user: str
    response_url: str = ""
    thread: str = ""
    channel: str = ""
    trigger: str = ""
    home: Kept | None = None
    """their Home, where they asked there"""

    @classmethod
    def of(cls, body: Json, *, channel: str = "") -> Asker:
        """From a click, a shortcut or a submission; `channel`: where, if the request does not say."""
        container = body.get("container") or {}
        return cls(
            user=body["user"]["id"],
            response_url=body.get("response_url") or "",
            thread=container.get("thread_ts") or "",
            channel=container.get("channel_id") or channel,
            trigger=body.get("trigger_id") or "",
            home=home_of(body),
        )


@dataclass(frozen=True, kw_only=True)
class Replies:
    """Says and shows things on threads of its own."""

    web: WebClient
    later: Executor
    links: Links

    def say(self, asker: Asker, said: Text, people: People) -> None:
        """A sentence that only they see."""
        if said:
            self._soon("say", lambda: self._say(asker, said, people))

    def open(self, asker: Asker, view: Json) -> None:
        """A modal, within the three seconds that their click is good for."""
        self._soon("open", lambda: self._open(asker, view))

    def publish(self, user: str, view: Callable[[], Json | None]) -> None:
        """Their Home, drawn at the last moment."""
        self._soon("publish", lambda: self._publish(user, view))

    def _soon(self, what: str, reply: Callable[[], object]) -> None:
        def run() -> None:
            try:
                reply()
            except (Refusal, Later, Unknown) as error:
                log.warning("a private reply was not shown", extra={"reply": what, "code": error.code})

        self.later.submit(run).add_done_callback(_told)

    def _say(self, asker: Asker, said: Text, people: People) -> None:
        content: Json = {"text": top_level(said, people), "blocks": said_blocks(said, people)}
        if asker.response_url:
            _respond(asker, content)
        elif asker.channel:
            content |= {"thread_ts": asker.thread} if asker.thread else {}
            ask(self.web.chat_postEphemeral, channel=asker.channel, user=asker.user, parse="none", **content)
        else:
            ask(self.web.views_open, trigger_id=asker.trigger, view=views.notice(said, people))

    def _open(self, asker: Asker, view: Json) -> None:
        try:
            ask(self.web.views_open, trigger_id=asker.trigger, view=view)
        except Unknown:
            # It may stand open already; a second sentence about it would only confuse.
            raise
        except (Refusal, Later) as error:
            log.warning("a modal was not opened", extra={"code": error.code})
            if asker.home is None:
                self._say(asker, NOT_OPENED, {})

    def _publish(self, user: str, view: Callable[[], Json | None]) -> None:
        if (drawn := view()) is not None:
            ask(self.web.views_publish, user_id=user, view=drawn)


def _told(reply: Future[None]) -> None:
    """A defect in a reply is ours to know: nobody waits for its result."""
    if (defect := reply.exception()) is not None:
        log.error("a private reply failed", exc_info=defect)


def _respond(asker: Asker, content: Json) -> None:
    """Raises Unknown where Slack did not take it."""
    whole = content | {"response_type": "ephemeral", "replace_original": False, **views.NO_PREVIEWS}
    if asker.thread:
        whole["thread_ts"] = asker.thread
    respond(asker.response_url, whole)
