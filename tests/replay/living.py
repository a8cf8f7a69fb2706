"""A small live town: the loop on the store in memory, people who react to what is said to them, a month of alerts.

What happens there is recorded by the product itself; a replay of it has to say the same.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import heappop, heappush

from cast import FakeClock, FakeQueue

from bot.acts import Act, Arrival, Done, Received
from bot.core.attention import Attention
from bot.core.events import Event
from bot.core.people import Away, Person
from bot.core.policy import ONE_AT_A_TIME, ROUND_ROBIN, Policy, Step
from bot.core.routing import Owner, Plan, Rule
from bot.core.signal import Severity, Signal
from bot.core.state import Alert
from bot.loop import Loop
from bot.ports import Interaction
from bot.ports.rota import Declared, Recorded
from bot.replay.history import addressed
from storage.memory import MemoryStore

START = datetime.fromisoformat("2026-03-02T00:00:00+00:00")
"""a Monday; Europe's clocks go on within the month"""
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ZONES = ("Europe/Amsterdam", "America/New_York", "Asia/Kolkata", "UTC")
ELSA = "elsa@acme.example"


def people(rng: random.Random, count: int = 12) -> list[Person]:
    """A team under two managers under Elsa, some of them away for a while, some with a delegate."""
    managers = ["max@acme.example", "mia@acme.example"]
    found = [Person(id=ELSA, name="Elsa")]
    found += [Person(id=one, name=one[:3].title(), manager=ELSA, time_zone=rng.choice(ZONES)) for one in managers]
    ids = [f"p{n}@acme.example" for n in range(count)]
    for n, one in enumerate(ids):
        away: tuple[Away, ...] = ()
        if rng.random() < 0.5:
            start = START + rng.randrange(2, 25) * DAY + timedelta(hours=rng.randrange(24))
            delegate = rng.choice([None, ids[(n + 1) % count], managers[0]])
            away = (Away(start=start, until=start + rng.randrange(1, 9) * DAY, delegate=delegate),)
        found.append(
            Person(
                id=one,
                name=one[:2].title(),
                manager=rng.choice(managers),
                time_zone=rng.choice(ZONES),
                working=rng.choice(["", "Mon-Fri 08:00-16:30", "Sun-Thu 10:00-18:00"]),
                quiet=rng.choice(["", "22:00-07:00"]),
                prefers=rng.choice(["instant", "instant", "digest"]),
                away=away,
            )
        )
    return found


def policies() -> list[Policy]:
    within = {
        Severity.CRITICAL: 4 * HOUR,
        Severity.ERROR: DAY,
        Severity.WARNING: 2 * DAY,
        Severity.INFO: 3 * DAY,
    }
    minutes = timedelta(minutes=1)
    up = (
        Step(who=("owner",), nudge_every=20 * minutes, nudges=2),
        Step(who=("manager",), nudge_every=45 * minutes, nudges=1, at_least=HOUR),
        Step(who=("group: @team",), nudge_every=HOUR, nudges=2, ask=ROUND_ROBIN),
        Step(who=("#ai-exceptions",), nudge_every=6 * HOUR),
    )
    steep = (
        Step(who=("owner",), nudge_every=5 * minutes, nudges=1),
        Step(who=("manager", "p0@acme.example"), nudge_every=10 * minutes, nudges=2, ask=ONE_AT_A_TIME),
        Step(who=(ELSA,), nudge_every=2 * HOUR),
    )
    default = Policy(
        name="default",
        steps=up,
        ladders={Severity.CRITICAL: steep},
        answer_within={Severity.CRITICAL: HOUR, Severity.ERROR: 12 * HOUR, Severity.WARNING: 3 * DAY},
        within=within,
        check_in_every=3 * HOUR,
        hours={"critical": "always", "default": "working"},
        second_person=frozenset({Severity.CRITICAL}),
    )
    calm = Policy(
        name="calm",
        steps=(
            Step(who=("owner",), nudge_every=2 * HOUR, nudges=1),
            Step(who=("manager of manager", "manager"), nudge_every=4 * HOUR, nudges=1),
        ),
        repeat=1,
        answer_within=dict.fromkeys(Severity, 2 * DAY),
        within=within,
        check_in_every=5 * HOUR,
        hours={"default": "working"},
        cleared="ask",
    )
    return [default, calm]


def plan(staff: Sequence[Person], *, per_hour: int = 3) -> Plan:
    owners = [one.id for one in staff if one.id.startswith("p")]
    rules = [Rule(when={"labels.who": (one,)}, owners=(Owner(one),), channel="#ai-alerts") for one in owners]
    rules += [Rule(when={"source": ("calm-*",)}, policy="calm")]
    return Plan(
        last_resort=ELSA,
        fallback_channel="#ai-exceptions",
        rules=(*rules, Rule(owners=(Owner(owners[0]),), channel="#ai-alerts", policy="default")),
        attention=Attention(per_hour=per_hour),
    )


