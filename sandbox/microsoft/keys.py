"""The keys of the stand-in's Entra: what it signs tokens with, publishes, and checks assertions against."""

from __future__ import annotations

import base64
import json
import time
import uuid
from functools import cached_property
from typing import Any

import jwt
from cryptography import x509
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from jwt.algorithms import RSAAlgorithm

from sandbox.errors import Json

SKEW = 300
"""seconds by which a caller's clock may be wrong"""


class Keys:
    """One signing key, made when it is first needed: that takes a moment."""

    @cached_property
    def _private(self) -> RSAPrivateKey:
        return generate_private_key(public_exponent=65537, key_size=2048)

    @cached_property
    def kid(self) -> str:
        return uuid.uuid4().hex

    def jwks(self) -> Json:
        shape = json.loads(RSAAlgorithm.to_jwk(self._private.public_key()))
        return {"keys": [{**shape, "kid": self.kid, "use": "sig", "x5t": self.kid}]}

    def sign(self, claims: Json) -> str:
        return jwt.encode(claims, self._private, algorithm="RS256", headers={"kid": self.kid, "typ": "JWT"})

    def claims(self, token: str, audience: str) -> Json | None:
        """What a token of ours says; None where it is not ours, for somebody else or over."""
        try:
            found: Json = jwt.decode(token, self._private.public_key(), algorithms=["RS256"], audience=audience)
        except jwt.PyJWTError:
            return None
        return found


def thumbprint(certificate: x509.Certificate) -> str:
    return base64.urlsafe_b64encode(certificate.fingerprint(SHA256())).rstrip(b"=").decode()


def assertion_problem(assertion: str, *, certificates: list[str], client: str, audience: str) -> str | None:
    """Why a client's assertion is refused: Entra's own number; None where it is accepted."""
    try:
        header = jwt.get_unverified_header(assertion)
        unverified: Json = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.PyJWTError:
        return "AADSTS50027"
    known = {thumbprint(one): one for one in map(_certificate, certificates)}
    certificate = known.get(str(header.get("x5t#S256")).rstrip("="))
    if certificate is None:
        return "AADSTS700027"
    now = time.time()
    if (
        not float(unverified.get("nbf") or unverified.get("iat", 0)) - SKEW
        <= now
        <= float(unverified.get("exp", 0)) + SKEW
    ):
        return "AADSTS700024"
    if unverified.get("iss") != client or unverified.get("sub") != client:
        return "AADSTS700021"
    return _signed(assertion, certificate.public_key(), audience)


def _signed(assertion: str, key: Any, audience: str) -> str | None:
    if not isinstance(key, RSAPublicKey):
        return "AADSTS700027"
    try:
        jwt.decode(
            assertion,
            key,
            algorithms=["PS256", "RS256"],
            audience=audience,
            options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )
    except jwt.InvalidAudienceError:
        return "AADSTS700023"
    except (jwt.PyJWTError, InvalidKey):
        return "AADSTS700027"
    return None


def federated_problem(assertion: str, *, keys: list[str], subject: str) -> str | None:
    """The same for a workload's token, which another issuer signed with one of `keys` (PEM)."""
    for key in keys:
        try:
            claims = jwt.decode(assertion, key, algorithms=["RS256"], audience="api://AzureADTokenExchange")
        except jwt.ExpiredSignatureError:
            return "AADSTS700024"
        except jwt.PyJWTError:
            continue
        return None if claims.get("sub") == subject else "AADSTS700213"
    return "AADSTS700211"


def _certificate(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.encode())
