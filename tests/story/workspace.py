"""The stand-in workspace as its people see and use it: what they read, press, fill in and type."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2

CHANNELS = {"#ai-alerts": "C0ALERTS", "#payments": "C0PAY", "#ai-exceptions": "C0EXC", "#general": "C0GEN"}
_TAG = re.compile(r"<(?!!date\^\d+\^)")
HIDDEN = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u061c\u0000-\u0008\u000b-\u001f\u007f]")
"""what is not seen, or turns what is"""
LOOKED_AT = 40
"""newest messages of a channel that a look reads"""


def until(condition: Callable[[], Any], seconds: float = 15.0, *, why: str | Callable[[], str] = "it never was") -> Any:
    """Polls until the condition holds, and returns what it said; else says why not."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() >= deadline:
            raise AssertionError(f"{why if isinstance(why, str) else why()} (waited {seconds:.0f} s)")
        time.sleep(0.05)
    return found


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One message or view as somebody sees it at one moment."""

    channel: str
    ts: str = ""
    view: str = ""
    """the view's id, where it is a modal or Home"""
    text: str = ""
    """what screen readers and notifications get"""
    blocks: list[Any] = field(default_factory=list)
    metadata: Any = None
    ephemeral: bool = False
    reply_count: int = 0
    files: list[Any] = field(default_factory=list)
    """`{id, name, title, alt_txt, mimetype, …}` of what is shared with it"""

    @property
    def about(self) -> dict[str, Any]:
        """`delivery`, `alert` and `revision` of a message of ours."""
        return dict((self.metadata or {}).get("event_payload") or {})

    @property
    def kind(self) -> str:
        return str((self.metadata or {}).get("event_type", "")).removeprefix("closeloop_")

    @property
    def says(self) -> str:
        """Every word that can be read in it, buttons aside; a mention reads as `@U0ANA`."""
        return "".join(_read(block) for block in self.blocks if block["type"] != "actions")

    @property
    def buttons(self) -> list[str]:
        return [element["text"]["text"] for _, element in self.pressable()]

    @property
    def mentions(self) -> set[str]:
        """Everybody whom its blocks notify."""
        return {leaf["user_id"] for leaf in _leaves(self.blocks) if leaf["type"] == "user"}

    def buttons_about(self, alert_id: str) -> list[str]:
        return [element["text"]["text"] for _, element in self.pressable(alert_id)]

    @property
    def filled(self) -> dict[str, Any]:
        """A form's fields ▶ what stands in them."""
        found = {
            one["block_id"].removeprefix("field:"): one["element"] for one in self.blocks if one["type"] == "input"
        }
        return {name: element.get("initial_value", "") for name, element in found.items()}

    def leads_to(self, card: Shown) -> bool:
        """Whether a link of it opens this card."""
        return f"{card.channel}/p{card.ts.replace('.', '')}" in json.dumps(self.blocks)

    def harm(self) -> list[str]:
        """What Slack would read as anything but words where foreign words stand, and what hides."""
        kinds = set(re.findall(r"'type': '([a-z_]+)'", str(self.blocks)))
        wrong = sorted(kinds & {"broadcast", "usergroup", "channel", "emoji", "section", "markdown"})
        contexts = [one["text"] for block in self.blocks if block["type"] == "context" for one in block["elements"]]
        wrong += [f"a tag: {one}" for one in (self.text, *contexts) if _TAG.search(one)]
        return wrong + ([f"hidden: {self.says!r}"] if HIDDEN.search(self.says) else [])

    def pressable(self, alert_id: str = "") -> list[tuple[Any, Any]]:
        """(block, button) of every button, or of those about one alert."""
        rows = [block for block in self.blocks if block["type"] == "actions"]
        found = [(row, element) for row in rows for element in row["elements"] if element["type"] == "button"]
        return [(row, button) for row, button in found if button.get("value", "").startswith(alert_id)]

    def operable(self, name: str = "", *, kinds: tuple[str, ...] = (), about: str = "") -> list[tuple[Any, Any]]:
        """(block, element) of every menu, box and field that is called `name` and speaks of `about`.

        Its name is its action_id, its placeholder, the label of its field or the text of the section it stands in.
        """
        found = [(block, element) for block in self.blocks for element in _elements(block)]
        return [
            (block, element)
            for block, element in found
            if element["type"] not in {"button", "image"}
            and (not kinds or element["type"] in kinds)
            and name in {"", *_names(block, element)}
            and about in json.dumps([block["block_id"], element])
        ]


