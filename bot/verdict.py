"""What becomes of a delivery, decided by the row, the answer and the time alone. `bot.delivery` carries it out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.limits import limits_of
from bot.lines import SHUT, UNREADABLE, lesson
from bot.ports import Claimed, Delivery, Later, Receipt, Refusal, Settled, Unknown
from bot.ports.rows import STATES

LEASE = 30.0
"""seconds; well over a chat's ten for one call"""
CALL = 14.0
"""seconds that have to be left of the lease to say something: whoever is slower could say what another says too"""
GOLDEN = 0.618034
"""what is left of its multiples beside whole numbers lies far apart: rows that wait for one reason wait differently"""
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
NOBODY = "whoever it is for: "
"""how the error of a task begins that only its owner cannot have"""

Answer = Receipt | Refusal | Later | Unknown


def hindrance(claimed: Claimed, now: datetime) -> str | None:
    """Why a delivery need not be said any more, or None. Notes and letters are always worth saying."""
    delivery, alert = claimed.delivery, claimed.alert
    if alert is None:
        nobody = delivery.kind == "digest" and claimed.gathered is not None and not claimed.gathered.count
        return "nothing of it waits for them any more" if nobody and not delivery.receipt else None
    if delivery.kind == "note":
        return None
    if delivery.kind == "card":
        return _card_hindrance(claimed, now)
    if delivery.kind == "task":
        never_made = not delivery.receipt and not claimed.was_unknown
        return f"the alert was {alert.status} before it had a task" if alert.finished and never_made else None
    if alert.finished:
        return f"the alert is {alert.status}"
    if delivery.generation != alert.generation:
        return f"the alert moved on to generation {alert.generation}"
    return "a newer one followed" if claimed.overtaken else None


def _card_hindrance(claimed: Claimed, now: datetime) -> str | None:
    alert = claimed.alert
    if alert is None or claimed.delivery.place in alert.places:
        never_shown = not claimed.delivery.receipt and not claimed.was_unknown
        stale = alert is not None and alert.finished and now - claimed.delivery.created_at > STALE
        return f"the alert was {alert.status} before its card was shown" if alert and never_shown and stale else None
    return f"the card is in {alert.place.partition(':')[2]} now"


def after(claimed: Claimed, answer: Answer, now: float) -> Settled:
    """What the answer to one attempt means for the row and its lane. `now` in machine seconds."""
    settled = _after(claimed, answer, now)
    return replace(settled, asked_at=now) if _counts(claimed.delivery, answer) else settled


def _counts(delivery: Delivery, answer: Answer) -> bool:
    """Whether it used something up of what its place allows. What may have arrived may have done so."""
    if limits_of(delivery.place).pace.edits:
        return not isinstance(answer, Later)
    return delivery.receipt is None and isinstance(answer, Receipt | Unknown)


def _after(claimed: Claimed, answer: Answer, now: float) -> Settled:
    delivery = claimed.delivery
    if isinstance(answer, Receipt):
        return _shown(delivery, answer, now)
    if isinstance(answer, Later):
        return _later(claimed, answer, now)
    if isinstance(answer, Refusal):
        return _refused(claimed, answer, now)
    if delivery.receipt:
        # An edit may be repeated: only a post can leave a twin. But it may be carried out after a newer one.
        again = now + min(max(patience(delivery), answer.seconds), LONGEST)
        return Settled(state="pending", not_before=again, sweep_at=now + LOOKS[0], error=answer.code)
    again = now + min(max(SETTLE, answer.seconds), LONGEST)
    return Settled(state="unknown", posted=True, not_before=again, error=answer.code)


def _shown(delivery: Delivery, receipt: Receipt, now: float) -> Settled:
    if delivery.receipt:
        return Settled(state="shown")
    twins = now + LOOKS[0] if delivery.posts > 1 else None
    return Settled(state="shown", posted=True, receipt=receipt, sweep_at=twins)


def _later(claimed: Claimed, answer: Later, now: float) -> Settled:
    delivery = claimed.delivery
    wait = max(answer.seconds, patience(delivery)) if answer.grows else answer.seconds
    again = now + min(max(wait, 1.0), LONGEST)
    # A platform that limits posts means this place; edits that it counts apart hold up no post.
    here = delivery.receipt is None or limits_of(delivery.place).pace.edits
    held = again if here and lesson(answer) == "limited" else 0.0
    return Settled(state=again_as(claimed), not_before=again, lane_free_at=held, error=answer.code)


def _refused(claimed: Claimed, refusal: Refusal, now: float) -> Settled:
    delivery, again = claimed.delivery, again_as(claimed)
    if refusal.kind == "workspace":
        return Settled(state=again, not_before=now + SHUT, error=refusal.code)
    if refusal.kind == "fixed" and delivery.receipt:
        # It stands, and nobody may change it any more: a second one beside it would only confuse.
        return Settled(state="shown", error=refusal.code)
    if refusal.kind == "missing" and delivery.receipt and delivery.kind in STATES:
        # Somebody deleted it: an alert that nobody sees has gone quiet.
        return Settled(state="pending", forget=True, error=refusal.code)
    if refusal.kind == "content" and not delivery.error.startswith(PLAIN):
        if claimed.alert:
            return Settled(state=again, not_before=now + 1.0, error=PLAIN + refusal.code)
        # What is of no single alert cannot be said any plainer, and its place is all right.
        return Settled(state="dead", error=PLAIN + refusal.code)
    return Settled(state="dead", error=(NOBODY if refusal.kind == "person" else "") + refusal.code)


def twins_of(claimed: Claimed, now: float) -> float | None:
    """When to look for twins of what is not said any more: this attempt said nothing, the ones before may have."""
    return now + LOOKS[0] if not claimed.delivery.receipt and claimed.delivery.posts > 2 else None


def after_look(claimed: Claimed, answer: list[Receipt] | Refusal | Later | Unknown, now: float) -> Settled | None:
    """What reading a place back means for a row of unknown outcome; None: it is surely not there, so say it again."""
    delivery = claimed.delivery
    if isinstance(answer, list):
        # What is found of a card may be an older revision: it is adopted, and edited next.
        state = "pending" if delivery.kind in STATES else "shown"
        # This attempt posted nothing, but the ones before may all have arrived.
        twins = now if len(answer) > 1 else now + LOOKS[0] if delivery.posts > 2 else None
        return Settled(state=state, receipt=answer[0], sweep_at=twins) if answer else None
    if isinstance(answer, Refusal) and answer.kind in ("place", "person"):
        return Settled(state="dead", error=(NOBODY if answer.kind == "person" else "") + answer.code)
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


def patience(delivery: Delivery) -> float:
    """Seconds until its next attempt, longer for some than for others where the platform asks for that."""
    wait, jitter = backoff(delivery.attempts), limits_of(delivery.place).jitter
    return wait * (1.0 + jitter * ((delivery.id + delivery.attempts) * GOLDEN % 1.0))


def backoff(attempts: int) -> float:
    """Seconds until the next attempt: 2, 4, 8 … 60."""
    return float(min(2 ** min(attempts, 6), 60))
