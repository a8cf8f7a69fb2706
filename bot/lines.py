"""The lines to the chats: which may be used now, and what each answer teaches about its whole workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.core.throttle import Call, Outcome, Room
from bot.incidents import Incidents
from bot.ports import Chat, Clock, Costs, Delivery, Later, Refusal, Throttle, Unknown

SHUT = 60.0
"""seconds until a workspace that refuses us as a whole is tried again"""
UNREADABLE = ("reading_took_too_long", "too_much_to_read")
"""a place in which too much was said to be read back: that says nothing of the workspace"""
UNSEEN = "cannot_be_read_back"
"""a chat that cannot be read back, and nobody was shown what is looked for"""
ONE_MAILBOX = "mailbox_busy"
"""one person's mailbox asks to be left alone: everybody else's does not"""
BUSY = ("changed_meanwhile", "took_too_long", "no_details_yet", "list_missing")
"""somebody else was first, or something is not there yet"""
ANSWERED = (*UNREADABLE, "app_installed", "precondition_failed", UNSEEN, ONE_MAILBOX, *BUSY)
"""words of a workspace that is there: what is said of one place, or came at a wrong moment, says nothing of others"""
LIMITED = ("ratelimited", "rate_limited", "message_limit_exceeded")


def platform(place: str) -> str:
    return place.partition(":")[0]


def lesson(answer: object) -> Outcome:
    """What an answer says of the whole workspace."""
    if isinstance(answer, Later | Unknown) and answer.code in ANSWERED:
        return "ok"
    if isinstance(answer, Later):
        return "limited" if answer.code in LIMITED else "away"
    if isinstance(answer, Refusal) and answer.kind == "workspace":
        return "gone"
    return "away" if isinstance(answer, Unknown) else "ok"


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Every chat with its workspace's limits. A place says which: `slack:#ai-alerts`."""

    chats: Mapping[str, Chat]
    throttle: Throttle
    clock: Clock
    incidents: Incidents

    def chat(self, place: str) -> Chat:
        """Raises Refusal for a platform that is not configured."""
        chat = self.chats.get(platform(place))
        if chat is None:
            raise Refusal("not_configured", "workspace")
        return chat

    def serves(self, place: str) -> bool:
        """Whether what is shown there is configured."""
        return platform(place) in self.chats

    def room(self, place: str) -> Room:
        return self.throttle.room(platform(place), self.clock.machine())

    def spares(self, row: Delivery) -> bool:
        """Whether the next edit of it costs nothing of the limits."""
        chat = self.chats.get(platform(row.place))
        return bool(chat and row.receipt and chat.spares(row.receipt))

    def busy(self, place: str, call: Call) -> float | None:
        """None: go ahead, and report with `learn`; else the machine second from which it may go."""
        now, chat = self.clock.machine(), self.chats.get(platform(place))
        cost = chat.cost(place) if isinstance(chat, Costs) and call in ("post", "edit") else 1
        at = self.throttle.take(platform(place), call, now, cost=cost)
        return at if at > now else None

    def learn(self, place: str, call: Call, answer: object) -> None:
        workspace, outcome = platform(place), lesson(answer)
        seconds = answer.seconds if isinstance(answer, Later) else SHUT if outcome == "gone" else 0.0
        self.throttle.learn(workspace, call, outcome, machine=self.clock.machine(), seconds=seconds)
        if isinstance(answer, Refusal) and outcome == "gone":
            self.incidents.open("workspace", workspace, answer.code)
        elif outcome == "ok":
            self.incidents.over("workspace", workspace)
