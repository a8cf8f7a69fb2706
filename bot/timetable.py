"""What would happen to an alert that nobody reacts to: the very rules of the core, run ahead of time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core import routing
from bot.core.events import Kind
from bot.core.given import Given
from bot.core.people import Nobody, Person
from bot.core.raising import Placed, raised
from bot.core.routing import Candidate, Route, route
from bot.core.signal import Signal
from bot.core.state import Alert
from bot.core.wake import wake
from bot.settings import Config

LONG_ENOUGH = 100
"""asks after which a timetable ends, whatever the policy"""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One time somebody is asked, counted from the raise."""

    after: timedelta
    what: str
    """raised | nudged | escalated | exception"""
    asked: tuple[str, ...]
    """e-mails and #channels"""
    over: tuple[str, ...] = ()
    """who was stepped over on the way, and why"""


@dataclass(frozen=True)
class Known(Nobody):
    """The people of the configuration as a Roster."""

    people: dict[str, Person]

    @classmethod
    def of(cls, people: Iterable[Person]) -> Known:
        return cls({person.id: person for person in people})

    def person(self, person_id: str, /) -> Person | None:
        return self.people.get(person_id)


def placed(signal: Signal, config: Config, *, now: datetime) -> tuple[Route, Candidate]:
    """Where routing puts a signal: the whole route, the owner and why it is them."""
    found, plan = route(signal, config.plan()), config.plan()
    return found, found.owner(routing.Known(roster=Known.of(config.people()), plan=plan, at=now))


def timetable(signal: Signal, config: Config, *, now: datetime) -> list[Ask]:
    """Who is asked when, from the raise at `now` to the first time at the top of the policy.

    Managers are those of closeloop.yaml; a chat's directory may know more.
    """
    return list(_asks(signal, config, now))


def _asks(signal: Signal, config: Config, now: datetime) -> Iterator[Ask]:
    found, owner = placed(signal, config, now=now)
    policy = config.policy(found.policy).of(signal.severity)
    given = Given(now=now, policy=policy, roster=Known.of(config.people()), plan=config.plan())
    where = f"{given.plan.platform}:{found.channel}"
    place = Placed(alert_id="TIMETABLE", owner=owner.person, place=where, why=owner.why)
    alert = raised(signal, given, placed=place).alert
    yield Ask(after=timedelta(0), what=Kind.RAISED.value, asked=(found.channel, owner.person))
    for _ in range(LONG_ENOUGH):
        if alert.due_at is None or (given.policy.is_top(alert.step) and alert.asked >= 1):
            return
        given = replace(given, now=alert.due_at)
        change = wake(alert, given)
        if change is None:
            return
        alert = change.alert
        yield _ask(change.events[-1].kind, change.events[-1].data, alert, given.now - now)
        if change.events[-1].kind == Kind.EXCEPTION:
            return


def _ask(kind: Kind, data: dict[str, object], alert: Alert, after: timedelta) -> Ask:
    names = data.get("asked", [])
    asked = tuple(str(name).removeprefix("@") for name in names) if isinstance(names, list) else ()
    over = data.get("skipped", [])
    skipped = tuple(str(one) for one in over) if isinstance(over, list) else ()
    return Ask(after=after, what=kind.value, asked=asked or (alert.owner,), over=skipped)
