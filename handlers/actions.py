"""What people press, fill in and type: who is it, what do they want, what are they told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256

from bot import crash
from bot.acts import REPEATED, Act, Done
from bot.attendance import Attendance
from bot.core import pages
from bot.core.forms import FORMS
from bot.core.people import Person
from bot.core.policy import policy_of
from bot.core.state import Alert
from bot.core.text import Text, Who, host, linked, refs, sentence
from bot.loop import Loop
from bot.people import People
from bot.ports import Answer, Chat, Conflict, Gesture, Interaction, Queue, Store
from bot.saying import Saying, card_links
from handlers import commands, home, raised, several
from handlers.meters import ACTS
from handlers.reader import Reader


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Where every chat hands in what people did (`bot.ports.Desk`)."""

    loop: Loop
    store: Store
    people: People
    chats: Mapping[str, Chat]
    attendance: Attendance
    queue: Queue
    saying: Saying

    def take(self, gesture: Gesture) -> Answer:
        """Do it, once, and say what became of it. Raises Away when nothing can be stored."""
        crash.point("act.taken")
        person = self.people.by_chat(gesture.platform, gesture.chat_id)
        if person is None or person.kind == "unknown":
            return Answer(ok=False, said=sentence("Closeloop does not know you, so nothing was done."))
        answer = self._answer(gesture, person)
        crash.point("act.stored")
        ACTS.labels(act=gesture.act, result="done" if answer.ok else "refused").inc()
        answer = self._linked(answer, gesture.platform)
        return replace(answer, people=self.people.known(_named(answer) | {person.id}))

    def _answer(self, gesture: Gesture, person: Person) -> Answer:
        if gesture.act == "command":
            return self._command(gesture, person)
        if gesture.act == "home":
            return home.show(self._reader(gesture, person), gesture.fields)
        if gesture.act in ("bulk", "raise") or "picked" in gesture.fields or gesture.fields.get("for") == "raise":
            return self._without_alert(gesture, person)
        act = self._act(gesture, person)
        if gesture.act == "history":
            return self._history(act)
        if gesture.act == "card":
            return self._card(act)
        if gesture.act == "form":
            return self._form(gesture, act)
        return self._do(gesture.act, act, gesture.fields)

    def _without_alert(self, gesture: Gesture, person: Person) -> Answer:
        """What is about several alerts, or about none yet."""
        wanted = gesture.fields.get("for", "")
        if gesture.act == "raise":
            return raised.raise_alert(gesture, person, people=self.people, loop=self.loop)
        if gesture.act == "form" and wanted == "raise":
            return raised.form(gesture, person)
        if gesture.act == "form":
            return several.form(gesture)
        return several.do(gesture, lambda one: self._do(wanted, self._act(one, person), one.fields))

    def _command(self, gesture: Gesture, person: Person) -> Answer:
        """What only reads may be asked again; what changes something is done once for each time it is typed."""
        text, typed = gesture.fields.get("text", ""), partial(self._typed, gesture, person)
        if not commands.changes(text):
            return commands.run(text, typed)
        asked = _interaction(gesture)
        with self.store.transaction() as tx:
            if tx.interactions([(asked.source, asked.id)]):
                return Answer(ok=True, said=REPEATED)
        answer = commands.run(text, typed)
        # Whoever dies between the two does it again when it is sent again, and to the same end: nothing came between.
        with suppress(Conflict), self.store.transaction() as tx:
            tx.remember(replace(asked, answer={"act": "command", "by": person.id}))
        return answer

    def _typed(self, gesture: Gesture, person: Person, rest: str) -> commands.Typed:
        errand = f"{gesture.platform}:{person.id}:{sha256(gesture.id.encode()).hexdigest()[:16]}"
        return commands.Typed(
            reader=self._reader(gesture, person),
            rest=rest,
            attendance=self.attendance,
            draw=lambda: self.queue.hint("report", [errand]),
        )

    def _reader(self, gesture: Gesture, person: Person) -> Reader:
        return Reader(
            person=person,
            platform=gesture.platform,
            store=self.store,
            people=self.people,
            now=self.loop.clock.now(),
            concerns=self.loop.concerns,
            is_member=lambda place: self._is_member(place, gesture),
        )

    def _act(self, gesture: Gesture, person: Person) -> Act:
        """The act, with what only the chat can say: are they in the alert's channel, or in the one now asked."""
        asked = _interaction(gesture)
        alert = self.store.alert(gesture.alert_id)
        act = Act(interaction=asked, alert_id=gesture.alert_id, by=person, seen=gesture.seen)
        if alert is None or not person.may_own:
            return act
        step = policy_of(alert, self.store).step(alert.step)
        asks = self.loop.plan.place(step.channel) if step.channel else ""
        return replace(
            act,
            member=any(self._is_member(place, gesture) for place in alert.places),
            asked=bool(asks) and self._is_member(asks, gesture),
        )

    def _is_member(self, place: str, gesture: Gesture) -> bool:
        """Whether they are in the channel of a place; nobody knows who they are in another chat than theirs."""
        platform, _, channel = place.partition(":")
        return platform == gesture.platform and self.chats[platform].is_member(channel, gesture.chat_id)

    def _history(self, act: Act) -> Answer:
        done = self.loop.allowed(act, "history")
        if not done.ok or done.alert is None:
            return _told(done)
        events = self.store.events(act.alert_id)
        return Answer(ok=True, sheet=pages.history(done.alert, list(events)), alert=done.alert)

    def _card(self, act: Act) -> Answer:
        """The card as it is now, with the buttons that this person may press."""
        done = self.loop.allowed(act, "history")
        if not done.ok or done.alert is None:
            return _told(done)
        message = self.saying.now(done.alert, platform=act.platform)
        may = self.loop.may(act, {button.act for button in (*message.buttons, *message.more)})
        buttons, more = (tuple(one for one in row if one.act in may) for row in (message.buttons, message.more))
        return Answer(ok=True, card=replace(message, buttons=buttons, more=more), alert=done.alert)

    def _form(self, gesture: Gesture, act: Act) -> Answer:
        wanted = gesture.fields.get("for", "")
        done = self.loop.allowed(act, wanted)
        if not done.ok:
            return _told(done)
        return Answer(ok=True, form=FORMS[wanted], alert=done.alert)

    def _do(self, name: str, act: Act, fields: Mapping[str, str]) -> Answer:
        doing = _DOING.get(name)
        if doing is None:
            return Answer(ok=False, said=sentence("This button is of another version. Nothing was done."))
        return doing(self, act, fields)

    def _linked(self, answer: Answer, platform: str) -> Answer:
        """The answer with a link at every number of an alert whose card can be opened."""
        wanted = pages.refs(answer.sheet) if answer.sheet else refs(answer.said)
        if not wanted:
            return answer
        links = card_links(wanted, self.store, self.chats, platform)
        sheet = pages.linked(answer.sheet, links) if answer.sheet else None
        return replace(answer, sheet=sheet, said=linked(answer.said, links))

    def acknowledge(self, act: Act, fields: Mapping[str, str]) -> Answer:
        return _told(self.loop.acknowledge(act))

    def not_mine(self, act: Act, fields: Mapping[str, str]) -> Answer:
        return _told(self.loop.not_mine(act))

    def resolve(self, act: Act, fields: Mapping[str, str]) -> Answer:
        link = fields.get("link", "").strip() or None
        if link and not host(link):
            return _wrong("link", "A link begins with https:// or http://.")
        return _told(self.loop.resolve(act, what=fields.get("what", ""), link=link), "what")

    def reassign(self, act: Act, fields: Mapping[str, str]) -> Answer:
        to = self.people.by_chat(act.platform, fields.get("person", ""))
        if to is None:
            return _wrong("person", "Closeloop does not know this person.")
        return _told(self.loop.reassign(act, to=to.id, reason=fields.get("reason", "")), "person")

    def snooze(self, act: Act, fields: Mapping[str, str]) -> Answer:
        try:
            until = datetime.fromtimestamp(int(fields.get("until", "")), UTC)
        except (ValueError, OverflowError, OSError):
            return _wrong("until", "Choose a day and a time.")
        return _told(self.loop.snooze(act, until=until), "until")

    def note(self, act: Act, fields: Mapping[str, str]) -> Answer:
        return _told(self.loop.note(act, text=fields.get("text", "")), "text")

    def dismiss(self, act: Act, fields: Mapping[str, str]) -> Answer:
        return _told(self.loop.dismiss(act, reason=fields.get("reason", "")), "reason")

    def reopen(self, act: Act, fields: Mapping[str, str]) -> Answer:
        return _told(self.loop.reopen(act, reason=fields.get("reason", "")), "reason")

    def escalate(self, act: Act, fields: Mapping[str, str]) -> Answer:
        return _told(self.loop.escalate(act))

    def help(self, act: Act, fields: Mapping[str, str]) -> Answer:
        return _told(self.loop.help(act))

    def agree(self, act: Act, fields: Mapping[str, str]) -> Answer:
        return _told(self.loop.agree(act))

    def add_responder(self, act: Act, fields: Mapping[str, str]) -> Answer:
        person = self.people.by_chat(act.platform, fields.get("person", ""))
        if person is None:
            return _wrong("person", "Closeloop does not know this person.")
        return _told(self.loop.add_responder(act, person=person.id), "person")


