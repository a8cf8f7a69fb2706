"""To Do as an app meets it: somebody's lists, tasks in them, and where each comes from."""

from __future__ import annotations

import uuid

from sandbox.errors import Json
from sandbox.microsoft import odata
from sandbox.microsoft.odata import GraphError, bad, missing
from sandbox.microsoft.people import NOT_ENABLED, Asked, page
from sandbox.microsoft.planner import checked
from sandbox.microsoft.tenant import Tenant, object_id
from sandbox.microsoft.work import TodoList

FREE = ("body", "categories", "dueDateTime", "importance", "isReminderOn", "reminderDateTime", "status", "title")
LINK = ("applicationName", "displayName", "externalId", "webUrl")
STATUSES = ("notStarted", "inProgress", "completed", "waitingOnOthers", "deferred")


def lists(tenant: Tenant, asked: Asked, user: str) -> Json:
    options = odata.options(asked.query, ("$top", "$skiptoken"))
    owner = _owner(tenant, user)
    found = [one for one in tenant.work.lists.values() if one.user == owner]
    return page(tenant, asked, [_list(one) for one in found], options)


def create_list(tenant: Tenant, asked: Asked, user: str) -> Json:
    owner, body = _owner(tenant, user), checked("todoTaskList", asked, ("displayName",))
    if not body.get("displayName"):
        raise bad("displayName is required.")
    made = TodoList(id=tenant.work.new_id(), user=owner, name=body["displayName"])
    tenant.work.lists[made.id] = made
    return _list(made)


def tasks(tenant: Tenant, asked: Asked, user: str, key: str) -> Json:
    options = odata.options(asked.query, ("$expand", "$top", "$skiptoken"))
    where = _where(tenant, user, key)
    return page(tenant, asked, [_task(one, options) for one in where.tasks.values()], options)


def create(tenant: Tenant, asked: Asked, user: str, key: str) -> Json:
    where, work = _where(tenant, user, key), tenant.work
    body = checked("todoTask", asked, (*FREE, "linkedResources"))
    if not body.get("title"):
        raise bad("title is required.")
    links = [{"id": str(uuid.uuid4()), **one} for one in body.get("linkedResources", ())]
    made: Json = {
        "id": work.new_id(),
        "body": {"content": "", "contentType": "text"},
        "importance": "normal",
        "dueDateTime": None,
        "completedDateTime": None,
        "createdDateTime": work.stamp(),
        "status": "notStarted",
        "linkedResources": links,
    }
    _apply(tenant, made, {name: value for name, value in body.items() if name != "linkedResources"})
    where.tasks[made["id"]] = made
    return made


def task(tenant: Tenant, asked: Asked, user: str, key: str, task_id: str) -> Json:
    options = odata.options(asked.query, ("$expand",))
    return _task(_one(tenant, user, key, task_id), options)


def change(tenant: Tenant, asked: Asked, user: str, key: str, task_id: str) -> Json:
    found = _one(tenant, user, key, task_id)
    _apply(tenant, found, checked("todoTask", asked, FREE))
    return _task(found, {})


def remove(tenant: Tenant, asked: Asked, user: str, key: str, task_id: str) -> None:
    _one(tenant, user, key, task_id)
    del _where(tenant, user, key).tasks[task_id]


def change_link(  # noqa: PLR0913  each is a part of the address
    tenant: Tenant, asked: Asked, user: str, key: str, task_id: str, link_id: str
) -> Json:
    links = _one(tenant, user, key, task_id)["linkedResources"]
    found = next((one for one in links if one["id"] == link_id), None)
    if found is None:
        raise missing(link_id)
    found |= checked("linkedResource", asked, LINK)
    return dict(found)


# ── what it is made of ───────────────────────────────────────────────────────────────────────────────────────────────


def _owner(tenant: Tenant, key: str) -> str:
    account = tenant.find(key)
    if account is None:
        raise missing(key)
    if account.mailbox is None or not account.enabled:
        raise GraphError(404, "MailboxNotEnabledForRESTAPI", NOT_ENABLED)
    return object_id(account.person)


def _where(tenant: Tenant, user: str, key: str) -> TodoList:
    owner, found = _owner(tenant, user), tenant.work.lists.get(key)
    if found is None or found.user != owner:
        raise GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")
    return found


def _one(tenant: Tenant, user: str, key: str, task_id: str) -> Json:
    found = _where(tenant, user, key).tasks.get(task_id)
    if found is None:
        raise GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")
    return found


def _list(one: TodoList) -> Json:
    return {"id": one.id, "displayName": one.name, "isOwner": True, "isShared": False, "wellknownListName": "none"}


def _task(one: Json, options: dict[str, str]) -> Json:
    """Where it comes from is said only to whoever asks for it."""
    expand = options.get("$expand", "")
    if expand not in ("", "linkedResources"):
        raise bad("Parsing OData Select and Expand failed.")
    return {name: value for name, value in one.items() if expand or name != "linkedResources"}


def _apply(tenant: Tenant, task: Json, body: Json) -> None:
    changes = {name: value for name, value in body.items() if "@" not in name}
    status = changes.pop("status", task["status"])
    if status not in STATUSES:
        raise bad("Invalid enum value for status.")
    if due := changes.get("dueDateTime"):
        changes["dueDateTime"] = {**due, "dateTime": f"{due['dateTime'][:10]}T00:00:00.0000000"}
    task |= changes
    tenant.work.status(task, status)
    task["@odata.etag"] = tenant.work.etag()
