"""What is written to the bot: commands, and presses of clients that know no `Action.Execute`. Answered by a message."""

from __future__ import annotations

import logging
from concurrent.futures import Executor, Future
from dataclasses import dataclass

from bot.core.fitting import plain
from bot.core.people import Person
from bot.core.text import Text, sentence
from bot.ports import Answer, Away, Desk, Later, Refusal, Unknown
from connectors.chat.teams import gestures
from connectors.chat.teams.answers import AWAY, Answers
from connectors.chat.teams.cards import CARD, HOME, About, activity
from connectors.chat.teams.client import TeamsChat
from connectors.chat.teams.gestures import Said
from connectors.chat.teams.pages import answer_card
from connectors.chat.teams.text import Json

log = logging.getLogger(__name__)

MINE = About(kind=f"{HOME}mine")
LISTS = ("mine", "home")
"""what is answered with somebody's own list, whose buttons and tabs are those of a Home"""
ELSEWHERE = sentence("The answer is in our chat: what you may see is not for everybody here.")

UNREACHED = sentence("I cannot write to you alone: add the app Closeloop in Teams, then ask again.")
AGAIN = sentence("The answer did not reach our chat just now. Please ask again in a minute.")


@dataclass(frozen=True, kw_only=True)
class Writing:
    desk: Desk
    chat: TeamsChat
    later: Executor
    answers: Answers

    def take(self, one: Said) -> None:
        """Something was written, or pressed by an old client. What it asks for is done before this returns."""
        value = one.raw.get("value")
        if isinstance(value, dict) and isinstance(value.get("verb"), str):
            self._pressed(one, value)
        elif text := gestures.typed(one.raw, self.chat.tenant.bot_id):
            self._command(one, text)

    def _command(self, one: Said, text: str) -> None:
        try:
            asked = gestures.home(one, MINE) if text.lower() in LISTS else gestures.command(one, text)
            answer = self.desk.take(asked)
        except Away:
            answer = Answer(ok=False, said=AWAY)
        self._soon(one, activity(answer_card(answer), said=_in_short(answer)))

    def _pressed(self, one: Said, value: Json) -> None:
        """Its answer cannot take the card's place, so it is said in the person's own chat."""
        said = self.answers.pressed(one, {"action": {"verb": value["verb"], "data": value}})
        if said.get("type") == CARD:
            self._soon(one, activity(said["value"], said="Closeloop"))
            return
        words = said["value"] if isinstance(said.get("value"), str) else plain(AWAY, {})
        self._soon(one, activity(answer_card(Answer(ok=True, said=sentence(words))), said=words))

    def _soon(self, one: Said, said: Json) -> None:
        self.later.submit(self._say, one, said).add_done_callback(_told)

    def _say(self, one: Said, said: Json) -> None:
        """In their own chat: in a channel everybody would read what only they may see."""
        try:
            if one.kind == "personal":
                self.chat.post(one.conversation, said)
                return
            told = self._told_alone(one, said)
            self.chat.post(one.conversation, activity(answer_card(Answer(ok=True, said=told)), said="Closeloop"))
        except (Refusal, Later, Unknown) as error:
            log.warning("a private reply was not shown", extra={"code": error.code})

    def _told_alone(self, one: Said, said: Json) -> Text:
        """What can be said of it before everybody."""
        try:
            self.chat.tell(Person(id=one.chat_id, name="", chat={"teams": one.chat_id}), said)
        except Refusal as error:
            log.warning("a private reply was refused", extra={"code": error.code})
            return UNREACHED
        except (Later, Unknown) as error:
            log.warning("a private reply was not shown", extra={"code": error.code})
            return AGAIN
        return ELSEWHERE


def _in_short(answer: Answer) -> str:
    return answer.sheet.title if answer.sheet else plain(answer.said, answer.people)[:200]


def _told(reply: Future[None]) -> None:
    """A defect in a reply is ours to know: nobody waits for its result."""
    if (defect := reply.exception()) is not None:
        log.error("a private reply failed", exc_info=defect)
