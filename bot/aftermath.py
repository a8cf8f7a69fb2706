"""What the end of a delivery means for its alert: together with it, in one transaction, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bot import crash
from bot.core import fate
from bot.core.fate import Undelivered
from bot.core.given import Given
from bot.core.state import Alert, Change
from bot.ports import Claimed, Delivery, Receipt, Settled, Tx
from bot.transactions import Transactions

Rule = Callable[[Alert, Given], Change]


@dataclass(frozen=True, kw_only=True)
class Aftermath(Transactions):
    """Raises Away and Conflict; where it does, nothing of it happened and the delivery's lease runs out."""

    def superseded(self, claimed: Claimed, settled: Settled) -> bool:
        """It is not worth saying any more, and the trail says so. False: somebody else has the delivery by now."""
        what = _undelivered(claimed.delivery, settled.error)
        return self._ended(
            claimed, settled, lambda alert, given: fate.superseded(alert, given, what=what, why=settled.error)
        )

    def undeliverable(self, claimed: Claimed, settled: Settled, *, content: bool = False) -> bool:
        """It cannot be said there: the next route. `content`: nor anywhere else. False: somebody else has it by now."""
        what = replace(_undelivered(claimed.delivery, settled.error), content=content, batched=_batched(claimed))
        return self._ended(claimed, settled, lambda alert, given: fate.rerouted(alert, given, what=what))

    def _ended(self, claimed: Claimed, settled: Settled, rule: Rule) -> bool:
        def work(tx: Tx) -> bool:
            alert = tx.alert(claimed.delivery.alert_id)
            change = rule(alert, self._given(tx, alert, self.clock.now())) if alert else None
            # A card that went nowhere else takes what waits under it along.
            stays = change is not None and claimed.delivery.place in change.alert.places
            mine = tx.settle(claimed, replace(settled, ends_replies=stays and claimed.delivery.kind == "card"))
            crash.point("fate.settled")
            if mine and change is not None:
                tx.put(change, before=alert)
            return mine

        return self._committed(work)

    def fold(self, lane: str) -> int:
        """Fold a lane that is far behind; each reminder that was gathered says so in its alert's trail."""

        def work(tx: Tx) -> int:
            folding = tx.fold(lane, self.clock.machine(), now=self.clock.now())
            for alert_id, key, digest in folding.gathered:
                alert = tx.alert(alert_id)
                if alert is not None:
                    what = Undelivered(key=key, kind=key.partition(":")[0], place=lane, thread=False, error="")
                    why = f"told in {digest.partition(':')[0]} {digest.rpartition(':')[2]}"
                    given = self._given(tx, alert, self.clock.now())
                    tx.put(fate.superseded(alert, given, what=what, why=why), before=alert)
            crash.point("fold.decided")
            return len(folding.gathered)

        return self._committed(work)

    def unseen(self, delivery: Delivery, was: float, *, next_at: float | None) -> bool:
        """Nothing could be seen: the next look, or none where nobody may look any more."""
        return self._committed(lambda tx: tx.swept(delivery.id, was=was, next_at=next_at, receipt=None, seen=False))

    def swept(self, delivery: Delivery, was: float, *, next_at: float | None, found: Sequence[Receipt]) -> bool:
        """A look for twins is over. Twins are in the trail before any of them is removed. False: another was first."""
        kept = found[0] if found else None

        def work(tx: Tx) -> bool:
            alert = tx.alert(delivery.alert_id) if delivery.alert_id else None
            if not tx.swept(delivery.id, was=was, next_at=next_at, receipt=kept):
                return False
            if alert is not None and kept is not None and len(found) > 1:
                removed = tuple(receipt.ts for receipt in found[1:])
                given = self._given(tx, alert, self.clock.now())
                tx.put(fate.twins(alert, given, key=delivery.key, kept=kept.ts, removed=removed), before=alert)
            return True

        return self._committed(work)


def _undelivered(delivery: Delivery, error: str) -> Undelivered:
    return Undelivered(
        key=delivery.key,
        kind=delivery.kind,
        place=delivery.place,
        thread=delivery.thread,
        error=error,
        seq=delivery.seq,
    )


def _batched(claimed: Claimed) -> bool:
    """Whether it was to be told in a digest, which gave it back."""
    whom = claimed.delivery.place.partition(":@")[2]
    return any(whom in event.data.get("in_digest", ()) for event in claimed.events)
