"""Users, their managers, mailboxes and presence, and groups, in Graph's shape."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sandbox.errors import Json
from sandbox.groups import Group
from sandbox.microsoft import odata
from sandbox.microsoft.odata import GraphError, missing
from sandbox.microsoft.tenant import Account, Tenant, object_id

USUAL = ("displayName", "givenName", "jobTitle", "mail", "surname", "userPrincipalName")
LISTING = ("$select", "$filter", "$expand", "$top", "$count", "$skiptoken")
NOT_ENABLED = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request: the path below the version, its query, its headers in lower case, and where all of it is.

    `body`: what its JSON says; None where there is none, or where it is none.
    """

    path: str
    query: str
    headers: dict[str, str]
    base: str
    method: str = "GET"
    body: Any = None

    def next(self, **options: str) -> str:
        return f"{self.base}{self.path}?{urlencode(options, safe='$,')}"


def shape(tenant: Tenant, account: Account, names: Sequence[str]) -> Json:
    """What is known of a user under these names; what is not known is null."""
    person = tenant.person(account)
    first, _, last = person.real_name.partition(" ")
    known: Json = {
        "id": object_id(account.person),
        "accountEnabled": account.enabled,
        "displayName": person.real_name,
        "givenName": first,
        "surname": last,
        "jobTitle": person.title or None,
        "mail": account.mail,
        "userPrincipalName": account.upn,
        "userType": "Guest" if account.guest else "Member",
        "mailNickname": person.name,
    }
    return {name: known.get(name) for name in names}


def above(tenant: Tenant, account: Account) -> Account | str | None:
    """Somebody's manager; an e-mail where it is only a contact."""
    if account.manager is None:
        return None
    if account.manager.startswith("contact:"):
        return account.manager.removeprefix("contact:")
    found = tenant.account(account.manager)
    return None if found.removed else found


def _manager(tenant: Tenant, account: Account, names: Sequence[str], levels: int) -> Json | None:
    found = above(tenant, account)
    if isinstance(found, str):
        contact = {"id": str(uuid.uuid5(uuid.NAMESPACE_URL, found)), "displayName": found, "mail": found}
        return {"@odata.type": "#microsoft.graph.orgContact", **contact}
    if found is None:
        return None
    shown = {"@odata.type": "#microsoft.graph.user", **shape(tenant, found, names)}
    higher = _manager(tenant, found, names, levels - 1) if levels > 1 else None
    return {**shown, "manager": higher} if higher else shown


def _with_manager(tenant: Tenant, account: Account, names: Sequence[str], expand: tuple[list[str], int] | None) -> Json:
    shown = shape(tenant, account, names)
    found = _manager(tenant, account, *expand) if expand else None
    return {**shown, "manager": found} if found else shown


def _account(tenant: Tenant, key: str) -> Account:
    found = tenant.find(key)
    if found is None:
        raise missing(key)
    return found


def users(tenant: Tenant, asked: Asked) -> Json:
    options = odata.options(asked.query, LISTING)
    names, expand = odata.selected("user", options, USUAL), odata.expanded(options, asked.headers)
    found = [one for one in tenant.accounts() if not one.removed]
    if "$filter" in options:
        wanted = odata.matches("user", options["$filter"])
        found = [one for one in found if _fits(shape(tenant, one, [name for name, _ in wanted]), wanted)]
    return page(tenant, asked, [_with_manager(tenant, one, names, expand) for one in found], options)


def _fits(shown: Json, wanted: list[tuple[str, str]]) -> bool:
    return any(str(shown[name] or "").casefold() == value.casefold() for name, value in wanted)


def page(tenant: Tenant, asked: Asked, found: list[Json], options: dict[str, str]) -> Json:
    """A part of a list, with where the next part is."""
    start, most = int(options.get("$skiptoken", "0")), int(options.get("$top") or tenant.config.page_size)
    listed: Json = {"@odata.context": f"{asked.base}/$metadata", "value": found[start : start + most]}
    if start + most < len(found):
        listed["@odata.nextLink"] = asked.next(**{**options, "$skiptoken": str(start + most)})
    return listed


def user(tenant: Tenant, asked: Asked, key: str) -> Json:
    options = odata.options(asked.query, ("$select", "$expand", "$count"))
    names, expand = odata.selected("user", options, USUAL), odata.expanded(options, asked.headers)
    return _with_manager(tenant, _account(tenant, key), names, expand)


def manager(tenant: Tenant, asked: Asked, key: str) -> Json:
    options = odata.options(asked.query, ("$select",))
    found = _manager(tenant, _account(tenant, key), odata.selected("user", options, USUAL), 1)
    if found is None:
        raise missing("manager")
    return found


def mailbox(tenant: Tenant, asked: Asked, key: str) -> Json:
    options = odata.options(asked.query, ("$select",))
    account = _account(tenant, key)
    if account.mailbox is None:
        raise GraphError(404, "MailboxNotEnabledForRESTAPI", NOT_ENABLED)
    names = odata.selected("mailboxSettings", options, account.mailbox)[1:]
    return {name: account.mailbox.get(name) for name in names}


def presence(tenant: Tenant, asked: Asked, key: str) -> Json:
    odata.options(asked.query, ())
    account = _account(tenant, key)
    return {"id": object_id(account.person), **account.presence}


def _groups(tenant: Tenant) -> list[Group]:
    return [group for group in tenant.groups.values() if not group.disabled_at]


def _group(group: Group, names: Sequence[str]) -> Json:
    known: Json = {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, group.id)),
        "displayName": group.name,
        "mailNickname": group.handle,
        "mailEnabled": True,
        "securityEnabled": False,
        "groupTypes": ["Unified"],
    }
    return {name: known.get(name) for name in names}


def groups(tenant: Tenant, asked: Asked) -> Json:
    options = odata.options(asked.query, LISTING)
    names = odata.selected("group", options, ("displayName", "mailNickname"))
    wanted = odata.matches("group", options["$filter"]) if "$filter" in options else []
    shown = [(_group(one, [name for name, _ in wanted]), _group(one, names)) for one in _groups(tenant)]
    return page(tenant, asked, [one for key, one in shown if not wanted or _fits(key, wanted)], options)


def members(tenant: Tenant, asked: Asked, key: str) -> Json:
    options = odata.options(asked.query, LISTING)
    group: Any = next((one for one in _groups(tenant) if _group(one, ["id"])["id"] == key), None)
    if group is None:
        raise missing(key)
    names = odata.selected("user", options, USUAL)
    known = [tenant.account(one) for one in group.users]
    # A group has devices and groups among its members too.
    found: list[Json] = [{"@odata.type": "#microsoft.graph.group", "id": str(uuid.uuid4()), "displayName": "Nested"}]
    found += [{"@odata.type": "#microsoft.graph.user", **shape(tenant, one, names)} for one in known if not one.removed]
    return page(tenant, asked, found, options)
