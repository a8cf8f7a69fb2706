"""What keeps the app from reading this tenant, and what to do about it."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import NamedTuple

from bot.ports import Later, Refusal, Unknown
from connectors.microsoft.rest import Graph, Json, part
from connectors.microsoft.tokens import App, Tokens

PERMISSIONS = {
    "User.Read.All": "finds people by their e-mail, reads who manages them, who is a guest and who has left",
    "MailboxSettings.Read": "reads working hours and automatic replies: who is away is stepped over",
    "Presence.Read.All": "reads out of office where a mailbox cannot be read",
    "GroupMember.Read.All": "reads who is in a group that rules and policies name",
    "Tasks.ReadWrite.All": "keeps a task in Planner or To Do for whoever owns an alert",
    "Mail.Send": "writes to whom no direct message reaches",
}
"""application permission of Graph ▶ what Closeloop does with it; docs/microsoft.md asks for exactly these"""
INSTALLING = {
    "AppCatalog.Read.All": "finds its app in the organisation's catalogue of Teams",
    "TeamsAppInstallation.ReadWriteSelfForUser.All": "installs its own app, and no other, for whoever is to be told",
}
"""the same, only where the app is installed for people"""
OPTIONAL = frozenset(("MailboxSettings.Read", "Presence.Read.All", "GroupMember.Read.All", "Mail.Send", *INSTALLING))
"""without these everything else works"""


@dataclass(frozen=True, kw_only=True)
class Use:
    """What the configuration asks of the app: only that is looked at."""

    directory: bool = True
    plan: str = ""
    """of Planner"""
    todo: bool = False
    mail: str = ""
    """the mailbox that sends"""


class Problem(NamedTuple):
    id: str
    """one that ends in `.optional` keeps nothing else from working"""
    what: str
    do: str


_PAGE = "Entra ▸ App registrations ▸ Certificates & secrets"
_RENEW = f"Make a new secret ({_PAGE}); its value, not its id, is what is wanted."
_CERTIFICATE = f"Upload the certificate of this key: {_PAGE}."
_FEDERATED = "Add a federated credential with this issuer, subject and audience api://AzureADTokenExchange."
_TENANT = "Compare MICROSOFT_TENANT_ID with the Tenant ID on the app's overview page, and MICROSOFT_CLOUD."
KNOWN = {
    "AADSTS7000215": ("microsoft.secret", "Entra does not know this client secret", _RENEW),
    "AADSTS7000222": ("microsoft.secret", "The client secret has run out", _RENEW),
    "AADSTS700027": ("microsoft.certificate", "Entra does not know this certificate", _CERTIFICATE),
    "AADSTS700024": ("microsoft.clock", "An assertion came outside its time", "Set this machine's clock: it is wrong."),
    "AADSTS700211": ("microsoft.federated", "Entra does not trust the issuer of the workload's token", _FEDERATED),
    "AADSTS700213": ("microsoft.federated", "Entra does not trust the subject of the workload's token", _FEDERATED),
    "AADSTS700016": ("microsoft.app", "The app is not in this tenant: wrong tenant, or no consent yet", _TENANT),
    "AADSTS90002": ("microsoft.tenant", "There is no such tenant in this cloud", _TENANT),
    "AADSTS500011": ("microsoft.resource", "Entra does not know here what a token is asked for", _TENANT),
    "tenant_unknown": ("microsoft.tenant", "There is no such tenant in this cloud", _TENANT),
    "credential_unreadable": (
        "microsoft.credential",
        "The certificate, its password or the token file cannot be used",
        "docs/microsoft.md tells how each kind is given.",
    ),
}


USUAL = Use()


def problems(tokens: Tokens, graph: Graph, use: Use = USUAL) -> list[Problem]:
    """Everything wrong with the app and what it may read and write. Empty where all is well."""
    if found := unproven(tokens, tokens.app.cloud.graph_scope):
        return [found]
    try:
        user = _somebody(graph)
    except Refusal as refusal:
        return [missing("User.Read.All", refusal.code, tokens.app)]
    except (Later, Unknown) as error:
        return [away(error.code)]
    wrong = [_denied(graph, path, name, tokens.app) for path, name in _paths(user, use)]
    wrong += [_plan_missing(graph, use.plan), _unsent(tokens, use.mail)]
    return [problem for problem in wrong if problem]


def unproven(tokens: Tokens, scope: str) -> Problem | None:
    """Why Entra gives the app no token of this scope; None: it does."""
    try:
        tokens.token(scope)
    except Refusal as refusal:
        return _refused(refusal.code, tokens.app)
    except Later:
        do = "Check the network, a proxy (HTTPS_PROXY, NO_PROXY) and MICROSOFT_CLOUD. What asks to wait is left alone."
        return Problem("microsoft.unreachable", f"Entra gives no token now at {tokens.app.cloud.login}.", do)
    return None


def _refused(code: str, app: App) -> Problem:
    id, what, do = KNOWN.get(code, ("microsoft.refused", "Entra refuses the app", "Look the code up in Entra's logs."))
    if id == "microsoft.app":
        do = f"{do} An administrator consents at {app.cloud.consent(app.tenant, app.client_id)}"
    return Problem(id, f"{what} ({code}).", f"{do} What was mended in Entra may take a minute to be seen.")


def away(code: str) -> Problem:
    """Graph has no answer now."""
    return Problem("microsoft.unreachable", f"Graph does not answer ({code}).", "Check the network, then try again.")


def _somebody(graph: Graph) -> Json | None:
    page = next(graph.pages("/users", select="id", top="1"), {})
    return next(iter(page.get("value") or ()), None)


def _paths(user: Json | None, use: Use) -> list[tuple[str, str]]:
    """An address that each further permission opens."""
    theirs = f"/users/{part(str(user['id']))}" if user else ""
    own = [(f"{theirs}/mailboxSettings", "MailboxSettings.Read"), (f"{theirs}/presence", "Presence.Read.All")]
    found = [*(own if user else ()), ("/groups", "GroupMember.Read.All")] if use.directory else []
    if use.plan:
        found.append((f"/planner/plans/{part(use.plan)}", "Tasks.ReadWrite.All"))
    return [*found, (f"{theirs}/todo/lists", "Tasks.ReadWrite.All")] if use.todo and user else found


def _denied(graph: Graph, path: str, name: str, app: App) -> Problem | None:
    try:
        graph.get(path)
    except Refusal as refusal:
        return missing(name, refusal.code, app) if refusal.kind == "workspace" else None
    except (Later, Unknown) as error:
        return away(error.code)
    return None


def _plan_missing(graph: Graph, plan: str) -> Problem | None:
    """What was denied is told already."""
    try:
        if not plan or graph.get(f"/planner/plans/{part(plan)}") is not None:
            return None
    except (Refusal, Later, Unknown):
        return None
    do = "Compare work_items.plan with the plan's address; a premium plan has none that Graph knows."
    return Problem("microsoft.plan", f"Planner has no plan {plan}.", do)


def _unsent(tokens: Tokens, mailbox: str) -> Problem | None:
    """Nobody can ask whether a mail would be sent without sending it: what the token says is all that is known."""
    if not mailbox or "Mail.Send" in _roles(tokens.token(tokens.app.cloud.graph_scope)):
        return None
    what = f"Entra has not granted Mail.Send. With it Closeloop {PERMISSIONS['Mail.Send']}, from {mailbox}."
    consent = tokens.app.cloud.consent(tokens.app.tenant, tokens.app.client_id)
    do = f"All is well where Exchange grants Application Mail.Send for it; else let an administrator open {consent}"
    return Problem("microsoft.permission.optional", what, do)


def _roles(token: str) -> tuple[str, ...]:
    """The permissions that a token says it has; none where it cannot be read."""
    try:
        body = token.split(".")[1]
        roles = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))).get("roles", ())
    except (ValueError, IndexError, AttributeError):
        return ()
    return tuple(map(str, roles)) if isinstance(roles, list) else ()


def missing(name: str, code: str, app: App) -> Problem:
    """A permission that is not granted, with the page on which it is; `code`: Graph's own word."""
    used = (PERMISSIONS | INSTALLING)[name]
    what = f"Graph refuses the app ({code}): {name} is not granted. With it Closeloop {used}."
    do = f"Add it to the app, then let an administrator open {app.cloud.consent(app.tenant, app.client_id)}"
    if name in OPTIONAL:
        return Problem("microsoft.permission.optional", what, f"{do} (without it everything else works)")
    return Problem("microsoft.permission", what, do)
