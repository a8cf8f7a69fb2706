"""Sentences made to fit: what their parts show, where their links lead, cut fairly where there is too much of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from bot.core.people import Person
from bot.core.text import COMMAND, Link, Part, Quote, Text, Typed, When, Who, Words, harmless, host, one_line

People = Mapping[str, Person]


def destination(url: str) -> tuple[str, str] | None:
    """(a clean http(s) address, the host as it is shown), or None where no safe link can be made of it.

    The address is put together anew from its parts, so that what is shown is where it leads: browsers read
    backslashes, look-alike characters and credentials in ways of their own.
    """
    name = host(url)
    if name is None:
        return None
    parts, shown = urlsplit(url), f"[{name}]" if ":" in name else name
    port = f":{parts.port}" if parts.port else ""
    path, query, fragment = (quote(p, safe="/%:@!$&'()*+,;=~?-._") for p in (parts.path, parts.query, parts.fragment))
    clean = f"{parts.scheme}://{shown}{port}{path}{'?' if query else ''}{query}{'#' if fragment else ''}{fragment}"
    # Of a long host the end is what counts: `accounts.google.com.….evil.example`.
    return (clean, shown if len(shown) <= 80 else f"…{shown[-79:]}") if len(clean) <= 3000 else None


def name_of(person_id: str, people: People) -> str:
    person = people.get(person_id)
    return one_line(person.name if person else "", 80) or one_line(person_id, 80) or "somebody"


def utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def plain(text: Text, people: People) -> str:
    """`text` as plain words with UTC instants, for the places where a chat parses nothing."""
    return "".join(said(part, people) for part in text)


def unlinked(text: Text, people: People) -> str:
    """As `plain`, for where addresses become links by themselves: those that somebody wrote are broken."""
    return "".join(_BARE.sub(r"\1 ", said(part, people)) if _is_foreign(part) else said(part, people) for part in text)


_BARE = re.compile(r"(:(?=//)|\bwww(?=\.))", re.IGNORECASE)


def _is_foreign(part: Part) -> bool:
    return isinstance(part, Quote) or (isinstance(part, Link) and not part.ours)


def said(part: Part, people: People) -> str:
    """One part as plain words."""
    match part:
        case Who():
            return name_of(part.person, people)
        case When():
            return utc(part.at)
        case Link():
            target = None if part.ours else destination(part.url)
            return f"{one_line(part.label, 300)}{f' ({target[1]})' if target else ''}"
        case Typed():
            return part.home or f"{COMMAND} {one_line(part.text, 200)}"
        case _:
            return harmless(part.text, len(part.text) + 1)


def fitted(texts: Iterable[Text], people: People, *, room: int) -> list[Text]:
    """The same texts with their longest parts cut, so that all together show at most `room` characters."""
    kept = _affordable(texts, people, room // 2)
    fixed = sum(_fixed(part, people) for text in kept for part in text)
    most = _level([len(_own(part)) for text in kept for part in text], room - fixed)
    return [tuple(_cut(part, most) for part in text) for text in kept]


def _affordable(texts: Iterable[Text], people: People, room: int) -> list[Text]:
    """Without the last parts, where there are so many of them that no cutting would help."""
    kept: list[Text] = []
    for text in texts:
        parts: list[Part] = []
        for part in text:
            room -= _fixed(part, people) + 1
            parts += [part] if room >= 0 else []
        kept.append(tuple(parts))
    return kept


def _own(part: Part) -> str:
    """What can be cut of it."""
    if isinstance(part, Link):
        return part.label
    return part.text if isinstance(part, Words | Quote) else ""


def _fixed(part: Part, people: People) -> int:
    """What it shows in any case."""
    if isinstance(part, Who):
        return len(name_of(part.person, people))
    if isinstance(part, Typed):
        return len(said(part, people))
    return 84 if isinstance(part, Link) else 24 if isinstance(part, When) else 0


def _level(lengths: list[int], room: int) -> int:
    """The most that each may have, so that all together stay within `room`."""
    for place, length in enumerate(ordered := sorted(lengths)):
        share = room // (len(ordered) - place)
        if length > share:
            return max(share, 1)
        room -= length
    return max(ordered, default=1)


def _cut(part: Part, most: int) -> Part:
    if isinstance(part, Link):
        return replace(part, label=harmless(part.label, most))
    return replace(part, text=harmless(part.text, most)) if isinstance(part, Words | Quote) else part
