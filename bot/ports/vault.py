"""A place for others' secrets that processes share for a while: what is lost there is asked for again."""

from __future__ import annotations

from typing import Protocol


class Vault(Protocol):
    """Secrets by name. Never raises: losing one costs a call. Nobody who reads what it is kept in can read them."""

    def get(self, name: str, /) -> str | None: ...
    def put(self, name: str, value: str, /, *, seconds: int) -> None:
        """The last writer wins."""
        ...
