"""Sentences in Slack's own shapes. The only way text reaches Slack: nothing a source wrote is ever parsed by it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from bot.core.people import Person
from bot.core.text import Link, Part, Quote, Ref, Text, When, Who, Words, harmless, host, one_line

Json = dict[str, Any]
People = Mapping[str, Person]

TOP_LEVEL = 3000
"""characters; chat.update refuses a top-level text over 4,000"""

_USER = re.compile(r"[UW][A-Z0-9]{2,20}")
# Slack styles these even in escaped mrkdwn; emoji names, too.
_STYLED = re.compile(r"[*~`\n]|(?<!\w)_|_(?!\w)|:[\w+'-]+:|^\s*>")
_IN_BRACKETS = re.compile(r"<([@#!]?)([^<>|]+)(?:\|([^<>]*))?>")
_DATE = "{date_short_pretty} {time}"


def leaves(text: Text, people: People) -> list[Json]:
    """`text` as rich_text elements, which Slack shows without parsing them."""
    return [leaf for part in text for leaf in _leaf(part, people)]


def _leaf(part: Part, people: People) -> list[Json]:
    match part:
        case Who(mention=True) if (chat_id := user_id(people.get(part.person))) is not None:
            return [{"type": "user", "user_id": chat_id}]
        case Who():
            return [_plain_leaf(name_of(part.person, people), bold=True)]
        case When():
            return [_date_leaf(part.at)]
        case Link():
            return _link_leaves(part)
        case Ref():
            return [_plain_leaf(part.text)]
        case _:
            shown = harmless(part.text, len(part.text) + 1)
            return [_plain_leaf(shown, bold=part.bold)] if shown else []


def _plain_leaf(text: str, *, bold: bool = False) -> Json:
    leaf: Json = {"type": "text", "text": text}
    return leaf | {"style": {"bold": True}} if bold else leaf


def _date_leaf(at: datetime) -> Json:
    if at.timestamp() < 0:
        return _plain_leaf(utc(at))
    return {"type": "date", "timestamp": int(at.timestamp()), "format": _DATE, "fallback": utc(at)}


def _link_leaves(link: Link) -> list[Json]:
    """The host stands beside the label, outside of what a label can imitate."""
    label, target = one_line(link.label, len(link.label) + 1), destination(link.url)
    if target is None:
        return [_plain_leaf(label)] if label else []
    url, shown_host = target
    if link.ours:
        return [{"type": "link", "url": url, "text": label}]
    return [{"type": "link", "url": url, "text": label or shown_host}, _plain_leaf(f" ({shown_host})")]


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


def user_id(person: Person | None) -> str | None:
    """The person's Slack id, or None where they have none that could be one."""
    chat_id = person.chat.get("slack", "") if person else ""
    return chat_id if is_user(chat_id) else None


def is_user(chat_id: str) -> bool:
    """Whether it could be a person's id in Slack."""
    return bool(_USER.fullmatch(chat_id))


def name_of(person_id: str, people: People) -> str:
    person = people.get(person_id)
    return one_line(person.name if person else "", 80) or one_line(person_id, 80) or "somebody"


def utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def escaped(text: str) -> str:
    """Kills `<!channel>`, `<@U…>`, `<url|label>` and every other thing Slack reads in angle brackets."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def read(text: str) -> str:
    """What somebody wrote in Slack, as it was read there: the opposite of `escaped`."""
    return html.unescape(_IN_BRACKETS.sub(_bare, text)).strip()


def _bare(found: re.Match[str]) -> str:
    """What stands in angle brackets, in words: `<@U0|ben>`, `<!here>`, `<#C0|pay>`, `<https://…|label>`."""
    kind, what, label = found[1], found[2], found[3] or ""
    if kind in ("@", "#"):
        return kind + (label.lstrip("@#") or what)
    if kind == "!":
        return label or f"@{what.partition('^')[0]}"
    return f"{label} ({what})" if label and label not in what else what.removeprefix("mailto:")


def plain(text: Text, people: People) -> str:
    """`text` as plain words with UTC instants, for the places where Slack parses nothing."""
    return "".join(_said(part, people) for part in text)


def _said(part: Part, people: People) -> str:
    match part:
        case Who():
            return name_of(part.person, people)
        case When():
            return utc(part.at)
        case Link():
            target = None if part.ours else destination(part.url)
            return f"{one_line(part.label, 300)}{f' ({target[1]})' if target else ''}"
        case _:
            return harmless(part.text, len(part.text) + 1)


def top_level(text: Text, people: People, *, limit: int = TOP_LEVEL) -> str:
    """`text` on one line for notifications and screen readers: escaped, mentioning nobody, at most `limit` long."""
    said: list[str] = []
    room = limit
    for part in text:
        piece = _fitting(_marked(part, people), room)
        said.append(piece)
        room -= len(piece)
    return "".join(said)


def _marked(part: Part, people: People) -> str:
    if isinstance(part, When) and part.at.timestamp() >= 0:
        return f"<!date^{int(part.at.timestamp())}^{_DATE}|{utc(part.at)}>"
    if isinstance(part, Link) and part.ours and (target := destination(part.url)):
        return f"<{target[0]}|{escaped(part.label)}>"
    sign = "@" if isinstance(part, Who) else ""
    return escaped(sign + _said(part, people).replace("\n", " ").replace("\t", " "))


def _foreign_link(part: Part) -> bool:
    return isinstance(part, Link) and not part.ours


def _fitting(marked: str, room: int) -> str:
    if len(marked) <= room:
        return marked
    if room < 1 or marked.startswith("<!date^"):
        return ""
    kept = marked[: room - 1]
    last = kept.rfind("&")
    # Never half of an escape: `&l` would be read as it stands.
    return (kept[:last] if last != -1 and ";" not in kept[last:] else kept) + "…"


def mrkdwn(text: Text, people: People) -> str | None:
    """`text` for a small grey line, the only kind that shows dates; None where Slack could style any of it."""
    foreign = [part for part in text if not isinstance(part, Words | When)]
    if any(_foreign_link(part) or _STYLED.search(_said(part, people)) for part in foreign):
        return None
    calm = (Quote(name_of(part.person, people)) if isinstance(part, Who) else part for part in text)
    marked = "".join(_marked(part, people) for part in calm)
    return marked if 0 < len(marked) <= 3000 else None


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
