"""One act on several alerts, and alerts that people raise by hand."""

from __future__ import annotations

from typing import Any

import pytest
from cast import ANA, BEN, DOV, ELSA, GUS, T0, plain

from bot.core.signal import Severity
from bot.core.state import Status
from bot.ports import Gesture
from handlers.several import MOST, TOLD


def picked(*alerts: Any) -> str:
    return " ".join(f"{alert.id}:{alert.generation}" for alert in alerts)


def three(world: Any, **fields: Any) -> list[Any]:
    return [world.raised(dedup_key=f"k{n}", title=f"Number {n}", **fields) for n in range(3)]


# ── several at once ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_one_press_acknowledges_all_that_were_picked(world: Any) -> None:
    alerts = three(world)
    answer = world.gesture(ANA, "bulk", **{"for": "acknowledge", "picked": picked(*alerts)})
    assert (answer.ok, plain(answer.said)) == (True, "Done for 3 alerts.")
    assert {world.alert(alert.id).status for alert in alerts} == {Status.ACKNOWLEDGED}


def test_a_form_is_filled_in_once_for_all_of_them(world: Any) -> None:
    alerts = three(world)
    asked = world.gesture(ANA, "form", **{"for": "resolve", "picked": picked(*alerts)})
    assert asked.form.act == "resolve"
    done = world.gesture(ANA, "resolve", **{"for": "resolve", "picked": picked(*alerts), "what": "Refunded."})
    assert done.ok
    assert {(after := world.alert(alert.id)).status for alert in alerts} == {Status.CLOSED}
    assert after.resolution == "Refunded."


def test_each_is_decided_by_itself_and_what_was_refused_is_named_with_its_reason(world: Any) -> None:
    mine, his, third = three(world)
    world.loop.reassign(world.act(his, ANA), to=ELSA.id)
    world.acknowledge(third, BEN)
    answer = world.gesture(ANA, "bulk", **{"for": "acknowledge", "picked": picked(mine, third)})
    said = plain(answer.said)
    assert answer.ok
    assert said.startswith("Done for 1 alert. Not for #")
    assert f"#{third.short}" in said
    assert "Ben" in said
    assert world.alert(mine.id).owner == ANA.id


def test_whoever_may_not_changes_none_of_them(world: Any) -> None:
    alerts = three(world)
    answer = world.gesture(DOV, "bulk", **{"for": "acknowledge", "picked": picked(*alerts)})
    assert not answer.ok
    assert plain(answer.said).count("You may not acknowledge") == 3
    assert {world.alert(alert.id).status for alert in alerts} == {Status.OPEN}


def test_of_many_that_were_refused_a_few_are_named_and_the_rest_counted(world: Any) -> None:
    alerts = [world.raised(dedup_key=f"k{n}") for n in range(TOLD + 3)]
    said = plain(world.gesture(DOV, "bulk", **{"for": "acknowledge", "picked": picked(*alerts)}).said)
    assert said.count("Not for #") == TOLD
    assert said.endswith("Nor for 3 others.")


def test_what_is_filled_in_wrong_for_all_of_them_keeps_the_form_open(world: Any) -> None:
    alerts = three(world)
    answer = world.gesture(ANA, "snooze", **{"for": "snooze", "picked": picked(*alerts), "until": "1"})
    assert (answer.ok, answer.wrong) == (False, "until")


def test_the_same_gesture_twice_is_done_once(world: Any) -> None:
    alerts = three(world)
    asked = Gesture(
        id="once",
        platform="slack",
        chat_id="U0ANA",
        act="note",
        fields={"for": "note", "picked": picked(*alerts), "text": "Looking."},
    )
    first, second = world.desk.take(asked), world.desk.take(asked)
    assert first.ok and second.ok
    assert [world.kinds(alert).count("noted") for alert in alerts] == [1, 1, 1]


@pytest.mark.parametrize("what", ["", "  ", "nonsense", "a:b", ":1"])
def test_nothing_picked_is_nothing_done(world: Any, what: str) -> None:
    for fields in ({"for": "acknowledge"}, {"for": "resolve"}):
        act = "form" if fields["for"] == "resolve" else "bulk"
        answer = world.gesture(ANA, act, **fields, picked=what)
        assert (answer.ok, plain(answer.said)) == (False, "Pick one or more alerts first.")


