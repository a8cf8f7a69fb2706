"""The task of an alert: what it says in a tool for work items, and what follows when somebody completes it there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from cast import (
    ANA,
    BEN,
    CLEO,
    FULL,
    PLAN,
    T0,
    Team,
    acknowledged,
    closed,
    done,
    given,
    minutes,
    opened,
    raising,
    signal,
    who,
)

from bot.core import alert as life
from bot.core import fate
from bot.core.card import RESOLVE
from bot.core.events import Actor, Kind
from bot.core.fate import Undelivered
from bot.core.fitting import plain
from bot.core.notices import notice
from bot.core.raising import came_back, raised_again
from bot.core.signal import Discrepancy, Severity
from bot.core.state import Change, Refused, card, cards, is_read
from bot.core.task import FINISHED, YOURS, completed, is_ours, task, text
from bot.core.words import told

PEOPLE = {one.id: one for one in (ANA, BEN, CLEO)}
TOOL = Actor(kind="tool", id="todo", name="To Do")
TASKS = replace(PLAN, tasks="todo:tasks", tasks_for=frozenset({Severity.CRITICAL}))
MAILS = replace(PLAN, mail=True)
GOLDEN = """\
Open · owner Ana · not acknowledged yet
> The same invoice was paid on Monday and on Tuesday.
Expected 7,100 EUR, observed 14,200 EUR
Raised 2026-03-02 09:00 UTC by ap-auditor
To finish it, resolve it on its card: marking this task complete makes Closeloop ask Ana whether it is done.
Card: https://chat.example/card/1
Below this line Closeloop changes nothing."""


def test_a_task_says_whose_it_is_what_is_wrong_and_where_to_act() -> None:
    alert = raising(FULL).alert
    made = task(alert, link="https://chat.example/card/1")
    assert text(made, PEOPLE) == GOLDEN
    assert made.title == "ERROR Invoice 7731 is paid twice #ALERT1"
    assert made.work is not None
    assert (made.work.owner, made.work.due, made.work.is_done) == (ANA.id, alert.due_at, False)
    assert not made.buttons and not made.more


def test_it_is_due_when_it_is_to_be_resolved_once_that_is_known() -> None:
    alert = acknowledged()
    work = task(alert).work
    assert work is not None and work.due == alert.resolve_by != alert.due_at


def test_what_is_over_says_so_with_what_was_done() -> None:
    said = text(task(closed()), PEOPLE)
    assert FINISHED in said and "Resolution: Refunded." in said
    assert FINISHED not in text(task(opened()), PEOPLE), "only a task of ours that is over has this line"


def test_without_a_link_it_names_the_channel() -> None:
    assert text(task(opened()), PEOPLE).endswith(f"Card in #ai-alerts\n{YOURS}")


def test_what_people_wrote_below_the_line_stays_theirs() -> None:
    before = text(task(opened()), PEOPLE) + "\r\nCalled the bank.\r\n"
    after = text(task(closed()), PEOPLE, before=before)
    assert after.startswith("Closed") and after.endswith(f"{YOURS}\nCalled the bank.")
    assert text(task(closed()), PEOPLE, before=after) == after
    assert text(task(closed()), PEOPLE, before="All of it is gone.") == text(task(closed()), PEOPLE)
    assert is_ours(after) and not is_ours(f"{before}{FINISHED}")


def test_calm_it_says_nothing_that_its_source_wrote() -> None:
    made = task(raising(FULL).alert, calm=True)
    said = f"{made.title}\n{text(made, PEOPLE)}"
    for theirs in ("7731", "Monday", "14,200", "ap-auditor"):
        assert theirs not in said
    assert "#ALERT1" in made.title


def test_what_a_source_wrote_hides_nothing_and_stays_on_its_line() -> None:
    made = task(raising(replace(FULL, title="a\n\u202egpj.exe #AAAAAA", summary="x\u200b" * 4000)).alert)
    assert "\n" not in made.title and "\u202e" not in made.title and made.title.endswith("#ALERT1")
    assert len(text(made, PEOPLE)) < 2000


# ── a place of its own ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("place", "read"),
    [("slack:#a", True), ("teams:@ana", True), ("mail:@ana", True), ("todo:tasks", False), ("planner:xq-_Qg", False)],
)
def test_a_tools_list_is_read_by_nobody(place: str, read: bool) -> None:
    assert is_read(place) is read
    assert card(opened(), place).kind == ("card" if read else "task")


def test_every_change_owes_the_task_in_its_newest_form() -> None:
    alert = replace(opened(), also=("todo:tasks",))
    step = done(life.acknowledge(alert, given(5), by=who(ANA)))
    assert [(one.kind, one.place, one.thread) for one in step.owed] == [
        ("card", "slack:#ai-alerts", False),
        ("task", "todo:tasks", False),
    ]
    assert step.owed[1].key == f"task:{alert.id}:todo:tasks" and not step.owed[1].passing
    assert cards(replace(alert, held_by="a-mute")) == ()


def test_an_alert_that_becomes_so_severe_gets_its_task_then() -> None:
    known = given(5, plan=TASKS)
    worse = replace(opened().signal, severity=Severity.CRITICAL)
    step = done(raised_again(opened(), known, signal=worse))
    assert step.alert.also == ("todo:tasks",)
    assert "task" in [one.kind for one in step.owed]
    again = done(raised_again(step.alert, known, signal=worse))
    assert again.alert.also == ("todo:tasks",), "once"
    assert came_back(closed(), known, signal=worse, owner=ANA.id).alert.also == ("todo:tasks",)
    assert came_back(closed(), known, signal=opened().signal, owner=ANA.id).alert.also == ()


# ── completed there ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("alert", [opened(), acknowledged()])
def test_completed_there_its_owner_is_asked_and_nothing_else_changes(alert: Any) -> None:
    step = done(completed(alert, given(9), by=TOOL, tool="todo"))
    (event,) = step.events
    assert (event.kind, event.actor, set(event.data["set"])) == (Kind.TASK_DONE, TOOL, {"revision"})
    assert (step.alert.status, step.alert.owner, step.alert.due_at) == (alert.status, alert.owner, alert.due_at)
    asks = step.owed[-1]
    assert (asks.kind, asks.thread, asks.person) == ("task_done", True, ANA.id)


def test_the_question_can_be_answered_at_once() -> None:
    step = done(completed(opened(), given(9), by=TOOL, tool="planner"))
    message = notice("task_done", step.alert, step.events[0], to=None, now=T0 + minutes(9))
    said = "\n".join(plain(line, PEOPLE) for line in message.lines)
    assert said == "Ana, the task in Planner is marked complete. Is it done? Resolve says what was done."
    assert message.buttons == (RESOLVE,)
    alone = notice("task_done", step.alert, step.events[0], to=ANA.id, now=T0 + minutes(9))
    assert RESOLVE in alone.buttons and "Invoice 7731" in str(alone.lines)


def test_who_did_it_is_named_where_that_is_known() -> None:
    by_ben = done(completed(opened(), given(9), by=who(BEN), tool="planner"))
    assert plain(told(by_ben.events[0]), PEOPLE) == "Ben marked its task in Planner complete"


def test_what_is_over_is_asked_about_no_more() -> None:
    assert isinstance(completed(closed(), given(9), by=TOOL, tool="todo"), Refused)


# ── mail ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def lost(kind: str, place: str) -> Undelivered:
    return Undelivered(key=f"{kind}:1", kind=kind, place=place, thread=False, error="Forbidden")


def asking(step: int, **known: Any) -> Change:
    """What becomes of the step's word to Cleo, who has no direct messages."""
    alert = replace(opened(), step=step)
    return fate.rerouted(alert, given(30, **known), what=lost("escalation", f"slack:@{CLEO.id}"))


