"""The stand-in of Teams as its people see and use it: the same gestures as in story/workspace.py, made with its own.

What is a form beside the card there takes its place here, for one person. `/loop …` is written to the bot. Home is the
answer to `mine`, a shortcut the message extension, a status an automatic reply.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, text
from story.workspace import HIDDEN, Workspace, until

from sandbox.microsoft.tenant import object_id
from storage.store import SqlStore

RECEIPTS = text(
    "SELECT receipt_channel, receipt_ts, kind, alert_id, key FROM deliveries WHERE receipt_ts IN :ids"
).bindparams(bindparam("ids", expanding=True))
SENDING = text("SELECT count(*) FROM deliveries WHERE state = 'sending'")
EVERY = text("SELECT receipt_channel, receipt_ts, key, posts FROM deliveries WHERE receipt_ts IS NOT NULL")
ELSEWHERE = "The answer is in our chat"
_DATE = re.compile(r"\{\{(?:DATE|TIME)\(([^,)]*)(?:, SHORT)?\)\}\}")
_AT = re.compile(r"<at>[^<]*</at>")
_READ = re.compile(r"[*_~`\[\]<>{}\\|]|&#?\w+;|://|^\s*(?:#{1,6}\s|[-+]\s|\d+[.)]\s)")


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One message, form or page as somebody sees it at one moment."""

    channel: str
    """the conversation, without the thread in it"""
    ts: str
    root: str = ""
    text: str = ""
    """what notifications and screen readers get"""
    card: Any = field(default_factory=lambda: {"body": []})
    people: dict[str, str] = field(default_factory=dict)
    """Entra object id ▶ person"""
    mark: Any = None
    """the delivery that it is the receipt of"""
    own: bool = False
    view: bool = False
    """it takes the card's place for whoever pressed"""
    dialog: bool = False

    @property
    def about(self) -> dict[str, Any]:
        """`alert` and `delivery` of a message that was owed."""
        return {} if self.mark is None else {"alert": self.mark.alert_id or "", "delivery": self.mark.key}

    @property
    def kind(self) -> str:
        return "" if self.mark is None else str(self.mark.kind)

    @property
    def ephemeral(self) -> bool:
        """Whether one person alone sees it."""
        return self.view or self.channel.startswith("a:")

    @property
    def says(self) -> str:
        """Every word that can be read in it, buttons aside; a mention reads as `@U0ANA`."""
        tags = self._tags()

        def read(said: str) -> str:
            said = _DATE.sub(lambda date: date[1], said)
            return _AT.sub(lambda tag: f"@{tags.get(tag[0], tag[0])}", said).replace("**", "")

        return "\n".join(read(one) if parsed else one for one, parsed in _texts(self.card))

    @property
    def buttons(self) -> list[str]:
        return [action["title"] for action in self.actions()]

    def buttons_about(self, alert: str) -> list[str]:
        return [action["title"] for action in self.actions(about=alert)]

    @property
    def mentions(self) -> set[str]:
        """Everybody whom it notifies."""
        shown = "\n".join(one for one, parsed in _texts(self.card) if parsed)
        return {who for tag, who in self._tags().items() if tag in shown}

    @property
    def filled(self) -> dict[str, Any]:
        """A form's fields ▶ what stands in them."""
        return {one["id"].removeprefix("field:"): one.get("value", "") for one in inputs(self.card)}

    def _tags(self) -> dict[str, str]:
        known = self.card.get("msteams", {}).get("entities", [])
        return {one["text"]: self.people.get(one["mentioned"]["id"], one["mentioned"]["id"]) for one in known}

    def actions(self, *, about: str = "", seldom: bool = False) -> list[Any]:
        """What can be pressed, or what waits behind `…`; `about`: of one alert."""
        found = [action for one in elements(self.card) for action in one.get("actions", [])]
        return [
            action
            for action in found
            if (action.get("mode") == "secondary") == seldom
            and str((action.get("data") or {}).get("alert", "")).startswith(about)
        ]

    def leads_to(self, card: Shown) -> bool:
        """Whether a link of it opens this card."""
        urls = [str(run.get("selectAction", {}).get("url", "")) for run in _runs(self.card)]
        return any(f"{card.channel}/{card.ts}" in unquote(url) for url in urls)

    def harm(self) -> list[str]:
        """What Teams would read as anything but words where foreign words stand, and what hides."""
        wrong = [f"hidden: {one!r}" for one, _ in _texts(self.card) if HIDDEN.search(one)]
        wrong += [f"a date: {one}" for one, parsed in _texts(self.card) if not parsed and "{{" in one]
        for one, parsed in _texts(self.card):
            bare = _AT.sub("", _DATE.sub("", one)).replace("**", "")
            wrong += [f"parsed: {one}"] if parsed and _READ.search(bare) else []
        return wrong + ([f"a tag: {self.text}"] if re.search("[<>]", self.text) else [])


