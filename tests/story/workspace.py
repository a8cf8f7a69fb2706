"""The stand-in workspace as its people see and use it: what they read, press, fill in and type."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2

CHANNELS = {"#ai-alerts": "C0ALERTS", "#payments": "C0PAY", "#ai-exceptions": "C0EXC", "#general": "C0GEN"}
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

    def pressable(self, alert_id: str = "") -> list[tuple[Any, Any]]:
        """(block, button) of every button, or of those about one alert."""
        rows = [block for block in self.blocks if block["type"] == "actions"]
        found = [(row, element) for row in rows for element in row["elements"] if element["type"] == "button"]
        return [(row, button) for row, button in found if button.get("value", "").startswith(alert_id)]


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
        keys = ("ts", "text", "blocks", "metadata", "ephemeral", "reply_count")
        return [Shown(channel=channel, **{key: one[key] for key in keys}) for one in found]


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
    def email(self) -> str:
        return f"{self.name}@acme.example"

    def press(self, label: str, on: Shown, *, about: str = "") -> Pressed:
        """One click. `about` chooses the alert where a view shows several."""
        found = [(row, one) for row, one in on.pressable(about) if one["text"]["text"] == label]
        assert found, f"no button {label!r} among {on.buttons}"
        row, button = found[0]
        place = {"type": "view", "view_id": on.view} if on.view else {"type": "message", "channel": on.channel}
        container = place if on.view else {**place, "ts": on.ts}
        action = {"type": "button", "action_id": button["action_id"], "block_id": row["block_id"]}
        answer = self._post("act", container=container, action=action)
        return Pressed(ok=answer["ok"], error=answer.get("error"))

    def fill(self, label: str, on: Shown, *, about: str = "", **fields: Any) -> Pressed:
        """Press, wait for the form, hand it in."""
        return self.submit(self.form(label, on, about=about), **fields)

    def form(self, label: str, on: Shown, *, about: str = "") -> Shown:
        """The form (or page) that a press opens."""
        before = {modal.view for modal in self.modals()}
        pressed = self.press(label, on, about=about)
        assert pressed.ok, pressed.error
        until(lambda: [m for m in self.modals() if m.view not in before], why=f"{label} opened nothing")
        return self.modals()[-1]

    def submit(self, form: Shown, **fields: Any) -> Pressed:
        values = {f"field:{name}": {"filled": self._entered(form, name, value)} for name, value in fields.items()}
        answer = self._post("submit", view_id=form.view, values=values)
        return Pressed(ok=answer["ok"], error=answer.get("error"), errors=answer.get("errors") or {})

    def _entered(self, form: Shown, name: str, value: Any) -> dict[str, Any]:
        elements = {block["block_id"]: block["element"] for block in form.blocks if block["type"] == "input"}
        kind = elements[f"field:{name}"]["type"]
        key = {"users_select": "selected_user", "datetimepicker": "selected_date_time"}.get(kind, "value")
        return {"type": kind, key: value.id if isinstance(value, Person) else value}

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
