"""What would happen to an alert that nobody reacts to: the very rules of the core, run ahead of time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from bot.core.alert import acknowledge
from bot.core.asking import upcoming
from bot.core.events import Actor, Kind
from bot.core.explaining import Judged, judged
from bot.core.given import Given
from bot.core.lookedup import NOTHING, LookedUp
from bot.core.mutes import Mute
from bot.core.people import Roster
from bot.core.policy import Policy
from bot.core.raising import Placed, holding, raised
from bot.core.routing import Candidate, Plan, Route, route
from bot.core.signal import Signal
from bot.core.state import Alert, Change, Refused, Status
from bot.core.wake import wake
from bot.rosters import Listed
from bot.settings import Config

LONG_ENOUGH = 100
"""asks after which a timetable ends, whatever the policy"""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One time somebody is asked."""

    at: datetime
    after: timedelta
    """from the raise or, where somebody acknowledged, from that"""
    what: str
    """raised | nudged | held | escalated | exception | check_in | expired | snooze_ended | delegated | reassigned"""
    asked: tuple[str, ...]
    """e-mails and #channels"""
    step: int = 0
    over: tuple[str, ...] = ()
    """who was stepped over on the way, and why"""
    waits: str = ""
    """whose hours it waits for, where it comes later than the policy's pace"""
    in_digest: tuple[str, ...] = ()
    """who of them reads it in their next digest"""
    because: str = ""


@dataclass(frozen=True, kw_only=True)
class Foresight:
    """One alert as it would fare, for all that is known at `now`."""

    signal: Signal
    plan: Plan
    policy: Policy
    """the whole policy, not yet as it is for the alert's severity"""
    roster: Roster
    now: datetime
    looked: LookedUp = NOTHING

    @cached_property
    def rules(self) -> list[Judged]:
        return judged(self.signal, self.plan)

    @cached_property
    def route(self) -> Route:
        return route(self.signal, self.plan)

    @cached_property
    def given(self) -> Given:
        policy = self.policy.of(self.signal.severity)
        return Given(now=self.now, policy=policy, roster=self.roster, plan=self.plan, looked=self.looked)

    @cached_property
    def owner(self) -> Candidate:
        return self.route.owner(self.given.known)

    @cached_property
    def candidates(self) -> list[Candidate | str]:
        """Everybody in question, best first; a sentence for each who is stepped over."""
        return list(self.route.candidates(self.given.known))

    @cached_property
    def mute(self) -> Mute | None:
        """What would hold it back."""
        return holding(self.route, self.given)

    @cached_property
    def alert(self) -> Alert:
        """As it is raised."""
        where = self.plan.place(self.route.channel)
        placed = Placed(alert_id="TIMETABLE", owner=self.owner.person, place=where, why=self.owner.why, mute=self.mute)
        return raised(self.signal, self.given, placed=placed).alert

    @cached_property
    def asks(self) -> list[Ask]:
        """Who is asked when, from the raise to the first time at the top of the policy."""
        return list(self._asks())

    @cached_property
    def check_ins(self) -> list[Ask]:
        """What follows when its owner acknowledges it at once and then says nothing, until somebody else is asked."""
        return list(self._check_ins())

    def _asks(self) -> Iterator[Ask]:
        alert, given = self.alert, self.given
        shown = (self.route.channel, alert.owner) if alert.has_card else ()
        yield Ask(at=self.now, after=timedelta(0), what=Kind.RAISED.value, asked=shown)
        for _ in range(LONG_ENOUGH):
            if given.policy.is_top(alert.step) and alert.asked >= 1:
                return
            waits = "" if alert.snoozed_until else upcoming(alert, given).waits
            change = _woken(alert, given)
            if change is None:
                return
            alert, given = change.alert, given.at(change.events[-1].at)
            yield _ask(change, since=self.now, waits=waits)
            if change.events[-1].kind == Kind.EXCEPTION:
                return

    def _check_ins(self) -> Iterator[Ask]:
        # What is muted can be acknowledged too, but hardly anybody knows of it before it is shown.
        given = self.given.at(self.mute.until if self.mute else self.now)
        since, by = given.now, Actor(kind="person", id=self.alert.owner, name=self.alert.owner)
        taken = acknowledge(replace(self.alert, snoozed_until=None, held_by=None), given, by=by)
        if isinstance(taken, Refused):
            return
        alert, expired = taken.alert, False
        for _ in range(LONG_ENOUGH):
            pace = min(given.now + given.policy.check_in_every, alert.resolve_by or given.now)
            late = alert.due_at is not None and alert.due_at > pace
            waits = upcoming(alert, given).waits if expired else f"hours of {alert.owner}" if late else ""
            change = _woken(alert, given)
            if change is None:
                return
            alert, given = change.alert, given.at(change.events[-1].at)
            expired = alert.status == Status.OPEN
            yield _ask(change, since=since, waits=waits)
            if change.events[-1].kind in (Kind.ESCALATED, Kind.EXCEPTION):
                return


def foresee(
    signal: Signal, config: Config, *, now: datetime, roster: Roster | None = None, looked: LookedUp = NOTHING
) -> Foresight:
    """`roster`: who is known beside whom the file lists; `looked`: what tables of owners say of it."""
    plan = config.plan()
    policy = config.policy(route(signal, plan).policy)
    known = roster if roster is not None else Listed.of(config)
    return Foresight(signal=signal, plan=plan, policy=policy, roster=known, now=now, looked=looked)


def next_ask(alert: Alert, given: Given) -> Ask | None:
    """Whom the clock asks when it comes next, as things look now; None where it has nothing to ask."""
    change = _woken(alert, given)
    return _ask(change, since=given.now, waits="") if change else None


def _woken(alert: Alert, given: Given) -> Change | None:
    """What the clock does when it comes next."""
    return wake(alert, given.at(max(alert.due_at, given.now))) if alert.due_at else None


def _ask(change: Change, *, since: datetime, waits: str) -> Ask:
    """The last event says who is asked; the first what happened, where two follow from one wake."""
    first, last = change.events[0], change.events[-1]
    names = tuple(name.removeprefix("@") for name in _names(last.data, "asked"))
    return Ask(
        at=last.at,
        after=last.at - since,
        what=first.kind.value,
        asked=names or (() if last.kind == Kind.EXPIRED else (change.alert.owner,)),
        step=change.alert.step,
        over=_names(last.data, "skipped"),
        waits=waits,
        in_digest=_names(last.data, "in_digest"),
        because=first.reason,
    )


def _names(data: dict[str, Any], what: str) -> tuple[str, ...]:
    return tuple(str(name) for name in data.get(what, ()))
