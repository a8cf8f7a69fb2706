"""What a source raises: once, again, in one batch, twice over the network, and after a fix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from cast import ANA, BEN, CLEO, ELSA, PLAN, POLICY, T0, plain, signal

from bot.acts import Arrival, Received
from bot.core.routing import Owner, Rule
from bot.core.signal import Severity
from bot.core.state import Refused, Status
from bot.ports import Interaction


def test_a_raise_is_stored_with_its_event_its_card_and_an_owner(world: Any) -> None:
    answer = world.receive(signal())[0]
    alert = world.alert(answer.alert_id)
    assert (answer.status, answer.duplicate, answer.replayed) == ("open", False, False)
    assert (alert.owner, alert.place, alert.policy_version) == (ANA.id, "slack:#ai-alerts", 1)
    assert [(row.kind, row.state) for row in world.owed(alert)] == [("card", "pending")]
    assert world.queue.hints == [("deliver", world.owed(alert)[0].id)]


def test_the_same_key_again_is_the_same_alert(world: Any) -> None:
    first = world.receive(signal())[0]
    second = world.receive(signal(summary="again"))[0]
    assert (second.alert_id, second.duplicate) == (first.alert_id, True)
    assert (world.alert(first.alert_id).count, len(world.owed(world.alert(first.alert_id)))) == (2, 1)


def test_the_same_key_of_another_source_is_another_alert(world: Any) -> None:
    assert len({answer.alert_id for answer in world.receive(signal(), signal(source="drift-watch"))}) == 2


def test_raises_without_a_key_are_never_the_same(world: Any) -> None:
    answers = world.receive(signal(dedup_key=None), signal(dedup_key=None), signal(dedup_key=""))
    assert len({answer.alert_id for answer in answers}) == 3
    assert not any(answer.duplicate for answer in answers)


def test_duplicates_within_one_batch_are_one_alert(world: Any) -> None:
    answers = world.receive(signal(), signal(severity=Severity.CRITICAL), signal(dedup_key="other"), signal())
    assert [answer.duplicate for answer in answers] == [False, True, False, True]
    alert = world.alert(answers[0].alert_id)
    assert (alert.count, alert.severity, alert.revision) == (3, Severity.CRITICAL, 3)
    assert [(row.kind, row.seq) for row in world.owed(alert)] == [("card", 3), ("nudge", 2)]


def test_the_same_request_twice_is_answered_as_the_first_was(world: Any) -> None:
    first = world.posted("r1", "body")
    world.loop.resolve(world.act(world.alert(first.alert_id), ANA), what="Refunded.")
    again = world.posted("r1", "body")
    assert again == replace(first, replayed=True)
    assert world.alert(first.alert_id).count == 1


def test_the_same_request_twice_in_one_batch_is_taken_once(world: Any) -> None:
    arrival = Arrival(signal=signal(dedup_key=None), interaction=Interaction(source="intake:1", id="r1", digest="d"))
    first, again = world.loop.receive([arrival, arrival])
    assert isinstance(first, Received)
    assert again == replace(first, replayed=True)


def test_the_same_request_key_with_another_body_is_refused(world: Any) -> None:
    world.posted("r1", "body")
    answer = world.posted("r1", "another body", signal(title="Something else"))
    assert isinstance(answer, Refused)
    assert (answer.code, plain(answer.why)) == ("key_reused", "This Idempotency-Key was used with another body.")


def test_a_refused_request_does_not_spoil_its_batch(world: Any) -> None:
    world.posted("r1", "body")
    arrivals = [
        Arrival(signal=signal(dedup_key="a")),
        Arrival(signal=signal(), interaction=Interaction(source="intake:1", id="r1", digest="other")),
        Arrival(signal=signal(dedup_key="b")),
    ]
    answers = world.loop.receive(arrivals)
    assert [isinstance(answer, Received) for answer in answers] == [True, False, True]


def test_a_request_key_belongs_to_its_source(world: Any) -> None:
    world.posted("r1", "body")
    other = Interaction(source="intake:2", id="r1", digest="other body")
    assert isinstance(world.loop.receive([Arrival(signal=signal(dedup_key="x"), interaction=other)])[0], Received)


def _closed(world: Any, **fields: Any) -> Any:
    alert = world.raised(**fields)
    assert world.loop.resolve(world.act(alert, ANA), what="Refunded.").ok
    return world.alert(alert.id)


def test_what_comes_back_within_the_window_is_the_same_alert_with_its_owner(world: Any) -> None:
    closed = _closed(world)
    world.clock.forward(POLICY.reopen_window)
    answer = world.receive(signal())[0]
    after = world.alert(closed.id)
    assert (answer.alert_id, answer.duplicate, answer.status) == (closed.id, True, "open")
    assert (after.status, after.returned, after.owner) == (Status.OPEN, 1, ANA.id)
    assert world.kinds(after)[-1] == "came_back"


def test_what_comes_back_after_the_window_is_a_new_alert(world: Any) -> None:
    closed = _closed(world)
    world.clock.forward(POLICY.reopen_window + timedelta(seconds=1))
    answers = world.receive(signal(), signal())
    assert answers[0].alert_id != closed.id
    assert [answer.duplicate for answer in answers] == [False, True]
    assert answers[0].alert_id == answers[1].alert_id
    assert world.alert(closed.id).status == Status.CLOSED


def test_what_was_dismissed_does_not_come_back_but_is_raised_anew(world: Any) -> None:
    alert = world.raised()
    world.loop.dismiss(world.act(alert, ANA), reason="A test.")
    assert world.receive(signal())[0].alert_id != alert.id


def test_what_comes_back_goes_to_somebody_who_can_still_be_asked(world: Any) -> None:
    closed = _closed(world)
    world.store.save_people([replace(ANA, active=False)], at=T0)
    world.receive(signal())
    assert world.alert(closed.id).owner == CLEO.id


def test_an_older_alert_cannot_be_reopened_beside_a_newer_one_of_the_same_key(world: Any) -> None:
    old = _closed(world)
    world.clock.forward(timedelta(days=8))
    newer = world.raised()
    done = world.loop.reopen(world.act(old, ANA), reason="Still wrong.")
    assert (done.ok, done.code) == (False, "already")
    assert plain(done.said) == f"This was raised again since then: it is #{newer.short} now."
    assert world.alert(old.id).status == Status.CLOSED


def test_an_older_alert_can_be_reopened_once_the_newer_one_is_over(world: Any) -> None:
    old = _closed(world)
    world.clock.forward(timedelta(days=8))
    newer = world.raised()
    world.loop.dismiss(world.act(newer, ANA), reason="The same.")
    assert world.loop.reopen(world.act(old, ANA), reason="Still wrong.").ok


def test_an_alert_keeps_the_version_of_the_policy_it_was_raised_under(world: Any) -> None:
    alert = world.raised()
    slow = replace(POLICY, steps=(replace(POLICY.steps[0], nudge_every=timedelta(days=1)), *POLICY.steps[1:]))
    world.store.save_policies([slow], at=T0)
    world.sleep(10)
    assert world.kinds(alert) == ["raised", "nudged"]
    assert world.raised(dedup_key="new").policy_version == 2


def test_routing_decides_owner_place_and_policy(a_world: Callable[..., Any]) -> None:
    rule = Rule(when={"labels.team": ("payments",)}, owners=(Owner(BEN.id),), channel="#payments")
    world = a_world(plan=replace(PLAN, rules=(rule,)))
    alert = world.raised(labels={"team": "payments"})
    assert (alert.owner, alert.place) == (BEN.id, "slack:#payments")


def test_where_nobody_can_own_it_the_owner_of_last_resort_does(world: Any) -> None:
    world.store.save_people([replace(one, active=False) for one in (ANA, CLEO, ELSA)], at=T0)
    assert world.raised().owner == ELSA.id


def test_the_source_says_it_is_over(world: Any) -> None:
    alert = world.raised()
    done = world.loop.cleared(alert.id, source="ap-auditor")
    assert (done.ok, world.alert(alert.id).status) == (True, Status.CLOSED)
    assert world.kinds(alert) == ["raised", "cleared", "closed"]
    assert world.queue.hints, "the card is owed"


def test_where_the_policy_says_ask_the_owner_is_asked_to_confirm(a_world: Callable[..., Any]) -> None:
    world = a_world(policy=replace(POLICY, cleared="ask"))
    alert = world.raised()
    assert world.loop.cleared(alert.id, source="ap-auditor").ok
    assert world.alert(alert.id).status == Status.OPEN
    assert [row.kind for row in world.owed(alert)] == ["card", "nudge"]


def test_a_source_clears_only_its_own_alerts_and_only_once(world: Any) -> None:
    alert = world.raised()
    assert world.loop.cleared(alert.id, source="drift-watch").code == "unknown"
    assert world.loop.cleared("01JQNOSUCHALERT", source="ap-auditor").code == "unknown"
    assert world.alert(alert.id).status == Status.OPEN
    world.loop.cleared(alert.id, source="ap-auditor")
    assert world.loop.cleared(alert.id, source="ap-auditor").code == "finished"
