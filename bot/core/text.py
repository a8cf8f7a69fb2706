"""Sentences as data: parts that each chat shows in its own way.

What a source wrote travels only as `Quote` or `Link`, so that no connector can take it for our own words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Words:
    """Our own words."""

    text: str
    bold: bool = False


@dataclass(frozen=True)
class Quote:
    """What a source or a person wrote: shown as it is, never parsed."""

    text: str
    bold: bool = False


@dataclass(frozen=True)
class Who:
    """A person, by their id; `mention` notifies them."""

    person: str
    mention: bool = False


@dataclass(frozen=True)
class When:
    """An instant, shown in the reader's own time zone."""

    at: datetime


@dataclass(frozen=True)
class Link:
    """A link of a source: its host is always shown beside the label. One of `ours` leads to a card, and needs none."""

    url: str
    label: str
    ours: bool = False


@dataclass(frozen=True)
class Ref:
    """An alert by its number: a link to its card, where the chat has one."""

    alert_id: str

    @property
    def text(self) -> str:
        return f"#{self.alert_id[-6:]}"


@dataclass(frozen=True)
class Typed:
    """What can be typed to the bot, `mine`: each chat has its own way to begin it, and shows that."""

    text: str
    home: str = ""
    """what is said instead where the chat has a Home"""


COMMAND = "/loop"
"""how what is typed begins, but for chats where the bot is written to like a person"""

Part = Words | Quote | Who | When | Link | Ref | Typed
Text = tuple[Part, ...]

# Zero-width, blank and direction-changing characters hide or reorder text (Unicode TR36); tab and newline are kept.
_HIDDEN = frozenset("\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u2028\u2029\u2800\u3164\ufeff\uffa0") | {
    chr(c)
    for c in (
        *range(0x200B, 0x2010),
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2070),
        *range(0xFFF9, 0xFFFC),
        *range(0xE0000, 0xE01F0),
    )
}


def harmless(text: str, limit: int) -> str:
    """`text` without control, zero-width and direction-changing characters, cut to `limit` with an ellipsis.

    For showing only: the whole original stays in the trail.
    """
    # Cut first: a 100 kB text must not cost 100 kB of work for each card that shows 300 characters of it.
    head = text[: limit * 2 + 16]
    shown = "".join(c for c in head if c in "\n\t" or not (c in _HIDDEN or unicodedata.category(c) in ("Cc", "Cs")))
    if len(shown) <= limit and len(head) == len(text):
        return shown
    return shown[: limit - 1].rstrip() + "…"


def one_line(text: str, limit: int) -> str:
    """`harmless` on a single line."""
    return " ".join(harmless(text.lstrip(), limit).split())


def host(url: str) -> str | None:
    """The host of an http(s) link, or None where a link must not be made of it."""
    if not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
        name, _ = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not name or "@" in parts.netloc:
        return None
    return _ascii(name)


# A browser reads `good.example\.evil.example` and `%65vil.example` in its own way: nothing is made of such names.
_HOST = re.compile(r"[0-9a-z._-]+|[0-9a-f:.]+")


def _ascii(name: str) -> str | None:
    """A host name as the network knows it; look-alike letters show as `xn--…`."""
    try:
        shown = name.encode("idna").decode("ascii")
        # Where the encoding changes letters (ß ▶ ss) a browser may go to another host than the one shown.
        same = name.isascii() or shown.encode("ascii").decode("idna") == name
    except UnicodeError:
        return None
    return shown if same and _HOST.fullmatch(shown) else None


def sentence(*parts: Part | str) -> Text:
    """Parts with plain strings taken as our own words."""
    return tuple(Words(p) if isinstance(p, str) else p for p in parts)


def linked(text: Text, links: Mapping[str, str]) -> Text:
    """The same with a link (alert id ▶ address) in place of every number of an alert that has one."""
    return tuple(
        Link(links[part.alert_id], part.text, ours=True) if isinstance(part, Ref) and part.alert_id in links else part
        for part in text
    )


def refs(text: Text) -> set[str]:
    """The ids of the alerts whose numbers are in it."""
    return {part.alert_id for part in text if isinstance(part, Ref)}