_DOING: dict[str, Callable[[Desk, Act, Mapping[str, str]], Answer]] = {
    "acknowledge": Desk.acknowledge,
    "not_mine": Desk.not_mine,
    "resolve": Desk.resolve,
    "reassign": Desk.reassign,
    "snooze": Desk.snooze,
    "note": Desk.note,
    "dismiss": Desk.dismiss,
    "reopen": Desk.reopen,
    "escalate": Desk.escalate,
    "help": Desk.help,
    "agree": Desk.agree,
    "add_responder": Desk.add_responder,
}


def _told(done: Done, field: str = "") -> Answer:
    wrong = field if done.code == "bad_input" else ""
    return Answer(ok=done.ok, said=done.said, alert=done.alert, wrong=wrong)


def _wrong(field: str, why: str) -> Answer:
    return Answer(ok=False, said=sentence(why), wrong=field)


def _interaction(gesture: Gesture) -> Interaction:
    return Interaction(source=f"{gesture.platform}:gesture", id=gesture.id)


def _named(answer: Answer) -> set[str]:
    """Everybody an answer names."""
    texts: list[Text] = [answer.said]
    if answer.sheet:
        texts += [answer.sheet.intro, answer.sheet.foot, *(line for row in answer.sheet.rows for line in row.lines)]
    named = {part.person for text in texts for part in text if isinstance(part, Who)}
    return named | _owner(answer.alert)


def _owner(alert: Alert | None) -> set[str]:
    return {alert.owner} if alert else set()
