"""How an app proves who it is to Entra: a secret, a certificate, a workload's own identity, a managed one.

`for_msal` raises OSError, ValueError or TypeError for what cannot be used: msal would ask the network first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12
from cryptography.x509 import load_pem_x509_certificate

_PAIR = re.compile(
    r"(-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----.*?-----END (?:[A-Z]+ )?PRIVATE KEY-----)|"
    r"(-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----)",
    re.DOTALL,
)


@dataclass(frozen=True, kw_only=True)
class Secret:
    value: str = field(repr=False)

    def for_msal(self) -> Any:
        return self.value


@dataclass(frozen=True, kw_only=True)
class Pem:
    """A private key with its certificate. The certificate is sent along, so that the one after it is trusted too."""

    key: str = field(repr=False)
    certificate: str
    password: str = field(default="", repr=False)

    def for_msal(self) -> Any:
        load_pem_x509_certificate(self.certificate.encode())
        load_pem_private_key(self.key.encode(), self.password.encode() or None)
        found = {"private_key": self.key, "public_certificate": self.certificate}
        return {**found, "passphrase": self.password} if self.password else found


@dataclass(frozen=True, kw_only=True)
class Pfx:
    path: Path
    password: str = field(default="", repr=False)

    def for_msal(self) -> Any:
        load_pkcs12(self.path.read_bytes(), self.password.encode() or None)
        found = {"private_key_pfx_path": str(self.path), "public_certificate": True}
        return {**found, "passphrase": self.password} if self.password else found


@dataclass(frozen=True, kw_only=True)
class Workload:
    """The identity that a platform gives to a workload: a file whose content it renews by itself."""

    path: Path

    def for_msal(self) -> Any:
        """Read anew for each token."""
        return {"client_assertion": lambda: self.path.read_text(encoding="utf-8").strip()}


@dataclass(frozen=True, kw_only=True)
class Managed:
    """The identity that Azure gives to a machine or an app; without an id the system's."""

    client_id: str = ""


Credential = Secret | Pem | Pfx | Workload | Managed


def pems(text: str, password: str = "") -> tuple[Pem, ...]:
    """Every pair in a PEM text: a key and the certificates beside it. Two of them while one takes the other's place.

    Keys and certificates are paired in their order. Raises ValueError where a key has no certificate, or none is there.
    """
    found = [match.groups() for match in _PAIR.finditer(text)]
    keys, certificates = [key for key, _ in found if key], [one for _, one in found if one]
    if not keys or len(certificates) < len(keys):
        raise ValueError("must hold a private key and its certificate, in PEM")
    return tuple(
        Pem(key=key, certificate=certificate, password=password)
        for key, certificate in zip(keys, certificates, strict=False)
    )
