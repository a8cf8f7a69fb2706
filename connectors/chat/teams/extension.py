"""The message extension: find an alert to share it, and raise one from a message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.core.fitting import People, plain
from bot.core.forms import FORMS
from bot.core.pages import Row
from bot.ports import Answer, Away, Desk, Gesture
from connectors.chat.teams import gestures
from connectors.chat.teams.answers import AWAY, OUTDATED
from connectors.chat.teams.cards import About, attachment, whole
from connectors.chat.teams.forms import form_card
from connectors.chat.teams.gestures import CARRIED, RAISE, Said
from connectors.chat.teams.text import Json, Mentions, lines, summary

FEWEST = 3
"""letters that a search takes; with less, what is theirs is offered"""


@dataclass(frozen=True, kw_only=True)
class Extension:
    desk: Desk
    now: Callable[[], datetime]

    def search(self, one: Said, value: Json) -> Json:
        """What they may see of what they look for; what is theirs, before they have typed."""
        words = gestures.searched(value)
        try:
            answer = self.desk.take(gestures.command(one, f"find {words}" if len(words) >= FEWEST else "mine"))
        except Away:
            return _results("message", text=plain(AWAY, {}))
        rows = [row for row in answer.sheet.rows if row.alert_id] if answer.sheet else []
        if not rows:
            said = answer.sheet.intro if answer.sheet else answer.said
            return _results("message", text=summary(said, answer.people) or "Nothing was found.")
        found = [_result(row, {**answer.people, **(answer.sheet.people if answer.sheet else {})}) for row in rows]
        return _results("result", attachmentLayout="list", attachments=found)

    def ask(self, one: Said, value: Json) -> Json:
        """A message is to be raised: the form, filled with what the message says."""
        if value.get("commandId") != RAISE:
            return _said(plain(OUTDATED, {}))
        gesture = gestures.message_raised(one, value)
        try:
            answer = self.desk.take(gesture)
        except Away:
            return _said(plain(AWAY, {}))
        return self._window(one, gesture, answer)

    def submit(self, one: Said, value: Json) -> Json:
        """The form came back."""
        data = value.get("data")
        if not isinstance(data, dict) or data.get("verb") != RAISE or data.get("filled") != RAISE:
            return _said(plain(OUTDATED, {}))
        gesture = gestures.pressed(one, data, RAISE)
        try:
            answer = self.desk.take(gesture)
        except Away:
            return _said(plain(AWAY, {}))
        return self._window(one, gesture, answer)

    def _window(self, one: Said, gesture: Gesture, answer: Answer) -> Json:
        """The form, or what is said once it was taken; with what is wrong in it where it was not."""
        form = answer.form or (FORMS[RAISE].filled(gesture.fields) if answer.wrong else None)
        if form is None:
            return _said(plain(answer.said, answer.people))
        carried = {name: value for name, value in gesture.fields.items() if name in CARRIED}
        wrong = answer.said if answer.wrong else ()
        card = form_card(
            form,
            None,
            About(kind="form", more=carried),
            now=self.now(),
            time_zone=one.time_zone,
            wrong=wrong,
            people=answer.people,
            dialog=True,
        )
        window = {"title": form.title, "height": "medium", "width": "medium", "card": attachment(card)}
        return {"task": {"type": "continue", "value": window}}


def _said(words: str) -> Json:
    return {"task": {"type": "message", "value": words[:1000]}}


def _results(kind: str, **more: object) -> Json:
    return {"composeExtension": {"type": kind, **more}}


def _result(row: Row, people: People) -> Json:
    """An alert to share: what it says and where its card is, with nothing to press."""
    shown = whole(lines(row.lines, people, Mentions()), about=f"Alert {row.alert_id[-6:]}")
    heads = [summary(text, people, limit=200) for text in row.lines]
    preview = {"title": heads[0] if heads else "", "text": heads[1] if len(heads) > 1 else ""}
    return {
        **attachment(shown),
        "preview": {"contentType": "application/vnd.microsoft.card.thumbnail", "content": preview},
    }
