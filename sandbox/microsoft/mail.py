"""Mail as an app sends it: taken or not, and never a word about what became of it."""

from __future__ import annotations

from sandbox.errors import Json
from sandbox.microsoft.config import MAILBOX
from sandbox.microsoft.odata import GraphError, bad, missing
from sandbox.microsoft.people import NOT_ENABLED, Asked
from sandbox.microsoft.planner import checked
from sandbox.microsoft.tenant import Tenant

MOST_HEADERS = 5
"""headers of one's own in a message; Graph takes no more"""


def send(tenant: Tenant, asked: Asked, mailbox: str) -> None:
    if mailbox.casefold() != MAILBOX:
        account = tenant.find(mailbox)
        if account is None:
            raise missing(mailbox)
        if account.mailbox is None:
            raise GraphError(404, "MailboxNotEnabledForRESTAPI", NOT_ENABLED)
    message = checked("sendMail", asked, ("message", "saveToSentItems")).get("message") or {}
    to = [one["emailAddress"]["address"] for one in message.get("toRecipients", ())]
    if not to:
        raise GraphError(400, "ErrorInvalidRecipients", "At least one recipient isn't valid.")
    tenant.work.mails.append(
        {
            "from": mailbox,
            "to": to,
            "subject": message.get("subject", ""),
            "text": (message.get("body") or {}).get("content", ""),
            "html": (message.get("body") or {}).get("contentType", "text").casefold() == "html",
            "headers": _headers(message.get("internetMessageHeaders", [])),
            "at": tenant.work.stamp(),
        }
    )


def _headers(given: list[Json]) -> Json:
    if len(given) > MOST_HEADERS or not all(one["name"].casefold().startswith("x-") for one in given):
        raise bad("InvalidInternetMessageHeader: a header of one's own begins with x-.")
    return {one["name"]: one["value"] for one in given}
