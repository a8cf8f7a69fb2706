"""What people say of their own time and of others': away, back, quiet hours, swaps on call, mutes.

Each is stored with who said it and when. What is refused is refused with a sentence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core import oncall
from bot.core.hours import week
from bot.core.mutes import Mute
from bot.core.people import Away, Person, gone, managers
from bot.core.routing import Plan
from bot.core.text import Quote, Text, When, Who, one_line, sentence
from bot.people import People
from bot.ports import Clock, Store
from bot.ports.rota import Declared, Wishes
from bot.saying import roster

LONGEST_MUTE = timedelta(days=30)
LONGEST_AWAY = timedelta(days=366)


BY_HAND = "people"
"""the source of what people raise by hand: rules and policies may name it"""
EVERYTHING = "everything"


@dataclass(frozen=True, kw_only=True)
class Said:
    """What became of it, as a sentence."""

    ok: bool
    text: Text


def _no(*parts: object) -> Said:
    return Said(ok=False, text=sentence(*parts))  # type: ignore[arg-type]


def _yes(*parts: object) -> Said:
    return Said(ok=True, text=sentence(*parts))  # type: ignore[arg-type]


def _muted_by(what: str) -> tuple[str | None, str | None]:
    """The source or the rule that somebody means; neither: everything."""
    named = what.strip().lower()
    if named == EVERYTHING:
        return None, None
    kind, _, rule = named.partition(" ")
    return (None, rule.strip()) if kind == "rule" and rule else (named, None)


@dataclass(frozen=True, kw_only=True)
class Attendance:
    store: Store
    people: People
    clock: Clock
    plan: Plan
    new_id: Callable[[], str]
    release: Callable[[str], object]
    """`Loop.release`: an alert that was held back is shown"""

    # ── away ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def away(
        self, person: Person, until: datetime, *, by: Person, delegate: Person | None = None, why: str = ""
    ) -> Said:
        """They are away from now on. A later word about the same person takes the place of an earlier one."""
        now = self.clock.now()
        if refused := self._may_speak_for(person, by) or self._may_not_stand_in(person, delegate, now):
            return refused
        if not now < until <= now + LONGEST_AWAY:
            return _no("Say until when, within a year from now.")
        self._end(person, by, now)
        away = Away(start=now, until=until, delegate=delegate.id if delegate else None, why=one_line(why, 200))
        self.store.declare(Declared(id=self.new_id(), person=person.id, away=away, by=by.id, at=now))
        instead: tuple[object, ...] = ("Nobody stands in: alerts go to the next in line.",)
        if delegate:
            instead = (Who(delegate.id), " stands in: new alerts go to them, open ones when they are due.")
        return _yes(Who(person.id), " is away until ", When(until), ". ", *instead)

    def back(self, person: Person, *, by: Person) -> Said:
        if refused := self._may_speak_for(person, by):
            return refused
        if self._end(person, by, self.clock.now()):
            return _yes("Welcome back, ", Who(person.id), ".")
        return _no(Who(person.id), " is not marked as away here. A status in the chat ends when it is cleared there.")

    def _end(self, person: Person, by: Person, now: datetime) -> bool:
        ended = [self.store.end_absence(one.id, at=now, by=by.id) for one in self.store.absences(person.id, since=now)]
        return any(ended)

    def _may_speak_for(self, person: Person, by: Person) -> Said | None:
        above = {by.id} & ({person.id, self.plan.last_resort} | self.plan.admins)
        if above or by.id in managers(person.id, roster(self.people.with_managers(person.id))):
            return None
        return _no("Only ", Who(person.id), ", a manager above them or an admin can say this.")

    def _may_not_stand_in(self, person: Person, delegate: Person | None, now: datetime) -> Said | None:
        """Nothing is ever delegated to nobody."""
        if delegate is None:
            return None
        if delegate.id == person.id:
            return _no("Name somebody else to stand in.")
        if why := gone(delegate.id, roster({delegate.id: delegate})):
            return _no(Who(delegate.id), f" cannot stand in: {why}.")
        if absence := delegate.absence(now):
            return _no(Who(delegate.id), " is away too, until ", When(absence.until), ".")
        return None

    # ── wishes ───────────────────────────────────────────────────────────────────────────────────────────────────

    def prefer(self, person: Person, how: str) -> Said:
        """`instant` or `digest`."""
        if how not in ("instant", "digest"):
            return _no("Choose one: prefer instant, or prefer digest.")
        self.store.wish(person.id, Wishes(prefers=how), at=self.clock.now())
        if how == "digest":
            return _yes("What is not urgent comes in one message an hour. What is urgent still comes at once.")
        return _yes("You are told of everything at once.")

    def quiet(self, person: Person, hours: str) -> Said:
        """`22:00-07:00`, or `off`."""
        wanted = "" if hours.strip().lower() == "off" else hours.strip()
        try:
            week(wanted)
        except ValueError as error:
            return _no(f"{str(error)[:1].upper()}{str(error)[1:]}, or quiet off.")
        self.store.wish(person.id, Wishes(quiet=wanted), at=self.clock.now())
        if not wanted:
            return _yes("You have no quiet hours any more.")
        late = "What cannot wait until they are over comes all the same, as late as its policy allows."
        return _yes(f"Quiet hours: {wanted} ({one_line(person.time_zone, 60)}). {late}")

    # ── on call ──────────────────────────────────────────────────────────────────────────────────────────────────

    def swap(self, name: str, to: Person, until: datetime, *, by: Person) -> Said:
        """Somebody else is on call for a while, from now on."""
        schedule, now = self.plan.schedules.get(name), self.clock.now()
        if schedule is None:
            known = ", ".join(sorted(self.plan.schedules)) or "none is configured"
            return _no("There is no schedule ", Quote(one_line(name, 60)), f". There are: {known}.")
        if why := gone(to.id, roster({to.id: to})):
            return _no(Who(to.id), f" cannot be on call: {why}.")
        shifts = self.store.shifts_between(name, now, max(until, now + timedelta(days=1)))
        current = oncall.on_call(schedule, now, shifts)
        if not self._may_swap(schedule, current.person if current else None, by):
            return _no("Only who is in this schedule, a manager above them or an admin can swap it.")
        made = oncall.swap(schedule, now, until, to=to.id, by=by.id, shifts=shifts)
        if isinstance(made, str):
            return _no(made)
        self.store.override(name, made, at=now)
        instead = (" in place of ", Who(current.person)) if current and current.person != to.id else ()
        return _yes(Who(to.id), f" is on call for {name}", *instead, " until ", When(until), ".")

    def _may_swap(self, schedule: oncall.Schedule, current: str | None, by: Person) -> bool:
        theirs = {one for rotation in schedule.rotations for one in rotation.people} | set(schedule.people.values())
        theirs |= {current} if current else set()
        if not by.may_own:
            return False
        if by.id in theirs | self.plan.admins | {self.plan.last_resort}:
            return True
        above = (managers(one, roster(self.people.with_managers(one))) for one in theirs)
        return any(by.id in chain for chain in above)

    # ── mutes ────────────────────────────────────────────────────────────────────────────────────────────────────

    def mute(self, what: str, until: datetime, *, by: Person, why: str = "") -> Said:
        """Hold back what a source raises, or what a rule matches (`rule big-invoices`), always until an end."""
        now = self.clock.now()
        source, rule = _muted_by(what)
        if not self._may_mute(source, rule, by):
            return _no("Only who answers for it, its owner or an admin can mute ", Quote(one_line(what, 80)), ".")
        if not self._is_there(source, rule):
            said = ". A rule is meant by: rule big-sums."
            return _no("There is no source and no rule ", Quote(one_line(what, 80)), said)
        if not now < until <= now + LONGEST_MUTE:
            return _no("A mute ends within 30 days: say until when.")
        mute = Mute(
            id=self.new_id(), start=now, until=until, owner=by.id, why=one_line(why, 200), source=source, rule=rule
        )
        self.store.mute(mute, at=now)
        return _yes(
            Quote(one_line(what, 80)),
            " is muted until ",
            When(until),
            ". What it holds back waits, and is listed to you then. What is critical comes all the same.",
        )

    def unmute(self, what: str, *, by: Person) -> Said:
        now = self.clock.now()
        source, rule = _muted_by(what)
        open_ones = [one for one in self.muted() if (one.source, one.rule) == (source, rule)]
        if not open_ones:
            return _no("Nothing of this name is muted.")
        if not all(one.owner == by.id for one in open_ones) and not self._may_mute(source, rule, by):
            return _no("Only who muted it, who answers for it or an admin can end it.")
        held = [alert for one in open_ones for alert in self.store.unmute(one.id, at=now, by=by.id)]
        for alert_id in held:
            self.release(alert_id)
        many = "1 alert that it held back is" if len(held) == 1 else f"{len(held)} alerts that it held back are"
        waiting = f" {many} shown now." if held else ""
        return _yes(Quote(one_line(what, 80)), f" is not muted any more.{waiting}")

    def muted(self) -> list[Mute]:
        """What is muted now."""
        now = self.clock.now()
        return [one for one in self.store.all_mutes(since=now) if one.covers(now)]

    def _is_there(self, source: str | None, rule: str | None) -> bool:
        """Whether anything is called so: a mute with a slip of the pen in it would hold back nothing."""
        if rule is not None:
            return any(one.name == rule for one in self.plan.rules)
        known = {name for one in self.store.sources() for name in (one.id, one.name)}
        return source is None or source in known | self.plan.sources.keys() | {BY_HAND}

    def _may_mute(self, source: str | None, rule: str | None, by: Person) -> bool:
        if not by.may_own:
            return False
        if by.id in self.plan.admins | {self.plan.last_resort}:
            return True
        if source is not None:
            own = self.plan.sources.get(source)
            owners = {owner.who for owner in own.owners if owner.kind == "person"} if own else set()
            return by.id in owners | self.plan.stewards.get(source, frozenset())
        named = [one for one in self.plan.rules if rule is not None and one.name == rule]
        return any(by.id == owner.who for one in named for owner in one.owners if owner.kind == "person")
