"""The Web API methods, one file for each family, and the literal table of them with tier and scope.
A method is a plain function from a Call to the answer's body; it raises SlackError to refuse.
Never here: HTTP, faults, tiers (webapi.py applies those to every method alike)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.call import Call
from sandbox.errors import Json
from sandbox.methods import chat, conversations, ephemeral, files, history, team, users, views


@dataclass(frozen=True, kw_only=True)
class Method:
    """`tier` None is Slack's "special"; `scopes` are all needed (some methods ask for more by channel)."""

    run: Callable[[Call], Json]
    tier: int | None
    scopes: tuple[str, ...] = ()
    app_token: bool = False


METHODS = {
    "api.test": Method(run=team.api_test, tier=4),
    "auth.test": Method(run=team.auth_test, tier=None),
    "apps.connections.open": Method(run=team.connections_open, tier=3, app_token=True),
    "blocks.validate": Method(run=chat.validate_blocks, tier=3),
    "chat.delete": Method(run=chat.delete, tier=3, scopes=("chat:write",)),
    "chat.getPermalink": Method(run=chat.get_permalink, tier=None),
    "chat.postEphemeral": Method(run=ephemeral.post_ephemeral, tier=4, scopes=("chat:write",)),
    "chat.postMessage": Method(run=chat.post_message, tier=None, scopes=("chat:write",)),
    "chat.update": Method(run=chat.update, tier=3, scopes=("chat:write",)),
    "conversations.history": Method(run=history.history, tier=3),
    "conversations.info": Method(run=conversations.info, tier=3),
    "conversations.list": Method(run=conversations.listing, tier=2),
    "conversations.members": Method(run=conversations.members, tier=4),
    "conversations.open": Method(run=conversations.open_direct, tier=3, scopes=("im:write",)),
    "conversations.replies": Method(run=history.replies, tier=3),
    "dnd.info": Method(run=users.dnd_info, tier=3, scopes=("dnd:read",)),
    "files.completeUploadExternal": Method(run=files.complete_upload, tier=4, scopes=("files:write",)),
    "files.getUploadURLExternal": Method(run=files.get_upload_url, tier=4, scopes=("files:write",)),
    "files.info": Method(run=files.info, tier=4, scopes=("files:read",)),
    "team.profile.get": Method(run=team.profile, tier=3, scopes=("users.profile:read",)),
    "usergroups.list": Method(run=team.groups, tier=2, scopes=("usergroups:read",)),
    "usergroups.users.list": Method(run=team.group_users, tier=2, scopes=("usergroups:read",)),
    "users.conversations": Method(run=conversations.of_user, tier=3),
    "users.info": Method(run=users.info, tier=4, scopes=("users:read",)),
    "users.list": Method(run=users.listing, tier=2, scopes=("users:read",)),
    "users.lookupByEmail": Method(run=users.by_email, tier=3, scopes=("users:read.email",)),
    "users.profile.get": Method(run=users.profile_get, tier=4, scopes=("users.profile:read",)),
    "views.open": Method(run=views.open_modal, tier=4),
    "views.publish": Method(run=views.publish, tier=4),
    "views.push": Method(run=views.push, tier=4),
    "views.update": Method(run=views.update, tier=4),
}