def elements(card: Any) -> Iterator[Any]:
    """In the order in which they are read."""
    waiting = list(card.get("body", []))
    while waiting:
        one = waiting.pop(0)
        yield one
        waiting = [*one.get("items", []), *waiting]


def _runs(card: Any) -> list[Any]:
    return [run for one in elements(card) for run in one.get("inlines", ())]


def inputs(card: Any) -> list[Any]:
    return [one for one in elements(card) if one["type"].startswith("Input.")]


def standing(card: Any) -> dict[str, str]:
    """What stands in every input: Teams sends all of it with any button."""
    return {one["id"]: str(one.get("value", "")) for one in inputs(card)}


def _texts(card: Any) -> list[tuple[str, bool]]:
    """(line, whether Teams parses it), in order."""
    found: list[tuple[str, bool]] = []
    for one in elements(card):
        if one["type"] == "TextBlock":
            found.append((one["text"], True))
        elif one["type"] == "RichTextBlock":
            found.append(("".join(run["text"] for run in one["inlines"]), False))
        elif one["type"].startswith("Input.") and one.get("label"):
            found.append((one["label"], False))
    return found


def noted(card: Any, style: str = "accent") -> str:
    """What stands in the box of this style, which is for whoever pressed alone."""
    boxes = [one for one in card.get("body", []) if one["type"] == "Container" and one.get("style") == style]
    return "\n".join(one for box in boxes for one, _ in _texts({"body": box["items"]})).replace("**", "").strip()


@dataclass(frozen=True, kw_only=True)
class Pressed:
    """What Teams shows at once after a gesture."""

    ok: bool
    said: str = ""
    """told to whoever made it alone"""
    why: str = ""
    """what is wrong with the form, which stays"""
    error: str | None = None
    opened: Shown | None = None
    """what took the card's place"""

    @property
    def answer(self) -> str:
        """What is said to a form that was handed in in vain."""
        return self.why or self.said


@dataclass(frozen=True)
class Teams:
    """The stand-in's control API, and what the product noted of what it sent."""

    workspace: Workspace
    store: SqlStore
    heard: dict[str, list[Shown]] = field(default_factory=dict)
    """person ▶ what they alone were told after a press, oldest first"""
    picked: dict[str, list[str]] = field(default_factory=dict)
    """person ▶ the boxes that they ticked"""
    homes: dict[str, str] = field(default_factory=dict)
    """person ▶ the newest answer to `mine`"""

    platform = "teams"
    command = ""

    # ── looking ──────────────────────────────────────────────────────────────────────────────────────────────────

    def posts(self, where: str, *, who: str = "U0ANA", root: str = "", own: bool = False) -> list[Shown]:
        """The bot's messages, oldest first; `own`: with this person's view of them."""
        query = {"conversation": where, "as": who, **({"root": root} if root else {})}
        found = self.workspace.get("teams/posts", **query)
        posts = [one for one in found["posts"] if one["by"] == "bot"]
        marks = self._marks([one["id"] for one in posts])
        return [
            Shown(
                channel=one["conversation"],
                ts=one["id"],
                root=one["root"],
                text=one["summary"],
                card=one["card"] if own else one["shared"],
                people=found["people"],
                mark=marks.get((one["conversation"], one["id"])),
                own=one["own"],
            )
            for one in posts
        ]

    def _marks(self, ids: list[str]) -> dict[tuple[str, str], Any]:
        if not ids:
            return {}
        with self.store.database.reading() as connection:
            found = list(connection.execute(RECEIPTS, {"ids": ids}))
        return {(one.receipt_channel.partition(";")[0], one.receipt_ts): one for one in found}

    def is_sending(self) -> bool:
        with self.store.database.reading() as connection:
            return bool(connection.execute(SENDING).scalar_one())

    def person(self, name: str) -> Person:
        return Person(self, name)

    def channel(self, name: str) -> Channel:
        return Channel(self, conversation(name))

    def letters(self, name: str) -> list[Shown]:
        return self.channel(name).all() if name.startswith("#") else self.person(name).dms()

    # ── people ───────────────────────────────────────────────────────────────────────────────────────────────────

    def joined(self, name: str) -> None:
        """An administrator installed the app for somebody new."""
        self.workspace.post("teams/change", installed={f"U0{name.upper()}": True})

    def left(self, name: str) -> None:
        self.workspace.post(f"microsoft/users/U0{name.upper()}", enabled=False)

    # ── promises ─────────────────────────────────────────────────────────────────────────────────────────────────

    def click(self, card: Shown, *, who: str, act: str = "acknowledge") -> int:
        """The status of what Teams would send of somebody's press."""
        data = next(one["data"] for one in card.actions() if one["verb"] == act)
        sender = {"id": f"29:{who}", "aadObjectId": object_id(who), "name": who}
        value = {"action": {"type": "Action.Execute", "verb": act, "data": data}, "trigger": "manual"}
        activity = {"type": "invoke", "name": "adaptiveCard/action", "value": value, "replyToId": card.ts}
        where = f"{card.channel};messageid={card.root}"
        sent = self.workspace.post("teams/raw", conversation=where, activity={**activity, "from": sender})
        return int(sent["status"])

    def said_once(self) -> None:
        """Every message is one delivery's receipt, and every delivery has one; answers to what was typed aside.

        Where a call's outcome was unknown and nobody had seen the message, it was sent once more: Teams cannot be
        read back. That window is stated in docs/guarantees.md; all others are told once.
        """
        said = self.workspace.get("teams/messages")["messages"]
        with self.store.database.reading() as connection:
            found = list(connection.execute(EVERY))
        receipts = {(one.receipt_channel.partition(";")[0], one.receipt_ts) for one in found}
        doubted = {one.key for one in found if one.posts > 1}
        assert self.workspace.get("log", since=0)["limited"] == 0, "Teams had to say that it was too much"
        strangers = [
            one["card"]
            for one in said
            if (one["conversation"], one["id"]) not in receipts
            and one["conversation"].startswith("19:")
            and ELSEWHERE not in str(one["card"])
            and not any(data.get("delivery") in doubted for data in one["carries"])
        ]
        assert strangers == []


