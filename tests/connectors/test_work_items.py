"""An alert's task in Planner and in To Do, over real HTTP: made once, changed as the alert changes, found again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bot.core.state import Status
from bot.core.task import FINISHED as ENDED
from bot.ports import Completion, Later, Receipt, Refusal, Unknown
from sandbox.microsoft import csdl
from sandbox.microsoft.config import BUCKET, PLAN, ROLES
from tests.connectors.entra import Tenant
from tests.connectors.work import ALERT, FINISHED, LINK, Bench, mark, planner, todo

MAKERS = {"planner": planner, "todo": todo}
POSTS = {"planner": "/planner/tasks$", "todo": "/todo/lists/.+/tasks$"}
ONE = {"planner": "/planner/tasks/", "todo": "/tasks/[^/]+$"}


@pytest.fixture(params=MAKERS)
def bench(request: Any, tenant: Tenant) -> Bench:
    return MAKERS[request.param](tenant)


@pytest.fixture
def plan(tenant: Tenant) -> Bench:
    return planner(tenant)


@pytest.fixture
def lists(tenant: Tenant) -> Bench:
    return todo(tenant)


def test_a_task_is_made_for_the_owner_in_plain_words(bench: Bench) -> None:
    bench.say(link=LINK)
    task = bench.task
    assert task["title"].startswith("CRITICAL Invoice 4711 paid twice #8F3K2Q")
    assert bench.owners() == ["ana"]
    assert task["due"].startswith("2026-11-20T")
    for words in ("<b>Paid</b> twice.", "Expected 100 EUR, observed 200 EUR", f"Card: {LINK}", "ask Ana whether"):
        assert words in task["text"]
    assert not task["done"]


def test_what_is_made_is_of_the_schema(bench: Bench) -> None:
    bench.say(link=LINK)
    raw = bench.task["raw"]
    assert csdl.wrong("plannerTask" if bench.tool.platform == "planner" else "todoTask", raw) == []


def test_a_task_of_planner_is_in_its_plan_and_bucket(plan: Bench) -> None:
    receipt = plan.say()
    assert (plan.task["raw"]["planId"], plan.task["raw"]["bucketId"]) == (PLAN, BUCKET)
    assert receipt == Receipt(channel=PLAN, ts=plan.task["id"])
    assert plan.tool.permalink(receipt).endswith(f"/plan/{PLAN}/view/board/task/{receipt.ts}")


def test_a_to_do_says_where_it_comes_from(lists: Bench) -> None:
    receipt = lists.say(link=LINK)
    (link,) = lists.task["raw"]["linkedResources"]
    assert (link["externalId"], link["applicationName"]) == (f"task:{ALERT.id}:todo:tasks", "Closeloop")
    assert link["webUrl"] == LINK
    assert receipt.ts in lists.tool.permalink(receipt)


def test_one_list_is_made_and_used_from_then_on(lists: Bench, tenant: Tenant) -> None:
    first, second = lists.say(), todo(tenant).say(replace(ALERT, id="01JD000000000000000000AAAAAA"))
    assert first.channel == second.channel
    assert len([one for one in lists.wrote() if one == "POST 201"]) == 3, "one list and two tasks"


def test_what_has_not_changed_is_not_written(bench: Bench) -> None:
    receipt = bench.say(link=LINK)
    before = bench.wrote()
    assert bench.say(edit=receipt, link=LINK) == receipt
    assert bench.wrote() == before


def test_an_edit_writes_what_changed(bench: Bench) -> None:
    receipt = bench.say()
    worse = replace(ALERT, signal=replace(ALERT.signal, title="Paid three times"))
    bench.say(worse, edit=receipt, link=LINK)
    assert "Paid three times" in bench.task["title"]
    assert f"Card: {LINK}" in bench.task["text"]


def test_a_link_that_comes_later_is_where_it_comes_from(lists: Bench) -> None:
    receipt = lists.say()
    assert "webUrl" not in lists.task["raw"]["linkedResources"][0]
    lists.say(edit=receipt, link=LINK)
    assert lists.task["raw"]["linkedResources"][0]["webUrl"] == LINK


@pytest.mark.parametrize("status", [Status.CLOSED, Status.DISMISSED])
def test_it_is_completed_when_the_alert_is_over_and_set_back_when_it_is_not(bench: Bench, status: Status) -> None:
    receipt = bench.say()
    bench.say(replace(FINISHED, status=status), edit=receipt)
    assert bench.task["done"] and ENDED in bench.task["text"] and "Credit note 9." in bench.task["text"]
    bench.say(edit=receipt)
    assert not bench.task["done"] and ENDED not in bench.task["text"]


def test_what_somebody_completed_stays_complete(bench: Bench) -> None:
    receipt = bench.say()
    bench.complete()
    bench.say(replace(ALERT, severity=ALERT.severity), edit=receipt, link=LINK)
    assert bench.task["done"] and LINK in bench.task["text"]


def test_what_somebody_wrote_below_our_words_stays_there(bench: Bench) -> None:
    receipt = bench.say()
    own = f"{bench.task['text']}\nCalled the bank."
    bench.write(own)
    bench.say(FINISHED, edit=receipt)
    assert bench.task["done"] and bench.task["text"].endswith("\nCalled the bank.")
    before = bench.wrote()
    bench.say(FINISHED, edit=receipt)
    assert bench.wrote() == before


def test_a_new_owner_is_assigned_in_planner(plan: Bench) -> None:
    receipt = plan.say()
    plan.say(edit=receipt, owner="ben")
    assert plan.owners() == ["ben"]


def test_whoever_helps_the_owner_stays_assigned(plan: Bench, tenant: Tenant) -> None:
    receipt = plan.say()
    graph, task = tenant.graph(), plan.task
    helper = {tenant.id("dov"): {"@odata.type": "#microsoft.graph.plannerAssignment", "orderHint": " !"}}
    graph.send("PATCH", f"/planner/tasks/{task['id']}", {"assignments": helper}, etag=task["raw"]["@odata.etag"])
    plan.say(edit=receipt, link=LINK)
    assert plan.owners() == ["ana", "dov"]


def test_a_new_owner_gets_a_to_do_of_their_own(lists: Bench) -> None:
    receipt = lists.say()
    with pytest.raises(Refusal) as moved:
        lists.say(edit=receipt, owner="ben")
    assert moved.value.kind == "missing"
    assert lists.work["tasks"] == []
    again = lists.say(owner="ben")
    assert lists.owners() == ["ben"] and again.channel != receipt.channel
    with pytest.raises(Refusal):
        lists.say(edit=receipt, owner="ben")
    assert lists.owners() == ["ben"], "done twice it is done once"


def test_a_to_do_of_whoever_has_no_mailbox_any_more_is_gone(lists: Bench, tenant: Tenant) -> None:
    receipt = lists.say()
    tenant.change("ana", mailbox=None)
    with pytest.raises(Refusal) as moved:
        lists.say(edit=receipt, owner="ben")
    assert moved.value.kind == "missing"


def test_what_is_over_stays_with_whoever_had_it(bench: Bench) -> None:
    receipt = bench.say()
    assert bench.say(FINISHED, edit=receipt, owner="ben") == receipt
    assert bench.owners() == ["ana"] and bench.task["done"]


def test_what_is_over_is_completed_whatever_became_of_its_owner(bench: Bench) -> None:
    receipt = bench.say()
    stranger = lambda name: replace(Bench.person(bench, name), id="x@nowhere.example", chat={})  # noqa: E731
    bench.person = stranger  # type: ignore[method-assign]
    bench.say(FINISHED, edit=receipt)
    assert bench.task["done"]


def test_whoever_has_no_id_of_entra_is_found_by_their_e_mail(bench: Bench, tenant: Tenant) -> None:
    bench.person = lambda name: replace(Bench.person(bench, name), chat={})  # type: ignore[method-assign]
    receipt = bench.say()
    bench.say(edit=receipt)
    assert bench.owners() == ["ana"]
    assert len(tenant.calls("/users?")) == 1, "remembered"


# ── what Graph answers ───────────────────────────────────────────────────────────────────────────────────────────────

Raised = type[Exception]
POSTED: list[tuple[str, dict[str, Any], Raised, str, int]] = [
    ("asked to wait", {"status": 429, "retry_after": "17"}, Later, "", 0),
    ("a server's fault", {"status": 500}, Unknown, "http_500", 0),
    ("too busy", {"status": 503}, Unknown, "ServiceUnavailable", 0),
    ("cut", {"status": 0}, Unknown, "RemoteProtocolError", 0),
    ("made, then cut", {"status": 0, "body": "after"}, Unknown, "RemoteProtocolError", 1),
    ("made, then a gateway's fault", {"status": 504, "body": "after"}, Unknown, "http_504", 1),
    ("not JSON", {"status": 200, "body": "<html>"}, Unknown, "http_200", 0),
    ("not granted", {"status": 403}, Refusal, "Authorization_RequestDenied", 0),
    ("bad words", {"status": 400}, Refusal, "BadRequest", 0),
]
LIMITED = {"planner": "ratelimited", "todo": "mailbox_busy"}
"""what a wish to be left alone concerns: all of Planner, or one mailbox"""
KINDS = {"Authorization_RequestDenied": "place", "BadRequest": "content"}


@pytest.mark.parametrize(("what", "fault", "raised", "code", "made"), POSTED, ids=[row[0] for row in POSTED])
def test_what_becomes_of_a_post(
    bench: Bench, what: str, fault: dict[str, Any], raised: Raised, code: str, made: int
) -> None:
    bench.tenant.fault(POSTS[bench.tool.platform], method="POST", **fault)
    with pytest.raises(raised) as answer:
        bench.say()
    code = code or LIMITED[bench.tool.platform]
    assert (answer.value.code, getattr(answer.value, "kind", "")) == (code, KINDS.get(code, ""))  # type: ignore[attr-defined]
    assert len(bench.work["tasks"]) == made
    bench.tenant.hand.seconds += 60
    assert len(bench.look()) == made, "whatever is there is found by its mark"
    if isinstance(answer.value, Later):
        assert answer.value.seconds == 17.0


def test_what_was_asked_to_wait_waits_without_a_call(bench: Bench) -> None:
    bench.tenant.fault(POSTS[bench.tool.platform], method="POST", retry_after="17")
    with pytest.raises(Later):
        bench.say()
    before = len(bench.tenant.state()["calls"])
    with pytest.raises(Later) as answer:
        bench.say(owner="ana")
    assert len(bench.tenant.state()["calls"]) == before and answer.value.code == LIMITED[bench.tool.platform]
    bench.tenant.hand.seconds += 18
    bench.say()
    assert bench.owners() == ["ana"]


@pytest.mark.parametrize("status", [409, 412])
def test_a_version_that_was_missed_is_read_again_once(plan: Bench, status: int) -> None:
    receipt = plan.say()
    plan.tenant.fault(ONE["planner"], status, method="PATCH", times=1)
    plan.say(edit=receipt, owner="ben")
    assert plan.owners() == ["ben"]
    plan.tenant.fault(ONE["planner"], status, method="PATCH", times=2)
    with pytest.raises(Later) as answer:
        plan.say(edit=receipt, owner="ana")
    assert answer.value.code == "changed_meanwhile"
    assert plan.owners() == ["ben"]


def test_what_somebody_changes_in_between_is_not_overwritten(plan: Bench, tenant: Tenant) -> None:
    """The stand-in refuses an old ETag: our second look has the new one."""
    receipt = plan.say()
    stale = plan.task["raw"]["@odata.etag"]
    plan.complete()
    graph = tenant.graph()
    with pytest.raises(Refusal):
        graph.send("PATCH", f"/planner/tasks/{receipt.ts}", {"title": "x"}, etag=stale)
    plan.say(edit=receipt, link=LINK)
    assert plan.task["done"]


EDITED: list[tuple[str, dict[str, Any], Raised, str]] = [
    ("asked to wait", {"status": 429, "retry_after": "9"}, Later, ""),
    ("cut", {"status": 0}, Unknown, ""),
    ("a server's fault", {"status": 502}, Unknown, ""),
    ("not granted", {"status": 403}, Refusal, "place"),
    ("gone", {"status": 404}, Refusal, "missing"),
]


@pytest.mark.parametrize(("what", "fault", "raised", "kind"), EDITED, ids=[row[0] for row in EDITED])
def test_what_becomes_of_an_edit(bench: Bench, what: str, fault: dict[str, Any], raised: Raised, kind: str) -> None:
    receipt = bench.say()
    bench.tenant.fault(ONE[bench.tool.platform], method="PATCH", **fault)
    with pytest.raises(raised) as answer:
        bench.say(FINISHED, edit=receipt)
    assert getattr(answer.value, "kind", "") == kind
    bench.tenant.hand.seconds += 20
    if kind != "missing":
        bench.say(FINISHED, edit=receipt)
        assert bench.task["done"], "the same again mends it"


def test_a_task_that_somebody_deleted_is_missing(bench: Bench) -> None:
    receipt = bench.say()
    bench.tool.retract(receipt)
    assert bench.work["tasks"] == []
    bench.tool.retract(receipt)
    with pytest.raises(Refusal) as answer:
        bench.say(edit=receipt)
    assert answer.value.kind == "missing"


def test_a_read_that_fails_changed_nothing(bench: Bench) -> None:
    receipt = bench.say()
    bench.tenant.fault("batch|/tasks/", 500, method="POST" if bench.tool.platform == "planner" else "GET")
    with pytest.raises(Later):
        bench.say(edit=receipt, link=LINK)


def test_a_plan_that_is_gone_is_a_place_that_cannot_be_written(plan: Bench, tenant: Tenant) -> None:
    tenant.http.delete(f"{tenant.url}/sandbox/api/microsoft/plans/{PLAN}").raise_for_status()
    for act in (plan.say, plan.look):
        with pytest.raises(Refusal) as answer:
            act()
        assert (answer.value.code, answer.value.kind) == ("plan_missing", "place")


NOBODIES: list[tuple[str, Callable[[Tenant], None], str]] = [
    ("no mailbox", lambda tenant: tenant.change("ana", mailbox=None), "no_mailbox"),
    ("deleted", lambda tenant: tenant.change("ana", removed=True), "no_mailbox"),
]


@pytest.mark.parametrize(("what", "change", "code"), NOBODIES, ids=[row[0] for row in NOBODIES])
def test_who_has_no_to_do_is_no_fault_of_anybody_elses(
    lists: Bench, tenant: Tenant, what: str, change: Callable[[Tenant], None], code: str
) -> None:
    change(tenant)
    with pytest.raises(Refusal) as answer:
        lists.say()
    assert (answer.value.code, answer.value.kind) == (code, "person")
    lists.say(owner="ben")
    assert lists.owners() == ["ben"]


def test_whom_entra_does_not_know_has_no_task(bench: Bench) -> None:
    bench.person = lambda name: replace(Bench.person(bench, name), id="x@nowhere.example", chat={})  # type: ignore[method-assign]
    with pytest.raises(Refusal) as answer:
        bench.say()
    assert (answer.value.code, answer.value.kind) == ("no_account", "person")


def test_a_permission_that_is_missing_is_a_place_that_cannot_be_written(bench: Bench, tenant: Tenant) -> None:
    tenant.set(roles=[role for role in ROLES if role != "Tasks.ReadWrite.All"])
    with pytest.raises(Refusal) as answer:
        bench.say()
    assert answer.value.kind == "place"


def test_a_list_that_somebody_deleted_is_made_anew(lists: Bench, tenant: Tenant) -> None:
    lists.say()
    tenant.http.delete(f"{tenant.url}/sandbox/api/microsoft/lists").raise_for_status()
    with pytest.raises(Later):
        lists.say()
    lists.say()
    assert lists.owners() == ["ana"]


# ── found again ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_only_what_carries_the_mark_is_found_oldest_first(bench: Bench) -> None:
    assert bench.look() == []
    first, second = bench.say(), bench.say()
    assert bench.look() == [first, second]
    assert MAKERS[bench.tool.platform](bench.tenant).look() == [first, second], "by any worker"
    other = replace(mark(bench.place), delivery="task:another")
    assert bench.tool.look(bench.target("ana"), mark=other, age=40.0) == []


def test_what_a_former_owner_was_given_in_doubt_is_found_in_their_list(lists: Bench) -> None:
    lists.tenant.fault(POSTS["todo"], 0, method="POST", body="after")
    with pytest.raises(Unknown):
        lists.say()
    assert lists.look("ben") == []
    (found,) = lists.look("ben", "ana")
    with pytest.raises(Refusal):
        lists.say(edit=found, owner="ben")
    assert lists.work["tasks"] == []


def test_a_task_whose_words_were_not_written_is_found_and_told_them(plan: Bench) -> None:
    plan.tenant.fault("/details$", 500, method="PATCH")
    with pytest.raises(Unknown):
        plan.say()
    (found,) = plan.look()
    assert plan.task["text"] == ""
    plan.say(edit=found)
    assert "Expected 100 EUR" in plan.task["text"]


def test_a_long_list_is_read_to_its_end(bench: Bench) -> None:
    made = {bench.say().ts for _ in range(7)}
    assert {receipt.ts for receipt in bench.look()} == made, "three a page"


# ── completed there ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_complete_is_told_with_who_did_it_where_that_is_known(bench: Bench) -> None:
    receipt = bench.say()
    gone = Receipt(channel=receipt.channel, ts="no-such-task")
    assert bench.tool.completed([gone, receipt]) == [None, None]
    bench.complete("ben")
    nobody, found = bench.tool.completed([gone, receipt])
    assert nobody is None and isinstance(found, Completion)
    assert found.by == (f"teams:{bench.tenant.id('ben')}" if bench.tool.platform == "planner" else "")
    assert bench.tool.completed([receipt]) == [found], "the same for as long as it stays complete"


def test_completed_again_it_is_another_completion(plan: Bench) -> None:
    receipt = plan.say()
    plan.complete()
    (first,) = plan.tool.completed([receipt])
    plan.complete(done=False)
    plan.complete()
    (second,) = plan.tool.completed([receipt])
    assert first.id != second.id


def test_twenty_tasks_are_one_call(bench: Bench) -> None:
    receipt = bench.say()
    before = len(bench.tenant.calls("$batch"))
    assert bench.tool.completed([receipt] * 20) == [None] * 20
    assert len(bench.tenant.calls("$batch")) == before + 1
