"""The month story: 30 days, 200 people in six time zones, 20,000 alerts, real policies, within a minute of CPU."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from bot.core.events import Actor, Event, Kind
from bot.core.given import Given
from bot.core.hours import works
from bot.core.people import Away, Person
from bot.core.policy import Policy, Step
from bot.core.routing import Owner, Plan, Rule
from bot.core.signal import Severity, Signal
from bot.core.state import Change
from bot.replay.engine import Replay, Rules
from bot.replay.history import LOUD, Past, Reaction
from bot.replay.life import Life
from bot.replay.outcome import Outcome, sums
from bot.replay.roster import Town, Virtual

ZONES = (
    "Europe/Amsterdam",
    "America/New_York",
    "America/Los_Angeles",
    "Asia/Kolkata",
    "Asia/Tokyo",
    "Australia/Sydney",
)
START = datetime.fromisoformat("2026-03-02T00:00:00+00:00")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ALERTS, DAYS = 20_000, 30
ELSA = "p0@acme.example"


def staff(rng: random.Random) -> dict[str, Person]:
    """Two hundred people, nine under each manager; some away, some with quiet hours or hours of their own."""
    found = {}
    for n in range(200):
        start = START + rng.randrange(DAYS) * DAY
        delegate = f"p{(n + 1) % 200}@acme.example" if n % 2 else None
        away = Away(start=start, until=start + rng.randrange(1, 11) * DAY, delegate=delegate)
        person = Person(
            id=f"p{n}@acme.example",
            name=f"P{n}",
            manager=f"p{n // 9}@acme.example" if n else None,
            time_zone=ZONES[n % 6],
            working="Mon-Fri 08:30-17:00" if n % 3 else "",
            quiet="22:00-07:00" if n % 4 == 0 else "",
            prefers="digest" if n % 5 == 0 else "instant",
            away=(away,) if n and rng.random() < 0.3 else (),
        )
        found[person.id] = person
    return found


def policies() -> dict[str, Policy]:
    within = dict(zip(Severity, (4 * HOUR, DAY, 3 * DAY, 7 * DAY), strict=True))
    steps = (
        Step(who=("owner",), nudge_every=30 * MINUTE, nudges=2),
        Step(who=("manager",), nudge_every=HOUR, nudges=2),
        Step(who=("manager of manager",), nudge_every=2 * HOUR, nudges=1),
        Step(who=("#ai-exceptions",), nudge_every=8 * HOUR),
    )
    steep = (
        Step(who=("owner",), nudge_every=5 * MINUTE, nudges=2),
        Step(who=("manager", "manager of manager"), nudge_every=10 * MINUTE, nudges=2),
        Step(who=("#ai-exceptions",), nudge_every=HOUR),
    )
    default = Policy(
        name="default",
        steps=steps,
        ladders={Severity.CRITICAL: steep},
        answer_within={Severity.CRITICAL: HOUR, Severity.ERROR: 18 * HOUR, Severity.WARNING: 4 * DAY},
        within=within,
        check_in_every=3 * HOUR,
        hours={"critical": "always", "default": "working"},
    )
    return {"default": default}


def history(rng: random.Random, people: dict[str, Person]) -> Iterator[Past]:
    """People of their own speed; one alert in twenty nobody ever reacts to."""
    names = [one for one in people if one != ELSA]
    actors = {one: Actor(kind="person", id=one, name=one) for one in people}
    instants = sorted(START + timedelta(seconds=rng.uniform(0, DAYS * 86400)) for _ in range(ALERTS))
    for n, at in enumerate(instants):
        owner = rng.choice(names)
        severity = rng.choices(list(Severity), weights=(1, 4, 8, 4))[0]
        signal = Signal(source=f"s{n % 12}", title="Off", severity=severity, dedup_key=f"k{n}", labels={"who": owner})
        reactions: tuple[Reaction, ...] = ()
        if rng.random() < 0.95:
            ask, speed = rng.choices((0, 1, 2), weights=(7, 2, 1))[0], MINUTE * rng.expovariate(1 / 45)
            acknowledged, resolved = at + speed, speed + MINUTE * rng.expovariate(1 / 240)
            by = actors[owner]
            reactions = (
                Reaction(Kind.ACKNOWLEDGED, acknowledged, by, ask, speed),
                Reaction(Kind.RESOLVED, at + resolved, by, ask, resolved, {"reason": "Mended."}),
            )
        yield Past(
            id=f"a{n}",
            signal=signal,
            raised_at=at,
            owner=owner,
            place="slack:#ai-alerts",
            policy="default",
            reactions=reactions,
            last=at,
        )


class Watched(Outcome):
    """Counts, and looks at every alert after every change."""

    def __init__(self) -> None:
        super().__init__()
        self.events: Counter[tuple[str, str]] = Counter()
        """(kind, person or channel)"""
        self.untimely: list[Event] = []

    def changed(self, life: Life, change: Change, given: Given, /) -> None:
        super().changed(life, change, given)
        alert = change.alert
        assert alert.finished or (alert.owner and alert.due_at is not None and alert.due_at > given.now), alert
        for event in change.events:
            if event.kind in LOUD:
                for name in event.data.get("asked", (f"@{alert.owner}",)):
                    self.events[event.kind.value, name.removeprefix("@")] += 1
                self._look(event, life, change, given)

    def _look(self, event: Event, life: Life, change: Change, given: Given) -> None:
        """Out of hours only what is critical, or cannot wait any longer, or asks one of several who works now."""
        alert = change.alert
        if given.policy.kept(alert.severity) == "always":
            return
        names = event.data.get("asked", (f"@{alert.owner}",))
        people = [given.roster.person(name[1:]) for name in names if name.startswith("@")]
        if not people or any(one and works(one.hours, given.now, given.plan.days_off) for one in people):
            return
        deadline = alert.resolve_by if event.kind == Kind.CHECK_IN else alert.answer_by
        if deadline is None or given.now < deadline:
            self.untimely.append(event)


@pytest.mark.timeout(300)
def test_a_month_of_two_hundred_people_and_twenty_thousand_alerts() -> None:
    rng = random.Random(4)
    people, known = staff(rng), policies()
    owners = tuple(Rule(when={"labels.who": (one,)}, owners=(Owner(one),), channel="#ai-alerts") for one in people)
    plan = Plan(
        last_resort=ELSA,
        fallback_channel="#ai-exceptions",
        rules=(*owners[:20], Rule(owners=(Owner("p1@acme.example"),), channel="#ai-alerts")),
    )
    watch = Watched()
    rules = Rules(plan=plan, policy=lambda name, version: known[name])
    replay = Replay(rules, Virtual(Town(find=people.get)), watch, hasty=False)
    begun = time.process_time()
    for past in history(rng, people):
        replay.feed(past)
    replay.finish(START + DAYS * DAY)
    seconds = time.process_time() - begun
    print(f"{ALERTS:,} alerts of {DAYS} days in {seconds:.1f} s of CPU: {watch.words}")
    assert watch.untimely == []
    assert watch.words.nudges > 5_000 and watch.words.escalations > 1_000 and watch.words.check_ins > 500
    assert sum(watch.events.values()) == watch.words.total
    assert sums(watch.by_person) == sums(watch.by_step) == sums(watch.by_hour) == watch.words
    for who, words in watch.by_person.items():
        assert words.total == sum(count for (_, name), count in watch.events.items() if name == who)
    assert watch.fate.alerts == ALERTS
    assert seconds < 60
