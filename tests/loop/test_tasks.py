"""An alert's task in a tool for work items: made, kept up, given up without harm; completed there, asked about once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from cast import ANA, BEN, CLEO, PLAN, FakeTool, Shown, signal
from loop.conftest import World

from bot.core.signal import Severity
from bot.core.state import Alert
from bot.core.task import FINISHED
from bot.ports import Completion, Later, Refusal, Unknown

TASKS = replace(PLAN, tasks="todo:tasks")
MAILS = replace(PLAN, mail=True)


@pytest.fixture
def world(a_world: Callable[..., World]) -> World:
    return a_world(plan=TASKS)


def task(world: World, alert: Alert) -> Shown:
    """Its one task: never two."""
    (found,) = [one for one in world.todo.shown if one.mark.alert == alert.id]
    return found


def state(world: World, alert: Alert) -> str:
    (row,) = [row for row in world.owed(alert) if row.kind == "task"]
    return row.state


def test_a_task_is_made_beside_the_card_and_names_its_address(world: World) -> None:
    alert = world.raised()
    assert alert.also == ("todo:tasks",)
    world.deliver()
    made = task(world, alert)
    assert made.mark.delivery == f"task:{alert.id}:todo:tasks"
    assert made.message.work is not None and made.message.work.owner == ANA.id
    assert made.message.work.link.startswith("https://acme.slack.example/archives/#ai-alerts/")


def test_a_task_waits_for_no_card(world: World) -> None:
    """The chat is away: the task is there all the same, and gets its link when the card is."""
    world.chat.failing = [Later("ratelimited", 30.0)] * 2
    alert = world.raised()
    (waiting,) = [row for row in world.owed(alert) if row.kind == "task"]
    world.courier.deliver(waiting.id)
    assert task(world, alert).message.work is not None
    assert task(world, alert).message.work.link == ""  # type: ignore[union-attr]
    world.deliver()
    assert task(world, alert).message.work.link != ""  # type: ignore[union-attr]


def test_only_alerts_of_these_severities_have_one(a_world: Callable[..., World]) -> None:
    world = a_world(plan=replace(TASKS, tasks_for=frozenset({Severity.CRITICAL})))
    alert = world.raised()
    world.deliver()
    assert alert.also == () and world.todo.shown == []
    world.receive(signal(severity=Severity.CRITICAL))
    world.deliver()
    assert task(world, alert).mark.alert == alert.id


def test_it_follows_its_alert_to_the_end_and_back(world: World) -> None:
    alert = world.raised()
    world.deliver()
    assert world.loop.reassign(world.act(alert, CLEO), to=BEN.id).ok
    world.deliver()
    assert task(world, alert).message.work.owner == BEN.id  # type: ignore[union-attr]
    assert world.loop.resolve(world.act(world.alert(alert.id), BEN), what="Credited.").ok
    world.deliver()
    over = task(world, alert)
    assert over.message.work.is_done and FINISHED in over.says  # type: ignore[union-attr]
    assert world.loop.reopen(world.act(world.alert(alert.id), CLEO), reason="Twice again.").ok
    world.deliver()
    assert not task(world, alert).message.work.is_done  # type: ignore[union-attr]
    assert world.todo.posted == 1


def test_many_changes_are_one_edit(world: World) -> None:
    alert = world.raised()
    world.deliver()
    before = task(world, alert).edits
    for text in ("One.", "Two.", "Three."):
        assert world.loop.note(world.act(world.alert(alert.id), ANA), text=text).ok
    world.deliver()
    assert task(world, alert).edits == before + 1


def test_what_is_over_before_it_had_a_task_gets_none(world: World) -> None:
    alert = world.raised()
    assert world.loop.resolve(world.act(alert, ANA), what="Credited.").ok
    world.deliver()
    assert world.todo.shown == [] and state(world, alert) == "superseded"


def test_a_task_that_somebody_deleted_is_made_anew_while_the_alert_is_open(world: World) -> None:
    alert = world.raised()
    world.deliver()
    world.todo.shown.clear()
    assert world.acknowledge(alert, ANA).ok
    world.deliver()
    assert task(world, alert).message.work is not None
    world.todo.shown.clear()
    assert world.loop.resolve(world.act(world.alert(alert.id), ANA), what="Credited.").ok
    world.deliver()
    assert world.todo.shown == [], "what is over needs none"


def test_an_unknown_outcome_is_looked_at_and_adopted(world: World) -> None:
    world.todo.failing, world.todo.swallows = [Unknown("timeout")], True
    alert = world.raised()
    world.deliver()
    world.clock.ahead += 60
    world.deliver()
    assert world.todo.posted == 1 and world.todo.looks == 1
    assert state(world, alert) == "shown"


@pytest.mark.parametrize(
    ("refusal", "subject"),
    [
        (Refusal("plan_missing", "place"), "todo:tasks"),
        (Refusal("odd", "other"), "todo:tasks"),
        (Refusal("no_mailbox", "person"), f"todo:@{ANA.id}"),
    ],
)
def test_a_task_that_cannot_be_had_is_an_incident_and_no_exception(
    world: World, refusal: Refusal, subject: str
) -> None:
    world.todo.failing = [refusal]
    alert = world.raised()
    world.deliver()
    (incident,) = world.store.incidents()
    assert (incident.kind, incident.subject, incident.detail) == ("place", subject, refusal.code)
    assert state(world, alert) == "superseded"
    assert world.kinds(alert) == ["raised", "superseded"]
    assert world.alert(alert.id).also == ("todo:tasks",)
    assert world.acknowledge(world.alert(alert.id), ANA).ok
    world.deliver()
    assert task(world, alert).message.work is not None, "its next change tries it again"
    assert world.store.incidents() == []


def test_a_tool_that_is_configured_no_more_leaves_nothing_behind(a_world: Callable[..., World]) -> None:
    world = a_world(plan=replace(PLAN, tasks="planner:a-plan"))
    alert = world.raised()
    world.deliver()
    assert state(world, alert) == "superseded" and world.store.incidents() == []


def test_words_that_a_tool_refuses_are_said_plainly(world: World) -> None:
    world.todo.failing = [Refusal("BadRequest", "content")]
    alert = world.raised()
    world.deliver()
    assert "7731" not in task(world, alert).says and alert.short in task(world, alert).message.title
    assert world.store.incidents() == []


def test_what_a_mute_holds_back_has_no_task_yet(world: World) -> None:
    alert = world.raised()
    held = replace(alert, held_by="a-mute")
    assert held.has_card is False
    assert [row.kind for row in world.owed(alert)] == ["card", "task"]


# ── completed there ──────────────────────────────────────────────────────────────────────────────────────────────────


def ticks(world: World, alert: Alert, **completion: object) -> None:
    """Somebody marks its task complete."""
    ts = task(world, alert).receipt.ts
    world.todo.done[ts] = Completion(**{"id": f"{ts}:1"} | completion)  # type: ignore[arg-type]


def asked(world: World, alert: Alert) -> list[Shown]:
    world.deliver()
    return [one for one in world.chat.shown if one.mark.kind == "task_done" and one.mark.alert == alert.id]


def keep(world: World) -> None:
    world.clock.ahead += 200
    world.keeper.keep()


def test_completed_there_the_owner_is_asked_under_the_card_once(world: World) -> None:
    alert = world.raised()
    world.deliver()
    ticks(world, alert)
    keep(world)
    (question,) = asked(world, alert)
    assert question.root is not None and "Is it done?" in question.says
    assert [button.act for button in question.message.buttons] == ["resolve"]
    keep(world)
    keep(world)
    assert len(asked(world, alert)) == 1
    assert world.kinds(alert) == ["raised", "task_done"]
    assert world.alert(alert.id).status == "open", "nothing is closed by it"


def test_completed_anew_they_are_asked_anew(world: World) -> None:
    alert = world.raised()
    world.deliver()
    for number in ("1", "2"):
        ticks(world, alert, id=number)
        keep(world)
    assert world.kinds(alert).count("task_done") == 2


def test_the_trail_names_who_completed_it_where_that_is_told(world: World) -> None:
    alert = world.raised()
    world.deliver()
    ticks(world, alert, by="slack:U0BEN")
    keep(world)
    actor = world.store.events(alert.id)[-1].actor
    assert (actor.kind, actor.id) == ("person", BEN.id)


def test_else_it_names_the_tool(world: World) -> None:
    alert = world.raised()
    world.deliver()
    ticks(world, alert, by="slack:U0NOBODY")
    keep(world)
    actor = world.store.events(alert.id)[-1].actor
    assert (actor.kind, actor.id, actor.name) == ("tool", "todo", "To Do")


def test_what_was_complete_before_it_was_opened_again_is_no_new_word(world: World) -> None:
    alert = world.raised()
    world.deliver()
    assert world.loop.resolve(world.act(alert, ANA), what="Credited.").ok
    world.deliver()
    ticks(world, alert, at=world.clock.now())
    world.clock.at += timedelta(hours=1)
    assert world.loop.reopen(world.act(world.alert(alert.id), CLEO), reason="Again.").ok
    keep(world)
    assert "task_done" not in world.kinds(alert)
    ticks(world, alert, at=world.clock.now() + timedelta(minutes=5), id="2")
    keep(world)
    assert world.kinds(alert).count("task_done") == 1


def test_what_is_over_is_not_asked_about(world: World) -> None:
    alert = world.raised()
    world.deliver()
    ticks(world, alert)
    assert world.loop.resolve(world.act(alert, ANA), what="Credited.").ok
    keep(world)
    assert asked(world, alert) == [] and world.todo.read == []


def test_many_tasks_are_read_twenty_at_a_time(world: World) -> None:
    world.receive(*(signal(dedup_key=f"key-{n}") for n in range(45)))
    world.deliver()
    keep(world)
    assert sum(world.todo.read) == len(world.todo.shown) > 20
    assert max(world.todo.read) == 20


def test_a_tool_that_is_away_keeps_nothing_else_from_being_kept_up(world: World) -> None:
    alert = world.raised()
    world.deliver()
    ticks(world, alert)
    world.todo.away = [Unknown("ServiceUnavailable")]
    keep(world)
    assert "task_done" not in world.kinds(alert)
    keep(world)
    assert "task_done" in world.kinds(alert)


def test_a_tool_of_another_name_is_left_alone(a_world: Callable[..., World]) -> None:
    world = a_world(plan=replace(PLAN, tasks="planner:a-plan"))
    assert isinstance(world.todo, FakeTool)
    world.raised()
    keep(world)
    assert world.todo.read == []


# ── mail ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_manager_without_direct_messages_is_written_to(a_world: Callable[..., World]) -> None:
    world = a_world(plan=MAILS)
    alert = world.raised()
    world.deliver()
    world.sleep(30)
    (word,) = [row for row in world.owed(alert) if row.kind == "escalation"]
    world.chat.failing = [Refusal("Forbidden", "place")]
    world.courier.deliver(word.id)
    world.deliver()
    (letter,) = world.mail.to(f"mail:@{CLEO.id}")
    assert letter.mark.kind == "escalation" and "7731" in letter.says
    kinds = world.kinds(alert)
    assert kinds.index("rerouted") == kinds.index("escalated") + 1 and kinds.count("escalated") == 1
