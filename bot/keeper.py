"""What has to be kept up beside the alerts: groups, calendars, people's statuses; mornings, gaps, ended mutes.

One process at a time does it, every few minutes; twice, late or never does no harm: what is said has a key of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from bot.core import letters, oncall
from bot.core.asking import is_exception
from bot.core.hours import local_date, morning
from bot.core.people import Person
from bot.core.policy import Policy
from bot.core.routing import Plan
from bot.core.state import Alert, Status
from bot.directories import Calendar, Groups
from bot.people import People
from bot.ports import AlertFilter, Clock, Store, Unknown
from bot.rota import Letter

log = structlog.get_logger()

ASKING = ("open", "acknowledged")
LATE = timedelta(hours=4)
"""after the morning in which a morning's list is still worth sending"""
WARNED = timedelta(days=2)
"""how long before a gap people are told of it"""
AHEAD = timedelta(days=45)
"""how far a calendar is read"""
LISTED = 200
"""alerts that one list is made of"""
OWNERS = 20
"""owners whose alerts one list of a line reads"""


@dataclass(frozen=True, kw_only=True)
class Keeper:
    store: Store
    people: People
    clock: Clock
    plan: Plan
    groups: Sequence[str] = ()
    """handles that rules and policies name"""
    directories: Sequence[Groups] = ()
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    """schedule ▶ its calendar"""
    _done: dict[str, float] = field(default_factory=dict, repr=False, compare=False)

    def keep(self) -> int:
        """All of it, each by itself: what cannot be had must not keep the rest. Returns how many letters it owes."""
        for part, every in ((self._groups, 300.0), (self._calendars, 600.0), (self._people, 300.0)):
            if self._turn(part.__name__, every):
                self._try(part)
        return sum(self._try(part) for part in (self._mornings, self._exceptions, self._gaps, self._mutes))

    def _turn(self, what: str, every: float) -> bool:
        """What is asked of others is asked seldom, by each process on its own."""
        now = self.clock.machine()
        if 0 <= now - self._done.get(what, float("-inf")) < every:
            return False
        self._done[what] = now
        return True

    def _try(self, part: Callable[[], int]) -> int:
        try:
            return part()
        except Unknown as error:
            log.warning("not kept up: it cannot be asked now", action="away", what=part.__name__, reason=error.code)
            return 0

    # ── what others know ─────────────────────────────────────────────────────────────────────────────────────────

    def _groups(self) -> int:
        for handle in self.groups:
            for directory in self.directories:
                members = directory.members(handle)
                if members is not None:
                    self.people.known(members)
                    self.store.keep_group(handle, members, at=self.clock.now())
                    break
        return 0

    def _calendars(self) -> int:
        now = self.clock.now()
        for name, calendar in self.calendars.items():
            try:
                self.store.keep_calendar(name, calendar.shifts(now - timedelta(days=1), now + AHEAD), at=now)
            except Unknown as error:
                # What was read last goes on counting.
                log.warning("a calendar cannot be read", action="away", schedule=name, reason=error.code)
        return 0

    def _people(self) -> int:
        self.people.refresh()
        return 0

    # ── lists ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _mornings(self) -> int:
        """Each owner's open alerts as their working day begins; each manager's what is stuck in their line."""
        now = self.clock.now()
        owners = self.store.owners()
        lines: dict[str, list[str]] = {}
        for owner in owners:
            chain = list(self.people.with_managers(owner))
            for manager in chain[1:]:
                lines.setdefault(manager, []).append(owner)
        known = self.people.known({*owners, *lines})
        due = list(self._their_morning(known.values(), now))
        return self._post(
            one for person, day in due for one in self._morning(person, day, lines.get(person.id, ()), now)
        )

    def _their_morning(self, people: Iterable[Person], now: datetime) -> Iterator[tuple[Person, str]]:
        """Those whose day has just begun, with its date; nobody who is away."""
        for person in people:
            day = local_date(person.hours, now)
            begun = morning(person.hours, day, self.plan.days_off)
            if begun and begun <= now < begun + LATE and not person.absence(now) and person.may_own:
                yield person, day.isoformat()

    def _morning(self, person: Person, day: str, line: Sequence[str], now: datetime) -> Iterator[Letter]:
        place = f"{self.plan.platform}:@{person.id}"
        if mine := letters.morning(person.id, self._open_of(person.id), now=now):
            yield Letter(key=f"morning:{person.id}:{day}", place=place, message=mine)
        among = (alert for owner in line[:OWNERS] if owner != person.id for alert in self._open_of(owner))
        if stuck := letters.line(person.id, among, now=now):
            yield Letter(key=f"line:{person.id}:{day}", place=place, message=stuck)

    def _open_of(self, owner: str) -> list[Alert]:
        return self._open(AlertFilter(owner=owner, status=ASKING, order="due", limit=LISTED))

    def _open(self, which: AlertFilter) -> list[Alert]:
        return [alert for alert in self.store.alerts(which).items if alert.has_card]

    def _exceptions(self) -> int:
        """Once a day, as the day of the owner of last resort begins."""
        now, last = self.clock.now(), self.plan.last_resort
        person = self.people.known([last]).get(last)
        mornings = list(self._their_morning([person], now)) if person else []
        if not mornings:
            return 0
        found = self._open(AlertFilter(status=("open",), order="due", limit=LISTED))
        waiting = [alert for alert in found if self._is_exception(alert)]
        message = letters.exceptions(waiting, now=now)
        place = f"{self.plan.platform}:{self.plan.fallback_channel}"
        return self._post([Letter(key=f"exceptions:{mornings[0][1]}", place=place, message=message)] if message else [])

    def _is_exception(self, alert: Alert) -> bool:
        policy: Policy = self.store.policy(alert.policy, alert.policy_version).of(alert.severity)
        return alert.status == Status.OPEN and is_exception(alert, policy)

    # ── what lies ahead, what is over ────────────────────────────────────────────────────────────────────────────

    def _gaps(self) -> int:
        now = self.clock.now()
        place = f"{self.plan.platform}:{self.plan.fallback_channel}"
        owed: list[Letter] = []
        for name, schedule in self.plan.schedules.items():
            shifts = self.store.shifts_between(name, now, now + WARNED)
            for start, until in oncall.gaps(schedule, now, now + WARNED, shifts)[:3]:
                # A gap that has begun is told by its end: its start moves on with every look.
                key = f"gap:{name}:{until.isoformat() if start <= now else start.isoformat()}"
                owed.append(Letter(key=key, place=place, message=letters.gap(name, start, until, now=now), rank=1))
        return self._post(owed)

    def _mutes(self) -> int:
        now, listed = self.clock.now(), 0
        for mute in self.store.unlisted_mutes(now):
            held = self.store.held_back(mute.id, limit=LISTED)
            message = letters.held_back(mute, held, more=len(held) == LISTED, now=now)
            place = f"{self.plan.platform}:@{mute.owner}"
            letter = Letter(key=f"mute:{mute.id}", place=place, message=message)
            listed += self.store.listed(mute.id, [letter], at=now)
        return listed

    def _post(self, owed: Iterable[Letter]) -> int:
        owed = list(owed)
        return len(self.store.post_letters(owed, at=self.clock.now())) if owed else 0
