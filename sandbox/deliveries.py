"""What became of every message that carries a delivery's id: how often it was posted, where it stands now."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.errors import Json
from sandbox.messages import Message


class Deliveries:
    """Every message ever posted with `metadata.event_payload.delivery`, deleted ones too."""

    def __init__(self) -> None:
        self._posted: dict[str, list[Message]] = {}

    def note(self, message: Message) -> None:
        delivery = _payload(message).get("delivery")
        if message.seen_by is None and delivery is not None:
            self._posted.setdefault(str(delivery), []).append(message)

    def as_json(self, stands: Callable[[Message], bool]) -> Json:
        """`{delivery: {posted, visible: [{channel, ts, revision}], thread}}`; `stands`: whether one can be seen now."""
        return {
            delivery: {
                "posted": len(messages),
                "visible": [_seen(m) for m in messages if stands(m)],
                "thread": any(m.is_reply for m in messages),
            }
            for delivery, messages in self._posted.items()
        }


def _seen(message: Message) -> Json:
    return {"channel": message.channel, "ts": message.ts, "revision": _payload(message).get("revision")}


def _payload(message: Message) -> Json:
    found = (message.metadata or {}).get("event_payload")
    return found if isinstance(found, dict) else {}
