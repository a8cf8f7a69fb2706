"""What an owner may look like, wherever the table lies."""

from __future__ import annotations

import re

_EMAIL = re.compile(r"[^\s@<>,;:]{1,64}@[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_CHAT_ID = re.compile(r"slack:[UW][A-Z0-9]{4,30}|teams:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LONGEST = 254


def owner(text: str) -> str | None:
    """An e-mail in lower case, or `<platform>:<chat id>`; None for nothing. Raises ValueError for anything else."""
    ref = text.strip()
    if not ref or _CHAT_ID.fullmatch(ref):
        return ref or None
    address = ref.lower()
    if len(address) > _LONGEST or not address.isprintable() or not _EMAIL.fullmatch(address):
        raise ValueError(
            f"{ref[:80]!r} is not an owner: an e-mail address, slack: and a member id, or teams: and an object id"
        )
    return address
