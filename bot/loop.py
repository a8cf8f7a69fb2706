"""The life of one alert, top to bottom: what is raised, what people do, what the clock does.

Each method is one transaction: the alert, its event, what is owed and the recorded interaction are stored together
or not at all. The rules are pure functions in `bot.core`; what is said outside is the business of `bot.delivery`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.acting import Acting
from bot.acts import UNKNOWN, Act, Arrival, Done, Received, Woken, answered
from bot.core import alert as life
from bot.core import dismissal, helping, raising
from bot.core.events import Actor, Event, Kind
from bot.core.fate import realigned
from bot.core.given import Given
from bot.core.handing import declined, given_to, returned, successor
from bot.core.lookedup import NOTHING, LookedUp
from bot.core.people import Nobody, gone
from bot.core.policy import policy_of
from bot.core.raising import Placed
from bot.core.repolicy import repoliced, unfit
from bot.core.routing import route, wanted
from bot.core.signal import Signal
from bot.core.state import Alert, Change, Refused
from bot.core.task import completed
from bot.core.text import Who, sentence
from bot.core.wake import orphaned, released, wake
from bot.lookups import NO_TABLES, Lookups
from bot.ports import Completion, Interaction, Tx


@dataclass(frozen=True, kw_only=True)
class Loop(Acting):
    """The product. `new_id` makes ids of alerts: 26 characters that sort by time."""

    new_id: Callable[[], str]
    lookups: Lookups = NO_TABLES

    # ── a source raises ──────────────────────────────────────────────────────────────────────────────────────────

    def look_up(self, signal: Signal) -> LookedUp:
        """What tables of owners outside say of this signal: asked before the transaction, which waits for nobody."""
        return self.lookups.facts(wanted(signal, self.plan))

    def needs_looking_up(self, signal: Signal) -> bool:
        return bool(self.lookups.tables and wanted(signal, self.plan))

    def receive(self, arrivals: Sequence[Arrival]) -> list[Received | Refused]:
        """Store a group of raises in one commit; the answers come in their order. Raises Away or Conflict."""

        def take(tx: Tx) -> list[Received | Refused]:
            keys = [(a.signal.source, a.signal.dedup_key) for a in arrivals]
            alerts = tx.by_keys({(source, key) for source, key in keys if key is not None})
            asked = [(a.interaction.source, a.interaction.id) for a in arrivals if a.interaction]
            group = _Group(tx=tx, now=self.clock.now(), alerts=alerts, known=tx.interactions(asked) if asked else {})
            return [self._receive_one(arrival, group) for arrival in arrivals]

        return self._commit(take)

    def _receive_one(self, arrival: Arrival, group: _Group) -> Received | Refused:
        asked = arrival.interaction
        if asked and (before := group.known.get((asked.source, asked.id))):
            return answered(before, asked)
        received = self._take(arrival, group)
        if asked:
            answer = {"alert_id": received.alert_id, "status": received.status, "duplicate": received.duplicate}
            stored = Interaction(source=asked.source, id=asked.id, digest=asked.digest, answer=answer)
            group.known[asked.source, asked.id] = stored
            group.tx.remember(stored)
        return received

    def _take(self, arrival: Arrival, group: _Group) -> Received:
        """Raise, raise again, or open again: by what the source's dedup key already stands for."""
        signal = arrival.signal
        key = (signal.source, signal.dedup_key or "")
        before = group.alerts.get(key) if signal.dedup_key else None
        if before is None:
            change = self._raise(arrival, group)
        elif not before.finished:
            change = raising.raised_again(before, self._given(group.tx, before, group.now), signal=signal)
        else:
            given = self._given(group.tx, before, group.now)
            change = returned(before, given, signal=signal) or self._raise(arrival, group)
            before = before if change.alert.id == before.id else None
        group.tx.put(change, before=before)
        group.alerts[key] = change.alert
        return Received(alert_id=change.alert.id, status=change.alert.status, duplicate=before is not None)

    def _raise(self, arrival: Arrival, group: _Group) -> Change:
        signal = arrival.signal
        way = route(signal, self.plan)
        policy = group.tx.policy(way.policy).of(signal.severity)
        given = Given(now=group.now, policy=policy, roster=group.tx, plan=self.plan, looked=arrival.looked)
        owner = way.owner(given.known)
        placed = Placed(
            alert_id=self.new_id(),
            owner=owner.person,
            place=self.plan.place(way.channel),
            also=(*map(self.plan.place, way.also), *self.plan.tasks_of(signal.severity)),
            why=owner.why,
            turn=owner.turn,
            mute=raising.holding(way, given),
            by=arrival.by,
        )
        return raising.raised(signal, given, placed=placed)

    def cleared(self, alert_id: str, *, source: str) -> Done:
        """The source says it is over."""

        def clear(tx: Tx) -> Done:
            alert = tx.alert(alert_id)
            if alert is None or alert.source != source:
                return UNKNOWN
            given = self._given(tx, alert, self.clock.now())
            outcome = life.accepted(raising.cleared(alert, given), given)
            if isinstance(outcome, Refused):
                return Done(ok=False, code=outcome.code, said=outcome.why, alert=alert)
            tx.put(outcome, before=alert)
            return Done(ok=True, code="done", alert=outcome.alert)

        return self._committed(clear)

    def task_done(self, alert_id: str, *, tool: str, completion: Completion, by: Actor) -> Done:
        """Its task was marked complete in a tool: the owner is asked about it, once for each completion."""

        def ask(tx: Tx) -> Done:
            asked = (f"{tool}:completion", completion.id)
            alert = tx.alert(alert_id)
            if alert is None or tx.interactions([asked]) or _is_old(completion, tx.last_events(alert.id, LATELY)):
                return UNKNOWN
            outcome = completed(alert, self._given(tx, alert, self.clock.now()), by=by, tool=tool)
            if isinstance(outcome, Refused):
                return Done(ok=False, code=outcome.code, said=outcome.why, alert=alert)
            tx.put(outcome, before=alert)
            tx.remember(Interaction(source=asked[0], id=asked[1], answer={"alert": alert.id}))
            return Done(ok=True, code="done", alert=outcome.alert)

        return self._committed(ask)

    # ── people act ───────────────────────────────────────────────────────────────────────────────────────────────

    def acknowledge(self, act: Act) -> Done:
        """ "I have it": the clicker becomes owner."""
        return self._act("acknowledge", act, lambda alert, given, by: life.acknowledge(alert, given, by=by))

    def resolve(self, act: Act, *, what: str, link: str | None = None) -> Done:
        """ "It is done", with what was done. Closes at once: this release accepts every resolution."""

        def decide(alert: Alert, given: Given, by: Actor) -> Change | Refused:
            return life.accepted(life.resolve(alert, given, by=by, what=what, link=link), given)

        return self._act("resolve", act, decide)

    def reassign(self, act: Act, *, to: str, reason: str = "") -> Done:
        """Give it to somebody, who is told by direct message."""

        def decide(alert: Alert, given: Given, by: Actor) -> Change | Refused:
            if why := gone(to, given.roster):
                return Refused(code="bad_input", why=sentence(Who(to), f" cannot own alerts: {why}."))
            return given_to(alert, given, by=by, to=to, reason=reason)

        return self._act("reassign", act, decide)

    def not_mine(self, act: Act) -> Done:
        """Routing's next candidate is asked; said too often, it is an exception for the owner of last resort."""
        before = self.store.alert(act.alert_id)
        looked = self.look_up(before.signal) if before else NOTHING

        def decide(alert: Alert, given: Given, by: Actor) -> Change | Refused:
            known = replace(given.known, looked=looked)
            following = route(alert.signal, self.plan).following(known, (*alert.declined, alert.owner, by.id))
            if following is None:
                return declined(alert, given, by=by, to=None)
            return declined(alert, given, by=by, to=following.person, turn=following.turn)

        return self._act("not_mine", act, decide)

    def escalate(self, act: Act) -> Done:
        """The next step of the policy is asked at once."""
        return self._act("escalate", act, lambda alert, given, by: helping.escalate_now(alert, given, by=by))

    def help(self, act: Act) -> Done:
        """The owner cannot do it alone: the next step is told, and the owner stays who it is."""
        return self._act("help", act, lambda alert, given, by: helping.ask_for_help(alert, given, by=by))

    def add_responder(self, act: Act, *, person: str) -> Done:
        """Somebody is asked to help."""

        def decide(alert: Alert, given: Given, by: Actor) -> Change | Refused:
            if why := gone(person, given.roster):
                return Refused(code="bad_input", why=sentence(Who(person), f" cannot help with alerts: {why}."))
            return helping.add_responder(alert, given, by=by, person=person)

        return self._act("add_responder", act, decide)

    def snooze(self, act: Act, *, until: datetime) -> Done:
        """Quiet until an instant."""
        return self._act("snooze", act, lambda alert, given, by: life.snooze(alert, given, by=by, until=until))

    def note(self, act: Act, *, text: str) -> Done:
        """A remark for everybody, in the card's thread."""
        return self._act("note", act, lambda alert, given, by: life.note(alert, given, by=by, text=text))

    def dismiss(self, act: Act, *, reason: str) -> Done:
        """It should not have been raised; of some severities a second person has to say so too."""
        return self._act("dismiss", act, lambda alert, given, by: dismissal.dismiss(alert, given, by=by, reason=reason))

    def agree(self, act: Act) -> Done:
        """The second person who dismisses it."""
        return self._act("agree", act, lambda alert, given, by: dismissal.agree(alert, given, by=by))

    def reopen(self, act: Act, *, reason: str) -> Done:
        """It is not over after all; the same owner, where they can still be asked."""

        def decide(alert: Alert, given: Given, by: Actor) -> Change | Refused:
            owner = successor(alert.owner, given)
            return life.reopen(alert, given, by=by, reason=reason, owner=owner)

        return self._act("reopen", act, decide)

    def repolicy(self, act: Act, *, version: int) -> Done:
        """An admin puts it under another version of its policy; who acted since `act.seen` is not overruled."""
        before = self.store.alert(act.alert_id)
        # A version never changes: it can be read outside of the transaction.
        policy = self.store.policy(before.policy, version) if before else None

        def decide(alert: Alert, given: Given, by: Actor) -> Change | Refused:
            if refused := unfit(act.by, self.plan):
                return refused
            if policy is None or (policy.name, policy.version) != (alert.policy, version):
                return Refused(code="bad_input", why=sentence(f"Its policy has no version {version}."))
            under = replace(given, policy=policy.of(alert.severity))
            return repoliced(alert, under, before=given.policy, by=by)

        return self._act("repolicy", act, decide)

    # ── time passes ──────────────────────────────────────────────────────────────────────────────────────────────

    def wake(self, alert_id: str) -> Woken | None:
        """What the passed time asks for: nudge, check in, escalate, take an acknowledgement back. None: nothing due."""
        return self._clockwork(alert_id, wake)

    def rescue(self, alert_id: str) -> Woken | None:
        """A new owner for an alert whose owner turned out to be gone; None where the owner is there."""
        return self._clockwork(alert_id, orphaned)

    def release(self, alert_id: str) -> Woken | None:
        """What held it back was ended by hand. None where nothing holds it back any more."""
        return self._clockwork(alert_id, released)

    def realign(self, alert: Alert) -> Woken | None:
        """After the clock went back: nobody waits longer than the policy says. None where it is right already."""
        given = Given(now=self.clock.now(), policy=policy_of(alert, self.store), roster=Nobody(), plan=self.plan)
        return self._clockwork(alert.id, realigned) if realigned(alert, given) else None

    def _clockwork(self, alert_id: str, rule: Callable[[Alert, Given], Change | None]) -> Woken | None:
        def tick(tx: Tx) -> Woken | None:
            alert, now = tx.alert(alert_id), self.clock.now()
            change = rule(alert, self._given(tx, alert, now)) if alert else None
            if alert is None or change is None:
                return None
            tx.put(change, before=alert)
            return Woken(kinds=tuple(event.kind.value for event in change.events), due_at=alert.due_at or now, at=now)

        return self._committed(tick)


LATELY = 50
"""events among which it is looked for when an alert was opened again"""


def _is_old(completion: Completion, events: Sequence[Event]) -> bool:
    """Whether it was completed, by us or by somebody, before the alert was opened again."""
    opened = (event.at for event in events if event.kind in (Kind.REOPENED, Kind.CAME_BACK))
    return any(completion.at < at for at in opened if completion.at)


@dataclass(frozen=True, kw_only=True)
class _Group:
    """What one commit of raises knows and has already decided."""

    tx: Tx
    now: datetime
    alerts: dict[tuple[str, str], Alert]
    known: dict[tuple[str, str], Interaction]
