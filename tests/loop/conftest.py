"""The loop and the courier on the store in memory, with a fake clock, chat, queue and directory."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from cast import (
    EVERYBODY,
    PLAN,
    POLICY,
    T0,
    FakeChat,
    FakeClock,
    FakeDirectory,
    FakeQueue,
    FakeTool,
    Shown,
    signal,
)

from bot.acts import Act, Arrival, Done, Received
from bot.aftermath import Aftermath
from bot.attendance import Attendance
from bot.core.people import Person
from bot.core.policy import Policy
from bot.core.routing import Plan
from bot.core.signal import Signal
from bot.core.state import Alert, Refused, fold
from bot.delivery import Courier, Outcome
from bot.incidents import Incidents
from bot.keeper import Keeper
from bot.lines import Lines, platform
from bot.loop import Loop
from bot.people import People
from bot.ports import Answer, Delivery, Gesture, Interaction
from bot.reporting import Reporter
from bot.saying import Saying
from bot.ticked import Ticked
from bot.twins import Sweeper
from handlers.actions import Desk
from handlers.jobs import Work
from storage.memory import MemoryStore
from storage.throttle import LocalThrottle


@dataclass
class World:
    """Everything one alert needs to live."""

    policy: Policy = POLICY
    plan: Plan = PLAN
    clock: FakeClock = field(default_factory=FakeClock)
    chat: FakeChat = field(default_factory=FakeChat)
    queue: FakeQueue = field(default_factory=FakeQueue)
    directory: FakeDirectory = field(default_factory=FakeDirectory)
    teams: FakeChat = field(default_factory=lambda: FakeChat(platform="teams"))
    """the other chat, which only a plan that names it uses"""
    todo: FakeTool = field(default_factory=FakeTool)
    mail: FakeChat = field(default_factory=lambda: FakeChat(platform="mail"))
    """a tool for work items and mail, which only a plan that names them uses"""

    def __post_init__(self) -> None:
        chats = {"slack": self.chat, "teams": self.teams}
        self.store = MemoryStore(clock=self.clock)
        self.store.save_policies([self.policy], at=T0)
        self.store.save_people(EVERYBODY, at=T0)
        self.people = People(store=self.store, directories=[self.directory], clock=self.clock)
        ids = (f"01JQ{n:022}" for n in itertools.count(1))
        self.loop = Loop(store=self.store, queue=self.queue, clock=self.clock, plan=self.plan, new_id=lambda: next(ids))
        self.throttle = LocalThrottle()
        common = {"store": self.store, "queue": self.queue, "clock": self.clock}
        self.aftermath = Aftermath(plan=self.plan, **common)
        saying = Saying(store=self.store, people=self.people, clock=self.clock, plan=self.plan, chats=chats)
        incidents = Incidents(store=self.store, clock=self.clock)
        everything = {**chats, "todo": self.todo, "mail": self.mail}
        lines = Lines(chats=everything, throttle=self.throttle, clock=self.clock, incidents=incidents)
        self.courier = Courier(saying=saying, lines=lines, aftermath=self.aftermath, rescue=self.loop.rescue, **common)
        self.sweeper = Sweeper(store=self.store, saying=saying, lines=lines, aftermath=self.aftermath)
        tools = {"todo": self.todo}
        ticked = Ticked(store=self.store, people=self.people, tools=tools, ask=self.loop.task_done)
        self.keeper = Keeper(
            store=self.store,
            people=self.people,
            clock=self.clock,
            plan=self.plan,
            release=self.loop.release,
            ticked=ticked.look,
        )
        self.attendance = Attendance(
            store=self.store,
            people=self.people,
            clock=self.clock,
            plan=self.plan,
            new_id=lambda: next(ids),
            release=self.loop.release,
        )
        self.desk = Desk(
            loop=self.loop,
            store=self.store,
            people=self.people,
            chats=chats,
            attendance=self.attendance,
            queue=self.queue,
            saying=saying,
        )
        self.work = Work(
            store=self.store,
            loop=self.loop,
            courier=self.courier,
            sweeper=self.sweeper,
            aftermath=self.aftermath,
            people=self.people,
            keeper=self.keeper,
            reporter=Reporter(store=self.store, clock=self.clock, chats=chats, queue=self.queue),
        )
        self.gestures = itertools.count(1)

    # ── the source ───────────────────────────────────────────────────────────────────────────────────────────────

    def receive(self, *signals: Signal) -> list[Received]:
        answers = self.loop.receive([Arrival(signal=one) for one in signals])
        assert all(isinstance(answer, Received) for answer in answers), answers
        return [answer for answer in answers if isinstance(answer, Received)]

    def raised(self, **fields: Any) -> Alert:
        return self.alert(self.receive(signal(**fields))[0].alert_id)

    def posted(self, request: str, body: str, of: Signal | None = None) -> Received | Refused:
        """One request with an Idempotency-Key."""
        asked = Interaction(source="intake:1", id=request, digest=body)
        return self.loop.receive([Arrival(signal=of or signal(), interaction=asked)])[0]

    # ── people ───────────────────────────────────────────────────────────────────────────────────────────────────

    def act(self, alert: Alert, by: Person, **fields: Any) -> Act:
        """A gesture of its own on the card as `alert` has it, made in the card's channel by whoever is in it."""
        asked = Interaction(source="slack:gesture", id=f"g{next(self.gestures)}")
        known: dict[str, Any] = {"interaction": asked, "alert_id": alert.id, "by": by, "seen": alert.generation}
        return Act(**known | {"member": by.chat["slack"] in self.chat.members} | fields)

    def acknowledge(self, alert: Alert, by: Person, **fields: Any) -> Done:
        return self.loop.acknowledge(self.act(alert, by, **fields))

    def leaves(self, one: Person) -> None:
        """They are deactivated, and the directory says so from now on."""
        self.directory.people[one.id] = replace(one, active=False)

    def gesture(
        self,
        by: Person,
        act: str,
        alert_id: str = "",
        *,
        seen: int | None = None,
        platform: str = "slack",
        **fields: str,
    ) -> Answer:
        """What somebody did in a chat, and what they are told."""
        made = f"gesture {next(self.gestures)}"
        return self.desk.take(
            Gesture(
                id=made,
                platform=platform,
                chat_id=by.chat[platform],
                act=act,
                alert_id=alert_id,
                seen=seen,
                fields=fields,
            )
        )

    def types(self, by: Person, text: str) -> Answer:
        """What somebody typed after /loop, and what they are told."""
        return self.gesture(by, "command", text=text)

    def typed(self, by: Person, text: str, *, id: str) -> Callable[[], Answer]:
        """The same, as often as the chat hands in this very request."""
        asked = Gesture(id=id, platform="slack", chat_id=by.chat["slack"], act="command", fields={"text": text})
        return lambda: self.desk.take(asked)

    # ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def sleep(self, span: timedelta | float) -> None:
        """Time passes, and the clock does what becomes due on the way."""
        until = self.clock.at + (span if isinstance(span, timedelta) else timedelta(minutes=span))
        while True:
            for alert_id, _ in self.store.due_alerts(self.clock.at, limit=100):
                self.loop.wake(alert_id)
            following = self.store.next_due(self.clock.at)
            if following is None or following > until:
                break
            self.clock.at = following
        self.clock.at = until

    def deliver(self) -> list[Outcome]:
        """Serve every lane until nothing waits that may go within a minute of machine time."""
        outcomes: list[Outcome] = []
        for _ in range(500):
            now = self.clock.machine()
            rooms = [(one, self.throttle.room(platform(one.lane), now)) for one in self.store.waiting(now)]
            times = [(max(one.post_at, room.posts_at), one.delivery) for one, room in rooms if one.post_at is not None]
            times += [(max(one.edit_at, room.edits_at), one.delivery) for one, room in rooms if one.edit_at is not None]
            outcomes += [done for at, number in sorted(times) if at <= now and (done := self.courier.deliver(number))]
            ahead = [at for at, _ in times if at > now]
            if all(at > now for at, _ in times):
                if not ahead or min(ahead) > now + 60:
                    return outcomes
                self.clock.ahead += min(ahead) - now
        raise AssertionError("deliveries never come to rest")

    # ── looking ──────────────────────────────────────────────────────────────────────────────────────────────────

    def alert(self, alert_id: str) -> Alert:
        """The alert as it is stored, which is what its trail says."""
        found = self.store.alert(alert_id)
        assert found is not None
        assert fold(self.store.events(alert_id)) == found
        return found

    def kinds(self, alert: Alert) -> list[str]:
        return [event.kind.value for event in self.store.events(alert.id)]

    def owed(self, alert: Alert) -> list[Delivery]:
        return [row for row in self.store._lanes.rows.values() if row.alert_id == alert.id]

    def card(self, alert: Alert) -> Shown:
        """Its one card: never two."""
        cards = [shown for shown in self.chat.shown if shown.mark.kind == "card" and shown.mark.alert == alert.id]
        assert len(cards) == 1
        return cards[0]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def a_world() -> Callable[..., World]:
    """A world with another policy or plan."""
    return World