def others(step: Change) -> list[tuple[str, str]]:
    return [(one.kind, one.place) for one in step.owed if one.kind != "card"]


def test_whom_no_direct_message_reaches_is_written_to_before_anybody_else_is_asked() -> None:
    step = asking(1, plan=MAILS)
    assert others(step) == [("escalation", f"mail:@{CLEO.id}")]
    assert [event.kind for event in step.events] == [Kind.REROUTED]
    said = plain(told(step.events[0]), PEOPLE)
    assert said == "Its escalation could not be shown in the direct messages of Cleo (Forbidden); wrote to Cleo"
    assert step.alert.step == 1 and step.alert.due_at == opened().due_at, "their time runs on"


def test_where_no_mail_is_configured_the_next_step_is_asked() -> None:
    assert [event.kind for event in asking(1).events] == [Kind.REROUTED, Kind.ESCALATED]


def test_a_mail_that_cannot_be_sent_takes_the_next_route() -> None:
    alert = replace(opened(), step=1)
    step = fate.rerouted(alert, given(30, plan=MAILS), what=lost("escalation", f"mail:@{CLEO.id}"))
    assert [event.kind for event in step.events] == [Kind.REROUTED, Kind.ESCALATED]
    assert not any(one.place.startswith("mail:") for one in step.owed)


