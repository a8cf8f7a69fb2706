"""The life of one delivery: claimed, attempted once, settled; looked up where nobody knows what became of it.

What to do is decided by pure functions of the row, the answer and the time (`hindrance`, `after`); `Courier` carries
it out. Nobody sleeps in here: what cannot go out now gets a time before which it is not tried again.

    claim ▶ one attempt ▶ shown
                        ▶ refused ▶ another route, and an operator is told
                        ▶ not before t
                        ▶ unknown ▶ read back ▶ adopt, or send again ▶ later look for twins, keep the first
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from bot import crash
from bot.aftermath import Aftermath
from bot.core.people import gone
from bot.core.throttle import Call
from bot.lines import SHUT, UNREADABLE, Lines, lesson
from bot.ports import Away, Claimed, Clock, Delivery, Later, Queue, Receipt, Refusal, Settled, Store, Unknown
from bot.saying import Known, Saying, roster

log = structlog.get_logger()

LEASE = 30.0
"""seconds; well over a chat's ten for one call"""
CALL = 14.0
"""seconds that have to be left of the lease to say something: whoever is slower could say what another says too"""
PACE = 1.005
"""seconds from one post in a place to the next, counted from the first one's answer: every chat allows one a second"""
SETTLE = 40.0
"""seconds until an unknown outcome is looked at: the call's timeout and a late arrival"""
LOOKS = (60.0, 600.0)
"""seconds after a post that had forerunners of unknown outcome, at which its twins are looked for"""
LONGEST = 3600.0
"""seconds that a platform may make us wait: a mistaken number must not silence a place for good"""
TRIES = 8
"""looks that were refused, after which something is said again or given up"""
STALE = timedelta(seconds=30)
"""age from which the card of an alert that is over already is not worth posting"""
PLAIN = "content: "
"""how the error of a row begins whose message was refused: the next attempt says it plainly"""

