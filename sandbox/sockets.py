"""Socket Mode: envelopes over a websocket instead of signed requests, each acknowledged by its id."""

from __future__ import annotations

import asyncio
import json
import secrets

from starlette.websockets import WebSocket, WebSocketDisconnect

from sandbox.bot_answer import BotAnswer
from sandbox.config import APP_ID
from sandbox.errors import Json

_TYPES = {"interaction": "interactive", "command": "slash_commands", "event": "events_api"}


class Sockets:
    """Any payload may reach any of the open sockets."""

    def __init__(self) -> None:
        self._tickets: set[str] = set()
        self._open: list[WebSocket] = []
        self._waiting: dict[str, asyncio.Future[Json]] = {}

    @property
    def connected(self) -> bool:
        return bool(self._open)

    def ticket(self) -> str:
        ticket = secrets.token_urlsafe(24)
        self._tickets.add(ticket)
        return ticket

    async def serve(self, socket: WebSocket) -> None:
        if socket.query_params.get("ticket") not in self._tickets:
            await socket.close(code=1008)
            return
        self._tickets.discard(socket.query_params["ticket"])
        await socket.accept()
        self._open.append(socket)
        try:
            await socket.send_json(self._hello())
            while True:
                self._acknowledged(await socket.receive_text())
        except WebSocketDisconnect:
            return
        finally:
            self._open.remove(socket)

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self._open),
            "connection_info": {"app_id": APP_ID},
            "debug_info": {"host": "sandbox", "approximate_connection_time": 18060},
        }

    def _acknowledged(self, text: str) -> None:
        try:
            ack = json.loads(text)
        except ValueError:
            return  # Slack ignores what is no acknowledgement
        waiting = self._waiting.pop(str(ack.get("envelope_id")), None) if isinstance(ack, dict) else None
        if waiting is not None and not waiting.done():
            waiting.set_result(ack)

    async def send(self, kind: str, payload: Json, extra: dict[str, str], deadline: float) -> BotAnswer:
        envelope_id = secrets.token_hex(16)
        waiting = self._waiting[envelope_id] = asyncio.get_running_loop().create_future()
        socket = secrets.choice(self._open)
        try:
            async with asyncio.timeout(deadline):
                await socket.send_json(_envelope(envelope_id, kind, payload, extra))
                ack = await waiting
        except (TimeoutError, WebSocketDisconnect, RuntimeError):
            return BotAnswer(status=None, error="http_timeout")
        finally:
            self._waiting.pop(envelope_id, None)
        said = ack.get("payload")
        body = json.dumps(said).encode() if said else b""
        return BotAnswer(status=200, body=body, content_type="application/json")

    async def disconnect(self) -> None:
        """What Slack does every few hours: the app must ask for a new address and come back."""
        for socket in list(self._open):
            await socket.send_json({"type": "disconnect", "reason": "refresh_requested", "debug_info": {}})
            await socket.close()


def _envelope(envelope_id: str, kind: str, payload: Json, extra: dict[str, str]) -> Json:
    return {
        "envelope_id": envelope_id,
        "type": _TYPES[kind],
        "payload": payload,
        "accepts_response_payload": kind != "event",
        "retry_attempt": int(extra.get("x-slack-retry-num", 0)),
        "retry_reason": extra.get("x-slack-retry-reason", ""),
    }
