"""Anybody does anything at any time: what holds of an alert after every step, whatever its life was."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from cast import ANA, BEN, CLEO, DOV, ELSA, PLAN, POLICY, T0, Team, minutes, person, raising, signal, who
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.core import alert as life
from bot.core import fate
from bot.core.card import card
from bot.core.dismissal import agree, dismiss
from bot.core.events import QUIET, Event, Kind
from bot.core.fate import Undelivered
from bot.core.given import Given
from bot.core.helping import add_responder, ask_for_help, escalate_now
from bot.core.mutes import Mute
from bot.core.notices import notice
from bot.core.people import Away, gone, stand_in
from bot.core.policy import ONE_AT_A_TIME, ROUND_ROBIN, Step
from bot.core.raising import came_back, cleared, raised_again
from bot.core.signal import Severity
from bot.core.state import ASKING, FINISHED, Alert, Change, Refused, Status, fold, packed, unpacked
from bot.core.text import one_line
from bot.core.wake import orphaned, wake

OPEN, ACK, RESOLVED, CLOSED, DISMISSED = Status
BOTH = {OPEN: {OPEN}, ACK: {ACK}}
LEGAL: dict[Kind, dict[Status, set[Status]]] = {
    Kind.RAISED_AGAIN: BOTH,
    Kind.CAME_BACK: {CLOSED: {OPEN}},
    Kind.ACKNOWLEDGED: {OPEN: {ACK}},
    Kind.STILL_ON_IT: {ACK: {ACK}},
    Kind.CHECK_IN: {ACK: {ACK}},
    Kind.EXPIRED: {ACK: {OPEN}},
    Kind.NUDGED: {OPEN: {OPEN}},
    Kind.ESCALATED: {OPEN: {OPEN}, ACK: {OPEN}},
    Kind.EXCEPTION: {OPEN: {OPEN}, ACK: {OPEN}},
    Kind.DELEGATED: {OPEN: {OPEN}, ACK: {OPEN}},
    Kind.HELD: BOTH,
    Kind.HELP_ASKED: {ACK: {ACK}},
    Kind.RESPONDER_ADDED: BOTH,
    Kind.DISMISSAL_ASKED: BOTH,
    Kind.REPOLICED: BOTH,
    Kind.REASSIGNED: {OPEN: {OPEN}, ACK: {OPEN}},
    Kind.DECLINED: {OPEN: {OPEN}, ACK: {OPEN}},
    Kind.SNOOZED: BOTH,
    Kind.SNOOZE_ENDED: BOTH,
    Kind.NOTED: {status: {status} for status in Status},
    Kind.RESOLVED: {OPEN: {RESOLVED}, ACK: {RESOLVED}},
    Kind.CLEARED: {OPEN: {OPEN, RESOLVED}, ACK: {ACK, RESOLVED}},
    Kind.TASK_DONE: BOTH,
    Kind.CLOSED: {RESOLVED: {CLOSED}},
    Kind.DISMISSED: {OPEN: {DISMISSED}, ACK: {DISMISSED}},
    Kind.REOPENED: {CLOSED: {OPEN}, DISMISSED: {OPEN}},
    Kind.SUPERSEDED: {status: {status} for status in Status},
    Kind.REROUTED: {status: {status} for status in Status},
    Kind.TWIN_REMOVED: {status: {status} for status in Status},
    Kind.CLOCK_MOVED: BOTH,
}
TRAIL_ALONE = {*QUIET, Kind.REROUTED}
ASKS = {Kind.NUDGED, Kind.ESCALATED, Kind.EXCEPTION, Kind.CHECK_IN, Kind.REASSIGNED, Kind.SNOOZE_ENDED}
ASKS |= {Kind.DELEGATED, Kind.HELD}
# These leave the clock alone, so that neither a chatty source, a chatty person nor a broken place puts it off.
MAY_STAY_OVERDUE = {Kind.RAISED_AGAIN, Kind.NOTED, Kind.SUPERSEDED, Kind.REROUTED, Kind.TWIN_REMOVED}
MAY_STAY_OVERDUE |= {Kind.RESPONDER_ADDED, Kind.DISMISSAL_ASKED, Kind.HELP_ASKED}
MAY_STAY_OVERDUE |= {Kind.TASK_DONE}
MAY_STAY_OVERDUE |= {Kind.CLEARED}  # of what a mute holds back

SAM = person("Sam", manager="cleo@acme.example")
PEOPLE = st.sampled_from([ANA, BEN, CLEO, ELSA, DOV, SAM])
TEXTS = st.sampled_from(["", "  ", "Refunded.", "<!channel> \u202e", "x" * 5000])
SPANS = st.one_of(
    st.integers(1, 120).map(lambda n: timedelta(seconds=n)),
    st.integers(1, 600).map(minutes),
    st.integers(1, 30).map(lambda n: timedelta(days=n)),
)
LAST = POLICY.steps[3:]
POLICIES = st.sampled_from(
    [
        POLICY,
        replace(POLICY, cleared="ask", check_ins=1),
        replace(POLICY, steps=(Step(who=("owner",), nudge_every=minutes(1), nudges=0),), check_ins=0),
        replace(
            POLICY,
            steps=(
                Step(who=("manager",), nudge_every=minutes(5), nudges=1),
                Step(who=(DOV.id,), nudge_every=minutes(9)),
            ),
        ),
        replace(
            POLICY, steps=(POLICY.steps[0], Step(who=("#team",), nudge_every=minutes(5), nudges=1), POLICY.steps[3])
        ),
        replace(POLICY, within=dict.fromkeys(Severity, timedelta(seconds=1)), check_in_every=timedelta(days=400)),
        replace(
            POLICY,
            steps=(
                Step(who=("owner",), nudge_every=minutes(7), nudges=1, at_least=minutes(90)),
                Step(who=("manager", BEN.id, "sam@acme.example"), nudge_every=minutes(5), nudges=3, ask=ROUND_ROBIN),
                Step(who=("group: @ap", "owner"), nudge_every=minutes(50), ask=ONE_AT_A_TIME),
            ),
            repeat=2,
            hours={"critical": "always", "default": "working"},
            answer_within={Severity.CRITICAL: minutes(60), Severity.ERROR: timedelta(days=4)},
            second_person=frozenset({Severity.CRITICAL, Severity.ERROR}),
            snoozes=3,
        ),
        replace(
            POLICY,
            ladders={
                Severity.CRITICAL: (Step(who=("manager",), nudge_every=minutes(1)),),
                Severity.INFO: LAST,
            },
            snooze_limits={Severity.CRITICAL: minutes(30)},
            hours={"default": "working"},
            answer_within=dict.fromkeys(Severity, timedelta(days=2)),
            second_person=frozenset(Severity),
        ),
    ]
)
ABSENCES = st.builds(
    lambda start, lasts, delegate: (start, lasts, delegate.id if delegate else None),
    st.sampled_from([timedelta(0), minutes(30), timedelta(hours=20)]),
    SPANS,
    st.one_of(st.none(), PEOPLE),
)
HOURS = st.fixed_dictionaries(
    {
        "time_zone": st.sampled_from(["UTC", "America/New_York", "Pacific/Apia"]),
        "working": st.sampled_from(["", "22:00-06:00", "Sat-Sun 10:00-12:00"]),
        "quiet": st.sampled_from(["", "22:00-07:00", "00:00-24:00"]),
        "prefers": st.sampled_from(["instant", "digest"]),
    }
)
MUTES = st.one_of(
    st.none(),
    st.none(),
    st.builds(
        lambda lasts, critical: Mute(id="m1", start=T0, until=T0 + lasts, owner=CLEO.id, critical=critical),
        SPANS,
        st.booleans(),
    ),
)


def through_json(event: Event) -> Event:
    return replace(event, data=json.loads(json.dumps(event.data)))


class AnyLife(RuleBasedStateMachine):
    """One alert, raised by a source, and everybody who may or may not have to do with it."""

    alert: Alert

    @initialize(policy=POLICIES, severity=st.sampled_from(Severity), owner=PEOPLE, mute=MUTES)
    def is_raised(self, policy: Any, severity: Severity, owner: Any, mute: Mute | None = None) -> None:
        self.now, self.policy = T0, policy
        self.team = Team([ANA, BEN, CLEO, ELSA, DOV, SAM])
        self.team.groups = {"@ap": (DOV.id, CLEO.id)}
        self.team.muted = [mute] if mute else []
        known = {"policy": policy.of(severity), "roster": self.team}
        change = raising(signal(severity=severity), owner=owner.id, mute=mute, **known)
        self.alert, self.events = change.alert, list(change.events)
        self.said: set[str] = set()
        self.owed = list(change.owed)
        self.jumped = self.others = False

    @property
    def given(self) -> Given:
        alert = getattr(self, "alert", None)
        policy = self.policy.of(alert.severity) if alert else self.policy
        return Given(now=self.now, policy=policy, roster=self.team, plan=PLAN)

    def step(self, outcome: Change | Refused | None) -> None:
        """Take a change as the loop would, and hold it to the rules. What was refused changed nothing."""
        if not isinstance(outcome, Change):
            return
        before = self.alert
        for event in outcome.events:
            after = fold([*self.events, event])
            assert after.status in LEGAL[event.kind].get(before.status, set()), (
                before.status,
                event.kind,
                after.status,
            )
            moved = (before.status, before.owner) != (after.status, after.owner)
            assert after.generation == before.generation + moved
            assert event.generation == after.generation
            assert event.at == self.now
            self.events.append(event)
            before = after
        assert before == outcome.alert
        self.keeps_its_clock(outcome)
        self.says_nothing_twice(outcome)
        self.alert = outcome.alert

    def keeps_its_clock(self, outcome: Change) -> None:
        """Nothing is due in the past after a step."""
        after = outcome.alert
        if after.due_at is None or after.due_at > self.now:
            return
        assert outcome.events[-1].kind in MAY_STAY_OVERDUE
        assert after.due_at == self.alert.due_at

    def says_nothing_twice(self, outcome: Change) -> None:
        keys = [item.key for item in outcome.owed]
        assert len(keys) == len(set(keys))
        once = {item.key for item in outcome.owed if item.kind != "card"}
        assert not once & self.said
        self.said |= once
        shown = "card" in {item.kind for item in outcome.owed}
        assert shown or outcome.events[0].kind in TRAIL_ALONE or not outcome.alert.has_card
        by_hand = outcome.events[-1].actor.kind == "person"
        assert outcome.alert.has_card or not outcome.owed or by_hand, "a mute is silent"
        for turn in outcome.turns:
            self.team.turns[turn] = self.team.turn(turn) + 1
        self.owed += outcome.owed
        self.reads(outcome)

    def reads(self, outcome: Change) -> None:
        """Everything owed can be said in words."""
        for item in outcome.owed:
            event = next(event for event in self.events if event.seq == item.seq)
            if item.kind == "card":
                assert card(outcome.alert, event, given=self.given).buttons
                continue
            where = item.place.partition(":")[2]
            to = where[1:] if where.startswith("@") else None
            message = notice(item.kind, outcome.alert, event, to=to, now=self.now)
            assert item.thread or one_line(outcome.alert.signal.title, 200) in str(message.summary)

    # ── time, and the world ──────────────────────────────────────────────────────────────────────────────────────

    @rule(span=SPANS)
    def time_passes(self, span: timedelta) -> None:
        self.now += span

    @rule(span=SPANS)
    def the_clock_comes_when_it_is_due(self, span: timedelta) -> None:
        if self.alert.due_at is not None:
            self.now = max(self.alert.due_at, self.now) + (span if span < minutes(1) else timedelta(0))
        self.the_clock_comes()

    @rule()
    def the_clock_comes(self) -> None:
        due = self.alert.status in ASKING and self.alert.due_at is not None and self.alert.due_at <= self.now
        outcome = wake(self.alert, self.given)
        assert (outcome is not None) == due
        self.step(outcome)
        assert wake(self.alert, self.given) is None, "one wake fires one step"
        if outcome is not None:
            kinds = [event.kind for event in outcome.events]
            # An acknowledgement that ends while nobody works asks the next step when they do.
            assert sum(kind in ASKS for kind in kinds) == (0 if kinds == [Kind.EXPIRED] else 1)
            assert self.alert.due_at is not None
            if kinds[-1] in (Kind.HELD, Kind.EXPIRED):
                latest = self.alert.answer_by if self.alert.status == OPEN else self.alert.resolve_by
                assert self.now < self.alert.due_at <= (latest or self.now)
            else:
                assert self.alert.due_at >= self.whole_dwell()

    def whole_dwell(self) -> datetime:
        """When the next step fires where this one gets all of its time, however late it came."""
        if self.alert.status == ACK and self.alert.resolve_by:
            following = min(self.now + self.policy.check_in_every, self.alert.resolve_by)
            return max(following, self.now + timedelta(seconds=1))
        return self.now + self.given.policy.step(self.alert.step).nudge_every

    @rule(span=SPANS)
    def the_clock_jumps_back(self, span: timedelta) -> None:
        self.now, self.jumped = self.now - span, True
        before = self.alert
        self.step(fate.realigned(before, self.given))
        assert fate.realigned(self.alert, self.given) is None
        if before.due_at and self.alert.due_at:
            assert self.alert.due_at <= before.due_at

    # ── the outside world ────────────────────────────────────────────────────────────────────────────────────────

    @precondition(lambda self: self.owed and self.alert.has_card)
    @rule(which=st.integers(0, 10_000), content=st.booleans())
    def something_owed_cannot_be_said(self, which: int, content: bool) -> None:
        before = self.alert
        self.step(fate.rerouted(before, self.given, what=self.lost(which, content=content)))
        assert (self.alert.owner, self.alert.generation) == (before.owner, before.generation)

    @precondition(lambda self: self.owed)
    @rule(which=st.integers(0, 10_000))
    def something_owed_is_not_worth_saying(self, which: int) -> None:
        self.only_the_trail_grows(fate.superseded(self.alert, self.given, what=self.lost(which), why="moved on"))

    @precondition(lambda self: self.owed)
    @rule(which=st.integers(0, 10_000))
    def something_was_said_twice(self, which: int) -> None:
        key = self.lost(which).key
        self.only_the_trail_grows(fate.twins(self.alert, self.given, key=key, kept="1.0", removed=("2.0", "3.0")))

    def only_the_trail_grows(self, outcome: Change) -> None:
        assert outcome.owed == ()
        assert outcome.alert == replace(self.alert, revision=self.alert.revision + 1)
        self.step(outcome)

    def lost(self, which: int, *, content: bool = False) -> Undelivered:
        one = self.owed[which % len(self.owed)]
        return Undelivered(
            key=one.key,
            kind=one.kind,
            place=one.place,
            thread=one.thread,
            error="is_archived",
            seq=one.seq,
            content=content,
        )

    @rule(one=PEOPLE, active=st.booleans(), manager=st.one_of(st.none(), PEOPLE))
    def somebody_changes(self, one: Any, active: bool, manager: Any) -> None:
        self.team = self.team.but(one.id, active=active, manager=manager.id if manager else None)

        self.others = True

    @rule(one=PEOPLE, hours=HOURS)
    def somebody_works_at_other_hours(self, one: Any, hours: dict[str, str]) -> None:
        self.team, self.others = self.team.but(one.id, **hours), True

    @rule(one=PEOPLE, absence=ABSENCES)
    def somebody_goes_away(self, one: Any, absence: tuple[timedelta, timedelta, str | None]) -> None:
        start, lasts, delegate = absence
        away = Away(start=self.now + start, until=self.now + start + lasts, delegate=delegate)
        known = self.team.people[one.id]
        self.team, self.others = self.team.but(one.id, away=(*known.away, away)), True

    @rule(one=PEOPLE)
    def somebody_is_back(self, one: Any) -> None:
        self.team, self.others = self.team.but(one.id, away=()), True

    @rule()
    def the_mute_is_ended_by_hand(self) -> None:
        self.team.muted = []

    @rule()
    def an_owner_who_is_gone_is_replaced(self) -> None:
        was_gone, stands_in = gone(self.alert.owner, self.team), stand_in(self.alert.owner, self.team, self.now)
        outcome = orphaned(self.alert, self.given)
        self.step(outcome)
        if outcome is not None:
            assert outcome.alert.owner != outcome.events[0].data["from"]
            assert was_gone or outcome.alert.owner == stands_in

    # ── the source ───────────────────────────────────────────────────────────────────────────────────────────────

    @rule(severity=st.sampled_from(Severity), owner=PEOPLE)
    def the_source_raises_it_again(self, severity: Severity, owner: Any) -> None:
        found = signal(severity=severity, summary=f"seen at {self.now}")
        if self.alert.status == CLOSED:
            mute = next(iter(self.team.mutes(self.now)), None)
            self.step(came_back(self.alert, self.given, signal=found, owner=owner.id, mute=mute))
        elif not self.alert.finished:
            count = self.alert.count
            self.step(raised_again(self.alert, self.given, signal=found))
            assert self.alert.count == count + 1
            assert self.alert.severity.rank <= severity.rank

    @rule()
    def the_source_clears_it(self) -> None:
        self.resolves(cleared(self.alert, self.given))

    # ── people ───────────────────────────────────────────────────────────────────────────────────────────────────

    @rule(one=PEOPLE)
    def somebody_acknowledges(self, one: Any) -> None:
        self.step(life.acknowledge(self.alert, self.given, by=who(one)))

    @rule(one=PEOPLE, to=PEOPLE, why=TEXTS)
    def somebody_reassigns(self, one: Any, to: Any, why: str) -> None:
        self.step(life.reassign(self.alert, self.given, by=who(one), to=to.id, reason=why))

    @rule(one=PEOPLE, to=st.one_of(st.none(), PEOPLE))
    def somebody_says_not_mine(self, one: Any, to: Any) -> None:
        self.step(life.not_mine(self.alert, self.given, by=who(one), to=to.id if to else None))

    @rule(one=PEOPLE, span=SPANS)
    def somebody_snoozes(self, one: Any, span: timedelta) -> None:
        outcome = life.snooze(self.alert, self.given, by=who(one), until=self.now + span)
        assert isinstance(outcome, Refused) or span <= self.given.policy.snooze_at_most
        self.step(outcome)

    @rule(one=PEOPLE, text=TEXTS)
    def somebody_notes(self, one: Any, text: str) -> None:
        self.step(life.note(self.alert, self.given, by=who(one), text=text))

    @rule(one=PEOPLE, what=TEXTS)
    def somebody_resolves(self, one: Any, what: str) -> None:
        self.resolves(life.resolve(self.alert, self.given, by=who(one), what=what, link="javascript:alert(1)"))

    def resolves(self, outcome: Change | Refused) -> None:
        self.step(outcome)
        if self.alert.status == RESOLVED:
            self.step(life.close(self.alert, self.given, by=self.events[-1].actor))

    @rule(one=PEOPLE, why=TEXTS)
    def somebody_dismisses(self, one: Any, why: str) -> None:
        outcome = dismiss(self.alert, self.given, by=who(one), reason=why)
        self.step(outcome)

        if self.alert.severity in self.policy.second_person and isinstance(outcome, Change):
            first = self.alert.dismissal_by
            assert (self.alert.status == DISMISSED) == (first is None)

    @rule(one=PEOPLE)
    def somebody_agrees_to_dismiss(self, one: Any) -> None:
        wanted_by = self.alert.dismissal_by
        outcome = agree(self.alert, self.given, by=who(one))
        if isinstance(outcome, Change) and self.alert.severity in self.policy.second_person:
            assert wanted_by not in (None, one.id)
        self.step(outcome)

    @rule(one=PEOPLE)
    def somebody_escalates(self, one: Any) -> None:
        outcome = escalate_now(self.alert, self.given, by=who(one))
        self.step(outcome)
        assert not isinstance(outcome, Change) or self.alert.status == OPEN

    @rule(one=PEOPLE)
    def somebody_asks_for_help(self, one: Any) -> None:
        before = self.alert
        outcome = ask_for_help(before, self.given, by=who(one))
        self.step(outcome)
        if isinstance(outcome, Change):
            assert (self.alert.owner, self.alert.resolve_by) == (before.owner, before.resolve_by)
            asked = [name for name in outcome.events[0].data["asked"]]
            assert f"@{before.owner}" not in asked or before.owner == PLAN.last_resort

    @rule(one=PEOPLE, other=PEOPLE)
    def somebody_adds_a_responder(self, one: Any, other: Any) -> None:
        before = self.alert
        self.step(add_responder(before, self.given, by=who(one), person=other.id))
        assert self.alert.due_at == before.due_at

    @precondition(lambda self: self.alert.finished)
    @rule(one=PEOPLE, why=TEXTS)
    def somebody_reopens(self, one: Any, why: str) -> None:
        self.step(life.reopen(self.alert, self.given, by=who(one), reason=why, owner=one.id))

    # ── what always holds ────────────────────────────────────────────────────────────────────────────────────────

    @invariant()
    def is_somebodys_and_due_until_it_is_over(self) -> None:
        alert = self.alert
        assert alert.owner
        assert alert.finished == (alert.status in FINISHED) == (alert.due_at is None) == (alert.finished_at is not None)

    @invariant()
    def nothing_is_to_be_set_right_while_the_clock_is(self) -> None:
        # Where other people are there at other hours than were known, the clock may rightly come sooner now.
        assert self.jumped or self.others or fate.realigned(self.alert, self.given) is None

    @invariant()
    def its_fields_agree(self) -> None:
        alert = self.alert
        if alert.status in ASKING:
            acknowledged = alert.status == ACK
            assert (alert.acknowledged_at is not None) == (alert.resolve_by is not None) == acknowledged
        if alert.snoozed_until:
            assert alert.status in ASKING
            assert alert.due_at == alert.snoozed_until
        assert 0 <= alert.step < max(len(self.policy.of(severity).steps) for severity in Severity)
        assert alert.loops <= self.policy.repeat
        assert len(alert.declined) == len(set(alert.declined))
        assert len(alert.responders) == len(set(alert.responders))
        assert (alert.dismissal_by is None) == (alert.dismissal_reason is None)
        assert alert.dismissal_by is None or alert.status in ASKING
        assert alert.held_by is None or alert.snoozed_until or alert.finished or alert.status == RESOLVED
        assert alert.finished or (alert.answer_by and alert.step_since)

    @invariant()
    def is_what_its_trail_says(self) -> None:
        assert self.alert.revision == len(self.events) == self.events[-1].seq
        assert fold(self.events) == self.alert
        assert fold(map(through_json, self.events)) == self.alert
        assert unpacked(json.loads(json.dumps(packed(self.alert)))) == self.alert

    @invariant()
    def the_trail_names_who_acted(self) -> None:
        last = self.events[-1].actor
        assert (last.kind, last.id) == ("clock", "clock") or (last.kind in ("person", "source") and last.id)


AnyLife.TestCase.settings = settings(
    max_examples=120, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


class TestAnyLife(AnyLife.TestCase):  # type: ignore[name-defined,misc]
    """Collected by pytest."""


def test_every_kind_of_event_has_its_legal_transitions() -> None:
    assert set(LEGAL) == set(Kind) - {Kind.RAISED}


def test_the_table_of_transitions_would_notice_an_illegal_one() -> None:
    machine = AnyLife()
    machine.is_raised(POLICY, Severity.ERROR, ANA)
    with pytest.raises(AssertionError):
        machine.step(life.close(machine.alert, machine.given, by=who(ANA)))
