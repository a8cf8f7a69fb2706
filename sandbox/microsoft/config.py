"""What the stand-in of Microsoft is told when it starts."""

from __future__ import annotations

from dataclasses import dataclass, field

TENANT = "7e2d0b3a-5d7c-4a52-9a42-ac3e00000001"
DOMAIN = "acme.onmicrosoft.com"
CLIENT = "c105e100-9b41-4d11-8a51-ac3e00000002"
ROLES = (
    "User.Read.All",
    "MailboxSettings.Read",
    "Presence.Read.All",
    "GroupMember.Read.All",
    "AppCatalog.Read.All",
    "TeamsAppInstallation.ReadWriteSelfForUser.All",
    "Tasks.ReadWrite.All",
    "Mail.Send",
)
PLAN = "acme-plan-of-alerts-00000001"
BUCKET = "acme-bucket-of-open-00000001"
MAILBOX = "closeloop@acme.example"
"""a shared mailbox: nobody's own"""


@dataclass(frozen=True, kw_only=True)
class MicrosoftConfig:
    """One tenant with one registered app. Addresses are the production ones: whoever asks rewrites them."""

    client_secret: str = field(default="the-secret-of-the-sandbox", repr=False)
    tenant_id: str = TENANT
    client_id: str = CLIENT
    login: str = "https://login.microsoftonline.com"
    graph: str = "https://graph.microsoft.com"
    bot: str = "https://api.botframework.com"
    teams_apps: tuple[str, ...] = ()  # what was uploaded to the catalogue, by the ids in the manifests
    page_size: int = 3  # small, so that whoever reads has to turn pages
