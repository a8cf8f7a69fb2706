"""The stand-in for Planner, To Do and mail is strict: versions, names, permissions, and what each never says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.microsoft.config import BUCKET, CLIENT, MAILBOX, PLAN, ROLES, TENANT, MicrosoftConfig
from sandbox.microsoft.tenant import object_id

ANA, BEN = object_id("U0ANA"), object_id("U0BEN")
LISTS = f"/users/{ANA}/todo/lists"
TASK = {"planId": PLAN, "title": "A task"}
ASSIGNED = {"@odata.type": "#microsoft.graph.plannerAssignment", "orderHint": " !"}
LETTER = {
    "message": {
        "subject": "Hello",
        "body": {"contentType": "Text", "content": "x"},
        "toRecipients": [{"emailAddress": {"address": "ana@acme.example"}}],
        "internetMessageHeaders": [{"name": "x-own", "value": "1"}],
    }
}
Ask = Callable[..., Any]


@pytest.fixture
def graph(box: Any) -> Ask:
    def ask(method: str, path: str, body: Any = None, **headers: str) -> Any:
        form = {
            "grant_type": "client_credentials",
            "client_id": CLIENT,
            "scope": "https://graph.microsoft.com/.default",
        }
        form["client_secret"] = MicrosoftConfig().client_secret
        token = box.http.post(f"{box.url}/microsoft/login/{TENANT}/oauth2/v2.0/token", data=form).json()["access_token"]
        sent = {
            "authorization": f"Bearer {token}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return box.http.request(method, f"{box.url}/microsoft/graph/v1.0{path}", json=body, headers=sent)

    return ask


@pytest.fixture
def task(graph: Ask) -> Any:
    return graph("POST", "/planner/tasks", TASK).json()


@pytest.fixture
def tasks(graph: Ask) -> str:
    """The address of a list's tasks."""
    made = graph("POST", LISTS, {"displayName": "Closeloop"})
    assert made.status_code == 201
    return f"{LISTS}/{made.json()['id']}/tasks"


BAD: list[tuple[str, dict[str, Any], int]] = [
    ("no title", {"planId": PLAN}, 400),
    ("no plan", {"title": "x"}, 400),
    ("a plan that nobody knows", {**TASK, "planId": "y"}, 404),
    ("a name of no schema", {**TASK, "shoeSize": 1}, 400),
    ("another type", {**TASK, "percentComplete": "100"}, 400),
    ("read-only", {**TASK, "completedDateTime": "2026-01-01T00:00:00Z"}, 400),
    ("its details", {**TASK, "details": {"description": "x"}}, 400),
    ("a bucket of another plan", {**TASK, "bucketId": "z"}, 400),
    ("too long", {**TASK, "title": "x" * 256}, 400),
    ("an assignment without its type", {**TASK, "assignments": {ANA: {"orderHint": " !"}}}, 400),
    ("an order that was handed back", {**TASK, "assignments": {ANA: {**ASSIGNED, "orderHint": "8585"}}}, 400),
    ("a guest", {**TASK, "assignments": {object_id("U0GUS"): ASSIGNED}}, 403),
    ("more than all of it", {**TASK, "percentComplete": 101}, 400),
]


@pytest.mark.parametrize(("why", "body", "status"), BAD, ids=[row[0] for row in BAD])
def test_a_task_of_planner_is_made_as_planner_wants_it(graph: Ask, why: str, body: Any, status: int) -> None:
    assert graph("POST", "/planner/tasks", body).status_code == status
    assert graph("POST", "/planner/tasks", {**TASK, "bucketId": BUCKET, "assignments": {ANA: ASSIGNED}}).is_success


@pytest.mark.parametrize("part", ["", "/details"])
def test_only_the_newest_version_can_be_changed(graph: Ask, task: Any, part: str) -> None:
    address = f"/planner/tasks/{task['id']}"
    found = graph("GET", f"{address}{part}").json()
    change = {"description": "x"} if part else {"title": "Changed"}
    assert graph("PATCH", f"{address}{part}", change).status_code == 412
    done = graph("PATCH", f"{address}{part}", change, if_match=found["@odata.etag"])
    assert (done.status_code, done.content) == (204, b"")
    assert graph("PATCH", f"{address}{part}", change, if_match=found["@odata.etag"]).status_code == 412


def test_the_version_of_a_task_and_that_of_its_details_are_two(graph: Ask, task: Any) -> None:
    address = f"/planner/tasks/{task['id']}"
    details = graph("GET", f"{address}/details").json()
    assert graph("PATCH", f"{address}/details", {"description": "x"}, if_match=task["@odata.etag"]).status_code == 412
    assert graph("PATCH", f"{address}/details", {"description": "x"}, if_match=details["@odata.etag"]).is_success
    assert graph("GET", address).json()["hasDescription"] is True


def test_a_list_of_tasks_has_no_details(graph: Ask, task: Any) -> None:
    (listed,) = graph("GET", f"/planner/plans/{PLAN}/tasks").json()["value"]
    assert listed["title"] == "A task" and "description" not in str(listed).replace("hasDescription", "")
    assert graph("GET", f"/planner/plans/{PLAN}/tasks?$expand=details").status_code == 400


def test_who_completed_it_and_when_is_known_in_planner(box: Any, graph: Ask, task: Any) -> None:
    box.post(f"microsoft/tasks/{task['id']}", **{"as": "U0BEN"})
    done = graph("GET", f"/planner/tasks/{task['id']}").json()
    assert done["percentComplete"] == 100 and done["completedBy"]["user"]["id"] == BEN and done["completedDateTime"]
    box.post(f"microsoft/tasks/{task['id']}", **{"as": "U0BEN", "done": False})
    assert graph("GET", f"/planner/tasks/{task['id']}").json()["completedBy"] is None


