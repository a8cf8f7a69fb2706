"""Open alerts under the newest versions of their policies: what would change for whom, and then the doing of it.

Alert by alert: whoever stops it halfway loses nothing, and whoever starts it again goes on with what is left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from bot.acts import Act, Done
from bot.core.events import Actor
from bot.core.given import Given
from bot.core.people import Person, Roster
from bot.core.policy import Policy, policy_of
from bot.core.repolicy import repoliced
from bot.core.routing import Plan
from bot.core.state import ASKING, Alert, Refused
from bot.core.text import sentence
from bot.loop import Loop
from bot.ports import AlertFilter, Conflict, Interaction, Store
from bot.timetable import next_ask

BATCH = 50
"""alerts that are looked at in one transaction"""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where an alert stands: its policy's version, its step (from 1), when the clock comes and whom it asks then."""

    version: int
    step: int
    due_at: datetime | None
    asks: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What another version would change for one alert."""

    alert: Alert
    before: Standing
    after: Standing
    time_zone: str = "UTC"
    """where its owner is"""


class Unheard:
    """A queue whose hints nobody hears: the clock finds in the database what is owed."""

    def hint(self, job: str, ids: Iterable[str | int], /) -> bool:
        return False

    def ping(self) -> bool:
        return False


def open_alerts(store: Store) -> Iterator[Alert]:
    """Every alert that somebody is still asked about."""
    cursor: str | None = None
    while True:
        which = AlertFilter(status=tuple(sorted(ASKING)), order="due", limit=200, cursor=cursor)
        page = store.alerts(which)
        yield from page.items
        cursor = page.next
        if cursor is None:
            return


def pinned(alerts: Iterable[Alert]) -> dict[str, Counter[int]]:
    """policy ▶ its versions and how many of these alerts each of them holds for"""
    found: dict[str, Counter[int]] = {}
    for alert in alerts:
        found.setdefault(alert.policy, Counter())[alert.policy_version] += 1
    return found


def concerned(alerts: Iterable[Alert], newest: Mapping[str, Policy]) -> list[Alert]:
    """Those that are under another version than the newest of their policy."""
    return [one for one in alerts if one.policy in newest and one.policy_version != newest[one.policy].version]


def effects(
    store: Store, plan: Plan, alerts: Iterable[Alert], *, newest: Mapping[str, Policy], now: datetime
) -> Iterator[Effect]:
    """What the newest versions would change for each. Nothing is written; each batch is read in one transaction."""
    remaining = iter(alerts)
    while some := list(islice(remaining, BATCH)):
        with store.transaction() as tx:
            found = [_effect(alert, _given(now, policy_of(alert, tx), tx, plan), newest) for alert in some]
        yield from (effect for effect in found if effect)


def _given(now: datetime, policy: Policy, roster: Roster, plan: Plan) -> Given:
    return Given(now=now, policy=policy, roster=roster, plan=plan)


def _effect(alert: Alert, given: Given, newest: Mapping[str, Policy]) -> Effect | None:
    gets = _given(given.now, newest[alert.policy].of(alert.severity), given.roster, given.plan)
    changed = repoliced(alert, gets, before=given.policy, by=_NOBODY)
    if isinstance(changed, Refused):
        return None
    owner = given.roster.person(alert.owner)
    return Effect(
        alert=alert,
        before=_standing(alert, given),
        after=_standing(changed.alert, gets),
        time_zone=owner.time_zone if owner else "UTC",
    )


_NOBODY = Actor(kind="person", id="", name="")
"""who does what is only looked at"""


def _standing(alert: Alert, given: Given) -> Standing:
    asked = next_ask(alert, given)
    asks = asked.asked if asked else ()
    return Standing(version=alert.policy_version, step=alert.step + 1, due_at=alert.due_at, asks=asks)


def by_owner(found: Sequence[Effect]) -> Iterator[tuple[str, list[Effect]]]:
    """(owner, what changes for their alerts), by the owner's id; in each the soonest first."""
    for owner in sorted({effect.alert.owner for effect in found}):
        yield owner, [effect for effect in found if effect.alert.owner == owner]


def carry_out(loop: Loop, found: Iterable[Effect], *, by: Person, run: str) -> Iterator[tuple[Effect, Done]]:
    """Do it, alert by alert, as it was shown: who acted since then is not overruled. Raises Away.

    `run`: what tells this run from another, for the record.
    """
    for effect in found:
        alert = effect.alert
        asked = Interaction(source="command:policy-apply", id=f"{run}:{alert.id}")
        act = Act(interaction=asked, alert_id=alert.id, by=by, seen=alert.generation)
        try:
            done = loop.repolicy(act, version=effect.after.version)
        except Conflict:
            done = Done(ok=False, code="stale", said=sentence("Somebody was changing it at this moment."), alert=alert)
        yield effect, done
