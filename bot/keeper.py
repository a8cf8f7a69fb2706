"""What has to be kept up beside the alerts: groups, calendars, people's statuses; mornings, gaps, ended mutes.

One process at a time does it, every few minutes; twice, late or never does no harm: what is said has a key of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256

import structlog

from bot.core import letters, oncall
from bot.core.asking import is_exception
from bot.core.hours import local_date, morning
from bot.core.people import Person, managers
from bot.core.policy import policy_of
from bot.core.reach import letterbox
from bot.core.routing import Plan
from bot.core.state import Alert
from bot.people import People
from bot.ports import AlertFilter, Away, Clock, Store, Unknown
from bot.ports.directories import Calendar, Groups
from bot.ports.rota import Letter
from bot.saying import roster

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
PAGES = 25
"""pages of open alerts that are looked through for exceptions"""
AGAIN = 600.0
"""machine seconds between two looks at one morning's lists, which are owed once however often they are made"""
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
    ticked: Callable[[], int] = lambda: 0
    """`Ticked.look`: owners whose task somebody completed are asked"""
    release: Callable[[str], object]
    """`Loop.release`: an alert that was held back is shown"""
    _done: dict[str, float] = field(default_factory=dict, repr=False, compare=False)

    def keep(self) -> int:
        """All of it, each by itself: what cannot be had must not keep the rest. Returns how many letters it owes."""
        parts = ((self._groups, 300.0), (self._calendars, 600.0), (self._people, 300.0), (self._tasks, 120.0))
        for part, every in parts:
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
        except Exception:  # what breaks over one list or calendar must not cost everybody else theirs
            log.exception("not kept up: it broke", action="keep_broke", what=part.__name__)
        return 0

    # ── what others know ─────────────────────────────────────────────────────────────────────────────────────────

    def _groups(self) -> int:
        for handle in self.groups:
            try:
                members = self._members(handle)
            except Unknown as error:
                # Who was in it last goes on being asked.
                log.warning("a group cannot be read", action="away", group=handle, reason=error.code)
                continue
            if members is not None:
                self.people.known(members)
                self.store.keep_group(handle, members, at=self.clock.now())
        return 0

    def _members(self, handle: str) -> tuple[str, ...] | None:
        answers = (directory.members(handle) for directory in self.directories)
        return next((members for members in answers if members is not None), None)

    def _tasks(self) -> int:
        return self.ticked()

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
        """Whoever is on call soon is known before they are asked: their hours, and whether they are there.

        So is whom rules name, where a list of everybody does not say who is away.
        """
        now = self.clock.now()
        rules = () if self.people.lists_say_away else (*self.plan.rules, *self.plan.sources.values())
        soon = {owner.who for rule in rules for owner in rule.owners if owner.kind == "person"}
        for name, schedule in self.plan.schedules.items():
            shifts = self.store.shifts_between(name, now, now + WARNED)
            pieces = oncall.timeline(schedule, now, now + WARNED, shifts)
            soon |= {piece.person for piece in pieces if isinstance(piece, oncall.Shift)}
        self.people.known(soon)
        self.people.refresh()
        return 0

    # ── lists ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _mornings(self) -> int:
        """Each owner's open alerts as their working day begins; each manager's what is stuck in their line."""
        now, owners = self.clock.now(), self.store.owners()
        remembered = self._with_managers(owners)
        lines: dict[str, list[str]] = {}
        for owner in owners:
            for manager in managers(owner, roster(remembered)):
                lines.setdefault(manager, []).append(owner)
        # Directories are asked only of those whose day begins: a thousand answers take longer than a worker has.
        begin = {one.id for one in remembered.values() if (at := self._begun(one, now)) and self._is_new(one, at)}
        there = [one for one in self.people.known(begin).values() if one.may_own and not one.absence(now)]
        return self._post(
            letter
            for person in there
            if (begun := self._begun(person, now))
            for letter in self._morning(person, begun, lines.get(person.id, ()), now)
        )

    def _with_managers(self, owners: Iterable[str]) -> dict[str, Person]:
        """These people and everybody above them, as they are remembered: one question for each height."""
        found: dict[str, Person] = {}
        wanted = set(owners)
        while wanted:
            asked, level = wanted, [person for person, _ in self.store.people(wanted).values()]
            found |= {person.id: person for person in level}
            wanted = {person.manager for person in level if person.manager} - found.keys() - asked
        return found

    def _is_new(self, person: Person, begun: datetime) -> bool:
        return self._turn(f"morning of {person.id} {begun.isoformat()}", AGAIN)

    def _begun(self, person: Person, now: datetime) -> datetime | None:
        """When their working day began, where that was just now."""
        begun = morning(person.hours, local_date(person.hours, now), self.plan.days_off)
        return begun if begun and begun <= now < begun + LATE else None

    def _morning(self, person: Person, begun: datetime, line: Sequence[str], now: datetime) -> Iterator[Letter]:
        """Of what was there as the day began: who was told of an alert at ten needs no good morning for it."""
        day, place = local_date(person.hours, begun).isoformat(), letterbox(person.id, person, self.plan)
        mine = [alert for alert in self._open_of(person.id) if alert.raised_at < begun]
        if message := letters.morning(person.id, mine, now=now):
            yield Letter(key=f"morning:{person.id}:{day}", place=place, message=message)
        among = (alert for owner in line[:OWNERS] if owner != person.id for alert in self._open_of(owner))
        if stuck := letters.line(person.id, (alert for alert in among if alert.raised_at < begun), now=now):
            yield Letter(key=f"line:{person.id}:{day}", place=place, message=stuck)

    def _open_of(self, owner: str) -> list[Alert]:
        return self._open(AlertFilter(owner=owner, status=ASKING, order="due", limit=LISTED))

    def _open(self, which: AlertFilter) -> list[Alert]:
        return [alert for alert in self.store.alerts(which).items if alert.has_card]

    def _exceptions(self) -> int:
        """Once a day, as the day of the owner of last resort begins: a channel reads it, whoever of them is away."""
        now, last = self.clock.now(), self.plan.last_resort
        person = self.people.known([last]).get(last) or Person(id=last, name=last)
        if not (begun := self._begun(person, now)) or not self._turn(f"exceptions {begun.isoformat()}", AGAIN):
            return 0
        waiting = [alert for alert in self._all_open() if is_exception(alert, policy_of(alert, self.store))]
        if not (message := letters.exceptions(waiting, now=now)):
            return 0
        place = self.plan.place(self.plan.fallback_channel)
        day = local_date(person.hours, begun).isoformat()
        return self._post([Letter(key=f"exceptions:{day}", place=place, message=message)])

    def _all_open(self) -> Iterator[Alert]:
        """Page by page: what was asked about in vain for days is due after all that was raised just now."""
        which = AlertFilter(status=("open",), order="due", limit=LISTED)
        for _ in range(PAGES):
            page = self.store.alerts(which)
            yield from (alert for alert in page.items if alert.has_card)
            if page.next is None:
                return
            which = replace(which, cursor=page.next)

    # ── what lies ahead, what is over ────────────────────────────────────────────────────────────────────────────

    def _gaps(self) -> int:
        now = self.clock.now()
        place = self.plan.place(self.plan.fallback_channel)
        owed: list[Letter] = []
        for name, schedule in self.plan.schedules.items():
            # It is known by its start: it is told before, and not again when it has begun.
            since, end = now - AHEAD, now + AHEAD
            found = oncall.gaps(schedule, since, end, self.store.shifts_between(name, since, end))
            ahead = [(start, until) for start, until in found if until > now and start < now + WARNED]
            for start, until in ahead[:3]:
                # Of one that began long ago nobody sees the start; it is told again every month.
                known_by = start.isoformat() if start > since else f"{now:%Y-%m}"
                regular = oncall.keeps_hours(schedule)
                if regular:
                    # Every night and every weekend: one word for as long as the schedule stays as it is.
                    known_by = sha256(repr(schedule.rotations).encode()).hexdigest()[:16]
                key = f"gap:{name}:{known_by}"
                message = letters.gap(name, start, until if until < end else None, now=now, regular=regular)
                owed.append(Letter(key=key, place=place, message=message, rank=1))
        return self._post(owed)

    def _mutes(self) -> int:
        now, listed = self.clock.now(), 0
        for mute in self.store.unlisted_mutes(now):
            # Whoever ended it by hand, or took it out of the file, may not have come to show what it held back.
            for alert_id in self.store.unmute(mute.id, at=now, by=mute.owner):
                self.release(alert_id)
            held = self.store.held_back(mute.id, limit=LISTED)
            message = letters.held_back(mute, held, more=len(held) == LISTED, now=now)
            owner = self.people.known([mute.owner]).get(mute.owner)
            place = letterbox(mute.owner, owner, self.plan)
            letter = Letter(key=f"mute:{mute.id}", place=place, message=message)
            listed += self.store.listed(mute.id, [letter], at=now)
        return listed

    def _post(self, owed: Iterable[Letter]) -> int:
        owed = list(owed)
        return len(self.store.post_letters(owed, at=self.clock.now())) if owed else 0
