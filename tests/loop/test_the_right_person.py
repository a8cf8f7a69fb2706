"""An alert finds the person who can act: not mine, away, help, together, in silence while a mute lasts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cast import ANA, BEN, CLEO, DOV, ELSA, GUS, PLAN, POLICY, T0, minutes, plain

from bot.core.mutes import Mute
from bot.core.people import Away
from bot.core.policy import Step
from bot.core.routing import Owner, Rule
from bot.core.signal import Severity
from bot.core.state import Status
from storage.memory_tx import MemoryTx

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def away(world: Any, one: Any, *, delegate: str | None, after: float = 0, lasts: timedelta = DAY) -> None:
    start = T0 + minutes(after)
    absent = replace(one, away=(Away(start=start, until=start + lasts, delegate=delegate),))
    world.directory.people[one.id] = absent
    world.store.save_people([absent], at=world.clock.at)


# ── not mine ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_not_mine_three_times_is_an_exception_that_the_owner_of_last_resort_has(world: Any) -> None:
    alert = world.raised(owner=BEN.id)
    for one, following in ((BEN, ANA), (ANA, CLEO), (CLEO, ELSA)):
        done = world.loop.not_mine(world.act(world.alert(alert.id), one))
        assert done.ok
        assert world.alert(alert.id).owner == following.id
    after = world.alert(alert.id)
    assert world.kinds(alert) == ["raised", "declined", "declined", "declined", "exception"]
    assert (after.status, after.step, after.hops, after.declined) == (Status.OPEN, 3, 3, (BEN.id, ANA.id, CLEO.id))
    exception = world.store.events(alert.id)[-1]
    assert (exception.reason, exception.data["asked"]) == ("3 people said it is not theirs", ["#ai-exceptions"])
    world.deliver()
    [told] = world.chat.to("slack:#ai-exceptions")
    assert "3 people said it is not theirs. Owner: @Elsa. Who takes this?" in told.says
    assert [shown.mark.kind for shown in world.chat.to(f"slack:@{ELSA.id}")] == ["assigned"]
    last = world.loop.not_mine(world.act(after, ELSA))
    assert (last.code, world.alert(alert.id).owner) == ("bad_input", ELSA.id), "somebody has to have it"


def test_a_policy_may_bear_fewer_of_them(a_world: Callable[..., Any]) -> None:
    world = a_world(policy=replace(POLICY, hops=1))
    alert = world.raised()
    assert world.loop.not_mine(world.act(alert, ANA)).ok
    assert world.alert(alert.id).owner == ELSA.id
    assert world.kinds(alert) == ["raised", "declined", "exception"]
    assert world.store.events(alert.id)[-1].reason == "1 person said it is not theirs"


def test_giving_it_to_somebody_by_hand_starts_the_count_anew(world: Any) -> None:
    alert = world.raised(owner=BEN.id)
    world.loop.not_mine(world.act(alert, BEN))
    world.loop.not_mine(world.act(world.alert(alert.id), ANA))
    world.loop.reassign(world.act(world.alert(alert.id), CLEO), to=BEN.id)
    assert (world.alert(alert.id).hops, world.alert(alert.id).declined) == (0, ())
    world.loop.not_mine(world.act(world.alert(alert.id), BEN))
    assert world.alert(alert.id).owner == ANA.id


def test_not_mine_steps_over_whoever_is_away_to_their_delegate(world: Any) -> None:
    away(world, CLEO, delegate=DOV.id)
    alert = world.raised()
    assert world.loop.not_mine(world.act(alert, ANA)).ok
    assert world.alert(alert.id).owner == DOV.id


# ── away ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_raised_while_its_owner_is_away_goes_to_their_delegate_and_the_trail_has_both(world: Any) -> None:
    away(world, ANA, delegate=BEN.id)
    alert = world.raised()
    assert alert.owner == BEN.id
    why = world.store.events(alert.id)[0].reason
    assert why == f"the source's own; stands in for {ANA.id}, away until 2026-03-03 09:00 UTC"


def test_an_owner_who_goes_away_meanwhile_is_stood_in_for_at_the_next_look(world: Any) -> None:
    alert = world.raised()
    world.acknowledge(alert, ANA)
    away(world, ANA, delegate=BEN.id, after=60)
    world.sleep(2 * HOUR)
    assert world.kinds(alert) == ["raised", "acknowledged", "delegated"]
    after = world.alert(alert.id)
    assert (after.owner, after.status, after.due_at) == (BEN.id, Status.OPEN, T0 + 2 * HOUR + minutes(10))
    world.deliver()
    [told] = world.chat.to(f"slack:@{BEN.id}")
    assert told.says.startswith("This is yours now. Ana is away until 2026-03-03 10:00 UTC; Ben stands in.")


def test_whoever_comes_back_gets_nothing_back_by_itself(world: Any) -> None:
    away(world, ANA, delegate=BEN.id, lasts=minutes(15))
    alert = world.raised()
    world.sleep(20)
    assert world.alert(alert.id).owner == BEN.id


# ── help ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_check_in_is_answered_by_help_and_the_manager_is_told_with_what_to_press(world: Any) -> None:
    alert = world.raised()
    world.acknowledge(alert, ANA)
    world.sleep(2 * HOUR)
    world.deliver()
    [asked] = [shown for shown in world.chat.shown if shown.mark.kind == "check_in"]
    assert [button.label for button in asked.message.buttons] == ["Yes", "Done", "Help"]
    done = world.loop.help(world.act(world.alert(alert.id), ANA))
    assert (done.ok, plain(done.said)) == (True, "Ana needs help with this; asked Cleo.")
    world.deliver()
    [told] = world.chat.to(f"slack:@{CLEO.id}")
    assert told.says.splitlines()[0] == "Ana has this and needs help. Please help, or name somebody who can."
    assert "Acknowledge" not in [button.label for button in told.message.buttons]
    assert (world.alert(alert.id).owner, world.alert(alert.id).asked) == (ANA.id, 0)


def test_yes_and_done_answer_a_check_in_too(world: Any) -> None:
    alert = world.raised()
    world.acknowledge(alert, ANA)
    world.sleep(2 * HOUR)
    assert world.acknowledge(world.alert(alert.id), ANA).ok
    world.sleep(2 * HOUR)
    assert world.loop.resolve(world.act(world.alert(alert.id), ANA), what="Refunded.").ok
    kinds = ["raised", "acknowledged", "check_in", "still_on_it", "check_in", "resolved", "closed"]
    assert world.kinds(alert) == kinds


def test_escalate_now_tells_the_manager_at_once(world: Any) -> None:
    alert = world.raised()
    done = world.loop.escalate(world.act(alert, ANA))
    assert (done.ok, plain(done.said)) == (True, "Ana escalated this; asked Cleo.")
    world.deliver()
    assert [shown.mark.kind for shown in world.chat.to(f"slack:@{CLEO.id}")] == ["escalation"]
    assert world.loop.escalate(world.act(alert, BEN)).code == "not_allowed"


def test_a_responder_is_told_and_may_act_from_then_on(world: Any) -> None:
    alert = world.raised()
    assert world.loop.resolve(world.act(alert, DOV), what="x").code == "not_allowed"
    assert world.loop.add_responder(world.act(alert, ANA), person=DOV.id).ok
    world.deliver()
    [told] = world.chat.to(f"slack:@{DOV.id}")
    assert told.says.splitlines()[0] == "Ana asks you to help with this. Ana owns it."
    assert "With: Dov" in world.card(alert).says
    assert world.loop.resolve(world.act(world.alert(alert.id), DOV), what="Refunded.").ok
    assert world.loop.add_responder(world.act(world.alert(alert.id), ANA), person=GUS.id).code == "bad_input"


@pytest.mark.parametrize("act", ["acknowledge", "escalate", "not_mine"])
def test_whoever_is_in_the_channel_that_is_asked_may_act_there(a_world: Callable[..., Any], act: str) -> None:
    world = a_world(policy=replace(POLICY, steps=(Step(who=("#team",), nudge_every=minutes(5)), *POLICY.steps)))
    alert = world.raised()
    assert getattr(world.loop, act)(world.act(alert, DOV)).code == "not_allowed"
    assert getattr(world.loop, act)(world.act(alert, DOV, asked=True)).ok


# ── together ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_critical_is_dismissed_by_two(a_world: Callable[..., Any]) -> None:
    world = a_world(policy=replace(POLICY, second_person=frozenset({Severity.CRITICAL})))
    alert = world.raised(severity=Severity.CRITICAL)
    asked = world.loop.dismiss(world.act(alert, ANA), reason="A test invoice.")
    assert (asked.ok, asked.alert.status) == (True, Status.OPEN)
    world.deliver()
    card = world.card(alert)
    assert "Ana asks to dismiss this, which takes a second person: A test invoice." in card.says
    assert "Agree to dismiss" in [button.label for button in card.message.buttons]
    questions = [shown for shown in world.chat.shown if shown.mark.kind == "second_person"]
    assert sorted(shown.place for shown in questions) == ["slack:#ai-alerts", f"slack:@{CLEO.id}"]
    assert {tuple(button.act for button in shown.message.buttons) for shown in questions} == {("agree", "history")}
    for one, code in ((ANA, "already"), (BEN, "not_allowed"), (DOV, "not_allowed")):
        assert world.loop.agree(world.act(alert, one)).code == code
    assert world.loop.agree(world.act(alert, CLEO)).ok
    assert world.kinds(alert) == ["raised", "dismissal_asked", "dismissed"]
    assert world.alert(alert.id).status == Status.DISMISSED


def test_a_policy_keeps_dismissing_to_managers(a_world: Callable[..., Any]) -> None:
    world = a_world(policy=replace(POLICY, dismiss={"default": "manager"}))
    alert = world.raised()
    assert world.loop.dismiss(world.act(alert, ANA), reason="A test.").code == "not_allowed"
    assert world.loop.dismiss(world.act(alert, CLEO), reason="A test.").ok


# ── in silence ───────────────────────────────────────────────────────────────────────────────────────────────────────

MUTE = Mute(id="m1", start=T0 - HOUR, until=T0 + 3 * HOUR, owner=CLEO.id, source="ap-auditor")


@pytest.fixture
def mutes(monkeypatch: pytest.MonkeyPatch) -> list[Mute]:
    """What is muted, whatever the store says."""
    held = [MUTE]
    monkeypatch.setattr(MemoryTx, "mutes", lambda tx, at, /: [mute for mute in held if mute.covers(at)])
    return held


def test_a_mute_holds_back_and_what_it_held_back_is_shown_once_it_ends(world: Any, mutes: list[Mute]) -> None:
    alert = world.raised()
    world.raised()
    world.sleep(3 * HOUR - minutes(1))
    assert (world.deliver(), world.chat.shown) == ([], [])
    world.sleep(1)
    world.deliver()
    [card] = world.chat.shown
    assert "@Ana" in card.says
    assert "raised 2 times" in plain(card.message.foot)
    world.sleep(10)
    assert world.kinds(alert) == ["raised", "raised_again", "snooze_ended", "nudged"]


def test_what_flaps_under_a_mute_says_nothing_at_all(world: Any, mutes: list[Mute]) -> None:
    alert = world.raised()
    for _ in range(3):
        assert world.loop.cleared(alert.id, source="ap-auditor").ok
        world.clock.forward(5)
        assert world.raised().id == alert.id
    world.loop.cleared(alert.id, source="ap-auditor")
    world.sleep(4 * HOUR)
    assert (world.deliver(), world.chat.shown) == ([], [])
    assert (world.alert(alert.id).status, world.alert(alert.id).returned) == (Status.CLOSED, 3)


def test_what_becomes_critical_breaks_out(world: Any, mutes: list[Mute]) -> None:
    alert = world.raised()
    world.clock.forward(5)
    world.raised(severity=Severity.CRITICAL)
    world.deliver()
    assert {shown.mark.kind for shown in world.chat.shown} == {"card", "nudge"}
    assert world.alert(alert.id).held_by is None
    assert world.raised(severity=Severity.CRITICAL, dedup_key="another").held_by is None


def test_of_several_mutes_the_one_that_ends_last_holds_and_others_hold_nothing(world: Any, mutes: list[Mute]) -> None:
    mutes += [replace(MUTE, id="m2", until=T0 + DAY), replace(MUTE, id="m3", until=T0 + 2 * DAY, source="other")]
    assert (world.raised().held_by, world.raised(source="fraud-watch").held_by) == ("m2", None)


def test_a_mute_of_a_rule_holds_back_what_the_rule_matches(a_world: Callable[..., Any], mutes: list[Mute]) -> None:
    rule = Rule(when={"labels.team": ("payments",)}, owners=(Owner(BEN.id),), name="payments")
    mutes[:] = [replace(MUTE, source=None, rule="payments")]
    world = a_world(plan=replace(PLAN, rules=(rule,)))
    assert world.raised(labels={"team": "payments"}, dedup_key="a").held_by == "m1"
    assert world.raised(labels={"team": "sales"}, dedup_key="b").held_by is None


# ── given to somebody who is away ────────────────────────────────────────────────────────────────────────────────────


def test_what_is_given_to_somebody_who_is_away_goes_to_who_stands_in_at_once(world: Any) -> None:
    alert = world.raised()
    away(world, BEN, delegate=DOV.id)
    assert world.loop.reassign(world.act(alert, ANA), to=BEN.id, reason="Yours").ok
    assert world.alert(alert.id).owner == DOV.id
    assert world.kinds(alert) == ["raised", "reassigned", "delegated"]
    world.deliver()
    assert [shown.mark.kind for shown in world.chat.to(f"slack:@{DOV.id}")] == ["assigned"]
    assert world.chat.to(f"slack:@{BEN.id}") == [], "who is away hears nothing of it"


def test_what_comes_back_to_somebody_who_is_away_goes_to_who_stands_in(world: Any) -> None:
    alert = world.raised()
    assert world.loop.resolve(world.act(alert, ANA), what="Refunded.").ok
    away(world, ANA, delegate=BEN.id)
    world.raised()
    assert world.alert(alert.id).owner == BEN.id
    world.deliver()
    assert world.chat.to(f"slack:@{ANA.id}") == []
