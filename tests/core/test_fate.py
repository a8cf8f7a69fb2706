"""What becomes of an alert when something owed for it is not worth saying, cannot be said, or was said twice."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from cast import ANA, BEN, CLEO, ELSA, PLAN, POLICY, STATES, T0, Team, done, given, minutes, opened, plain, raising, who

from bot.core import alert as life
from bot.core import fate, words
from bot.core.events import Kind
from bot.core.fate import Undelivered
from bot.core.given import Given
from bot.core.notices import notice
from bot.core.policy import Step
from bot.core.state import Alert, Change, fold, packed
from bot.core.text import Words
from bot.core.wake import wake

HERE, ELSEWHERE, LAST_CHANNEL = "#ai-alerts", "#old", "#ai-exceptions"
ANA_DM, BEN_DM, CLEO_DM, ELSA_DM = (f"@{one.id}" for one in (ANA, BEN, CLEO, ELSA))
KINDS = ("card", "nudge", "check_in", "assigned", "moved", "escalation", "exception", "note")
PLACES = (HERE, ELSEWHERE, LAST_CHANNEL, ANA_DM, BEN_DM, CLEO_DM, ELSA_DM)


def asleep() -> Alert:
    return done(life.snooze(at_step(1), given(), by=who(ANA), until=T0 + minutes(300))).alert


def at_step(step: int) -> Alert:
    return replace(opened(), step=step)


ALERTS = {
    **{name: make() for name, make in STATES.items()},
    "the manager is asked": at_step(1),
    "taken after an escalation": replace(STATES["acknowledged"](), step=1),
    "at the top": at_step(3),
    "snoozed": asleep(),
    "its card in the last channel": replace(at_step(3), place=f"slack:{LAST_CHANNEL}"),
    "its card with its owner": replace(opened(), place=f"slack:{ANA_DM}"),
    "its card with the last resort": replace(opened(), place=f"slack:{ELSA_DM}"),
    "owned by the last resort": raising(owner=ELSA.id).alert,
}


def lost(kind: str, place: str, *, thread: bool = False, error: str = "is_archived", seq: int = 0) -> Undelivered:
    key = f"{kind}:1:1:1:{place}"
    return Undelivered(key=key, kind=kind, place=f"slack:{place}", thread=thread, error=error, seq=seq)


def rerouted(alert: Alert, what: Undelivered, known: Given | None = None) -> Change:
    return fate.rerouted(alert, known or given(30), what=what)


def owed(change: Change) -> list[tuple[str, str, bool]]:
    return [(item.kind, item.place.removeprefix("slack:"), item.thread) for item in change.owed]


# ── the table: what could not be said, where, of which alert ▶ where its card is then, and what is owed ──────────────

MOVED = ("moved", ANA_DM, False)
CARD = ("card", HERE, False)
IN_LAST = ("card", LAST_CHANNEL, False)

ROUTES = [
    # alert, kind, place, thread ▶ the last event, the card's place, owed
    ("open", "card", HERE, False, Kind.REROUTED, LAST_CHANNEL, [IN_LAST, MOVED]),
    ("acknowledged", "card", HERE, False, Kind.REROUTED, LAST_CHANNEL, [IN_LAST, MOVED]),
    ("snoozed", "card", HERE, False, Kind.REROUTED, LAST_CHANNEL, [IN_LAST, MOVED]),
    ("open", "nudge", HERE, True, Kind.REROUTED, LAST_CHANNEL, [IN_LAST, MOVED, ("nudge", LAST_CHANNEL, True)]),
    ("open", "note", HERE, True, Kind.REROUTED, LAST_CHANNEL, [IN_LAST, MOVED, ("note", LAST_CHANNEL, True)]),
    (
        "acknowledged",
        "check_in",
        HERE,
        True,
        Kind.REROUTED,
        LAST_CHANNEL,
        [IN_LAST, MOVED, ("check_in", LAST_CHANNEL, True)],
    ),
    # the next places of a card, and the end of them
    ("its card in the last channel", "card", LAST_CHANNEL, False, Kind.REROUTED, ANA_DM, [("card", ANA_DM, False)]),
    ("its card with its owner", "card", ANA_DM, False, Kind.REROUTED, ELSA_DM, [("card", ELSA_DM, False)]),
    ("its card with the last resort", "card", ELSA_DM, False, Kind.REROUTED, ELSA_DM, []),
    ("its card with the last resort", "note", ELSA_DM, True, Kind.REROUTED, ELSA_DM, []),
    # an old place of its card
    ("open", "card", ELSEWHERE, False, Kind.REROUTED, HERE, []),
    ("open", "card", ANA_DM, False, Kind.REROUTED, HERE, []),
    ("open", "nudge", ELSEWHERE, True, Kind.REROUTED, HERE, [CARD, ("nudge", HERE, True)]),
    ("acknowledged", "note", ELSEWHERE, True, Kind.REROUTED, HERE, [CARD, ("note", HERE, True)]),
    # the owner's direct messages
    ("open", "nudge", ANA_DM, False, Kind.REROUTED, HERE, [CARD]),
    ("acknowledged", "check_in", ANA_DM, False, Kind.REROUTED, HERE, [CARD]),
    ("open", "assigned", ANA_DM, False, Kind.REROUTED, HERE, [CARD, ("assigned", HERE, True)]),
    ("open", "moved", ANA_DM, False, Kind.REROUTED, HERE, [CARD, ("moved", HERE, True)]),
    (
        "its card with the last resort",
        "nudge",
        ANA_DM,
        False,
        Kind.REROUTED,
        ELSA_DM,
        [("card", ELSA_DM, False), ("nudge", ELSA_DM, True)],
    ),
    # somebody who was the owner, or who is asked no more
    ("open", "assigned", BEN_DM, False, Kind.REROUTED, HERE, [CARD]),
    ("open", "escalation", CLEO_DM, False, Kind.REROUTED, HERE, [CARD]),
    ("at the top", "escalation", CLEO_DM, False, Kind.REROUTED, HERE, [CARD]),
    # a step of the policy
    (
        "the manager is asked",
        "escalation",
        CLEO_DM,
        False,
        Kind.ESCALATED,
        HERE,
        [CARD, ("escalation", ELSA_DM, False)],
    ),
    ("the manager is asked", "nudge", CLEO_DM, False, Kind.ESCALATED, HERE, [CARD, ("escalation", ELSA_DM, False)]),
    ("snoozed", "escalation", CLEO_DM, False, Kind.REROUTED, HERE, [CARD]),
    ("taken after an escalation", "escalation", CLEO_DM, False, Kind.REROUTED, HERE, [CARD]),
    # the top of it
    ("at the top", "exception", LAST_CHANNEL, False, Kind.REROUTED, HERE, [CARD, ("exception", ELSA_DM, False)]),
    ("at the top", "exception", ELSA_DM, False, Kind.REROUTED, HERE, [CARD]),
    ("at the top", "exception", ELSEWHERE, False, Kind.REROUTED, HERE, [CARD, ("exception", LAST_CHANNEL, False)]),
    (
        "its card in the last channel",
        "exception",
        LAST_CHANNEL,
        False,
        Kind.REROUTED,
        ANA_DM,
        [("card", ANA_DM, False), ("exception", ELSA_DM, False)],
    ),
    # what is over
    ("closed", "card", HERE, False, Kind.REROUTED, HERE, []),
    ("closed", "note", HERE, True, Kind.REROUTED, HERE, []),
    ("dismissed", "assigned", ANA_DM, False, Kind.REROUTED, HERE, []),
]


@pytest.mark.parametrize(("state", "kind", "place", "thread", "last", "card_in", "said"), ROUTES)
def test_what_cannot_be_said_takes_the_next_route(
    state: str, kind: str, place: str, thread: bool, last: Kind, card_in: str, said: list[tuple[str, str, bool]]
) -> None:
    alert = ALERTS[state]
    change = rerouted(alert, lost(kind, place, thread=thread))
    assert change.events[0].kind == Kind.REROUTED
    assert change.events[-1].kind == last
    assert change.alert.place == f"slack:{card_in}"
    assert owed(change) == said
    assert change.events[0].data["place"] == f"slack:{place}"


EVERY = list(itertools.product(ALERTS, KINDS))
ANYWHERE = list(itertools.product(PLACES, (False, True)))


@pytest.mark.parametrize(("state", "kind"), EVERY)
def test_no_route_moves_an_alert_on_or_puts_it_off(state: str, kind: str) -> None:
    before = ALERTS[state]
    for place, thread in ANYWHERE:
        change = rerouted(before, lost(kind, place, thread=thread))
        after = change.alert
        assert (after.generation, after.owner, after.status) == (before.generation, before.owner, before.status)
        assert after.snoozed_until == before.snoozed_until
        dwell = T0 + minutes(30) + POLICY.steps[after.step].nudge_every
        assert after.due_at == (before.due_at if after.step == before.step else dwell), "a step gets its whole dwell"
        keys = [item.key for item in change.owed]
        assert len(keys) == len(set(keys))
        same = [item for item in change.owed if (item.place, item.thread) == (f"slack:{place}", thread)]
        assert [item.kind for item in same] in ([], ["card"]), "the place that refuses is not asked for the same again"


@pytest.mark.parametrize(("state", "kind"), EVERY)
def test_the_trail_alone_tells_it_all(state: str, kind: str) -> None:
    before, known = ALERTS[state], given(30)
    born = replace(raising().events[0], data={"set": packed(replace(before, revision=1))})
    for place, thread in ANYWHERE:
        what = lost(kind, place, thread=thread)
        first = fate.rerouted(replace(before, revision=1), known, what=what)
        second = fate.superseded(first.alert, known, what=what, why="it moved on")
        third = fate.twins(second.alert, known, key=what.key, kept="1.0", removed=("2.0",))
        events = [*first.events, *second.events, *third.events]
        assert fold([born, *events]) == third.alert
        assert {(event.actor.kind, event.at) for event in events} == {("clock", known.now)}
        assert all(plain(words.told(event)) for event in events)


@pytest.mark.parametrize("state", ALERTS)
def test_what_is_not_worth_saying_and_twins_change_nothing_and_owe_nothing(state: str) -> None:
    before = ALERTS[state]
    for change in (
        fate.superseded(before, given(30), what=lost("nudge", HERE, thread=True), why="it moved on"),
        fate.twins(before, given(30), key="card:1:slack:#ai-alerts", kept="1.0", removed=("2.0", "3.0")),
    ):
        assert change.owed == ()
        assert change.alert == replace(before, revision=before.revision + 1)


def test_what_was_not_said_and_the_twins_are_named_in_the_trail() -> None:
    gone = fate.superseded(opened(), given(1), what=lost("nudge", HERE, thread=True), why="told in digest 7").events[0]
    assert (gone.reason, gone.data["key"], gone.data["kind"]) == ("told in digest 7", "nudge:1:1:1:#ai-alerts", "nudge")
    twice = fate.twins(opened(), given(1), key="card:1:slack:#ai-alerts", kept="1.0", removed=("2.0", "3.0")).events[0]
    assert (twice.data["kind"], twice.data["kept"], twice.data["removed"]) == ("card", "1.0", ["2.0", "3.0"])
    assert plain(words.told(twice)) == "Its card was shown 2 times more than it should be; only the first of them stays"


# ── a policy's steps ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_manager_who_cannot_be_reached_is_stepped_over_with_the_reason() -> None:
    change = rerouted(at_step(1), lost("escalation", CLEO_DM, error="user_disabled"))
    assert [event.kind for event in change.events] == [Kind.REROUTED, Kind.ESCALATED]
    up = change.events[1]
    assert (change.alert.step, change.alert.asked) == (2, 0)
    assert up.data["skipped"] == [f"{CLEO.id} cannot be reached: user_disabled"]
    told = plain(words.told(change.events[0]))
    assert told == "Its escalation could not be shown in the direct messages of Cleo (user_disabled)"
    assert [event.seq for event in change.events] == [2, 3]


def test_over_the_last_manager_it_goes_to_the_top() -> None:
    change = rerouted(at_step(2), lost("escalation", ELSA_DM))
    assert change.events[-1].kind == Kind.EXCEPTION
    assert owed(change) == [CARD, ("exception", LAST_CHANNEL, False)]


def test_a_channel_in_the_middle_of_a_policy_is_stepped_over_like_a_person() -> None:
    steps = (POLICY.steps[0], Step(who=("#team",), nudge_every=minutes(5)), POLICY.steps[3])
    change = rerouted(at_step(1), lost("escalation", "#team"), given(30, policy=replace(POLICY, steps=steps)))
    assert owed(change) == [CARD, ("exception", LAST_CHANNEL, False)]


def test_a_manager_who_left_meanwhile_is_no_reason_to_wait() -> None:
    change = rerouted(at_step(1), lost("escalation", CLEO_DM), given(30, roster=Team().but(CLEO.id, active=False)))
    assert (change.alert.step, owed(change)) == (2, [CARD, ("escalation", ELSA_DM, False)])
    assert len(change.events[1].data["skipped"]) == 2


def test_a_step_that_names_the_owner_has_no_other_word_than_its_own() -> None:
    policy = replace(POLICY, steps=(Step(who=(ANA.id,), nudge_every=minutes(5)), *POLICY.steps[1:]))
    change = rerouted(opened(), lost("nudge", ANA_DM), given(30, policy=policy))
    assert owed(change) == [CARD, ("nudge", HERE, True)]


def test_the_plan_says_where_the_last_places_are() -> None:
    plan = replace(PLAN, fallback_channel="#other", last_resort=BEN.id)
    alert = replace(opened(), place="slack:#other")
    assert rerouted(opened(), lost("card", HERE), given(1, plan=plan)).alert.place == "slack:#other"
    assert rerouted(alert, lost("card", "#other"), given(1, plan=plan)).alert.place == f"slack:{ANA_DM}"
    with_ana = replace(alert, place=f"slack:{ANA_DM}")
    assert rerouted(with_ana, lost("card", ANA_DM), given(1, plan=plan)).alert.place == f"slack:{BEN_DM}"


# ── what it says ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_reply_that_is_said_again_says_the_same() -> None:
    noted = done(life.note(opened(), given(1), by=who(BEN), text="I called the bank."))
    change = rerouted(noted.alert, lost("note", HERE, thread=True, seq=2))
    again = next(item for item in change.owed if item.kind == "note")
    assert (again.seq, again.place, again.thread) == (2, f"slack:{LAST_CHANNEL}", True)
    assert again.key not in {item.key for item in noted.owed}
    assert plain(notice("note", change.alert, noted.events[0], to=None, now=T0).lines[0]) == (
        "Ben noted: I called the bank."
    )


def test_the_owner_is_told_where_the_card_is_now() -> None:
    change = rerouted(opened(), lost("card", HERE))
    message = notice("moved", change.alert, change.events[0], to=ANA.id, now=T0 + minutes(30))
    assert (
        plain(message.lines[0])
        == "Its place #ai-alerts cannot be used (is_archived): the card is in #ai-exceptions now."
    )
    assert [button.act for button in message.buttons][:1] == ["acknowledge"]


def test_what_is_refused_for_what_it_says_is_told_to_the_last_resort_in_our_own_words() -> None:
    what = replace(lost("card", HERE, error="invalid_blocks"), content=True)
    change = rerouted(opened(), what)
    assert owed(change) == [("moved", ELSA_DM, False)]
    assert change.alert == replace(opened(), revision=2), "another place would refuse it as well"
    message = notice("moved", change.alert, change.events[0], to=ELSA.id, now=T0 + minutes(30))
    assert plain(message.lines[0]) == "Its card could not be shown in #ai-alerts (invalid_blocks); asked Elsa."
    end = rerouted(change.alert, replace(lost("moved", ELSA_DM), content=True))
    assert (end.owed, end.alert.place) == ((), opened().place)


def test_a_platforms_word_is_shown_as_somebody_elses() -> None:
    change = rerouted(opened(), lost("card", HERE, error="<!channel> \u202e" + "x" * 500))
    ours = "".join(part.text for part in words.told(change.events[0]) if isinstance(part, Words))
    assert "<!channel>" not in ours
    assert len(plain(words.told(change.events[0]))) < 250


# ── where a card is with a person, reminders are direct messages ─────────────────────────────────────────────────────


def test_reminders_of_a_card_that_is_in_no_channel_go_to_the_owner_alone() -> None:
    alert = replace(opened(), place=f"slack:{ELSA_DM}", due_at=T0 + minutes(10))
    for n in (1, 2):
        change = done(wake(alert, given(10 * n)))
        assert owed(change) == [("card", ELSA_DM, False), ("nudge", ANA_DM, False)]
        alert = change.alert