def test_a_deleted_task_is_gone(graph: Ask, task: Any) -> None:
    address = f"/planner/tasks/{task['id']}"
    assert graph("DELETE", address).status_code == 412
    assert graph("DELETE", address, if_match=task["@odata.etag"]).status_code == 204
    assert graph("GET", address).status_code == 404


def test_a_to_do_keeps_the_day_alone_and_says_not_who(box: Any, graph: Ask, tasks: str) -> None:
    due = {"dateTime": "2026-11-20T17:30:00", "timeZone": "UTC"}
    made = graph("POST", tasks, {"title": "A task", "dueDateTime": due})
    assert made.status_code == 201
    assert made.json()["dueDateTime"]["dateTime"].startswith("2026-11-20T00:00")
    box.post(f"microsoft/tasks/{made.json()['id']}", **{"as": "U0ANA"})
    done = graph("GET", f"{tasks}/{made.json()['id']}").json()
    assert done["status"] == "completed" and done["completedDateTime"]["dateTime"].endswith("T00:00:00.0000000")
    assert "completedBy" not in done


def test_where_a_to_do_comes_from_is_said_to_whoever_asks(graph: Ask, tasks: str) -> None:
    link = {"externalId": "1", "applicationName": "Closeloop", "displayName": "x"}
    graph("POST", tasks, {"title": "A task", "linkedResources": [link]})
    assert "linkedResources" not in graph("GET", tasks).json()["value"][0]
    (found,) = graph("GET", f"{tasks}?$expand=linkedResources").json()["value"]
    assert found["linkedResources"][0]["externalId"] == "1"


BAD_TODO: list[dict[str, Any]] = [
    {},
    {"title": "x", "mood": "y"},
    {"title": "x", "status": "done"},
    {"title": "x", "linkedResources": [{"shoe": "y"}]},
    {"title": "x", "completedDateTime": {"dateTime": "2026-11-20", "timeZone": "UTC"}},
]


@pytest.mark.parametrize("body", BAD_TODO)
def test_a_to_do_is_made_as_to_do_wants_it(graph: Ask, tasks: str, body: Any) -> None:
    assert graph("POST", tasks, body).status_code == 400


def test_nobodys_list_is_reached_through_somebody_else(graph: Ask, tasks: str) -> None:
    assert graph("GET", tasks.replace(ANA, BEN)).status_code == 404


def test_whoever_has_no_mailbox_has_no_lists(box: Any, graph: Ask) -> None:
    box.post("microsoft/users/U0ANA", mailbox=None)
    answer = graph("GET", LISTS)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "MailboxNotEnabledForRESTAPI")


def test_a_mail_is_taken_with_202_and_not_a_word(box: Any, graph: Ask) -> None:
    taken = graph("POST", f"/users/{MAILBOX}/sendMail", LETTER)
    assert (taken.status_code, taken.content) == (202, b"")
    (sent,) = box.get("microsoft/work", **{"as": "U0ANA"})["mails"]
    assert (sent["subject"], sent["headers"]) == ("Hello", {"x-own": "1"})
    assert box.get("microsoft/work", **{"as": "U0BEN"})["mails"] == []


BAD_MAIL = [
    {"toRecipients": []},
    {"internetMessageHeaders": [{"name": "Subject", "value": "1"}]},
    {"internetMessageHeaders": [{"name": f"x-{n}", "value": "1"} for n in range(6)]},
    {"toRecipients": ["ana@acme.example"]},
    {"shoe": "x"},
]


@pytest.mark.parametrize("more", BAD_MAIL)
def test_a_mail_is_written_as_graph_wants_it(box: Any, graph: Ask, more: Any) -> None:
    assert graph("POST", f"/users/{MAILBOX}/sendMail", {"message": {**LETTER["message"], **more}}).status_code == 400
    assert box.get("microsoft/work")["mails"] == []


def test_a_mailbox_that_nobody_has_sends_nothing(graph: Ask) -> None:
    assert graph("POST", "/users/nobody@acme.example/sendMail", LETTER).status_code == 404


NEEDED = [
    ("GET", f"/planner/plans/{PLAN}", "Tasks.ReadWrite.All"),
    ("GET", LISTS, "Tasks.ReadWrite.All"),
    ("POST", f"/users/{MAILBOX}/sendMail", "Mail.Send"),
]


@pytest.mark.parametrize(("method", "path", "role"), NEEDED)
def test_each_needs_its_permission(box: Any, graph: Ask, method: str, path: str, role: str) -> None:
    body = LETTER if method == "POST" else None
    assert graph(method, path, body).is_success
    box.post("microsoft/app", roles=[one for one in ROLES if one != role])
    assert graph(method, path, body).status_code == 403


def test_a_fault_may_hide_that_something_was_done(box: Any, graph: Ask) -> None:
    fault = {"path": "/planner/tasks$", "method": "POST", "status": 504, "body": "after"}
    assert box.http.post(f"{box.url}/sandbox/api/microsoft/faults", json=fault).is_success
    assert graph("GET", f"/planner/plans/{PLAN}/tasks").is_success, "another method is none of its business"
    assert graph("POST", "/planner/tasks", TASK).status_code == 504
    assert len(box.get("microsoft/work")["tasks"]) == 1