def _elements(block: Any) -> list[Any]:
    alone = [block[key] for key in ("accessory", "element") if key in block]
    return alone + (block["elements"] if block["type"] == "actions" else [])


def _names(block: Any, element: Any) -> set[str]:
    texts = (element.get("placeholder"), block.get("label"), block.get("text"))
    return {element["action_id"], *(text["text"] for text in texts if text)}


def _option(element: Any, choice: str) -> Any:
    """The option a person reads as `choice` (or whose value it is)."""
    groups = element.get("option_groups") or [{"options": element.get("options") or []}]
    offered = [option for group in groups for option in group["options"]]
    found = [option for option in offered if choice in {option["text"]["text"], option["value"]}]
    assert found, f"{choice!r} is not offered: {[option['text']['text'] for option in offered]}"
    return found[0]


def _named(who: Any) -> Any:
    return who.id if isinstance(who, Person) else who


CHOOSING: dict[str, tuple[str, Callable[[Any, Any], Any]]] = {
    "static_select": ("selected_option", _option),
    "radio_buttons": ("selected_option", _option),
    "overflow": ("selected_option", _option),
    "checkboxes": ("selected_options", lambda element, all_: [_option(element, one) for one in all_]),
    "multi_static_select": ("selected_options", lambda element, all_: [_option(element, one) for one in all_]),
    "users_select": ("selected_user", lambda element, one: _named(one)),
    "multi_users_select": ("selected_users", lambda element, all_: [_named(one) for one in all_]),
    "channels_select": ("selected_channel", lambda element, one: channel_id(one)),
    "conversations_select": ("selected_conversation", lambda element, one: channel_id(one)),
    "datepicker": ("selected_date", lambda element, one: one),
    "timepicker": ("selected_time", lambda element, one: one),
    "datetimepicker": ("selected_date_time", lambda element, one: None if one is None else int(one)),
}
"""element type ▶ where its payload says what was chosen, and how that is written; any other is a text field"""


def _chosen(element: Any, choice: Any) -> dict[str, Any]:
    key, write = CHOOSING.get(element["type"], ("value", lambda element, one: one))
    return {key: write(element, choice)}


