"""Planner as an app meets it: tasks of a plan with ETags, their details apart, and no word about a missed version."""

from __future__ import annotations

from typing import Any

from sandbox.errors import Json
from sandbox.microsoft import csdl, odata
from sandbox.microsoft.odata import GraphError, bad, missing
from sandbox.microsoft.people import Asked, page
from sandbox.microsoft.tenant import Tenant

ASSIGNMENT = "#microsoft.graph.plannerAssignment"
FREE = ("assignments", "bucketId", "dueDateTime", "percentComplete", "planId", "priority", "startDateTime", "title")
DETAILS = ("checklist", "description", "previewType", "references")
TITLE = 255


def plan(tenant: Tenant, asked: Asked, key: str) -> Json:
    odata.options(asked.query, ())
    return _found(tenant.work.plans, key)


def bucket(tenant: Tenant, asked: Asked, key: str) -> Json:
    odata.options(asked.query, ())
    return _found(tenant.work.buckets, key)


def listed(tenant: Tenant, asked: Asked, key: str) -> Json:
    """The tasks of a plan, without their details."""
    options = odata.options(asked.query, ("$top", "$skiptoken"))
    _found(tenant.work.plans, key)
    return page(tenant, asked, [one for one in tenant.work.tasks.values() if one["planId"] == key], options)


def create(tenant: Tenant, asked: Asked) -> Json:
    body, work = checked("plannerTask", asked, FREE), tenant.work
    if not body.get("title") or not body.get("planId"):
        raise bad("The request is invalid: title and planId are required.")
    _found(work.plans, body["planId"])
    task: Json = {
        "id": work.new_id(),
        "assignments": {},
        "bucketId": None,
        "dueDateTime": None,
        "percentComplete": 0,
        "completedBy": None,
        "completedDateTime": None,
        "createdDateTime": work.stamp(),
        "createdBy": _us(tenant),
        "hasDescription": False,
    }
    _apply(tenant, task, body)
    work.tasks[task["id"]] = task
    work.details[task["id"]] = {"id": task["id"], "description": "", "references": {}, "@odata.etag": work.etag()}
    return task


def task(tenant: Tenant, asked: Asked, key: str) -> Json:
    odata.options(asked.query, ())
    return _found(tenant.work.tasks, key)


def change(tenant: Tenant, asked: Asked, key: str) -> Json | None:
    found = _found(tenant.work.tasks, key)
    _same(asked, found)
    body = checked("plannerTask", asked, FREE)
    if "planId" in body:
        raise bad("The request is invalid: planId cannot be changed.")
    _apply(tenant, found, body)
    return found if asked.headers.get("prefer") == "return=representation" else None


def remove(tenant: Tenant, asked: Asked, key: str) -> None:
    _same(asked, _found(tenant.work.tasks, key))
    del tenant.work.tasks[key], tenant.work.details[key]


def details(tenant: Tenant, asked: Asked, key: str) -> Json:
    odata.options(asked.query, ())
    return _found(tenant.work.details, key)


def change_details(tenant: Tenant, asked: Asked, key: str) -> Json | None:
    found = _found(tenant.work.details, key)
    _same(asked, found)
    found |= checked("plannerTaskDetails", asked, DETAILS)
    found["@odata.etag"] = tenant.work.etag()
    tenant.work.tasks[key]["hasDescription"] = bool(found["description"])
    return found if asked.headers.get("prefer") == "return=representation" else None


# ── what it is held to ───────────────────────────────────────────────────────────────────────────────────────────────


def checked(kind: str, asked: Asked, free: tuple[str, ...]) -> Json:
    """The body, of names of the schema that an app may set. Raises GraphError."""
    body = asked.body
    if not isinstance(body, dict):
        raise bad("The request body is not a JSON object.")
    if problems := csdl.wrong(kind, body):
        raise bad(f"Invalid property: {problems[0]}.")
    if fixed := [name for name in body if "@" not in name and name not in free]:
        raise bad(f"The property '{fixed[0]}' is read-only or belongs elsewhere.")
    return body


def _found(among: dict[str, Json], key: str) -> Json:
    if key not in among:
        raise missing(key)
    return among[key]


def _same(asked: Asked, found: Json) -> None:
    if asked.headers.get("if-match") != found["@odata.etag"]:
        raise GraphError(412, "PreconditionFailed", "The If-Match header does not name this version.")


def _apply(tenant: Tenant, task: Json, body: Json) -> None:
    work, changes = tenant.work, {name: value for name, value in body.items() if "@" not in name}
    if len(changes.get("title", "")) > TITLE:
        raise bad("The request is invalid: the title is too long.")
    if (where := changes.get("bucketId")) and work.buckets.get(where, {}).get("planId") != body.get(
        "planId", task.get("planId")
    ):
        raise bad("The request is invalid: the bucket is not in this plan.")
    _assign(tenant, task, changes.pop("assignments", {}))
    percent = changes.pop("percentComplete", task["percentComplete"])
    if percent not in range(101):
        raise bad("The request is invalid: percentComplete.")
    task |= changes
    work.progress(task, percent, _us(tenant))
    task["@odata.etag"] = work.etag()


def _assign(tenant: Tenant, task: Json, assignments: dict[str, Any]) -> None:
    """Open properties: a person's id with an assignment, or null to take them off."""
    for user, one in assignments.items():
        found = tenant.find(user)
        if one is None:
            task["assignments"].pop(user, None)
        elif one.get("@odata.type") != ASSIGNMENT or not str(one.get("orderHint", "")).endswith("!"):
            raise bad("The request is invalid: an assignment needs its @odata.type and an orderHint.")
        elif found is None or found.guest or not found.enabled:
            raise GraphError(403, "Forbidden", "You do not have the required permissions to access this item.")
        else:
            task["assignments"][user] = {"@odata.type": ASSIGNMENT, "orderHint": "8585"}


def _us(tenant: Tenant) -> Json:
    return {"application": {"id": tenant.config.client_id, "displayName": "Closeloop"}, "user": {"id": None}}
