"""Others' secrets that processes share for a while: encrypted before they leave this process."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from storage.optional import OptionalRedis


class LocalVault:
    """Implements `bot.ports.vault.Vault` for one process."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._turn = threading.Lock()
        self._kept: dict[str, tuple[str, float]] = {}

    def get(self, name: str, /) -> str | None:
        with self._turn:
            value, until = self._kept.get(name, ("", 0.0))
        return value if until > self._monotonic() else None

    def put(self, name: str, value: str, /, *, seconds: int) -> None:
        with self._turn:
            self._kept[name] = value, self._monotonic() + seconds


class RedisVault:
    """Implements `bot.ports.vault.Vault` for all processes that know the same secret. Its timeouts are short.

    After a failure nobody asks again for `rest` seconds.
    """

    def __init__(self, url: str, secret: str, *, rest: float = 2.0) -> None:
        """Raises ValueError for an address that makes no sense."""
        self._server = OptionalRedis(url, rest=rest)
        self._redis = self._server.redis
        self._secret = secret.encode()

    def get(self, name: str, /) -> str | None:
        sealed = self._server.asked(lambda: self._redis.get(_key(name)))
        try:
            return self._cipher(name).decrypt(sealed).decode() if sealed else None
        except (InvalidToken, UnicodeDecodeError):
            return None  # of another secret, or tampered with: as good as lost

    def put(self, name: str, value: str, /, *, seconds: int) -> None:
        sealed = self._cipher(name).encrypt(value.encode())
        self._server.asked(lambda: self._redis.set(_key(name), sealed, ex=seconds))

    def close(self) -> None:
        self._server.close()

    def _cipher(self, name: str) -> Fernet:
        """A key for each name: what is sealed under one is nothing under another."""
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"closeloop vault 1 {name}".encode())
        return Fernet(base64.urlsafe_b64encode(derived.derive(self._secret)))


def _key(name: str) -> str:
    return f"closeloop:vault:{name}"