def _leaves(node: Any) -> Iterator[Any]:
    """Every object with a `type`, wherever it stands."""
    if isinstance(node, dict):
        if "type" in node:
            yield node
        for inner in node.values():
            yield from _leaves(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _leaves(inner)


def _read(block: Any) -> str:
    """One block's words, leaf by leaf."""
    return "".join(map(_words, _leaves(block))) + "\n"


def _words(leaf: Any) -> str:
    if leaf["type"] == "user":
        return f"@{leaf['user_id']}"
    if leaf["type"] == "date":
        return str(leaf["fallback"])
    text = leaf.get("text") or leaf.get("url")
    return text if isinstance(text, str) else ""


@dataclass(frozen=True, kw_only=True)
class Pressed:
    """What Slack shows at once after a gesture: `error` where the bot did not answer as it should."""

    ok: bool
    error: str | None = None
    errors: dict[str, str] = field(default_factory=dict)
    """under the fields of a form"""

    @property
    def why(self) -> str:
        """What is wrong with the form, which stays."""
        return " ".join(self.errors.values())

    @property
    def answer(self) -> str:
        """What is said to a form that was handed in in vain."""
        return self.why


@dataclass(frozen=True, kw_only=True)
class SharedFile:
    """A file as somebody sees it where it was shared."""

    id: str
    name: str
    title: str
    alt_text: str
    mimetype: str
    channels: list[str]
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Workspace:
    """The stand-in's page and control API."""

    url: str
    http: httpx2.Client

    def get(self, path: str, **query: Any) -> Any:
        return self._read(self.http.get(f"{self.url}/sandbox/api/{path}", params=query))

    def post(self, path: str, **body: Any) -> Any:
        return self._read(self.http.post(f"{self.url}/sandbox/api/{path}", json=body))

    def _read(self, answer: httpx2.Response) -> Any:
        assert answer.is_success, answer.text
        return answer.json()

    def messages(self, channel: str, *, who: str = "U0ANA", root: str = "") -> list[Shown]:
        """Oldest first; with `root` its thread, the root itself among them."""
        query = {"thread_ts": root} if root else {"limit": LOOKED_AT}
        found = self.get("messages", channel=channel, **{"as": who}, **query)["messages"]
        keys = ("ts", "text", "blocks", "metadata", "ephemeral", "reply_count", "files")
        return [Shown(channel=channel, **{key: one[key] for key in keys}) for one in found]

    def files(self, who: str = "U0ANA") -> list[SharedFile]:
        """Every file that somebody can see, oldest first, downloaded."""
        return [self._file(one, who) for one in self.get("files", **{"as": who})["files"]]

    def content(self, file_id: str, who: str = "U0ANA") -> bytes:
        """A file as it is shown to somebody; also one that only a block shows."""
        answer = self.http.get(f"{self.url}/sandbox/api/files/{file_id}", params={"as": who})
        assert answer.is_success, answer.text
        return answer.content

    def _file(self, one: Any, who: str) -> SharedFile:
        return SharedFile(
            id=one["id"],
            name=one["name"],
            title=one["title"],
            alt_text=one["alt_txt"],
            mimetype=one["mimetype"],
            channels=list(one["shares"]),
            content=self.content(one["id"], who),
        )


def channel_id(name: str) -> str:
    return CHANNELS.get(name) or "C0" + name.removeprefix("#").upper().replace("-", "")


@dataclass(frozen=True)
class Channel:
    """One channel, looked at by somebody who may see it."""

    workspace: Workspace
    id: str

    def cards(self, alert_id: str = "") -> list[Shown]:
        found = (shown for shown in self.workspace.messages(self.id) if shown.kind == "card")
        return [shown for shown in found if not alert_id or shown.about["alert"] == alert_id]

    def thread(self, card: Shown) -> list[Shown]:
        """What was said under a card."""
        return [shown for shown in self.workspace.messages(self.id, root=card.ts)[1:] if not shown.ephemeral]

    def said(self, alert_id: str) -> list[Shown]:
        """Everything about an alert that is no card and in no thread."""
        found = self.workspace.messages(self.id)
        return [shown for shown in found if shown.kind != "card" and shown.about.get("alert") == alert_id]


@dataclass(frozen=True)
class Person:
    """Somebody at the page."""

    workspace: Workspace
    name: str

    @property
    def id(self) -> str:
        return f"U0{self.name.upper()}"

    @property
    def chat_id(self) -> str:
        """Who they are in this chat."""
        return self.id

    @property
    def email(self) -> str:
        return f"{self.name}@acme.example"

    def press(self, label: str, on: Shown, *, about: str = "") -> Pressed:
        """One click. `about` chooses the alert where a view shows several."""
        found = [(row, one) for row, one in on.pressable(about) if one["text"]["text"] == label]
        assert found, f"no button {label!r} among {on.buttons}"
        return self._act(on, found[0])

    def select(self, name: str, choice: Any, on: Shown, *, about: str = "") -> Pressed:
        """Choose in the menu or picker called `name`: an option's text, a Person, a channel, seconds; or a list."""
        return self._operate(on, on.operable(name, about=about), choice)

    def check(self, name: str, *choices: str, on: Shown, about: str = "") -> Pressed:
        """Exactly these boxes are ticked afterwards."""
        return self._operate(on, on.operable(name, kinds=("checkboxes",), about=about), choices)

    def enter(self, name: str, text: str, on: Shown, *, about: str = "") -> Pressed:
        """Write into the field called `name`."""
        return self._operate(on, on.operable(name, about=about), text)

    def overflow(self, choice: str, on: Shown, *, about: str = "") -> Pressed:
        """Choose from the "…" menu that offers it."""
        menus = on.operable(kinds=("overflow",), about=about)
        offering = [(row, one) for row, one in menus if choice in {o["text"]["text"] for o in one["options"]}]
        return self._operate(on, offering, choice)

    def shortcut(self, message: Shown, callback_id: str = "raise_alert") -> Pressed:
        """ "More actions" of a message."""
        answer = self._post("shortcut", channel=message.channel, ts=message.ts, callback_id=callback_id)
        return Pressed(ok=answer["ok"], error=answer.get("error"))

    def set_status(self, text: str, emoji: str = "", until: float = 0) -> None:
        """`until`: business time, Unix seconds. An empty text clears it."""
        status = {"status_text": text, "status_emoji": emoji, "status_expiration": int(until)}
        self.workspace.post(f"users/{self.id}", **status)

    def say(self, text: str, *, channel: str = "#ai-alerts") -> Shown:
        """A message of their own."""
        ts = self._post("message", channel=channel_id(channel), text=text)["ts"]
        return next(shown for shown in self.workspace.messages(channel_id(channel), who=self.id) if shown.ts == ts)

    def files(self) -> list[SharedFile]:
        """Every file they can see, oldest first, downloaded."""
        return self.workspace.files(self.id)

    def _operate(self, on: Shown, found: list[tuple[Any, Any]], choice: Any) -> Pressed:
        assert found, f"nothing of that name among {[one['action_id'] for _, one in on.operable()]}"
        return self._act(on, found[0], **_chosen(found[0][1], choice))

    def _act(self, on: Shown, found: tuple[Any, Any], **given: Any) -> Pressed:
        row, element = found
        place = {"type": "view", "view_id": on.view} if on.view else {"type": "message", "channel": on.channel}
        container = place if on.view else {**place, "ts": on.ts}
        action = {"type": element["type"], "action_id": element["action_id"], "block_id": row["block_id"], **given}
        answer = self._post("act", container=container, action=action)
        return Pressed(ok=answer["ok"], error=answer.get("error"))

    def fill(self, label: str, on: Shown, *, about: str = "", **fields: Any) -> Pressed:
        """Press, wait for the form, hand it in."""
        return self.submit(self.form(label, on, about=about), **fields)

    def form(self, label: str, on: Shown, *, about: str = "") -> Shown:
        """The form (or page) that a press opens."""
        return self.opened(lambda: self.press(label, on, about=about))

    def opened(self, gesture: Callable[[], Pressed]) -> Shown:
        """The form (or page) that a gesture opens."""
        before = {modal.view for modal in self.modals()}
        pressed = gesture()
        assert pressed.ok, pressed.error
        until(lambda: [m for m in self.modals() if m.view not in before], why="it opened nothing")
        return self.modals()[-1]

    def submit(self, form: Shown, **fields: Any) -> Pressed:
        values = {f"field:{name}": {"filled": self._entered(form, name, value)} for name, value in fields.items()}
        answer = self._post("submit", view_id=form.view, values=values)
        return Pressed(ok=answer["ok"], error=answer.get("error"), errors=answer.get("errors") or {})

    def _entered(self, form: Shown, name: str, value: Any) -> dict[str, Any]:
        elements = {block["block_id"]: block["element"] for block in form.blocks if block["type"] == "input"}
        element = elements[f"field:{name}"]
        return {"type": element["type"], **_chosen(element, value)}

    def type(self, text: str, *, channel: str = "#ai-alerts") -> Shown:
        """`/loop …`, and the answer that only they see."""
        command, _, rest = text.partition(" ")
        answer = self._post("command", channel=channel_id(channel), command=command, text=rest)
        assert answer["ok"], answer
        return self.private(channel)[-1]

    def home(self) -> Shown:
        """The app's Home as it is once it was drawn anew."""
        before = (self._state()["home"] or {}).get("hash")
        answer = self._post("home")
        assert answer["ok"], answer
        until(lambda: (self._state()["home"] or {}).get("hash") != before, why="Home was not drawn")
        return self.home_now()

    def home_now(self) -> Shown:
        view = self._state()["home"]
        return Shown(channel="", view=view["id"], blocks=view["blocks"])

    def modals(self) -> list[Shown]:
        """What stands open in front of them, the newest last."""
        return [Shown(channel="", view=view["id"], blocks=view["blocks"]) for view in self._state()["modals"]]

    def close_modals(self) -> None:
        for modal in reversed(self.modals()):
            self._post("close", view_id=modal.view)

    def private(self, channel: str = "#ai-alerts", *, root: str = "") -> list[Shown]:
        """Everything that only they see in a channel, or in a thread of it."""
        where = channel if channel[:1] in "CD" else channel_id(channel)
        return [one for one in self.workspace.messages(where, who=self.id, root=root) if one.ephemeral]

    def told(self, gesture: Callable[[], Pressed], channel: str = "#ai-alerts") -> str:
        """The private sentence that follows a gesture."""
        before = {shown.ts for shown in self.private(channel)}
        pressed = gesture()
        assert pressed.ok, pressed
        new = until(lambda: [s for s in self.private(channel) if s.ts not in before], why="nothing was said")
        return str(new[-1].says.strip())

    def dms(self) -> list[Shown]:
        """What the bot told them alone, oldest first."""
        return self.workspace.messages(f"D{self.id}", who=self.id)

    def _state(self) -> Any:
        return self.workspace.get("state", **{"as": self.id})

    def _post(self, path: str, **body: Any) -> Any:
        return self.workspace.post(path, **{"as": self.id}, **body)
