"""Microsoft's clouds: one frozen table of where each of them signs in, answers and speaks for bots.

GCC, Office 365 for American authorities without a cloud of its own, is `public`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import quote


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """One cloud. Addresses are without a slash at their end."""

    name: str
    login: str
    graph: str
    bot: str
    """the resource a bot's tokens are for"""
    bot_metadata: str
    """where the keys are named that sign what the Bot Connector sends"""
    bot_issuer: str
    teams_hosts: tuple[str, ...]
    """where bots may send messages; the first until an activity has named a nearer one"""
    teams_web: str
    """where people read them"""

    @property
    def graph_scope(self) -> str:
        return f"{self.graph}/.default"

    @property
    def bot_scope(self) -> str:
        return f"{self.bot}/.default"

    def consent(self, tenant: str, client_id: str) -> str:
        """The page on which an administrator grants an app what it asks for."""
        return f"{self.login}/{quote(tenant, safe='')}/adminconsent?client_id={quote(client_id, safe='')}"


_METADATA = "/v1/.well-known/openidconfiguration"
_US = {
    "login": "https://login.microsoftonline.us",
    "bot": "https://api.botframework.us",
    "bot_metadata": f"https://login.botframework.azure.us{_METADATA}",
    "bot_issuer": "https://api.botframework.us",
}
CLOUDS: Mapping[str, Cloud] = MappingProxyType(
    {
        cloud.name: cloud
        for cloud in (
            Cloud(
                name="public",
                login="https://login.microsoftonline.com",
                graph="https://graph.microsoft.com",
                bot="https://api.botframework.com",
                bot_metadata=f"https://login.botframework.com{_METADATA}",
                bot_issuer="https://api.botframework.com",
                teams_hosts=("smba.trafficmanager.net", "smba.infra.gcc.teams.microsoft.com"),
                teams_web="https://teams.microsoft.com",
            ),
            Cloud(
                name="gcch",
                graph="https://graph.microsoft.us",
                teams_hosts=("smba.infra.gov.teams.microsoft.us",),
                teams_web="https://gov.teams.microsoft.us",
                **_US,
            ),
            Cloud(
                name="dod",
                graph="https://dod-graph.microsoft.us",
                teams_hosts=("smba.infra.dod.teams.microsoft.us",),
                teams_web="https://dod.teams.microsoft.us",
                **_US,
            ),
            Cloud(
                name="china",
                login="https://login.partner.microsoftonline.cn",
                graph="https://microsoftgraph.chinacloudapi.cn",
                bot="https://api.botframework.azure.cn",
                bot_metadata=f"https://login.botframework.azure.cn{_METADATA}",
                bot_issuer="https://api.botframework.azure.cn",
                teams_hosts=("frontend.botapi.msg.infra.teams.microsoftonline.cn",),
                teams_web="https://teams.microsoftonline.cn",
            ),
        )
    }
)
