"""Every row of the design's table: from which state, by which act, to which state, and what is owed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cast import (
    ANA,
    BEN,
    CLEO,
    FULL,
    POLICY,
    STATES,
    T0,
    acknowledged,
    closed,
    done,
    given,
    minutes,
    opened,
    plain,
    raising,
    refused,
    resolved,
    signal,
    who,
)

from bot.core import alert as life
from bot.core.dismissal import dismiss
from bot.core.events import Kind
from bot.core.helping import add_responder, ask_for_help, escalate_now
from bot.core.raising import came_back, cleared, raised_again
from bot.core.signal import Severity
from bot.core.state import Alert, Change, Refused, Status, fold

HOUR = timedelta(hours=1)
Move = Callable[[Alert], Change | Refused | None]

LATER = given(30)

TWO = given(30, policy=replace(POLICY, second_person=frozenset(Severity)))
MOVES: dict[str, Move] = {
    "raise again": lambda a: raised_again(a, LATER, signal=signal()),
    "come back": lambda a: came_back(a, LATER, signal=signal(), owner=ANA.id),
    "acknowledge": lambda a: life.acknowledge(a, LATER, by=who(BEN)),
    "reassign": lambda a: life.reassign(a, LATER, by=who(CLEO), to=BEN.id, reason="on holiday"),
    "not mine": lambda a: life.not_mine(a, LATER, by=who(ANA), to=BEN.id),
    "snooze": lambda a: life.snooze(a, LATER, by=who(ANA), until=T0 + 5 * HOUR),
    "note": lambda a: life.note(a, LATER, by=who(BEN), text="Called the bank."),
    "resolve": lambda a: life.resolve(a, LATER, by=who(ANA), what="Refunded.", link="https://erp.acme.example/1"),
    "cleared": lambda a: cleared(a, LATER),
    "cleared, ask": lambda a: cleared(a, given(30, policy=replace(POLICY, cleared="ask"))),
    "close": lambda a: life.close(a, LATER, by=who(ANA)),
    "dismiss": lambda a: dismiss(a, LATER, by=who(ANA), reason="A test."),
    "escalate": lambda a: escalate_now(a, LATER, by=who(ANA)),
    "help": lambda a: ask_for_help(a, LATER, by=who(ANA)),
    "add a responder": lambda a: add_responder(a, LATER, by=who(ANA), person=BEN.id),
    "dismiss, two": lambda a: dismiss(a, TWO, by=who(ANA), reason="A test."),
    "reopen": lambda a: life.reopen(a, LATER, by=who(CLEO), reason="Still wrong.", owner=ANA.id),
}

TABLE = [
    # act, from, to, kind, owed beside the card, who owns it then
    ("raise again", "open", "open", Kind.RAISED_AGAIN, [], ANA),
    ("raise again", "acknowledged", "acknowledged", Kind.RAISED_AGAIN, [], ANA),
    ("come back", "closed", "open", Kind.CAME_BACK, ["assigned"], ANA),
    ("acknowledge", "open", "acknowledged", Kind.ACKNOWLEDGED, [], BEN),
    ("reassign", "open", "open", Kind.REASSIGNED, ["assigned"], BEN),
    ("reassign", "acknowledged", "open", Kind.REASSIGNED, ["assigned"], BEN),
    ("not mine", "open", "open", Kind.DECLINED, ["assigned"], BEN),
    ("not mine", "acknowledged", "open", Kind.DECLINED, ["assigned"], BEN),
    ("snooze", "open", "open", Kind.SNOOZED, [], ANA),
    ("snooze", "acknowledged", "acknowledged", Kind.SNOOZED, [], ANA),
    ("note", "open", "open", Kind.NOTED, ["note"], ANA),
    ("note", "acknowledged", "acknowledged", Kind.NOTED, ["note"], ANA),
    ("note", "closed", "closed", Kind.NOTED, ["note"], ANA),
    ("note", "dismissed", "dismissed", Kind.NOTED, ["note"], ANA),
    ("resolve", "open", "resolved", Kind.RESOLVED, [], ANA),
    ("resolve", "acknowledged", "resolved", Kind.RESOLVED, [], ANA),
    ("cleared", "open", "resolved", Kind.CLEARED, [], ANA),
    ("cleared", "acknowledged", "resolved", Kind.CLEARED, [], ANA),
    ("cleared, ask", "open", "open", Kind.CLEARED, ["nudge"], ANA),
    ("cleared, ask", "acknowledged", "acknowledged", Kind.CLEARED, ["nudge"], ANA),
    ("close", "resolved", "closed", Kind.CLOSED, [], ANA),
    ("dismiss", "open", "dismissed", Kind.DISMISSED, [], ANA),
    ("dismiss", "acknowledged", "dismissed", Kind.DISMISSED, [], ANA),
    ("escalate", "open", "open", Kind.ESCALATED, ["escalation"], ANA),
    ("escalate", "acknowledged", "open", Kind.ESCALATED, ["escalation"], ANA),
    ("help", "acknowledged", "acknowledged", Kind.HELP_ASKED, ["help"], ANA),
    ("add a responder", "open", "open", Kind.RESPONDER_ADDED, ["responder"], ANA),
    ("add a responder", "acknowledged", "acknowledged", Kind.RESPONDER_ADDED, ["responder"], ANA),
    ("dismiss, two", "open", "open", Kind.DISMISSAL_ASKED, ["second_person", "second_person"], ANA),
    ("dismiss, two", "acknowledged", "acknowledged", Kind.DISMISSAL_ASKED, ["second_person", "second_person"], ANA),
    ("reopen", "closed", "open", Kind.REOPENED, ["assigned"], ANA),
    ("reopen", "dismissed", "open", Kind.REOPENED, ["assigned"], ANA),
]


@pytest.mark.parametrize(("act", "start", "end", "kind", "owed", "owner"), TABLE)
def test_each_row_of_the_table(act: str, start: str, end: str, kind: Kind, owed: list[str], owner: Any) -> None:
    before = STATES[start]()

    change = done(MOVES[act](before))

    after, event = change.alert, change.events[-1]
    assert (after.status, event.kind, after.owner) == (end, kind, owner.id)
    assert [item.kind for item in change.owed] == ["card", *owed]
    assert after.revision == before.revision + 1 == event.seq
    moved = (before.status, before.owner) != (after.status, after.owner)
    assert after.generation == before.generation + moved == event.generation
    assert after.finished == (after.due_at is None)
    # What was overdue before a note or a repeat stays so: else a chatty source could put the clock off for ever.
    assert after.due_at is None or after.due_at > LATER.now or after.due_at == before.due_at


REFUSALS = [
    # act, from, code
    *((act, state, "finished") for state in ("resolved", "closed", "dismissed") for act in ("acknowledge", "reassign")),
    *((act, state, "finished") for state in ("resolved", "closed", "dismissed") for act in ("not mine", "snooze")),
    *((act, state, "finished") for state in ("resolved", "closed", "dismissed") for act in ("resolve", "dismiss")),
    *((act, state, "finished") for state in ("resolved", "closed", "dismissed") for act in ("escalate", "help")),
    *(("add a responder", state, "finished") for state in ("resolved", "closed", "dismissed")),
    ("help", "open", "bad_input"),
    *(("cleared", state, "finished") for state in ("resolved", "closed", "dismissed")),
    ("acknowledge", "acknowledged", "already"),
    *(("reopen", state, "already") for state in ("open", "acknowledged", "resolved")),
]


@pytest.mark.parametrize(("act", "start", "code"), REFUSALS)
def test_what_the_table_does_not_have_is_refused_with_a_sentence(act: str, start: str, code: str) -> None:
    outcome = refused(MOVES[act](STATES[start]()))
    assert outcome.code == code
    assert plain(outcome.why).endswith(".")


WRONG_INPUT: list[tuple[str, Move]] = [
    ("an empty resolution", lambda a: life.resolve(a, LATER, by=who(ANA), what=" \n")),
    ("a dismissal without a reason", lambda a: dismiss(a, LATER, by=who(ANA), reason=" ")),
    ("an empty note", lambda a: life.note(a, LATER, by=who(ANA), text="\t")),
    ("a snooze that ends now", lambda a: life.snooze(a, LATER, by=who(ANA), until=LATER.now)),
    ("a snooze that ended", lambda a: life.snooze(a, LATER, by=who(ANA), until=T0)),
    (
        "a snooze past the policy's limit",
        lambda a: life.snooze(a, LATER, by=who(ANA), until=LATER.now + POLICY.snooze_at_most + timedelta(seconds=1)),
    ),
    ("not mine, and nobody is left", lambda a: life.not_mine(a, LATER, by=who(ANA), to=None)),
    ("not mine, handed to its owner", lambda a: life.not_mine(a, LATER, by=who(CLEO), to=ANA.id)),
    ("not mine, handed to whoever says so", lambda a: life.not_mine(a, LATER, by=who(CLEO), to=CLEO.id)),
]


@pytest.mark.parametrize(("what", "move"), WRONG_INPUT)
def test_wrong_input_is_refused(what: str, move: Move) -> None:
    assert refused(move(opened())).code == "bad_input"


@pytest.mark.parametrize("state", ["closed", "dismissed"])
def test_reopening_needs_a_reason(state: str) -> None:
    outcome = life.reopen(STATES[state](), LATER, by=who(ANA), reason=" ", owner=ANA.id)
    assert refused(outcome).code == "bad_input"


def test_a_snooze_may_last_exactly_as_long_as_the_policy_allows() -> None:
    until = LATER.now + POLICY.snooze_at_most
    after = done(life.snooze(opened(), LATER, by=who(ANA), until=until)).alert
    assert after.snoozed_until == after.due_at == until


def test_an_alert_is_raised_open_with_an_owner_a_due_time_and_a_card() -> None:
    change = raising(FULL)
    alert, event = change.alert, change.events[0]

    assert (alert.status, alert.owner, alert.due_at) == (Status.OPEN, ANA.id, T0 + minutes(10))
    assert (event.kind, event.actor.kind, event.actor.id, event.seq) == (Kind.RAISED, "source", "ap-auditor", 1)
    assert [(item.kind, item.place, item.rank) for item in change.owed] == [("card", "slack:#ai-alerts", 1)]
    assert fold(change.events) == alert


def test_an_alert_without_a_dedup_key_is_known_by_its_own_id() -> None:
    alert = raising(signal(dedup_key=None)).alert
    assert alert.dedup_key == alert.id


def test_raising_it_again_counts_and_brings_its_newest_evidence() -> None:
    change = raised_again(opened(), given(4), signal=replace(FULL, severity=Severity.INFO))
    after = change.alert
    assert (after.count, after.signal.summary, after.last_raised_at) == (2, FULL.summary, T0 + minutes(4))
    assert (after.severity, after.due_at) == (Severity.ERROR, T0 + minutes(10)), "a milder repeat changes no clock"


def test_a_graver_repeat_tells_the_owner_under_the_card() -> None:
    change = raised_again(opened(), given(4), signal=signal(severity=Severity.CRITICAL))
    assert change.alert.severity == Severity.CRITICAL
    assert [(item.kind, item.thread, item.rank) for item in change.owed] == [("card", False, 0), ("nudge", True, 0)]
    assert change.alert.due_at == T0 + minutes(10), "never later than before"


def test_a_graver_repeat_ends_a_snooze() -> None:
    asleep = done(life.snooze(opened(), given(1), by=who(ANA), until=T0 + 24 * HOUR)).alert
    after = raised_again(asleep, given(60), signal=signal(severity=Severity.CRITICAL)).alert
    assert (after.snoozed_until, after.due_at) == (None, T0 + minutes(70))


def test_a_milder_repeat_leaves_a_snooze_alone() -> None:
    asleep = done(life.snooze(opened(), given(1), by=who(ANA), until=T0 + 24 * HOUR)).alert
    after = raised_again(asleep, given(60), signal=signal()).alert
    assert after.snoozed_until == after.due_at == T0 + 24 * HOUR


def test_a_graver_repeat_shortens_the_second_clock_from_when_it_was_acknowledged() -> None:
    after = raised_again(acknowledged(1), given(60), signal=signal(severity=Severity.CRITICAL)).alert
    assert after.status == Status.ACKNOWLEDGED
    assert after.resolve_by == T0 + minutes(1) + POLICY.within[Severity.CRITICAL]
    assert after.due_at is not None
    assert given(60).now < after.due_at <= after.resolve_by


def test_a_graver_repeat_never_puts_the_deadline_in_the_past() -> None:
    late = given(timedelta(hours=20))
    after = raised_again(acknowledged(1), late, signal=signal(severity=Severity.CRITICAL)).alert
    assert after.resolve_by is not None
    assert after.due_at is not None
    assert late.now < after.due_at <= after.resolve_by


def test_an_acknowledgement_starts_the_second_clock_and_ends_a_snooze() -> None:
    asleep = done(life.snooze(opened(), given(1), by=who(ANA), until=T0 + 5 * HOUR)).alert
    after = done(life.acknowledge(asleep, given(2), by=who(BEN))).alert
    assert (after.owner, after.snoozed_until, after.asked) == (BEN.id, None, 0)
    assert after.acknowledged_at == T0 + minutes(2)
    assert after.resolve_by == T0 + minutes(2) + POLICY.within[Severity.ERROR]
    assert after.due_at == T0 + minutes(2) + POLICY.check_in_every


def test_whoever_is_second_is_told_who_was_first_and_when() -> None:
    outcome = refused(life.acknowledge(acknowledged(1), given(2), by=who(BEN)))
    assert plain(outcome.why) == "Ana acknowledged this 09:01."


def test_acknowledging_twice_is_answered_and_changes_nothing() -> None:
    outcome = refused(life.acknowledge(acknowledged(1), given(2), by=who(ANA)))
    assert plain(outcome.why) == "You have this since 09:01."


def test_not_mine_remembers_everybody_who_declined() -> None:
    first = done(life.not_mine(opened(), given(1), by=who(ANA), to=CLEO.id)).alert
    second = done(life.not_mine(first, given(2), by=who(CLEO), to=BEN.id)).alert
    assert second.declined == (ANA.id, CLEO.id)


def test_a_manager_who_says_not_mine_is_not_asked_next() -> None:
    after = done(life.not_mine(opened(), given(1), by=who(CLEO), to=BEN.id)).alert
    assert after.declined == (ANA.id, CLEO.id)


def test_giving_it_to_somebody_by_hand_forgets_who_declined() -> None:
    first = done(life.not_mine(opened(), given(1), by=who(ANA), to=CLEO.id)).alert
    after = done(life.reassign(first, given(2), by=who(CLEO), to=ANA.id)).alert
    assert (after.owner, after.declined) == (ANA.id, ())


def test_giving_it_to_its_owner_is_answered() -> None:
    outcome = refused(life.reassign(opened(), given(1), by=who(CLEO), to=ANA.id))
    assert (outcome.code, plain(outcome.why)) == ("already", "Ana owns this already.")


def test_a_new_owner_gets_the_whole_first_clock() -> None:
    late = replace(acknowledged(), step=2, asked=1)
    after = done(life.reassign(late, given(90), by=who(CLEO), to=BEN.id)).alert
    assert (after.status, after.step, after.asked) == (Status.OPEN, 0, 0)
    assert (after.acknowledged_at, after.resolve_by, after.due_at) == (None, None, T0 + minutes(100))


def test_the_new_owner_is_told_by_direct_message() -> None:
    change = done(life.reassign(opened(), given(1), by=who(CLEO), to=BEN.id))
    assert [item.place for item in change.owed] == ["slack:#ai-alerts", f"slack:@{BEN.id}"]


def test_what_comes_back_keeps_its_story_and_starts_anew() -> None:
    change = came_back(closed(), given(60), signal=signal(severity=Severity.CRITICAL), owner=ANA.id)
    after, event = change.alert, change.events[0]
    assert (after.status, after.returned, after.count, after.severity) == (Status.OPEN, 1, 2, Severity.CRITICAL)
    assert (after.resolution, after.finished_at, after.due_at) == (None, None, T0 + minutes(70))
    assert event.data["resolution"] == "Refunded.", "what did not hold stands in the trail"


def test_a_resolution_is_kept_with_its_link() -> None:
    after = done(MOVES["resolve"](acknowledged())).alert
    assert (after.resolution, after.resolution_link) == ("Refunded.", "https://erp.acme.example/1")


def test_a_source_that_clears_its_alert_acts_as_itself() -> None:
    event = done(cleared(opened(), given(2))).events[0]
    assert (event.actor.kind, event.actor.id) == ("source", "ap-auditor")


def test_asking_the_owner_to_confirm_ends_a_snooze_and_comes_no_later_than_before() -> None:
    ask = replace(POLICY, cleared="ask")
    asleep = done(life.snooze(opened(), given(1), by=who(ANA), until=T0 + minutes(5))).alert
    after = done(cleared(asleep, given(2, policy=ask))).alert
    assert (after.snoozed_until, after.due_at) == (None, T0 + minutes(5))


@pytest.mark.parametrize(("by", "asked"), [(ANA, 0), (BEN, 1)])
def test_a_note_answers_a_check_in_where_the_owner_wrote_it(by: Any, asked: int) -> None:
    after = done(life.note(replace(acknowledged(), asked=1), given(130), by=who(by), text="Nearly there.")).alert
    assert after.asked == asked


def test_a_resolved_alert_is_due_until_it_is_closed() -> None:
    assert resolved().due_at is not None
    assert closed().due_at is None


def test_what_is_reopened_forgets_who_declined() -> None:
    handed_on = done(life.not_mine(opened(), given(1), by=who(ANA), to=CLEO.id)).alert
    over = done(dismiss(handed_on, given(2), by=who(CLEO), reason="A test.")).alert
    assert done(life.reopen(over, given(3), by=who(CLEO), reason="No test.", owner=CLEO.id)).alert.declined == ()
