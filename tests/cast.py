"""The cast of all tests, and builders with defaults: Ana owns, Ben is on the team, Cleo is Ana's manager, Elsa is
Cleo's manager and the owner of last resort, Dov must see nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.core import alert as life
from bot.core import dismissal
from bot.core.card import Message
from bot.core.events import Actor
from bot.core.given import Given
from bot.core.mutes import Mute
from bot.core.oncall import Shift
from bot.core.people import Nobody, Person
from bot.core.policy import Policy, Step
from bot.core.raising import Placed, raised
from bot.core.routing import Owner, Plan, Rule
from bot.core.signal import Discrepancy, Entity, Evidence, Model, Severity, Signal, Value
from bot.core.state import Alert, Change, Refused
from bot.core.text import Link, Quote, Text, Typed, When, Who
from bot.ports import Completion, Later, Mark, Receipt, Refusal, Target, Unknown

T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday morning: when every alert of the tests is raised."""


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def person(name: str, **fields: Any) -> Person:
    return Person(
        **{"id": f"{name.lower()}@acme.example", "name": name, "chat": {"slack": f"U0{name.upper()}"}} | fields
    )


ANA = person("Ana", manager="cleo@acme.example")
BEN = person("Ben", manager="cleo@acme.example")
CLEO = person("Cleo", manager="elsa@acme.example")
ELSA = person("Elsa")
DOV = person("Dov")
GUS = person("Gus", kind="guest")
BOT = person("Bot", kind="bot")
EVERYBODY = (ANA, BEN, CLEO, ELSA, DOV, GUS, BOT)


class Team(Nobody):
    """A roster that tests change: `replace(ANA, active=False)` in, and she is gone.

    What else it knows is set as fields: `team.groups["@ap-team"] = (ANA.id, BEN.id)`. Absences are fields of people.
    """

    def __init__(self, people: Iterable[Person] = EVERYBODY) -> None:
        self.people = {one.id: one for one in people}
        self.on_shift: dict[str, list[Shift]] = {}
        """schedule ▶ its stored shifts"""
        self.groups: dict[str, tuple[str, ...]] = {}
        self.loads: dict[str, int] = {}
        """person ▶ how many unfinished alerts they own"""
        self.told_times: dict[str, list[datetime]] = {}
        """person ▶ when they were told of anything"""
        self.turns: dict[str, int] = {}
        self.muted: list[Mute] = []

    def person(self, person_id: str, /) -> Person | None:
        return self.people.get(person_id)

    def shifts(self, schedule: str, at: datetime, /) -> Sequence[Shift]:
        return [shift for shift in self.on_shift.get(schedule, ()) if shift.start <= at < shift.until]

    def group(self, handle: str, /) -> Sequence[str]:
        return self.groups.get(handle, ())

    def load(self, people: Iterable[str], /) -> Mapping[str, int]:
        return {one: self.loads.get(one, 0) for one in people}

    def told(self, person_id: str, since: datetime, /) -> int:
        return sum(at >= since for at in self.told_times.get(person_id, ()))

    def turn(self, name: str, /) -> int:
        return self.turns.get(name, 0)

    def mutes(self, at: datetime, /) -> Sequence[Mute]:
        return [mute for mute in self.muted if mute.covers(at)]

    def but(self, person_id: str, **fields: Any) -> Team:
        """The same team, except that this one is different."""
        other = copy(self)
        other.people = self.people | {person_id: replace(self.people[person_id], **fields)}
        return other


POLICY = Policy(
    name="default",
    steps=(
        Step(who=("owner",), nudge_every=minutes(10), nudges=2),
        Step(who=("manager",), nudge_every=minutes(15), nudges=2),
        Step(who=("manager of manager",), nudge_every=minutes(30), nudges=2),
        Step(who=("#ai-exceptions",), nudge_every=timedelta(hours=4)),
    ),
    within={
        Severity.CRITICAL: timedelta(hours=4),
        Severity.ERROR: timedelta(days=1),
        Severity.WARNING: timedelta(days=3),
        Severity.INFO: timedelta(days=7),
    },
    check_in_every=timedelta(hours=2),
)

PLAN = Plan(
    last_resort=ELSA.id,
    fallback_channel="#ai-exceptions",
    sources={"ap-auditor": Rule(owners=(Owner(ANA.id),), channel="#ai-alerts")},
)


def signal(**fields: Any) -> Signal:
    return Signal(
        **{
            "source": "ap-auditor",
            "title": "Invoice 7731 is paid twice",
            "severity": Severity.ERROR,
            "dedup_key": "invoice-7731",
        }
        | fields
    )


