"""Apps of Teams as Graph has them: the organisation's catalogue, who has one, their chat with its bot."""

from __future__ import annotations

import re
import uuid

from sandbox.errors import Json
from sandbox.microsoft import csdl, odata
from sandbox.microsoft.odata import GraphError, bad, missing
from sandbox.microsoft.people import Asked, page
from sandbox.microsoft.tenant import Account, Tenant, object_id

_BIND = re.compile(r"(https?://[^?#]+/v1\.0)/appCatalogs/teamsApps/([^/?#]+)")
_OF_APP = re.compile(r"teamsApp/(id|externalId) eq '((?:[^']|'')*)'")


def _listed(external_id: str) -> Json:
    """An app has an id of its own in each organisation's catalogue."""
    number = str(uuid.uuid5(uuid.NAMESPACE_URL, f"catalogue:{external_id}"))
    return {"id": number, "externalId": external_id, "displayName": "Closeloop", "distributionMethod": "organization"}


def catalogue(tenant: Tenant, asked: Asked) -> Json:
    options = odata.options(asked.query, ("$filter", "$top", "$skiptoken"))
    wanted = odata.matches("teamsApp", options["$filter"]) if "$filter" in options else []
    known = [_listed(one) for one in sorted(tenant.apps.uploaded)]
    found = [one for one in known if not wanted or any(one[name] == value for name, value in wanted)]
    return page(tenant, asked, found, options)


def installed(tenant: Tenant, asked: Asked, key: str) -> Json:
    options = odata.options(asked.query, ("$expand", "$filter", "$top", "$skiptoken"))
    account, expand = _account(tenant, key), options.get("$expand")
    if expand not in (None, "teamsApp"):
        raise bad("Parsing OData Select and Expand failed.")
    wanted = _wanted(options["$filter"]) if "$filter" in options else None
    found = [_installation(account, one) for one in sorted(tenant.apps.uploaded)] if _has(tenant, account) else []
    if wanted:
        found = [one for one in found if one["teamsApp"][wanted[0]] == wanted[1]]
    shown = found if expand else [{"id": one["id"]} for one in found]
    return page(tenant, asked, shown, options)


def install(tenant: Tenant, asked: Asked, key: str) -> None:
    """Nothing is answered; somebody who has it gets no second one."""
    account, body = _account(tenant, key), asked.body
    bound = _BIND.fullmatch(str(body.get("teamsApp@odata.bind"))) if isinstance(body, dict) else None
    if bound is None or csdl.wrong("teamsAppInstallation", body) or bound[1] != asked.base:
        raise bad("The body names no app of this catalogue: teamsApp@odata.bind.")
    if bound[2] not in {_listed(one)["id"] for one in tenant.apps.uploaded}:
        raise GraphError(404, "NotFound", "The app is not in the catalogue.")
    if _has(tenant, account):
        raise GraphError(409, "Conflict", "App already installed for this user.")
    tenant.apps.installed.add(account.person)
    tenant.apps.told(account.person)


def chat(tenant: Tenant, asked: Asked, key: str, installation: str) -> Json:
    odata.options(asked.query, ())
    account = _account(tenant, key)
    known = {_installation(account, one)["id"] for one in tenant.apps.uploaded} if _has(tenant, account) else set()
    if installation not in known:
        raise missing(installation)
    return {
        "id": chat_id(account.person, tenant.config.client_id),
        "chatType": "oneOnOne",
        "tenantId": tenant.config.tenant_id,
    }


def chat_id(person: str, app_id: str) -> str:
    """What Graph calls somebody's chat with the bot: not what the bot is told in activities, and as good."""
    return f"19:{object_id(person)}_{app_id}@unq.gbl.spaces"


def _account(tenant: Tenant, key: str) -> Account:
    found = tenant.find(key)
    if found is None:
        raise missing(key)
    return found


def _has(tenant: Tenant, account: Account) -> bool:
    return account.person in tenant.apps.installed


def _installation(account: Account, external_id: str) -> Json:
    number = uuid.uuid5(uuid.NAMESPACE_URL, f"{account.person}:{external_id}").hex
    return {"id": number, "teamsApp": _listed(external_id)}


def _wanted(text: str) -> tuple[str, str]:
    """(property of the app, its value). Raises GraphError for a filter that Graph would not take here."""
    read = _OF_APP.fullmatch(text)
    if read is None:
        raise bad("Invalid filter clause.")
    return read[1], read[2].replace("''", "'")
