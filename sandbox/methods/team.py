"""auth.test and what belongs to the workspace as a whole: profile fields, user groups, sockets."""

from __future__ import annotations

from sandbox.call import Call
from sandbox.config import APP_ID, BOT_ID, BOT_USER, TEAM_ID, TEAM_NAME
from sandbox.errors import Json, SlackError
from sandbox.groups import as_slack_group
from sandbox.people import MANAGER_FIELD


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
    users, count = call.args.flag("include_users"), call.args.flag("include_count")
    disabled = call.args.flag("include_disabled")
    found = [group for group in call.ws.groups.values() if disabled or not group.disabled_at]
    return {"usergroups": [as_slack_group(group, with_users=users, with_count=count) for group in found]}


def group_users(call: Call) -> Json:
    """Raises SlackError no_such_subteam, subteam_disabled unless the disabled are asked for too."""
    group = call.ws.groups.get(call.args.required("usergroup"))
    if group is None:
        raise SlackError("no_such_subteam")
    if group.disabled_at and not call.args.flag("include_disabled"):
        raise SlackError("subteam_disabled")
    return {"users": list(group.users)}