FULL = signal(
    summary="The same invoice was paid on Monday and on Tuesday.",
    discrepancy=Discrepancy(
        entity=Entity(type="invoice", id="7731", url="https://erp.acme.example/invoices/7731"),
        expected=7100,
        observed=14200,
        unit="EUR",
    ),
    confidence=0.93,
    model=Model(name="ap-auditor", version="4.2"),
    evidence=(Evidence(label="Both payments", url="https://bank.acme.example/p/1"),),
    value=Value(amount="7100.00", currency="EUR"),
    owner="ana@acme.example",
    labels={"team": "payments"},
    occurred_at=T0 - minutes(3),
    checks=({"kind": "sql", "query": "select 1"},),
    actions=("refund",),
    callback_url="https://auditor.acme.example/back",
)


def given(after: timedelta | float = 0, **known: Any) -> Given:
    """What a decision knows `after` T0 (minutes where it is a number)."""
    later = after if isinstance(after, timedelta) else minutes(after)
    return Given(**{"now": T0 + later, "policy": POLICY, "roster": Team(), "plan": PLAN} | known)


def who(one: Person) -> Actor:
    return Actor(kind="person", id=one.id, name=one.name)


def raising(of: Signal | None = None, **fields: Any) -> Change:
    """The change that raises an alert owned by Ana, at T0."""
    placed = {
        "alert_id": "01JQ0000000000000000ALERT1",
        "owner": ANA.id,
        "place": "slack:#ai-alerts",
        "why": "the source's own",
    }
    known = {key: fields.pop(key) for key in ("policy", "roster", "plan") if key in fields}
    return raised(of or signal(), given(0, **known), placed=Placed(**placed | fields))


def done(outcome: Change | Refused | None) -> Change:
    """The change that a decision returned; the test fails where it refused or found nothing to do."""
    assert isinstance(outcome, Change), outcome
    return outcome


def refused(outcome: Change | Refused | None) -> Refused:
    assert isinstance(outcome, Refused), outcome
    return outcome


def opened() -> Alert:
    return raising().alert


def acknowledged(after: timedelta | float = 1) -> Alert:
    """Acknowledged by Ana one minute after it was raised."""
    return done(life.acknowledge(opened(), given(after), by=who(ANA))).alert


def resolved(after: timedelta | float = 5) -> Alert:
    """Resolved and not closed: for one moment inside a transaction."""
    return done(life.resolve(opened(), given(after), by=who(ANA), what="Refunded.")).alert


def closed(after: timedelta | float = 5) -> Alert:
    return life.close(resolved(after), given(after), by=who(ANA)).alert


def dismissed(after: timedelta | float = 5) -> Alert:
    return done(dismissal.dismiss(opened(), given(after), by=who(ANA), reason="A test invoice.")).alert


STATES = {"open": opened, "acknowledged": acknowledged, "resolved": resolved, "closed": closed, "dismissed": dismissed}


def plain(text: Text) -> str:
    """A text as somebody reads it: people by their name, instants as hours and minutes."""
    names = {one.id: one.name for one in EVERYBODY}
    shown = []
    for part in text:
        if isinstance(part, Who):
            shown.append(("@" if part.mention else "") + names.get(part.person, part.person))
        elif isinstance(part, When):
            shown.append(part.at.strftime("%H:%M"))
        elif isinstance(part, Typed):
            shown.append(part.home or f"/loop {part.text}")
        else:
            shown.append(f"{part.label} <{part.url}>" if isinstance(part, Link) else part.text)
    return "".join(shown)


def quoted(texts: Iterable[Text]) -> list[str]:
    """Everything in them that a source or a person wrote."""
    return [part.text for text in texts for part in text if isinstance(part, Quote)]


@dataclass
class FakeClock:
    """Business time, moved by hand; the machine's goes along, and `ahead` on its own (leases, pacing)."""

    at: datetime = T0
    ahead: float = 0.0
    jumps: float = 0.0

    def now(self) -> datetime:
        return self.at

    def machine(self) -> float:
        return self.at.timestamp() + self.ahead

    def seconds_until(self, at: datetime, /) -> float:
        return (at - self.at).total_seconds()

    def jumped(self) -> float:
        jumped, self.jumps = self.jumps, 0.0
        return jumped

    def forward(self, span: timedelta | float) -> None:
        self.at += span if isinstance(span, timedelta) else minutes(span)


@dataclass
class Shown:
    """One message as it stands in the fake chat."""

    place: str
    message: Message
    mark: Mark
    receipt: Receipt
    root: Receipt | None
    edits: int = 0

    @property
    def says(self) -> str:
        return "\n".join(map(plain, self.message.lines))


