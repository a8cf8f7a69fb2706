"""How a person's act becomes a change: once, with the right to, on the alert as it is now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bot.acts import REPEATED, UNKNOWN, Act, Done
from bot.core import words
from bot.core.events import QUIET, Actor, Event
from bot.core.given import Given
from bot.core.people import Person
from bot.core.rights import Claim, refusal
from bot.core.state import Alert, Change, Refused
from bot.core.text import sentence
from bot.ports import Interaction, Tx
from bot.transactions import Transactions

Decision = Callable[[Alert, Given, Actor], Change | Refused]


@dataclass(frozen=True, kw_only=True)
class Acting(Transactions):
    """What every act of a person shares."""

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

    def may(self, act: Act, names: Iterable[str]) -> set[str]:
        """Those of these acts that they may do, in one look."""
        with self.store.transaction() as tx:
            alert = tx.alert(act.alert_id)
            if alert is None:
                return set()
            given = self._given(tx, alert, self.clock.now())
            claims = {name: Claim(person=act.by, act=name, member=act.member, asked=act.asked) for name in names}
            return {name for name, claim in claims.items() if not refusal(alert, given, claim=claim)}

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
            return Done(ok=True, code="repeated", said=REPEATED)
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
        claim = Claim(person=person, act=name, member=act.member, asked=act.asked)
        if refused := refusal(alert, given, claim=claim):
            # A double click on "Not mine" has given the right away already: that is an answer, not a fault.
            own = stale and any(event.actor.id == person.id for event in _latest(tx, alert))
            return _meanwhile(tx, alert) if own and person.may_own else refused
        outcome = decide(alert, given, Actor(kind="person", id=person.id, name=person.name))
        if stale and name != "note" and not isinstance(outcome, Refused):
            # A note is kept whenever it arrives: it changes no state, and somebody wrote it.
            return _meanwhile(tx, alert)
        return (_raised_anew(tx, alert) if alert.finished and name == "reopen" else None) or outcome


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
