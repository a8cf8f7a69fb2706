"""What is done with each kind of request: the desk takes it, Slack gets its answer, the person theirs.

Nothing here raises after an acknowledgement. Where the database is away, clicks and events get 503, which Slack shows
or repeats, and submissions an error in the form, which stays filled in.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from slack_bolt import Ack, BoltResponse

from bot.core.fitting import plain
from bot.core.forms import FORMS, Form
from bot.core.text import Text, sentence
from bot.ports import Answer, Away, Desk, Gesture, Receipt, Ways
from connectors.chat.slack import forms, gestures, views
from connectors.chat.slack.choices import Kept
from connectors.chat.slack.replies import Asker, Replies
from connectors.chat.slack.text import Json

log = logging.getLogger(__name__)

COMMAND = "/loop"
SHORTCUT = "raise_alert"
EVENT = "app_home_opened"

AWAY = sentence("Closeloop could not store this, and nothing was done. Please try again in a moment.")
_TOLD_IN_PLACE = ("bulk", gestures.RAISE)
"""forms that become what is said of them: of many alerts Home cannot say it, and a message may be where we are not"""
OUTDATED = sentence("This is of another version of Closeloop, and nothing was done. Please use a newer message.")


@dataclass(frozen=True, kw_only=True)
class Listeners:
    desk: Desk
    replies: Replies
    now: Callable[[], datetime]
    """the business instant, for what a form offers"""
    ways: Ways | None = None
    """where messages may be edited without cost, for whoever edits them"""

    def click(self, body: Json, ack: Ack) -> BoltResponse:
        """A button was pressed: on a card, in Home, in the answer to a command."""
        # Before the desk: what it changes may be edited by a worker in the same instant.
        self._keep_way(body)
        return self._take(gestures.click(body), Asker.of(body), ack)

    def turn(self, body: Json, ack: Ack) -> BoltResponse:
        """A tab or a filter of Home was chosen."""
        return self._take(gestures.turned(body), Asker.of(body), ack)

    def bulk(self, body: Json, ack: Ack) -> BoltResponse:
        """Something is to be done with all that is picked in Home."""
        return self._take(gestures.bulk(body), Asker.of(body), ack)

    def pick(self, ack: Ack) -> BoltResponse:
        """A box was ticked. Slack keeps it, and sends all of them along with what is done next."""
        return ack()

    def shortcut(self, body: Json, ack: Ack) -> BoltResponse:
        """A message is to be raised as an alert."""
        message = body["message"]
        link = self.replies.links.to(body["channel"]["id"], message["ts"], thread=message.get("thread_ts") or "")
        return self._take(gestures.shortcut(body, link or ""), Asker.of(body, channel=body["channel"]["id"]), ack)

    def _take(self, gesture: Gesture, asker: Asker, ack: Ack) -> BoltResponse:
        try:
            answer = self.desk.take(gesture)
        except Away:
            self.replies.say(asker, AWAY, {})
            return BoltResponse(status=503)
        self._show(gesture, answer, asker)
        return ack()

    def submit(self, body: Json, ack: Ack) -> BoltResponse:
        """A form came back."""
        form = FORMS.get(gestures.form_act(body))
        try:
            gesture = gestures.submission(body)
        except ValueError:
            form = None
        if form is None:
            return self.unknown_submission(ack)
        try:
            answer = self.desk.take(gesture)
        except Away:
            return _refused(ack, form, Answer(ok=False, said=AWAY))
        if not answer.ok and (answer.wrong or gesture.act != "bulk"):
            return _refused(ack, form, answer)
        return self._submitted(gesture, answer, Asker.of(body, channel=gesture.channel), ack)

    def _submitted(self, gesture: Gesture, answer: Answer, asker: Asker, ack: Ack) -> BoltResponse:
        """What the person sees once a form was taken."""
        if asker.home:
            self._redraw(gesture, answer, asker.home)
        if gesture.act in _TOLD_IN_PLACE and answer.said:
            return ack(response_action="update", view=views.notice(answer.said, answer.people))
        if not asker.home:
            self.replies.say(asker, answer.said, answer.people)
        return ack()

    def command(self, body: Json, ack: Ack) -> BoltResponse:
        """`/loop` was typed."""
        try:
            answer = self.desk.take(gestures.command(body))
        except Away:
            answer = Answer(ok=False, said=AWAY)
        return ack(views.answer(answer))

    def home_opened(self, body: Json, ack: Ack) -> BoltResponse:
        """Somebody opened the app's Home."""
        event = body["event"]
        if event.get("tab") != "home":
            return ack()
        kept = Kept.of((event.get("view") or {}).get("private_metadata") or "")
        try:
            answer = self.desk.take(gestures.home(event["user"], why=body.get("event_id", ""), state=kept.state))
        except Away:
            return BoltResponse(status=503)
        self.replies.publish(event["user"], lambda: _home(answer, kept))
        return ack()

    def unknown_click(self, body: Json, ack: Ack) -> BoltResponse:
        self.replies.say(Asker.of(body), OUTDATED, {})
        return ack()

    def unknown_submission(self, ack: Ack) -> BoltResponse:
        return ack(response_action="update", view=views.notice(OUTDATED, {}))

    def unknown_command(self, ack: Ack) -> BoltResponse:
        return ack(views.answer(Answer(ok=False, said=OUTDATED)))

    def unknown_event(self, ack: Ack) -> BoltResponse:
        """One that somebody subscribed the app to by hand: taken, so that Slack does not repeat it."""
        return ack()

    def _show(self, gesture: Gesture, answer: Answer, asker: Asker) -> None:
        """What the person sees after a click."""
        if gesture.act == "home":
            self.replies.publish(gesture.chat_id, lambda: _home(answer, asker.home))
        elif answer.form:
            metadata = gestures.metadata(gesture, asker.home)
            self.replies.open(asker, forms.modal(answer.form, answer.alert, metadata=metadata, now=self.now()))
        elif answer.sheet:
            self.replies.open(asker, views.page(answer.sheet, answer.people, title="History"))
        else:
            self._tell(gesture, answer, asker)

    def _tell(self, gesture: Gesture, answer: Answer, asker: Asker) -> None:
        """In Home what was done to one alert can be seen there; all else is said."""
        if asker.home is None or not answer.ok or gesture.act == "bulk":
            self.replies.say(asker, answer.said, answer.people)
        if asker.home and answer.ok:
            self._redraw(gesture, answer, asker.home)

    def _keep_way(self, body: Json) -> None:
        """Of a click on a message that everybody there sees; nobody edits a private answer or a page that way."""
        container, address = body.get("container") or {}, body.get("response_url") or ""
        channel, ts = container.get("channel_id"), container.get("message_ts")
        if container.get("type") != "message" or container.get("is_ephemeral") or not (channel and ts and address):
            return
        if self.ways is not None:
            self.ways.keep(Receipt(channel=channel, ts=ts), address)

    def _redraw(self, gesture: Gesture, answer: Answer, kept: Kept) -> None:
        """Home after something was done in it: the same page, with nothing picked that was dealt with."""
        now = kept.after(gesture.id) if gesture.act == "bulk" and answer.ok else kept

        def drawn() -> Json | None:
            try:
                return _home(self.desk.take(gestures.home(gesture.chat_id, why=gesture.id, state=now.state)), now)
            except Away:
                log.warning("Home was not drawn anew: the database is away")
                return None

        self.replies.publish(gesture.chat_id, drawn)


def _home(answer: Answer, kept: Kept | None) -> Json | None:
    if answer.sheet is None:
        return {"type": "home", "blocks": views.notice(answer.said, answer.people)["blocks"]}
    return views.home(answer.sheet, answer.people, kept)


def _refused(ack: Ack, form: Form, answer: Answer) -> BoltResponse:
    """The sentence under the field that is wrong, else under the first: the form stays open and filled."""
    names = [field.name for field in form.fields]
    wrong = answer.wrong if answer.wrong in names else names[0]
    return ack(response_action="errors", errors={f"{forms.FIELD}{wrong}": _plainly(answer.said, answer)})


def _plainly(said: Text, answer: Answer) -> str:
    return plain(said, answer.people)[:1000] or "Nothing was done."
