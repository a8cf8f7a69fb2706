"""Sentences in Slack's own shapes. The only way text reaches Slack: nothing a source wrote is ever parsed by it."""

from __future__ import annotations

import html
import re
from datetime import datetime
from typing import Any

from bot.core.fitting import People, destination, name_of, said, utc
from bot.core.people import Person
from bot.core.text import Link, Part, Quote, Ref, Text, Typed, When, Who, Words, harmless, one_line

Json = dict[str, Any]

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
        case Typed():
            return [_plain_leaf(said(part, people), bold=True)]
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


def user_id(person: Person | None) -> str | None:
    """The person's Slack id, or None where they have none that could be one."""
    chat_id = person.chat.get("slack", "") if person else ""
    return chat_id if is_user(chat_id) else None


def is_user(chat_id: str) -> bool:
    """Whether it could be a person's id in Slack."""
    return bool(_USER.fullmatch(chat_id))


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


def top_level(text: Text, people: People, *, limit: int = TOP_LEVEL) -> str:
    """`text` on one line for notifications and screen readers: escaped, mentioning nobody, at most `limit` long."""
    pieces: list[str] = []
    room = limit
    for part in text:
        piece = _fitting(_marked(part, people), room)
        pieces.append(piece)
        room -= len(piece)
    return "".join(pieces)


def _marked(part: Part, people: People) -> str:
    if isinstance(part, When) and part.at.timestamp() >= 0:
        return f"<!date^{int(part.at.timestamp())}^{_DATE}|{utc(part.at)}>"
    if isinstance(part, Link) and part.ours and (target := destination(part.url)):
        return f"<{target[0]}|{escaped(part.label)}>"
    sign = "@" if isinstance(part, Who) else ""
    return escaped(sign + said(part, people).replace("\n", " ").replace("\t", " "))


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
    foreign = [part for part in text if not isinstance(part, Words | When | Typed)]
    if any(_foreign_link(part) or _STYLED.search(said(part, people)) for part in foreign):
        return None
    calm = (Quote(name_of(part.person, people)) if isinstance(part, Who) else part for part in text)
    marked = "".join(_marked(part, people) for part in calm)
    return marked if 0 < len(marked) <= 3000 else None
