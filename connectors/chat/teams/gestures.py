"""What Teams sends, as gestures: who did what to which alert, by an id of its own."""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bot.core.forms import FORMS
from bot.core.hours import zone
from bot.ports import Gesture, Receipt
from connectors.chat.teams import lists
from connectors.chat.teams.cards import HOME, About
from connectors.chat.teams.forms import filled
from connectors.chat.teams.text import Json, is_user

PLATFORM = "teams"
RAISE = "raise"
CARRIED = ("link", "author")
"""of the message that is raised, which the form hands back"""
_AT = re.compile(r"<at[^>]*>(.*?)</at>", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<[^>]{0,2000}>")
_BREAK = re.compile(r"<(?:br|/p|/div|/li)\b[^>]{0,200}>", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Said:
    """One activity, as far as anything of ours depends on it."""

    id: str
    chat_id: str
    """who, by their Entra object id; empty where Teams names none"""
    member: str
    conversation: str
    kind: str
    """personal | channel | groupChat"""
    time_zone: str
    reply_to: str
    """the message that was pressed on"""
    raw: Json

    @property
    def receipt(self) -> Receipt | None:
        """The message it was done on."""
        return Receipt(channel=self.conversation, ts=self.reply_to) if self.conversation and self.reply_to else None

    @property
    def channel(self) -> str:
        return self.conversation.partition(";")[0] if self.kind == "channel" else ""


def said(activity: Json) -> Said:
    sender, place = _dict(activity.get("from")), _dict(activity.get("conversation"))
    chat_id = str(sender.get("aadObjectId") or "")
    return Said(
        id=str(activity.get("id") or ""),
        chat_id=chat_id.lower() if is_user(chat_id) else "",
        member=str(sender.get("id") or ""),
        conversation=str(place.get("id") or ""),
        kind=str(place.get("conversationType") or ""),
        time_zone=_time_zone(activity),
        reply_to=str(activity.get("replyToId") or ""),
        raw=activity,
    )


def _time_zone(activity: Json) -> str:
    """Where whoever did it is, as their client says; UTC where it says nothing that is known."""
    entities = activity.get("entities")
    listed = [one for one in entities if isinstance(one, dict)] if isinstance(entities, list) else []
    names = [activity.get("localTimezone"), *(one.get("timezone") for one in listed)]
    for name in names:
        if isinstance(name, str) and name and zone(name).key != "UTC":
            return name
    return "UTC"


def pressed(one: Said, data: Json, verb: str) -> Gesture:
    """A press, or a form that came back. Acts that need something filled in ask for their form first."""
    what = about(data)
    if verb in FORMS and data.get("filled") == verb:
        return _handed_in(one, data, verb, what)
    ask, several = verb in FORMS, _several(what, verb)
    return Gesture(
        id=f"{one.chat_id}:{one.reply_to}:{verb}:{one.id}",
        platform=PLATFORM,
        chat_id=one.chat_id,
        act="form" if ask else "bulk" if several else verb,
        alert_id=what.alert_id,
        seen=what.generation,
        channel=one.channel,
        fields={"for": verb, **several} if ask or several else {},
    )


def _several(what: About, verb: str) -> dict[str, str]:
    """Of an act on all that was picked in a list: which, and what is to be done."""
    return {"for": verb, "picked": what.more[lists.PICKED]} if lists.PICKED in what.more else {}


def _handed_in(one: Said, data: Json, verb: str, what: About) -> Gesture:
    """Filled differently it is another gesture; sent twice it is the same."""
    carried = {name: str(data[name]) for name in CARRIED if isinstance(data.get(name), str)}
    several = _several(what, verb)
    fields = {**(carried if verb == RAISE else {}), **several, **filled(data, time_zone=one.time_zone)}
    digest = hashlib.sha256(json.dumps([fields, what.data], sort_keys=True).encode()).hexdigest()[:32]
    return Gesture(
        id=f"{one.chat_id}:{one.reply_to}:form:{verb}:{digest}",
        platform=PLATFORM,
        chat_id=one.chat_id,
        act="bulk" if several else verb,
        alert_id=what.alert_id,
        seen=what.generation,
        channel=one.channel,
        fields=fields,
    )


def about(data: Json) -> About:
    """What a press carries. Whoever sends it may have changed it: rights and generations are asked again."""
    seen, named = data.get("seen"), {name: data.get(name) for name in ("alert", "kind", "delivery")}
    alert, kind, delivery = (str(one)[:200] if isinstance(one, str) else "" for one in named.values())
    more = lists.carried(data) if kind.startswith(HOME) else {}
    return About(alert_id=alert, generation=_generation(seen), kind=kind, delivery=delivery, more=more)


def _generation(seen: Any) -> int | None:
    is_number = isinstance(seen, int | float) and not isinstance(seen, bool) and abs(seen) < 2**31
    return int(seen) if is_number else None


def view(one: Said, what: About) -> Gesture:
    """Somebody's client asks for the card as it is now."""
    gesture_id = f"{one.chat_id}:{one.reply_to}:card:{one.id}"
    return Gesture(id=gesture_id, platform=PLATFORM, chat_id=one.chat_id, act="card", alert_id=what.alert_id)


def home(one: Said, what: About) -> Gesture:
    """Somebody's own list, with what is chosen in it: what Home is where a chat has one."""
    gesture_id = f"{one.chat_id}:{one.reply_to}:home:{one.id}"
    return Gesture(id=gesture_id, platform=PLATFORM, chat_id=one.chat_id, act="home", fields=lists.state(what))


def command(one: Said, text: str) -> Gesture:
    """What was typed to the bot."""
    return Gesture(
        id=f"{one.chat_id}:{one.id}",
        platform=PLATFORM,
        chat_id=one.chat_id,
        act="command",
        channel=one.channel,
        fields={"text": text},
    )


def typed(activity: Json, bot_id: str) -> str:
    """The words, without the bot's own name; other people go by their ids."""
    text = str(activity.get("text") or "")
    mentions = [one for one in activity.get("entities") or () if isinstance(one, dict) and one.get("type") == "mention"]
    for one in mentions:
        who = _dict(one.get("mentioned"))
        if isinstance(tag := one.get("text"), str) and tag:
            chat_id = who.get("aadObjectId")
            text = text.replace(tag, "" if who.get("id") == bot_id or not chat_id else f"@{chat_id}")
    return " ".join(html.unescape(_TAG.sub(" ", _AT.sub(r"\1", text))).split())


def message_raised(one: Said, value: Json) -> Gesture:
    """A message is to be raised as an alert."""
    message = _dict(value.get("messagePayload"))
    body, author = _dict(message.get("body")), _dict(_dict(message.get("from")).get("user"))
    link = str(message.get("linkToMessage") or "")
    return Gesture(
        id=f"{one.chat_id}:{one.id}:{message.get('id', '')}",
        platform=PLATFORM,
        chat_id=one.chat_id,
        act="form",
        channel=one.channel,
        fields={
            "for": RAISE,
            "text": read(str(body.get("content") or ""))[:3000],
            "link": link if urlsplit(link).scheme == "https" else "",
            "author": str(author.get("id") or ""),
        },
    )


def read(text: str) -> str:
    """What somebody wrote in Teams, which stores it as HTML, as it was read there."""
    return html.unescape(_TAG.sub("", _BREAK.sub("\n", text))).strip()


def searched(value: Json) -> str:
    """What the message extension is asked to find."""
    listed = value.get("parameters")
    given = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return next((str(one.get("value") or "") for one in given if one.get("name") == "words"), "").strip()[:200]


def _dict(value: Any) -> Json:
    return dict(value) if isinstance(value, Mapping) else {}
