"""What tests and the page do to people and user groups: status, manager, deactivation, membership."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sandbox.control import tell
from sandbox.errors import Json, PageError
from sandbox.groups import Group, as_slack_group
from sandbox.inbound import Bot
from sandbox.people import as_slack_user
from sandbox.workspace import Workspace

DEFAULT_EMOJI = ":speech_balloon:"  # Slack's own, where somebody sets a text alone


def change_person(ws: Workspace, bot: Bot, person_id: str, body: Json) -> Json:
    """Known fields of a person; a status and the like are told to the bot as user_change, a manager is not."""
    changes = dict(body)
    if changes.get("status_text") and not changes.get("status_emoji"):
        changes["status_emoji"] = DEFAULT_EMOJI
    if changes.keys() & {"status_text", "status_emoji"}:
        # A status is set as a whole: what was said before does not linger beside it.
        changes = {"status_text": "", "status_emoji": "", "status_expiration": 0} | changes
    if changes.get("manager") is not None and changes["manager"] not in ws.people:
        raise PageError(f"nobody here is {changes['manager']!r}")
    person = ws.change_person(person_id, **changes)
    if changes.keys() - {"manager", "presence"}:  # Slack sends no user_change for custom fields
        shape = as_slack_user(person, ws.clock.now(), with_email="users:read.email" in ws.config.scopes)
        tell(ws, bot, "user_change", user=shape)
    return {"ok": True, "user": vars(person)}


def new_group(ws: Workspace, bot: Bot, body: Json) -> Json:
    """`{handle, name?, users?}`."""
    handle = str(body.get("handle", "")).removeprefix("@")
    group_id = "S0" + handle.upper().replace("-", "")
    _check(ws, group_id, handle, body.get("users") or [])
    if group_id in ws.groups:
        raise PageError("a user group needs a handle of its own")
    users = tuple(body.get("users") or ())
    group = Group(id=group_id, handle=handle, name=str(body.get("name") or handle), users=users)
    ws.save_group(group)
    tell(ws, bot, "subteam_created", subteam=as_slack_group(group, with_users=True, with_count=True))
    return {"ok": True, "usergroup": vars(group)}


def change_group(ws: Workspace, bot: Bot, group_id: str, body: Json) -> Json:
    """`{handle?, name?, users? | add?, remove?, disabled?}`; told as subteam_updated and subteam_members_changed."""
    before = ws.groups.get(group_id)
    if before is None:
        raise PageError("there is no such user group", status=404)
    users = [user for user in body.get("users", before.users) if user not in body.get("remove", [])]
    users += [user for user in body.get("add", []) if user not in users]
    handle = str(body.get("handle") or before.handle).removeprefix("@")
    _check(ws, group_id, handle, users)
    now = int(ws.clock.now())
    group = replace(
        before,
        handle=handle,
        name=str(body.get("name") or before.name),
        users=tuple(users),
        disabled_at=(now if body["disabled"] else 0) if "disabled" in body else before.disabled_at,
        updated=now,
    )
    ws.save_group(group)
    tell(ws, bot, "subteam_updated", subteam=as_slack_group(group, with_users=True, with_count=True))
    if set(before.users) != set(group.users):
        tell(ws, bot, "subteam_members_changed", **_moved(before, group))
    return {"ok": True, "usergroup": vars(group)}


def _check(ws: Workspace, group_id: str, handle: str, users: list[Any]) -> None:
    """Raises PageError."""
    if not handle or any(g.handle == handle and g.id != group_id for g in ws.groups.values()):
        raise PageError("a user group needs a handle of its own")
    strangers = [user for user in users if user not in ws.people or not ws.people[user].is_human]
    if strangers:
        raise PageError(f"nobody here is {strangers[0]!r}")


def _moved(before: Group, after: Group) -> Json:
    added = [user for user in after.users if user not in before.users]
    removed = [user for user in before.users if user not in after.users]
    return {
        "subteam_id": after.id,
        "date_previous_update": before.updated,
        "date_update": after.updated,
        "added_users": added,
        "added_users_count": len(added),
        "removed_users": removed,
        "removed_users_count": len(removed),
    }
