"""Socket Mode: the same requests over connections that the bot opens itself, for behind a firewall."""

from __future__ import annotations

import logging
import threading

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler

from bot.ports import Later, Refusal, Unknown
from connectors.chat.slack.web import SLACK, ask, client

log = logging.getLogger(__name__)

SOCKETS = 2
"""Slack closes each of them every few hours; the other one listens meanwhile"""
AGAIN = 5.0
"""seconds until the next try where Slack does not let us connect"""


class SlackSockets:
    """Keeps sockets to Slack open until closed. `start` returns at once, whether or not Slack is there."""

    def __init__(self, app: App, app_token: str, *, base_url: str = SLACK) -> None:
        self._web = client(app_token, base_url)
        self._token = app_token
        self._handlers = [SocketModeHandler(app, app_token, web_client=self._web) for _ in range(SOCKETS)]
        self._over = threading.Event()
        self._starter = threading.Thread(target=self._connect, name="slack-sockets", daemon=True)

    def start(self) -> None:
        self._starter.start()

    def connected(self) -> int:
        """How many sockets stand open."""
        return sum(1 for handler in self._handlers if handler.client.is_connected())

    def close(self) -> None:
        self._over.set()
        self._starter.join(timeout=15)
        for handler in self._handlers:
            handler.close()  # type: ignore[no-untyped-call]

    def _connect(self) -> None:
        waiting = list(self._handlers)
        while waiting and not self._over.is_set():
            if self._opened(waiting[0]):
                waiting.pop(0)
            else:
                self._over.wait(AGAIN)

    def _opened(self, handler: SocketModeHandler) -> bool:
        """From then on the handler reconnects by itself."""
        try:
            # The SDK would wait, and raise, in ways of its own; so the address is asked for here.
            handler.client.wss_uri = ask(self._web.apps_connections_open, app_token=self._token)["url"]
            handler.connect()  # type: ignore[no-untyped-call]
        except (Refusal, Later, Unknown) as error:
            log.warning("no Socket Mode connection yet", extra={"code": error.code})
            return False
        except OSError as error:
            log.warning("no Socket Mode connection yet", extra={"code": type(error).__name__})
            return False
        return handler.client.is_connected()
