"""auth.test and what belongs to the workspace as a whole: profile fields, user groups, sockets."""

from __future__ import annotations

from sandbox.call import Call
from sandbox.config import APP_ID, BOT_ID, BOT_USER, TEAM_ID, TEAM_NAME
from sandbox.errors import Json, SlackError
from sandbox.people import GROUPS, MANAGER_FIELD


def api_test(call: Call) -> Json:
    return {}


def auth_test(call: Call) -> Json:
    return {
        "url": f"{call.base_url}/",
        "team": TEAM_NAME,
        "user": call.ws.people[BOT_USER].name,
        "team_id": TEAM_ID,
        "user_id": BOT_USER,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


def connections_open(call: Call) -> Json:
    ticket = call.ws.sockets.ticket()
    return {"url": f"{call.base_url.replace('http', 'ws', 1)}/sandbox/link?ticket={ticket}&app_id={APP_ID}"}


def profile(call: Call) -> Json:
    field = {
        "id": MANAGER_FIELD,
        "ordering": 0,
        "label": "Manager",
        "hint": "Whom this person reports to",
        "type": "user",
        "possible_values": None,
        "options": None,
        "is_hidden": False,
        "section_id": None,
    }
    return {"profile": {"fields": [field], "sections": []}}


def groups(call: Call) -> Json:
    include = call.args.flag("include_users")
    return {"usergroups": [_group(group_id, include=include) for group_id in GROUPS]}


def _group(group_id: str, *, include: bool) -> Json:
    handle, name, users = GROUPS[group_id]
    shape: Json = {
        "id": group_id,
        "team_id": TEAM_ID,
        "is_usergroup": True,
        "name": name,
        "handle": handle,
        "is_external": False,
        "date_delete": 0,
        "user_count": len(users),
    }
    return shape | ({"users": list(users)} if include else {})


def group_users(call: Call) -> Json:
    group = GROUPS.get(call.args.required("usergroup"))
    if group is None:
        raise SlackError("no_such_subteam")
    return {"users": list(group[2])}
