"""What somebody sees who pressed a button on a card: the answer takes the card's place, for them alone."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.fitting import plain
from bot.core.forms import FORMS
from bot.core.text import Text, sentence
from bot.ports import Answer, Away, Desk, Gesture
from bot.ports.conversations import Sightings
from connectors.chat.teams import gestures
from connectors.chat.teams.cards import CARD, About, message_card
from connectors.chat.teams.forms import confirmation, form_card
from connectors.chat.teams.gestures import Said
from connectors.chat.teams.pages import answer_card
from connectors.chat.teams.text import Json, inert

log = logging.getLogger(__name__)

AWAY = sentence("Closeloop could not store this, and nothing was done. Please try again in a moment.")
OUTDATED = sentence("This is of another version of Closeloop, and nothing was done. Please use a newer message.")
NOT_MINE, VIEW, LIST = "not_mine", "card", "home"


def shown(card: Json) -> Json:
    """A card in place of the one that was pressed on."""
    return {"statusCode": 200, "type": CARD, "value": card}


def told(words: str) -> Json:
    """A sentence beside it."""
    return {"statusCode": 200, "type": "application/vnd.microsoft.activity.message", "value": words}


def error(code: str, words: str) -> Json:
    return {"statusCode": 500, "type": "application/vnd.microsoft.error", "value": {"code": code, "message": words}}


@dataclass(frozen=True, kw_only=True)
class Answers:
    desk: Desk
    sightings: Sightings
    now: Callable[[], datetime]
    """the business instant, for what a form offers"""

    def pressed(self, one: Said, value: Json) -> Json:
        """A press, or a client that asks by itself for its person's view (`trigger: automatic`)."""
        action = value.get("action")
        data = action.get("data") if isinstance(action, dict) else None
        if not isinstance(action, dict) or not isinstance(data, dict):
            return told(plain(OUTDATED, {}))
        self.saw(one, data)
        try:
            return self._answer(one, data, str(action.get("verb") or data.get("verb") or ""))
        except Away:
            return error("Away", plain(AWAY, {}))

    def saw(self, one: Said, data: Json) -> None:
        """Whoever presses or looks was shown the message: it arrived, whatever became of the call that sent it."""
        delivery = gestures.about(data).delivery
        if delivery and one.receipt:
            self.sightings.saw(delivery, one.receipt)

    def _answer(self, one: Said, data: Json, verb: str) -> Json:
        what = gestures.about(data)
        if verb in (VIEW, LIST):
            return self._view(one, what, ())
        if verb == NOT_MINE and data.get("sure") != "yes":
            return shown(confirmation(what))
        gesture = gestures.pressed(one, data, verb)
        return self._said(one, what, gesture, self.desk.take(gesture))

    def _said(self, one: Said, what: About, gesture: Gesture, answer: Answer) -> Json:
        form = self._form(one, what, gesture, answer)
        if form is not None:
            return shown(form)
        if answer.sheet is not None:
            return shown(answer_card(answer, back=what if what.alert_id else None))
        return self._view(one, what, answer.said, people_of=answer)

    def _form(self, one: Said, what: About, gesture: Gesture, answer: Answer) -> Json | None:
        """The form that was asked for, or the one that came back with something wrong in it."""
        common = {"now": self.now(), "time_zone": one.time_zone}
        if answer.form is not None:
            return form_card(answer.form, answer.alert, what, **common)  # type: ignore[arg-type]
        act = gesture.fields.get("for", "") if gesture.act == "bulk" else gesture.act
        if answer.ok or not answer.wrong or act not in FORMS:
            return None
        again = FORMS[act].filled(gesture.fields)
        return form_card(again, answer.alert, what, wrong=answer.said, people=answer.people, **common)  # type: ignore[arg-type]

    def _view(self, one: Said, what: About, note: Text, *, people_of: Answer | None = None) -> Json:
        """The card, or the list it was pressed in, as this person sees it now, under what they are told."""
        if what.tab:
            return self._list(one, what, note, people_of)
        found = self.desk.take(gestures.view(one, what)) if what.alert_id else Answer(ok=False)
        people = {**found.people, **(people_of.people if people_of else {})}
        if found.card is None:
            return told(inert(plain(note or found.said or OUTDATED, people))[:1000])
        message = replace(found.card, people={**found.card.people, **people})
        return shown(message_card(message, delivery=what.delivery, viewers=(one.member,), note=note))

    def _list(self, one: Said, what: About, note: Text, people_of: Answer | None) -> Json:
        found = self.desk.take(gestures.home(one, what))
        people = {**found.people, **(people_of.people if people_of else {})}
        return shown(answer_card(replace(found, people=people), note=note))