NOT_BY_MAIL: list[tuple[str, str, dict[str, Any]]] = [
    ("a channel", "slack:#ai-exceptions", {}),
    ("somebody who is asked no more", f"slack:@{BEN.id}", {}),
    ("the owner", f"slack:@{ANA.id}", {"kind": "nudge"}),
]


@pytest.mark.parametrize(("what", "place", "more"), NOT_BY_MAIL, ids=[row[0] for row in NOT_BY_MAIL])
def test_nobody_else_is_written_to(what: str, place: str, more: dict[str, Any]) -> None:
    alert = replace(opened(), step=1)
    failed = replace(lost("escalation", place), **more)
    step = fate.rerouted(alert, given(30, plan=MAILS, roster=Team()), what=failed)
    assert not any(one.place.startswith("mail:") for one in step.owed)


def test_an_exception_is_written_to_whom_it_was_for() -> None:
    alert = replace(opened(), step=2)
    step = fate.rerouted(alert, given(90, plan=MAILS), what=lost("exception", f"slack:@{PLAN.last_resort}"))
    assert others(step) == [("exception", f"mail:@{PLAN.last_resort}")]


@pytest.mark.parametrize("mark", [FINISHED, YOURS])
@pytest.mark.parametrize("around", ["{}", "well\n{}\nmore", "a\r{}\rb", "a\u2028{}\u2028b", "  {}"])
def test_what_a_source_wrote_is_never_taken_for_a_line_of_ours(mark: str, around: str) -> None:
    said = around.format(mark)
    alert = raising(signal(title=said, summary=said, discrepancy=Discrepancy(expected=said, observed=said))).alert
    once = text(task(alert), PEOPLE)
    assert not is_ours(once)
    assert text(task(alert), PEOPLE, before=once) == once, "it does not grow"
    theirs = f"{once}\nI called them."
    assert text(task(alert), PEOPLE, before=theirs) == theirs
    over = done(life.resolve(alert, given(5), by=who(ANA), what=said)).alert
    assert not is_ours(text(task(over), PEOPLE)), "it is not closed yet"


def test_an_address_that_a_source_wrote_is_no_link_in_a_task() -> None:
    said = "Pay at https://evil.example/x or WWW.evil.example now."
    shown = text(task(raising(signal(summary=said, title=said)).alert, link="https://chat.example/card/1"), PEOPLE)
    assert "https: //evil.example/x or WWW .evil.example" in shown
    assert "Card: https://chat.example/card/1" in shown
