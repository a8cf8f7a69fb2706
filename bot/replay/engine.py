"""Virtual time: alerts are raised as they were, and from there on the rules decide what the clock does to them.

All alerts run in one order of instants, because they share people: what one says counts against their budget for the
next. Only living alerts are held; whatever is over is told to the `Watch` and forgotten.

Where two things happen in one instant, the clock goes first, then the older alert.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from heapq import heappop, heappush
from typing import Protocol

from bot.core.events import Actor, Kind
from bot.core.given import Given
from bot.core.policy import Policy
from bot.core.raising import Placed, raised
from bot.core.routing import Owner, Plan, Route, route
from bot.core.state import Alert, Change, Refused
from bot.core.wake import wake
from bot.replay.doing import again
from bot.replay.history import UNASKED, Past, Reaction, Said
from bot.replay.life import Life
from bot.replay.quiet import Ended, quietly
from bot.replay.roster import Virtual

WAKE, ACT = 0, 1


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What decides in a replay."""

    plan: Plan
    policy: Callable[[str, int | None], Policy]
    """by name and version (None: the newest)"""
    reroutes: bool = False
    """owners, channels and policies are found anew; else they are as recorded, where the owner can still be asked"""


class Watch(Protocol):
    """Who counts."""

    def changed(self, life: Life, change: Change, given: Given, /) -> None: ...
    def skip(self, life: Life, reaction: Reaction, /) -> None:
        """It could not be done in the state that the alert has here."""
        ...

    def over(self, ended: Ended, said: Sequence[Said], /) -> None:
        """Nothing more happens to it, or the history ends."""
        ...


