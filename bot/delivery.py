"""The life of one delivery: claimed, attempted once, settled; looked up where nobody knows what became of it.

What to do is decided by pure functions of the row, the answer and the time (`bot.verdict`); `Courier` carries it out.
Nobody waits in here for longer than a tenth of a second: what cannot go out by then gets a time before which it is not
tried again, or is left to the clock.

    claim ▶ one attempt ▶ shown
                        ▶ refused ▶ another route, and an operator is told
                        ▶ not before t
                        ▶ unknown ▶ read back ▶ adopt, or send again ▶ later look for twins, keep the first
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from bot import crash
from bot.aftermath import Aftermath
from bot.core.people import gone
from bot.core.throttle import Call, Room
from bot.lines import Lines, platform
from bot.ports import Away, Claimed, Clock, Delivery, Later, Queue, Receipt, Refusal, Settled, Store, Unknown
from bot.saying import Known, Saying, roster
from bot.verdict import CALL, LEASE, NOBODY, PLAIN, Answer, after, after_look, again_as, broken, hindrance, twins_of

log = structlog.get_logger()

SOON = 0.1
"""seconds for which a worker waits for room: two of them have their turn in it where a workspace takes 24 a second"""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one attempt, for the metrics."""

    delivery: Delivery
    settled: Settled


