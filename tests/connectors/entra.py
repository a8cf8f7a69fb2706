"""The sandbox's tenant as a test drives it, and our side of it; keys and certificates that prove who somebody is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from bot.ports.vault import Vault
from connectors.directory.graph import GraphDirectory
from connectors.microsoft.clouds import CLOUDS
from connectors.microsoft.credentials import Credential, Secret
from connectors.microsoft.rest import Graph
from connectors.microsoft.tokens import App, Tokens
from sandbox.microsoft.config import CLIENT, TENANT, MicrosoftConfig
from storage.vault import LocalVault

GRAPH = CLOUDS["public"].graph_scope
BOT = CLOUDS["public"].bot_scope
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@dataclass
class Hand:
    """A monotonic clock that a test moves."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Tenant:
    """One running stand-in. `hand` is the clock by which our side waits."""

    url: str
    http: httpx2.Client
    hand: Hand = field(default_factory=Hand)
    made: list[Graph] = field(default_factory=list)

    def app(self, *credentials: Credential, **other: Any) -> App:
        known: dict[str, Any] = {
            "cloud": CLOUDS["public"],
            "tenant": TENANT,
            "client_id": CLIENT,
            "credentials": credentials or (Secret(value=MicrosoftConfig().client_secret),),
            "login_url": f"{self.url}/microsoft/login",
        }
        return App(**known | other)

    def tokens(self, *credentials: Credential, vault: Vault | None = None, **other: Any) -> Tokens:
        """A worker's: of a process of its own, but for the vault."""
        return Tokens(self.app(*credentials, **other), vault=vault or LocalVault(), monotonic=self.hand)

    def graph(self, tokens: Tokens | None = None, *, timeout: float = 5.0) -> Graph:
        base = f"{self.url}/microsoft/graph"
        found = Graph(tokens or self.tokens(), base_url=base, timeout=timeout, monotonic=self.hand)
        self.made.append(found)
        return found

    def directory(self, graph: Graph | None = None, *, now: datetime = NOW) -> GraphDirectory:
        return GraphDirectory(graph or self.graph(), now=lambda: now, monotonic=self.hand)

    def change(self, person: str, **account: Any) -> None:
        self._post(f"users/U0{person.upper()}", account)

    def mailbox(self, person: str, **settings: Any) -> None:
        """Some of their settings, the others as they were."""
        before = self.state()["accounts"][f"U0{person.upper()}"]["mailbox"]
        self.change(person, mailbox={**before, **settings})

    def replies(self, person: str, status: str, start: str = "", end: str = "", zone: str = "UTC") -> None:
        spans = {"scheduledStartDateTime": start, "scheduledEndDateTime": end}
        said = {name: {"dateTime": at, "timeZone": zone} for name, at in spans.items() if at}
        self.mailbox(
            person, automaticRepliesSetting={"status": status, "internalReplyMessage": "<b>Back soon</b>", **said}
        )

    def set(self, **app: Any) -> None:
        """The app's secrets, certificates, permissions, and how long its tokens live."""
        self._post("app", app)

    def fault(self, path: str, status: int = 429, **more: Any) -> None:
        self._post("faults", {"path": path, "status": status, **more})

    def mend(self) -> None:
        self.http.delete(f"{self.url}/sandbox/api/microsoft/faults").raise_for_status()

    def expire_delta(self) -> None:
        self._post("expire", {})

    def state(self) -> Any:
        return self.http.get(f"{self.url}/sandbox/api/microsoft").raise_for_status().json()

    def id(self, person: str) -> str:
        return str(self.state()["accounts"][f"U0{person.upper()}"]["id"])

    def calls(self, part: str) -> list[str]:
        return [call["path"] for call in self.state()["calls"] if part in call["path"]]

    @property
    def issued(self) -> int:
        """How often a token was asked for."""
        return len(self.calls("/oauth2/v2.0/token"))

    def _post(self, path: str, body: Any) -> None:
        answer = self.http.post(f"{self.url}/sandbox/api/microsoft/{path}", json=body)
        assert answer.is_success, answer.text


def key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


def key_pem(private: RSAPrivateKey, password: str = "") -> str:
    how: Any = serialization.NoEncryption()
    if password:
        how = serialization.BestAvailableEncryption(password.encode())
    kind, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return private.private_bytes(kind, form, how).decode()


def public_pem(private: RSAPrivateKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return private.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def certificate(private: RSAPrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "closeloop")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
    made = made.serial_number(x509.random_serial_number()).not_valid_before(datetime.now(UTC) - timedelta(days=1))
    return made.not_valid_after(datetime.now(UTC) + timedelta(days=30)).sign(private, SHA256())


def pem(found: x509.Certificate) -> str:
    return found.public_bytes(serialization.Encoding.PEM).decode()