@dataclass
class FakeChat:
    """A chat that keeps what it is shown. `failing` is raised by the next calls; `swallows`: shown all the same."""

    platform: str = "slack"
    shown: list[Shown] = field(default_factory=list)
    failing: list[Refusal | Later | Unknown] = field(default_factory=list)
    blind: list[Refusal | Later | Unknown] = field(default_factory=list)
    """raised by the next looks"""
    stuck: list[Refusal | Later | Unknown] = field(default_factory=list)
    """raised by the next attempts to take a message back"""
    ways: set[Receipt] = field(default_factory=set)
    """messages whose edit costs nothing just now"""
    gone: set[str] = field(default_factory=set)
    """places that refuse whatever is said there"""
    posted: int = 0
    swallows: bool = False
    looks: int = 0
    members: set[str] = field(default_factory=lambda: {"U0ANA", "U0BEN", "U0CLEO", "U0ELSA"})

    def show(self, message: Message, target: Target, /, *, mark: Mark) -> Receipt:
        if target.place in self.gone:
            raise Refusal("is_archived", "place")
        if self.failing and not self.swallows:
            raise self.failing.pop(0)
        receipt = self._edit(message, target, mark) if target.edit else self._post(message, target, mark)
        if self.failing:
            raise self.failing.pop(0)
        return receipt

    def _post(self, message: Message, target: Target, mark: Mark) -> Receipt:
        self.posted += 1
        receipt = Receipt(channel=target.place, ts=f"{self.posted}.0")
        shown = Shown(place=target.place, message=message, mark=mark, receipt=receipt, root=target.root)
        self.shown.append(shown)
        return receipt

    def _edit(self, message: Message, target: Target, mark: Mark) -> Receipt:
        found = next((shown for shown in self.shown if shown.receipt == target.edit), None)
        if found is None:
            raise Refusal("message_not_found", "missing")
        found.message, found.mark, found.edits = message, mark, found.edits + 1
        return found.receipt

    def look(self, target: Target, /, *, mark: Mark, age: float) -> list[Receipt]:
        self.looks += 1
        if self.blind:
            raise self.blind.pop(0)
        found = [shown.receipt for shown in self.shown if shown.mark.delivery == mark.delivery]
        return sorted(found, key=lambda receipt: float(receipt.ts))

    def retract(self, receipt: Receipt, /) -> None:
        if self.stuck:
            raise self.stuck.pop(0)
        self.shown = [shown for shown in self.shown if shown.receipt != receipt]

    def spares(self, receipt: Receipt, /) -> bool:
        return receipt in self.ways

    def permalink(self, receipt: Receipt, /) -> str | None:
        return f"https://acme.slack.example/archives/{receipt.channel.partition(':')[2]}/p{receipt.ts}"

    def is_member(self, channel: str, chat_id: str, /) -> bool:
        return chat_id in self.members

    def to(self, place: str) -> list[Shown]:
        return [shown for shown in self.shown if shown.place == place]


@dataclass
class FakeTool(FakeChat):
    """A tool for work items that keeps what it is shown, and what somebody completed there."""

    platform: str = "todo"
    label: str = "To Do"
    done: dict[str, Completion] = field(default_factory=dict)
    """`ts` of a task ▶ how it was completed"""
    away: list[Unknown] = field(default_factory=list)
    """raised when it is next read"""
    read: list[int] = field(default_factory=list)
    """how many were read together"""

    def completed(self, tasks: Sequence[Receipt], /) -> list[Completion | None]:
        if self.away:
            raise self.away.pop(0)
        self.read.append(len(tasks))
        return [self.done.get(receipt.ts) for receipt in tasks]


@dataclass
class FakeQueue:
    """A queue that keeps its hints until somebody asks."""

    hints: list[tuple[str, str | int]] = field(default_factory=list)

    def hint(self, job: str, ids: Iterable[str | int], /) -> bool:
        self.hints += [(job, one) for one in ids]
        return True

    def ping(self) -> bool:
        return True


@dataclass
class FakeDirectory:
    """A directory of the cast; `away` makes it unable to answer."""

    people: dict[str, Person] = field(default_factory=lambda: {one.id: one for one in EVERYBODY})
    away: bool = False
    asked: list[str] = field(default_factory=list)

    def find(self, ref: str, /) -> Person | None:
        self.asked.append(ref)
        if self.away:
            raise Unknown("timeout")
        by_chat = {f"{platform}:{chat}": one for one in self.people.values() for platform, chat in one.chat.items()}
        return self.people.get(ref) or by_chat.get(ref)
