"""The life of one alert, top to bottom: what is raised, what people do, what the clock does.

Each method is one transaction: the alert, its event, what is owed and the recorded interaction are stored together
or not at all. The rules are pure functions in `bot.core`; what is said outside is the business of `bot.delivery`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.acts import UNKNOWN, Act, Arrival, Done, Received, Woken, answered
from bot.core import alert as life
from bot.core import words
from bot.core.alert import Given, Placed
from bot.core.events import QUIET, Actor, Event
from bot.core.fate import realigned
from bot.core.people import Nobody, Person, gone
from bot.core.rights import Claim, refusal
from bot.core.routing import route
from bot.core.signal import Signal
from bot.core.state import Alert, Change, Refused, Status
from bot.core.text import Who, sentence
from bot.core.wake import heir, orphaned, wake
from bot.ports import Interaction, Tx
from bot.transactions import Transactions

Decision = Callable[[Alert, Given, Actor], Change | Refused]


@dataclass(frozen=True, kw_only=True)
class Loop(Transactions):
    """The product. `new_id` makes ids of alerts: 26 characters that sort by time."""

    new_id: Callable[[], str]

    # ── a source raises ──────────────────────────────────────────────────────────────────────────────────────────

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
        received = self._take(arrival.signal, group)
        if asked:
            answer = {"alert_id": received.alert_id, "status": received.status, "duplicate": received.duplicate}
            stored = Interaction(source=asked.source, id=asked.id, digest=asked.digest, answer=answer)
            group.known[asked.source, asked.id] = stored
            group.tx.remember(stored)
        return received

    def _take(self, signal: Signal, group: _Group) -> Received:
        """Raise, raise again, or open again: by what the source's dedup key already stands for."""
        key = (signal.source, signal.dedup_key or "")
        before = group.alerts.get(key) if signal.dedup_key else None
        if before is None:
            change = self._raise(signal, group)
        elif not before.finished:
            change = life.raised_again(before, self._given(group.tx, before, group.now), signal=signal)
        else:
            given = self._given(group.tx, before, group.now)
            change = self._come_back(before, signal, given) or self._raise(signal, group)
            before = before if change.alert.id == before.id else None
        group.tx.put(change, before=before)
        group.alerts[key] = change.alert
        return Received(alert_id=change.alert.id, status=change.alert.status, duplicate=before is not None)

    def _raise(self, signal: Signal, group: _Group) -> Change:
        way = route(signal, self.plan)
        owner, why = way.owner(group.tx) or (self.plan.last_resort, "owner of last resort")
        policy = group.tx.policy(way.policy)
        given = Given(now=group.now, policy=policy, roster=group.tx, plan=self.plan)
        place = f"{self.plan.platform}:{way.channel}"
        return life.raised(signal, given, placed=Placed(alert_id=self.new_id(), owner=owner, place=place, why=why))

    def _come_back(self, before: Alert, signal: Signal, given: Given) -> Change | None:
        """The same alert again, where it was closed within the policy's window; else it is a new one."""
        closed = before.finished_at if before.status == Status.CLOSED else None
        if closed is None or given.now - closed > given.policy.reopen_window:
            return None
        owner = heir(before.owner, given) if gone(before.owner, given.roster) else before.owner
        return life.came_back(before, given, signal=signal, owner=owner)

    def cleared(self, alert_id: str, *, source: str) -> Done:
        """The source says it is over."""

        def clear(tx: Tx) -> Done:
            alert = tx.alert(alert_id)
            if alert is None or alert.source != source:
                return UNKNOWN
            given = self._given(tx, alert, self.clock.now())
            outcome = life.cleared(alert, given)
            if isinstance(outcome, Refused):
                return Done(ok=False, code=outcome.code, said=outcome.why, alert=alert)
            change = self._closed_at_once(outcome, given)
            tx.put(change, before=alert)
            return Done(ok=True, code="done", alert=change.alert)

        return self._committed(clear)

    # ── people act ───────────────────────────────────────────────────────────────────────────────────────────────

    def acknowledge(self, act: Act) -> Done:
        """ "I have it": the clicker becomes owner."""
        return self._act("acknowledge", act, lambda alert, given, by: life.acknowledge(alert, given, by=by))

    def resolve(self, act: Act, *, what: str, link: str | None = None) -> Done:
        """ "It is done", with what was done. Closes at once: this release accepts every resolution."""

        def decide(alert: Alert, given: Given, by: Actor) -> Change | Refused:
            outcome = life.resolve(alert, given, by=by, what=what, link=link)
            return outcome if isinstance(outcome, Refused) else self._closed_at_once(outcome, given)

        return self._act("resolve", act, decide)

    def reassign(self, act: Act, *, to: str, reason: str = "") -> Done:
        """Give it to somebody, who is told by direct message."""

        def decide(alert: Alert, given: Given, by: Actor) -> Change | Refused:
            if why := gone(to, given.roster):
                return Refused(code="bad_input", why=sentence(Who(to), f" cannot own alerts: {why}."))
            return life.reassign(alert, given, by=by, to=to, reason=reason)

        return self._act("reassign", act, decide)

    def not_mine(self, act: Act) -> Done:
        """Routing's next candidate is asked."""

        def decide(alert: Alert, given: Given, by: Actor) -> Change | Refused:
            way = route(alert.signal, self.plan)
            following = way.owner(given.roster, (*alert.declined, alert.owner, by.id))
            return life.not_mine(alert, given, by=by, to=following[0] if following else None)

        return self._act("not_mine", act, decide)

    def snooze(self, act: Act, *, until: datetime) -> Done:
        """Quiet until an instant."""
        return self._act("snooze", act, lambda alert, given, by: life.snooze(alert, given, by=by, until=until))

    def note(self, act: Act, *, text: str) -> Done:
        """A remark for everybody, in the card's thread."""
        return self._act("note", act, lambda alert, given, by: life.note(alert, given, by=by, text=text))

    def dismiss(self, act: Act, *, reason: str) -> Done:
        """It should not have been raised."""
        return self._act("dismiss", act, lambda alert, given, by: life.dismiss(alert, given, by=by, reason=reason))

    def reopen(self, act: Act, *, reason: str) -> Done:
        """It is not over after all; the same owner, where they can still be asked."""

        def decide(alert: Alert, given: Given, by: Actor) -> Change | Refused:
            owner = heir(alert.owner, given) if gone(alert.owner, given.roster) else alert.owner
            return life.reopen(alert, given, by=by, reason=reason, owner=owner)

        return self._act("reopen", act, decide)

    def allowed(self, act: Act, name: str) -> Done:
        """Whether they may, before a form is shown. Asked again when it is handed in."""
        with self.store.transaction() as tx:
            alert = tx.alert(act.alert_id)
            if alert is None:
                return UNKNOWN
            given = self._given(tx, alert, self.clock.now())
            refused = refusal(alert, given, claim=Claim(person=act.by, act=name, member=act.member, asked=act.asked))
        if refused:
            return Done(ok=False, code=refused.code, said=refused.why, alert=alert)
        return Done(ok=True, code="done", alert=alert)

    def concerns(self, person: Person, alerts: Sequence[Alert]) -> set[str]:
        """The ids of those that somebody may see wherever they are: as owner, as asked, as a manager, as admin."""
        claim = Claim(person=person, act="history")
        with self.store.transaction() as tx:
            now = self.clock.now()
            return {alert.id for alert in alerts if not refusal(alert, self._given(tx, alert, now), claim=claim)}

    def _act(self, name: str, act: Act, decide: Decision) -> Done:
        """One act of one person: once, with the right to, on the alert as it is now."""
        return self._committed(lambda tx: self._decide(tx, name, act, decide))

    def _decide(self, tx: Tx, name: str, act: Act, decide: Decision) -> Done:
        asked = act.interaction
        if tx.interactions([(asked.source, asked.id)]):
            return Done(ok=True, code="repeated", said=sentence("This was answered already; nothing was done twice."))
        alert = tx.alert(act.alert_id)
        if alert is None:
            return UNKNOWN
        outcome = self._outcome(tx, alert, act, name, decide)
        if isinstance(outcome, Refused):
            done = Done(ok=False, code=outcome.code, said=outcome.why, alert=alert)
        else:
            tx.put(outcome, before=alert)
            done = Done(ok=True, code="done", said=words.stated(outcome.events[0]), alert=outcome.alert)
        answer = {"act": name, "alert": alert.id, "by": act.by.id, "code": done.code}
        tx.remember(Interaction(source=asked.source, id=asked.id, digest=asked.digest, answer=answer))
        return done

    def _outcome(self, tx: Tx, alert: Alert, act: Act, name: str, decide: Decision) -> Change | Refused:
        """Rights first, then the rule; a card that is out of date changes nothing and is told what happened since."""
        given = self._given(tx, alert, self.clock.now())
        person = tx.person(act.by.id) or act.by  # they may have been deactivated a moment ago
        stale = act.seen is not None and act.seen != alert.generation
        if refused := refusal(alert, given, claim=Claim(person=person, act=name, member=act.member)):
            # A double click on "Not mine" has given the right away already: that is an answer, not a fault.
            own = stale and any(event.actor.id == person.id for event in _latest(tx, alert))
            return _meanwhile(tx, alert) if own and person.may_own else refused
        outcome = decide(alert, given, Actor(kind="person", id=person.id, name=person.name))
        if stale and name != "note" and not isinstance(outcome, Refused):
            # A note is kept whenever it arrives: it changes no state, and somebody wrote it.
            return _meanwhile(tx, alert)
        return (_raised_anew(tx, alert) if alert.finished and name == "reopen" else None) or outcome

    # ── time passes ──────────────────────────────────────────────────────────────────────────────────────────────

    def wake(self, alert_id: str) -> Woken | None:
        """What the passed time asks for: nudge, check in, escalate, take an acknowledgement back. None: nothing due."""
        return self._clockwork(alert_id, wake)

    def rescue(self, alert_id: str) -> Woken | None:
        """A new owner for an alert whose owner turned out to be gone; None where the owner is there."""
        return self._clockwork(alert_id, orphaned)

    def realign(self, alert: Alert) -> Woken | None:
        """After the clock went back: nobody waits longer than the policy says. None where it is right already."""
        policy = self.store.policy(alert.policy, alert.policy_version)
        given = Given(now=self.clock.now(), policy=policy, roster=Nobody(), plan=self.plan)
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

    def _closed_at_once(self, resolved: Change, given: Given) -> Change:
        """A resolution that nobody checks is closed in the same transaction."""
        if resolved.alert.status != Status.RESOLVED:
            return resolved
        return resolved.then(life.close(resolved.alert, given, by=resolved.events[-1].actor))


@dataclass(frozen=True, kw_only=True)
class _Group:
    """What one commit of raises knows and has already decided."""

    tx: Tx
    now: datetime
    alerts: dict[tuple[str, str], Alert]
    known: dict[tuple[str, str], Interaction]


def _raised_anew(tx: Tx, alert: Alert) -> Refused | None:
    """A source has one unfinished alert of a dedup key: an older one of the same key stays finished beside it."""
    key = alert.source, alert.dedup_key
    newer = tx.by_keys([key]).get(key)
    if newer is None or newer.finished or newer.id == alert.id:
        return None
    return Refused(code="already", why=sentence(f"This was raised again since then: it is #{newer.short} now."))


def _meanwhile(tx: Tx, alert: Alert) -> Refused:
    return Refused(code="stale", why=words.since(alert, _latest(tx, alert)))


def _latest(tx: Tx, alert: Alert) -> list[Event]:
    """The newest event that changed something for people, or nothing where it lies far back."""
    return [event for event in tx.last_events(alert.id, 8) if event.kind not in QUIET][-1:]