@dataclass
class Town:
    """A month of it; `seed` decides everything."""

    seed: int
    alerts: int = 150
    days: int = 30
    per_hour: int = 3
    clock: FakeClock = field(default_factory=lambda: FakeClock(at=START))

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.staff = people(self.rng)
        self.plan = plan(self.staff, per_hour=self.per_hour)
        self.policies = policies()
        self.store = MemoryStore(clock=self.clock)
        self.team = tuple(one.id for one in self.staff if one.id.startswith("p"))[:4]
        self.store.keep_group("@team", self.team, at=START)
        self.store.save_people((replace(one, away=()) for one in self.staff), at=START)
        said = ((one.id, away) for one in self.staff for away in one.away)
        self.absences = [
            Declared(id=f"away{n}", person=who, away=away, by=who, at=START) for n, (who, away) in enumerate(said)
        ]
        for absence in self.absences:
            self.store.declare(absence)
        self.store.save_policies(self.policies, at=START)
        ids = (f"01JQ{n:022}" for n in itertools.count(1))
        self.loop = Loop(
            store=self.store, queue=FakeQueue(), clock=self.clock, plan=self.plan, new_id=lambda: next(ids)
        )
        self.persons = {one.id: one for one in self.staff}
        self.gestures = itertools.count(1)
        self.coming: list[tuple[datetime, int, str, str]] = []
        self.pushed = itertools.count(1)
        self.heard: dict[str, int] = {}
        self.end = START + self.days * DAY

    def live(self) -> list[Recorded]:
        """The whole month; what was recorded of it."""
        for _ in range(self.alerts):
            self._come(START + timedelta(seconds=self.rng.uniform(0, (self.days - 2) * 86400)), "raise", "")
        while self._happens():
            self._hear()
        self.clock.at = self.end
        return self.recorded()

    def _happens(self) -> bool:
        """The next thing that happens, the clock first; False where nothing does before the end."""
        due = self.store.next_due(self.clock.at)
        comes = self.coming[0][0] if self.coming else None
        instants = [at for at in (due, comes) if at is not None and at <= self.end]
        if not instants:
            return False
        self.clock.at = min(instants)
        if due == self.clock.at:
            for alert_id, _ in self.store.due_alerts(self.clock.at, limit=1000):
                self.loop.wake(alert_id)
        else:
            _, _, what, alert_id = heappop(self.coming)
            self._raise() if what == "raise" else self._react(what, alert_id)
        return True

    def recorded(self) -> list[Recorded]:
        return list(self.store.trails(START, self.end))

    def _come(self, at: datetime, what: str, alert_id: str) -> None:
        heappush(self.coming, (at, next(self.pushed), what, alert_id))

    # ── what comes in ────────────────────────────────────────────────────────────────────────────────────────────

    def _raise(self) -> None:
        rng = self.rng
        one = Signal(
            source=rng.choice(["ap-auditor", "calm-cost"]),
            title="Invoice 7731 is paid twice",
            severity=rng.choice(list(Severity)),
            dedup_key=f"k{rng.randrange(self.alerts)}",
            labels={"who": rng.choice([p.id for p in self.staff])},
        )
        (received,) = self.loop.receive([Arrival(signal=one)])
        assert isinstance(received, Received)
        if rng.random() < 0.05:
            self._come(self.clock.at + timedelta(hours=rng.uniform(1, 60)), "source", received.alert_id)

    def _hear(self) -> None:
        """People hear what was said since, and some of them will react."""
        for alert_id, events in self.store._events.items():
            for event in events[self.heard.get(alert_id, 0) :]:
                for person in addressed(event, event.data["set"].get("owner") or self._owner_at(alert_id, event)):
                    if self.rng.random() < 0.4:
                        self._come(event.at + timedelta(minutes=self.rng.expovariate(1 / 90)), person, alert_id)
            self.heard[alert_id] = len(events)

    def _owner_at(self, alert_id: str, event: Event) -> str:
        owner = ""
        for one in self.store.events(alert_id, limit=10**6):
            owner = one.data["set"].get("owner", owner)
            if one.seq == event.seq:
                break
        return owner

    def _react(self, who: str, alert_id: str) -> None:
        alert = self.store.alert(alert_id)
        assert alert is not None
        if who == "source":
            self.loop.cleared(alert_id, source=alert.source)
            return
        asked = Interaction(source="slack:gesture", id=f"g{next(self.gestures)}")
        act = Act(interaction=asked, alert_id=alert_id, by=self.persons[who], member=True)
        self._do(act, alert)

    def _do(self, act: Act, alert: Alert) -> Done:
        rng, loop = self.rng, self.loop
        others = [one for one in self.persons if one not in (act.by.id, alert.owner)]
        if alert.finished:
            return loop.reopen(act, reason="Not over.") if rng.random() < 0.05 else loop.note(act, text="Seen.")
        ways: tuple[tuple[int, Callable[[], Done]], ...] = (
            (8, lambda: loop.acknowledge(act)),
            (4, lambda: loop.resolve(act, what="Refunded.")),
            (1, lambda: loop.snooze(act, until=self.clock.at + timedelta(minutes=rng.uniform(5, 2000)))),
            (1, lambda: loop.reassign(act, to=rng.choice(others))),
            (1, lambda: loop.not_mine(act)),
            (1, lambda: loop.note(act, text="Looking.")),
            (1, lambda: loop.dismiss(act, reason="A test.")),
            (1, lambda: loop.agree(act)),
            (1, lambda: loop.help(act)),
            (1, lambda: loop.escalate(act)),
            (1, lambda: loop.add_responder(act, person=rng.choice(others))),
        )
        chosen = rng.choices([way for _, way in ways], weights=[weight for weight, _ in ways])[0]
        return chosen()
