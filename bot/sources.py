"""Sources and their keys: made, rotated, revoked. A whole key is known once only, to whoever asked for it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

from bot.config.mistakes import did_you_mean
from bot.config.values import source_name
from bot.keys import Key, digest, new_key
from bot.ports import Source, Store

LIVE = 2
"""keys that work at once: the old one and the new one, while a sender changes over"""


class UnknownSource(Exception):
    """No source has this name, or its key this id."""


class SourceExists(Exception):
    """A source of this name is there already."""


@dataclass(frozen=True)
class Issued:
    """A source with the key just made for it."""

    source: Source
    key: Key


def add(store: Store, name: str, *, kind: str = "source") -> Issued:
    """A new source with its first key. Raises SourceExists, ValueError for a name that cannot be one, Away."""
    wanted = source_name(name)
    if any(source.name == wanted for source in store.sources()):
        raise SourceExists(f"{wanted} is there already; a new key for it: closeloop source rotate {wanted}")
    return _issue(store, Source(id=f"src_{secrets.token_hex(6)}", name=wanted, kind=kind))


def rotate(store: Store, name: str) -> Issued:
    """Another live key; of three the oldest stops working. Raises UnknownSource, Away."""
    return _issue(store, named(store, name))


def revoke(store: Store, name: str, *, key_id: str | None = None) -> Source:
    """Without one of its keys, or without any: nothing is taken from it any more. Raises UnknownSource, Away."""
    source = named(store, name)
    if key_id and key_id not in dict(source.keys):
        raise UnknownSource(f"{name} has no key {key_id}; {did_you_mean(key_id, dict(source.keys))}")
    left = replace(source, keys=tuple(key for key in source.keys if key_id and key[0] != key_id))
    store.save_source(left)
    return left


def named(store: Store, name: str) -> Source:
    """The source of that name. Raises UnknownSource."""
    known = {source.name: source for source in store.sources()}
    if name not in known:
        hint = did_you_mean(name, known) if known else "closeloop source add makes one"
        raise UnknownSource(f"there is no source {name}; {hint}")
    return known[name]


def _issue(store: Store, source: Source) -> Issued:
    key = new_key()
    issued = replace(source, keys=((key.id, digest(key.secret)), *source.keys)[:LIVE])
    store.save_source(issued)
    return Issued(issued, key)
