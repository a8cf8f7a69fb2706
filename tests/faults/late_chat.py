"""A chat that does to each call what it was told to: carry it out, lose the answer, or carry it out long after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from cast import FakeChat, FakeClock, Shown

from bot.core.card import Message
from bot.ports import Later, Mark, Receipt, Refusal, Target, Unknown

LATE_EDITS = True
"""whether an edit, too, may be carried out long after it was given up: docs/guarantees.md says what that would do"""
HORIZON = 500.0
"""machine seconds within which a call that was given up is carried out at the latest, or never is"""


@dataclass(frozen=True)
class Flying:
    """A post that was given up and is still on its way."""

    lands_at: float
    land: Callable[[], object]


@dataclass
class LateChat(FakeChat):
    """`fate` is what becomes of the next call: ok, lost, never, late, limited, away, content, place."""

    clock: FakeClock = field(default_factory=FakeClock)
    fate: str = "ok"
    late_by: float = 0.0
    flying: list[Flying] = field(default_factory=list)
    posts: list[tuple[str, float]] = field(default_factory=list)
    """(place, machine second) of every post that the chat took, whether or not the caller heard of it"""

    def show(self, message: Message, target: Target, /, *, mark: Mark) -> Receipt:
        fate, self.fate = self.fate, "ok"
        if fate == "late" and target.edit and not LATE_EDITS:
            fate = "never"
        if fate in REFUSED:
            raise REFUSED[fate]()
        if not target.edit:
            self.posts.append((target.place, self.clock.machine()))
        if fate == "late":
            at = self.clock.machine() + self.late_by
            self.flying.append(Flying(at, lambda: self._arrive(message, target, mark)))
            raise Unknown("timeout")
        receipt = self._arrive(message, target, mark)
        if fate == "lost":
            raise Unknown("timeout")
        return receipt

    def _arrive(self, message: Message, target: Target, mark: Mark) -> Receipt:
        if target.edit:
            return self._edit(message, target, mark)
        return self._post(message, target, mark)

    def land(self) -> None:
        """What has come far enough arrives. An edit of a message that is gone by then changes nothing."""
        now = self.clock.machine()
        due, self.flying = (
            [one for one in self.flying if one.lands_at <= now],
            [one for one in self.flying if one.lands_at > now],
        )
        for one in sorted(due, key=lambda flying: flying.lands_at):
            try:
                one.land()
            except Refusal:
                continue

    def look(self, target: Target, /, *, mark: Mark, age: float) -> list[Receipt]:
        fate, self.fate = self.fate, "ok"
        if fate in ("lost", "never", "late"):
            raise Unknown("timeout")
        if fate in ("limited", "away"):
            raise REFUSED[fate]()
        return super().look(target, mark=mark, age=age)

    def retract(self, receipt: Receipt, /) -> None:
        fate, self.fate = self.fate, "ok"
        if fate in ("limited", "away", "never"):
            raise REFUSED[fate]()
        super().retract(receipt)
        if fate == "lost":
            raise Unknown("timeout")

    def visible(self, key: str) -> list[Shown]:
        return [shown for shown in self.shown if shown.mark.delivery == key]


REFUSED: dict[str, Callable[[], Exception]] = {
    "never": lambda: Unknown("timeout"),
    "limited": lambda: Later("ratelimited", 7.0),
    "away": lambda: Later("unreachable", 5.0),
    "content": lambda: Refusal("invalid_blocks", "content"),
    "place": lambda: Refusal("is_archived", "place"),
    "revoked": lambda: Refusal("token_revoked", "workspace"),
}
FATES = ("ok", "ok", "ok", "lost", "never", "late", "limited", "away", "content", "place", "revoked")
