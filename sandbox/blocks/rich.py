"""rich_text: text that Slack does not parse, so a mention in it is always meant."""

from __future__ import annotations

from typing import Any

from slackblocks import _limits as most

from sandbox.blocks.walk import Check, Walk, array, boolean, integer, one_of, record, string, typed, url

_STYLE = record({}, {k: boolean for k in ("bold", "italic", "strike", "code", "underline")})
_MENTION_STYLE = record(
    {}, {k: boolean for k in ("bold", "italic", "strike", "highlight", "client_highlight", "unlink", "underline")}
)
_LONG = 1_000_000  # the message's total is the only limit on a leaf
_STYLED: dict[str, Check] = {"style": _STYLE}
_NAMED: dict[str, Check] = {"style": _MENTION_STYLE}


def _counts(walk: Walk, value: Any, path: str) -> None:
    if isinstance(value.get("text"), str):
        walk.text_length += len(value["text"])


def _link_counts(walk: Walk, value: Any, path: str) -> None:
    shown = value.get("text") or value.get("url")
    walk.text_length += len(shown) if isinstance(shown, str) else 0


def _mentions(walk: Walk, value: Any, path: str) -> None:
    walk.mentions.append(str(value.get("user_id")))


def _mentions_group(walk: Walk, value: Any, path: str) -> None:
    walk.mentions.append(str(value.get("usergroup_id")))


def _notifies_all(walk: Walk, value: Any, path: str) -> None:
    walk.broadcast = True


_TEXT = record({"text": string(_LONG)}, _STYLED, then=_counts)
_LINK = record({"url": url(3000)}, {"text": string(_LONG), "unsafe": boolean, **_STYLED}, then=_link_counts)
_LEAVES: dict[str, Check] = {
    "text": _TEXT,
    "link": _LINK,
    "user": record({"user_id": string(255)}, _NAMED, then=_mentions),
    "usergroup": record({"usergroup_id": string(255)}, _NAMED, then=_mentions_group),
    "channel": record({"channel_id": string(255)}, _NAMED),
    "team": record({"team_id": string(255)}, _NAMED),
    "emoji": record({"name": string(255)}, {"unicode": string(255), "skin_tone": integer(1, 6), **_STYLED}),
    "date": record(
        {"timestamp": integer(0, 2**53), "format": string(255)},
        {"url": url(3000), "fallback": string(3000), **_STYLED},
    ),
    "broadcast": record({"range": one_of("here", "channel", "everyone")}, _STYLED, then=_notifies_all),
    "color": record({"value": string(255)}),
}
_INLINE = array(typed(_LEAVES), most=10_000, least=0)
_SECTION = record({"elements": _INLINE})
_BORDER: dict[str, Check] = {"border": integer(0, most.RICH_TEXT_QUOTE_BORDER_MAX)}

RICH_TEXT_PARTS = typed(
    {
        "rich_text_section": _SECTION,
        "rich_text_list": record(
            {
                "style": one_of("bullet", "ordered"),
                "elements": array(typed({"rich_text_section": _SECTION}), most=10_000),
            },
            {
                "indent": integer(most.RICH_TEXT_LIST_INDENT_MIN, most.RICH_TEXT_LIST_INDENT_MAX),
                "offset": integer(0, 10_000),
                **_BORDER,
            },
        ),
        "rich_text_quote": record({"elements": _INLINE}, _BORDER),
        "rich_text_preformatted": record(
            {"elements": array(typed({"text": _TEXT, "link": _LINK}), most=10_000, least=0)},
            {"language": string(255), **_BORDER},
        ),
    }
)