@dataclass(frozen=True, kw_only=True)
class Courier:
    """Serves lanes: claims the next delivery of one, attempts it once, stores what became of it."""

    store: Store
    saying: Saying
    lines: Lines
    clock: Clock
    queue: Queue
    aftermath: Aftermath
    rescue: Callable[[str], object]
    """`Loop.rescue`: a new owner where the owner turns out to be gone"""

    def deliver(self, delivery_id: int) -> Outcome | None:
        """Serve the lane this delivery waits in. None where there is nothing to do, or somebody else does it."""
        claimed = self.take(delivery_id)
        if claimed is None:
            return None
        crash.point("delivery.claimed")
        try:
            settled = self.attempt(claimed)
        except Away:
            raise
        except Exception:  # whatever breaks on one row must not hold up the others
            log.exception("a delivery broke", action="delivery_broke", delivery=claimed.delivery.key)
            settled = broken(claimed, self.clock.machine())
        return self.settle(claimed, settled)

    def take(self, delivery_id: int) -> Claimed | None:
        """Claim what goes next in the lane this delivery waits in, within what the workspace has room for."""
        row = self.store.due(delivery_id)
        if row is None:
            return None
        room = self._room_soon(row.place)
        now = self.clock.machine()
        posts, edits = room.posts_at <= now, room.edits_at <= now
        if not edits and not room.shut and self.lines.spares(row):
            claimed = self.store.claim(row.place, now, lease=LEASE, posts=False, only=row.id)
        elif posts or edits:
            claimed = self.store.claim(row.place, now, lease=LEASE, posts=posts, edits=edits)
        else:
            return None
        # The lease runs from before the claim, which may have waited for the database.
        return replace(claimed, lease_until=now + LEASE) if claimed else None

    def _room_soon(self, place: str) -> Room:
        """What the workspace has room for, where need be in a moment.

        Where few messages may go at once, the next may go a few hundredths of a second later. Whoever gave up here
        would leave a lane standing until the clock's next look.
        """
        end = time.monotonic() + SOON
        while True:
            room, now = self.lines.room(place), self.clock.machine()
            wait = min(room.posts_at, room.edits_at) - now
            if wait <= 0 or room.shut or time.monotonic() + wait > end:
                return room
            time.sleep(wait)

    def attempt(self, claimed: Claimed) -> Settled:
        """At most one message outside, at most one look; what it means for the row."""
        if why := hindrance(claimed, self.clock.now()):
            return Settled(state="superseded", error=why)
        if claimed.delivery.kind == "task" and not self.lines.serves(claimed.delivery.place):
            return Settled(state="superseded", error="its tool is not configured any more")
        people = self.saying.known(claimed)
        if self._orphaned(claimed, people):
            # The new owner is a change of its own, which owes the card anew and makes a reminder obsolete.
            return Settled(state=again_as(claimed), error="owner is gone")
        if again_as(claimed) == "unknown" and (found := self._looked(claimed, people)):
            return found
        if claimed.delivery.thread and claimed.root is None:
            return Settled(
                state=again_as(claimed), not_before=self.clock.machine() + 2.0, error="the card is not shown"
            )
        if self.clock.machine() > claimed.lease_until - CALL:
            # The directories were slow; what they answered is remembered, so the next attempt is quick.
            return Settled(state=again_as(claimed), error="the lease was nearly over")
        return self._said(claimed, people)

    def settle(self, claimed: Claimed, settled: Settled) -> Outcome:
        """Store what became of it; what it means for the alert in the same transaction, for operators after it."""
        following = None
        if settled.state in ("superseded", "dead"):
            settled = replace(settled, sweep_at=twins_of(claimed, self.clock.machine()))
        if settled.state == "superseded":
            self.aftermath.superseded(claimed, settled)
        elif settled.state == "dead" and claimed.delivery.kind == "task":
            self._leave_out(claimed, settled)
        elif settled.state == "dead":
            self._give_up(claimed, settled)
        else:
            following = self.store.settle(claimed, settled)
        crash.point("delivery.settled")
        if following is not None:
            self.queue.hint("deliver", [following])
        return Outcome(delivery=claimed.delivery, settled=settled)

    def _orphaned(self, claimed: Claimed, people: Known) -> bool:
        alert = claimed.alert
        if alert is None or claimed.delivery.kind == "note" or not gone(alert.owner, roster(people)):
            return False
        return bool(self.rescue(alert.id))

    def _looked(self, claimed: Claimed, people: Known) -> Settled | None:
        """What an attempt of unknown outcome left behind, read back from the place."""
        delivery, now = claimed.delivery, self.clock.machine()
        if at := self.lines.busy(delivery.place, "read"):
            return Settled(state="unknown", not_before=at, error=delivery.error)
        answer: list[Receipt] | Refusal | Later | Unknown
        try:
            age = now - (delivery.attempted_at or now)
            target, mark = self.saying.target(claimed, people), self.saying.mark(claimed)
            answer = self.lines.chat(delivery.place).look(target, mark=mark, age=age)
        except (Refusal, Later, Unknown) as error:
            answer = error
        crash.point("delivery.looked")
        self.lines.learn(delivery.place, "read", answer)
        return after_look(claimed, answer, self.clock.machine())

    def _said(self, claimed: Claimed, people: Known) -> Settled:
        delivery = claimed.delivery
        call: Call = "edit" if delivery.receipt else "post"
        spared = self.lines.spares(delivery)
        if not spared and (at := self.lines.busy(delivery.place, call)):
            return Settled(state=again_as(claimed), not_before=at, error=delivery.error)
        answer = self._show(claimed, people)
        now = self.clock.machine()  # the place's next second runs from here, not from when all of this is stored
        crash.point("delivery.said")
        if not spared:
            self.lines.learn(delivery.place, call, answer)
        if isinstance(answer, Receipt):
            for subject in {delivery.place, *_own(claimed)}:
                self.lines.incidents.over("place", subject)
        return after(claimed, answer, now)

    def _show(self, claimed: Claimed, people: Known) -> Answer:
        try:
            plain = claimed.delivery.error.startswith(PLAIN)
            message = self.saying.message(claimed, people, plain=plain)
        except Exception as error:  # what a source wrote must never keep anything else from being said
            log.exception("a message cannot be made", action="render_failed", delivery=claimed.delivery.key)
            return Refusal(f"cannot be shown: {type(error).__name__}", "content")
        try:
            target = self.saying.target(claimed, people)
            return self.lines.chat(claimed.delivery.place).show(message, target, mark=self.saying.mark(claimed))
        except (Refusal, Later, Unknown) as error:
            return error

    def _give_up(self, claimed: Claimed, settled: Settled) -> None:
        """It cannot be said there: an operator is told, the alert takes its next route."""
        delivery = claimed.delivery
        content = PLAIN in (delivery.error[: len(PLAIN)], settled.error[: len(PLAIN)])
        kind, subject = ("row", delivery.key) if content else ("place", delivery.place)
        self.lines.incidents.open(kind, subject, settled.error)
        self.aftermath.undeliverable(claimed, settled, content=content)

    def _leave_out(self, claimed: Claimed, settled: Settled) -> None:
        """A task that cannot be had: an operator is told, and nobody is asked any sooner or later for it.

        The alert's next change tries it again.
        """
        person = settled.error.startswith(NOBODY)
        subject = _own(claimed)[0] if person else claimed.delivery.place
        self.lines.incidents.open("place", subject, settled.error.removeprefix(NOBODY))
        self.aftermath.superseded(claimed, replace(settled, state="superseded"))


def _own(claimed: Claimed) -> tuple[str, ...]:
    """Of a task the place that is its owner's alone, as an incident names it."""
    alert = claimed.alert
    return (f"{platform(claimed.delivery.place)}:@{alert.owner}",) if alert and claimed.delivery.kind == "task" else ()