def test_an_act_of_another_version_does_nothing(world: Any) -> None:
    alerts = three(world)
    answer = world.gesture(ANA, "bulk", **{"for": "teleport", "picked": picked(*alerts)})
    assert not answer.ok
    assert [world.kinds(alert) for alert in alerts] == [["raised"]] * 3


def test_no_more_than_a_page_is_taken_at_once(world: Any) -> None:
    alerts = [world.raised(dedup_key=f"k{n}") for n in range(MOST + 1)]
    answer = world.gesture(ANA, "bulk", **{"for": "acknowledge", "picked": picked(*alerts)})
    assert plain(answer.said) == f"Done for {MOST} alerts."


# ── by hand ──────────────────────────────────────────────────────────────────────────────────────────────────────────

FILLED = {"for": "raise", "title": "The shop is slow", "severity": "error"}


def raised(world: Any) -> Any:
    (alert,) = [alert for alert in world.store.search("people", limit=5) if alert.source == "people"]
    return world.alert(alert.id)


def test_what_a_message_says_is_filled_in_already(world: Any) -> None:
    answer = world.gesture(ANA, "form", **{"for": "raise", "text": "The shop is slow\nsince nine\no'clock"})
    filled = {one.name: one.value for one in answer.form.fields}
    assert (filled["title"], filled["summary"]) == ("The shop is slow", "since nine\no'clock")


def test_an_alert_that_somebody_raises_has_their_name_in_its_trail_and_lives_as_any_other(world: Any) -> None:
    answer = world.gesture(
        BEN, "raise", **FILLED, person="U0ANA", summary="Since nine.", link="https://acme.slack.example/p1"
    )
    alert = raised(world)
    assert plain(answer.said) == f"Raised as #{alert.short}."
    assert (alert.owner, alert.severity, alert.signal.summary) == (ANA.id, Severity.ERROR, "Since nine.")
    assert alert.signal.evidence[0].url == "https://acme.slack.example/p1"
    first = world.store.events(alert.id)[0]
    assert (first.actor.kind, first.actor.id) == ("person", BEN.id)
    world.deliver()
    assert world.card(alert).message.title
    world.sleep(10)
    assert world.kinds(alert) == ["raised", "nudged"]


def test_without_a_name_routing_finds_its_owner(world: Any) -> None:
    assert world.gesture(BEN, "raise", **FILLED).ok
    assert raised(world).owner == ELSA.id, "no rule knows the source people here"


def test_a_form_that_is_sent_twice_is_one_alert(world: Any) -> None:
    asked = Gesture(id="once", platform="slack", chat_id="U0BEN", act="raise", fields=FILLED)
    first, second = world.desk.take(asked), world.desk.take(asked)
    assert plain(first.said) == plain(second.said)
    assert raised(world).count == 1


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [({"title": "  "}, "title"), ({"person": "U0GUS"}, "person"), ({"person": "U0NOBODY"}, "person")],
)
def test_what_is_filled_in_wrong_is_told_beside_its_field(world: Any, fields: dict[str, str], wrong: str) -> None:
    answer = world.gesture(BEN, "raise", **FILLED | fields)
    assert (answer.ok, answer.wrong) == (False, wrong)
    assert world.store.search("people", limit=5) == []


def test_a_guest_raises_nothing(world: Any) -> None:
    assert not world.gesture(GUS, "form", **{"for": "raise", "text": "x"}).ok
    assert not world.gesture(GUS, "raise", **FILLED).ok
    assert world.store.search("people", limit=5) == []


@pytest.mark.parametrize("link", ["javascript:alert(1)", "https://a@b.example", "nonsense", ""])
def test_a_link_that_leads_nowhere_is_left_out(world: Any, link: str) -> None:
    assert world.gesture(BEN, "raise", **FILLED, link=link).ok
    assert raised(world).signal.evidence == ()


def test_a_severity_that_nobody_knows_is_a_warning(world: Any) -> None:
    assert world.gesture(BEN, "raise", **FILLED | {"severity": "apocalyptic"}).ok
    assert raised(world).severity == Severity.WARNING
    assert raised(world).raised_at == T0
