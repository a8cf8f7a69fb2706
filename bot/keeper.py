"""What has to be kept up beside the alerts: groups, calendars, people's statuses; mornings, gaps, ended mutes.

One process at a time does it, every few minutes; twice, late or never does no harm: what is said has a key of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from bot.core import letters, oncall
from bot.core.asking import is_exception
from bot.core.hours import local_date, morning
from bot.core.people import Person, managers
from bot.core.policy import Policy
from bot.core.routing import Plan
from bot.core.state import Alert, Status
from bot.directories import Calendar, Groups
from bot.people import People
from bot.ports import AlertFilter, Away, Clock, Store, Unknown
from bot.rota import Letter
from bot.saying import roster

log = structlog.get_logger()

ASKING = ("open", "acknowledged")
LATE = timedelta(hours=4)
"""after the morning in which a morning's list is still worth sending"""
WARNED = timedelta(days=2)
"""how long before a gap people are told of it"""
AHEAD = timedelta(days=45)
"""how far a calendar is read, and the end of a gap looked for"""
LISTED = 200
"""alerts that one list is made of"""
PAGES = 25
"""pages of as many that are looked through for what stands last in them: exceptions are asked about most seldom"""
AGAIN = 600.0
"""machine seconds between two looks at one morning's list, which is owed once however often it is made"""
DAY = 24 * 3600.0
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
    release: Callable[[str], object]
    """`Loop.release`: an alert that was held back is shown"""
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
        for old in [one for one, at in self._done.items() if now - at > DAY]:
            del self._done[old]
        self._done[what] = now
        return True

    def _try(self, part: Callable[[], int]) -> int:
        try:
            return part()
        except Away:
            raise
        except Unknown as error:
            log.warning("not kept up: it cannot be asked now", action="away", what=part.__name__, reason=error.code)
        except Exception:  # what breaks over one list or calendar must not cost everybody their morning
            log.exception("not kept up: it broke", action="keep_broke", what=part.__name__)
        return 0

    # ── what others know ─────────────────────────────────────────────────────────────────────────────────────────

    def _groups(self) -> int:
        for handle in self.groups:
            try:
                self._group(handle)
            except Unknown as error:
                # Whoever was in it last still is.
                log.warning("a group cannot be asked for", action="away", group=handle, reason=error.code)
        return 0

    def _group(self, handle: str) -> None:
        for directory in self.directories:
            members = directory.members(handle)
            if members is not None:
                self.people.known(members)
                self.store.keep_group(handle, members, at=self.clock.now())
                return

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
        """Whoever is on call soon is known before they are asked: their hours, and whether they are there."""
        now = self.clock.now()
        pieces = (piece for name in self.plan.schedules for piece in self._timeline(name, now + WARNED))
        self.people.known({piece.person for piece in pieces if isinstance(piece, oncall.Shift)})
        self.people.refresh()
        return 0

    def _timeline(self, schedule: str, until: datetime) -> tuple[oncall.Piece, ...]:
        now = self.clock.now()
        shifts = self.store.shifts_between(schedule, now, until)
        return oncall.timeline(self.plan.schedules[schedule], now, until, shifts)

    # ── lists ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _mornings(self) -> int:
        """Each owner's open alerts as their working day begins; each manager's what is stuck in their line."""
        now, owners = self.clock.now(), self.store.owners()
        remembered = self._with_managers(owners)
        lines: dict[str, list[str]] = {}
        for owner in owners:
            for manager in managers(owner, roster(remembered)):
                lines.setdefault(manager, []).append(owner)
        # Directories are asked only of those whose day begins: hundreds of answers take longer than a worker has.
        begun = {person.id for person, day in self._their_morning(remembered.values(), now) if self._look(person, day)}
        due = list(self._their_morning(self.people.known(begun).values(), now))
        return self._post(
            one for person, day in due for one in self._morning(person, day, lines.get(person.id, ()), now)
        )

    def _look(self, person: Person, day: str) -> bool:
        return self._turn(f"morning of {person.id} {day}", AGAIN)

    def _with_managers(self, owners: Iterable[str]) -> dict[str, Person]:
        """These people and everybody above them, as they are remembered: one question for each height."""
        found: dict[str, Person] = {}
        wanted = set(owners)
        while wanted:
            level = {ref: person for ref, (person, _) in self.store.people(wanted).items()}
            found |= level
            wanted = {person.manager for person in level.values() if person.manager} - found.keys() - wanted
        return found

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
        if not mornings or not self._turn(f"exceptions {mornings[0][1]}", AGAIN):
            return 0
        message = letters.exceptions(filter(self._is_exception, self._all_open()), now=now)
        place = f"{self.plan.platform}:{self.plan.fallback_channel}"
        return self._post([Letter(key=f"exceptions:{mornings[0][1]}", place=place, message=message)] if message else [])

    def _all_open(self) -> Iterator[Alert]:
        which: AlertFilter | None = AlertFilter(status=("open",), order="due", limit=LISTED)
        for _ in range(PAGES):
            if which is None:
                return
            page = self.store.alerts(which)
            yield from (alert for alert in page.items if alert.has_card)
            which = replace(which, cursor=page.next) if page.next else None

    def _is_exception(self, alert: Alert) -> bool:
        policy: Policy = self.store.policy(alert.policy, alert.policy_version).of(alert.severity)
        return alert.status == Status.OPEN and is_exception(alert, policy)

    # ── what lies ahead, what is over ────────────────────────────────────────────────────────────────────────────

    def _gaps(self) -> int:
        now = self.clock.now()
        place = f"{self.plan.platform}:{self.plan.fallback_channel}"
        owed: list[Letter] = []
        for name in self.plan.schedules:
            gaps = [piece for piece in self._timeline(name, now + AHEAD) if isinstance(piece, oncall.Gap)]
            for gap in [one for one in gaps if one.start < now + WARNED][:3]:
                until = gap.until if gap.until < now + AHEAD else None
                message = letters.gap(name, gap.start, until, now=now)
                owed.append(
                    Letter(key=f"gap:{name}:{_known_by(gap, until, now)}", place=place, message=message, rank=1)
                )
        return self._post(owed)

    def _mutes(self) -> int:
        now, listed = self.clock.now(), 0
        for mute in self.store.unlisted_mutes(now):
            # Whoever ended it by hand may not have come to show all of it.
            for alert_id in self.store.unmute(mute.id, at=now, by=mute.owner):
                self.release(alert_id)
            held = self.store.held_back(mute.id, limit=LISTED)
            message = letters.held_back(mute, held, more=len(held) == LISTED, now=now)
            place = f"{self.plan.platform}:@{mute.owner}"
            letter = Letter(key=f"mute:{mute.id}", place=place, message=message)
            listed += self.store.listed(mute.id, [letter], at=now)
        return listed

    def _post(self, owed: Iterable[Letter]) -> int:
        owed = list(owed)
        return len(self.store.post_letters(owed, at=self.clock.now())) if owed else 0


def _known_by(gap: oncall.Gap, until: datetime | None, now: datetime) -> str:
    """What stays the same of a gap with every look: its start or, once it has begun, its end; without one, the day."""
    if gap.start > now:
        return gap.start.isoformat()
    return until.isoformat() if until else f"on {now.date().isoformat()}"
