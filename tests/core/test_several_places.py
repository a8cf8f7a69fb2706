"""An alert that is shown in several places: where its cards and words go, and what becomes of a place that is gone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from cast import ANA, BEN, CLEO, PLAN, POLICY, T0, Team, done, given, minutes, opened, raising, signal, who

from bot.core import alert as life
from bot.core import fate, reach
from bot.core.events import Kind
from bot.core.fate import Undelivered
from bot.core.given import Given
from bot.core.people import Person
from bot.core.routing import Owner, Rule, route
from bot.core.state import Alert, Change, fold
from bot.core.wake import wake

HERE, THERE = "slack:#ai-alerts", "teams:#finance"
BOTH = replace(PLAN, others=("teams",))


def also(alert: Alert | None = None, *places: str) -> Alert:
    return replace(alert or opened(), also=places or (THERE,))


def known(after: int = 30, *, team: Team | None = None) -> Given:
    return Given(now=T0 + minutes(after), policy=POLICY, roster=team or Team(), plan=BOTH)


def owed(change: Change) -> list[tuple[str, str, bool]]:
    return [(item.kind, item.place, item.thread) for item in change.owed]


def lost(kind: str, place: str, *, thread: bool = False) -> Undelivered:
    key = f"{kind}:1:1:1:{place}"
    return Undelivered(key=key, kind=kind, place=place, thread=thread, error="is_archived", seq=1)


# ── where somebody is told ───────────────────────────────────────────────────────────────────────────────────────────

CHATS: list[tuple[dict[str, str], str, str]] = [
    # the ids they have, the chat they chose ▶ where they are told, where Slack is usual
    ({"slack": "U1"}, "", "slack"),
    ({"teams": "t"}, "", "teams"),
    ({"slack": "U1", "teams": "t"}, "", "slack"),
    ({"slack": "U1", "teams": "t"}, "teams", "teams"),
    ({"slack": "U1"}, "teams", "slack"),
    ({"irc": "x"}, "irc", "slack"),
    ({}, "", "slack"),
]


@pytest.mark.parametrize(("ids", "uses", "told"), CHATS)
def test_somebody_is_told_in_the_chat_they_chose_else_the_usual_one_else_where_they_are(
    ids: dict[str, str], uses: str, told: str
) -> None:
    assert reach.chat_of(replace(ANA, chat=ids, uses=uses), BOTH) == told


def test_a_chat_that_is_not_in_use_is_nobodys() -> None:
    assert reach.chat_of(replace(ANA, chat={"teams": "t"}), PLAN) == "slack"
    assert reach.chat_of(None, replace(BOTH, platform="teams", others=("slack",))) == "teams"


# ── cards and words ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_rule_may_name_further_channels_and_each_has_the_card() -> None:
    rule = Rule(owners=(Owner(ANA.id),), channel="#ai-alerts", also=("teams:#finance",))
    way = route(signal(), replace(BOTH, sources={"ap-auditor": rule}))
    assert (way.channel, way.also) == ("#ai-alerts", ("teams:#finance",))
    change = raising(also=(THERE,))
    assert [(item.key, item.place) for item in change.owed] == [
        (f"card:{change.alert.id}:{place}", place) for place in (HERE, THERE)
    ]
    assert fold(change.events) == change.alert


def test_every_change_owes_every_card() -> None:
    taken = done(life.acknowledge(also(), known(), by=who(ANA)))
    assert owed(taken) == [("card", HERE, False), ("card", THERE, False)]


def test_a_note_stands_under_each_card_and_not_in_a_tools_list() -> None:
    noted = done(life.note(also(None, THERE, "planner:plan"), known(), by=who(ANA), text="Looking."))
    replies = [item for item in noted.owed if item.kind == "note"]
    assert [(item.place, item.thread) for item in replies] == [(HERE, True), (THERE, True)]
    assert len({item.key for item in replies}) == 2


WORDS: list[tuple[Person, list[tuple[str, str, bool]], list[tuple[str, str, bool]]]] = [
    # Ana as she is ▶ her first reminder, her second
    (ANA, [("nudge", HERE, True)], [("nudge", HERE, True), ("nudge", f"slack:@{ANA.id}", False)]),
    (
        replace(ANA, chat={"teams": "t"}),
        [("nudge", THERE, True)],
        [("nudge", THERE, True), ("nudge", f"teams:@{ANA.id}", False)],
    ),
]


@pytest.mark.parametrize(("ana", "first", "second"), WORDS, ids=["in Slack", "in Teams"])
def test_the_owner_is_reminded_where_she_reads(ana: Person, first: Any, second: Any) -> None:
    given = known(10, team=Team([ana, BEN, CLEO]))
    for n, wanted in ((0, first), (1, second)):
        woken = wake(replace(also(), due_at=given.now, asked=n), given)
        assert woken is not None
        assert [one for one in owed(woken) if one[0] == "nudge"] == wanted


def test_an_owner_whose_chat_has_no_card_is_told_alone() -> None:
    given = known(10, team=Team([replace(ANA, chat={"teams": "t"}), BEN, CLEO]))
    woken = wake(replace(opened(), due_at=given.now), given)
    assert woken is not None
    assert owed(woken) == [("card", HERE, False), ("nudge", f"teams:@{ANA.id}", False)]


def test_a_manager_in_the_other_chat_is_told_there() -> None:
    given = known(60, team=Team([ANA, BEN, replace(CLEO, chat={"teams": "c"})]))
    woken = wake(replace(also(), due_at=given.now, asked=2), given)
    assert woken is not None and woken.events[-1].kind == Kind.ESCALATED
    assert ("escalation", f"teams:@{CLEO.id}", False) in owed(woken)


# ── a place that is gone ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("kind", "thread"), [("card", False), ("nudge", True), ("note", True)])
def test_one_of_several_places_that_is_gone_is_left_out_and_the_others_stay(kind: str, thread: bool) -> None:
    change = fate.rerouted(also(), known(), what=lost(kind, THERE, thread=thread))
    assert (change.alert.place, change.alert.also) == (HERE, ())
    again = [(kind, HERE, True)] if thread else []
    assert owed(change) == [("card", HERE, False), *again]
    assert [item.seq for item in change.owed if item.thread] == [1] * thread, "it tells of what it was to tell of"


def test_a_note_that_is_said_again_is_the_one_that_stands_there() -> None:
    made = done(life.note(also(), known(), by=who(ANA), text="Looking."))
    there = {item.key for item in made.owed if item.kind == "note"}
    for place in (HERE, THERE):
        what = replace(lost("note", place, thread=True), seq=made.alert.revision)
        again = fate.rerouted(made.alert, known(), what=what)
        assert {item.key for item in again.owed if item.kind == "note"} < there


def test_an_owner_whose_only_card_is_gone_is_told_alone() -> None:
    given = known(team=Team([replace(ANA, chat={"teams": "t"}), BEN, CLEO]))
    alone = f"teams:@{ANA.id}"
    assert owed(fate.rerouted(also(), given, what=lost("card", THERE))) == [
        ("card", HERE, False),
        ("moved", alone, False),
    ]
    assert owed(fate.rerouted(also(), given, what=lost("nudge", THERE, thread=True))) == [
        ("card", HERE, False),
        ("nudge", alone, False),
    ]


def test_steps_and_fallback_stay_in_the_usual_chat_wherever_the_card_is() -> None:
    moved = fate.rerouted(also(), known(), what=lost("card", HERE)).alert
    assert moved.place == THERE
    at_top = known(300)
    woken = wake(replace(moved, step=3, due_at=at_top.now), at_top)
    assert woken is not None
    assert ("exception", "slack:#ai-exceptions", False) in owed(woken)
    assert fate.rerouted(moved, known(), what=lost("card", THERE)).alert.place == "slack:#ai-exceptions"
    assert reach.direct(ANA.id, known()) == f"slack:@{ANA.id}"


@pytest.mark.parametrize(("kind", "thread"), [("card", False), ("nudge", True), ("note", True)])
def test_where_the_own_place_is_gone_the_next_one_takes_its_place(kind: str, thread: bool) -> None:
    change = fate.rerouted(also(), known(), what=lost(kind, HERE, thread=thread))
    assert (change.alert.place, change.alert.also) == (THERE, ())
    # Ana reads in Slack, where no card is any more.
    again = {"nudge": [(kind, f"slack:@{ANA.id}", False)], "note": [(kind, THERE, True)]}.get(kind, [])
    assert owed(change) == [("card", THERE, False), ("moved", f"slack:@{ANA.id}", False), *again]


def test_a_tools_list_never_becomes_the_place_of_the_card() -> None:
    change = fate.rerouted(also(None, "planner:plan"), known(), what=lost("card", HERE))
    assert (change.alert.place, change.alert.also) == ("slack:#ai-exceptions", ("planner:plan",))


def test_what_is_asked_of_a_channel_that_is_also_the_cards_goes_on_up_the_policy() -> None:
    alert = also(replace(opened(), step=3), "slack:#ai-exceptions")
    change = fate.rerouted(alert, known(), what=lost("escalation", "slack:#ai-exceptions"))
    assert change.alert.also == ("slack:#ai-exceptions",)
    assert change.events[-1].kind in (Kind.REROUTED, Kind.ESCALATED, Kind.EXCEPTION)


def test_without_others_everything_is_as_it_was() -> None:
    assert owed(done(life.note(opened(), given(5), by=who(BEN), text="Hm."))) == [
        ("card", HERE, False),
        ("note", HERE, True),
    ]
