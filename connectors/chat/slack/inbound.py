"""Requests from Slack: verified, made into gestures, handed to the desk, and only then acknowledged.

Slack waits three seconds. The desk is asked first, because a click that was acknowledged and then lost is lost for
ever; opening a modal, showing a private sentence and publishing Home come after the answer, on threads of their own.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from slack_bolt import App, BoltContext, BoltRequest, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.signature import SignatureVerifier

from bot.ports import Desk, Ways
from connectors.chat.slack.links import Links
from connectors.chat.slack.listeners import COMMAND, EVENT, SHORTCUT, Listeners
from connectors.chat.slack.replies import Replies
from connectors.chat.slack.response_url import WAIT
from connectors.chat.slack.web import SLACK, client

Answered = tuple[int, dict[str, str], str]
"""HTTP status, headers, body"""


@dataclass(frozen=True, kw_only=True)
class Access:
    """How to reach one workspace, and how to know its requests."""

    token: str
    signing_secret: str
    base_url: str = SLACK
    team: str = ""
    """its id; empty: whichever team the signature vouches for"""


class SlackInbound:
    """One workspace's requests. `dispatch` takes them over HTTP, sockets.py over Socket Mode."""

    def __init__(self, access: Access, desk: Desk, *, now: Callable[[], datetime], ways: Ways | None = None) -> None:
        self._verifier = SignatureVerifier(access.signing_secret)
        self._pool = ThreadPoolExecutor(max_workers=16, thread_name_prefix="slack-reply")
        web = client(access.token, access.base_url, timeout=WAIT)
        replies = Replies(web=web, later=self._pool, links=Links(web))
        self.app = build_app(access, Listeners(desk=desk, replies=replies, now=now, ways=ways))

    def dispatch(self, body: bytes, headers: Mapping[str, str]) -> Answered:
        """One HTTP request. Blocks for as long as the desk takes: not for an event loop."""
        if not self._is_signed(body, headers):
            return 401, {"content-type": "application/json"}, '{"error": "invalid request"}'
        try:
            request = BoltRequest(body=body.decode(), headers=dict(headers))
        except (ValueError, RecursionError):
            return 400, {"content-type": "application/json"}, '{"error": "malformed body"}'
        answer = self.app.dispatch(request)
        return answer.status, answer.first_headers(), answer.body

    def _is_signed(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """Bolt looks again; but it reads the body first, and a stranger's body is not to be read at all."""
        try:
            return self._verifier.is_valid_request(body, dict(headers))
        except (ValueError, TypeError):
            # A timestamp that is no number, a signature or a body that is no text: nobody who knows the secret.
            return False

    def close(self) -> None:
        """Waits for what is still to be said, three seconds at most for each."""
        self._pool.shutdown(wait=True)


def build_app(access: Access, listeners: Listeners) -> App:
    """The Bolt app. Nothing is asked of Slack to build it, so that it starts while Slack is away."""
    app = App(
        logger=_quiet(),
        signing_secret=access.signing_secret,
        client=client(None, access.base_url),
        authorize=lambda: AuthorizeResult(enterprise_id=None, team_id=None, bot_token=access.token),
        # The listener runs before the answer: what the desk could not take is answered as such.
        process_before_response=True,
        # Answered to anybody, before the signature is looked at.
        ssl_check_enabled=False,
    )
    app.middleware(_own_team(access.team))
    app.action(re.compile("^(act:|more$)"))(listeners.click)
    app.action(re.compile("^turn:"))(listeners.turn)
    app.action(re.compile("^bulk:"))(listeners.bulk)
    app.action("pick")(listeners.pick)
    app.action(re.compile(""))(listeners.unknown_click)
    app.view(re.compile("^form:"))(listeners.submit)
    app.view(re.compile(""))(listeners.unknown_submission)
    app.shortcut(SHORTCUT)(listeners.shortcut)
    app.shortcut(re.compile(""))(listeners.unknown_click)
    app.command(COMMAND)(listeners.command)
    app.command(re.compile(""))(listeners.unknown_command)
    app.event(EVENT)(listeners.home_opened)
    app.event(re.compile(""))(listeners.unknown_event)
    return app


def _quiet() -> logging.Logger:
    """Bolt quotes the whole body of what it refuses, and warns of a SLACK_BOT_TOKEN that is used elsewhere."""
    logger = logging.getLogger("slack_bolt.closeloop")
    logger.setLevel(logging.ERROR)
    return logger


def _own_team(team: str) -> Callable[..., BoltResponse | None]:
    def check(context: BoltContext, next: Callable[[], BoltResponse]) -> BoltResponse | None:
        if team and context.team_id != team:
            return BoltResponse(status=403, body={"error": "another team"})
        return next()

    return check