class Replay:
    """One run of a history through some rules. Feed it pasts in the order in which they were raised."""

    def __init__(self, rules: Rules, roster: Virtual, watch: Watch, *, hasty: bool = True) -> None:
        """`hasty`: what is over before anything is due is counted at once, without its single steps."""
        self._rules, self._roster, self._watch = rules, roster, watch
        self._heap: list[tuple[datetime, int, int, int, Life, str]] = []
        self._pushed = 0
        self._raised = 0
        self._lives: dict[int, Life] = {}
        self._hasty = hasty and not _counts_load(rules.plan)

    @property
    def living(self) -> int:
        """How many alerts are held."""
        return len(self._lives)

    def feed(self, past: Past) -> None:
        """Everything up to the raise of this alert, then the raise."""
        self.until(past.raised_at)
        self._raised += 1
        self._roster.expect(past)
        self._raise(past, self._raised)

    def until(self, end: datetime) -> None:
        """Everything that happens until an instant, and at it."""
        heap = self._heap
        while heap and heap[0][0] <= end:
            at, what, _, _, life, actor = heappop(heap)
            if what == WAKE:
                if life.alert.due_at == at:
                    self._wake(life, at)
            elif life.planned.get(actor) == at:
                self._act(life, actor, at)

    def finish(self, end: datetime) -> None:
        """The history ends: what still lives is told as it is then."""
        self.until(end)
        for life in list(self._lives.values()):
            self._watch.over(life.ended(end), life.said)
        self._lives.clear()
        self._heap.clear()

    # ── the raise ────────────────────────────────────────────────────────────────────────────────────────────────

    def _raise(self, past: Past, number: int) -> None:
        now = past.raised_at
        self._roster.now = now
        way = route(past.signal, self._rules.plan) if self._rules.reroutes else None
        version = past.version if way is None else None
        policy = self._rules.policy(way.policy if way else past.policy, version)
        given = self._given(policy.of(past.signal.severity), now)
        placed = self._placed(past, given, way)
        past = instead(past, placed.owner)
        hasty = self._hasty and not self._roster.is_pretended(placed.owner)
        found = quietly(past, placed, given) if hasty else None
        if isinstance(found, Ended):
            self._watch.over(found, ())
            return
        change = raised(past.signal, given, placed=placed, begun=found)
        life = Life(number=number, past=past, policy=policy, alert=change.alert)
        self._lives[number] = life
        self._took(life, change, given, before=None)
        for actor in life.queues:
            self._plan(life, actor, now)

    def _placed(self, past: Past, given: Given, way: Route | None) -> Placed:
        """Where it was put, or where routing puts it now; somebody who is away what-if is replaced by routing."""
        if way is None:
            owner = past.owner
            if not self._roster.pretends(owner, given.now):
                return Placed(alert_id=past.id, owner=owner, place=past.place, why=past.why, mute=past.held)
            plain = route(past.signal, given.plan)
            way = replace(plain, claims=((Owner(owner), past.why), *plain.claims))
            place = past.place
        else:
            place = given.plan.place(way.channel)
        found = way.owner(given.known)
        return Placed(alert_id=past.id, owner=found.person, place=place, why=found.why, turn=found.turn, mute=past.held)

    # ── what happens then ────────────────────────────────────────────────────────────────────────────────────────

    def _wake(self, life: Life, now: datetime) -> None:
        self._roster.now = now
        given = self._given(life.policy.of(life.alert.severity), now)
        if change := wake(life.alert, given):
            self._apply(life, change, given)

    def _act(self, life: Life, actor: str, now: datetime) -> None:
        self._roster.now = now
        queue = life.queues[actor]
        reaction = queue[-1]
        given = self._given(life.policy.of(life.alert.severity), now)
        if away := self._roster.pretends(actor, now):
            owner = life.alert.owner
            if owner == actor or actor != life.owner:
                # Nobody does it for them: it waits until they are back.
                self._push_act(life, actor, away.until)
                return
            queue[-1] = replace(reaction, by=Actor(kind="person", id=owner, name=owner), ask=UNASKED)
            self._do(life, actor, given)
            return
        if life.waits_for(reaction) and life.is_asked(reaction.by.id, given):
            # The word that they reacted to is still to come here.
            life.planned[actor] = None
            return
        self._do(life, actor, given)

    def _do(self, life: Life, actor: str, given: Given) -> None:
        reaction = life.queues[actor].pop()
        outcome = None
        if reaction.kind != Kind.REPOLICED:
            outcome = again(life.alert, given, reaction)
        elif (policy := self._rules.policy(life.alert.policy, reaction.data["version"])) != life.policy:
            life.policy = policy
            known = replace(reaction, data={**reaction.data, "before": given.policy})
            outcome = again(life.alert, replace(given, policy=policy.of(life.alert.severity)), known)
        if isinstance(outcome, Change):
            self._apply(life, outcome, given)
        elif isinstance(outcome, Refused):
            self._watch.skip(life, reaction)
        self._plan(life, actor, given.now)
        self._end(life)

    def _apply(self, life: Life, change: Change, given: Given) -> None:
        before, life.alert = life.alert, change.alert
        self._took(life, change, given, before=before)
        self._reconsider(life, given)
        self._end(life)

    def _took(self, life: Life, change: Change, given: Given, *, before: Alert | None) -> None:
        """What a change means for the people, the clock and the count."""
        roster, after = self._roster, change.alert
        if change.turns:
            roster.use_turns(change.turns)
        for owed in change.owed:
            if owed.person is not None and not owed.in_digest:
                roster.tell(owed.person, given.now)
        was, now = _owner(before), _owner(after)
        if was != now:
            roster.gives(was, now)
        life.took(change)
        self._watch.changed(life, change, given)
        if after.due_at is not None and (before is None or after.due_at != before.due_at):
            self._push(after.due_at, WAKE, life, "")

    def _reconsider(self, life: Life, given: Given) -> None:
        """Reactions whose word has come by now, or will not come any more."""
        for actor, queue in life.queues.items():
            if not queue:
                continue
            reaction = queue[-1]
            if not life.waits_for(reaction):
                if life.tentative.pop(actor, False):
                    self._plan(life, actor, given.now)
            elif actor in life.planned and life.planned[actor] is None and not life.is_asked(actor, given):
                self._push_act(life, actor, given.now)

    def _plan(self, life: Life, actor: str, now: datetime) -> None:
        """When an actor's next reaction happens, as far as is known."""
        queue = life.queues[actor]
        if not queue:
            life.planned.pop(actor, None)
            return
        reaction = queue[-1]
        life.tentative[actor] = life.waits_for(reaction)
        self._push_act(life, actor, max(life.instant_of(reaction), now))

    def _push_act(self, life: Life, actor: str, at: datetime) -> None:
        life.planned[actor] = at
        self._push(at, ACT, life, actor)

    def _push(self, at: datetime, what: int, life: Life, actor: str) -> None:
        self._pushed += 1
        heappush(self._heap, (at, what, life.number, self._pushed, life, actor))

    def _end(self, life: Life) -> None:
        if life.alert.finished and life.number in self._lives and not any(life.queues.values()):
            del self._lives[life.number]
            self._watch.over(life.ended(None), life.said)

    def _given(self, policy: Policy, now: datetime) -> Given:
        return Given(now=now, policy=policy, roster=self._roster, plan=self._rules.plan)


def instead(past: Past, owner: str) -> Past:
    """The past as it is for another owner: they react as the recorded one did, as long after they are asked."""
    if owner == past.owner:
        return past
    by = Actor(kind="person", id=owner, name=owner)
    reactions = (replace(one, by=by) if one.by.id == past.owner else one for one in past.reactions)
    return replace(past, owner=owner, reactions=tuple(reactions))


def _owner(alert: Alert | None) -> str | None:
    return None if alert is None or alert.finished else alert.owner


def _counts_load(plan: Plan) -> bool:
    """Whether somebody is chosen by how many alerts they have."""
    owners = [owner for rule in (*plan.rules, *plan.sources.values()) for owner in rule.owners]
    return any(owner.kind == "group" for owner in owners)
