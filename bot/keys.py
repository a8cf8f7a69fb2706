"""Source keys: `cl_<key id>_<secret>`. The whole key is shown once; only the digest of the secret is kept."""

from __future__ import annotations

import hashlib
import secrets
from typing import NamedTuple


class Key(NamedTuple):
    """A fresh key. `full` is what a source sends as its bearer token."""

    id: str
    secret: str
    full: str


def new_key() -> Key:
    """A key of 256 random bits; letters and digits only, so that a double click selects all of it."""
    key_id, secret = secrets.token_hex(6), secrets.token_hex(32)
    return Key(id=key_id, secret=secret, full=f"cl_{key_id}_{secret}")


def digest(secret: str) -> str:
    """SHA-256 in hex: enough for random secrets, which nobody can guess their way to."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def split(full: str) -> tuple[str, str] | None:
    """(key id, secret) of a whole key, or None where it is none."""
    head, _, rest = full.partition("_")
    key_id, _, secret = rest.partition("_")
    return (key_id, secret) if head == "cl" and key_id and secret else None
