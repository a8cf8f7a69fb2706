"""A task for whoever owns an alert, in Planner and in To Do, over real HTTP; and mail to whom no message reaches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx2
import pytest
from story.teams_town import Desk, open_town, says, titles
from story.town import Town
from story.workspace import until

PLAN, BUCKET = "acme-plan-of-alerts-00000001", "acme-bucket-of-open-00000001"
TOOLS: dict[str, dict[str, Any]] = {
    "planner": {"tool": "planner", "plan": PLAN, "bucket": BUCKET, "severities": ["critical", "error"]},
    "todo": {"tool": "todo", "severities": ["critical", "error"]},
}


@pytest.fixture(scope="module", params=TOOLS)
def town(request: Any, tmp_path_factory: Any, http: httpx2.Client) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp(request.param)
    more, mailbox = {"work_items": TOOLS[request.param]}, "closeloop@acme.example"
    opened = open_town(folder, http, more=more, MICROSOFT_MAIL_FROM=mailbox)
    yield opened
    opened.close()


def object_id(town: Town, who: str) -> str:
    return str(town.workspace.get("microsoft")["accounts"][who]["id"])


def work(town: Town) -> Any:
    return town.workspace.get("microsoft/work")


def task(town: Town, alert: str, *, of: str = "U0ANA", done: bool = False, says: str = "") -> Any:
    """The alert's one task, once it is this person's, and complete or not."""

    def there() -> Any:
        found = [one for one in work(town)["tasks"] if f"#{alert[-6:]}" in one["title"]]
        assert len(found) < 2, "two tasks of one alert"
        mine = found and found[0]["owners"] == [object_id(town, of)]
        return found[0] if mine and found[0]["done"] is done and says in found[0]["text"] else None

    return until(there, 25, why=lambda: f"no such task: {work(town)['tasks']}")


def test_a_task_goes_with_its_alert_from_raised_to_resolved(town: Town, ana: Desk, ben: Desk) -> None:
    alert = town.raise_alert("ap-auditor", title="Invoice 4711 <b>is</b> above its order", severity="error")
    made = task(town, alert, says="/teams/l/message/")
    assert made["title"].startswith(f"ERROR Invoice 4711 <b>is</b> above its order #{alert[-6:]}")
    assert made["due"]

    fill_in(ana, ana.card(alert), "Reassign", person=object_id(town, "U0BEN"))
    task(town, alert, of="U0BEN")

    fill_in(ben, ben.card(alert, shows="<at>Ben Okafor</at>"), "Resolve", what="Credit note 9 was booked.")
    over = task(town, alert, of="U0BEN", done=True)
    assert "Resolution: Credit note 9 was booked." in over["text"]
    assert town.kinds(alert) == ["raised", "reassigned", "resolved", "closed"]


def fill_in(who: Desk, card: Any, label: str, **inputs: str) -> None:
    """Press, and hand in the form that comes back: an edit of the card may take its place on the page any moment."""
    form = who.press(card, label)["answer"]["value"]
    assert who.press({**card, "card": form}, label, **inputs)["status"] == 200


def test_what_is_not_so_severe_has_no_task(town: Town, ana: Desk) -> None:
    alert = town.raise_alert("ap-auditor", title="Only a warning", severity="warning")
    ana.card(alert)
    assert not any("Only a warning" in one["title"] for one in work(town)["tasks"])


def test_completed_there_the_owner_is_asked_once_and_nothing_is_closed(town: Town, ana: Desk) -> None:
    alert = town.raise_alert("ap-auditor", title="Ticked off too soon", severity="error")
    card = ana.card(alert)
    made = task(town, alert)
    town.workspace.post(f"microsoft/tasks/{made['id']}", **{"as": "U0ANA"})
    read_again(town, made["id"])
    until(lambda: "task_done" in town.kinds(alert), 15, why=lambda: f"{town.kinds(alert)}")
    (question,) = until(lambda: ana.thread(card), 15, why="she was not asked")
    assert "is marked complete. Is it done?" in says(question["card"])
    assert titles(question["card"]) == ["Resolve"]

    read_again(town, made["id"])
    assert town.kinds(alert).count("task_done") == 1, "the same completion is asked about once"
    assert town.alert(alert)["status"] == "open"
    assert task(town, alert, done=True), "what somebody ticked stays ticked"


def read_again(town: Town, task_id: str) -> None:
    """A few minutes pass, until Closeloop has looked whether this task is complete."""
    before = looks(town, task_id)
    for _ in range(9):
        town.forward(minutes=1)
        with suppress(AssertionError):
            until(lambda: looks(town, task_id) > before, 3)
            return
    raise AssertionError("the tasks were not read again")


def looks(town: Town, task_id: str) -> int:
    """How often this task was read with others; whoever edits one of Planner reads its details as well."""
    paths = [one["path"] for one in town.workspace.get("microsoft")["calls"] if one["method"] == "BATCH"]
    edits = sum(path.endswith(f"/tasks/{task_id}/details") for path in paths)
    return sum(path.endswith(f"/tasks/{task_id}") for path in paths) - edits


def test_whom_no_direct_message_reaches_is_written_to(town: Town, ana: Desk) -> None:
    town.workspace.post("teams/change", installed={"U0CLEO": False})
    alert = town.raise_alert("ap-auditor", title="She has no app", severity="error")
    ana.card(alert)
    for kind, count in (("nudged", 1), ("nudged", 2), ("escalated", 1)):
        town.forward(minutes=10)
        until(lambda kind=kind, count=count: town.kinds(alert).count(kind) == count, 15)
    (letter,) = until(lambda: letters(town, alert), 25, why=lambda: f"no mail: {town.kinds(alert)}")
    assert letter["to"] == ["cleo@acme.example"] and letter["from"] == "closeloop@acme.example"
    assert "She has no app" in letter["text"] and "/teams/l/message/" in letter["text"]
    assert letter["headers"]["x-closeloop-delivery"].startswith(f"escalation:{alert}:")
    assert town.kinds(alert).count("escalated") == 1, "nobody else was asked in her place"
    town.workspace.post("teams/change", installed={"U0CLEO": True})


def letters(town: Town, alert: str) -> list[Any]:
    return [one for one in work(town)["mails"] if alert[-6:] in one["text"]]
