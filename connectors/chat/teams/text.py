"""Sentences in Teams' own shapes. The only way text reaches Teams: nothing a source wrote is ever parsed by it.

Teams reads Markdown, dates and `<at>` in a TextBlock, and nothing but dates in the runs of a RichTextBlock. So a line
is a TextBlock only where it needs a date or a mention and holds nothing else that could be read; all else is runs.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.core.fitting import People, destination, said, utc
from bot.core.people import Person
from bot.core.text import Link, Part, Quote, Text, Typed, When, Who, Words, harmless, one_line

Json = dict[str, Any]

SUMMARY = 600
"""characters of what notifications and screen readers get"""

_USER = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
# All that a TextBlock could take for Markdown, a mention, a date, an address or an entity.
_PARSED = re.compile(
    r"[*_~`\[\]<>{}\\|\n\r\t]|&#?\w+;|^\s*(?:#{1,6}\s|[-+]\s|\d+[.)]\s)|^\s*(?:=+|-{2,})\s*$|://|\bwww\.|\w@\w"
)
_ANGLES = str.maketrans("<>", "‹›")


@dataclass
class Mentions:
    """Everybody whom one card mentions; Teams notifies them. The text of each is theirs alone."""

    by_text: dict[str, Json] = field(default_factory=dict)

    def of(self, person: Person) -> str | None:
        """`<at>Ana</at>`, or None for somebody who has no id in Teams."""
        chat_id = user_id(person)
        if chat_id is None:
            return None
        name = _at_name(person.name)
        for number in range(1, 100):
            text = f"<at>{name if number == 1 else f'{name} {number}'}</at>"
            known = self.by_text.setdefault(text, {"id": chat_id, "name": name})
            if known["id"] == chat_id:
                return text
        return None

    @property
    def entities(self) -> list[Json]:
        return [{"type": "mention", "text": text, "mentioned": who} for text, who in self.by_text.items()]


def _at_name(name: str) -> str:
    """Without anything that could end the tag or be read as Markdown."""
    kept = "".join(c for c in one_line(name, 80) if c.isalnum() or c in " .'-,")
    return " ".join(kept.split()).strip("-.,' ") or "somebody"


def lines(texts: Iterable[Text], people: People, mentions: Mentions, **style: str | bool) -> list[Json]:
    """Each text as a line of its own; what shows nothing is left out."""
    return [block for text in texts for block in line(text, people, mentions, **style)]


def line(text: Text, people: People, mentions: Mentions, **style: str | bool) -> list[Json]:
    """One text as a block; as two where somebody is mentioned beside words that must not be parsed."""
    text = written(text)
    mentioned = [part for part in text if isinstance(part, Who) and part.mention]
    dated = any(isinstance(part, When) for part in text)
    if (mentioned or dated) and _is_calm(text, people):
        shown = "".join(_marked(part, people, mentions) for part in text).strip()
        return [_text_block(shown, style)] if shown else []
    runs = [run for part in text for run in _runs(part, people, style)]
    blocks: list[Json] = [{"type": "RichTextBlock", "inlines": runs}] if runs else []
    told = [tag for part in mentioned if (tag := _tag(part, people, mentions))]
    return [*blocks, *([_text_block(", ".join(told), style)] if told else [])]


def written(text: Text) -> Text:
    """With what can be typed as it is typed here: to the bot itself, which has no command and no Home."""
    return tuple(Words(part.text, bold=True) if isinstance(part, Typed) else part for part in text)


def _text_block(text: str, style: dict[str, Any]) -> Json:
    return {"type": "TextBlock", "text": text, "wrap": True, **style}


def _is_calm(text: Text, people: People) -> bool:
    """Whether nothing in it would be read as anything but words: of foreign words also over the edges of parts."""
    if any(isinstance(part, Link) for part in text):
        return False
    shown = ("·" if _stands_apart(part, people) else said(part, people) for part in text)
    return not _PARSED.search("".join(shown))


def _stands_apart(part: Part, people: People) -> bool:
    """What is written by us as something to be read: a date, a mention."""
    return isinstance(part, When) or (isinstance(part, Who) and part.mention and bool(_user_of(part, people)))


def _marked(part: Part, people: People, mentions: Mentions) -> str:
    if isinstance(part, When):
        return date(part.at)
    if isinstance(part, Who) and part.mention and (tag := _tag(part, people, mentions)):
        return tag
    shown = said(part, people)
    bold = isinstance(part, Who) or (isinstance(part, Words | Quote) and part.bold)
    return _bold(shown) if bold else shown


def _bold(text: str) -> str:
    """Blanks at the edges stay outside: asterisks beside a blank would be shown."""
    inner = text.strip()
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{before}**{inner}**{after}" if inner else text


def _tag(part: Who, people: People, mentions: Mentions) -> str | None:
    person = people.get(part.person)
    return mentions.of(person) if person else None


def _user_of(part: Who, people: People) -> str | None:
    return user_id(people.get(part.person))


def date(at: datetime) -> str:
    """An instant in the reader's own time zone, which only a TextBlock shows surely."""
    if not 1970 < at.year < 9000:
        return utc(at)
    stamp = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{{{{DATE({stamp}, SHORT)}}}} {{{{TIME({stamp})}}}}"


