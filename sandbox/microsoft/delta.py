"""`users/delta`: first everybody, page by page, then what changed; a token that is too old is worth nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sandbox.errors import Json
from sandbox.microsoft import odata
from sandbox.microsoft.odata import GraphError
from sandbox.microsoft.people import USUAL, Asked, above, shape
from sandbox.microsoft.tenant import Account, Tenant, object_id

TOKENS = ("$skiptoken", "$deltatoken")


@dataclass(frozen=True, kw_only=True)
class Token:
    """What a link carries. `since`: one more than the number of changes known; 0: everybody is told of.

    `until`: where the round ends; 0: at the newest change. `start`: the entry to go on with; 0: the round begins.
    """

    names: tuple[str, ...]
    since: int = 0
    until: int = 0
    start: int = 0

    def __str__(self) -> str:
        return f"{','.join(self.names)}:{self.since}:{self.until}:{self.start}"

    @classmethod
    def read(cls, text: str) -> Token:
        """Raises GraphError."""
        try:
            names, since, until, start = text.split(":")
            return cls(names=tuple(names.split(",")), since=int(since), until=int(until), start=int(start))
        except ValueError:
            raise GraphError(400, "Directory_InvalidDeltaToken", "Badly formed token.") from None


def delta(tenant: Tenant, asked: Asked) -> Json:
    options = odata.options(asked.query, ("$select", *TOKENS))
    given = next((options[name] for name in TOKENS if name in options), None)
    if given is None:
        return _round(tenant, asked, Token(names=tuple(odata.selected("user", options, USUAL))))
    token = Token.read(given)
    if token.since and token.since - 1 < tenant.oldest:
        raise GraphError(410, "Directory_ResyncRequired", "The delta token is expired; a full sync is needed.")
    return _round(tenant, asked, token)


def _round(tenant: Tenant, asked: Asked, token: Token) -> Json:
    """The first page of each round is empty, as Graph's may be."""
    until, start, size = token.until or len(tenant.changes), token.start, tenant.config.page_size
    ids = list(dict.fromkeys(tenant.changes[token.since - 1 : until])) if token.since else _everybody(tenant)
    part = ids[start - 1 : start - 1 + size] if start else []
    after = start + size if start else 1
    listed: Json = {
        "@odata.context": f"{asked.base}/$metadata#users(id)",
        "value": [_entry(tenant, one, token.names) for one in part],
    }
    if after - 1 < len(ids):
        listed["@odata.nextLink"] = asked.next(**{"$skiptoken": str(replace(token, until=until, start=after))})
    else:
        listed["@odata.deltaLink"] = asked.next(**{"$deltatoken": str(Token(names=token.names, since=until + 1))})
    return listed


def _everybody(tenant: Tenant) -> list[str]:
    """Somebody comes twice, as documented: the last word counts."""
    ids = [object_id(one.person) for one in tenant.accounts() if not one.removed]
    return [*ids, ids[0]]


def _entry(tenant: Tenant, wanted: str, names: Sequence[str]) -> Json:
    account = next((one for one in tenant.accounts() if object_id(one.person) == wanted), None)
    if account is None or account.removed:
        return {"id": wanted, "@removed": {"reason": "changed"}}
    shown = shape(tenant, account, [name for name in names if name != "manager"])
    return {**shown, "manager@delta": _manager(tenant, account)} if "manager" in names and account.manager else shown


def _manager(tenant: Tenant, account: Account) -> list[Json]:
    found = above(tenant, account)
    if isinstance(found, Account):
        return [{"@odata.type": "#microsoft.graph.user", "id": object_id(found.person)}]
    return []
