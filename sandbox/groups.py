"""User groups (`@ap-team`): who is in them, in Slack's shape."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.config import TEAM_ID
from sandbox.errors import Json


@dataclass(frozen=True, kw_only=True)
class Group:
    """`disabled_at`: Unix seconds, 0 while it is in use."""

    id: str
    handle: str
    name: str
    users: tuple[str, ...] = field(default=())
    disabled_at: int = 0
    updated: int = 0


def first_groups() -> list[Group]:
    return [
        Group(id="S0FINANCE", handle="finance", name="Finance operations", users=("U0ANA", "U0BEN", "U0CLEO")),
        Group(id="S0APTEAM", handle="ap-team", name="Accounts payable", users=("U0ANA", "U0BEN")),
        Group(id="S0DATATEAM", handle="data-team", name="Data and models", users=("U0BEN", "U0CLEO")),
    ]


def as_slack_group(group: Group, *, with_users: bool, with_count: bool) -> Json:
    shape: Json = {
        "id": group.id,
        "team_id": TEAM_ID,
        "is_usergroup": True,
        "is_subteam": True,
        "name": group.name,
        "description": "",
        "handle": group.handle,
        "is_external": False,
        "date_create": 0,
        "date_update": group.updated,
        "date_delete": group.disabled_at,
        "auto_type": None,
        "auto_provision": False,
        "created_by": "U0ELSA",
        "updated_by": "U0ELSA",
        "deleted_by": "U0ELSA" if group.disabled_at else None,
        "prefs": {"channels": [], "groups": []},
    }
    if with_users:
        shape["users"] = list(group.users)
    if with_count:
        shape["user_count"] = len(group.users)
    return shape


def as_page_group(group: Group) -> Json:
    return {"id": group.id, "handle": group.handle, "name": group.name, "users": list(group.users)}