Answer = Receipt | Refusal | Later | Unknown


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one attempt, for the metrics."""

    delivery: Delivery
    settled: Settled


# ── decided by the row, the answer and the time ──────────────────────────────────────────────────────────────────────


def hindrance(claimed: Claimed, now: datetime) -> str | None:
    """Why a delivery need not be said any more, or None. Notes are always worth saying."""
    delivery, alert = claimed.delivery, claimed.alert
    if alert is None:
        nobody = delivery.kind == "digest" and claimed.gathered is not None and not claimed.gathered.count
        return "nothing of it waits for them any more" if nobody and not delivery.receipt else None
    if delivery.kind == "note":
        return None
    if delivery.kind == "card":
        return _card_hindrance(claimed, now)
    if alert.finished:
        return f"the alert is {alert.status}"
    if delivery.generation != alert.generation:
        return f"the alert moved on to generation {alert.generation}"
    return "a newer one followed" if claimed.overtaken else None


def _card_hindrance(claimed: Claimed, now: datetime) -> str | None:
    alert = claimed.alert
    if alert is None or claimed.delivery.place == alert.place:
        never_shown = not claimed.delivery.receipt and not claimed.was_unknown
        stale = alert is not None and alert.finished and now - claimed.delivery.created_at > STALE
        return f"the alert was {alert.status} before its card was shown" if alert and never_shown and stale else None
    return f"the card is in {alert.place.partition(':')[2]} now"


def after(claimed: Claimed, answer: Answer, now: float) -> Settled:
    """What the answer to one attempt means for the row. `now` in machine seconds."""
    delivery = claimed.delivery
    if isinstance(answer, Receipt):
        return _shown(delivery, answer, now)
    if isinstance(answer, Later):
        again = now + min(max(answer.seconds, 1.0), LONGEST)
        # A platform that limits posts means this place; edits it counts apart: they hold up no post.
        limited = lesson(answer) == "limited" and not delivery.receipt
        return Settled(
            state=again_as(claimed), not_before=again, lane_free_at=again if limited else 0.0, error=answer.code
        )
    if isinstance(answer, Refusal):
        return _refused(claimed, answer, now)
    if delivery.receipt:
        # An edit may be repeated: only a post can leave a twin. But it may be carried out after a newer one.
        again = now + backoff(delivery.attempts)
        return Settled(state="pending", not_before=again, sweep_at=now + LOOKS[0], error=answer.code)
    # It may have arrived, and may have used up the place's one message a second.
    return Settled(state="unknown", posted=True, not_before=now + SETTLE, lane_free_at=now + PACE, error=answer.code)


def _shown(delivery: Delivery, receipt: Receipt, now: float) -> Settled:
    if delivery.receipt:
        return Settled(state="shown")
    twins = now + LOOKS[0] if delivery.posts > 1 else None
    return Settled(state="shown", posted=True, receipt=receipt, lane_free_at=now + PACE, sweep_at=twins)


def _refused(claimed: Claimed, refusal: Refusal, now: float) -> Settled:
    delivery, again = claimed.delivery, again_as(claimed)
    if refusal.kind == "workspace":
        return Settled(state=again, not_before=now + SHUT, error=refusal.code)
    if refusal.kind == "fixed" and delivery.receipt:
        # It stands, and nobody may change it any more: a second one beside it would only confuse.
        return Settled(state="shown", error=refusal.code)
    if refusal.kind == "missing" and delivery.receipt and delivery.kind in ("card", "fold"):
        # Somebody deleted it: an alert that nobody sees has gone quiet.
        return Settled(state="pending", forget=True, error=refusal.code)
    if refusal.kind == "content" and not delivery.error.startswith(PLAIN) and claimed.alert:
        return Settled(state=again, not_before=now + 1.0, error=PLAIN + refusal.code)
    return Settled(state="dead", error=refusal.code)


def twins_of(claimed: Claimed, now: float) -> float | None:
    """When to look for twins of what is not said any more: this attempt said nothing, the ones before may have."""
    return now + LOOKS[0] if not claimed.delivery.receipt and claimed.delivery.posts > 2 else None


def after_look(claimed: Claimed, answer: list[Receipt] | Refusal | Later | Unknown, now: float) -> Settled | None:
    """What reading a place back means for a row of unknown outcome; None: it is surely not there, so say it again."""
    delivery = claimed.delivery
    if isinstance(answer, list):
        # What is found of a card may be an older revision: it is adopted, and edited next.
        state = "pending" if delivery.kind in ("card", "fold") else "shown"
        # This attempt posted nothing, but the ones before may all have arrived.
        twins = now if len(answer) > 1 else now + LOOKS[0] if delivery.posts > 2 else None
        return Settled(state=state, receipt=answer[0], sweep_at=twins) if answer else None
    if isinstance(answer, Refusal) and answer.kind == "place":
        return Settled(state="dead", error=answer.code)
    hopeless = answer.code in UNREADABLE or (isinstance(answer, Refusal) and answer.kind != "workspace")
    if hopeless and delivery.attempts > TRIES:
        return Settled(state="dead", error=answer.code)
    seconds = answer.seconds if isinstance(answer, Later) else backoff(delivery.attempts)
    # Still unknown: what could not be looked up must not be said again.
    return Settled(state="unknown", not_before=now + max(seconds, 1.0), error=answer.code)


def broken(claimed: Claimed, now: float) -> Settled:
    """What a defect of ours in the middle of an attempt means: nobody knows, and in the end it is given up."""
    delivery = claimed.delivery
    error = f"{PLAIN}it breaks"
    if delivery.attempts > TRIES:
        return Settled(state="dead", error=error)
    if delivery.receipt:
        return Settled(state="pending", not_before=now + backoff(delivery.attempts), error=error)
    return Settled(state="unknown", posted=True, not_before=now + SETTLE, error=error)


def again_as(claimed: Claimed) -> str:
    """The state of a row that is tried again: one whose post may have arrived stays one to look for first."""
    return "unknown" if claimed.was_unknown and not claimed.delivery.receipt else "pending"


def backoff(attempts: int) -> float:
    """Seconds until the next attempt: 2, 4, 8 … 60."""
    return float(min(2 ** min(attempts, 6), 60))


# ── carried out ──────────────────────────────────────────────────────────────────────────────────────────────────────


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
        now, room = self.clock.machine(), self.lines.room(row.place)
        posts, edits = room.posts_at <= now, room.edits_at <= now
        if not edits and not room.shut and self.lines.spares(row):
            claimed = self.store.claim(row.place, now, lease=LEASE, posts=False, only=row.id)
        elif posts or edits:
            claimed = self.store.claim(row.place, now, lease=LEASE, posts=posts, edits=edits)
        else:
            return None
        # The lease runs from before the claim, which may have waited for the database.
        return replace(claimed, lease_until=now + LEASE) if claimed else None

    def attempt(self, claimed: Claimed) -> Settled:
        """At most one message outside, at most one look; what it means for the row."""
        if why := hindrance(claimed, self.clock.now()):
            return Settled(state="superseded", error=why)
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
            self.lines.incidents.over("place", delivery.place)
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
        content = delivery.error.startswith(PLAIN)
        kind, subject = ("row", delivery.key) if content else ("place", delivery.place)
        self.lines.incidents.open(kind, subject, settled.error)
        self.aftermath.undeliverable(claimed, settled, content=content)
