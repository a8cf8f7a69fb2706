"""Somebody who looks at alerts, and which they may see."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core import pages
from bot.core.asking import is_exception
from bot.core.people import Person, managers
from bot.core.policy import policy_of
from bot.core.state import Alert
from bot.people import People
from bot.ports import AlertFilter, Store
from bot.saying import roster

UNFINISHED = ("open", "acknowledged", "resolved")
LOOKED_AT = 200
"""alerts that one look reads"""
PAGES = 10
"""of as many, at most, that are looked through for what somebody may see"""
REPORTS = 100
"""people of somebody's line whose alerts are shown to them"""


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Somebody who wants to see alerts, in one chat."""

    person: Person
    platform: str
    store: Store
    people: People
    now: datetime
    concerns: Callable[[Person, Sequence[Alert]], set[str]]
    """ids of those that are theirs to see without being in the channel"""
    is_member: Callable[[str], bool]
    """in the channel of this place"""

    def sees(self, alerts: Sequence[Alert]) -> list[Alert]:
        """Those of `alerts` that they may see: theirs, and what stands in channels they are in."""
        theirs = self.concerns(self.person, alerts)
        others = [alert for alert in alerts if alert.id not in theirs] if self.person.may_own else []
        places = {place for alert in others for place in alert.places}
        open_to_them = {place for place in places if self.is_member(place)}
        return [alert for alert in alerts if alert.id in theirs or not open_to_them.isdisjoint(alert.places)]

    def mine(self) -> list[Alert]:
        return self._of(self.person.id)

    def team(self) -> list[Alert]:
        """What is open among everybody who reports to them, at whatever height."""
        return [alert for owner in self._line() for alert in self._of(owner)]

    def open(self, place: str | None = None) -> list[Alert]:
        """What they may see of it, those due first: page by page, for most of it may be nothing to them."""
        which, found = AlertFilter(status=UNFINISHED, place=place, order="due", limit=LOOKED_AT), list[Alert]()
        for _ in range(PAGES):
            page = self.store.alerts(which)
            found += self.sees(page.items)
            if page.next is None or len(found) >= LOOKED_AT:
                break
            which = replace(which, cursor=page.next)
        return found

    def overdue(self) -> list[Alert]:
        return [alert for alert in self.open() if pages.overdue(alert, self.now)]

    def exceptions(self) -> list[Alert]:
        """What only a human can settle: at the top of its policy, passed on too often."""
        return [alert for alert in self.open() if is_exception(alert, policy_of(alert, self.store))]

    def _of(self, owner: str) -> list[Alert]:
        return list(self.store.alerts(AlertFilter(owner=owner, status=UNFINISHED, order="due", limit=LOOKED_AT)).items)

    def _line(self) -> list[str]:
        """Owners of open alerts who report to them."""
        found: list[str] = []
        for owner in self.store.owners():
            chain = managers(owner, roster(self.people.with_managers(owner)))
            if owner != self.person.id and self.person.id in chain:
                found.append(owner)
        return found[:REPORTS]
