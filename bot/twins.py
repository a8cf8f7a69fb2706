"""Twins: what was sent again because nobody knew, and arrived twice after all. The first stays, the others go.

A chat may carry out a call long after it was given up. So whatever was sent more than once is looked for again, a
minute and ten minutes later; what arrives after the last look is the one window that nobody can close.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from bot import crash
from bot.aftermath import Aftermath
from bot.lines import UNSEEN, Lines
from bot.ports import Claimed, Delivery, Later, Receipt, Refusal, Store, Unknown
from bot.saying import Saying
from bot.verdict import LOOKS


@dataclass(frozen=True, kw_only=True)
class Sweeper:
    store: Store
    saying: Saying
    lines: Lines
    aftermath: Aftermath

    def sweep(self, delivery_id: int) -> int:
        """Look for twins of one delivery. Returns how many were removed."""
        found = self.store.sweepable(delivery_id)
        now = self.lines.clock.machine()
        # A second hint for the same look comes after it: the next one has its own time.
        if found is None or found[1] > now or self.lines.busy(found[0].delivery.place, "read"):
            return 0
        claimed, was = found
        if claimed.delivery.posts < 2:
            # Only an edit was in doubt, and swept cards are edited once more.
            self.aftermath.swept(claimed.delivery, was, next_at=None, found=())
            return 0
        seen = self._look(claimed, now)
        self.lines.learn(claimed.delivery.place, "read", seen)
        if isinstance(seen, list):
            return self._concluded(claimed.delivery, was, seen, now)
        # Where nobody may look any more, what was seen there last stays.
        again = None if isinstance(seen, Refusal) else now + LOOKS[0]
        self.aftermath.unseen(claimed.delivery, was, next_at=again)
        return 0

    def _look(self, claimed: Claimed, now: float) -> list[Receipt] | Refusal | Later | Unknown:
        delivery = claimed.delivery
        target = replace(self.saying.target(claimed, self.saying.known(claimed)), edit=None)
        age = now - (delivery.attempted_at or now) + LOOKS[-1]
        try:
            return self.lines.chat(delivery.place).look(target, mark=self.saying.mark(claimed), age=age)
        except Later as error:
            # Nothing is said again here, so that nobody saw anything is all there is to know.
            return [] if error.code == UNSEEN else error
        except (Refusal, Unknown) as error:
            return error

    def _concluded(self, delivery: Delivery, was: float, seen: list[Receipt], now: float) -> int:
        crash.point("twins.found")
        gaps = [later - sooner for sooner, later in pairwise(LOOKS)]
        later = now + gaps[delivery.sweeps] if delivery.sweeps < len(gaps) else None
        again = now + LOOKS[0] if len(seen) > 1 else later
        if not self.aftermath.swept(delivery, was, next_at=again, found=seen) or len(seen) < 2:
            return 0
        crash.point("twins.recorded")
        removed = self._retract(delivery, seen[1:])
        crash.point("twins.removed")
        return removed

    def _retract(self, delivery: Delivery, twins: Sequence[Receipt]) -> int:
        """They are in the trail already. What cannot be removed now is found again by the next look."""
        removed = 0
        for twin in twins:
            if self.lines.busy(delivery.place, "delete"):
                break
            try:
                self.lines.chat(delivery.place).retract(twin)
            except (Refusal, Later, Unknown) as error:
                self.lines.learn(delivery.place, "delete", error)
                continue
            self.lines.learn(delivery.place, "delete", twin)
            removed += 1
        return removed
