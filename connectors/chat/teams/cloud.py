"""Teams in Microsoft's clouds: where each takes messages from bots, and where people read them.

A bot's token is sent to nobody else: an address that is not of its cloud is an attacker's.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from connectors.microsoft.clouds import CLOUDS, Cloud

_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))


@dataclass(frozen=True, kw_only=True)
class Service:
    """Addresses are without a slash at their end."""

    cloud: Cloud
    address: str
    """where proactive messages go until an activity has named a nearer one"""
    hosts: frozenset[str]
    web: str
    """where links to messages begin"""
    metadata: str
    """the trust source: it names the keys by which activities are signed"""

    def takes(self, address: str) -> bool:
        """Whether a token may be sent there: a host of the cloud by https, or the configured one."""
        try:
            asked, own = urlsplit(address), urlsplit(self.address)
            if asked.username is not None or asked.password is not None or not asked.hostname:
                return False
            if (asked.scheme, asked.hostname, asked.port) == (own.scheme, own.hostname, own.port):
                return True
            return asked.scheme == "https" and asked.hostname in self.hosts and asked.port in (None, 443)
        except ValueError:
            return False


def service(name: str = "public", *, address: str = "", web: str = "", metadata: str = "") -> Service:
    """A cloud's service. What is given takes the place of the cloud's own: a stand-in, or the address of GCC.

    Raises ValueError for an address that is neither https nor on this machine.
    """
    cloud = CLOUDS[name]
    found = Service(
        cloud=cloud,
        address=(address or f"https://{cloud.teams_hosts[0]}/teams").rstrip("/"),
        hosts=frozenset(cloud.teams_hosts),
        web=(web or cloud.teams_web).rstrip("/"),
        metadata=metadata or cloud.bot_metadata,
    )
    for one in (found.address, found.web, found.metadata):
        if not _is_safe(one):
            raise ValueError(f"{one} must be https, or on this machine")
    return found


def _is_safe(address: str) -> bool:
    parts = urlsplit(address)
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    )