def conversation(name: str) -> str:
    return f"19:{name.removeprefix('#')}@thread.tacv2"


@dataclass(frozen=True)
class Channel:
    """One channel."""

    teams: Teams
    id: str

    def all(self) -> list[Shown]:
        return self.teams.posts(self.id)

    def cards(self, alert_id: str = "") -> list[Shown]:
        found = (one for one in self.all() if one.kind == "card" and one.ts == one.root)
        return [one for one in found if not alert_id or one.about["alert"] == alert_id]

    def thread(self, card: Shown) -> list[Shown]:
        """What was said under a card."""
        found = self.teams.posts(self.id, root=card.ts)
        return [one for one in found if one.ts != one.root and ELSEWHERE not in one.says and one.mark is not None]

    def said(self, alert_id: str) -> list[Shown]:
        """Everything about an alert that is no card and in no thread."""
        return [
            one
            for one in self.all()
            if one.kind != "card" and one.ts == one.root and one.about.get("alert") == alert_id
        ]


@dataclass(frozen=True)
class Person:
    """Somebody in Teams."""

    teams: Teams
    name: str

    @property
    def id(self) -> str:
        return f"U0{self.name.upper()}"

    @property
    def chat_id(self) -> str:
        """Who they are in this chat."""
        return object_id(self.id)

    @property
    def email(self) -> str:
        return f"{self.name}@acme.example"

    # ── pressing ─────────────────────────────────────────────────────────────────────────────────────────────────

    def press(self, label: str, on: Shown, *, about: str = "", seldom: bool = False) -> Pressed:
        """One click. `about` chooses the alert where a page shows several."""
        found = [one for one in on.actions(about=about, seldom=seldom) if one["title"] == label]
        assert found, f"no button {label!r} among {on.buttons}"
        given = standing(on.card)
        if "pick" in given:
            given["pick"] = ",".join(self.teams.picked.pop(self.id, []))
        pressed = self._execute(on, found[0], given)
        sure = [one for one in pressed.opened.actions() if one["data"].get("sure")] if pressed.opened else []
        return self._execute(on, sure[0], {}) if sure else pressed

    def overflow(self, choice: str, on: Shown, *, about: str = "") -> Pressed:
        """Choose from the `…` that offers it."""
        return self.press(choice, on, about=about, seldom=True)

    def select(self, name: str, choice: str, on: Shown) -> Pressed:
        """Choose in the menu of this label, and have it shown."""
        (menu,) = [one for one in inputs(on.card) if one.get("label") == name]
        (value,) = [one["value"] for one in menu["choices"] if choice in (one["title"], one["value"])]
        (show,) = [one for one in on.actions() if one["title"] == "Show"]
        return self._execute(on, show, {**standing(on.card), menu["id"]: value})

    def check(self, name: str, *choices: str, on: Shown, about: str = "") -> Pressed:
        """The box of this alert is ticked, which Teams tells nobody until a button is pressed."""
        (boxes,) = [one for one in inputs(on.card) if one["id"] == name]
        ticked = [one["value"] for one in boxes["choices"] if one["value"].startswith(about)]
        assert len(ticked) == len(choices)
        self.teams.picked.setdefault(self.id, []).extend(ticked)
        return Pressed(ok=True)

    def _execute(self, on: Shown, action: Any, given: dict[str, str]) -> Pressed:
        body = {"conversation": on.channel, "id": on.ts, "verb": action["verb"], "data": action["data"]}
        sent = self._post("press", inputs=given, **body)
        return self._pressed(on, sent["status"], sent["answer"])

    def _pressed(self, on: Shown, status: int | None, answer: Any) -> Pressed:
        value = answer.get("value")
        if status != 200 or not isinstance(value, dict):
            is_said = status == 200 and str(answer.get("type", "")).endswith("activity.message")
            self._hear(on, str(value) if is_said else "")
            return Pressed(ok=is_said, said=str(value) if is_said else "", error=None if is_said else str(answer))
        if str(answer["type"]).endswith("error"):
            return Pressed(ok=False, error=str(value))
        why = noted(value, "attention") if inputs(value) else ""
        said = noted(value)
        self._hear(on, said)
        opened = Shown(
            channel=on.channel, ts=on.ts, root=on.root, card=value, people=on.people, mark=on.mark, view=True
        )
        return Pressed(ok=not why, said=said, why=why, error=why or None, opened=opened)

    def _hear(self, on: Shown, said: str) -> None:
        if said:
            card = {"body": [{"type": "RichTextBlock", "inlines": [{"text": said}]}]}
            heard = self.teams.heard.setdefault(self.id, [])
            heard.append(Shown(channel=on.channel, ts=f"{on.ts}~{len(heard)}", root=on.root, card=card, view=True))

    def told(self, gesture: Callable[[], Pressed], channel: str = "") -> str:
        """The private sentence that answers a gesture."""
        pressed = gesture()
        assert pressed.ok, pressed
        assert pressed.said, "nothing was said"
        return pressed.said

    def private(self, channel: str = "#ai-alerts", *, root: str = "") -> list[Shown]:
        """Everything that they alone were told on messages of a channel, or of a thread of it."""
        where = channel if channel.startswith(("19:", "a:")) else conversation(channel)
        found = [one for one in self.teams.heard.get(self.id, []) if one.channel == where]
        return [one for one in found if not root or one.root == root]

    # ── forms ────────────────────────────────────────────────────────────────────────────────────────────────────

    def fill(self, label: str, on: Shown, *, about: str = "", **fields: Any) -> Pressed:
        """Press, get the form, hand it in."""
        return self.submit(self.form(label, on, about=about), **fields)

    def form(self, label: str, on: Shown, *, about: str = "") -> Shown:
        """The form (or page) that a press opens."""
        return self.opened(lambda: self.press(label, on, about=about))

    def opened(self, gesture: Callable[[], Pressed]) -> Shown:
        pressed = gesture()
        assert pressed.ok, pressed.error
        assert pressed.opened is not None and not pressed.said, f"it opened nothing: {pressed}"
        return pressed.opened

    def submit(self, form: Shown, **fields: Any) -> Pressed:
        """As Teams does: with everything that stands in it, and not without what is required."""
        given = standing(form.card)
        for name, value in fields.items():
            given |= self._entered(name, value, given)
        missing = [one["id"] for one in inputs(form.card) if one.get("isRequired") and not given[one["id"]]]
        assert not missing, f"Teams asks for {missing} before it sends anything"
        (send,) = [one for one in form.actions() if (one.get("data") or {}).get("filled")]
        if form.dialog:
            return self._extended(form, "submitAction", commandId="raise", data={**send["data"], **given})
        return self._execute(form, send, given)

    def _entered(self, name: str, value: Any, form: dict[str, str]) -> dict[str, str]:
        key = f"field:{name}"
        if f"{key}:date" in form:
            at = datetime.fromtimestamp(int(value), UTC).astimezone(ZoneInfo(self._zone()))
            return {f"{key}:date": at.strftime("%Y-%m-%d"), f"{key}:time": at.strftime("%H:%M")}
        assert key in form, f"no field {name!r} among {list(form)}"
        return {key: value.chat_id if isinstance(value, Person) else str(value)}

    def _zone(self) -> str:
        found = self.teams.workspace.get("state", **{"as": self.id})["users"]
        return next((str(one["tz"]) for one in found if one["id"] == self.id), "UTC")

    def modals(self) -> list[Shown]:
        """The forms that stand open in front of them; a list with filters and boxes is none: nothing cancels it."""
        return [one for one in self.teams.posts("", who=self.id, own=True) if one.own and _cancel(one)]

    def close_modals(self) -> None:
        """Cancel, in each."""
        for form in self.modals():
            self._execute(form, _cancel(form)[0], {})

    # ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────

    def type(self, typed: str, *, channel: str = "#ai-alerts") -> Shown:
        """`/loop …` of the stories: written to the bot in one's own chat, or where it names people, in a channel.

        The answer, which comes in one's own chat either way.
        """
        words = typed.removeprefix("/loop").strip() or "mine"
        if re.search(r"(?<!\S)@\w", words):
            before = max((int(one.ts) for one in self._chat()), default=0)
            self._post("type", text=f"@closeloop {words}", conversation=conversation(channel))
        else:
            before = int(self._post("type", text=words)["id"])
        return until(lambda: self._answer(before), why=lambda: f"{words!r} was not answered")  # type: ignore[no-any-return]

    def _answer(self, after: int) -> Shown | None:
        """The newest message since then that nobody owed: what is owed and being sent may look like one."""
        if self.teams.is_sending():
            return None
        return next((one for one in self._chat() if int(one.ts) > after and one.mark is None), None)

    def _chat(self) -> list[Shown]:
        return self.teams.posts(f"a:{self.id}", who=self.id)

    def dms(self) -> list[Shown]:
        """What they were told alone and unasked, oldest first."""
        return [one for one in self._chat() if one.mark is not None]

    def home(self) -> Shown:
        """Teams has no Home of ours: they write `mine`."""
        shown = self.type("/loop mine")
        self.teams.homes[self.id] = shown.ts
        return shown

    def home_now(self) -> Shown:
        """The answer to `mine` as they see it now."""
        posts = self.teams.posts(f"a:{self.id}", who=self.id, own=True)
        return next(one for one in posts if one.ts == self.teams.homes[self.id])

    def say(self, said: str, *, channel: str = "#ai-alerts") -> Shown:
        """A message of their own."""
        where = conversation(channel)
        made = self._post("type", text=said, conversation=where)
        return Shown(channel=where, ts=made["id"], root=made["id"], text=said)

    def shortcut(self, message: Shown) -> Pressed:
        """The message extension's action on a message."""
        return self._extended(message, "fetchTask", id=message.ts, commandId="raise")

    def _extended(self, on: Shown, name: str, *, id: str = "", **value: Any) -> Pressed:
        sent = self._post("extension", conversation=on.channel, name=name, value=value, **({"id": id} if id else {}))
        task = sent["answer"].get("task", {})
        if sent["status"] != 200 or task.get("type") != "continue":
            return Pressed(ok=sent["status"] == 200, said=str(task.get("value", "")))
        card = task["value"]["card"]["content"]
        why = noted(card, "attention")
        opened = Shown(channel=on.channel, ts=on.ts, root=on.root, card=card, view=True, dialog=True)
        return Pressed(ok=not why, why=why, opened=opened)

    def set_status(self, said: str, emoji: str = "", until: float = 0) -> None:
        """Teams has no status that says until when: automatic replies do. An empty text ends them."""
        settings = self.teams.workspace.get("microsoft")["accounts"][self.id]["mailbox"]
        replies: dict[str, Any] = {"status": "disabled"}
        if said:
            start, end = (datetime.fromtimestamp(at, UTC) for at in (until - 30 * 86400, until))
            replies = {
                "status": "scheduled",
                "scheduledStartDateTime": {"dateTime": f"{start:%Y-%m-%dT%H:%M:%S}.0000000", "timeZone": "UTC"},
                "scheduledEndDateTime": {"dateTime": f"{end:%Y-%m-%dT%H:%M:%S}.0000000", "timeZone": "UTC"},
                "internalReplyMessage": said,
            }
        mailbox = {**settings, "automaticRepliesSetting": replies}
        self.teams.workspace.post(f"microsoft/users/{self.id}", mailbox=mailbox)

    def _post(self, path: str, **body: Any) -> Any:
        return self.teams.workspace.post(f"teams/{path}", **{"as": self.id}, **body)


def _cancel(form: Shown) -> list[Any]:
    return [one for one in form.actions() if one["title"] == "Cancel"]