def _runs(part: Part, people: People, style: dict[str, Any]) -> list[Json]:
    """A part as runs, in which Teams reads nothing; even the beginning of a date is broken."""
    if isinstance(part, Link):
        return _link_runs(part, style)
    text = inert(said(part, people))
    bold = isinstance(part, Who) or (isinstance(part, Words | Quote) and part.bold)
    return [_run(text, style, bold=bold)] if text else []


def _link_runs(link: Link, style: dict[str, Any]) -> list[Json]:
    """The host stands beside the label, outside of what a label can imitate."""
    label, target = inert(one_line(link.label, len(link.label) + 1)), destination(link.url)
    if target is None:
        return [_run(label, style)] if label else []
    url, shown_host = target
    opened = _run(label or shown_host, style) | {"selectAction": {"type": "Action.OpenUrl", "url": url}}
    return [opened] if link.ours else [opened, _run(f" ({shown_host})", style)]


def _run(text: str, style: dict[str, Any], *, bold: bool = False) -> Json:
    own = {name: value for name, value in style.items() if name in ("size", "isSubtle", "color", "weight")}
    return {"type": "TextRun", "text": text, **own, **({"weight": "Bolder"} if bold else {})}


def inert(text: str) -> str:
    """Without the braces by which a date begins, which is shown even in a run."""
    return re.sub(r"\{(?=\{)", "{ ", harmless(text, len(text) + 1))


def user_id(person: Person | None) -> str | None:
    """The person's Entra object id, or None where they have none that could be one."""
    chat_id = person.chat.get("teams", "") if person else ""
    return chat_id if is_user(chat_id) else None


def is_user(chat_id: str) -> bool:
    """Whether it could be a person's id in Teams."""
    return bool(_USER.fullmatch(chat_id))


def manifest_id(app_id: str) -> str:
    """The app's id in Teams, of the bot's in Entra: both have to be unique, each among its own. Raises ValueError."""
    return str(uuid.uuid5(uuid.UUID(app_id), "closeloop teams app"))


def summary(text: Text, people: People, *, limit: int = SUMMARY) -> str:
    """`text` on one line for notifications and screen readers, without anything that could be read as a tag."""
    whole = " ".join("".join(said(part, people) for part in written(text)).split())
    return inert(one_line(whole, limit)).translate(_ANGLES)


_MARKS = str.maketrans("[]*`~\\", "［］∗ˋ∼＼")
_EDGE = re.compile(r"(?<!\w)_|_(?!\w)")
_BEGINS = re.compile(r"^(?:#{1,6}|[-+]|\d+[.)])(?=\s)")


def choice(text: Text, people: People, *, limit: int) -> str:
    """`text` as something to be ticked or chosen: some clients read Markdown there, others show what would keep it
    from being read. So what could be read as such is written with letters that look alike."""
    shown = _EDGE.sub("＿", summary(text, people, limit=limit).translate(_MARKS))
    return _BEGINS.sub(lambda mark: f"· {mark[0]}", shown)


def title(text: str, people: People, *, size: str = "Large") -> list[Json]:
    """A heading: bold and large, and whatever a source wrote in it only words."""
    shown = one_line(text, 150)
    return line((Quote(shown),), people, Mentions(), size=size, weight="Bolder") if shown else []
